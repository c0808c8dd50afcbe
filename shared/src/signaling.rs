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

use serde::{Deserialize, Serialize};

use crate::{
    error::ErrorCode,
    ids::{ConsumerId, ParticipantId, ProducerId, RoomId, TransportId},
    media::{IceServer, MediaKind, RtpCapabilities, SessionDescription, Source, Viewing},
};

mod close;
mod event;

pub use self::{
    close::CloseCode,
    event::{
        ActiveSpeakers, ConsumerLayer, Event, LayersWanted, MaxBitrate, NewProducer, PeerLeft,
        PeerPresence, TransportFailed,
    },
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
    /// Enters a room, or comes back to it. Reply: [`Reply::Join`].
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
    /// Leaves the room for good; the server closes the socket. Reply: [`Reply::Done`].
    Leave,
    /// Proves that the client lives and hears. Reply: [`Reply::Done`].
    Ping,
}

/// Data of `join`. One of `token`, `resumeTicket` and `roomId` says where to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Join {
    /// [`PROTOCOL_VERSION`] of the client.
    pub protocol_version: u32,
    /// The room; with a token it must be the token's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_id: Option<RoomId>,
    /// An invite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// From the last [`Joined`]: comes back as the same participant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_ticket: Option<String>,
    /// 1 to 64 characters.
    pub display_name: String,
    /// What the client can receive.
    #[serde(default)]
    pub rtp_capabilities: RtpCapabilities,
}

/// Data of `createTransport`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateTransport {
    /// Which of the two.
    pub direction: Direction,
}

/// A transport's direction, seen from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The client publishes on it: the client offers.
    Send,
    /// The client receives on it: the server offers.
    Recv,
}

/// Data of `connectTransport`.
///
/// | transport | description | reply carries |
/// |---|---|---|
/// | send | the client's offer | the server's answer |
/// | recv | none | the server's offer |
/// | recv | the client's answer | nothing |
///
/// A new path (ICE restart, RFC 8445 section 9) begins, on a send transport, with an offer of new
/// credentials, and on a receive transport with [`Self::ice_restart`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectTransport {
    /// One of the participant's transports.
    pub transport_id: TransportId,
    /// The client's description, or none to ask for the server's offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<SessionDescription>,
    /// Without a description: the server's offer shall have new ICE credentials.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ice_restart: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Data of `produce`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Produce {
    /// The participant's send transport.
    pub transport_id: TransportId,
    /// The `mid` of the m-line (RFC 9143) in the last offer that was answered.
    pub mid: String,
    /// Where it comes from; one producer for each.
    pub source: Source,
    /// Whether it starts muted.
    #[serde(default)]
    pub paused: bool,
}

/// Names a producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProducerRef {
    /// The producer.
    pub producer_id: ProducerId,
}

/// Names a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerRef {
    /// The consumer.
    pub consumer_id: ConsumerId,
}

/// Data of `setPreferredLayers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetPreferredLayers {
    /// Those that changed: 1 to [`crate::limits::MAX_CONSUMERS_PER_PARTICIPANT`].
    pub consumers: Vec<PreferredLayers>,
}

/// What the client shows of one video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreferredLayers {
    /// One of the client's own consumers of a video.
    pub consumer_id: ConsumerId,
    /// How it is shown.
    #[serde(flatten)]
    pub viewing: Viewing,
}

/// Data of `setMaxBitrate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetMaxBitrate {
    /// Whom it limits; none: everyone in the room, and all who come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant_id: Option<ParticipantId>,
    /// Bits per second of one video source: [`crate::limits::MIN_VIDEO_BITRATE`] to
    /// [`crate::limits::MAX_VIDEO_BITRATE`].
    pub max_video_bitrate: u32,
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
    /// To `createTransport`.
    CreateTransport(TransportCreated),
    /// To `connectTransport`.
    ConnectTransport(TransportConnected),
    /// To `produce`.
    Produce(ProducerRef),
    /// To `consume`.
    Consume(Consumed),
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

/// Data of the reply to `join`: who one is, and everything that is in the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// The participant one is now, or still is.
    pub participant_id: ParticipantId,
    /// What one may do.
    pub role: Role,
    /// Comes back as this participant; secret. Each `join` gives a new one.
    pub resume_ticket: String,
    /// Whether the participant was still in the room (media state is new all the same).
    pub resumed: bool,
    /// The room.
    pub room: RoomInfo,
    /// The others, in order of arrival.
    pub participants: Vec<Participant>,
    /// STUN and TURN servers to use.
    pub ice_servers: Vec<IceServer>,
    /// What the room's router can forward.
    pub router_rtp_capabilities: RtpCapabilities,
    /// Bits per second to send of one video source at most.
    pub max_video_bitrate: u32,
}

/// What a participant may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Opened the room, or was made its host.
    Host,
    /// Was invited.
    Guest,
}

/// What everyone in a room knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomInfo {
    /// The room.
    pub room_id: RoomId,
    /// Who opened it.
    pub host_name: String,
    /// The link that lets guests in; for those whose role may share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_link: Option<String>,
}

/// Another participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// Stable id.
    pub id: ParticipantId,
    /// The name they gave: show it as text, never as markup.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// Whether their connection is up, or they are expected back.
    pub presence: Presence,
    /// What they publish.
    pub producers: Vec<Producer>,
}

/// Whether a participant's socket is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// Here.
    Connected,
    /// The socket was lost; the place is kept for [`crate::limits::RECONNECT_GRACE_SECONDS`].
    Reconnecting,
}

/// Something a participant publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Producer {
    /// The producer.
    pub producer_id: ProducerId,
    /// Where it comes from.
    pub source: Source,
    /// Whether it is muted, or its camera off.
    pub paused: bool,
}

/// Data of the reply to `createTransport`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransportCreated {
    /// The transport.
    pub transport_id: TransportId,
}

/// Data of the reply to `connectTransport`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransportConnected {
    /// The server's answer or offer, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<SessionDescription>,
    /// Consumers that ended because the client's answer refused their m-line: it cannot show
    /// their codec after all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_consumers: Vec<ConsumerId>,
}

/// Data of the reply to `consume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consumed {
    /// The new consumer, paused.
    pub consumer_id: ConsumerId,
    /// What it receives.
    pub producer_id: ProducerId,
    /// Sound or picture.
    pub kind: MediaKind,
    /// The `mid` of its m-line in the next offer of the server.
    pub mid: String,
}
