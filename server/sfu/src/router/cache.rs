//! The recent packets of one stream, kept once for all its consumers: the fan-out reads them, and
//! retransmissions are answered from them.
//!
//! Packets lie end to end in chunks, so that memory follows the stream's bit rate instead of the
//! size of the largest packet: a 1 Mbit/s camera keeps about 90 KiB, a microphone 3 KiB.

use std::{collections::VecDeque, time::Duration, time::Instant};

use super::modular::{low16, low32};

/// How much a [`PacketCache`] keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CacheLimits {
    /// Size of one chunk, in bytes; also the longest packet that can be kept.
    chunk_len: usize,
    /// The most chunks; the oldest is overwritten when all are full.
    max_chunks: usize,
    /// The most packets, a power of two.
    max_packets: usize,
    /// How long a packet is kept at least, as long as the other limits allow it.
    keep: Duration,
}

impl CacheLimits {
    /// Nobody asks for audio again, so only the packets that wait to be forwarded must be there;
    /// the rest of a chunk serves packets that were overtaken. A steady voice has one chunk; what
    /// comes at once after a stall has as many as it takes, of which each holds one of the waiting
    /// packets at least.
    pub(super) const AUDIO: Self =
        Self { chunk_len: 2048, max_chunks: 4, max_packets: 64, keep: Duration::from_millis(10) };

    /// Three round trips of 200 ms: what is asked for later comes too late for the picture. 1 MiB
    /// is that time at 13 Mbit/s.
    pub(super) const VIDEO: Self = Self {
        chunk_len: 8 * 1024,
        max_chunks: 128,
        max_packets: 1024,
        keep: Duration::from_millis(600),
    };
}

/// Places for packets that a stream begins with.
const FIRST_ENTRIES: usize = 64;

/// A chunk that nobody would ask for any more is returned to the allocator when it is this many
/// times older than [`CacheLimits::keep`]; the margin keeps a steady stream from allocating.
const SHRINK_AFTER: u32 = 3;

/// Packets by extended sequence number; the oldest make room for the newest.
///
/// Memory is taken with the first packet and then chunk by chunk, while the oldest chunk is still
/// needed; in steady state nothing is allocated.
#[derive(Debug)]
pub(super) struct PacketCache {
    limits: CacheLimits,
    /// Where packet `n` is, at `n` modulo their number, which is a power of two. It doubles when a
    /// packet that is still to be kept would have to go.
    entries: Box<[Entry]>,
    /// Oldest first; the last one is being filled.
    chunks: VecDeque<Chunk>,
    /// Serial number of the first of `chunks`.
    first_serial: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    /// Low 32 bits of the packet's extended sequence number.
    sequence: u32,
    /// Serial number of the packet's chunk.
    chunk: u32,
    offset: u16,
    /// Zero in an entry that was never used.
    len: u16,
}

#[derive(Debug)]
struct Chunk {
    bytes: Box<[u8]>,
    used: usize,
    newest: Instant,
}

impl PacketCache {
    pub(super) fn new(limits: CacheLimits) -> Self {
        Self { limits, entries: Box::default(), chunks: VecDeque::new(), first_serial: 0 }
    }

