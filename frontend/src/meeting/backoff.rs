//! When to try again, and how often one may ask.

use std::time::Duration;

use shared::limits::{CHAT_BURST, CHAT_INTERVAL_SECONDS};

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

/// How often something may be done: at once at first, later at a steady pace.
#[derive(Debug)]
pub(super) struct Allowance {
    interval: Duration,
    at_once: u32,
    /// When what was done so far is paid for at the steady pace.
    paid_until: Instant,
}

impl Allowance {
    /// Of negotiations of a transport: the server allows ten offers in ten seconds.
    pub(super) const fn of_negotiations() -> Self {
        Self::new(Duration::from_millis(1500), 3)
    }

    /// Of chat messages: the server takes one more at once, for those that come late and together.
    pub(super) const fn of_chat() -> Self {
        Self::new(Duration::from_secs(CHAT_INTERVAL_SECONDS as u64), CHAT_BURST - 1)
    }

    const fn new(interval: Duration, at_once: u32) -> Self {
        Self { interval, at_once, paid_until: Duration::ZERO }
    }

    /// When the next one may be.
    pub(super) fn next(&self) -> Instant {
        self.paid_until.saturating_sub(self.interval * (self.at_once - 1))
    }

    /// Counts one that is now.
    pub(super) fn spend(&mut self, now: Instant) {
        self.paid_until = self.paid_until.max(now) + self.interval;
    }

    /// Lets nothing be for a while: the server found it too much.
    pub(super) fn exhaust(&mut self, now: Instant) {
        self.paid_until = now + self.interval * (self.at_once + 1);
    }
}

/// When a server is asked again that was too busy: ever later, until it does something.
#[derive(Debug)]
pub(super) struct Insistence {
    /// Times in a row that it was too busy.
    refusals: u32,
    next: Instant,
}

impl Insistence {
    pub(super) const fn new() -> Self {
        Self { refusals: 0, next: Duration::ZERO }
    }

    /// When it may be asked.
    pub(super) const fn next(&self) -> Instant {
        self.next
    }

    /// Whether it may be asked now.
    pub(super) fn may_ask(&self, now: Instant) -> bool {
        self.next <= now
    }

    /// It was too busy. What else it was asked at the same time counts as one.
    pub(super) fn refused(&mut self, now: Instant) {
        if self.may_ask(now) {
            self.refusals = self.refusals.saturating_add(1);
            self.next = now + media_delay(self.refusals);
        }
    }

    /// It did something.
    pub(super) const fn heard(&mut self) {
        self.refusals = 0;
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

    /// How often something is done in ten seconds that is done as soon as it may be.
    fn starts(mut allowance: Allowance) -> u32 {
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
        starts
    }

    #[test]
    fn allowances_keep_within_what_the_server_takes() {
        let negotiations = starts(Allowance::of_negotiations());
        assert_eq!(negotiations, 9, "three at once, then one every 1.5 s");
        assert_eq!(starts(Allowance::of_chat()), 13, "four at once, then one a second");
    }

    #[test]
    fn a_busy_server_is_asked_ever_more_rarely_until_it_does_something() {
        let mut insistence = Insistence::new();
        let mut now = Duration::from_secs(100);
        let mut delays = Vec::new();
        for _ in 0..7 {
            assert!(insistence.may_ask(now));
            insistence.refused(now);
            insistence.refused(now);
            delays.push((insistence.next() - now).as_millis());
            now = insistence.next();
        }
        assert_eq!(delays, [500, 1000, 2000, 4000, 8000, 15000, 15000]);
        insistence.heard();
        insistence.refused(now);
        assert_eq!((insistence.next() - now).as_millis(), 500);
    }

    #[test]
    fn a_transport_that_keeps_failing_is_tried_ever_more_rarely() {
        let delays: Vec<_> = (0..8).map(|failures| media_delay(failures).as_millis()).collect();
        assert_eq!(delays, [0, 500, 1000, 2000, 4000, 8000, 15000, 15000]);
    }
}
