//! Sentences of the meeting.

use super::texts;
use crate::meeting::view::Hindrance;

texts! {
    /// Title of the document.
    TITLE = "Meeting · Open Stream", "Besprechung · Open Stream", "Reunión · Open Stream";
    /// Heading, for those who do not see the page.
    HEADING = "Meeting", "Besprechung", "Reunión";
    /// While joining.
    CONNECTING = "Joining the meeting…", "Du kommst herein…", "Uniéndote a la reunión…";
    /// Mark of one's own tile.
    YOU = "You", "Du", "Tú";
    /// Mark of one's own tile, for the host.
    YOU_THE_HOST = "You · Host", "Du · Leitung", "Tú · Anfitrión";
    /// Mark of a host.
    HOST = "Host", "Leitung", "Anfitrión";
    /// Someone whose connection was lost.
    RECONNECTING = "Reconnecting…", "Verbindet neu…", "Reconectando…";
    /// A camera that is off.
    CAMERA_OFF = "Camera off", "Kamera aus", "Cámara apagada";
    /// A camera that is on.
    CAMERA_ON = "Camera on", "Kamera an", "Cámara encendida";
    /// A picture that the path is too narrow for.
    HELD_BACK = "Video paused: weak connection", "Bild angehalten: schwache Verbindung",
        "Vídeo en pausa: conexión débil";
    /// A picture that the browser has no decoder for.
    NO_CODEC = "This browser can’t show this video ({})",
        "Dieser Browser kann dieses Video nicht zeigen ({})",
        "Este navegador no puede mostrar este vídeo ({})";
    /// Someone who speaks.
    SPEAKING = "Speaking", "Spricht", "Hablando";
    /// A microphone that is off.
    MUTED = "Muted", "Stumm", "Silenciado";
    /// A microphone that is on.
    UNMUTED = "Microphone on", "Mikrofon an", "Micrófono encendido";
    /// Name of the stage.
    STAGE = "Participants’ video", "Bilder der Teilnehmenden", "Vídeo de los participantes";
    /// Name of the bar of buttons.
    CONTROLS = "Meeting controls", "Bedienung der Besprechung", "Controles de la reunión";
    /// Toggles the microphone.
    MICROPHONE = "Microphone", "Mikrofon", "Micrófono";
    /// Toggles the camera.
    CAMERA = "Camera", "Kamera", "Cámara";
    /// Shares the screen, or stops.
    SHARE = "Share screen", "Bildschirm teilen", "Compartir pantalla";
    /// Shows the side panel.
    PEOPLE = "People", "Personen", "Personas";
    /// Name of the side panel.
    SIDEBAR = "People, chat and invite", "Personen, Chat und Einladung",
        "Personas, chat e invitación";
    /// Leaves.
    LEAVE = "Leave", "Verlassen", "Salir";
    /// Heading of the invite in the side panel.
    INVITE = "Invite link", "Einladungslink", "Enlace de invitación";
    /// Copies the invite link.
    COPY = "Copy link", "Link kopieren", "Copiar enlace";
    /// Says that it was copied.
    COPIED = "Copied", "Kopiert", "Copiado";
    /// Says that the browser did not let us copy.
    COPY_BY_HAND = "Select the link and copy it", "Markiere den Link und kopiere ihn",
        "Selecciona el enlace y cópialo";
    /// Closes the side panel.
    CLOSE_PANEL = "Close panel", "Seitenleiste schließen", "Cerrar panel";
    /// Nobody else is here.
    ALONE = "You’re the only one here. Send the invite link to the others.",
        "Außer dir ist niemand da. Schick den anderen den Einladungslink.",
        "Eres la única persona aquí. Envía el enlace de invitación a los demás.";
    /// Name of a tile that shows someone's screen.
    SCREEN_OF = "{}’s screen", "Bildschirm von {}", "Pantalla de {}";
    /// News for those who do not see the tiles.
    JOINED = "{} joined.", "{} ist da.", "{} se ha unido.";
    /// News for those who do not see the tiles.
    LEFT = "{} left.", "{} ist gegangen.", "{} ha salido.";
}

/// Why a picture that is sent cannot be seen.
#[must_use]
pub fn hindrance(hindrance: Hindrance) -> String {
    match hindrance {
        Hindrance::HeldBack => HELD_BACK.get().to_owned(),
        Hindrance::NoCodec(mime_type) => NO_CODEC.with(&[mime_type.codec_name()]),
    }
}
