//! The packets of a fifth of a second, taken together: one packet's delay is noise, the least of
//! twenty is not.

use super::bits_per_second;

/// How long packets are sent for until a window may end, in microseconds.
const SPAN: i64 = 200_000;

/// How many must have come by then.
const ENOUGH: u32 = 8;

/// After this time a window ends with the few packets it has: when only a voice with pauses is sent.
const LONG_SPAN: i64 = 800_000;

/// How few these may be.
const FEW: u32 = 3;

/// What came of the packets that were sent within one window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    first_sent: i64,
    pub(super) last_sent: i64,
    pub(super) packets: u32,
    pub(super) bytes: u64,
    /// The least time under way; on two clocks, so only differences mean something.
    pub(super) least_delay: i64,
    delay_sum: i64,
    first_arrival: i64,
    pub(super) last_arrival: i64,
}

impl Window {
    /// How far the packets' delays are from the least one, on average.
    pub(super) fn spread(&self) -> i64 {
        self.delay_sum / i64::from(self.packets.max(1)) - self.least_delay
    }
}

/// Collects a window.
#[derive(Debug, Default)]
pub(super) struct WindowBuilder {
    window: Option<Window>,
}

impl WindowBuilder {
    /// Adds a packet that came.
    pub(super) fn add(&mut self, sent: i64, arrival: i64, size: u16) {
        let delay = arrival - sent;
        let window = self.window.get_or_insert(Window {
            first_sent: sent,
            last_sent: sent,
            packets: 0,
            bytes: 0,
            least_delay: delay,
            delay_sum: 0,
            first_arrival: arrival,
            last_arrival: arrival,
        });
        window.first_sent = window.first_sent.min(sent);
        window.last_sent = window.last_sent.max(sent);
        window.packets += 1;
        window.bytes += u64::from(size);
        window.least_delay = window.least_delay.min(delay);
        window.delay_sum += delay;
        window.first_arrival = window.first_arrival.min(arrival);
        window.last_arrival = window.last_arrival.max(arrival);
    }

    pub(super) fn is_complete(&self) -> bool {
        self.window.is_some_and(|window| {
            let span = window.last_sent - window.first_sent;
            span >= SPAN && window.packets >= ENOUGH || span >= LONG_SPAN && window.packets >= FEW
        })
    }

    pub(super) const fn take(&mut self) -> Option<Window> {
        self.window.take()
    }
}

/// Windows the rate of delivery is taken over: long enough to even out a frame.
const DELIVERIES: usize = 3;

/// A gap between two windows' arrivals from which on it is silence, not a slow link.
const SILENCE: i64 = 1_000_000;

/// How fast packets come out at the other end.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    /// Bytes, and the time they took; the newest first.
    recent: [(u64, i64); DELIVERIES],
    last_arrival: Option<i64>,
}

impl Delivery {
    pub(super) fn add(&mut self, window: &Window) {
        let own = window.last_arrival - window.first_arrival;
        let since = self.last_arrival.map(|last| window.last_arrival - last);
        let span = since.filter(|since| (0..SILENCE).contains(since)).unwrap_or(own);
        self.last_arrival = Some(window.last_arrival);
        self.recent.rotate_right(1);
        if let Some(newest) = self.recent.first_mut() {
            *newest = (window.bytes, span);
        }
    }

    /// In bits per second; 0 when it is not known.
    pub(super) fn rate(&self) -> u64 {
        let total = self.recent.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        bits_per_second(total.0, total.1)
    }
}
