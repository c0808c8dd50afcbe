//! Signaling: one WebSocket for each participant, at `/ws`.
//!
//! | module | what it does |
//! |---|---|
//! | [`socket`] | one connection: its bounds, its heartbeat, its end |
//! | [`session`] | reads requests and answers each exactly once |
//! | [`join`] | who may come in, and what they find |
//! | [`transports`] | transports and their session descriptions |
//! | [`producers`], [`consumers`] | what is sent and received on them |
//! | [`layers`] | how much of it |
//! | [`talk`] | chat, raised hands, reactions |
//! | [`hosting`], [`invites`] | what hosts do |
//! | [`upkeep`] | what happens without a request: reports of the media workers, time |
//!
//! `docs/protocol.md` is the protocol for those who write a client.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    extract::{State, WebSocketUpgrade},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use sfu::command::{Command, CommandError, CommandReply};
use shared::{
    error::ErrorCode,
    limits,
    media::IceServer,
    signaling::{Event, ServerMessage},
};
use tokio::sync::Semaphore;

pub(crate) use self::session::Place;
use self::{reach::Reach, session::Session};
use crate::{
    App, AppState,
    config::{HttpConfig, Origin},
    http::{
        errors::ApiError,
        origin::{ClientAddress, PublicBase},
    },
    ice_servers::IceServers,
    media::MediaError,
    pace::PaceSettings,
    rooms::{
        MediaCommand, SharedRoom,
        member::ConnectionId,
        room::{Room, RouterSlot},
    },
};

mod consumers;
mod hosting;
mod invites;
mod join;
mod layers;
mod producers;
mod reach;
mod session;
mod socket;
mod talk;
mod transports;
mod upkeep;

/// Bytes a socket reads at once. Small, for it is held by each of thousands of idle connections.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// How long a full mailbox of a media worker is given before the next try to close something.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Tries to close or pause something on an overloaded worker: two seconds of them.
const CLOSE_ATTEMPTS: u32 = 100;

/// What all connections share.
#[derive(Debug)]
pub struct Signaling {
    settings: SignalingSettings,
    ice_servers: IceServers,
    reach: Reach,
    places: Arc<Semaphore>,
    last_connection: AtomicU64,
}

/// The bounds and times of signaling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalingSettings {
    /// Most connections at once.
    pub max_connections: usize,
    /// How long a new connection has to join.
    pub join_timeout: Duration,
    /// Between two pings.
    pub heartbeat_interval: Duration,
    /// How long a connection may be silent.
    pub heartbeat_timeout: Duration,
    /// How long one message may take to be written before the reader counts as too slow.
    pub write_timeout: Duration,
    /// How long a closing connection may take.
    pub close_timeout: Duration,
    /// How much one connection may ask.
    pub pace: PaceSettings,
}

impl Default for SignalingSettings {
    fn default() -> Self {
        Self {
            max_connections: 20_000,
            join_timeout: Duration::from_secs(limits::JOIN_TIMEOUT_SECONDS.into()),
            heartbeat_interval: Duration::from_secs(limits::HEARTBEAT_INTERVAL_SECONDS.into()),
            heartbeat_timeout: Duration::from_secs(limits::HEARTBEAT_TIMEOUT_SECONDS.into()),
            // With the closing within ten seconds, and over before the heartbeat gives up.
            write_timeout: Duration::from_secs(5),
            close_timeout: Duration::from_secs(1),
            // A client that joins a full room asks for about 2 × 50 consumers and resumes each.
            pace: PaceSettings { per_second: 50, burst: 200 },
        }
    }
}

/// The route of signaling.
pub fn routes() -> Router<AppState> {
    Router::new().route("/ws", any(upgrade))
}

/// Starts what happens without requests, until the shutdown: the reports of the media workers,
/// and time.
pub fn start(app: &AppState) {
    upkeep::start(app);
}

