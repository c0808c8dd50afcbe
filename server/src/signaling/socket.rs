//! One connection: its bounds, its heartbeat, its end.
//!
//! One task reads, answers and writes in turn, so a request is answered before the next is read
//! and a client that does not read is not read from either.

use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use shared::signaling::{CloseCode, Event};
use tokio::time::{Interval, MissedTickBehavior, timeout};
use tokio_tungstenite::tungstenite;

use super::{
    news,
    session::{Heard, Session},
};
use crate::{
    pace::{Pace, Verdict},
    rooms::{outbox::Outgoing, room::Departure},
};

/// What broken messages cost, in ordinary ones: a few are a bug, many an attack.
const GARBAGE_COST: u32 = 20;

/// Serves a connection to its end.
pub(super) async fn serve(socket: WebSocket, session: Session) {
    let connection = Connection::new(socket, session);
    let number = connection.session.connection.0;
    tracing::debug!(connection = number, "[SOCKET] {number} opened");
    Box::pin(connection.run()).await;
    tracing::debug!(connection = number, "[SOCKET] {number} ended");
}

struct Connection {
    socket: WebSocket,
    session: Session,
    heartbeat: Interval,
    join_deadline: tokio::time::Instant,
    last_heard: Instant,
    pace: Pace,
    goodbye: Goodbye,
}

/// Whether the client was told that the server stops.
#[derive(PartialEq, Eq)]
enum Goodbye {
    NotYet,
    Said,
}

/// What happens next on a connection.
enum Step {
    Send(Outgoing),
    Receive(Option<Result<Message, axum::Error>>),
    Beat,
    JoinOverdue,
    Shutdown,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client ended it, or the network did.
    ByPeer,
    /// We do, while the client may still be reading and writing.
    Close(CloseCode),
    /// We do, and cannot read any more.
    Broken(CloseCode),
}

impl Connection {
    fn new(socket: WebSocket, session: Session) -> Self {
        let settings = &session.app.signaling.settings;
        let now = Instant::now();
        let pace = Pace::new(settings.pace);
        let join_deadline = tokio::time::Instant::now() + settings.join_timeout;
        let mut heartbeat = tokio::time::interval(settings.heartbeat_interval);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let goodbye = Goodbye::NotYet;
        Self { socket, session, heartbeat, join_deadline, last_heard: now, pace, goodbye }
    }

    async fn run(mut self) {
        let end = loop {
            let step = self.next_step().await;
            if let Some(end) = self.take(step).await {
                break end;
            }
        };
        if let End::Close(code) | End::Broken(code) = end {
            let number = self.session.connection.0;
            tracing::info!(connection = number, ?code, "[SOCKET] {number} closed by us");
        }
        // Before the closing handshake: the others shall know at once.
        self.session.end(end.departure()).await;
        self.finish(end).await;
    }

    /// What is to be written comes before what is to be read.
    async fn next_step(&mut self) -> Step {
        let joined = self.session.place.is_some();
        if self.session.is_waiting() {
            // Who waits in a lobby has time to join from when they are let in.
            let join_timeout = self.session.app.signaling.settings.join_timeout;
            self.join_deadline = tokio::time::Instant::now() + join_timeout;
        }
        tokio::select! {
            biased;
            () = self.session.app.shutdown.begun(), if self.goodbye == Goodbye::NotYet => {
                Step::Shutdown
            }
            outgoing = self.session.outbox.next() => Step::Send(outgoing),
            _ = self.heartbeat.tick() => Step::Beat,
            () = tokio::time::sleep_until(self.join_deadline), if !joined => Step::JoinOverdue,
            received = self.socket.recv() => Step::Receive(received),
        }
    }

    async fn take(&mut self, step: Step) -> Option<End> {
        match step {
            Step::Send(Outgoing::Message(text)) => {
                self.send(Message::Text(Utf8Bytes::from(&*text))).await
            }
            Step::Send(Outgoing::Close(code)) => Some(End::Close(code)),
            Step::Receive(Some(Ok(message))) => self.receive(message).await,
            Step::Receive(Some(Err(error))) => Some(end_of(error)),
            Step::Receive(None) => Some(End::ByPeer),
            Step::Beat => self.beat().await,
            Step::JoinOverdue if self.session.is_waiting() => None,
            Step::JoinOverdue => Some(End::Close(CloseCode::Timeout)),
            Step::Shutdown => {
                self.goodbye = Goodbye::Said;
                self.session.outbox.push(&news(Event::ServerShutdown));
                self.session.outbox.close(CloseCode::ServiceRestart);
                None
            }
        }
    }

    async fn receive(&mut self, message: Message) -> Option<End> {
        self.last_heard = Instant::now();
        let mut cost = 1;
        match message {
            Message::Text(text) => {
                if self.session.handle(&text).await == Heard::Garbage {
                    cost = GARBAGE_COST;
                }
            }
            Message::Binary(_) => return Some(End::Close(CloseCode::Unsupported)),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return Some(End::ByPeer),
        }
        match self.pace.spend(self.last_heard, cost) {
            Verdict::Within => None,
            Verdict::Flood => Some(End::Close(CloseCode::Flood)),
        }
    }

    async fn beat(&mut self) -> Option<End> {
        if self.last_heard.elapsed() >= self.session.app.signaling.settings.heartbeat_timeout {
            return Some(End::Close(CloseCode::Timeout));
        }
        self.send(Message::Ping(bytes::Bytes::new())).await
    }

    async fn send(&mut self, message: Message) -> Option<End> {
        let patience = self.session.app.signaling.settings.write_timeout;
        match timeout(patience, self.socket.send(message)).await {
            Ok(Ok(())) => None,
            Ok(Err(_)) => Some(End::ByPeer),
            Err(_) => Some(End::Close(CloseCode::SlowReader)),
        }
    }

    /// The closing handshake (RFC 6455 section 7.1.2), for as long as we care to wait.
    async fn finish(mut self, end: End) {
        let patience = self.session.app.signaling.settings.close_timeout;
        let closing = async {
            if let End::Close(code) | End::Broken(code) = end {
                let frame = CloseFrame { code: code.as_u16(), reason: Utf8Bytes::default() };
                // Best effort: a client that is gone has no use for it.
                let _ = self.socket.send(Message::Close(Some(frame))).await;
            }
            if let End::Broken(_) = end {
                // Closing now would discard what the client has not read yet, the close frame too,
                // because bytes of the broken message are still unread on our side.
                tokio::time::sleep(Duration::MAX).await;
            }
            while let Some(Ok(_)) = self.socket.recv().await {}
        };
        let _ = timeout(patience, closing).await;
    }
}

impl End {
    /// How the room takes it: whoever did not go on purpose may come back.
    const fn departure(self) -> Departure {
        match self {
            Self::Close(CloseCode::Timeout | CloseCode::SlowReader) => Departure::Silent,
            Self::Close(_) | Self::Broken(_) | Self::ByPeer => Departure::Closed,
        }
    }
}

/// What a failure to read means.
fn end_of(error: axum::Error) -> End {
    let error = error.into_inner();
    match error.downcast_ref::<tungstenite::Error>() {
        Some(tungstenite::Error::Capacity(_)) => End::Broken(CloseCode::TooLarge),
        Some(tungstenite::Error::Utf8(_)) => End::Broken(CloseCode::InvalidData),
        _ => End::ByPeer,
    }
}
