//! Sentences of the page before the meeting.

use super::texts;

texts! {
    /// Title of the document.
    TITLE = "Join a meeting · Open Stream", "Teilnehmen · Open Stream",
        "Unirse a una reunión · Open Stream";
    /// Heading.
    HEADING = "Ready to join?", "Bereit?", "¿Todo listo?";
    /// Heading when the address names no room.
    WHICH_HEADING = "Which meeting?", "Welche Besprechung?", "¿Qué reunión?";
    /// Under that heading.
    WHICH = "Paste the invite link you were sent, or the room’s id.",
        "Füge den Einladungslink ein, den du bekommen hast, oder die ID des Raums.",
        "Pega el enlace de invitación que recibiste o el ID de la sala.";
    /// While the room is looked up.
    LOOKING = "Looking for the meeting…", "Besprechung wird gesucht…", "Buscando la reunión…";
    /// Label of the name.
    NAME_LABEL = "Your name", "Dein Name", "Tu nombre";
    /// Example of a name.
    NAME_PLACEHOLDER = "How others will see you", "So sehen dich die anderen",
        "Así te verán los demás";
    /// The button that goes in.
    JOIN = "Join now", "Jetzt teilnehmen", "Unirse ahora";
    /// Where the preview will be.
    PREVIEW_HERE = "Your camera will appear here", "Hier erscheint dein Kamerabild",
        "Aquí aparecerá tu cámara";
    /// Beside the preview, with camera off.
    CAMERA_OFF = "Your camera is off", "Deine Kamera ist aus", "Tu cámara está apagada";
    /// Beside the preview, while the browser asks.
    ASKING = "Allow the browser to use your camera and microphone",
        "Erlaube dem Browser Kamera und Mikrofon",
        "Permite al navegador usar tu cámara y tu micrófono";
    /// Name of the preview for those who do not see it.
    PREVIEW = "Your camera", "Deine Kamera", "Tu cámara";
    /// What a problem of both devices concerns.
    BOTH_DEVICES = "Camera and microphone", "Kamera und Mikrofon", "Cámara y micrófono";
    /// The button that tries a device again.
    RETRY = "Try again", "Noch einmal versuchen", "Intentar de nuevo";
    /// Whose meeting it is.
    WHOSE = "{}’s meeting", "Besprechung von {}", "Reunión de {}";
    /// Nobody is inside.
    INSIDE_NOBODY = "Nobody is here yet", "Noch ist niemand da", "Todavía no hay nadie";
    /// One is inside.
    INSIDE_ONE = "1 person is here", "1 Person ist da", "Hay 1 persona";
    /// So many are inside.
    INSIDE_MANY = "{} people are here", "{} Personen sind da", "Hay {} personas";
}

/// How many are inside.
#[must_use]
pub fn inside(count: usize) -> String {
    match count {
        0 => INSIDE_NOBODY.to_string(),
        1 => INSIDE_ONE.to_string(),
        _ => INSIDE_MANY.with(&[&count.to_string()]),
    }
}
