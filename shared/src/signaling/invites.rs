//! The invites of a room, as hosts and co-hosts see them.

use serde::{Deserialize, Serialize};

use super::Role;

/// Data of the reply to `listInvites`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteList {
    /// Those whose time has not passed, the oldest first; of guests only, unless one may make
    /// others too.
    pub invites: Vec<Invite>,
}

/// Data of `createInvite`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateInvite {
    /// What those are who come by it.
    pub role: Role,
    /// How long it lets in: [`crate::limits::MIN_INVITE_SECONDS`] to
    /// [`crate::limits::MAX_INVITE_SECONDS`]; by default as the server is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u32>,
    /// How many it lets in: 1 to [`crate::limits::MAX_INVITE_USES`]; by default any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
    /// What hosts call it: 1 to [`crate::limits::MAX_NAME_CHARS`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// Data of `revokeInvite`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevokeInvite {
    /// Which.
    pub invite_id: String,
    /// Whether those who came by it are removed, too.
    #[serde(default)]
    pub end_sessions: bool,
}

/// One invite of a room: data of the reply to `createInvite`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invite {
    /// Names it in `revokeInvite`; it is no secret.
    pub invite_id: String,
    /// What those are who come by it.
    pub role: Role,
    /// What hosts call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The link to share; none once it lets nobody in any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Milliseconds since 1970, UTC.
    pub created_at: u64,
    /// When it lets in no more: milliseconds since 1970, UTC.
    pub expires_at: u64,
    /// How many have come by it.
    pub uses: u32,
    /// How many may; none: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
    /// Whether it was revoked.
    #[serde(default)]
    pub revoked: bool,
    /// Whether it is the room's own: the link that everyone in it is shown, or the one of who
    /// created the room.
    #[serde(default)]
    pub is_room_link: bool,
}
