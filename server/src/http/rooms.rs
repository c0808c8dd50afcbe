//! The REST interface of the rooms.

use std::{
    collections::HashMap,
    convert::Infallible,
    time::{Instant, SystemTime},
};

use axum::{
    Json, Router,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    routing::{get, post},
};
use sfu::command::{Command, CommandReply, Traffic};
use shared::{
    error::ErrorCode,
    ids::{RoomId, TransportId},
    limits::{MAX_VIDEO_BITRATE, MIN_VIDEO_BITRATE},
    rest::{
        CreateRoomRequest, CreateRoomResponse, ParticipantsResponse, RoomDetails, RoomResponse,
        RoomsResponse, UpdateRoomRequest,
    },
    signaling::{Right, Role},
};

use super::{
    authority::{Authority, Authorized},
    errors::{ApiError, JsonBody},
    limits::Limited,
    origin::{ClientAddress, PublicBase},
};
use crate::{
    App, AppState,
    rooms::{Admission, NewRoom, RoomError, RoomSummary, SharedRoom, checked_name},
};

/// `/rooms` and what is below it.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/rooms", post(create).get(list))
        .route("/rooms/{room_id}", get(room).patch(update).delete(end))
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
    let new = NewRoom {
        host_name: host_name.to_owned(),
        admission: match request.invite_only {
            Some(true) => Admission::InviteOnly,
            Some(false) | None => Admission::BareIdAllowed,
        },
        lobby: request.lobby.unwrap_or_default(),
        max_video_bitrate: bitrate,
    };
    let now = SystemTime::now();
    let room_id = app.rooms.open_room(new, now)?.room_id;
    let room = app.rooms.find(&room_id).ok_or(ErrorCode::Internal)?;
    let mut room = room.lock();
    let mut token = |role| {
        let link = room.room_link(role, app.invites.lifetime(), now);
        link.map(|link| app.invites.token(link.grant)).ok_or(ErrorCode::Internal)
    };
    let (guest_token, host_token) = (token(Role::Guest)?, token(Role::Host)?);
    app.rooms.keep(&mut room);
    let invite_link = base.invite_link(&room_id, &guest_token);
    let host_name = room.host_name().to_owned();
    Ok((
        StatusCode::CREATED,
        Json(CreateRoomResponse { room_id, invite_link, host_name, host_token }),
    ))
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
        Some(room) => Ok(Json(room.into())),
        None => {
            app.limits.room_guess.take(client.0, now)?;
            Err(ErrorCode::RoomNotFound.into())
        }
    }
}

async fn participants(authorized: Authorized) -> Json<ParticipantsResponse> {
    let participants = authorized.room.lock().participant_responses();
    Json(ParticipantsResponse { participants })
}

/// The rooms that a host, or the administrator, may see.
async fn list(
    State(app): State<AppState>,
    authority: Authority,
) -> Result<Json<RoomsResponse>, ApiError> {
    let rooms = match authority {
        Authority::Administrator => app.rooms.all(),
        Authority::Invited(invite) if invite.role.may(Right::Lock) => {
            app.rooms.find(&invite.room).into_iter().collect()
        }
        Authority::Invited(_) => return Err(ErrorCode::Forbidden.into()),
    };
    let mut found = Vec::with_capacity(rooms.len());
    for room in rooms {
        found.push(details(&app, &room).await);
    }
    found.sort_by(|a, b| a.room.created_at.cmp(&b.room.created_at));
    Ok(Json(RoomsResponse { rooms: found }))
}

async fn details(app: &App, shared: &SharedRoom) -> RoomDetails {
    let traffic = app.traffic_in(shared).await;
    let room = shared.lock();
    RoomDetails {
        room: room.summary().into(),
        participants: room.participant_details(&traffic),
        knock_count: room.knock_count(),
    }
}

impl App {
    /// What the transports of a room have carried; nothing where no worker can say.
    async fn traffic_in(&self, room: &SharedRoom) -> HashMap<TransportId, Traffic> {
        let Some(router_id) = room.lock().router_id() else { return HashMap::new() };
        match self.command_in(room, Command::MeasureRouter { router_id }).await {
            Ok(CommandReply::Measured(measured)) => measured.into_iter().collect(),
            Ok(_) | Err(_) => HashMap::new(),
        }
    }
}

async fn update(
    State(app): State<AppState>,
    authorized: Authorized,
    JsonBody(request): JsonBody<UpdateRoomRequest>,
) -> Result<Json<RoomResponse>, ApiError> {
    let (mut room, actor) = (authorized.room.lock(), authorized.actor());
    let (now, token) = (SystemTime::now(), |grant| app.invites.token(grant));
    room.check_right(actor, Right::Lock)?;
    room.change_rules(actor, request, now, token)?;
    app.rooms.keep(&mut room);
    Ok(Json(room.summary().into()))
}

async fn end(State(app): State<AppState>, authorized: Authorized) -> Result<StatusCode, ApiError> {
    let ended = authorized.room.lock().end(authorized.actor(), Instant::now())?;
    app.forget_ended(&authorized.room, ended).await;
    Ok(StatusCode::NO_CONTENT)
}

impl From<RoomSummary> for RoomResponse {
    fn from(room: RoomSummary) -> Self {
        Self {
            room_id: room.room_id,
            host_name: room.host_name,
            participant_count: room.participant_count,
            viewer_count: room.viewer_count,
            created_at: humantime::format_rfc3339_millis(room.created_at).to_string(),
            locked: room.rules.locked,
            lobby: room.rules.lobby,
        }
    }
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
