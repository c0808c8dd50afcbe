//! Which packets of a received stream to ask for again (RFC 4585 6.2.1).

use std::time::{Duration, Instant};

/// Most packets missing at once; more cannot be repaired in time, so a key frame is asked for.
pub const MAX_MISSING: usize = 256;

/// A packet is asked for when this many later ones have come ...
const REORDER_PACKETS: u64 = 3;
/// ... or after this long: reordering on real paths is over by then.
const REORDER_TIME: Duration = Duration::from_millis(10);
/// Least time between two requests for a packet, however short the round trip.
const MIN_RETRY: Duration = Duration::from_millis(20);
/// Most requests for one packet.
const MAX_REQUESTS: u8 = 10;
/// A packet this late is of no use to a picture in a conversation.
const MAX_AGE: Duration = Duration::from_secs(1);

/// Whether what is missing can still be repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a stream that cannot be repaired needs a key frame"]
pub enum Repair {
    /// By retransmission, or nothing is missing.
    Possible,
    /// Too much is missing. All of it is given up: ask for a key frame.
    MissingTooMany,
    /// Some packets did not come in time and are given up: ask for a key frame.
    MissingTooLong,
}

/// Follows the gaps of one received video stream, by extended sequence number. Tell it every
/// packet, also the ones that came as retransmissions, then ask with
/// [`poll_nacks`](Self::poll_nacks) which to request.
#[derive(Debug, Clone, Default)]
pub struct NackGenerator {
    highest: Option<u64>,
    /// By ascending sequence number; at most [`MAX_MISSING`].
    missing: Vec<Missing>,
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    sequence: u64,
    since: Instant,
    requested: Option<Instant>,
    requests: u8,
}

impl NackGenerator {
    /// Notes a packet.
    pub fn on_packet(&mut self, now: Instant, sequence: u64) -> Repair {
        let Some(highest) = self.highest else {
            self.highest = Some(sequence);
            return Repair::Possible;
        };
        if sequence <= highest {
            self.forget(sequence);
            return Repair::Possible;
        }
        self.highest = Some(sequence);
        let first_missing = highest.saturating_add(1);
        let gap = sequence.saturating_sub(first_missing);
        let room = MAX_MISSING.saturating_sub(self.missing.len());
        if usize::try_from(gap).map_or(true, |gap| gap > room) {
            self.missing.clear();
            return Repair::MissingTooMany;
        }
        let new = (first_missing..sequence).map(|sequence| Missing::new(sequence, now));
        self.missing.extend(new);
        Repair::Possible
    }

    /// Forgets everything before `sequence`: it begins a key frame, which needs nothing earlier.
    pub fn on_key_frame(&mut self, sequence: u64) {
        self.missing.retain(|missing| missing.sequence >= sequence);
    }

    /// Appends to `out` the sequence numbers to request now, sorted as they wrap, and gives up the
    /// ones that are too late.
    pub fn poll_nacks(&mut self, now: Instant, round_trip: Duration, out: &mut Vec<u16>) -> Repair {
        let before = self.missing.len();
        self.missing.retain(|missing| !missing.is_too_late(now));
        let given_up = self.missing.len() < before;
        let (highest, retry) = (self.highest.unwrap_or_default(), round_trip.max(MIN_RETRY));
        for missing in &mut self.missing {
            if missing.is_due(now, highest, retry) {
                missing.requested = Some(now);
                missing.requests = missing.requests.saturating_add(1);
                out.push(low_16_bits(missing.sequence));
            }
        }
        if given_up { Repair::MissingTooLong } else { Repair::Possible }
    }

    /// When [`poll_nacks`](Self::poll_nacks) next has something to do, unless a packet comes
    /// first; `None` while nothing is missing.
    #[must_use]
    pub fn poll_timeout(&self, round_trip: Duration) -> Option<Instant> {
        let retry = round_trip.max(MIN_RETRY);
        self.missing.iter().map(|missing| missing.deadline(retry)).min()
    }

    /// How many packets are missing.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.missing.len()
    }

    fn forget(&mut self, sequence: u64) {
        let found = self.missing.binary_search_by_key(&sequence, |missing| missing.sequence);
        if let Ok(index) = found {
            self.missing.remove(index);
        }
    }
}

impl Missing {
    const fn new(sequence: u64, since: Instant) -> Self {
        Self { sequence, since, requested: None, requests: 0 }
    }

    /// Past its age, or past the answer to the last request.
    fn is_too_late(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= MAX_AGE
    }

    fn is_due(&self, now: Instant, highest: u64, retry: Duration) -> bool {
        let overtaken =
            self.requested.is_none() && highest.saturating_sub(self.sequence) >= REORDER_PACKETS;
        let exhausted = self.requests >= MAX_REQUESTS;
        !exhausted && (overtaken || now >= self.next_request(retry))
    }

    fn next_request(&self, retry: Duration) -> Instant {
        let reordered = saturating_add(self.since, REORDER_TIME);
        self.requested.map_or(reordered, |requested| saturating_add(requested, retry))
    }

    fn deadline(&self, retry: Duration) -> Instant {
        let expiry = saturating_add(self.since, MAX_AGE);
        if self.requests >= MAX_REQUESTS { expiry } else { expiry.min(self.next_request(retry)) }
    }
}

/// `at + duration`; `at` when that is beyond the clock, which is sooner and does no harm.
fn saturating_add(at: Instant, duration: Duration) -> Instant {
    at.checked_add(duration).unwrap_or(at)
}

fn low_16_bits(sequence: u64) -> u16 {
    let [.., high, low] = sequence.to_be_bytes();
    u16::from_be_bytes([high, low])
}

#[cfg(test)]
mod tests;
