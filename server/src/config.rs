//! The settings: flags, the environment and `.env`, one documented struct per concern.
//!
//! Flags win over the environment, the environment over `.env`. `open-stream --help` and
//! `.env.example` list every setting; a test compares the two.

use std::{
    io,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroUsize,
    path::PathBuf,
    time::Duration,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use sfu::DEFAULT_MAX_CAMERAS;
use shared::limits::DEFAULT_VIDEO_BITRATE;

use crate::{
    bench::BenchArgs,
    http::{check::CheckSettings, sessions::SessionSettings},
    rooms::RoomSettings,
    signaling::SignalingSettings,
};

pub use self::{
    secret::{
        MIN_ADMIN_TOKEN_BYTES, MIN_SECRET_BYTES, Secret, SecretError, check_admin_token,
        load_secret,
    },
    values::{BaseUrl, List, Optional, Origin, PublicIp, StunUrl, TurnUrl},
};

pub(crate) use self::values::is_plain;

pub mod env_file;
mod secret;
mod values;

/// A self-hosted meeting server: rooms, invite links and the media, in one program.
#[derive(Debug, Parser)]
#[command(name = "open-stream", version, about)]
pub struct Cli {
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings of `serve`, for when nothing is said.
    #[command(flatten)]
    pub config: Config,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the server (the default).
    Serve(Box<Config>),
    /// Measures what the server costs under load on this machine.
    Bench(BenchArgs),
}

/// Everything `serve` can be told.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where the page, REST and signaling are.
    #[command(flatten)]
    pub http: HttpConfig,
    /// Where and how media flows.
    #[command(flatten)]
    pub media: MediaConfig,
    /// What helps clients behind firewalls.
    #[command(flatten)]
    pub ice: IceConfig,
    /// How long rooms and invites live.
    #[command(flatten)]
    pub rooms: RoomConfig,
    /// What is kept, and what keeps it safe.
    #[command(flatten)]
    pub storage: StorageConfig,
    /// What is logged.
    #[command(flatten)]
    pub log: LogConfig,
    /// Bounds and times that no setting changes.
    #[arg(skip)]
    pub bounds: Bounds,
}

/// Bounds and times that are part of the protocol; tests that fill them use smaller ones.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// Of rooms.
    pub rooms: RoomSettings,
    /// Of signaling.
    pub signaling: SignalingSettings,
    /// Of WHIP and WHEP.
    pub sessions: SessionSettings,
    /// Of connection tests.
    pub checks: CheckSettings,
}

/// Where the page, REST and signaling are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Page, REST and signaling")]
pub struct HttpConfig {
    /// Address to listen on; `::` is every address, IPv6 and IPv4.
    #[arg(long, env, hide_env_values = true, default_value_t = IpAddr::V6(Ipv6Addr::UNSPECIFIED))]
    pub host: IpAddr,

    /// TCP port; 0 takes a free one.
    #[arg(long, env, hide_env_values = true, default_value_t = 3000)]
    pub port: u16,

    /// TCP port, on the loopback address only, of the numbers for Prometheus (`/metrics`); 0 takes a
    /// free one. By default there is none.
    #[arg(long, env, hide_env_values = true, default_value = "", hide_default_value = true)]
    pub metrics_port: Optional<u16>,

    /// Start of the invite links, such as `https://meet.example.org`; by default what the browser
    /// asked for.
    #[arg(long, env, hide_env_values = true, default_value = "", hide_default_value = true)]
    pub public_url: Optional<BaseUrl>,

    /// Other origins whose pages may open meetings here: `https://a.example,https://b.example`.
    #[arg(long, env, hide_env_values = true, default_value = "", hide_default_value = true)]
    pub allowed_origins: List<Origin>,

    /// Addresses of the reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are
    /// believed: `127.0.0.1,::1`.
    #[arg(long, env, hide_env_values = true, default_value = "", hide_default_value = true)]
    pub trusted_proxies: List<IpAddr>,

    /// Rooms one address may create in a minute; 0 for any number.
    #[arg(long, env, hide_env_values = true, default_value_t = 10)]
    pub room_creation_limit: u32,

    /// Rooms that do not exist one address may ask for in a minute; 0 for any number.
    #[arg(long, env, hide_env_values = true, default_value_t = 30)]
    pub room_guess_limit: u32,

    /// WHIP and WHEP sessions one address may ask for in a minute; 0 for any number.
    #[arg(long, env, hide_env_values = true, default_value_t = 60)]
    pub session_limit: u32,

    /// Connection tests one address may make in a minute; 0 for any number.
    #[arg(long, env, hide_env_values = true, default_value_t = 60)]
    pub check_limit: u32,
}

/// Where and how media flows.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Media")]
pub struct MediaConfig {
    /// Addresses browsers reach the media port at, separated by commas, IPv4 and IPv6; by default
    /// the machine's own. Where another port leads to it, with that: `203.0.113.7:41000`.
    #[arg(long, env, hide_env_values = true, default_value = "", hide_default_value = true)]
    pub public_ip: List<PublicIp>,

    /// Port of all media, UDP and TCP; 0 takes a free one.
    #[arg(long, env, hide_env_values = true, default_value_t = 40_000)]
    pub media_port: u16,

    /// Media threads; each room lives on one.
    #[arg(long, env, hide_env_values = true, default_value_t = default_workers())]
    pub workers: NonZeroUsize,

    /// Bits per second each participant may send of one video source.
    #[arg(long, env, hide_env_values = true, default_value_t = DEFAULT_VIDEO_BITRATE)]
    pub max_video_bitrate: u32,