impl Signaling {
    /// No connection yet.
    #[must_use]
    pub fn new(settings: SignalingSettings, ice_servers: IceServers) -> Self {
        let places = Arc::new(Semaphore::new(settings.max_connections));
        Self {
            settings,
            ice_servers,
            reach: Reach::default(),
            places,
            last_connection: AtomicU64::new(0),
        }
    }

    /// Connections that are up.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.settings.max_connections.saturating_sub(self.places.available_permits())
    }

    /// What a client is told to reach the server with, made for it; `name` says whose it is.
    pub(crate) fn ice_servers(&self, name: &str, now: SystemTime) -> Vec<IceServer> {
        self.ice_servers.for_client(name, now)
    }

    /// The same for who only tries whether they would reach it.
    pub(crate) fn ice_servers_for_check(&self, now: SystemTime) -> Vec<IceServer> {
        self.ice_servers.for_check(now)
    }

    pub(crate) fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.last_connection.fetch_add(1, Ordering::Relaxed))
    }
}

/// What signaling has the media workers do.
impl App {
    /// Has the worker of a room's router do something.
    pub(crate) async fn command_in(
        &self,
        room: &SharedRoom,
        command: Command,
    ) -> Result<CommandReply, ErrorCode> {
        let router_id = room.lock().router_id().ok_or(ErrorCode::TransportNotFound)?;
        self.media.command(router_id, command).await.map_err(|error| media_code(&error))
    }

    /// The same, of what has to be done also when the worker is overloaded at first. That what it
    /// is about is gone already is no error.
    pub(crate) async fn insist(
        &self,
        room: &SharedRoom,
        command: Command,
    ) -> Result<(), ErrorCode> {
        for _ in 0..CLOSE_ATTEMPTS {
            match self.command_in(room, command.clone()).await {
                Err(ErrorCode::ServerBusy) => tokio::time::sleep(RETRY_PAUSE).await,
                Ok(_) | Err(_) => return Ok(()),
            }
        }
        Err(ErrorCode::ServerBusy)
    }

    /// Makes sure that a worker has the router.
    async fn open_router(&self, slot: &RouterSlot) -> Result<(), MediaError> {
        let router_id = slot.router_id;
        let create = || async move {
            self.media.command(router_id, Command::CreateRouter { router_id }).await.map(drop)
        };
        slot.opened.get_or_try_init(create).await.map(drop)
    }

    /// Has `enter` take somebody in, with the room's router opened: it is not needed before the
    /// first transport, but an overloaded server refuses at the door.
    pub(crate) async fn bring_in<T>(
        &self,
        room: &SharedRoom,
        enter: impl FnOnce(&mut Room) -> Result<T, ErrorCode>,
    ) -> Result<T, ErrorCode> {
        let slot = self.rooms.router_of(room, &mut room.lock());
        let opened = self.open_router(&slot).await.map_err(|error| media_code(&error));
        let entered = opened.and_then(|()| enter(&mut room.lock()));
        let unused = room.lock().discard_unused_router();
        self.carry_out(unused).await;
        entered
    }

    /// Has the workers close what the rooms gave up. That it is gone already is no error.
    pub(crate) async fn carry_out(&self, commands: impl IntoIterator<Item = MediaCommand>) {
        for MediaCommand { router_id, command } in commands {
            match &command {
                Command::CloseTransport { transport_id } => {
                    self.rooms.forget_transport(*transport_id);
                }
                Command::CloseRouter { router_id } => self.rooms.forget_router(*router_id),
                _ => {}
            }
            for _ in 0..CLOSE_ATTEMPTS {
                match self.media.command(router_id, command.clone()).await {
                    Err(MediaError::Overloaded) => tokio::time::sleep(RETRY_PAUSE).await,
                    Ok(_) | Err(MediaError::Command(_) | MediaError::WorkerGone) => break,
                }
            }
        }
    }
}

