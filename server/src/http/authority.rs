//! Who asks over HTTP for what not everyone may do.

use std::time::{Instant, SystemTime};

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
};
use shared::{error::ErrorCode, ids::RoomId, signaling::Role};

use super::{errors::ApiError, origin::ClientAddress};
use crate::{
    App, AppState,
    invites::Invite,
    rooms::{SharedRoom, room::Actor},
};

/// What a request showed.
#[derive(Debug)]
pub(super) enum Authority {
    /// The administrator's token: everything, everywhere.
    Administrator,
    /// An invite, in its room.
    Invited(Invite),
}

/// The room of a path, `room_id` in it, and what a request's token makes its holder there.
pub(super) struct Authorized {
    pub(super) room: SharedRoom,
    role: Role,
}

impl Authorized {
    /// Who asks, for the room to say whether they may.
    pub(super) const fn actor(&self) -> Actor<'static> {
        Actor::Bearer(self.role)
    }
}

impl FromRequestParts<AppState> for Authority {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let Ok(client) = ClientAddress::from_request_parts(parts, app).await;
        app.authority(&parts.headers, client)
    }
}

impl FromRequestParts<AppState> for Authorized {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let authority = Authority::from_request_parts(parts, app).await?;
        let path = RawPathParams::from_request_parts(parts, app).await;
        let room_id = path.ok().and_then(|path| {
            let (_, id) = path.iter().find(|(name, _)| *name == "room_id")?;
            id.parse::<RoomId>().ok()
        });
        let role = match (&authority, &room_id) {
            (Authority::Administrator, _) => Role::Host,
            (Authority::Invited(invite), Some(room_id)) if invite.room == *room_id => invite.role,
            (Authority::Invited(_), _) => return Err(ErrorCode::Forbidden.into()),
        };
        let room = room_id.and_then(|room_id| app.rooms.find(&room_id));
        Ok(Self { room: room.ok_or(ErrorCode::RoomNotFound)?, role })
    }
}

impl App {
    /// What a request shows; guesses are counted.
    fn authority(&self, headers: &HeaderMap, client: ClientAddress) -> Result<Authority, ApiError> {
        let token = bearer(headers)?;
        self.limits.room_guess.peek(client.0, Instant::now())?;
        let admin_token = self.config.storage.admin_token.0.as_ref();
        if admin_token.is_some_and(|admin_token| admin_token.is(token)) {
            return Ok(Authority::Administrator);
        }
        let invite = self.invite_of(token);
        if invite.as_ref().is_err_and(|error| error.code() == ErrorCode::InviteInvalid) {
            self.limits.room_guess.take(client.0, Instant::now())?;
        }
        invite.map(Authority::Invited)
    }

    /// The invite of a token, unless its room has withdrawn it.
    fn invite_of(&self, token: &str) -> Result<Invite, ApiError> {
        let invite = self.invites.verify(token, SystemTime::now());
        let invite = invite.map_err(|error| ApiError::unauthorized(error.code()))?;
        if let Some(room) = self.rooms.find(&invite.room) {
            room.lock().check_revoked(&invite.id).map_err(ApiError::refused)?;
        }
        Ok(invite)
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 section 2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let credentials = headers
        .get(AUTHORIZATION)
        .ok_or_else(|| ApiError::unauthorized(ErrorCode::InviteRequired))?
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    credentials
        .map(|(_, token)| token.trim())
        .ok_or_else(|| ApiError::unauthorized(ErrorCode::InviteInvalid))
}
