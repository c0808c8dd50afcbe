//! What WHIP and WHEP have in common: their resources, who may use them, and how they end.
//!
//! A `POST` of an offer makes a session; its resource is changed and ended by who made it. The
//! sessions themselves are kept by the rooms, so that nothing here outlives what it stands for.

use std::{
    future::Future,
    sync::Arc,
    time::{Instant, SystemTime},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequestParts, Path, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{self, IF_MATCH},
        request::Parts,
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodRouter, patch, post},
};
use sfu::{
    command::{Command, CommandReply},
    transport::sdp::IceFragment,
};
use shared::{error::ErrorCode, ids::RoomId, limits::MAX_BODY_BYTES, media::IceServer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{
    authority::bearer,
    errors::{ApiError, text_body},
    origin::ClientAddress,
    whep, whip,
};
use crate::{
    App, AppState,
    invites::Invite,
    rooms::{
        SharedRoom,
        session::{HttpSession, IceChange},
    },
};

/// The type of offers and answers (RFC 8866 section 8.1).
pub(super) const SDP: &str = "application/sdp";

/// The type of changes of an ICE session (RFC 8840 section 9).
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// What the pages of any origin may use: a session is made and changed with a token and by nothing
/// a browser would add by itself.
const CORS: [(HeaderName, &str); 4] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (header::ACCESS_CONTROL_ALLOW_METHODS, "DELETE, GET, HEAD, OPTIONS, PATCH, POST"),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, If-Match"),
    (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Accept-Patch, ETag, Link, Location, Retry-After"),
];

/// How long a browser may remember [`CORS`], in seconds.
const CORS_MAX_AGE: &str = "7200";

/// What a resource takes by `POST` (W3C Linked Data Platform 1.0 section 7.1).
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

/// What a resource takes by `PATCH` (RFC 5789 section 3.1).
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// What all sessions share.
#[derive(Debug)]
pub struct Sessions {
    places: Arc<Semaphore>,
    max_sessions: usize,
}

/// The bounds of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSettings {
    /// Most sessions at once, over all rooms.
    pub max_sessions: usize,
}

impl Default for SessionSettings {
    /// As many as could be watching on the largest machine we measured.
    fn default() -> Self {
        Self { max_sessions: 2_000 }
    }
}

impl Sessions {
    /// No session yet.
    #[must_use]
    pub fn new(settings: SessionSettings) -> Self {
        let SessionSettings { max_sessions } = settings;
        Self { places: Arc::new(Semaphore::new(max_sessions)), max_sessions }
    }

    /// Sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.max_sessions.saturating_sub(self.places.available_permits())
    }

    /// Whether there is no session.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `/whip`, `/whep` and what is below them.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/whip/{room_id}", endpoint(post(whip::publish)))
        .route("/whip/{room_id}/sessions/{session_id}", session())
        .route("/whep/{room_id}", endpoint(post(whep::watch_room)))
        .route("/whep/{room_id}/{participant_id}", endpoint(post(whep::watch_participant)))
        .route("/whep/{room_id}/sessions/{session_id}", session())
        .method_not_allowed_fallback(super::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn(allow_any_origin))
}

fn endpoint(make: MethodRouter<AppState>) -> MethodRouter<AppState> {
    make.get(nothing).options(|| async { about(ACCEPT_POST, SDP) })
}

fn session() -> MethodRouter<AppState> {
    patch(change).delete(end).get(nothing).options(|| async { about(ACCEPT_PATCH, FRAGMENT) })
}

/// A resource has no representation of its own (RFC 9725 section 4.1).
async fn nothing() -> StatusCode {
    StatusCode::NO_CONTENT
}

fn about(accept: HeaderName, media_type: &'static str) -> impl IntoResponse {
    [(accept, media_type), (header::ACCESS_CONTROL_MAX_AGE, CORS_MAX_AGE)]
}