/// Takes a WebSocket in, from our own page, a page that is allowed to, or no page at all.
async fn upgrade(
    State(app): State<AppState>,
    client: ClientAddress,
    base: PublicBase,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !is_welcome(&app.config.http, &headers) {
        tracing::info!("[SOCKET] refused: of a foreign origin");
        return StatusCode::FORBIDDEN.into_response();
    }
    let Ok(place) = Arc::clone(&app.signaling.places).try_acquire_owned() else {
        tracing::warn!("[SOCKET] refused: as many connections as there may be");
        return ApiError::from(ErrorCode::ServerBusy).into_response();
    };
    let shutdown = app.shutdown.clone();
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_frame_size(limits::MAX_MESSAGE_BYTES)
        .max_message_size(limits::MAX_MESSAGE_BYTES)
        .on_upgrade(move |socket| {
            shutdown.track(async move {
                socket::serve(socket, Session::new(app, client, base)).await;
                drop(place);
            })
        })
}

/// Whether a request's `Origin` is this server, whatever the scheme a proxy spoke to it, or one
/// of `ALLOWED_ORIGINS`. Programs that are no browsers send none.
fn is_welcome(config: &HttpConfig, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let origin = origin.to_str().ok().and_then(|text| text.parse::<Origin>().ok());
    let (Some(origin), None) = (origin, origins.next()) else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_own = ["http", "https"].into_iter().any(|scheme| {
        let own = host.and_then(|host| format!("{scheme}://{host}").parse::<Origin>().ok());
        own.is_some_and(|own| own == origin)
    });
    let public = config.public_url.0.as_ref().map(|url| url.origin());
    is_own || public == Some(&origin) || config.allowed_origins.contains(&origin)
}

/// What a client is told of a command that was not done.
pub(crate) fn media_code(error: &MediaError) -> ErrorCode {
    match error {
        MediaError::Command(error) => command_code(error),
        MediaError::Overloaded | MediaError::WorkerGone => ErrorCode::ServerBusy,
    }
}

fn command_code(error: &CommandError) -> ErrorCode {
    match error {
        CommandError::RouterNotFound(_) | CommandError::TransportNotFound(_) => {
            ErrorCode::TransportNotFound
        }
        CommandError::ProducerNotFound(_) => ErrorCode::ProducerNotFound,
        CommandError::ConsumerNotFound(_) => ErrorCode::ConsumerNotFound,
        CommandError::TransportState(_) => ErrorCode::TransportState,
        CommandError::Sdp(_) | CommandError::UnknownMid => ErrorCode::SdpInvalid,
        CommandError::NoCodec => ErrorCode::CodecMismatch,
        CommandError::Full(_) => ErrorCode::TooMany,
        CommandError::IdTaken | CommandError::Crypto(_) => {
            tracing::error!(%error, "[TRANSPORT] a media worker failed");
            ErrorCode::Internal
        }
    }
}

/// The message of an event.
const fn news(event: Event) -> ServerMessage {
    ServerMessage::Event(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn welcome(host: &'static str, origins: &[&'static str]) -> bool {
        let mut config = Config::with_defaults().http;
        config.allowed_origins = "https://partner.example".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        for origin in origins {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        is_welcome(&config, &headers)
    }

    #[test]
    fn our_own_page_and_programs_are_welcome() {
        assert!(welcome("localhost:3000", &["http://localhost:3000"]));
        assert!(welcome("meet.example", &["https://meet.example"]), "TLS ends at a proxy");
        assert!(welcome("Meet.Example:443", &["https://meet.example"]));
        assert!(welcome("meet.example", &[]));
    }

    #[test]
    fn an_allowed_page_is_welcome() {
        assert!(welcome("meet.example", &["https://partner.example"]));
    }

    #[test]
    fn any_other_page_is_not() {
        for origin in ["https://evil.example", "null", "", "http://localhost:3001", "not a url"] {
            assert!(!welcome("localhost:3000", &[origin]), "{origin}");
        }
        assert!(!welcome("localhost:3000", &["http://localhost:3000", "https://evil.example"]));
    }
}
