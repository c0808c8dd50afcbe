//! Sentences of the chat, of raised hands and of reactions.

use shared::signaling::Reaction;

use super::{Text, texts};

texts! {
    /// Name of the tab, and of the button that shows it.
    CHAT = "Chat", "Chat", "Chat";
    /// Name of the list of messages.
    MESSAGES = "Messages", "Nachrichten", "Mensajes";
    /// While nothing was written.
    EMPTY = "Nothing has been written yet. Everyone in the meeting can read what you write here.",
        "Noch hat niemand geschrieben. Alle in der Besprechung können lesen, was du hier schreibst.",
        "Nadie ha escrito todavía. Todos en la reunión pueden leer lo que escribas aquí.";
    /// Label of the text field.
    WRITE = "Message to everyone", "Nachricht an alle", "Mensaje para todos";
    /// Sends.
    SEND = "Send", "Senden", "Enviar";
    /// A message on its way.
    SENDING = "Sending…", "Wird gesendet…", "Enviando…";
    /// A message that was not taken, because they came too fast.
    TOO_FAST = "Not sent: you write too fast.", "Nicht gesendet: Du schreibst zu schnell.",
        "No enviado: escribes demasiado rápido.";
    /// A message that was not taken for another reason.
    NOT_SENT = "Not sent.", "Nicht gesendet.", "No enviado.";
    /// Tries to send it again.
    SEND_AGAIN = "Send again", "Noch einmal senden", "Enviar de nuevo";
    /// Gives it up.
    DISCARD = "Discard", "Verwerfen", "Descartar";
    /// A draft that is too long, by so many characters.
    TOO_LONG = "{} characters too many", "{} Zeichen zu viel", "{} caracteres de más";
    /// Too many messages wait.
    TOO_MANY = "Too many messages are still on their way.",
        "Es sind noch zu viele Nachrichten unterwegs.",
        "Todavía hay demasiados mensajes en camino.";
    /// The name of who wrote, when it was oneself.
    ME = "You", "Du", "Tú";
    /// Goes to the end of the list.
    TO_END = "New messages", "Neue Nachrichten", "Mensajes nuevos";
    /// Beside the button, for those who do not see its number.
    UNREAD = "{} unread", "{} ungelesen", "{} sin leer";
    /// News: one message came.
    SAID = "{}: {}", "{}: {}", "{}: {}";
    /// News: several messages came.
    SAID_MANY = "{} new messages.", "{} neue Nachrichten.", "{} mensajes nuevos.";
    /// Raises one's hand.
    RAISE_HAND = "Raise hand", "Hand heben", "Levantar la mano";
    /// Someone whose hand is up, with their place in the queue.
    HAND_UP = "Hand raised, number {}", "Hand gehoben, Nummer {}", "Mano levantada, número {}";
    /// News: a hand was raised.
    RAISED = "{} raised a hand.", "{} hebt die Hand.", "{} ha levantado la mano.";
    /// Opens the choice of reactions.
    REACT = "React", "Reagieren", "Reaccionar";
    /// News: someone reacts.
    REACTED = "{}: {}", "{}: {}", "{}: {}";
    /// A reaction.
    THUMBS_UP = "Thumbs up", "Daumen hoch", "Pulgar arriba";
    /// A reaction.
    THUMBS_DOWN = "Thumbs down", "Daumen runter", "Pulgar abajo";
    /// A reaction.
    CLAP = "Applause", "Applaus", "Aplauso";
    /// A reaction.
    HEART = "Heart", "Herz", "Corazón";
    /// A reaction.
    LAUGH = "Laughing", "Lachen", "Risa";
    /// A reaction.
    WOW = "Surprised", "Überrascht", "Sorpresa";
    /// A reaction.
    PARTY = "Celebrating", "Feiern", "Celebración";
    /// A reaction.
    THINK = "Thinking", "Nachdenklich", "Pensativo";
}

/// A reaction in words.
#[must_use]
pub const fn reaction(reaction: Reaction) -> Text {
    match reaction {
        Reaction::ThumbsUp => THUMBS_UP,
        Reaction::ThumbsDown => THUMBS_DOWN,
        Reaction::Clap => CLAP,
        Reaction::Heart => HEART,
        Reaction::Laugh => LAUGH,
        Reaction::Wow => WOW,
        Reaction::Party => PARTY,
        Reaction::Think => THINK,
    }
}
