//! The WebSocket protocol: JSON text messages on `/ws`.
//!
//! A client sends [`ClientMessage`]s: requests with an id of its choosing. The server answers each
//! with exactly one [`ServerMessage::Reply`] or [`ServerMessage::Error`] of that id, and sends
//! [`ServerMessage::Event`]s of its own accord.
//!
//! | step | requests |
//! |---|---|
//! | come in | `join` within five seconds; the reply is a full snapshot of the room |
//! | send | `createTransport` (send), `connectTransport` with an offer, `produce` per m-line |
//! | receive | `createTransport` (recv), `consume` per producer, `connectTransport` without a description for the server's offer, `connectTransport` with the answer, `resumeConsumer` |
//! | come back | `join` with the resume ticket; the reply is a snapshot again |
//!
//! | module | what it holds |
//! |---|---|
//! | [`joining`] | coming in, and what is found there |
//! | [`media`] | transports, producers, consumers |
//! | [`talk`] | chat, raised hands, reactions |
//! | [`role`] | who may do what |
//! | [`hosting`], [`invites`] | what hosts and co-hosts do |
//! | [`event`], [`close`] | what the server says of its own accord |

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;

mod close;
mod event;
mod hosting;
mod invites;
mod joining;
mod media;
mod role;
mod talk;

pub use self::{
    close::CloseCode,
    event::{
        ActiveSpeakers, ConsumerLayer, Event, LayersWanted, LimitExceeded, MaxBitrate,
        MediaUnreachable, NewProducer, PeerLeft, PeerPresence, TransportFailed,
    },
    hosting::{
        Admitted, AskedToUnmute, HostPresent, InviteLinkChanged, Knock, KnockRef, Mute, MutedBy,
        ParticipantRef, Remove, RoleChanged, RoomChanged, SetLobby, SetLocked, SetRole, StoppedBy,
    },
    invites::{CreateInvite, Invite, InviteList, RevokeInvite},
    joining::{Join, Joined, Knocking, OwnProducer, Participant, Presence, Producer, RoomInfo},
    media::{
        ConnectTransport, Consumed, ConsumerRef, CreateTransport, Direction, PreferredLayers,
        Produce, ProducerRef, SetMaxBitrate, SetPreferredLayers, TransportConnected,
        TransportCreated,
    },
    role::{Right, Role},
    talk::{ChatMessage, HandsRaised, RaiseHand, React, Reacted, Reaction, SendChat},
};

/// The version of this protocol; a client of another is told [`ErrorCode::ClientOld`].
pub const PROTOCOL_VERSION: u32 = 1;

/// A client's request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientMessage {
    /// Chosen by the client, echoed in the reply.
    pub id: u32,
    /// What is asked.
    #[serde(flatten)]
    pub request: Request,
}

