//! Packet indices: the rollover counter, and which packets were seen (RFC 3711 §3.3).

use super::{MAX_INBOUND_STREAMS, SrtpError};

/// Bits in one word of the window.
const WORD_BITS: u64 = 64;
const WORDS: usize = 32;
/// 2048 bits, of which the oldest word may be partly overwritten: at least 1984 packets back.
/// Video at 10 Mb/s reorders over some tens; 64, the usual size, drops real packets after a burst.
const WINDOW_WORDS: u64 = 32;
/// Half the sequence space: nearer than this is ahead or behind (RFC 3711 §3.3.1).
const HALF: u64 = 0x8000;
const SEQUENCE_SPACE: u64 = 0x1_0000;
/// Packet indices have 48 bits (RFC 3711 §3.3.1).
const MAX_INDEX: u64 = 0xFFFF_FFFF_FFFF;

/// Remembers the newest index of one SSRC and which of those shortly before it were used.
#[derive(Debug, Clone, Default)]
pub(super) struct ReplayWindow {
    newest: Option<u64>,
    seen: [u64; WORDS],
}

impl ReplayWindow {
    /// Extends a 16-bit sequence number to the 48-bit index nearest to the newest one. The first
    /// packet of an SSRC has rollover counter zero.
    pub(super) fn extend(&self, sequence: u16) -> Result<u64, SrtpError> {
        let sequence = u64::from(sequence);
        let Some(newest) = self.newest else {
            return Ok(sequence);
        };
        let candidate = (newest & !0xFFFF) | sequence;
        let index = if candidate.saturating_add(HALF) < newest {
            candidate.saturating_add(SEQUENCE_SPACE)
        } else if candidate > newest.saturating_add(HALF) {
            candidate.checked_sub(SEQUENCE_SPACE).ok_or(SrtpError::TooOld)?
        } else {
            candidate
        };
        if index > MAX_INDEX { Err(SrtpError::KeysExhausted) } else { Ok(index) }
    }

    /// Refuses an index that was accepted before or is behind the window.
    pub(super) fn check(&self, index: u64) -> Result<(), SrtpError> {
        let Some(newest) = self.newest else {
            return Ok(());
        };
        if index > newest {
            return Ok(());
        }
        if (index / WORD_BITS).saturating_add(WINDOW_WORDS) <= newest / WORD_BITS {
            return Err(SrtpError::TooOld);
        }
        let word = self.seen.get(word_of(index)).copied().unwrap_or(u64::MAX);
        if word & bit_of(index) == 0 { Ok(()) } else { Err(SrtpError::Replayed) }
    }

    /// Marks an index that [`check`](Self::check) let pass.
    pub(super) fn accept(&mut self, index: u64) {
        let newest = self.newest.unwrap_or(index);
        if index > newest {
            let first = (newest / WORD_BITS).saturating_add(1);
            let stale = (first..=index / WORD_BITS).take(WORDS);
            for number in stale {
                self.set(number.saturating_mul(WORD_BITS), |_| 0);
            }
        }
        self.newest = Some(newest.max(index));
        self.set(index, |word| word | bit_of(index));
    }

    fn set(&mut self, index: u64, change: impl FnOnce(u64) -> u64) {
        if let Some(word) = self.seen.get_mut(word_of(index)) {
            *word = change(*word);
        }
    }
}

fn word_of(index: u64) -> usize {
    usize::try_from(index / WORD_BITS % WINDOW_WORDS).unwrap_or_default()
}

fn bit_of(index: u64) -> u64 {
    1 << (index % WORD_BITS)
}

/// The windows of all SSRCs of one peer, found by a scan: there are a dozen or two, and a scan
/// over packed SSRCs is faster than hashing.
///
/// A window is kept when its SSRC falls silent, for it has the rollover counter, without which the
/// SSRC could not go on. When there are too many, the one not heard of for longest makes room.
#[derive(Debug, Default)]
pub(super) struct StreamTable {
    ssrcs: Vec<u32>,
    windows: Vec<ReplayWindow>,
    /// When each was heard last, in packets of all.
    heard: Vec<u64>,
    packets: u64,
    unknown: ReplayWindow,
}

