//! `open-stream bench`: load clients, and what the server costs under them.
//!
//! | module | what it is for |
//! |---|---|
//! | [`args`] | the scenarios and their settings |
//! | `meeting` | rooms full of people: `fanout`, `rooms`, `viewers` |
//! | [`join_storm`], [`churn`] | people who come, and go |
//! | [`guests`] | people for a meeting of any server, as real as a browser shows them |
//! | [`suite`] | everything in short, and a verdict |
//! | [`report`] | what a flow of media came to |
//! | [`floor`] | what no server can do without: one seal and one send per packet |
//! | `stage`, `lobby`, `process` | the server, the clients' process, and how they are brought together |
//! | `load`, [`client`] | the clients: ICE, DTLS, SRTP, in a process of their own |
//! | `cpu`, `kernel`, `progress` | clocks and cores, the kernel's tables, a bar |

pub mod args;
pub mod churn;
pub mod client;
mod cpu;
pub mod floor;
pub mod guests;
pub mod join_storm;
mod kernel;
mod load;
mod lobby;
mod meeting;
mod process;
mod progress;
pub mod report;
mod stage;
pub mod suite;

use std::{
    fmt::Display,
    io::{self, Write},
};

use serde::Serialize;

pub use self::args::BenchArgs;
use self::{
    args::{FanoutArgs, RoomsArgs, Scenario, ViewersArgs},
    client::ClientError,
    cpu::Cores,
    guests::line::GuestError,
    load::message::Stream,
};
use crate::media::{MediaError, MediaStartError};

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
    /// A client in the other process did not get on.
    #[error("a client failed: {0}")]
    Leg(String),
    /// The clients' process ended, or said something unexpected.
    #[error("the process with the clients failed: {0}")]
    Load(&'static str),
    /// No guest got into the meeting.
    #[error("nobody got in: {0}")]
    Guest(#[from] GuestError),
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
    let json = args.json;
    let Some(scenario) = &args.scenario else {
        return show(&suite::measure(Cores::choose()?, args.seconds, args.percent)?, json, out);
    };
    let (meeting, common) = match scenario {
        Scenario::Fanout(FanoutArgs { receivers, rate, burst, bytes, common }) => {
            let stream = Stream { rate: *rate, burst: *burst, bytes: *bytes };
            (suite::fanout(*receivers, stream, common.profile), common)
        }
        Scenario::Rooms(RoomsArgs { rooms, size, kbps, common }) => {
            (suite::rooms(*rooms, *size, *kbps, common.profile), common)
        }
        Scenario::Viewers(ViewersArgs { viewers, kbps, common }) => {
            (suite::viewers(*viewers, *kbps, common.profile), common)
        }
        Scenario::JoinStorm(args) => {
            return show(&join_storm::measure(Cores::choose()?, args)?, json, out);
        }
        Scenario::Churn(args) => return show(&churn::measure(Cores::choose()?, args)?, json, out),
        Scenario::Guests(args) => return show(&guests::measure(args)?, json, out),
        Scenario::Load { core } => return load::run(*core, out),
    };
    show(&meeting.measure(Cores::choose()?, common.seconds)?, json, out)
}

fn show<R: Serialize + Display>(
    report: &R,
    json: bool,
    out: &mut impl Write,
) -> Result<(), BenchError> {
    if json {
        serde_json::to_writer_pretty(&mut *out, report)?;
        writeln!(out)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(())
}
