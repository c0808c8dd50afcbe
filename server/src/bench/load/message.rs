//! What a scenario and its clients say to each other, one JSON message a line.
//!
//! | scenario | clients |
//! |---|---|
//! | [`ToLoad::Setup`] | |
//! | [`ToLoad::Publish`], then [`ToLoad::Answer`] | [`FromLoad::Description`], then [`FromLoad::Connected`] |
//! | [`ToLoad::Receive`] | [`FromLoad::Description`], then [`FromLoad::Connected`] |
//! | [`ToLoad::Flow`] | [`FromLoad::Measuring`] after the warm-up, [`FromLoad::Done`] at the end |

use std::{
    io::{BufRead, Write},
    net::SocketAddr,
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::bench::{BenchError, args::Profile};

/// What the scenario says; a leg is known by the number of its transport.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::bench) enum ToLoad {
    /// Comes first.
    Setup { server: SocketAddr, profile: Profile },
    /// Make a leg that sends.
    Publish { leg: u64, tracks: Tracks },
    /// The server's answer to its offer.
    Answer { leg: u64, sdp: String },
    /// Make a leg that receives what this offer of the server has.
    Receive { leg: u64, sdp: String },
    /// Say goodbye.
    Leave { leg: u64 },
    /// Let media flow from all legs that send.
    Flow(Plan),
}

/// What the clients say.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::bench) enum FromLoad {
    Description { leg: u64, sdp: String },
    Connected { leg: u64 },
    Failed { leg: u64, reason: String },
    Measuring,
    Done(LoadReport),
}

/// What a leg that sends has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::bench) struct Tracks {
    pub(in crate::bench) camera: bool,
    pub(in crate::bench) voice: bool,
}

/// How the packets of a track follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::bench) struct Stream {
    /// Packets in a second.
    pub(in crate::bench) rate: u32,
    /// Packets that leave together, as those of a picture do.
    pub(in crate::bench) burst: u16,
    /// Bytes of media in a packet.
    pub(in crate::bench) bytes: u16,
}

/// One flow: what is sent, and for how long.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(in crate::bench) struct Plan {
    pub(in crate::bench) camera: Option<Stream>,
    pub(in crate::bench) voice: Option<Stream>,
    pub(in crate::bench) warm_up: Duration,
    pub(in crate::bench) measured: Duration,
}

/// What the clients counted while it was measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::bench) struct LoadReport {
    /// Packets that were sent to the server, all together.
    pub(in crate::bench) sent: u64,
    /// Packets that were sent more than five milliseconds after their time.
    pub(in crate::bench) late: u64,
    /// Packets that arrived, all together.
    pub(in crate::bench) delivered: u64,
    /// Of those, opened and found to be what was sent.
    pub(in crate::bench) verified: u64,
    /// Of those, opened and found to be anything else.
    pub(in crate::bench) corrupt: u64,
    /// Datagrams that reached the clients' sockets and that they were too slow to read.
    pub(in crate::bench) unread: u64,
    /// The core that the clients ran on.
    pub(in crate::bench) core: usize,
    /// Share of it that they used, in percent.
    pub(in crate::bench) core_percent: f64,
    /// From a publisher's send to a receiver's program, in microseconds, sorted.
    pub(in crate::bench) latencies_us: Vec<u64>,
}

/// Reads one message; none at the end of the input.
pub(in crate::bench) fn read<T: DeserializeOwned>(
    input: &mut impl BufRead,
) -> Result<Option<T>, BenchError> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}

/// Writes one message.
pub(in crate::bench) fn write(
    output: &mut impl Write,
    message: &impl Serialize,
) -> Result<(), BenchError> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    output.write_all(&line)?;
    Ok(output.flush()?)
}
