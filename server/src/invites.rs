//! Who may come in: signed invites, and the tickets that bring a participant back.
//!
//! Both are JWTs (RFC 7519) with HS256 fixed; the `aud` claim keeps one from being used as the
//! other. The time is passed in, so that expiry is tested without waiting.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared::{
    error::ErrorCode,
    ids::{ParticipantId, RoomId},
    signaling::Role,
};

use crate::random;

/// How long an invite lets in, unless [`Invites::with_lifetime`] says otherwise.
pub const DEFAULT_INVITE_LIFETIME: Duration = Duration::from_hours(24);

/// How long a ticket brings back. The place is given up much earlier; after that the ticket still
/// says who one was, so that a meeting survives a restart of the server.
pub const TICKET_LIFETIME: Duration = Duration::from_hours(24);

/// Longest token that is looked at. Ours have at most about 1,100 bytes: a ticket whose name is
/// 64 characters of four bytes each, in base64.
const MAX_TOKEN_BYTES: usize = 2048;

/// Signs and checks invites and tickets with one secret.
#[derive(Clone)]
pub struct Invites {
    encoding: EncodingKey,
    decoding: DecodingKey,
    lifetime: Duration,
}

/// What a valid invite says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// The token's own id, by which it can be told apart from every other.
    pub id: String,
    /// The room it lets into.
    pub room: RoomId,
    /// What its holder may do there.
    pub role: Role,
    /// When it stops letting in.
    pub expires_at: SystemTime,
}

/// Who comes back with a resume ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The room.
    pub room: RoomId,
    /// The participant, the same as before.
    pub participant: ParticipantId,
    /// What they may do.
    pub role: Role,
    /// The name they gave.
    pub display_name: String,
    /// The invite they came by, if they came by one.
    pub invite_id: Option<String>,
}

/// What an invite is made of: the same grant is always the same token, so a room that remembers
/// its grants has their links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The token's own id.
    pub id: String,
    /// The room it lets into.
    pub room: RoomId,
    /// What its holder may do there.
    pub role: Role,
    /// When it was issued, in seconds since 1970.
    pub issued_at: u64,
    /// When it stops letting in, in seconds since 1970.
    pub expires_at: u64,
}

/// Why an invite does not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// Malformed, or not signed by this server.
    #[error("the invite is not valid")]
    Invalid,
    /// Genuine, but its time has passed.
    #[error("the invite has expired")]
    Expired,
}

impl InviteError {
    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Invalid => ErrorCode::InviteInvalid,
            Self::Expired => ErrorCode::InviteExpired,
        }
    }
}

/// The ticket is malformed, expired, or of another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the resume ticket is not valid")]
pub struct TicketInvalid;

