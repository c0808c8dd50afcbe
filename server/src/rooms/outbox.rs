//! What waits to be sent to one participant.
//!
//! Anyone may put something in and never waits; only the socket takes out. A reader that falls
//! behind the bounds loses the connection, not single messages: it comes back to a full snapshot.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use shared::signaling::{CloseCode, ServerMessage};
use tokio::sync::Notify;

/// Most messages that wait; the bound that counts for small events.
const MAX_MESSAGES: usize = 1024;

/// Most bytes that wait.
pub const MAX_OUTBOX_BYTES: usize = 256 * 1024;

/// The sending end of a socket, shared by all that have something to say to it.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    shared: Arc<Shared>,
}

/// What the socket shall send next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// A message of JSON text.
    Message(Arc<str>),
    /// The end of the connection.
    Close(CloseCode),
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Arc<str>>,
    bytes: usize,
    /// Once set nothing more is taken in, and this is what follows the messages.
    close: Option<CloseCode>,
}

impl Outbox {
    /// With nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message; one that is too many closes the connection with
    /// [`CloseCode::SlowReader`].
    pub fn push(&self, message: &ServerMessage) {
        self.push_text(written(message));
    }

    /// Adds a message that was [`written`] for several.
    pub fn push_text(&self, text: Arc<str>) {
        let mut queue = self.lock();
        if queue.close.is_some() {
            return;
        }
        let bytes = queue.bytes.saturating_add(text.len());
        if queue.messages.len() >= MAX_MESSAGES || bytes > MAX_OUTBOX_BYTES {
            queue.messages.clear();
            queue.close = Some(CloseCode::SlowReader);
        } else {
            queue.bytes = bytes;
            queue.messages.push_back(text);
        }
        drop(queue);
        self.shared.filled.notify_one();
    }

    /// Ends the connection after what waits already; the first code given stands.
    pub fn close(&self, code: CloseCode) {
        self.lock().close.get_or_insert(code);
        self.shared.filled.notify_one();
    }

    /// Waits for what to send next. Safe to cancel; after [`Outgoing::Close`] it is given again.
    pub async fn next(&self) -> Outgoing {
        loop {
            if let Some(outgoing) = self.take() {
                return outgoing;
            }
            self.shared.filled.notified().await;
        }
    }

    /// What to send next, if there is something.
    #[must_use]
    pub fn take(&self) -> Option<Outgoing> {
        let mut queue = self.lock();
        match queue.messages.pop_front() {
            Some(text) => {
                queue.bytes = queue.bytes.saturating_sub(text.len());
                Some(Outgoing::Message(text))
            }
            None => queue.close.map(Outgoing::Close),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message as the text that is sent, to be shared among outboxes.
///
/// # Panics
///
/// Never: every message can be written.
#[must_use]
pub fn written(message: &ServerMessage) -> Arc<str> {
    serde_json::to_string(message).expect("messages have text keys and no failing parts").into()
}

#[cfg(test)]
mod tests {
    use shared::signaling::{Event, Reply};

    use super::*;

    const SHUTDOWN: ServerMessage = ServerMessage::Event(Event::ServerShutdown);

    fn done(id: u32) -> ServerMessage {
        ServerMessage::Reply { id, reply: Reply::Done }
    }

    #[test]
    fn messages_come_out_in_order_and_the_close_last() {
        let outbox = Outbox::new();
        outbox.push(&done(1));
        outbox.push(&SHUTDOWN);
        outbox.close(CloseCode::ServiceRestart);
        outbox.push(&done(2));
        assert_eq!(outbox.take(), Some(Outgoing::Message(written(&done(1)))));
        assert_eq!(outbox.take(), Some(Outgoing::Message(written(&SHUTDOWN))));
        assert_eq!(outbox.take(), Some(Outgoing::Close(CloseCode::ServiceRestart)));
    }

    #[test]
    fn the_first_close_stands() {
        let outbox = Outbox::new();
        outbox.close(CloseCode::Replaced);
        outbox.close(CloseCode::Normal);
        assert_eq!(outbox.take(), Some(Outgoing::Close(CloseCode::Replaced)));
    }

    #[test]
    fn too_many_messages_close_the_connection() {
        let outbox = Outbox::new();
        for id in 0..1024 {
            outbox.push(&done(id));
        }
        assert_eq!(outbox.take(), Some(Outgoing::Message(written(&done(0)))));
        outbox.push(&done(1024));
        outbox.push(&done(1025));
        assert_eq!(outbox.take(), Some(Outgoing::Close(CloseCode::SlowReader)));
    }

    #[test]
    fn too_many_bytes_close_the_connection() {
        let outbox = Outbox::new();
        let quarter: Arc<str> = "x".repeat(MAX_OUTBOX_BYTES / 4).into();
        for _ in 0..4 {
            outbox.push_text(quarter.clone());
        }
        assert_eq!(outbox.take(), Some(Outgoing::Message(quarter.clone())));
        outbox.push_text(quarter);
        outbox.push_text("x".into());
        assert_eq!(outbox.take(), Some(Outgoing::Close(CloseCode::SlowReader)));
    }

    #[tokio::test]
    async fn a_waiting_socket_is_woken() {
        let outbox = Outbox::new();
        let filler = outbox.clone();
        let waiting = tokio::spawn(async move { outbox.next().await });
        tokio::task::yield_now().await;
        filler.push(&SHUTDOWN);
        assert_eq!(waiting.await.unwrap(), Outgoing::Message(written(&SHUTDOWN)));
    }
}
