//! What one connection asks, and the one answer to each request.

use std::time::Instant;

use serde::Deserialize;
use shared::{
    error::ErrorCode,
    ids::KnockId,
    signaling::{ClientMessage, CloseCode, Reply, Request, ServerMessage, SignalingError},
};

use crate::{
    AppState,
    http::origin::{ClientAddress, PublicBase},
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
    /// Who is at the other end.
    pub(super) client: ClientAddress,
    /// Where invite links start.
    pub(super) base: PublicBase,
    /// While waiting to be admitted, and until the connection joins after that.
    pub(super) waiting: Option<Waiting>,
    /// Once joined.
    pub(super) place: Option<Place>,
}

/// A knock of a connection that has not joined.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) room: SharedRoom,
    pub(super) knock_id: KnockId,
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
    pub(super) fn new(app: AppState, client: ClientAddress, base: PublicBase) -> Self {
        let connection = app.signaling.next_connection();
        Self { app, outbox: Outbox::new(), connection, client, base, waiting: None, place: None }
    }

    /// Whether the connection waits in a lobby.
    pub(super) fn is_waiting(&self) -> bool {
        let waits = |waiting: &Waiting| waiting.room.lock().is_waiting(waiting.knock_id);
        self.waiting.as_ref().is_some_and(waits)
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
        self.stop_waiting();
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
            Request::Leave => self.leave(question).await,
            Request::Ping => Ok(question.answer(Reply::Done)),
            other => self.place()?.dispatch(question, other).await,
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
    /// Does what a participant asks; what a [`Session`] answers itself does not get here.
    async fn dispatch(&self, question: Question, request: Request) -> Result<Answered, Refusal> {
        match request {
            Request::CreateTransport(data) => self.create_transport(question, data).await,
            Request::ConnectTransport(data) => self.connect_transport(question, data).await,
            Request::Produce(data) => self.produce(question, data).await,
            Request::CloseProducer(data) => self.close_producer(question, data).await,
            Request::PauseProducer(data) => self.pause_producer(question, data).await,
            Request::ResumeProducer(data) => self.resume_producer(question, data).await,
            Request::Consume(data) => self.consume(question, data).await,
            Request::ResumeConsumer(data) => self.resume_consumer(question, data).await,
            Request::PauseConsumer(data) => self.pause_consumer(question, data).await,
            Request::CloseConsumer(data) => self.close_consumer(question, data).await,
            Request::SetPreferredLayers(data) => self.set_preferred_layers(question, data).await,
            Request::SetMaxBitrate(data) => self.set_max_bitrate(question, &data).await,
            Request::SendChat(data) => self.send_chat(question, &data),
            Request::RaiseHand(data) => self.raise_hand(question, data),
            Request::React(data) => self.react(question, data),
            Request::LowerHand(data) => self.lower_hand(question, &data),
            Request::SetLocked(data) => self.set_locked(question, data),
            Request::SetLobby(data) => self.set_lobby(question, data),
            Request::Mute(data) => self.mute(question, &data).await,
            Request::AskToUnmute(data) => self.ask_to_unmute(question, &data).await,
            Request::StopShare(data) => self.stop_share(question, &data).await,
            Request::StopVideo(data) => self.stop_video(question, &data).await,
            Request::Remove(data) => self.remove(question, &data).await,
            Request::SetRole(data) => self.set_role(question, &data),
            Request::EndMeeting => self.end_meeting(question).await,
            Request::Admit(data) => self.admit(question, data),
            Request::Refuse(data) => self.refuse(question, data),
            Request::ListInvites => self.list_invites(question),
            Request::CreateInvite(data) => self.create_invite(question, &data),
            Request::RevokeInvite(data) => self.revoke_invite(question, &data).await,
            Request::Join(_) | Request::Leave | Request::Ping => {
                Err(ErrorCode::AlreadyJoined.into())
            }
        }
    }

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
