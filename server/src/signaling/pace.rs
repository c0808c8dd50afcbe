//! How much one connection may ask.

use std::time::{Duration, Instant};

/// What broken messages cost, in ordinary ones: a few are a bug, many an attack.
pub(super) const GARBAGE_COST: u32 = 20;

/// A steady rate, and how much may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceSettings {
    /// Messages in the long run.
    pub per_second: u32,
    /// Messages at once after a pause.
    pub burst: u32,
}

impl Default for PaceSettings {
    fn default() -> Self {
        // A client that joins a full room asks for about 2 × 50 consumers and resumes each.
        Self { per_second: 50, burst: 200 }
    }
}

/// Counts the messages of one connection: the generic cell rate algorithm (ITU-T I.371), which
/// is a token bucket that needs one point in time instead of a level.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    tolerance: Duration,
    /// When all that was asked so far is paid for at the steady rate.
    paid_at: Instant,
}

/// Whether a message is within the pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is.
    Within,
    /// There are too many.
    Flood,
}

impl Pace {
    /// Nothing asked yet.
    pub(super) fn new(settings: PaceSettings, now: Instant) -> Self {
        let interval = Duration::from_secs(1) / settings.per_second.max(1);
        Self { interval, tolerance: interval * settings.burst, paid_at: now }
    }

    /// Counts a message that costs as much as `cost` ordinary ones.
    pub(super) fn spend(&mut self, now: Instant, cost: u32) -> Verdict {
        let paid_at = self.paid_at.max(now) + self.interval * cost;
        if paid_at.saturating_duration_since(now) > self.tolerance {
            return Verdict::Flood;
        }
        self.paid_at = paid_at;
        Verdict::Within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: PaceSettings = PaceSettings { per_second: 50, burst: 200 };

    fn spent(pace: &mut Pace, now: Instant, cost: u32) -> u32 {
        (0..).find(|_| pace.spend(now, cost) == Verdict::Flood).unwrap()
    }

    #[test]
    fn a_burst_and_then_the_rate_is_allowed() {
        let start = Instant::now();
        let mut pace = Pace::new(SETTINGS, start);
        assert_eq!(spent(&mut pace, start, 1), 200);
        assert_eq!(spent(&mut pace, start + Duration::from_secs(1), 1), 50);
        assert_eq!(spent(&mut pace, start + Duration::from_secs(60), 1), 200);
    }

    #[test]
    fn ten_broken_messages_are_a_flood() {
        let start = Instant::now();
        let mut pace = Pace::new(SETTINGS, start);
        assert_eq!(spent(&mut pace, start, GARBAGE_COST), 10);
    }
}
