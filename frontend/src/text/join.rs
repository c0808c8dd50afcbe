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
    /// Goes in without a picture.
    JOIN_WITHOUT_CAMERA = "Join without camera", "Ohne Kamera", "Sin cámara";
    /// Goes in to watch.
    LISTEN_ONLY = "Listen only", "Nur zuhören", "Solo escuchar";
    /// What that means.
    LISTEN_ONLY_HINT = "Listen only uses neither camera nor microphone.",
        "Nur zuhören benutzt weder Kamera noch Mikrofon.",
        "Solo escuchar no usa ni cámara ni micrófono.";
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
    /// One is inside, by name.
    INSIDE_NAMED = "{} is here", "{} ist da", "{} está aquí";
    /// Some are inside, by name; the last gap is the last of them.
    INSIDE_ALL_NAMED = "{} and {} are here", "{} und {} sind da", "{} y {} están aquí";
    /// Some are inside by name, and so many more.
    INSIDE_AND_MORE = "{} and {} more are here", "{} und {} weitere sind da",
        "{} y {} más están aquí";
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

/// As many names as one reads at a glance.
const NAMED: usize = 3;

/// Who is inside.
#[must_use]
pub fn inside_named(names: &[String]) -> String {
    match names {
        [] => INSIDE_NOBODY.to_string(),
        [one] => INSIDE_NAMED.with(&[one]),
        [first @ .., last] if first.len() < NAMED => {
            INSIDE_ALL_NAMED.with(&[&first.join(", "), last])
        }
        _ => {
            let (named, more) = names.split_at(NAMED);
            INSIDE_AND_MORE.with(&[&named.join(", "), &more.len().to_string()])
        }
    }
}

#[cfg(test)]
mod naming {
    use super::*;

    #[test]
    fn a_few_are_named_and_the_others_counted() {
        let names: Vec<String> = ["Ada", "Bob", "Eve", "Joe", "Kim"].map(String::from).into();
        assert_eq!(inside_named(&[]), "Nobody is here yet");
        assert_eq!(inside_named(&names[..1]), "Ada is here");
        assert_eq!(inside_named(&names[..3]), "Ada, Bob and Eve are here");
        assert_eq!(inside_named(&names), "Ada, Bob, Eve and 2 more are here");
    }
}
