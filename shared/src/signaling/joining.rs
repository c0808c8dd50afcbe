//! Coming in: what is asked at the door, and what is found behind it.

use serde::{Deserialize, Serialize};

use super::{ChatMessage, Knock, Role};
use crate::{
    ids::{KnockId, ParticipantId, ProducerId, RoomId, TransportId},
    media::{IceServer, MimeType, RtpCapabilities, Source},
};

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
    /// With a ticket: the transports that the client still has, and which go on if the server has
    /// them, too: those about which no request is without its reply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<TransportId>,
    /// 1 to 64 characters.
    pub display_name: String,
    /// What the client can receive.
    #[serde(default)]
    pub rtp_capabilities: RtpCapabilities,
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
    /// Whether the participant was still in the room.
    pub resumed: bool,
    /// Those of [`Join::transports`] that go on, with all they carry. Other media state is new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<TransportId>,
    /// What one published until now, also on transports that end: a host may have muted or stopped
    /// something while one was away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub producers: Vec<OwnProducer>,
    /// The room.
    pub room: RoomInfo,
    /// The others, in order of arrival.
    pub participants: Vec<Participant>,
    /// The last of what was written, the oldest first; at most
    /// [`crate::limits::MAX_CHAT_MESSAGES`].
    #[serde(default)]
    pub chat: Vec<ChatMessage>,
    /// Whose hands are up, who raised first at the front.
    #[serde(default)]
    pub raised_hands: Vec<ParticipantId>,
    /// Who waits to be let in, for those who may admit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub knocks: Vec<Knock>,
    /// STUN and TURN servers to use.
    pub ice_servers: Vec<IceServer>,
    /// What the room's router can forward.
    pub router_rtp_capabilities: RtpCapabilities,
    /// Bits per second to send of one video source at most.
    pub max_video_bitrate: u32,
}

/// Data of the reply to a `join` that has to wait until a host admits: the lobby.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Knocking {
    /// Names this knock to the hosts.
    pub knock_id: KnockId,
    /// Whether anyone who may admit is here now; `hostPresent` tells when that changes.
    pub host_present: bool,
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
    /// Whether nobody new comes in.
    #[serde(default)]
    pub locked: bool,
    /// Whether those who know only the room's id have to knock.
    #[serde(default)]
    pub lobby: bool,
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
    /// What it is coded in.
    pub mime_type: MimeType,
    /// Whether it is muted, or its camera off.
    pub paused: bool,
}

/// Something one publishes oneself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnProducer {
    /// What.
    #[serde(flatten)]
    pub producer: Producer,
    /// Whether a host paused it, and one has not resumed it since.
    #[serde(default)]
    pub paused_by_host: bool,
}