    /// Lets `write` fill up to `max_len` bytes and keeps what it wrote as packet `sequence`.
    /// `None`, with nothing kept, when that is more than a chunk or `write` gives up.
    pub(super) fn store(
        &mut self,
        now: Instant,
        sequence: u64,
        max_len: usize,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Option<()> {
        if max_len > self.limits.chunk_len {
            return None;
        }
        if self.entries.is_empty() {
            let first = FIRST_ENTRIES.min(self.limits.max_packets);
            self.entries = vec![Entry::default(); first].into_boxed_slice();
        }
        self.make_room(now, max_len);
        while self.entries.len() < self.limits.max_packets && self.is_taken(now, sequence) {
            self.double();
        }
        let newest_chunk = u32::try_from(self.chunks.len().checked_sub(1)?).ok()?;
        let chunk = self.chunks.back_mut()?;
        let offset = chunk.used;
        let len = write(chunk.bytes.get_mut(offset..offset + max_len)?)?.min(max_len);
        chunk.used = offset + len;
        chunk.newest = now;
        *self.entries.get_mut(self.slot(sequence))? = Entry {
            sequence: low32(sequence),
            chunk: self.first_serial.wrapping_add(newest_chunk),
            offset: u16::try_from(offset).ok()?,
            len: u16::try_from(len).ok()?,
        };
        Some(())
    }

    /// The packet with extended sequence number `sequence`, if it is still here.
    pub(super) fn get(&self, sequence: u64) -> Option<&[u8]> {
        let entry = self.entries.get(self.slot(sequence))?;
        if entry.len == 0 || entry.sequence != low32(sequence) {
            return None;
        }
        let chunk = self.chunks.get(entry.chunk.wrapping_sub(self.first_serial) as usize)?;
        let offset = usize::from(entry.offset);
        chunk.bytes.get(offset..offset + usize::from(entry.len))
    }

    fn slot(&self, sequence: u64) -> usize {
        usize::from(low16(sequence)) & self.entries.len().saturating_sub(1)
    }

    /// Whether the place of packet `sequence` is that of another one that is still to be kept.
    fn is_taken(&self, now: Instant, sequence: u64) -> bool {
        let entry = self.entries.get(self.slot(sequence)).filter(|entry| entry.len > 0);
        entry.filter(|entry| entry.sequence != low32(sequence)).is_some_and(|entry| {
            let chunk = self.chunks.get(entry.chunk.wrapping_sub(self.first_serial) as usize);
            chunk.is_some_and(|chunk| !older_than(chunk, now, self.limits.keep))
        })
    }

    fn double(&mut self) {
        let larger = vec![Entry::default(); self.entries.len() * 2].into_boxed_slice();
        let before = std::mem::replace(&mut self.entries, larger);
        for entry in before.into_iter().filter(|entry| entry.len > 0) {
            let slot = self.slot(u64::from(entry.sequence));
            if let Some(place) = self.entries.get_mut(slot) {
                *place = entry;
            }
        }
    }

    /// Makes the last chunk one with `len` free bytes.
    fn make_room(&mut self, now: Instant, len: usize) {
        if self.chunks.back().is_some_and(|chunk| chunk.used + len <= chunk.bytes.len()) {
            return;
        }
        self.shrink(now);
        let full = self.chunks.len() >= self.limits.max_chunks;
        let reuse = |oldest: &Chunk| full || older_than(oldest, now, self.limits.keep);
        let mut chunk = if self.chunks.front().is_some_and(reuse) {
            self.drop_oldest().expect("a front chunk was just seen")
        } else {
            let bytes = vec![0; self.limits.chunk_len].into_boxed_slice();
            Chunk { bytes, used: 0, newest: now }
        };
        chunk.used = 0;
        chunk.newest = now;
        self.chunks.push_back(chunk);
    }

    /// Gives one chunk back when even the second oldest is long out of use.
    fn shrink(&mut self, now: Instant) {
        let limit = self.limits.keep * SHRINK_AFTER;
        if self.chunks.len() > 2
            && self.chunks.get(1).is_some_and(|chunk| older_than(chunk, now, limit))
        {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) -> Option<Chunk> {
        let chunk = self.chunks.pop_front()?;
        self.first_serial = self.first_serial.wrapping_add(1);
        Some(chunk)
    }
}

fn older_than(chunk: &Chunk, now: Instant, age: Duration) -> bool {
    now.saturating_duration_since(chunk.newest) >= age
}

#[cfg(test)]
mod tests {
    use crate::testing::epoch;

    use super::*;

    fn put(cache: &mut PacketCache, now: Instant, sequence: u64, len: usize) {
        let byte = low16(sequence).to_be_bytes()[1];
        cache
            .store(now, sequence, len, |buffer| {
                buffer.fill(byte);
                Some(len)
            })
            .unwrap();
    }

    #[test]
    fn the_last_packets_stay_and_memory_follows_the_bit_rate() {
        let mut cache = PacketCache::new(CacheLimits::VIDEO);
        let start = epoch();
        // 50 packets a second of 1,000 bytes: 400 kbit/s, for a minute.
        let at = |n: u64| start + Duration::from_millis(20 * n);
        for n in 0..3000 {
            put(&mut cache, at(n), n, 1000);
            for kept in n.saturating_sub(29)..=n {
                assert_eq!(cache.get(kept).unwrap().len(), 1000, "{kept} at {n}");
            }
        }
        let bytes = cache.chunks.len() * CacheLimits::VIDEO.chunk_len;
        assert!(bytes <= 48 * 1024, "{bytes} bytes for 50 kB a second");
        assert_eq!(cache.entries.len(), 64, "for fifty packets a second");
    }

    #[test]
    fn a_stream_of_many_small_packets_gets_the_places_it_needs() {
        let mut cache = PacketCache::new(CacheLimits::VIDEO);
        let start = epoch();
        for n in 0..3000 {
            put(&mut cache, start + Duration::from_millis(n), n, 100);
            for kept in (n.saturating_sub(599)..=n).step_by(7) {
                assert_eq!(cache.get(kept).map(<[u8]>::len), Some(100), "{kept} at {n}");
            }
        }
        assert_eq!(cache.entries.len(), 1024);
    }

    #[test]
    fn a_flood_is_bounded_and_only_the_newest_stay() {
        let mut cache = PacketCache::new(CacheLimits::VIDEO);
        let now = epoch();
        for n in 0..100_000 {
            put(&mut cache, now, n, 1200);
        }
        assert_eq!(cache.chunks.len(), CacheLimits::VIDEO.max_chunks);
        assert_eq!(cache.get(99_999), Some(&[0x9F; 1200][..]));
        assert_eq!(cache.get(99_999 - 1024), None);
        assert_eq!(cache.get(100_000), None);
    }

    #[test]
    fn memory_returns_when_the_bit_rate_falls() {
        let mut cache = PacketCache::new(CacheLimits::VIDEO);
        let start = epoch();
        for n in 0..800 {
            put(&mut cache, start, n, 1200);
        }
        let at_peak = cache.chunks.len();
        for n in 800..8000 {
            put(&mut cache, start + Duration::from_millis(20 * n), n, 500);
        }
        assert!(at_peak > 50 && cache.chunks.len() < 20, "{at_peak}, {}", cache.chunks.len());
    }

    #[test]
    fn a_packet_longer_than_a_chunk_is_refused() {
        let mut cache = PacketCache::new(CacheLimits::AUDIO);
        let refused = cache.store(epoch(), 1, 2049, |_| Some(1));
        assert_eq!(refused, None);
        assert_eq!(cache.get(1), None);
    }

    #[test]
    fn what_was_not_written_is_not_kept() {
        let mut cache = PacketCache::new(CacheLimits::AUDIO);
        let now = epoch();
        put(&mut cache, now, 1, 100);
        assert_eq!(cache.store(now, 2, 100, |_| None), None);
        assert_eq!(cache.get(2), None);
        assert_eq!(cache.get(1), Some(&[1; 100][..]));
    }
}
