//! `open-stream bench`: load clients, and what the server costs under them.
//!
//! | module | what it is for |
//! |---|---|
//! | [`client`] | a light participant: ICE, DTLS, SRTP |
//! | [`fanout`] | one publisher to many receivers: CPU time per forwarded packet |
//! | `load` | the clients' side of it, in a process of its own |
//! | [`floor`] | what no server can do without: one seal and one send per packet |
//! | `cpu` | clocks and cores |

pub mod client;
mod cpu;
pub mod fanout;
pub mod floor;
mod load;

use std::io::{self, Write};

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use sfu::transport::srtp::SrtpProfile;

use self::{client::ClientError, fanout::FanoutReport};
use crate::media::{MediaError, MediaStartError};

/// What `open-stream bench` measures.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// The scenario.
    #[command(subcommand)]
    pub scenario: Scenario,
}

/// A thing to measure.
#[derive(Debug, Clone, Subcommand)]
pub enum Scenario {
    /// One publisher to many receivers: CPU time of the server per forwarded packet.
    Fanout(FanoutArgs),
    /// The clients of a scenario; the scenarios start it themselves.
    #[command(hide = true)]
    Load {
        /// Where they run.
        #[arg(long)]
        core: usize,
    },
}

/// Settings of `open-stream bench fanout`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct FanoutArgs {
    /// Receivers of the one publisher.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub receivers: u16,
    /// Packets the publisher sends in a second.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub rate: u32,
    /// Seconds that are measured, after one to warm up.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=3600))]
    pub seconds: u16,
    /// Packets the publisher sends at a time, as the packets of a picture are.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub burst: u16,
    /// Bytes of media in a packet.
    #[arg(long, default_value_t = 1100, value_parser = clap::value_parser!(u16).range(32..=1200))]
    pub bytes: u16,
    /// How media is protected.
    #[arg(long, value_enum, default_value_t = Profile::Gcm)]
    pub profile: Profile,
    /// Writes the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How media is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// `AEAD_AES_128_GCM`, which browsers prefer.
    Gcm,
    /// `AES_CM_128_HMAC_SHA1_80`, which every client has.
    Sha1,
}

impl From<Profile> for SrtpProfile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Gcm => Self::AeadAes128Gcm,
            Profile::Sha1 => Self::Aes128CmSha1,
        }
    }
}

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The server did not start.
    #[error(transparent)]
    Start(#[from] MediaStartError),
    /// The server refused a client.
    #[error("the server refused a client: {0}")]
    Media(#[from] MediaError),
    /// A client did not get on.
    #[error("a client failed: {0}")]
    Client(#[from] ClientError),
    /// The clients' process ended, or said something unexpected.
    #[error("the process with the clients failed: {0}")]
    Load(&'static str),
    /// A file, a pipe or a clock failed.
    #[error("the measurement cannot be made: {0}")]
    System(#[from] io::Error),
    /// A message between the processes is not what it should be.
    #[error("the processes do not understand each other: {0}")]
    Message(#[from] serde_json::Error),
}

/// Runs a scenario and writes its report to `out`.
///
/// # Errors
///
/// [`BenchError`] says what was in the way.
pub fn run(args: &BenchArgs, out: &mut impl Write) -> Result<(), BenchError> {
    match &args.scenario {
        Scenario::Fanout(fanout) => {
            let report = fanout::measure(fanout)?;
            write_report(&report, fanout.json, out)
        }
        Scenario::Load { core } => load::run(*core, io::stdin().lock(), out),
    }
}

fn write_report(report: &FanoutReport, json: bool, out: &mut impl Write) -> Result<(), BenchError> {
    if json {
        serde_json::to_writer_pretty(&mut *out, report)?;
        writeln!(out)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(())
}
