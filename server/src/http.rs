//! The outside world of HTTP: the page, REST, health, and the door to signaling.
//!
//! | module | what it answers |
//! |---|---|
//! | [`pages`] | the pages, rendered |
//! | [`rooms`] | the REST interface of the rooms |
//! | [`invites`] | the same of their invites |
//! | [`authority`] | who asks, and what they may do |
//! | [`check`] | whether someone's media would reach us |
//! | [`whip`] | publishing by one request (RFC 9725) |
//! | [`whep`] | watching by one request (draft-ietf-wish-whep) |
//! | [`sessions`] | what WHIP and WHEP have in common |
//! | [`health`] | whether the process lives and takes work |
//! | [`assets`] | the built page: scripts, styles, icons |
//! | [`errors`] | problem details (RFC 9457) for everything that goes wrong |
//! | [`headers`] | the security headers of every response |
//! | [`limits`] | how often one address may do what |
//! | [`origin`] | where the caller is, and where the caller thinks we are |
//! | [`listener`] | connections: their bounds, and their end |

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::any};
use shared::{error::ErrorCode, limits::MAX_BODY_BYTES};

use crate::{AppState, signaling};

pub mod assets;
mod authority;
pub mod check;
pub mod errors;
pub mod headers;
pub mod health;
mod invites;
pub mod limits;
pub mod listener;
pub mod origin;
pub mod pages;
pub mod rooms;
pub mod sessions;
pub mod whep;
pub mod whip;

/// Every route of the server.
pub fn app(state: AppState) -> Router {
    Router::new()
        .nest("/api", api())
        .route("/api/", any(not_found))
        .nest("/health", health::routes())
        .merge(sessions::routes())
        .merge(signaling::routes())
        .merge(pages::routes())
        .fallback(pages::asset_or_not_found)
        .layer(middleware::from_fn(headers::secure))
        .with_state(state)
}

fn api() -> Router<AppState> {
    Router::new()
        .merge(rooms::routes())
        .merge(invites::routes())
        .merge(check::routes())
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

async fn not_found() -> errors::ApiError {
    ErrorCode::NotFound.into()
}

async fn method_not_allowed() -> errors::ApiError {
    ErrorCode::MethodNotAllowed.into()
}
