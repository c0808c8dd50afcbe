//! Whether something has been in trouble for long enough to do something about it, and has been
//! well for long enough to stop.

use std::time::Duration;

use crate::meeting::effect::Instant;

/// How long it must have been well the first time; twice as long each time it was not for long,
/// so that nothing goes up and down all the time.
const FIRST_HOLD: Duration = Duration::from_secs(20);
const LONGEST_HOLD: Duration = Duration::from_secs(160);

/// One kind of trouble.
#[derive(Debug, Default)]
pub(super) struct Strain {
    state: State,
    /// How long it was held last.
    hold: Duration,
    ended_at: Option<Instant>,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Well,
    /// In trouble since then.
    Bad(Instant),
    /// In trouble for long enough, and not well since.
    On,
    /// The same, and well since then.
    Ending(Instant),
}

impl Strain {
    /// Takes in whether there is trouble now, which begins to count after `onset`.
    pub(super) fn take(&mut self, now: Instant, is_bad: bool, onset: Duration) {
        self.state = match (self.state, is_bad) {
            (State::Well, true) => State::Bad(now),
            (State::Bad(since), true) if since + onset <= now => {
                self.begin(now);
                State::On
            }
            (State::Bad(_) | State::Well, false) => State::Well,
            (State::On | State::Ending(_), true) => State::On,
            (State::On, false) => State::Ending(now),
            (State::Ending(since), false) if since + self.hold <= now => {
                self.ended_at = Some(now);
                State::Well
            }
            (state @ (State::Bad(_) | State::Ending(_)), _) => state,
        };
    }

    /// Whether to do something about it.
    pub(super) const fn is_on(&self) -> bool {
        matches!(self.state, State::On | State::Ending(_))
    }

    fn begin(&mut self, now: Instant) {
        let is_again = self.ended_at.is_some_and(|ended_at| now < ended_at + self.hold * 2);
        self.hold = if is_again { (self.hold * 2).min(LONGEST_HOLD) } else { FIRST_HOLD };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONSET: Duration = Duration::from_secs(8);

    fn at(second: u64) -> Instant {
        Duration::from_secs(second)
    }

    #[test]
    fn a_moment_of_trouble_is_none() {
        let mut strain = Strain::default();
        for second in [0, 2, 4, 6] {
            strain.take(at(second), true, ONSET);
        }
        strain.take(at(8), false, ONSET);
        strain.take(at(10), true, ONSET);
        strain.take(at(16), true, ONSET);
        assert!(!strain.is_on());
        strain.take(at(18), true, ONSET);
        assert!(strain.is_on());
    }

    #[test]
    fn it_ends_after_a_while_without_and_later_when_it_comes_back_soon() {
        let mut strain = Strain::default();
        let trouble = |strain: &mut Strain, from: u64| {
            strain.take(at(from), true, ONSET);
            strain.take(at(from + 8), true, ONSET);
            assert!(strain.is_on());
        };
        trouble(&mut strain, 0);
        strain.take(at(10), false, ONSET);
        strain.take(at(20), true, ONSET);
        strain.take(at(22), false, ONSET);
        strain.take(at(40), false, ONSET);
        assert!(strain.is_on(), "not well for long enough");
        strain.take(at(42), false, ONSET);
        assert!(!strain.is_on());
        trouble(&mut strain, 50);
        strain.take(at(60), false, ONSET);
        strain.take(at(98), false, ONSET);
        assert!(strain.is_on(), "it came back soon");
        strain.take(at(100), false, ONSET);
        assert!(!strain.is_on());
    }
}
