//! Which packets of a stream have arrived: extends sequence numbers, finds duplicates and restarts.

use super::modular::{distance16, low16};

/// A jump forward by at least this many packets is taken for a restart of the stream, if the next
/// packet confirms it (RFC 3550 appendix A.1, `MAX_DROPOUT`).
const MAX_DROPOUT: u64 = 3000;

/// How far back arrivals are remembered, in packets: as far as the video cache reaches.
const WINDOW: u64 = 1024;

/// [`WINDOW`] in words of 64 bits.
const WORDS: usize = 16;

/// Where the first packet's number is extended to, so that packets sent before it have room.
const FIRST_CYCLE: u64 = 1 << 16;

/// What a sequence number that arrived means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// The newest so far; the number before it that had arrived is given.
    Newest { sequence: u64, previous: u64 },
    /// One that was overtaken, or resent.
    Late { sequence: u64 },
    /// The first of all.
    First { sequence: u64 },
    /// The first after the stream began anew with unrelated numbers.
    Restart { sequence: u64 },
    /// It had arrived already.
    Duplicate,
    /// Too far from what arrived lately; maybe the stream restarts.
    OutOfRange,
}

/// The arrivals of one stream, by sequence number extended to 64 bits.
///
/// Extended numbers only grow: after a restart they continue in a later cycle, so one never names
/// two packets.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// The highest extended number so far.
    newest: Option<u64>,
    /// Bit `n % WINDOW` tells whether number `n` of the last `WINDOW` arrived.
    seen: [u64; WORDS],
    /// The number that would confirm a restart.
    restart: Option<u16>,
    /// Whether the next number begins anew, whatever it is.
    is_over: bool,
}

impl Arrivals {
    /// The highest extended number that arrived.
    pub(super) const fn newest(&self) -> Option<u64> {
        self.newest
    }

    /// Takes the next packet that is no retransmission for the first of a new life.
    pub(super) const fn expect_restart(&mut self) {
        self.is_over = true;
    }

    /// Whether the packet with extended number `sequence` arrived, of those remembered.
    pub(super) fn contains(&self, sequence: u64) -> bool {
        let (word, bit) = position(sequence);
        self.newest.is_some_and(|newest| sequence <= newest && newest - sequence < WINDOW)
            && self.seen.get(word).is_some_and(|seen| seen & bit != 0)
    }

    /// Notes the arrival of `number`. `primary` is false for a retransmission, which can only fill
    /// a gap: it neither starts a stream nor restarts one.
    pub(super) fn accept(&mut self, number: u16, primary: bool) -> Arrival {
        let Some(newest) = self.newest else {
            return self.first(number, primary);
        };
        if self.is_over && primary {
            return self.begin_anew(newest, number);
        }
        let ahead = i64::from(distance16(low16(newest), number));
        let sequence = newest.saturating_add_signed(ahead);
        if sequence > newest && sequence - newest < MAX_DROPOUT {
            self.restart = None;
            self.advance(newest, sequence);
            Arrival::Newest { sequence, previous: newest }
        } else if sequence <= newest && newest - sequence < WINDOW {
            self.late(sequence)
        } else {
            self.out_of_range(newest, number, primary)
        }
    }

    fn first(&mut self, number: u16, primary: bool) -> Arrival {
        if !primary {
            return Arrival::OutOfRange;
        }
        let sequence = FIRST_CYCLE + u64::from(number);
        self.start(sequence);
        Arrival::First { sequence }
    }

    fn late(&mut self, sequence: u64) -> Arrival {
        if self.contains(sequence) {
            return Arrival::Duplicate;
        }
        self.mark(sequence);
        Arrival::Late { sequence }
    }

    /// Two consecutive numbers out of range are a restart; one alone is noise.
    fn out_of_range(&mut self, newest: u64, number: u16, primary: bool) -> Arrival {
        if !primary {
            return Arrival::OutOfRange;
        }
        if self.restart == Some(number) {
            return self.begin_anew(newest, number);
        }
        self.restart = Some(number.wrapping_add(1));
        Arrival::OutOfRange
    }

    fn begin_anew(&mut self, newest: u64, number: u16) -> Arrival {
        let next_cycle = (newest | 0xFFFF) + 1;
        let sequence = next_cycle + FIRST_CYCLE + u64::from(number);
        self.start(sequence);
        Arrival::Restart { sequence }
    }

    fn start(&mut self, sequence: u64) {
        self.seen.fill(0);
        self.restart = None;
        self.is_over = false;
        self.newest = Some(sequence);
        self.mark(sequence);
    }

