//! Counts what the clients get.

use std::time::Instant;

use sfu::rtp::RtpPacket;

use super::{leg::Audience, message::LoadReport};

/// One packet of so many is opened and checked; the others are only counted, or the clients would
/// cost more than the server.
const SAMPLE: u64 = 32;
/// Samples of the latency that are kept.
const MAX_LATENCIES: usize = 1 << 20;
/// Where the send time is in a payload: behind the head of a frame.
const STAMP: usize = 16;
/// What a payload is filled with.
pub(super) const FILL: u8 = 0x5a;

/// The counters of one flow, and the clock that packets are stamped with.
pub(super) struct Tally {
    begun: Instant,
    since_us: u64,
    pub(super) report: LoadReport,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), since_us: 0, report: LoadReport::default() }
    }

    /// Begins to measure: forgets the warm-up.
    pub(super) fn reset(&mut self) {
        self.report = LoadReport::default();
        self.since_us = self.now_us();
    }

    /// Ends a flow.
    pub(super) fn take(&mut self) -> LoadReport {
        let mut report = std::mem::take(&mut self.report);
        report.latencies_us.sort_unstable();
        report
    }

    /// Writes the time into a payload.
    pub(super) fn stamp(&self, payload: &mut [u8]) {
        if let Some(place) = payload.get_mut(STAMP..STAMP + 8) {
            place.copy_from_slice(&self.now_us().to_be_bytes());
        }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Audience for Tally {
    fn count(&mut self) -> bool {
        self.report.delivered += 1;
        self.report.delivered.is_multiple_of(SAMPLE)
    }

    fn check(&mut self, packet: &[u8]) {
        let Ok(packet) = RtpPacket::parse(packet) else {
            self.report.corrupt += 1;
            return;
        };
        let stamp = packet.payload.get(STAMP..STAMP + 8).and_then(|b| b.try_into().ok());
        let body = packet.payload.get(STAMP + 8..).unwrap_or_default();
        match stamp.map(u64::from_be_bytes) {
            Some(stamp) if body.iter().all(|byte| *byte == FILL) => {
                self.report.verified += 1;
                if stamp >= self.since_us && self.report.latencies_us.len() < MAX_LATENCIES {
                    self.report.latencies_us.push(self.now_us().saturating_sub(stamp));
                }
            }
            Some(_) | None => self.report.corrupt += 1,
        }
    }
}
