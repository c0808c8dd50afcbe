//! Sentences of the connection test.

use super::{Text, texts};
use crate::check::{Line, State, Verdict};

texts! {
    /// Title of the document.
    TITLE = "Test my connection · Open Stream", "Verbindung testen · Open Stream",
        "Probar mi conexión · Open Stream";
    /// Heading, and what leads here.
    HEADING = "Test my connection", "Verbindung testen", "Probar mi conexión";
    /// Tests once more.
    AGAIN = "Test again", "Noch einmal testen", "Probar de nuevo";
    /// Copies what came of it.
    COPY = "Copy report", "Bericht kopieren", "Copiar informe";
    /// Says that it was copied.
    COPIED = "Copied", "Kopiert", "Copiado";
    /// The browser does not let the page copy.
    COPY_BY_HAND = "Select the lines and copy them", "Markiere die Zeilen und kopiere sie",
        "Selecciona las líneas y cópialas";
    /// A line's state.
    TESTING = "Testing…", "Wird getestet…", "Probando…";
    /// A line's state.
    WORKS = "Works", "Geht", "Funciona";
    /// A line's state.
    FAILS = "Fails", "Geht nicht", "Falla";
    /// A line's state.
    SKIPPED = "Skipped", "Übersprungen", "Omitido";
    /// A line: what the browser can do.
    BROWSER = "Browser", "Browser", "Navegador";
    /// A line: what the browser allows.
    DEVICES = "Camera and microphone", "Kamera und Mikrofon", "Cámara y micrófono";
    /// A line: signaling.
    SERVER = "Server (WebSocket)", "Server (WebSocket)", "Servidor (WebSocket)";
    /// A line: media over UDP.
    UDP = "Sound and picture over UDP", "Ton und Bild über UDP", "Sonido e imagen por UDP";
    /// A line: media over TCP.
    TCP = "Sound and picture over TCP", "Ton und Bild über TCP", "Sonido e imagen por TCP";
    /// A line: media over a TURN server.
    RELAY = "Relay (TURN)", "Relais (TURN)", "Repetidor (TURN)";
    /// Why: the browser has no calls.
    NO_CALLS = "This browser has no video calls.", "Dieser Browser kann keine Videoanrufe.",
        "Este navegador no admite videollamadas.";
    /// Why: the codecs everyone has are missing.
    NO_CODECS = "It lacks VP8 or Opus.", "VP8 oder Opus fehlen.", "Le falta VP8 u Opus.";
    /// Why: the browser does not allow them.
    DEVICES_DENIED = "The browser was told to refuse them: allow them beside the address.",
        "Der Browser soll sie ablehnen: Erlaube sie neben der Adresse.",
        "El navegador los rechaza: permítelos junto a la dirección.";
    /// Why: it has not been asked.
    DEVICES_ASK = "The browser will ask when you join.", "Der Browser fragt beim Beitreten.",
        "El navegador preguntará cuando te unas.";
    /// Why: there is no relay.
    NO_RELAY = "This server has none, and needs none unless both others fail.",
        "Dieser Server hat keines; nötig wäre es nur, wenn beides andere nicht geht.",
        "Este servidor no tiene, y solo haría falta si fallan los otros dos.";
    /// Why: the server did not take part.
    REFUSED = "The server did not take part; try again in a minute.",
        "Der Server hat nicht mitgemacht; versuche es in einer Minute noch einmal.",
        "El servidor no participó; inténtalo en un minuto.";
    /// The verdict until there is one.
    V_TESTING = "Testing your connection…", "Deine Verbindung wird getestet…",
        "Probando tu conexión…";
    /// The verdict.
    V_GOOD = "Everything works: you can meet.", "Alles geht: Du kannst teilnehmen.",
        "Todo funciona: puedes reunirte.";
    /// The verdict.
    V_TCP = "UDP is blocked; TCP works: meetings work, pictures may stutter.",
        "UDP ist gesperrt; TCP geht: Besprechungen gehen, Bilder können stocken.",
        "UDP está bloqueado; TCP funciona: las reuniones funcionan, la imagen puede entrecortarse.";
    /// The verdict.
    V_RELAY = "Only the relay gets through: meetings work, with some delay.",
        "Nur das Relais kommt durch: Besprechungen gehen, mit etwas Verzögerung.",
        "Solo pasa el repetidor: las reuniones funcionan, con algo de retraso.";
    /// The verdict.
    V_NO_MEDIA = "Sound and picture cannot reach the server: this network blocks its media port. Try \
        another network, or ask whoever runs this one.",
        "Ton und Bild erreichen den Server nicht: Dieses Netz sperrt seinen Medienport. Nimm ein \
        anderes Netz oder frage, wer dieses betreibt.",
        "El sonido y la imagen no llegan al servidor: esta red bloquea su puerto de medios. Prueba \
        otra red o pregunta a quien la administra.";
    /// The verdict.
    V_NO_SERVER = "The live connection to the server fails: a proxy or filter may block WebSockets. \
        Try another network, or ask whoever runs this one.",
        "Die Live-Verbindung zum Server geht nicht: Ein Proxy oder Filter sperrt wohl WebSockets. \
        Nimm ein anderes Netz oder frage, wer dieses betreibt.",
        "La conexión en vivo con el servidor falla: un proxy o filtro puede bloquear WebSockets. \
        Prueba otra red o pregunta a quien la administra.";
    /// The verdict.
    V_NO_BROWSER = "This browser cannot hold meetings. Use a current Chrome, Edge, Firefox or Safari.",
        "Dieser Browser kann keine Besprechungen. Nimm einen aktuellen Chrome, Edge, Firefox oder Safari.",
        "Este navegador no sirve para reuniones. Usa un Chrome, Edge, Firefox o Safari actual.";
    /// The verdict.
    V_NO_DEVICES = "The connection works. The browser refuses camera and microphone: you can listen.",
        "Die Verbindung geht. Der Browser lehnt Kamera und Mikrofon ab: Du kannst zuhören.",
        "La conexión funciona. El navegador rechaza la cámara y el micrófono: puedes escuchar.";
    /// The verdict.
    V_UNKNOWN = "The server is too busy to be tested. Try again in a minute.",
        "Der Server hat gerade keine Zeit für den Test. Versuche es in einer Minute noch einmal.",
        "El servidor está demasiado ocupado para probarlo. Inténtalo en un minuto.";
}

/// What a line is about.
#[must_use]
pub const fn line(line: Line) -> Text {
    match line {
        Line::Browser => BROWSER,
        Line::Devices => DEVICES,
        Line::Server => SERVER,
        Line::Udp => UDP,
        Line::Tcp => TCP,
        Line::Relay => RELAY,
    }
}

/// How a line is.
#[must_use]
pub const fn state(state: State) -> Text {
    match state {
        State::Testing => TESTING,
        State::Works => WORKS,
        State::Fails => FAILS,
        State::Skipped => SKIPPED,
    }
}

/// What it means, and what to do.
#[must_use]
pub const fn verdict(verdict: Verdict) -> Text {
    match verdict {
        Verdict::Testing => V_TESTING,
        Verdict::Good => V_GOOD,
        Verdict::TcpOnly => V_TCP,
        Verdict::RelayOnly => V_RELAY,
        Verdict::NoMedia => V_NO_MEDIA,
        Verdict::NoServer => V_NO_SERVER,
        Verdict::NoBrowser => V_NO_BROWSER,
        Verdict::NoDevices => V_NO_DEVICES,
        Verdict::Unknown => V_UNKNOWN,
    }
}
