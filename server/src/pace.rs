//! How often something may be done: messages of a connection, what a participant says to all.

use std::time::{Duration, Instant};

/// A steady rate, and how much may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceSettings {
    /// In the long run.
    pub per_second: u32,
    /// At once after a pause.
    pub burst: u32,
}

/// Counts what one connection or participant does: the generic cell rate algorithm (ITU-T I.371),
/// which is a token bucket that needs one point in time instead of a level.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    interval: Duration,
    tolerance: Duration,
    /// When all that was done so far is paid for at the steady rate; none before the first.
    paid_at: Option<Instant>,
}

/// Whether something is within the pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is.
    Within,
    /// There is too much of it.
    Flood,
}

impl Pace {
    /// Nothing done yet.
    pub(crate) fn new(settings: PaceSettings) -> Self {
        let interval = Duration::from_secs(1) / settings.per_second.max(1);
        Self { interval, tolerance: interval * settings.burst, paid_at: None }
    }

    /// Counts something that costs as much as `cost` ordinary ones.
    pub(crate) fn spend(&mut self, now: Instant, cost: u32) -> Verdict {
        let paid_at = self.paid_at.map_or(now, |paid_at| paid_at.max(now)) + self.interval * cost;
        if paid_at.saturating_duration_since(now) > self.tolerance {
            return Verdict::Flood;
        }
        self.paid_at = Some(paid_at);
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
        let mut pace = Pace::new(SETTINGS);
        assert_eq!(spent(&mut pace, start, 1), 200);
        assert_eq!(spent(&mut pace, start + Duration::from_secs(1), 1), 50);
        assert_eq!(spent(&mut pace, start + Duration::from_secs(60), 1), 200);
    }

    #[test]
    fn what_costs_more_comes_less_often() {
        let start = Instant::now();
        let mut pace = Pace::new(SETTINGS);
        assert_eq!(spent(&mut pace, start, 20), 10);
    }
}