    fn advance(&mut self, newest: u64, sequence: u64) {
        if sequence - newest >= WINDOW {
            self.seen.fill(0);
        } else {
            for skipped in newest + 1..sequence {
                let (word, bit) = position(skipped);
                if let Some(seen) = self.seen.get_mut(word) {
                    *seen &= !bit;
                }
            }
        }
        self.newest = Some(sequence);
        self.mark(sequence);
    }

    fn mark(&mut self, sequence: u64) {
        let (word, bit) = position(sequence);
        if let Some(seen) = self.seen.get_mut(word) {
            *seen |= bit;
        }
    }
}

/// The word and the bit of `sequence` in the window.
fn position(sequence: u64) -> (usize, u64) {
    let place = sequence % WINDOW;
    (usize::from(low16(place / 64)), 1 << (place % 64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn started(number: u16) -> (Arrivals, u64) {
        let mut arrivals = Arrivals::default();
        let Arrival::First { sequence } = arrivals.accept(number, true) else {
            panic!("the first packet starts the stream");
        };
        (arrivals, sequence)
    }

    #[test]
    fn numbers_are_extended_over_the_wrap_in_both_directions() {
        let (mut arrivals, first) = started(0xFFFE);
        let next = Arrival::Newest { sequence: first + 3, previous: first };
        assert_eq!(arrivals.accept(1, true), next);
        assert_eq!(arrivals.accept(0xFFFF, true), Arrival::Late { sequence: first + 1 });
        assert_eq!(arrivals.accept(0, true), Arrival::Late { sequence: first + 2 });
        assert_eq!(arrivals.accept(0, true), Arrival::Duplicate);
    }

    #[test]
    fn a_retransmission_of_what_arrived_is_a_duplicate_and_of_what_was_lost_is_late() {
        let (mut arrivals, first) = started(10);
        arrivals.accept(12, true);
        assert_eq!(arrivals.accept(12, false), Arrival::Duplicate);
        assert_eq!(arrivals.accept(11, false), Arrival::Late { sequence: first + 1 });
        assert_eq!(arrivals.accept(11, true), Arrival::Duplicate);
    }

    #[test]
    fn a_number_lost_after_the_window_went_round_is_not_taken_for_its_predecessor() {
        let (mut arrivals, first) = started(0);
        for number in 1..1030 {
            arrivals.accept(number, true);
        }
        arrivals.accept(1040, true);
        let lost = first + 1035;
        assert!(!arrivals.contains(lost));
        assert_eq!(arrivals.accept(1035, true), Arrival::Late { sequence: lost });
        arrivals.accept(3040, true);
        assert_eq!(arrivals.accept(3039, true), Arrival::Late { sequence: first + 3039 });
    }

    #[test]
    fn a_restart_needs_two_packets_in_a_row_and_gets_new_numbers() {
        let (mut arrivals, first) = started(10);
        assert_eq!(arrivals.accept(30_000, true), Arrival::OutOfRange);
        let next = Arrival::Newest { sequence: first + 1, previous: first };
        assert_eq!(arrivals.accept(11, true), next);
        assert_eq!(arrivals.accept(30_001, true), Arrival::OutOfRange);
        let Arrival::Restart { sequence } = arrivals.accept(30_002, true) else {
            panic!("two in a row restart the stream");
        };
        assert!(sequence > first + 0xFFFF);
        assert_eq!(low16(sequence), 30_002);
        assert!(!arrivals.contains(first));
    }

    #[test]
    fn retransmissions_never_restart_a_stream() {
        let (mut arrivals, _) = started(10);
        assert_eq!(arrivals.accept(30_000, false), Arrival::OutOfRange);
        assert_eq!(arrivals.accept(30_001, false), Arrival::OutOfRange);
        assert_eq!(Arrivals::default().accept(5, false), Arrival::OutOfRange);
    }

    proptest! {
        #[test]
        fn no_packet_is_accepted_twice(
            numbers in proptest::collection::vec((any::<u16>(), any::<bool>()), 0..300),
            near in any::<bool>(),
        ) {
            let mut arrivals = Arrivals::default();
            let mut accepted = std::collections::BTreeSet::new();
            for (number, primary) in numbers {
                let number = if near { number % 64 } else { number };
                match arrivals.accept(number, primary) {
                    Arrival::Newest { sequence, .. }
                    | Arrival::Late { sequence }
                    | Arrival::First { sequence }
                    | Arrival::Restart { sequence } => prop_assert!(accepted.insert(sequence)),
                    Arrival::Duplicate | Arrival::OutOfRange => {}
                }
                prop_assert_eq!(arrivals.newest(), accepted.last().copied());
            }
        }
    }
}
