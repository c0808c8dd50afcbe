//! When to try again, and how often one may ask.

use std::time::Duration;

use super::effect::Instant;

/// The first wait: a server that restarts in place is back about then.
const FIRST_DELAY: Duration = Duration::from_millis(250);

/// Growth of the wait from one try to the next.
const GROWTH: f64 = 1.6;

/// Longest wait of an outage that is still young: people watch the screen.
const YOUNG_CAP: Duration = Duration::from_millis(1000);

/// How long an outage is young.
const YOUNG: Duration = Duration::from_secs(30);

/// Longest wait of an older outage; short enough to be back 3 s after the server.
const OLD_CAP: Duration = Duration::from_millis(2000);

/// How much of a wait is left to chance, so that a full server's clients do not come all at once.
const JITTER: f64 = 0.3;

/// The chances of one page: a fixed sequence for each seed.
#[derive(Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number of `0.0..1.0` (`SplitMix64`).
    pub(super) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = u32::try_from(mixed >> 32).expect("32 bits are left");
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }
}

/// How long to wait before try number `attempt` (from one) of an outage as old as `age`.
pub(super) fn reconnect_delay(attempt: u32, age: Duration, chance: &mut Chance) -> Duration {
    let cap = if age < YOUNG { YOUNG_CAP } else { OLD_CAP };
    // Past the cap more growth changes nothing.
    let growth = GROWTH.powi(i32::try_from(attempt.clamp(1, 16) - 1).unwrap_or_default());
    let delay = FIRST_DELAY.mul_f64(growth).min(cap);
    delay.mul_f64(1.0 - JITTER * chance.next())
}

/// How long to wait before a transport that failed `failures` times in a row is made anew.
pub(super) fn media_delay(failures: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(15);
    match failures {
        0 => Duration::ZERO,
        failures => (FIRST * (1 << (failures - 1).min(8))).min(LONGEST),
    }
}

/// How often a transport may negotiate: at once at first, later at a steady pace. The server
/// allows ten offers in ten seconds.
#[derive(Debug)]
pub(super) struct Allowance {
    /// When the negotiations made so far are paid for at the steady pace.
    paid_until: Instant,
}

impl Allowance {
    const INTERVAL: Duration = Duration::from_millis(1500);
    const AT_ONCE: u32 = 3;

    pub(super) const fn new() -> Self {
        Self { paid_until: Duration::ZERO }
    }

    /// When the next negotiation may start.
    pub(super) fn next(&self) -> Instant {
        self.paid_until.saturating_sub(Self::INTERVAL * (Self::AT_ONCE - 1))
    }

    /// Counts a negotiation that starts now.
    pub(super) fn spend(&mut self, now: Instant) {
        self.paid_until = self.paid_until.max(now) + Self::INTERVAL;
    }

    /// Lets nothing start for a while: the server found it too much.
    pub(super) fn exhaust(&mut self, now: Instant) {
        self.paid_until = now + Self::INTERVAL * (Self::AT_ONCE + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_to_one_second_and_never_beyond_two() {
        let mut chance = Chance::new(7);
        let young: Vec<_> =
            (1..=20).map(|attempt| reconnect_delay(attempt, Duration::ZERO, &mut chance)).collect();
        assert!(young.first().is_some_and(|first| *first <= FIRST_DELAY));
        assert!(
            young.iter().all(|delay| *delay <= YOUNG_CAP && *delay >= FIRST_DELAY.mul_f64(0.7))
        );
        assert!(young.iter().skip(5).all(|delay| *delay >= YOUNG_CAP.mul_f64(0.7)));
        let old = reconnect_delay(u32::MAX, Duration::from_secs(300), &mut chance);
        assert!(old <= OLD_CAP && old > YOUNG_CAP);
    }

    #[test]
    fn pages_with_different_seeds_do_not_come_back_together() {
        let delay = |seed| reconnect_delay(5, Duration::ZERO, &mut Chance::new(seed));
        assert_ne!(delay(1), delay(2));
        assert_eq!(delay(1), delay(1));
    }

    #[test]
    fn the_allowance_keeps_within_what_the_server_takes() {
        let mut allowance = Allowance::new();
        let mut now = Duration::from_secs(100);
        let started = now;
        let mut starts = 0;
        while now < started + Duration::from_secs(10) {
            if allowance.next() <= now {
                allowance.spend(now);
                starts += 1;
            }
            now += Duration::from_millis(10);
        }
        assert_eq!(starts, 9, "three at once, then one every 1.5 s");
    }

    #[test]
    fn a_transport_that_keeps_failing_is_tried_ever_more_rarely() {
        let delays: Vec<_> = (0..8).map(|failures| media_delay(failures).as_millis()).collect();
        assert_eq!(delays, [0, 500, 1000, 2000, 4000, 8000, 15000, 15000]);
    }
}
