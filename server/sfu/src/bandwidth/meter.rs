//! How much flows.

use std::time::{Duration, Instant};

/// Time a measurement takes: a few frames of the slowest video.
const WINDOW: Duration = Duration::from_millis(500);

/// Measures a bit rate, smoothed over about a second.
#[derive(Debug, Clone, Default)]
pub struct RateMeter {
    since: Option<Instant>,
    bytes: u64,
    /// Bits per second by the windows before.
    rate: u64,
}

impl RateMeter {
    /// Counts bytes.
    pub fn add(&mut self, now: Instant, bytes: usize) {
        let since = *self.since.get_or_insert(now);
        let age = now.saturating_duration_since(since);
        if age >= WINDOW {
            self.rate = self.after(age);
            self.bytes = 0;
            self.since = Some(now);
        }
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    /// Goes on after a pause that says nothing about the rate.
    pub fn resume(&mut self, now: Instant) {
        if self.since.is_some() {
            (self.since, self.bytes) = (Some(now), 0);
        }
    }

    /// Bits per second; less and less when nothing has come for a while.
    #[must_use]
    pub fn rate(&self, now: Instant) -> u64 {
        let Some(since) = self.since else { return 0 };
        let age = now.saturating_duration_since(since);
        if age < 2 * WINDOW && self.rate > 0 { self.rate } else { self.after(age.max(WINDOW)) }
    }

    /// The rate when the window that lasted `age` is taken in, too.
    fn after(&self, age: Duration) -> u64 {
        let age = u64::try_from(age.as_micros()).unwrap_or(u64::MAX);
        let measured = super::bits_per_second(self.bytes, age.cast_signed());
        if self.rate == 0 || age > 4 * 500_000 { measured } else { (self.rate + measured) / 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    #[test]
    fn a_steady_flow_is_measured_and_an_ended_one_forgotten() {
        let start = epoch();
        let mut meter = RateMeter::default();
        assert_eq!(meter.rate(start), 0);
        let at = |n: u32| start + Duration::from_millis(20) * n;
        for n in 0..500 {
            meter.add(at(n), 1_000);
            if n > 30 {
                assert!((380_000..420_000).contains(&meter.rate(at(n))), "{}", meter.rate(at(n)));
            }
        }
        assert!(meter.rate(at(500) + Duration::from_secs(10)) < 20_000);
    }
}
