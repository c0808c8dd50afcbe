//! The deadlines of everything in a worker, soonest first.

use std::time::Instant;

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

/// A binary heap of deadlines that knows where each timer is in it, so that a deadline moves
/// instead of leaving a stale one behind: no more entries than timers.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Each entry is due no earlier than its parent at `(index - 1) / 2`.
    heap: Vec<(Instant, Timer)>,
    positions: Map<Timer, usize>,
}

impl Schedule {
    /// Sets, moves or clears the deadline of `timer`.
    pub(super) fn set(&mut self, timer: Timer, due: Option<Instant>) {
        match (self.positions.get(&timer).copied(), due) {
            (Some(index), Some(due)) => self.place(index, due),
            (Some(index), None) => self.remove(index),
            (None, Some(due)) => {
                self.positions.insert(timer, self.heap.len());
                self.heap.push((due, timer));
                self.sift_up(self.heap.len().saturating_sub(1));
            }
            (None, None) => {}
        }
    }

    /// Makes sure that `timer` is due at `due` at the latest.
    pub(super) fn bring_forward(&mut self, timer: Timer, due: Instant) {
        let position = self.positions.get(&timer);
        let current = position.and_then(|index| self.heap.get(*index));
        if current.is_none_or(|(current, _)| due < *current) {
            self.set(timer, Some(due));
        }
    }

    /// The soonest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.first().map(|(due, _)| *due)
    }

    /// Takes the next timer that is due; its deadline is cleared.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Timer> {
        let (_, timer) = self.heap.first().copied().filter(|(due, _)| *due <= now)?;
        self.remove(0);
        Some(timer)
    }

    /// Timers with a deadline.
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    fn place(&mut self, index: usize, due: Instant) {
        if let Some(entry) = self.heap.get_mut(index).filter(|entry| entry.0 != due) {
            entry.0 = due;
            self.sift_up(index);
            self.sift_down(index);
        }
    }

    fn remove(&mut self, index: usize) {
        let last = self.heap.len().saturating_sub(1);
        self.swap(index, last);
        if let Some((_, timer)) = self.heap.pop() {
            self.positions.remove(&timer);
        }
        self.sift_up(index);
        self.sift_down(index);
    }

    fn sift_up(&mut self, mut index: usize) {
        while index > 0 {
            let parent = index.saturating_sub(1) / 2;
            if self.due(parent) <= self.due(index) {
                return;
            }
            self.swap(index, parent);
            index = parent;
        }
    }

    fn sift_down(&mut self, mut index: usize) {
        loop {
            let left = index.saturating_mul(2).saturating_add(1);
            let children = [left, left.saturating_add(1)];
            let present = children.into_iter().filter(|child| *child < self.heap.len());
            let Some(child) = present.min_by_key(|child| self.due(*child)) else { return };
            if self.due(index) <= self.due(child) {
                return;
            }
            self.swap(index, child);
            index = child;
        }
    }

    /// The deadline at a place in the heap; only compared between places that exist.
    fn due(&self, index: usize) -> Option<Instant> {
        self.heap.get(index).map(|(due, _)| *due)
    }

    fn swap(&mut self, a: usize, b: usize) {
        if a == b || a >= self.heap.len() || b >= self.heap.len() {
            return;
        }
        self.heap.swap(a, b);
        for index in [a, b] {
            if let Some((_, timer)) = self.heap.get(index) {
                self.positions.insert(*timer, index);
            }
        }
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
    fn a_deadline_that_moves_leaves_nothing_behind() {
        let start = epoch();
        let mut schedule = Schedule::default();
        for step in 0..10_000 {
            let due = start + Duration::from_micros(step * 7_919 % 10_000);
            schedule.set(Timer::Transport(1), Some(due));
        }
        assert_eq!(schedule.heap.len(), 1);
    }

    #[test]
    fn whatever_is_set_moved_and_cleared_comes_up_in_order() {
        let start = epoch();
        let mut schedule = Schedule::default();
        let mut expected = std::collections::BTreeMap::new();
        for step in 0..5_000_u64 {
            let key = usize::try_from(step * 31 % 97).unwrap();
            let due = start + Duration::from_millis(step * 7_919 % 1_000);
            if step % 5 == 0 {
                schedule.set(Timer::Transport(key), None);
                expected.remove(&key);
            } else {
                schedule.set(Timer::Transport(key), Some(due));
                expected.insert(key, due);
            }
        }
        let mut last = start;
        while let Some(due) = schedule.next() {
            assert!(due >= last);
            last = due;
            let Some(Timer::Transport(key)) = schedule.pop_due(due) else { panic!("none is due") };
            assert_eq!(expected.remove(&key), Some(due));
        }
        assert!(expected.is_empty() && schedule.positions.is_empty());
    }
}
