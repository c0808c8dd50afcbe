//! Whether the process lives, and whether it takes new work: for supervisors and load balancers.

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use serde::Serialize;

use crate::AppState;

/// `/live` and `/ready`.
pub fn routes() -> Router<AppState> {
    Router::new().route("/live", get(live)).route("/ready", get(ready))
}

/// How the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The process answers.
    Live,
    /// New meetings and participants are welcome.
    Ready,
    /// Media workers are missing.
    Starting,
    /// The server is about to stop.
    Stopping,
}

#[derive(Debug, Serialize)]
struct Health {
    status: Status,
}

async fn live() -> Json<Health> {
    Json(Health { status: Status::Live })
}

async fn ready(State(app): State<AppState>) -> (StatusCode, Json<Health>) {
    let status = app.status();
    let code = match status {
        Status::Live | Status::Ready => StatusCode::OK,
        Status::Starting | Status::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    };
    (code, Json(Health { status }))
}
