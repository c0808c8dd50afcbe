//! Whether a worker's thread still turns.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the beginnings and the ends of a thread's turns; odd while it is in one.
///
/// A thread that waits for work does not beat and is well. One that is in the same turn for long
/// hangs.
#[derive(Debug, Default)]
pub(super) struct Pulse(AtomicU64);

impl Pulse {
    /// A turn begins, or ends. Only the thread itself calls this.
    pub(super) fn beat(&self) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

/// One who looks at a pulse from time to time.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: u64,
    looks: u32,
}

impl Watch {
    /// Looks, and returns how many times in a row, this one included, the thread was found in the
    /// turn it is in now.
    ///
    /// Looks are counted, not time: when the whole process was stopped, or got no processor, no
    /// thread is to blame.
    pub(super) fn look(&mut self, pulse: &Pulse) -> u32 {
        let now = pulse.0.load(Ordering::Relaxed);
        let is_in_turn = now % 2 == 1;
        self.looks = match (is_in_turn, now == self.seen) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => self.looks.saturating_add(1),
        };
        self.seen = now;
        self.looks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_turn_that_does_not_end_counts() {
        let (pulse, mut watch) = (Pulse::default(), Watch::default());
        assert_eq!([watch.look(&pulse), watch.look(&pulse)], [0, 0], "it waits");
        pulse.beat();
        assert_eq!([watch.look(&pulse), watch.look(&pulse)], [1, 2]);
        pulse.beat();
        pulse.beat();
        assert_eq!(watch.look(&pulse), 1, "another turn");
        pulse.beat();
        assert_eq!(watch.look(&pulse), 0);
    }
}