async fn allow_any_origin(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in CORS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Someone who may make a session in a room.
pub(super) struct Caller {
    pub(super) room: SharedRoom,
    pub(super) invite: Invite,
    token: String,
}

/// A session that was made.
pub(super) struct Created {
    /// The first part of the path.
    pub(super) protocol: &'static str,
    pub(super) room_id: RoomId,
    pub(super) session_id: String,
    pub(super) etag: String,
    /// Our answer.
    pub(super) sdp: String,
}

impl App {
    /// Lets a caller in who shows an invite of the room.
    pub(super) fn admit_caller(
        &self,
        room_id: Option<&RoomId>,
        headers: &HeaderMap,
        client: ClientAddress,
    ) -> Result<Caller, ApiError> {
        if self.shutdown.is_begun() {
            return Err(ErrorCode::ServerShutdown.into());
        }
        self.limits.sessions.take(client.0, Instant::now())?;
        let token = bearer(headers)?;
        let invite = self.invites.verify(token, SystemTime::now());
        let invite = invite.map_err(|error| ApiError::unauthorized(error.code()))?;
        if room_id != Some(&invite.room) {
            return Err(ErrorCode::Forbidden.into());
        }
        let room = self.rooms.find(&invite.room).ok_or(ErrorCode::RoomNotFound)?;
        let checked = room.lock().check_invite(Some(&invite.id), invite.role);
        checked.map_err(ApiError::refused)?;
        Ok(Caller { room, invite, token: token.to_owned() })
    }

    /// The session of a caller whose offer had `client_ufrag`.
    pub(super) fn new_session(
        &self,
        caller: &Caller,
        client_ufrag: String,
    ) -> Result<HttpSession, ErrorCode> {
        let place: Option<OwnedSemaphorePermit> =
            Arc::clone(&self.sessions.places).try_acquire_owned().ok();
        let place = place.ok_or(ErrorCode::ServerBusy)?;
        Ok(HttpSession::new(&caller.token, client_ufrag, place))
    }

    /// Begins a new ICE session; returns its entity tag, and the lines that say what our end is.
    async fn restart_session(
        &self,
        OwnSession { room, id }: &OwnSession,
        ufrag: &str,
    ) -> Result<(String, String), ErrorCode> {
        let transport_id = room.lock().transport_of_session(id).ok_or(ErrorCode::NotFound)?;
        let reply = self.command_in(room, Command::RestartIce { transport_id }).await?;
        let CommandReply::Description(lines) = reply else { return Err(ErrorCode::Internal) };
        let etag = room.lock().restart_session(id, ufrag).ok_or(ErrorCode::NotFound)?;
        Ok((etag, lines))
    }

    pub(super) async fn end_session(&self, room: &SharedRoom, session_id: &str) {
        let discarded = room.lock().end_session(session_id, Instant::now());
        self.carry_out(discarded).await;
    }
}

/// Makes a session to its end, also if the client hangs up meanwhile: then it is ended, for nobody
/// would know its name.
pub(super) async fn make<F>(
    app: AppState,
    room: SharedRoom,
    making: F,
) -> Result<Response, ApiError>
where
    F: Future<Output = Result<Created, ApiError>> + Send + 'static,
{
    let (made, waiting) = oneshot::channel();
    let maker = Arc::clone(&app);
    app.shutdown.spawn(async move {
        if let Err(Ok(unheard)) = made.send(making.await) {
            maker.end_session(&room, &unheard.session_id).await;
        }
    });
    let created = waiting.await.map_err(|_| ErrorCode::Internal)??;
    Ok(created.into_response(&app))
}

impl Created {
    /// 201 with the answer (RFC 9725 section 4.2).
    fn into_response(self, app: &App) -> Response {
        let Self { protocol, room_id, session_id, etag, sdp } = self;
        // Absolute where we know for sure what the client sees of us.
        let base = app.config.http.public_url.0.as_ref().map(ToString::to_string);
        let base = base.unwrap_or_default();
        let location = format!("{base}/{protocol}/{room_id}/sessions/{session_id}");
        let known = [
            (header::CONTENT_TYPE, SDP.to_owned()),
            (header::LOCATION, location),
            (header::ETAG, etag),
            (ACCEPT_PATCH, FRAGMENT.to_owned()),
        ];
        let mut response = (StatusCode::CREATED, known, sdp).into_response();
        // The server of the relay is not told which session it is.
        let servers = app.signaling.ice_servers(protocol, SystemTime::now());
        for link in servers.iter().flat_map(links) {
            response.headers_mut().append(header::LINK, link);
        }
        response
    }
}

/// An ICE server as `Link` headers, one for each URL (RFC 9725 section 4.6).
fn links(server: &IceServer) -> impl Iterator<Item = HeaderValue> {
    let quoted = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"");
    let credentials = server.username.as_ref().zip(server.credential.as_ref());
    let credentials = credentials.map_or_else(String::new, |(username, credential)| {
        let (username, credential) = (quoted(username), quoted(credential));
        format!(
            "; username=\"{username}\"; credential=\"{credential}\"; credential-type=\"password\""
        )
    });
    let link =
        move |url| HeaderValue::try_from(format!("<{url}>; rel=\"ice-server\"{credentials}"));
    server.urls.iter().filter_map(move |url| link(url).ok())
}