    /// Cameras one viewer is sent at once: of those that are shown, those of who spoke last.
    #[arg(long, env, hide_env_values = true, default_value_t = DEFAULT_MAX_CAMERAS)]
    pub max_cameras: usize,
}

/// Servers of others that clients are told, for networks that let nothing else through.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "STUN and TURN")]
pub struct IceConfig {
    /// TURN servers, separated by commas: `turn:turn.example.org:3478?transport=udp,turns:...`.
    #[arg(long, env, hide_env_values = true, default_value = "", hide_default_value = true)]
    pub turn_urls: List<TurnUrl>,

    /// The secret the TURN servers share with us (`static-auth-secret` of coturn), from which each
    /// client's credentials are made. Better given by the environment than by the flag.
    #[arg(long, env, hide_env_values = true, default_value = "", hide_default_value = true)]
    pub turn_secret: Optional<Secret>,

    /// How long those credentials count, such as `24h`.
    #[arg(long, env, hide_env_values = true, default_value = "24h", value_parser = values::lifetime)]
    pub turn_ttl: Duration,

    /// STUN servers, separated by commas: `stun:stun.example.org:3478`. Clients do not need them.
    #[arg(long, env, hide_env_values = true, default_value = "", hide_default_value = true)]
    pub stun_urls: List<StunUrl>,
}

/// How long rooms and invites live.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rooms and invites")]
pub struct RoomConfig {
    /// How long an invite link lets in, such as `24h`.
    #[arg(long, env, hide_env_values = true, default_value = "24h", value_parser = values::lifetime)]
    pub invite_ttl: Duration,

    /// How long an empty room is kept, such as `24h`.
    #[arg(long, env, hide_env_values = true, default_value = "24h", value_parser = values::lifetime)]
    pub room_idle_timeout: Duration,
}

/// What is kept, and what keeps it safe.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Storage and secrets")]
pub struct StorageConfig {
    /// Folder of everything the server keeps.
    #[arg(long, env, hide_env_values = true, default_value = "./data")]
    pub data_dir: PathBuf,

    /// Secret that signs the invites, at least 32 bytes; by default one is made and kept in the
    /// data folder. Better given by the environment than by the flag, which other users can see.
    #[arg(long, env, hide_env_values = true, default_value = "", hide_default_value = true)]
    pub jwt_secret: Optional<Secret>,

    /// Token that sees and hosts every room over REST and at `/manage`, at least 16 bytes; by default
    /// there is none. Better given by the environment than by the flag, which other users can see.
    #[arg(long, env, hide_env_values = true, default_value = "", hide_default_value = true)]
    pub admin_token: Optional<Secret>,
}

/// What is logged, to standard error.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Logs")]
pub struct LogConfig {
    /// How much is logged.
    #[arg(long, env, hide_env_values = true, default_value = "info")]
    pub log_level: LogLevel,

    /// How much the media threads log.
    #[arg(long, env, hide_env_values = true, default_value = "warn")]
    pub worker_log_level: LogLevel,

    /// Lines for people, or JSON for programs.
    #[arg(long, env, hide_env_values = true, default_value = "text")]
    pub log_format: LogFormat,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing.
    #[value(alias = "none")]
    Off,
    /// What failed.
    Error,
    /// What is not as it should be.
    Warn,
    /// What happens.
    Info,
    /// Why it happens.
    Debug,
    /// Everything.
    Trace,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Cli {
    /// The settings of `serve`, wherever on the command line they stood.
    #[must_use]
    pub fn into_config(self) -> Config {
        match self.command {
            Some(Command::Serve(config)) => *config,
            Some(Command::Bench(_)) | None => self.config,
        }
    }
}

impl Config {
    /// The settings as they are when nothing is set, whatever the environment says; a start for
    /// tests and for programs that embed the server.
    ///
    /// # Panics
    ///
    /// Never: the defaults are valid.
    #[must_use]
    pub fn with_defaults() -> Self {
        use clap::{CommandFactory, FromArgMatches, builder::Resettable};

        let command = Cli::command().mut_args(|arg| arg.env(Resettable::Reset));
        let matches = command.try_get_matches_from(["open-stream"]);
        let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches));
        cli.expect("the defaults are valid").into_config()
    }
}

impl MediaConfig {
    /// The addresses that are announced to browsers.
    ///
    /// # Errors
    ///
    /// The machine's own addresses could not be read.
    pub fn public_addresses(&self) -> io::Result<Vec<PublicIp>> {
        if self.public_ip.is_empty() {
            let own = if_addrs::get_if_addrs()?.into_iter().map(|interface| interface.ip());
            Ok(announced(own.collect()).into_iter().map(PublicIp::from).collect())
        } else {
            Ok(self.public_ip.to_vec())
        }
    }
}

/// Which of the machine's own addresses others can use: not the loopback ones, unless there are
/// no others, and not those that mean nothing without the name of an interface.
fn announced(own: Vec<IpAddr>) -> Vec<IpAddr> {
    let (loopback, others): (Vec<_>, Vec<_>) = own
        .into_iter()
        .filter(|address| !is_link_local(*address))
        .partition(|address| address.is_loopback());
    if others.is_empty() { loopback } else { others }
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// One per core, but no more than four: a meeting server of this size needs no more.
fn default_workers() -> NonZeroUsize {
    const MOST: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN).min(MOST)
}

#[cfg(test)]
mod tests;
