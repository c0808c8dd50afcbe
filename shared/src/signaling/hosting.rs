//! What hosts and co-hosts ask for, and how those hear of it whom it concerns.

use serde::{Deserialize, Serialize};

use super::Role;
use crate::{
    ids::{KnockId, ParticipantId, ProducerId},
    media::Source,
};

/// Names a participant, where nothing else has to be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParticipantRef {
    /// The participant.
    pub participant_id: ParticipantId,
}

/// Data of `setLocked`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetLocked {
    /// Whether nobody new comes in.
    pub locked: bool,
}

/// Data of `setLobby`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetLobby {
    /// Whether those who know only the room's id have to knock.
    pub lobby: bool,
}

/// Data of `roomChanged`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomChanged {
    /// Whether nobody new comes in.
    pub locked: bool,
    /// Whether those who know only the room's id have to knock.
    pub lobby: bool,
}

/// Data of `inviteLinkChanged`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteLinkChanged {
    /// The link that lets guests in from now on; none: there is none to share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_link: Option<String>,
}

/// Data of `mute`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mute {
    /// Whose microphone; none: everyone's but those of hosts and co-hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant_id: Option<ParticipantId>,
}

/// Data of `mutedBy`: one's own producer is paused now, and may be resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MutedBy {
    /// Who muted.
    pub by: ParticipantId,
    /// What was muted: the microphone, or the camera after `stopVideo`.
    pub source: Source,
    /// The producer, which is one's own.
    pub producer_id: ProducerId,
}

/// Data of `stoppedBy`: one's own producer has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoppedBy {
    /// Who stopped it.
    pub by: ParticipantId,
    /// What was stopped: the screen, or the sound of it.
    pub source: Source,
    /// The producer, which was one's own.
    pub producer_id: ProducerId,
}

/// Data of `askedToUnmute`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedToUnmute {
    /// Who asks.
    pub by: ParticipantId,
}

/// Data of `remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remove {
    /// Whom.
    pub participant_id: ParticipantId,
    /// Whether the invites they know let in no more: the one they came by, and the room's link,
    /// which is made anew.
    #[serde(default)]
    pub block: bool,
}

/// Data of `setRole`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetRole {
    /// Whose.
    pub participant_id: ParticipantId,
    /// What they are from now on; `host` hands the room over, and makes the one who asks a
    /// co-host.
    pub role: Role,
}

/// Data of `roleChanged`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleChanged {
    /// Whose.
    pub participant_id: ParticipantId,
    /// What they are now.
    pub role: Role,
    /// Told to this participant alone: takes the place of the resume ticket they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_ticket: Option<String>,
    /// Told to this participant alone: an invite of the new role, which takes the place of the one
    /// they came by, should they leave and come again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
}

/// Names a knock: data of `admit`, `refuse` and `knockGone`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnockRef {
    /// The knock.
    pub knock_id: KnockId,
}

/// Data of `knock`, and one knock of the snapshot: someone waits to be let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Knock {
    /// Names it in `admit` and `refuse`.
    pub knock_id: KnockId,
    /// The name they gave: show it as text, never as markup.
    pub display_name: String,
}

/// Data of `hostPresent`, which is told to those who wait in the lobby.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostPresent {
    /// Whether anyone who may admit is here now.
    pub host_present: bool,
}

/// Data of `admitted`, which is told to someone who knocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admitted {
    /// The invite to `join` with, on the same socket, within
    /// [`crate::limits::ADMISSION_SECONDS`]; it lets in once.
    pub token: String,
}
