//! How much one client may publish.

use std::time::{Duration, Instant};

/// Packets a second in the long run, 60 Mbit/s of full ones: several sharp screens and cameras at
/// once, and far below what would starve the other rooms of a worker.
pub(crate) const MAX_PACKETS_PER_SECOND: u32 = 5_000;

/// What may come at once, in time at the steady rate: the burst after a stall of the network.
const TOLERANCE: Duration = Duration::from_secs(1);

/// Time one packet pays for at the steady rate.
const INTERVAL: Duration = Duration::from_micros(1_000_000 / MAX_PACKETS_PER_SECOND as u64);

/// Counts a client's authentic packets: the generic cell rate algorithm (ITU-T I.371).
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// When all that came so far is paid for at the steady rate.
    paid_at: Option<Instant>,
}

/// Whether a packet is within the pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Within,
    /// It is dropped; what comes at the pace goes on.
    TooMuch,
}

impl Pace {
    pub(crate) fn admit(&mut self, now: Instant) -> Verdict {
        let paid_at = self.paid_at.map_or(now, |paid_at| paid_at.max(now)) + INTERVAL;
        if paid_at.saturating_duration_since(now) > TOLERANCE {
            return Verdict::TooMuch;
        }
        self.paid_at = Some(paid_at);
        Verdict::Within
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    #[test]
    fn a_burst_and_then_the_rate_is_taken() {
        let start = epoch();
        let mut pace = Pace::default();
        let mut taken = |now| (0..20_000).filter(|_| pace.admit(now) == Verdict::Within).count();
        assert_eq!(taken(start), 5_000);
        assert_eq!(taken(start + Duration::from_millis(100)), 500);
        assert_eq!(taken(start + Duration::from_secs(60)), 5_000);
    }
}
