//! The media worker of Open Stream as one sans-I/O state machine.
//!
//! A [`Worker`] is told the time and is handed datagrams and [`command::Command`]s; it gives back
//! datagrams and [`command::Event`]s. It owns no socket, no thread and no clock, so that one seed
//! replays one run.
//!
//! | module | what it holds |
//! |---|---|
//! | [`worker`] | the whole worker: dispatch, timers, what lives on it |
//! | [`command`] | what goes in and out of it |
//! | `demux` | which transport a datagram belongs to; the front door |
//! | `outbox` | sealed datagrams waiting for the shell |
//! | [`transport`] | one leg: ICE, DTLS, SRTP, SDP, RTCP |
//! | [`bandwidth`] | what a viewer's downlink carries, and who gets how much of it |
//! | [`router`] | one room: producers, consumers, and the packets between them |
//! | [`client`] | the other end of a leg, for load tests and simulations |
//! | `fuzz` | what the fuzzers run; only in their builds and in tests |
//! | [`rtp`], [`codec`], [`extension`] | RTP headers, codecs, header extensions |

pub mod bandwidth;
pub mod client;
pub mod codec;
pub mod command;
mod demux;
pub mod extension;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod outbox;
pub mod router;
pub mod rtp;
#[cfg(any(test, fuzzing))]
mod testing;
pub mod transport;
pub mod worker;

use std::time::Duration;

pub use command::{
    Command, CommandError, CommandReply, Event, Output, Path, Protocol, Transmit, WorkerIndex,
};
pub use transport::dtls::DtlsIdentity;
pub use worker::{DEFAULT_MAX_CAMERAS, Worker, WorkerConfig, WorkerStatistics, worker_asked};

/// How long a transport has to connect, from its first remote description on. Ten seconds are the
/// patience of a person at a join button; a lost handshake flight costs well under two.
pub const JOIN_DEADLINE: Duration = Duration::from_secs(10);

/// How long a client may be silent before its transport is given up: the consent lifetime of RFC
/// 7675 section 5.1.
pub const CONSENT_TIMEOUT: Duration = Duration::from_secs(30);
