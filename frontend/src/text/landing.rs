//! Sentences of the landing page.

use super::{Text, texts};

texts! {
    /// Title of the document.
    TITLE = "Open Stream: meetings on your own server",
        "Open Stream: Besprechungen auf dem eigenen Server",
        "Open Stream: reuniones en tu propio servidor";
    /// Heading.
    HEADING = "Meetings that stay on your own server",
        "Besprechungen, die auf dem eigenen Server bleiben",
        "Reuniones que no salen de tu propio servidor";
    /// Under the heading.
    LEAD = "Start a meeting, send the link, talk. No account, nothing to install, and nobody in \
        between: sound and picture pass through this server only.",
        "Besprechung beginnen, Link verschicken, reden. Kein Konto, nichts zu installieren und \
        niemand dazwischen: Ton und Bild laufen nur über diesen Server.",
        "Inicia una reunión, envía el enlace y habla. Sin cuenta, sin instalar nada y sin nadie en \
        medio: el sonido y la imagen pasan solo por este servidor.";
    /// Heading of the form that opens a room.
    START_HEADING = "Start a meeting", "Besprechung beginnen", "Iniciar una reunión";
    /// Button of that form.
    START = "Start a meeting", "Besprechung beginnen", "Iniciar una reunión";
    /// The same while it works.
    STARTING = "Starting…", "Wird begonnen…", "Iniciando…";
    /// Heading of the form that joins one.
    JOIN_HEADING = "Join a meeting", "An einer Besprechung teilnehmen", "Unirse a una reunión";
    /// Label of its box.
    JOIN_LABEL = "Room id or invite link", "Raum-ID oder Einladungslink",
        "ID de sala o enlace de invitación";
    /// Example in its box.
    JOIN_PLACEHOLDER = "https://…/join?room=…", "https://…/join?room=…", "https://…/join?room=…";
    /// Its button.
    JOIN = "Join", "Teilnehmen", "Unirse";
    /// What cannot be read as a link or an id.
    UNREADABLE = "This is neither a room id nor an invite link. Paste the whole link you were sent.",
        "Das ist weder eine Raum-ID noch ein Einladungslink. Füge den ganzen Link ein, den du bekommen hast.",
        "Esto no es un ID de sala ni un enlace de invitación. Pega el enlace completo que recibiste.";
    /// Heading of the rooms that were entered on this device.
    RECENT_HEADING = "Recent meetings", "Letzte Besprechungen", "Reuniones recientes";
    /// Takes a room off that list.
    FORGET = "Forget {}", "{} vergessen", "Olvidar {}";
    /// Heading of the list of what is needed.
    NEEDS_HEADING = "What you need", "Was du brauchst", "Qué necesitas";
    /// Needed: a browser.
    BROWSER = "A current browser", "Einen aktuellen Browser", "Un navegador actual";
    /// Which.
    BROWSER_WHICH = "Chrome, Edge, Firefox or Safari, on a computer or a phone.",
        "Chrome, Edge, Firefox oder Safari, auf Computer oder Telefon.",
        "Chrome, Edge, Firefox o Safari, en un ordenador o un teléfono.";
    /// Not needed: devices.
    DEVICES = "Camera and microphone, if you like", "Kamera und Mikrofon, wenn du magst",
        "Cámara y micrófono, si quieres";
    /// Why not.
    DEVICES_WHY = "You can come in without either and listen.",
        "Du kannst auch ohne beides kommen und zuhören.",
        "Puedes entrar sin ninguno de los dos y escuchar.";
    /// Needed: the link.
    LINK = "The invite link", "Den Einladungslink", "El enlace de invitación";
    /// Where it comes from.
    LINK_WHENCE = "Whoever starts the meeting sends it. It expires by itself.",
        "Wer die Besprechung beginnt, verschickt ihn. Er läuft von selbst ab.",
        "Lo envía quien inicia la reunión. Caduca por sí solo.";
}

/// What is needed, and what is not.
pub const NEEDS: [(Text, Text); 3] =
    [(BROWSER, BROWSER_WHICH), (DEVICES, DEVICES_WHY), (LINK, LINK_WHENCE)];
