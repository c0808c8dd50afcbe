//! Open Stream: a meeting server in one program.
//!
//! This crate is the shell around the media core `sfu`: it talks to browsers, disks and the
//! operating system.
//!
//! | module | what it is for |
//! |---|---|
//! | [`bench`] | load clients, and what the server costs under them |
//! | [`config`] | the settings, and the secret that is made when none is given |
//! | [`logging`] | what the program says about itself |
//! | [`http`] | the page, REST, health |
//! | [`signaling`] | the WebSocket of each participant |
//! | [`rooms`] | who is where |
//! | [`invites`] | who may come in |
//! | [`media`] | the threads that forward media |
//! | [`pace`] | how often something may be done |
//! | [`metrics`] | how the server is, in numbers |
//! | [`start`] | why the program did not start |
//! | [`shutdown`] | the wish to stop, and what has to end first |
//! | [`random`] | ids nobody can guess |

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    config::Config,
    http::{check::Checks, health::Status, limits::RateLimiter, listener, sessions::Sessions},
    ice_servers::IceServers,
    invites::Invites,
    media::Media,
    rooms::{RoomRegistry, RoomSettings, store::RoomStore},
    shutdown::{Finish, Shutdown},
    signaling::Signaling,
    start::StartError,
};

pub mod bench;
pub mod config;
pub mod http;
pub mod ice_servers;
pub mod invites;
pub mod logging;
pub mod media;
pub mod metrics;
pub mod pace;
pub mod random;
pub mod rooms;
pub mod shutdown;
pub mod signaling;
pub mod start;

/// Knocks of one address in a minute: a whole class behind one address may, at once.
const KNOCKS_PER_MINUTE: u32 = 60;

/// What every request and every socket shares.
#[derive(Debug)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// Signs and checks tokens.
    pub invites: Invites,
    /// Who is where.
    pub rooms: RoomRegistry,
    /// The media workers.
    pub media: Media,
    /// What the sockets share.
    pub signaling: Signaling,
    /// What WHIP and WHEP share.
    pub sessions: Sessions,
    /// What trials of a connection share.
    pub checks: Checks,
    /// How often one address may do what.
    pub limits: Limits,
    /// The wish to stop.
    pub shutdown: Shutdown,
}

/// The [`App`], as routes are given it.
pub type AppState = Arc<App>;

/// How often one address may do what.
#[derive(Debug)]
pub struct Limits {
    /// Creating rooms.
    pub room_creation: RateLimiter,
    /// Asking for rooms that do not exist.
    pub room_guess: RateLimiter,
    /// Asking for sessions of WHIP and WHEP.
    pub sessions: RateLimiter,
    /// Knocking at rooms.
    pub knocks: RateLimiter,
    /// Trying whether media would come through.
    pub checks: RateLimiter,
}

impl App {
    /// How the server is, for those who send it work.
    #[must_use]
    pub fn status(&self) -> Status {
        if self.shutdown.is_begun() {
            Status::Stopping
        } else if self.media.is_ready() {
            Status::Ready
        } else {
            Status::Starting
        }
    }
}

/// A server that was started by [`serve`].
///
/// It runs until the [`Shutdown`] begins; [`Running::finish`] waits for its end.
#[derive(Debug)]
pub struct Running {
    /// Where the page, REST and signaling are.
    pub http_address: SocketAddr,
    /// Where browsers send media.
    pub media_addresses: Vec<SocketAddr>,
    /// Where the numbers are, if anywhere.
    pub metrics_address: Option<SocketAddr>,
    /// What the server works with.
    pub app: AppState,
    accepting: JoinHandle<()>,
}

