//! The invites of a room over REST, for its hosts and for the administrator.

use std::time::{Instant, SystemTime};

use axum::{
    Json, Router,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
    routing::{delete, get},
};
use serde::Deserialize;
use shared::{
    error::ErrorCode,
    signaling::{CreateInvite, Invite, InviteList, RevokeInvite},
};

use super::{
    authority::Authorized,
    errors::{ApiError, JsonBody},
    origin::PublicBase,
};
use crate::{AppState, rooms::room::InvitePlan};

/// What is below `/rooms/{room_id}/invites`, with it.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/rooms/{room_id}/invites", get(list).post(create))
        .route("/rooms/{room_id}/invites/{invite_id}", delete(revoke))
}

async fn list(
    State(app): State<AppState>,
    base: PublicBase,
    authorized: Authorized,
) -> Result<Json<InviteList>, ApiError> {
    let room = authorized.room.lock();
    let link = app.links(base.invite_link(room.id(), "").into());
    let invites = room.list_invites(authorized.actor(), SystemTime::now(), link)?;
    Ok(Json(InviteList { invites }))
}

async fn create(
    State(app): State<AppState>,
    base: PublicBase,
    authorized: Authorized,
    JsonBody(request): JsonBody<CreateInvite>,
) -> Result<(StatusCode, Json<Invite>), ApiError> {
    let plan = InvitePlan::parse(&request, app.invites.lifetime());
    let plan =
        plan.map_err(|why| ApiError::with_detail(ErrorCode::BadRequest, format!("{why}.")))?;
    let mut room = authorized.room.lock();
    let link = app.links(base.invite_link(room.id(), "").into());
    let invite = room.create_invite(authorized.actor(), plan, SystemTime::now(), link)?;
    app.rooms.keep(&mut room);
    Ok((StatusCode::CREATED, Json(invite)))
}

/// What may be said in the address of [`revoke`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RevokeOptions {
    #[serde(default)]
    end_sessions: bool,
}

async fn revoke(
    State(app): State<AppState>,
    authorized: Authorized,
    Path((_, invite_id)): Path<(String, String)>,
    options: Result<Query<RevokeOptions>, QueryRejection>,
) -> Result<StatusCode, ApiError> {
    let Query(RevokeOptions { end_sessions }) = options.map_err(|_| ErrorCode::BadRequest)?;
    let now = (Instant::now(), SystemTime::now());
    let ended = {
        let mut room = authorized.room.lock();
        let revoke = RevokeInvite { invite_id, end_sessions };
        let (link, ended) = room.revoke_invite(authorized.actor(), &revoke, now)?;
        app.renew_link(&mut room, link, now.1);
        app.rooms.keep(&mut room);
        ended
    };
    app.carry_out(ended).await;
    Ok(StatusCode::NO_CONTENT)
}