/// The session of a path, for the one who made it.
struct OwnSession {
    room: SharedRoom,
    id: String,
}

impl FromRequestParts<AppState> for OwnSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let Path((room_id, id)) = path.map_err(|_| ErrorCode::NotFound)?;
        let token = bearer(&parts.headers)?;
        let room = room_id.parse().ok().and_then(|room_id| app.rooms.find(&room_id));
        let room = room.ok_or(ErrorCode::NotFound)?;
        room.lock().session(&id).ok_or(ErrorCode::NotFound)?.admit(token)?;
        Ok(Self { room, id })
    }
}

/// `DELETE`: ends a session (RFC 9725 section 4.2). Entity tags are not looked at.
async fn end(State(app): State<AppState>, session: OwnSession) -> StatusCode {
    app.end_session(&session.room, &session.id).await;
    StatusCode::OK
}

/// `PATCH`: candidates, which need not be known, for we answer where we are asked; and ICE restarts
/// (RFC 9725 section 4.3).
async fn change(
    State(app): State<AppState>,
    client: ClientAddress,
    session: OwnSession,
    request: Request,
) -> Result<Response, ApiError> {
    let if_match = request.headers().get(IF_MATCH).cloned();
    let text = text_body(request, FRAGMENT).await?;
    let fragment = IceFragment::parse(&text);
    let fragment = fragment.map_err(|error| sdp_invalid(&error))?;
    let ufrag = fragment.ice.as_ref().map(|ice| ice.ufrag.as_str());
    let if_match = if_match.as_ref().map(|value| value.to_str().unwrap_or_default());
    let change = {
        let room = session.room.lock();
        room.session(&session.id).ok_or(ErrorCode::NotFound)?.change(if_match, ufrag)?
    };
    match (change, ufrag) {
        (IceChange::Restart, Some(ufrag)) => {
            // As dear as a new session, which it takes the place of.
            app.limits.sessions.take(client.0, Instant::now())?;
            let (etag, lines) = app.restart_session(&session, ufrag).await?;
            let known = [(header::CONTENT_TYPE, FRAGMENT.to_owned()), (header::ETAG, etag)];
            Ok((known, fragment.answer(&lines)).into_response())
        }
        (IceChange::Trickle | IceChange::Restart, _) => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// An offer that is sound, and why it is not taken all the same.
pub(super) fn unsupported(why: &str) -> ApiError {
    ApiError::with_detail(ErrorCode::OfferUnsupported, why)
}

/// A description that cannot be used, and why. The reason repeats nothing of it.
pub(super) fn sdp_invalid(error: &sfu::transport::sdp::SdpError) -> ApiError {
    ApiError::with_detail(ErrorCode::SdpInvalid, format!("{error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ice_server_is_a_link_for_each_of_its_urls() {
        let server = IceServer {
            urls: vec!["turn:turn.example?transport=udp".into(), "turns:turn.example".into()],
            username: Some("a\"b".into()),
            credential: Some("c\\d".into()),
        };
        let found: Vec<_> = links(&server).map(|link| link.to_str().unwrap().to_owned()).collect();
        let credentials = r#"; username="a\"b"; credential="c\\d"; credential-type="password""#;
        let expected = ["turn:turn.example?transport=udp", "turns:turn.example"]
            .map(|url| format!("<{url}>; rel=\"ice-server\"{credentials}"));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_stun_server_has_no_credentials() {
        let server =
            IceServer { urls: vec!["stun:stun.example".into()], username: None, credential: None };
        let found: Vec<_> = links(&server).collect();
        assert_eq!(found, ["<stun:stun.example>; rel=\"ice-server\""]);
    }
}
