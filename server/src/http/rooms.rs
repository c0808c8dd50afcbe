//! The REST interface of the rooms.

use std::{
    convert::Infallible,
    time::{Instant, SystemTime},
};

use axum::{
    Json, Router,
    extract::{FromRequestParts, Path, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION, request::Parts},
    routing::{get, post},
};
use shared::{
    error::ErrorCode,
    ids::RoomId,
    limits::{MAX_VIDEO_BITRATE, MIN_VIDEO_BITRATE},
    rest::{CreateRoomRequest, CreateRoomResponse, ParticipantsResponse, RoomResponse},
    signaling::Role,
};

use super::{
    errors::{ApiError, JsonBody},
    limits::Limited,
    origin::{ClientAddress, PublicBase},
};
use crate::{
    AppState,
    rooms::{Admission, RoomError, checked_name},
};

/// `/rooms` and what is below it.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/rooms", post(create))
        .route("/rooms/{room_id}", get(room))
        .route("/rooms/{room_id}/participants", get(participants))
}

async fn create(
    State(app): State<AppState>,
    client: ClientAddress,
    base: PublicBase,
    JsonBody(request): JsonBody<CreateRoomRequest>,
) -> Result<(StatusCode, Json<CreateRoomResponse>), ApiError> {
    let host_name = checked_name(&request.host_name)?;
    let bitrate = checked_bitrate(request.max_video_bitrate)?;
    app.limits.room_creation.take(client.0, Instant::now())?;
    let admission = match request.invite_only {
        Some(true) => Admission::InviteOnly,
        Some(false) | None => Admission::BareIdAllowed,
    };
    let now = SystemTime::now();
    let room = app.rooms.create_limited(host_name, admission, bitrate, now)?;
    let guest_token = app.invites.issue(&room.room_id, Role::Guest, now);
    let response = CreateRoomResponse {
        invite_link: base.invite_link(&room.room_id, &guest_token),
        host_token: app.invites.issue(&room.room_id, Role::Host, now),
        host_name: room.host_name,
        room_id: room.room_id,
    };
    Ok((StatusCode::CREATED, Json(response)))
}

fn checked_bitrate(bitrate: Option<u32>) -> Result<Option<u32>, ApiError> {
    let is_within = |bitrate| (MIN_VIDEO_BITRATE..=MAX_VIDEO_BITRATE).contains(&bitrate);
    if bitrate.is_none_or(is_within) {
        return Ok(bitrate);
    }
    let detail = format!("maxVideoBitrate is from {MIN_VIDEO_BITRATE} to {MAX_VIDEO_BITRATE}.");
    Err(ApiError::with_detail(ErrorCode::BadRequest, detail))
}

async fn room(
    State(app): State<AppState>,
    client: ClientAddress,
    AskedRoom(room_id): AskedRoom,
) -> Result<Json<RoomResponse>, ApiError> {
    let now = Instant::now();
    app.limits.room_guess.peek(client.0, now)?;
    match room_id.and_then(|room_id| app.rooms.summary(&room_id)) {
        Some(room) => Ok(Json(RoomResponse {
            room_id: room.room_id,
            host_name: room.host_name,
            participant_count: room.participant_count,
            viewer_count: room.viewer_count,
            created_at: humantime::format_rfc3339_millis(room.created_at).to_string(),
        })),
        None => {
            app.limits.room_guess.take(client.0, now)?;
            Err(ErrorCode::RoomNotFound.into())
        }
    }
}

async fn participants(
    State(app): State<AppState>,
    headers: HeaderMap,
    AskedRoom(room_id): AskedRoom,
) -> Result<Json<ParticipantsResponse>, ApiError> {
    let token = bearer(&headers)?;
    let invite = app.invites.verify(token, SystemTime::now());
    let invite = invite.map_err(|error| ApiError::unauthorized(error.code()))?;
    if room_id.as_ref() != Some(&invite.room) {
        return Err(ErrorCode::Forbidden.into());
    }
    let participants = app.rooms.participants(&invite.room).ok_or(ErrorCode::RoomNotFound)?;
    Ok(Json(ParticipantsResponse { participants }))
}

/// The room of a path; none when no room can have that id.
pub(super) struct AskedRoom(pub(super) Option<RoomId>);

impl<S: Send + Sync> FromRequestParts<S> for AskedRoom {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let id = Path::<String>::from_request_parts(parts, state).await.ok();
        Ok(Self(id.and_then(|Path(id)| id.parse().ok())))
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

impl From<Limited> for ApiError {
    fn from(limited: Limited) -> Self {
        Self::too_many(limited.wait)
    }
}

impl From<RoomError> for ApiError {
    fn from(error: RoomError) -> Self {
        tracing::error!(%error, "[ROOM] a room could not be created");
        error.code().into()
    }
}