/// Starts a server.
///
/// # Errors
///
/// Says in one line what is wrong with which setting; then nothing runs and no port is open.
#[expect(clippy::unused_async, reason = "it spawns, so its caller must be inside of a runtime")]
pub async fn serve(config: Config, shutdown: Shutdown) -> Result<Running, StartError> {
    let secret =
        config::load_secret(config.storage.jwt_secret.0.as_ref(), &config.storage.data_dir)?;
    config::check_admin_token(config.storage.admin_token.0.as_ref())?;
    let ice_servers = IceServers::new(&config.ice);
    let ice_servers = ice_servers.map_err(|error| StartError::Setting(error.to_owned()))?;
    let store = RoomStore::open(&config.storage.data_dir).map_err(StartError::Rooms)?;
    let address = SocketAddr::new(config.http.host, config.http.port);
    let listener = listener::bind(config.http.host, config.http.port)
        .map_err(|source| StartError::Port { address, source })?;
    let http_address = listener.local_addr().map_err(StartError::System)?;
    let metrics = config.http.metrics_port.0.map(open_metrics).transpose()?;
    let metrics_address = metrics.as_ref().map(TcpListener::local_addr).transpose();
    let metrics_address = metrics_address.map_err(StartError::System)?;
    let media = start_media(&config)?;
    let media_addresses = media.candidates().to_vec();
    let app = Arc::new(App {
        invites: Invites::new(secret.as_bytes()).with_lifetime(config.rooms.invite_ttl),
        rooms: RoomRegistry::open(store, room_settings(&config), Instant::now()),
        media,
        signaling: Signaling::new(config.bounds.signaling.clone(), ice_servers),
        sessions: Sessions::new(config.bounds.sessions),
        checks: Checks::new(config.bounds.checks),
        limits: Limits {
            room_creation: RateLimiter::per_minute(config.http.room_creation_limit),
            room_guess: RateLimiter::per_minute(config.http.room_guess_limit),
            sessions: RateLimiter::per_minute(config.http.session_limit),
            knocks: RateLimiter::per_minute(KNOCKS_PER_MINUTE),
            checks: RateLimiter::per_minute(config.http.check_limit),
        },
        shutdown: shutdown.clone(),
        config,
    });
    signaling::start(&app);
    if let Some(metrics) = metrics {
        let (router, shutdown) = (metrics::routes(Arc::clone(&app)), shutdown.clone());
        app.shutdown.spawn(async move {
            tokio::select! {
                () = listener::serve(metrics, router, metrics::CONNECTIONS, shutdown.clone()) => {}
                () = shutdown.begun() => {}
            }
        });
    }
    let router = http::app(Arc::clone(&app));
    let connections = listener::connections_within(raise_descriptor_limit());
    let accepting = tokio::spawn(listener::serve(listener, router, connections, shutdown));
    Ok(Running { http_address, media_addresses, metrics_address, app, accepting })
}

fn open_metrics(port: u16) -> Result<TcpListener, StartError> {
    metrics::bind(port).map_err(|source| StartError::MetricsPort { port, source })
}

fn start_media(config: &Config) -> Result<Media, StartError> {
    let public_ips = config.media.public_addresses().map_err(StartError::Addresses)?;
    Ok(Media::start(media::MediaConfig {
        port: config.media.media_port,
        public_ips,
        workers: config.media.workers.get(),
        max_cameras: config.media.max_cameras,
    })?)
}

fn room_settings(config: &Config) -> RoomSettings {
    let max_video_bitrate = config.media.max_video_bitrate;
    let idle_timeout = config.rooms.room_idle_timeout;
    RoomSettings { idle_timeout, max_video_bitrate, ..config.bounds.rooms }
}

/// Allows as many open files as the system lets us, and says how many that are: each participant
/// needs one.
fn raise_descriptor_limit() -> u64 {
    /// What every system grants.
    const FALLBACK: u64 = 256;
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => {
            tracing::info!(limit, "open files are limited to {limit}");
            limit
        }
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            rlimit::Resource::NOFILE.get_soft().unwrap_or(FALLBACK)
        }
    }
}

impl Running {
    /// The address to open in a browser on this machine.
    #[must_use]
    pub fn local_url(&self) -> String {
        let port = self.http_address.port();
        match self.http_address.ip() {
            ip if ip.is_unspecified() || ip == IpAddr::V4(Ipv4Addr::LOCALHOST) => {
                format!("http://localhost:{port}")
            }
            ip => format!("http://{}", SocketAddr::new(ip, port)),
        }
    }

    /// Waits until the shutdown begins, then for the end of every connection, but no longer than
    /// `patience`; last of all the media workers stop.
    pub async fn finish(self, patience: Duration) -> Finish {
        self.app.shutdown.begun().await;
        let finish = self.app.shutdown.finish(patience).await;
        self.accepting.abort();
        self.app.media.close().await;
        finish
    }
}
