//! What one connection asks, and the one answer to each request.

use std::time::Instant;

use serde::Deserialize;
use shared::{
    error::ErrorCode,
    signaling::{ClientMessage, CloseCode, Reply, Request, ServerMessage, SignalingError},
};

use crate::{
    AppState,
    http::origin::PublicBase,
    rooms::{
        SharedRoom,
        member::ConnectionId,
        outbox::Outbox,
        room::{Departure, Seat},
    },
};

/// Most characters of what is wrong with a message: the parser may repeat what it was given.
const MAX_DETAIL_CHARS: usize = 200;

/// One connection's side of the protocol: [`Self::handle`] for each message, at last
/// [`Self::end`].
#[derive(Debug)]
pub(super) struct Session {
    pub(super) app: AppState,
    pub(super) outbox: Outbox,
    pub(super) connection: ConnectionId,
    /// Where invite links start.
    pub(super) base: PublicBase,
    /// Once joined.
    pub(super) place: Option<Place>,
}

/// A participant's place in a room. What a joined connection may ask is asked of it, and what is
/// asked over HTTP.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) app: AppState,
    pub(crate) room: SharedRoom,
    pub(crate) seat: Seat,
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) struct Question {
    id: u32,
    outbox: Outbox,
}

/// Proof that a [`Question`] was answered.
#[derive(Debug)]
pub(super) struct Answered(());

/// Why a request is not done.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    code: ErrorCode,
    detail: Option<String>,
    /// Whether the connection ends with it.
    close: Option<CloseCode>,
}

/// What a message was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// One of the protocol's, done or not.
    Request,
    /// None of the protocol's.
    Garbage,
}

impl Session {
    /// A connection that has not joined.
    pub(super) fn new(app: AppState, base: PublicBase) -> Self {
        let connection = app.signaling.next_connection();
        Self { app, outbox: Outbox::new(), connection, base, place: None }
    }

    /// Does what a message asks.
    pub(super) async fn handle(&mut self, text: &str) -> Heard {
        match serde_json::from_str::<ClientMessage>(text) {
            Ok(ClientMessage { id, request }) => {
                let question = Question { id, outbox: self.outbox.clone() };
                if let Err(refusal) = self.dispatch(question, request).await {
                    self.refuse(Some(id), refusal);
                }
                Heard::Request
            }
            Err(error) => {
                let id = serde_json::from_str::<IdOnly>(text).ok().map(|message| message.id);
                self.refuse(id, Refusal::bad_request(&error.to_string()));
                Heard::Garbage
            }
        }
    }

    /// Takes the connection's end.
    pub(super) async fn end(&mut self, how: Departure) {
        if let Some(place) = self.place.take() {
            place.leave(how).await;
        }
    }

    async fn dispatch(
        &mut self,
        question: Question,
        request: Request,
    ) -> Result<Answered, Refusal> {
        match request {
            Request::Join(data) => self.join(question, data).await,
            Request::CreateTransport(data) => self.place()?.create_transport(question, data).await,
            Request::ConnectTransport(data) => {
                self.place()?.connect_transport(question, data).await
            }
            Request::Produce(data) => self.place()?.produce(question, data).await,
            Request::CloseProducer(data) => self.place()?.close_producer(question, data).await,
            Request::PauseProducer(data) => self.place()?.pause_producer(question, data).await,
            Request::ResumeProducer(data) => self.place()?.resume_producer(question, data).await,
            Request::Consume(data) => self.place()?.consume(question, data).await,
            Request::ResumeConsumer(data) => self.place()?.resume_consumer(question, data).await,
            Request::PauseConsumer(data) => self.place()?.pause_consumer(question, data).await,
            Request::CloseConsumer(data) => self.place()?.close_consumer(question, data).await,
            Request::SetPreferredLayers(data) => {
                self.place()?.set_preferred_layers(question, data).await
            }
            Request::SetMaxBitrate(data) => self.place()?.set_max_bitrate(question, &data).await,
            Request::Leave => self.leave(question).await,
            Request::Ping => Ok(question.answer(Reply::Done)),
        }
    }

    fn place(&self) -> Result<&Place, ErrorCode> {
        self.place.as_ref().ok_or(ErrorCode::NotJoined)
    }

    async fn leave(&mut self, question: Question) -> Result<Answered, Refusal> {
        self.place()?;
        self.end(Departure::Left).await;
        let answered = question.answer(Reply::Done);
        self.outbox.close(CloseCode::Normal);
        Ok(answered)
    }

    fn refuse(&self, id: Option<u32>, refusal: Refusal) {
        let Refusal { code, detail, close } = refusal;
        tracing::debug!(%code, connection = self.connection.0, "[SOCKET] refused: {code}");
        let mut error = SignalingError::from(code);
        if let Some(detail) = detail {
            error.message = format!("{} ({detail})", error.message);
        }
        self.outbox.push(&ServerMessage::Error { id, error });
        if let Some(close) = close {
            self.outbox.close(close);
        }
    }
}

impl Place {
    /// Gives the place up, or only for now.
    pub(crate) async fn leave(&self, how: Departure) {
        let participant_id = &self.seat.participant_id;
        tracing::info!(%participant_id, ?how, "[ROOM] {participant_id} lost or left its place");
        let discarded = self.room.lock().depart(&self.seat, how, Instant::now());
        self.app.carry_out(discarded).await;
    }
}

impl Question {
    /// Puts the answer on its way. Under the room's lock it keeps its place among the events.
    pub(super) fn answer(self, reply: Reply) -> Answered {
        self.outbox.push(&ServerMessage::Reply { id: self.id, reply });
        Answered(())
    }
}

impl Refusal {
    /// A request that makes no sense, and what is wrong with it.
    pub(super) fn bad_request(detail: &str) -> Self {
        let detail = detail.chars().take(MAX_DETAIL_CHARS).collect();
        Self { code: ErrorCode::BadRequest, detail: Some(detail), close: None }
    }

    /// A refusal that ends the connection.
    pub(super) const fn final_with(code: ErrorCode, close: CloseCode) -> Self {
        Self { code, detail: None, close: Some(close) }
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self { code, detail: None, close: None }
    }
}

/// What may still be readable of a broken message.
#[derive(Deserialize)]
struct IdOnly {
    id: u32,
}
