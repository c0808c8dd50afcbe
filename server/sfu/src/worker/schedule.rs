//! The deadlines of everything in a worker, soonest first.

use std::{cmp::Reverse, collections::BinaryHeap, time::Instant};

use shared::ids::RouterId;

use crate::demux::Map;

/// What a deadline belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A transport, by its place in the worker's table.
    Transport(usize),
    /// A router.
    Router(RouterId),
}

/// A heap of deadlines, at most one live per timer.
///
/// Moving a deadline later costs nothing: the old entry stays, comes up early, and is put back.
/// Moving it earlier adds an entry and leaves a stale one behind, which is dropped when it comes
/// up, so the heap holds no more entries than there were moves since the last deadline.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    heap: BinaryHeap<Reverse<(Instant, Timer)>>,
    deadlines: Map<Timer, Deadline>,
}

#[derive(Debug, Clone, Copy)]
struct Deadline {
    /// When the timer is due.
    due: Instant,
    /// The earliest entry of the heap for it, never later than `due`.
    queued: Instant,
}

impl Schedule {
    /// Sets, moves or clears the deadline of `timer`.
    pub(super) fn set(&mut self, timer: Timer, due: Option<Instant>) {
        let Some(due) = due else {
            self.deadlines.remove(&timer);
            return;
        };
        match self.deadlines.get_mut(&timer) {
            Some(deadline) if deadline.queued <= due => deadline.due = due,
            Some(deadline) => {
                *deadline = Deadline { due, queued: due };
                self.heap.push(Reverse((due, timer)));
            }
            None => {
                self.deadlines.insert(timer, Deadline { due, queued: due });
                self.heap.push(Reverse((due, timer)));
            }
        }
    }

    /// Makes sure that `timer` is due at `due` at the latest.
    pub(super) fn bring_forward(&mut self, timer: Timer, due: Instant) {
        if self.deadlines.get(&timer).is_none_or(|deadline| due < deadline.due) {
            self.set(timer, Some(due));
        }
    }

    /// No later than the soonest deadline; now and then earlier, for a deadline that moved.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((due, _))| *due)
    }

    /// Takes the next timer that is due; its deadline is cleared.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Timer> {
        while let Some(Reverse((queued, timer))) = self.heap.peek().copied() {
            if queued > now {
                return None;
            }
            self.heap.pop();
            let Some(deadline) = self.deadlines.get_mut(&timer) else { continue };
            if deadline.queued != queued {
                continue;
            }
            if deadline.due <= now {
                self.deadlines.remove(&timer);
                return Some(timer);
            }
            deadline.queued = deadline.due;
            self.heap.push(Reverse((deadline.due, timer)));
        }
        None
    }

    /// Timers with a deadline.
    pub(super) fn len(&self) -> usize {
        self.deadlines.len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::epoch;

    #[test]
    fn timers_come_due_in_the_order_of_their_last_deadlines() {
        let start = epoch();
        let at = |millis| start + Duration::from_millis(millis);
        let mut schedule = Schedule::default();
        schedule.set(Timer::Transport(1), Some(at(10)));
        schedule.set(Timer::Transport(2), Some(at(20)));
        schedule.set(Timer::Transport(3), Some(at(30)));
        // One moves later, one earlier, one goes.
        schedule.set(Timer::Transport(1), Some(at(25)));
        schedule.set(Timer::Transport(3), Some(at(5)));
        schedule.set(Timer::Transport(2), None);
        assert_eq!(schedule.next(), Some(at(5)));
        assert_eq!(schedule.pop_due(at(4)), None);
        assert_eq!(schedule.pop_due(at(24)), Some(Timer::Transport(3)));
        assert_eq!(schedule.pop_due(at(24)), None);
        assert_eq!(schedule.next(), Some(at(25)));
        assert_eq!(schedule.pop_due(at(25)), Some(Timer::Transport(1)));
        assert_eq!(schedule.pop_due(at(1000)), None);
        assert_eq!((schedule.next(), schedule.len()), (None, 0));
    }

    #[test]
    fn a_timer_that_is_pushed_back_at_every_packet_keeps_one_entry() {
        let start = epoch();
        let mut schedule = Schedule::default();
        for step in 0..10_000 {
            schedule.set(Timer::Transport(1), Some(start + Duration::from_micros(step)));
        }
        assert_eq!(schedule.heap.len(), 1);
    }
}
