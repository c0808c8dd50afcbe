//! Whether a queue stands at the bottleneck.
//!
//! Jitter delays some packets; a queue that we keep filled delays all of them. So what counts is the
//! least delay within a window, against the least in the last ten to twenty seconds: the time the
//! way takes without a queue. How far it may rise depends on how much the delays vary anyway.

use super::window::Window;

/// A rise of the least delay that is noise on the best of links, in microseconds: frames that are
/// sent at once queue up behind each other.
const NOISE: i64 = 15_000;

/// How long the least delay is believed to be the way's own, in microseconds: twice that at most.
const BASE_LIFETIME: i64 = 10_000_000;

/// A fall from one window to the next that shows that the queue drains, in microseconds.
const FALL: i64 = 4_000;

/// How many times the usual threshold shows a queue at once, without a second window.
const OBVIOUS: i64 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum QueueState {
    /// None to speak of.
    #[default]
    Empty,
    /// It may be noise: one more window will tell.
    Suspected,
    /// It stands, or grows: more is sent than the link carries.
    Standing,
    /// It was there, and becomes shorter.
    Draining,
}

/// Follows the delay, window by window.
#[derive(Debug, Default)]
pub(super) struct QueueDetector {
    /// The least delay since `base_since`, and in the time as long before that.
    base: Option<(i64, i64)>,
    base_since: i64,
    /// How much delays vary within a window without a queue, smoothed.
    spread: Option<i64>,
    last: i64,
    state: QueueState,
}

impl QueueDetector {
    pub(super) fn update(&mut self, window: &Window) {
        let least = window.least_delay;
        let (current, previous) = self.base.unwrap_or((least, least));
        if window.last_sent - self.base_since > BASE_LIFETIME {
            self.base = Some((least, current));
            self.base_since = window.last_sent;
        } else {
            self.base = Some((current.min(least), previous));
        }
        let (delay, before) = (self.delay_of(least), self.last);
        self.last = delay;
        let spread = *self.spread.get_or_insert_with(|| window.spread());
        let threshold = NOISE + spread / 2;
        self.state = if delay <= threshold {
            QueueState::Empty
        } else if delay + FALL < before {
            QueueState::Draining
        } else if self.state != QueueState::Empty || delay > threshold * OBVIOUS {
            QueueState::Standing
        } else {
            QueueState::Suspected
        };
        if self.state == QueueState::Empty {
            self.spread = Some((spread * 7 + window.spread()) / 8);
        }
    }

    /// Takes the delay there is now for the way's own: it is not our queue.
    pub(super) fn rebase(&mut self) {
        let now = self.base.map(|(current, previous)| current.min(previous) + self.last);
        self.base = now.map(|least| (least, least));
        self.last = 0;
        self.state = QueueState::Empty;
    }

    pub(super) const fn state(&self) -> QueueState {
        self.state
    }

    /// How long packets wait, in microseconds.
    pub(super) const fn delay(&self) -> i64 {
        self.last
    }

    fn delay_of(&self, least: i64) -> i64 {
        let base = self.base.map_or(least, |(current, previous)| current.min(previous));
        (least - base).max(0)
    }
}
