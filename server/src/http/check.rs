//! `/api/check`: whether someone's media would reach this server, tried without any room.
//!
//! A trial is a transport of its own in a router of its own, which nobody else is in: the caller's
//! ICE and DTLS connect to it or do not, and it ends by itself.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use axum::{Json, Router, extract::State, routing::post};
use sfu::{
    command::{Command, CommandReply},
    transport::sdp::RemoteOffer,
};
use shared::{
    error::ErrorCode,
    ids::RouterId,
    limits::CHECK_SECONDS,
    rest::{CheckRequest, CheckResponse},
    signaling::Direction,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{
    errors::{ApiError, JsonBody},
    origin::ClientAddress,
    sessions::sdp_invalid,
};
use crate::{App, AppState, rooms::MediaCommand, signaling::media_code};

/// What all trials share.
#[derive(Debug)]
pub struct Checks {
    places: Arc<Semaphore>,
    settings: CheckSettings,
}

/// The bounds of trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckSettings {
    /// Most trials at once, whoever makes them; each has an idle transport.
    pub max_checks: usize,
    /// How long one lasts, connected or not.
    pub lifetime: Duration,
}

impl Default for CheckSettings {
    fn default() -> Self {
        Self { max_checks: 200, lifetime: Duration::from_secs(CHECK_SECONDS.into()) }
    }
}

impl Checks {
    /// No trial yet.
    #[must_use]
    pub fn new(settings: CheckSettings) -> Self {
        Self { places: Arc::new(Semaphore::new(settings.max_checks)), settings }
    }

    /// Trials there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.settings.max_checks.saturating_sub(self.places.available_permits())
    }

    /// Whether there is no trial.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `/check`.
pub fn routes() -> Router<AppState> {
    Router::new().route("/check", post(check))
}

async fn check(
    State(app): State<AppState>,
    client: ClientAddress,
    JsonBody(CheckRequest { offer }): JsonBody<CheckRequest>,
) -> Result<Json<CheckResponse>, ApiError> {
    if app.shutdown.is_begun() {
        return Err(ErrorCode::ServerShutdown.into());
    }
    let offered = RemoteOffer::parse(&offer).map_err(|error| sdp_invalid(&error))?;
    offered.transport.ok_or(ErrorCode::SdpInvalid)?;
    app.limits.checks.take(client.0, Instant::now())?;
    let place = Arc::clone(&app.checks.places).try_acquire_owned();
    let place = place.map_err(|_| ErrorCode::ServerBusy)?;
    let (made, answer) = oneshot::channel();
    app.shutdown.spawn(run(Arc::clone(&app), offer, place, made));
    let answer = answer.await.map_err(|_| ErrorCode::Internal)??;
    let ice_servers = app.signaling.ice_servers_for_check(SystemTime::now());
    Ok(Json(CheckResponse { answer, ice_servers }))
}

/// One trial from its beginning to its end, also if the caller hangs up meanwhile.
async fn run(
    app: AppState,
    offer: String,
    place: OwnedSemaphorePermit,
    made: oneshot::Sender<Result<String, ErrorCode>>,
) {
    let router_id = app.rooms.next_router_id();
    let answer = app.answer_check(router_id, offer).await;
    let is_answered = answer.is_ok();
    if made.send(answer).is_ok() && is_answered {
        tokio::select! {
            () = tokio::time::sleep(app.checks.settings.lifetime) => {}
            () = app.shutdown.begun() => {}
        }
    }
    // One that was not made is not there, which is no error.
    let command = Command::CloseRouter { router_id };
    app.carry_out([MediaCommand { router_id, command }]).await;
    drop(place);
}

impl App {
    async fn answer_check(&self, router_id: RouterId, sdp: String) -> Result<String, ErrorCode> {
        let transport_id = self.rooms.next_transport_id();
        let direction = Direction::Send;
        let commands = [
            Command::CreateRouter { router_id },
            Command::CreateTransport { router_id, transport_id, direction },
            Command::AcceptOffer { transport_id, sdp },
        ];
        let mut reply = CommandReply::Done;
        for command in commands {
            let done = self.media.command(router_id, command).await;
            reply = done.map_err(|error| media_code(&error))?;
        }
        match reply {
            CommandReply::Description(answer) => Ok(answer),
            _ => Err(ErrorCode::Internal),
        }
    }
}
