//! What a consumer is made of, what it counts, and what it hears of its viewer.

use shared::ids::ConsumerId;

use crate::router::{ProducerKey, TransportKey};

/// What a consumer is made of.
#[derive(Debug, Clone, Copy)]
pub struct ConsumerOptions {
    /// Its name on the wire.
    pub id: ConsumerId,
    /// What it receives.
    pub producer: ProducerKey,
    /// The transport it goes out by.
    pub transport: TransportKey,
    /// The SSRC of its packets: random, and unique on its transport.
    pub ssrc: u32,
    /// The SSRC of its retransmissions, if they were negotiated: random and unique likewise.
    pub rtx_ssrc: Option<u32>,
}

/// What a consumer has counted since it was added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConsumerStats {
    /// Packets sent, without retransmissions.
    pub packets: u64,
    /// Their payload bytes.
    pub octets: u64,
    /// Packets held back until the next key frame.
    pub withheld: u64,
    /// Packets the viewer asked for again, counted each time.
    pub nacked: u64,
    /// Packets sent again.
    pub retransmissions: u64,
    /// Their payload bytes.
    pub retransmitted_octets: u64,
    /// Packets asked for again that were gone, or never sent.
    pub unanswered: u64,
    /// Packets asked for again too soon or too often.
    pub throttled: u64,
    /// Key frames the viewer asked for.
    pub key_frame_requests: u64,
    /// Sender reports sent.
    pub sender_reports: u64,
}

/// What a viewer's reception report says (RFC 3550 section 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceptionReport {
    /// Share of our packets that were lost on their way since the report before, in 1/256.
    pub fraction_lost: u8,
    /// The middle 32 bits of the last report's wall clock (LSR).
    pub last_report: u32,
    /// Time since the viewer received it, in units of 1/65536 s (DLSR).
    pub delay: u32,
}