/// Where an SSRC's window is, or that it has none yet.
#[derive(Debug)]
pub(super) enum Slot {
    Known(usize),
    New,
}

impl StreamTable {
    /// Finds an SSRC.
    pub(super) fn slot(&self, ssrc: u32) -> Slot {
        let position = self.ssrcs.iter().position(|known| *known == ssrc);
        position.map_or(Slot::New, Slot::Known)
    }

    pub(super) fn window(&self, slot: &Slot) -> &ReplayWindow {
        match slot {
            Slot::Known(position) => self.windows.get(*position).unwrap_or(&self.unknown),
            Slot::New => &self.unknown,
        }
    }

    /// Marks a packet that has authenticated; this is where an SSRC becomes known.
    pub(super) fn accept(&mut self, slot: Slot, ssrc: u32, index: u64) {
        let position = match slot {
            Slot::Known(position) => position,
            Slot::New => self.admit(ssrc),
        };
        self.packets = self.packets.saturating_add(1);
        if let (Some(window), Some(heard)) =
            (self.windows.get_mut(position), self.heard.get_mut(position))
        {
            window.accept(index);
            *heard = self.packets;
        }
    }

    /// Makes an empty window for a new SSRC, and returns where it is.
    fn admit(&mut self, ssrc: u32) -> usize {
        if self.ssrcs.len() >= MAX_INBOUND_STREAMS {
            let oldest = self.heard.iter().enumerate().min_by_key(|(_, heard)| **heard);
            let oldest = oldest.map_or(0, |(position, _)| position);
            self.ssrcs.swap_remove(oldest);
            self.windows.swap_remove(oldest);
            self.heard.swap_remove(oldest);
        }
        self.ssrcs.push(ssrc);
        self.windows.push(ReplayWindow::default());
        self.heard.push(0);
        self.ssrcs.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    use super::*;

    fn window_after(indices: &[u64]) -> ReplayWindow {
        let mut window = ReplayWindow::default();
        for index in indices {
            window.accept(*index);
        }
        window
    }

    #[test]
    fn the_rollover_counter_follows_the_sequence_number_both_ways() {
        let window = window_after(&[0x1_FFFE]);
        assert_eq!(window.extend(0xFFFF), Ok(0x1_FFFF));
        assert_eq!(window.extend(0x0000), Ok(0x2_0000));
        assert_eq!(window.extend(0xFF00), Ok(0x1_FF00));
        let window = window_after(&[0x2_0003]);
        assert_eq!(window.extend(0xFFFE), Ok(0x1_FFFE));
    }

    #[test]
    fn nothing_comes_before_the_first_rollover() {
        assert_eq!(window_after(&[3]).extend(0xFFFE), Err(SrtpError::TooOld));
    }

    #[test]
    fn the_last_index_of_all_is_followed_by_exhaustion() {
        assert_eq!(window_after(&[MAX_INDEX]).extend(0), Err(SrtpError::KeysExhausted));
    }

    #[test]
    fn a_thousand_packets_of_reordering_are_taken_once() {
        let mut window = window_after(&[10_000]);
        for index in (10_000 - 1_984..10_000).rev() {
            assert_eq!(window.check(index), Ok(()), "index {index}");
            window.accept(index);
            assert_eq!(window.check(index), Err(SrtpError::Replayed), "index {index}");
        }
        assert_eq!(window.check(10_000 - 2_048), Err(SrtpError::TooOld));
    }

    proptest! {
        /// Against a set that remembers everything: nothing passes twice, nothing new and
        /// recent is refused.
        #[test]
        fn no_index_passes_twice(steps in proptest::collection::vec(0_u64..6_000, 1..400)) {
            let mut window = ReplayWindow::default();
            let mut accepted = BTreeSet::new();
            for index in steps {
                let verdict = window.check(index);
                let newest = accepted.last().copied().unwrap_or(0);
                if accepted.contains(&index) {
                    prop_assert!(verdict.is_err());
                } else if index + 1_984 > newest {
                    prop_assert_eq!(verdict, Ok(()));
                }
                if window.check(index).is_ok() {
                    window.accept(index);
                    accepted.insert(index);
                }
            }
        }
    }
}
