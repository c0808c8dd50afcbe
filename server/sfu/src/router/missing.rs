//! Packets a publisher sent that did not arrive: when to ask for them again.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::modular::low16;

/// The most packets asked for at a time; a larger hole is closed by a key frame.
const MAX_MISSING: usize = 128;

/// How long a packet may be overtaken before it is taken for lost. Reordering on real paths is a
/// few milliseconds.
const REORDER_ALLOWANCE: Duration = Duration::from_millis(10);

/// How often one packet is asked for. At 1 % loss, three would do; ten cover a burst.
const MAX_TRIES: u8 = 10;

/// The most numbers in one [`LostPackets`]; what is left goes into the next.
const MAX_LOST: usize = 32;

/// How many [`LostPackets`] are due at once at most.
pub(super) const MAX_POLLS: usize = MAX_MISSING.div_ceil(MAX_LOST);

/// Sequence numbers to ask a publisher for, as they were on its wire, in ascending order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LostPackets {
    numbers: [u16; MAX_LOST],
    len: usize,
}

impl LostPackets {
    /// The numbers.
    #[must_use]
    pub fn as_slice(&self) -> &[u16] {
        self.numbers.get(..self.len).unwrap_or(&[])
    }

    fn push(&mut self, number: u16) -> bool {
        let slot = self.numbers.get_mut(self.len);
        slot.map(|slot| *slot = number).map(|()| self.len += 1).is_some()
    }
}

/// What to do about a hole in the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GapDecision {
    /// The packets will be asked for.
    AskAgain,
    /// There are too many: ask for a key frame instead.
    GiveUp,
}

/// The holes of one stream.
#[derive(Debug, Default)]
pub(super) struct MissingPackets {
    /// By ascending sequence number.
    entries: VecDeque<Missing>,
    due: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    sequence: u64,
    ask_at: Instant,
    tries: u8,
}

impl MissingPackets {
    /// Notes that the packets of `hole` were not there when a later one arrived.
    pub(super) fn note_gap(&mut self, now: Instant, hole: std::ops::Range<u64>) -> GapDecision {
        let count = hole.end.saturating_sub(hole.start);
        if count == 0 {
            return GapDecision::AskAgain;
        }
        if count + self.entries.len() as u64 > MAX_MISSING as u64 {
            self.clear();
            return GapDecision::GiveUp;
        }
        let ask_at = now + REORDER_ALLOWANCE;
        self.entries.extend(hole.map(|sequence| Missing { sequence, ask_at, tries: 0 }));
        self.due = Some(self.due.map_or(ask_at, |due| due.min(ask_at)));
        GapDecision::AskAgain
    }

    /// Notes that packet `sequence` came after all.
    pub(super) fn note_arrival(&mut self, sequence: u64) {
        if let Ok(position) = self.entries.binary_search_by_key(&sequence, |entry| entry.sequence) {
            self.entries.remove(position);
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.due = None;
    }

    /// When to call [`MissingPackets::poll`].
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The next packets to ask for now, each again after `retry`; `None` when there are none. At
    /// most [`MAX_POLLS`] calls in a row give any.
    pub(super) fn poll(&mut self, now: Instant, retry: Duration) -> Option<LostPackets> {
        if self.due.is_none_or(|due| now < due) {
            return None;
        }
        let mut lost = LostPackets::default();
        for entry in self.entries.iter_mut().filter(|entry| entry.ask_at <= now) {
            if !lost.push(low16(entry.sequence)) {
                break;
            }
            entry.tries += 1;
            entry.ask_at = now + retry;
        }
        self.entries.retain(|entry| entry.tries < MAX_TRIES);
        self.due = self.entries.iter().map(|entry| entry.ask_at).min();
        (lost.len > 0).then_some(lost)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::epoch;

    use super::*;

    const RETRY: Duration = Duration::from_millis(50);

    fn after(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn a_packet_that_was_only_overtaken_is_never_asked_for() {
        let start = epoch();
        let mut missing = MissingPackets::default();
        assert_eq!(missing.note_gap(start, 5..6), GapDecision::AskAgain);
        missing.note_arrival(5);
        assert_eq!(missing.poll(after(start, 10), RETRY), None);
        assert_eq!(missing.due(), None);
    }

    #[test]
    fn a_lost_packet_is_asked_for_until_it_comes_or_the_tries_are_used_up() {
        let start = epoch();
        let mut missing = MissingPackets::default();
        missing.note_gap(start, 0x1_FFFF..0x2_0001);
        let lost = missing.poll(after(start, 10), RETRY).unwrap();
        assert_eq!(lost.as_slice(), [0xFFFF, 0]);
        assert_eq!(missing.poll(after(start, 59), RETRY), None);
        missing.note_arrival(0x1_FFFF);
        let mut asked = 0;
        for n in 1..100 {
            asked += missing.poll(after(start, 10 + 50 * n), RETRY).map_or(0, |lost| {
                assert_eq!(lost.as_slice(), [0]);
                1
            });
        }
        assert_eq!(asked, MAX_TRIES - 1);
        assert_eq!(missing.due(), None);
    }

    #[test]
    fn a_hole_too_large_to_fill_is_given_up() {
        let start = epoch();
        let mut missing = MissingPackets::default();
        assert_eq!(missing.note_gap(start, 0..128), GapDecision::AskAgain);
        assert_eq!(missing.note_gap(start, 200..201), GapDecision::GiveUp);
        assert_eq!(missing.due(), None);
    }

    #[test]
    fn many_lost_packets_are_asked_for_in_several_pieces() {
        let start = epoch();
        let mut missing = MissingPackets::default();
        missing.note_gap(start, 0..70);
        let sizes: Vec<_> = std::iter::from_fn(|| missing.poll(after(start, 10), RETRY))
            .map(|lost| lost.as_slice().len())
            .collect();
        assert_eq!(sizes, [32, 32, 6]);
    }
}
