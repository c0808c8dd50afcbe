//! What a room is apart from who is in it: what its file keeps.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use shared::{
    ids::{ParticipantId, RoomId},
    signaling::Role,
};

use super::Admission;

/// What outlasts those who are in a room, and the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRecord {
    /// The room.
    pub room_id: RoomId,
    /// Who opened it.
    pub host_name: String,
    /// Who may come in.
    pub admission: Admission,
    /// When it was created, to the millisecond.
    pub created_at: SystemTime,
    /// Bits per second to send of each video source, where the room's differs from the server's.
    pub max_video_bitrate: Option<u32>,
    /// Whether nobody new comes in.
    pub locked: bool,
    /// Whether those who know only the room's id have to knock.
    pub lobby: bool,
    /// The invites that were made for it, the oldest first.
    pub invites: Vec<InviteRecord>,
    /// Whose role is another than the one they came with.
    pub roles: Vec<GivenRole>,
    /// Who was removed, and whose ticket brings nobody back.
    pub removed: Vec<RemovedParticipant>,
}

/// An invite that a room remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteRecord {
    /// The id of its token.
    pub id: String,
    /// What those are who come by it.
    pub role: Role,
    /// What hosts call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What it was made for.
    pub kind: InviteKind,
    /// When it was made, in seconds since 1970.
    pub created_at: u64,
    /// When it stops letting in, in seconds since 1970.
    pub expires_at: u64,
    /// How many have come by it.
    pub uses: u32,
    /// How many may; none: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
    /// Whether it was withdrawn.
    #[serde(default)]
    pub revocation: Revocation,
}

/// What an invite was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum InviteKind {
    /// A host made it.
    Made,
    /// The room has one for each role that has a link of its own.
    RoomLink,
    /// For one person, who was admitted from the lobby.
    Admission,
    /// For one person, whom a host gave the role.
    GivenRole,
}

/// Whether an invite was withdrawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Revocation {
    /// It was not.
    #[default]
    Valid,
    /// Nobody comes in by it any more.
    Revoked,
    /// Nor does anybody come back who came by it.
    WithSessions {
        /// When, in seconds since 1970: so long their tickets have to be known.
        at: u64,
    },
}

/// A participant whose role was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenRole {
    /// Whose.
    pub participant_id: ParticipantId,
    /// What they are since.
    pub role: Role,
    /// When, in seconds since 1970.
    pub at: u64,
    /// The invite that they come anew by with this role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_id: Option<String>,
}

/// A participant who was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemovedParticipant {
    /// Who.
    pub participant_id: ParticipantId,
    /// When, in seconds since 1970.
    pub at: u64,
}

impl RoomRecord {
    /// A new room's.
    #[must_use]
    pub const fn new(room_id: RoomId, host_name: String, created_at: SystemTime) -> Self {
        Self {
            room_id,
            host_name,
            admission: Admission::BareIdAllowed,
            created_at,
            max_video_bitrate: None,
            locked: false,
            lobby: false,
            invites: Vec::new(),
            roles: Vec::new(),
            removed: Vec::new(),
        }
    }
}