/// What a client asks: `{"id": 1, "request": "join", "data": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", content = "data", rename_all = "camelCase")]
pub enum Request {
    /// Enters a room, or comes back to it. Reply: [`Reply::Join`], or [`Reply::Knocking`].
    Join(Join),
    /// Makes one of the participant's two transports. Reply: [`Reply::CreateTransport`].
    CreateTransport(CreateTransport),
    /// Carries session descriptions. Reply: [`Reply::ConnectTransport`].
    ConnectTransport(ConnectTransport),
    /// Publishes what an m-line of the send transport carries. Reply: [`Reply::Produce`].
    Produce(Produce),
    /// Stops publishing. Reply: [`Reply::Done`].
    CloseProducer(ProducerRef),
    /// Says that a source is muted or its camera off. Reply: [`Reply::Done`].
    PauseProducer(ProducerRef),
    /// Says that a source is live again. Reply: [`Reply::Done`].
    ResumeProducer(ProducerRef),
    /// Asks to receive a producer; the consumer starts paused. Reply: [`Reply::Consume`].
    Consume(ProducerRef),
    /// Starts the flow; video starts with a key frame. Reply: [`Reply::Done`].
    ResumeConsumer(ConsumerRef),
    /// Stops the flow for now. Reply: [`Reply::Done`].
    PauseConsumer(ConsumerRef),
    /// Gives a consumer up. Reply: [`Reply::Done`].
    CloseConsumer(ConsumerRef),
    /// Says what the client shows of its videos. Reply: [`Reply::Done`].
    SetPreferredLayers(SetPreferredLayers),
    /// Says how much others may send of a video; hosts only. Reply: [`Reply::Done`].
    SetMaxBitrate(SetMaxBitrate),
    /// Writes to everyone. Reply: [`Reply::Done`].
    SendChat(SendChat),
    /// Raises one's hand, or lowers it. Reply: [`Reply::Done`].
    RaiseHand(RaiseHand),
    /// Shows everyone a reaction. Reply: [`Reply::Done`].
    React(React),
    /// Lowers another's hand; [`Right::LowerHands`]. Reply: [`Reply::Done`].
    LowerHand(ParticipantRef),
    /// Lets nobody new in, or again; [`Right::Lock`]. Reply: [`Reply::Done`].
    SetLocked(SetLocked),
    /// Says whether bare ids knock; [`Right::KeepDoor`]. Reply: [`Reply::Done`].
    SetLobby(SetLobby),
    /// Mutes a microphone, or many; [`Right::Mute`]. Reply: [`Reply::Done`].
    Mute(Mute),
    /// Asks someone to unmute; [`Right::Mute`]. Reply: [`Reply::Done`].
    AskToUnmute(ParticipantRef),
    /// Ends someone's screen share; [`Right::StopVideo`]. Reply: [`Reply::Done`].
    StopShare(ParticipantRef),
    /// Turns someone's camera off; [`Right::StopVideo`]. Reply: [`Reply::Done`].
    StopVideo(ParticipantRef),
    /// Removes someone; [`Right::Remove`]. Reply: [`Reply::Done`].
    Remove(Remove),
    /// Makes a co-host or unmakes one, or hands the room over; [`Right::SetRoles`]. Reply:
    /// [`Reply::Done`].
    SetRole(SetRole),
    /// Ends the meeting for everyone; [`Right::EndMeeting`]. Reply: [`Reply::Done`].
    EndMeeting,
    /// Lets someone in who knocked; [`Right::KeepDoor`]. Reply: [`Reply::Done`].
    Admit(KnockRef),
    /// Sends someone away who knocked; [`Right::KeepDoor`]. Reply: [`Reply::Done`].
    Refuse(KnockRef),
    /// Asks which invites there are; [`Right::Invite`]. Reply: [`Reply::ListInvites`].
    ListInvites,
    /// Makes an invite; [`Role::right_to_invite`]. Reply: [`Reply::CreateInvite`].
    CreateInvite(CreateInvite),
    /// Withdraws an invite; [`Role::right_to_invite`]. Reply: [`Reply::Done`].
    RevokeInvite(RevokeInvite),
    /// Leaves the room for good; the server closes the socket. Reply: [`Reply::Done`].
    Leave,
    /// Proves that the client lives and hears. Reply: [`Reply::Done`].
    Ping,
}

/// What the server sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ServerMessage {
    /// The answer to a request that was done.
    Reply {
        /// The request's id.
        id: u32,
        /// The result.
        #[serde(flatten)]
        reply: Reply,
    },
    /// The answer to a request that was not done.
    Error {
        /// The request's id; none when the message was too broken to have one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u32>,
        /// Why not.
        error: SignalingError,
    },
    /// News.
    Event(Event),
}

/// The result of a request: `{"id": 1, "reply": "join", "data": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", content = "data", rename_all = "camelCase")]
pub enum Reply {
    /// To `join`.
    Join(Box<Joined>),
    /// To `join`, where a host has to admit first.
    Knocking(Knocking),
    /// To `createTransport`.
    CreateTransport(TransportCreated),
    /// To `connectTransport`.
    ConnectTransport(TransportConnected),
    /// To `produce`.
    Produce(ProducerRef),
    /// To `consume`.
    Consume(Consumed),
    /// To `listInvites`.
    ListInvites(InviteList),
    /// To `createInvite`.
    CreateInvite(Invite),
    /// To every request whose success says everything.
    Done,
}

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalingError {
    /// For programs.
    pub code: ErrorCode,
    /// For people; never needed to understand [`Self::code`].
    pub message: String,
}

impl From<ErrorCode> for SignalingError {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: code.text().to_owned() }
    }
}
