//! A flight of ours that may be lost, and when to send it again.

use std::time::{Duration, Instant};

use bytes::Bytes;

/// The first repeat. Browsers begin at 50 ms; a little later, so that theirs arrives first and a
/// loss of their datagram is mended by them.
const FIRST_REPEAT: Duration = Duration::from_millis(60);
/// 60 ms · 2ⁿ seven times: the last repeat goes out after 7.6 s; the next one would miss the
/// 10 s that a join may take.
const LONG: u8 = 7;
/// Enough for three losses in a row, in 420 ms.
const SHORT: u8 = 3;

/// The datagrams of one flight with their retransmission timer.
#[derive(Debug)]
pub(super) struct Flight {
    datagrams: Vec<Bytes>,
    next: Option<Instant>,
    interval: Duration,
    repeats_left: u8,
}

impl Flight {
    /// A flight the client must answer; repeated until it does.
    pub(super) fn long(now: Instant, datagrams: Vec<Bytes>) -> Self {
        Self::new(now, datagrams, LONG)
    }

    /// A flight whose loss the client also mends, only later.
    pub(super) fn short(now: Instant, datagrams: Vec<Bytes>) -> Self {
        Self::new(now, datagrams, SHORT)
    }

    fn new(now: Instant, datagrams: Vec<Bytes>, repeats_left: u8) -> Self {
        let next = now.checked_add(FIRST_REPEAT);
        Self { datagrams, next, interval: FIRST_REPEAT, repeats_left }
    }

    pub(super) fn datagrams(&self) -> &[Bytes] {
        &self.datagrams
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.next
    }

    /// The datagrams to send again now; none when it is not time.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> &[Bytes] {
        if self.next.is_none_or(|due| now < due) {
            return &[];
        }
        self.repeats_left = self.repeats_left.saturating_sub(1);
        self.interval = self.interval.saturating_mul(2);
        self.next = now.checked_add(self.interval).filter(|_| self.repeats_left > 0);
        &self.datagrams
    }
}