impl Invites {
    /// Signs with `secret`; invites last [`DEFAULT_INVITE_LIFETIME`].
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            lifetime: DEFAULT_INVITE_LIFETIME,
        }
    }

    /// Invites issued from now on last `lifetime`.
    #[must_use]
    pub const fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// How long an invite lets in where nothing else is said.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Issues an invite to `room` that the room does not know of, valid from `now` on.
    #[must_use]
    pub fn issue(&self, room: &RoomId, role: Role, now: SystemTime) -> String {
        let issued_at = unix_seconds(now);
        self.token(Grant {
            id: random::token_id(),
            room: room.clone(),
            role,
            issued_at,
            expires_at: issued_at.saturating_add(self.lifetime.as_secs()),
        })
    }

    /// The token of a grant.
    #[must_use]
    pub fn token(&self, grant: Grant) -> String {
        let Grant { id, room, role, issued_at, expires_at } = grant;
        let audience = InviteAudience::Invite;
        self.sign(&InviteClaims { audience, issued_at, expires_at, id, room, role })
    }

    /// Reads an invite.
    ///
    /// # Errors
    ///
    /// Says whether the token was never ours or is too old.
    pub fn verify(&self, token: &str, now: SystemTime) -> Result<Invite, InviteError> {
        let claims: InviteClaims = self.open(token).ok_or(InviteError::Invalid)?;
        if is_over(claims.expires_at, now) {
            return Err(InviteError::Expired);
        }
        Ok(Invite {
            id: claims.id,
            room: claims.room,
            role: claims.role,
            expires_at: SystemTime::UNIX_EPOCH + Duration::from_secs(claims.expires_at),
        })
    }

    /// Issues the ticket that brings its holder back as the same participant.
    #[must_use]
    pub fn issue_ticket(&self, ticket: &Ticket, now: SystemTime) -> String {
        let issued_at = unix_seconds(now);
        self.sign(&TicketClaims {
            audience: TicketAudience::Resume,
            issued_at,
            expires_at: issued_at.saturating_add(TICKET_LIFETIME.as_secs()),
            id: random::token_id(),
            room: ticket.room.clone(),
            role: ticket.role,
            participant: ticket.participant.clone(),
            display_name: ticket.display_name.clone(),
            invite_id: ticket.invite_id.clone(),
        })
    }

    /// Reads a ticket.
    ///
    /// # Errors
    ///
    /// The ticket is not ours, or its time has passed.
    pub fn verify_ticket(&self, token: &str, now: SystemTime) -> Result<Ticket, TicketInvalid> {
        let claims: TicketClaims = self.open(token).ok_or(TicketInvalid)?;
        if is_over(claims.expires_at, now) {
            return Err(TicketInvalid);
        }
        Ok(Ticket {
            room: claims.room,
            participant: claims.participant,
            role: claims.role,
            display_name: claims.display_name,
            invite_id: claims.invite_id,
        })
    }

    fn sign(&self, claims: &impl Serialize) -> String {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
            .expect("plain claims can be written and HMAC takes any key")
    }

    /// The claims of a token that this server signed, whatever its age.
    fn open<C: DeserializeOwned>(&self, token: &str) -> Option<C> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        // The library would compare `exp` with a clock of its own and `aud` with text; the claims'
        // types do it here: a claim that is missing or of another type is not read at all.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.leeway = 0;
        let token = jsonwebtoken::decode(token, &self.decoding, &validation).ok()?;
        Some(token.claims)
    }
}

impl fmt::Debug for Invites {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invites").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// The payload of an invite. Names of RFC 7519 section 4.1 where it has one.
#[derive(Debug, Serialize, Deserialize)]
struct InviteClaims {
    #[serde(rename = "aud")]
    audience: InviteAudience,
    #[serde(rename = "iat")]
    issued_at: u64,
    #[serde(rename = "exp")]
    expires_at: u64,
    #[serde(rename = "jti")]
    id: String,
    room: RoomId,
    role: Role,
}

/// The payload of a resume ticket.
#[derive(Debug, Serialize, Deserialize)]
struct TicketClaims {
    #[serde(rename = "aud")]
    audience: TicketAudience,
    #[serde(rename = "iat")]
    issued_at: u64,
    #[serde(rename = "exp")]
    expires_at: u64,
    #[serde(rename = "jti")]
    id: String,
    room: RoomId,
    role: Role,
    #[serde(rename = "sub")]
    participant: ParticipantId,
    #[serde(rename = "name")]
    display_name: String,
    #[serde(rename = "inv", default, skip_serializing_if = "Option::is_none")]
    invite_id: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
enum InviteAudience {
    #[serde(rename = "invite")]
    Invite,
}

#[derive(Debug, Serialize, Deserialize)]
enum TicketAudience {
    #[serde(rename = "resume")]
    Resume,
}

/// "On or after" the time of `exp` the token must not be accepted (RFC 7519 section 4.1.4).
fn is_over(expires_at: u64, now: SystemTime) -> bool {
    unix_seconds(now) >= expires_at
}

/// Whole seconds since 1970; a clock before that counts as 1970.
#[must_use]
pub fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

#[cfg(test)]
mod tests;
