//! What was sent, until the viewer has reported it.

/// Packets remembered at first: a tenth of a second at 5 Mbit/s. It is 4 KiB, which idle viewers
/// can afford.
const INITIAL: usize = 512;

/// The most packets remembered: a second of round trip and feedback at 80 Mbit/s. 64 KiB.
const LIMIT: usize = 8192;

/// A packet that is not reported within this time, in microseconds, may make room for a new one
/// before more memory is taken.
const PATIENCE: i64 = 1_000_000;

/// What became of a packet, as far as the viewer has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fate {
    #[default]
    Unknown,
    /// It was reported missing; it may still come.
    Lost,
    Received,
}

/// One packet that was sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SentPacket {
    /// When, in microseconds modulo 2^32.
    at: u32,
    /// Its bytes, headers of the network included.
    pub(super) size: u16,
    pub(super) fate: Fate,
}

/// The last packets by their transport-wide numbers, which follow each other without a hole. Takes
/// memory with the first packet, and more only while feedback shows that it is needed.
#[derive(Debug, Default)]
pub(super) struct SendHistory {
    /// Packet `n` at `n` modulo their count, a power of two.
    packets: Box<[SentPacket]>,
    /// The number of the next packet, extended so that it does not wrap.
    next: u64,
    /// When the last packet was sent.
    newest: i64,
    last_feedback: Option<i64>,
    /// From which packet on all are still wanted, reported or not.
    wanted_from: Option<u64>,
}

impl SendHistory {
    /// Notes a packet sent `at` these microseconds, which has the next number.
    pub(super) fn push(&mut self, at: i64, size: usize) {
        if self.packets.is_empty() {
            self.packets = vec![SentPacket::default(); INITIAL].into_boxed_slice();
        } else if self.needs_room(at) {
            self.grow();
        }
        let slot = self.slot(self.next);
        if let Some(packet) = self.packets.get_mut(slot) {
            let size = u16::try_from(size).unwrap_or(u16::MAX);
            *packet = SentPacket { at: low_32(at), size, fate: Fate::Unknown };
        }
        self.next += 1;
        self.newest = at;
    }

    /// The number of the next packet, as it is on the wire.
    pub(super) fn next_number(&self) -> u16 {
        low_16(self.next)
    }

    pub(super) const fn note_feedback(&mut self, at: i64) {
        self.last_feedback = Some(at);
    }

    /// Keeps the packets from this one on, as far as the limit of memory allows.
    pub(super) const fn keep_from(&mut self, number: Option<u64>) {
        self.wanted_from = number;
    }

    /// The number of the next packet.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// The oldest number that is remembered.
    pub(super) fn oldest(&self) -> u64 {
        self.next.saturating_sub(self.packets.len() as u64)
    }

    /// The number of a remembered packet from its low bits.
    pub(super) fn extend(&self, number: u16) -> Option<u64> {
        let behind = low_16(self.next).wrapping_sub(number);
        let extended = self.next.checked_sub(u64::from(behind)).filter(|_| behind > 0)?;
        (extended >= self.oldest()).then_some(extended)
    }

    pub(super) fn get(&self, number: u64) -> Option<&SentPacket> {
        self.packets.get(self.slot(number)).filter(|_| self.has(number))
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut SentPacket> {
        let (slot, has) = (self.slot(number), self.has(number));
        self.packets.get_mut(slot).filter(|_| has)
    }

    /// When a remembered packet was sent: at most half an hour before the newest.
    pub(super) fn sent_at(&self, packet: &SentPacket) -> i64 {
        let before = low_32(self.newest).wrapping_sub(packet.at);
        self.newest - i64::from(before)
    }

    fn has(&self, number: u64) -> bool {
        (self.oldest()..self.next).contains(&number)
    }

    fn slot(&self, number: u64) -> usize {
        usize::from(low_16(number)) & self.packets.len().wrapping_sub(1)
    }

    /// Whether the packet that would be overwritten is still wanted, or awaited by someone who
    /// reports.
    fn needs_room(&self, now: i64) -> bool {
        let Some(number) = self.next.checked_sub(self.packets.len() as u64) else { return false };
        let Some(packet) = self.packets.get(self.slot(number)) else { return false };
        let is_wanted = self.wanted_from.is_some_and(|from| number >= from);
        if !is_wanted && packet.fate != Fate::Unknown || self.packets.len() >= LIMIT {
            return false;
        }
        let reports = self.last_feedback.is_some_and(|at| now - at < PATIENCE);
        reports && (is_wanted || now - self.sent_at(packet) < PATIENCE)
    }

    fn grow(&mut self) {
        let mut grown = Self {
            packets: vec![SentPacket::default(); self.packets.len() * 2].into_boxed_slice(),
            ..Self::default()
        };
        for number in self.oldest()..self.next {
            let slot = grown.slot(number);
            if let (Some(from), Some(to)) = (self.get(number), grown.packets.get_mut(slot)) {
                *to = *from;
            }
        }
        self.packets = grown.packets;
    }
}

fn low_16(number: u64) -> u16 {
    let [.., high, low] = number.to_be_bytes();
    u16::from_be_bytes([high, low])
}

fn low_32(time: i64) -> u32 {
    let [.., a, b, c, d] = time.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_packets_are_found_by_their_low_bits_across_the_wrap() {
        let mut history = SendHistory::default();
        assert_eq!(history.extend(0), None);
        for n in 0..70_000_i64 {
            assert_eq!(i64::from(history.next_number()), n & 0xffff);
            history.push(n * 1000, 100);
        }
        let newest = history.extend(low_16(69_999)).unwrap();
        assert_eq!(newest, 69_999);
        assert_eq!(history.sent_at(history.get(newest).unwrap()), 69_999_000);
        assert_eq!(history.extend(low_16(70_000)), None, "it was not sent yet");
        assert_eq!(history.extend(low_16(70_000 - 512)), Some(70_000 - 512));
        assert_eq!(history.extend(low_16(70_000 - 513)), None, "it was forgotten");
    }

    #[test]
    fn memory_grows_with_what_is_under_way_and_only_for_those_who_report() {
        let mut history = SendHistory::default();
        for n in 0..3000 {
            history.push(n * 100, 100);
        }
        assert_eq!(history.packets.len(), INITIAL);
        history.note_feedback(300_000);
        for n in 3000..6000 {
            history.push(n * 100, 100);
        }
        assert!(history.packets.len() >= 2048, "{}", history.packets.len());
        let kept = history.oldest()..history.next();
        assert!(kept.clone().all(|number| history.get(number).is_some()));
        for n in 6000..600_000 {
            history.push(n * 100, 100);
        }
        assert!(history.packets.len() <= LIMIT);
    }

    #[test]
    fn times_are_right_beyond_an_hour() {
        let mut history = SendHistory::default();
        let late = i64::from(u32::MAX) + 5_000_000;
        history.push(late - 3_000_000, 1);
        history.push(late, 1);
        assert_eq!(history.sent_at(history.get(0).unwrap()), late - 3_000_000);
    }
}
