//! The bodies of the REST interface.

use serde::{Deserialize, Serialize};

use crate::{
    error::ErrorCode,
    ids::{ParticipantId, RoomId},
    media::IceServer,
    signaling::Role,
};

/// Body of `POST /api/rooms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRoomRequest {
    /// Who opens the room: 1 to [`crate::limits::MAX_NAME_CHARS`] characters.
    pub host_name: String,
    /// Whether the room id alone lets a guest in (the default), or only an invite does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_only: Option<bool>,
    /// Whether those who know only the room's id have to knock; by default they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lobby: Option<bool>,
    /// Bits per second each participant may send of one video source, from
    /// [`crate::limits::MIN_VIDEO_BITRATE`] to [`crate::limits::MAX_VIDEO_BITRATE`]; by default
    /// the server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_video_bitrate: Option<u32>,
}

/// Answer of `POST /api/rooms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRoomResponse {
    /// The new room.
    pub room_id: RoomId,
    /// The link to share: for guests, its token in the fragment.
    pub invite_link: String,
    /// The name from the request.
    pub host_name: String,
    /// The invite token of the host, for the one who created the room.
    pub host_token: String,
}

/// Answer of `GET /api/rooms/{roomId}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomResponse {
    /// The room.
    pub room_id: RoomId,
    /// Who opened it.
    pub host_name: String,
    /// Participants now in it.
    pub participant_count: usize,
    /// Those who watch it by WHEP, without being participants.
    #[serde(default)]
    pub viewer_count: usize,
    /// When it was created: ISO 8601, UTC.
    pub created_at: String,
    /// Whether nobody new comes in.
    #[serde(default)]
    pub locked: bool,
    /// Whether those who know only the room's id have to knock.
    #[serde(default)]
    pub lobby: bool,
}

/// Answer of `GET /api/rooms`, for the administrator and for hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomsResponse {
    /// All rooms that the caller may see, the oldest first.
    pub rooms: Vec<RoomDetails>,
}

/// One room of [`RoomsResponse`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomDetails {
    /// What everyone may know of it.
    #[serde(flatten)]
    pub room: RoomResponse,
    /// Who is in it, in order of arrival.
    pub participants: Vec<ParticipantDetails>,
    /// How many wait to be let in.
    pub knock_count: usize,
}

/// One participant of [`RoomDetails`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParticipantDetails {
    /// What everyone in the room may know of them.
    #[serde(flatten)]
    pub participant: ParticipantResponse,
    /// What they may do.
    pub role: Role,
    /// Bytes of media that have come from them over the connections they have now. Two answers and
    /// the time between them make a bit rate; a number that falls begins anew.
    #[serde(default)]
    pub bytes_in: u64,
    /// Bytes of media that have gone to them, likewise.
    #[serde(default)]
    pub bytes_out: u64,
}

/// Body of `PATCH /api/rooms/{roomId}`: what is left out stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateRoomRequest {
    /// Whether nobody new comes in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
    /// Whether those who know only the room's id have to knock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lobby: Option<bool>,
}

/// Answer of `GET /api/rooms/{roomId}/participants`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantsResponse {
    /// Who is in the room, in order of arrival.
    pub participants: Vec<ParticipantResponse>,
}

/// One participant of [`ParticipantsResponse`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParticipantResponse {
    /// Stable id.
    pub id: ParticipantId,
    /// The name they gave.
    pub display_name: String,
    /// Whether they can be heard now.
    pub has_audio: bool,
    /// Whether their camera can be seen now.
    pub has_video: bool,
}

/// Body of `POST /api/check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRequest {
    /// SDP text of an offer.
    pub offer: String,
}

/// Answer of `POST /api/check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckResponse {
    /// SDP text of the answer, with the ways to the server that can be tried: it listens there for
    /// [`crate::limits::CHECK_SECONDS`].
    pub answer: String,
    /// STUN and TURN servers, with credentials that end soon.
    pub ice_servers: Vec<IceServer>,
}

/// An error of the REST interface: RFC 9457 problem details, `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `about:blank`: the status and [`Self::code`] say everything.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short, for people; the same for every occurrence of the code.
    pub title: String,
    /// HTTP status code.
    pub status: u16,
    /// What happened this time, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// For programs.
    pub code: ErrorCode,
}
