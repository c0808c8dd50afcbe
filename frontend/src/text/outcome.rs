//! Sentences of pages that end something.

use super::{Text, texts};
use crate::meeting::notice::WayBack;

texts! {
    /// Heading when no meeting was found or let in.
    NO_ENTRY = "You can’t join this meeting", "Du kannst nicht teilnehmen",
        "No puedes unirte a esta reunión";
    /// Heading when a meeting is over.
    ENDED = "The meeting is over for you", "Die Besprechung ist für dich zu Ende",
        "La reunión ha terminado para ti";
    /// Heading when the person left.
    LEFT = "You left the meeting", "Du hast die Besprechung verlassen", "Has salido de la reunión";
    /// Under that heading.
    LEFT_DETAIL = "Your camera and microphone are off.", "Kamera und Mikrofon sind aus.",
        "Tu cámara y tu micrófono están apagados.";
    /// Goes back in.
    REJOIN = "Rejoin", "Wieder teilnehmen", "Volver a unirse";
    /// Tries again.
    RETRY = "Try again", "Noch einmal versuchen", "Intentar de nuevo";
    /// Knocks, without the invite that was refused.
    KNOCK = "Ask to be let in", "Um Einlass bitten", "Pedir que te dejen entrar";
    /// Loads the page anew.
    RELOAD = "Reload the page", "Seite neu laden", "Volver a cargar la página";
    /// Goes to the landing page.
    HOME = "Back to start", "Zur Startseite", "Volver al inicio";
    /// Title and heading of an address nothing is at.
    NOT_FOUND = "Page not found", "Seite nicht gefunden", "Página no encontrada";
}

/// The words on the button that leads back.
#[must_use]
pub const fn way_back(way: WayBack) -> Text {
    match way {
        WayBack::Rejoin => REJOIN,
        WayBack::Knock => KNOCK,
        WayBack::Reload => RELOAD,
    }
}
