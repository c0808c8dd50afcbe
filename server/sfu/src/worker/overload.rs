//! Sends less when the worker cannot keep up: the least important pictures first, voices never.

use std::time::{Duration, Instant};

use super::Worker;

/// A backlog that stays for so long does not go by itself.
const PERSISTENT: Duration = Duration::from_millis(100);

/// Time a step is given to take effect.
const RESPONSE: Duration = Duration::from_millis(200);

/// How long everything has to go well before a little more is sent, at first and at most: twice as
/// long as before when that was too much again within [`RELAPSE`].
const FIRST_CALM: Duration = Duration::from_secs(1);
const LONGEST_CALM: Duration = Duration::from_secs(30);
const RELAPSE: Duration = Duration::from_secs(5);

/// Steps from everything to nothing but voices.
pub(super) const STEPS: u8 = 16;

/// How much one step down is, in [`STEPS`]; up goes one at a time.
const DOWN: u8 = 2;

/// How much is left out for lack of processor time.
#[derive(Debug)]
pub(super) struct Overload {
    /// How much, in [`STEPS`].
    shed: u8,
    changed: Instant,
    /// Since when there has been a backlog.
    behind: Option<Instant>,
    calm: Duration,
    /// Whether the last change was for the better.
    has_eased: bool,
}

/// Whether something else is left out from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Same,
    Changed,
}

impl Overload {
    pub(super) const fn new(now: Instant) -> Self {
        Self { shed: 0, changed: now, behind: None, calm: FIRST_CALM, has_eased: false }
    }

    /// How much is left out, in [`STEPS`].
    pub(super) const fn shed(&self) -> u8 {
        self.shed
    }

    fn note(&mut self, now: Instant, has_backlog: bool) -> Change {
        let age = now.saturating_duration_since(self.changed);
        if !has_backlog {
            self.behind = None;
            if self.shed == 0 || age < self.calm {
                return Change::Same;
            }
            self.shed = self.shed.saturating_sub(1);
            self.has_eased = true;
            self.changed = now;
            return Change::Changed;
        }
        let behind = *self.behind.get_or_insert(now);
        let is_persistent = now.saturating_duration_since(behind) >= PERSISTENT;
        if !is_persistent || self.shed == STEPS || self.shed > 0 && age < RESPONSE {
            return Change::Same;
        }
        if std::mem::take(&mut self.has_eased) {
            let is_relapse = age < RELAPSE;
            self.calm = if is_relapse { (self.calm * 2).min(LONGEST_CALM) } else { FIRST_CALM };
        }
        self.shed = self.shed.saturating_add(DOWN).min(STEPS);
        self.changed = now;
        Change::Changed
    }
}

impl Worker {
    /// Notes whether the last turn left datagrams waiting that were there when it began. Tell it
    /// once a turn: while there is a backlog, less and less video is sent.
    pub fn note_backlog(&mut self, now: Instant, has_backlog: bool) {
        if self.overload.note(now, has_backlog) == Change::Same {
            return;
        }
        let shed = self.overload.shed();
        tracing::warn!(shed, "the worker sheds {shed} of {STEPS} parts of what it could send");
        let legs = self.table.transports.iter();
        let receiving = legs.filter(|(_, transport)| transport.as_receive_leg().is_some());
        let keys: Vec<usize> = receiving.map(|(key, _)| key).collect();
        for key in keys {
            self.allocate(now, key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    /// A worker that keeps up with so many parts of [`STEPS`]; returns the most and the least it
    /// shed in the last half.
    fn run(capacity: u8, seconds: u64) -> (u8, u8) {
        let start = epoch();
        let mut overload = Overload::new(start);
        let mut seen = (0, STEPS);
        for turn in 0..seconds * 500 {
            let has_backlog = STEPS - overload.shed() > capacity;
            overload.note(start + Duration::from_millis(2 * turn), has_backlog);
            if turn > seconds * 250 {
                seen = (seen.0.max(overload.shed()), seen.1.min(overload.shed()));
            }
        }
        seen
    }

    #[test]
    fn who_keeps_up_sheds_nothing() {
        assert_eq!(run(STEPS, 10), (0, 0));
    }

    #[test]
    fn who_does_not_sheds_about_what_is_too_much() {
        let (most, least) = run(10, 60);
        assert!(least >= 5 && most <= 8, "between {least} and {most} of {STEPS}");
    }

    #[test]
    fn a_moment_of_backlog_is_nothing() {
        let start = epoch();
        let mut overload = Overload::new(start);
        for turn in 0..1_000_u64 {
            overload.note(start + Duration::from_millis(2 * turn), turn % 45 != 0);
        }
        assert_eq!(overload.shed(), 0);
    }

    #[test]
    fn when_it_is_over_everything_comes_back() {
        let start = epoch();
        let mut overload = Overload::new(start);
        for turn in 0..10_000_u64 {
            overload.note(start + Duration::from_millis(2 * turn), turn < 1_500);
            if turn == 1_499 {
                assert_eq!(overload.shed(), STEPS);
            }
        }
        assert_eq!(overload.shed(), 0);
    }
}
