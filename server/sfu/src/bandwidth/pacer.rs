//! Spreads what is sent over a narrow link, so that its own queue stays short for the voices.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{PACKET_OVERHEAD, percent};
use crate::router::OutgoingRtp;

/// Packets leave at this part in a hundred of the estimate: as fast as the link takes them, with
/// the estimate a little below that.
const PACE: u64 = 125;

/// What may leave at once, as time at the pace.
const BURST: Duration = Duration::from_millis(10);

/// The longest a picture waits here; what comes then is dropped.
pub const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// The most packets that wait, whatever the pace.
const MAX_HELD: usize = 256;

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pacing {
    /// It leaves now.
    Send,
    /// It waits for [`Pacer::pop`]: hand it to [`Pacer::hold`].
    Hold,
    /// There are too many before it.
    Drop,
}

/// A packet that waits: written but for its transport-wide number, and not sealed.
#[derive(Debug, Default)]
pub struct Held {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Length of the header.
    pub header_len: usize,
    /// The stream.
    pub ssrc: u32,
    /// Where the transport-wide number goes.
    pub number_at: Option<usize>,
}

impl Held {
    /// Copies `packet`, with its number left open.
    pub fn keep(&mut self, packet: &OutgoingRtp<'_>) {
        self.bytes.resize(packet.encoded_len(), 0);
        packet.write_into(&mut self.bytes, None);
        self.header_len = packet.header_len;
        self.ssrc = packet.ssrc;
        self.number_at = packet.twcc_offset;
    }

    /// Writes the packet with its number and returns its length; 0 when `buffer` is too short.
    #[must_use]
    pub fn write_into(&self, buffer: &mut [u8], number: u16) -> usize {
        let Some(buffer) = buffer.get_mut(..self.bytes.len()) else { return 0 };
        buffer.copy_from_slice(&self.bytes);
        let place = self.number_at.and_then(|at| buffer.get_mut(at..at + 2));
        if let Some(place) = place {
            place.copy_from_slice(&number.to_be_bytes());
        }
        buffer.len()
    }
}

/// A leaky bucket for one viewer's pictures; voices pass it by, but are counted.
///
/// Ask [`Pacer::admit`] for each packet, and at [`Pacer::poll_timeout`] send what [`Pacer::pop`]
/// gives. Without a pace everything passes.
#[derive(Debug, Default)]
pub struct Pacer {
    /// Bits per second; none lets everything pass.
    pace: Option<u64>,
    /// When everything sent so far has passed a link of that pace.
    paid_at: Option<Instant>,
    queue: VecDeque<Held>,
    /// Bytes in the queue, overhead included.
    queued: usize,
    /// Packets that were sent, whose memory is used again.
    spare: Vec<Held>,
}

impl Pacer {
    /// Sets the pace by the estimate; none lets everything pass.
    pub fn set_estimate(&mut self, estimate: Option<u64>) {
        self.pace = estimate.map(|estimate| percent(estimate, PACE));
        if self.pace.is_none() && self.queue.is_empty() {
            self.spare = Vec::new();
        }
    }

    /// Says what to do with a packet of `size` bytes on the wire.
    pub fn admit(&mut self, now: Instant, size: usize, is_voice: bool) -> Pacing {
        if self.pace.is_none() && self.queue.is_empty() {
            return Pacing::Send;
        }
        if is_voice || self.queue.is_empty() && self.is_open(now) {
            self.pay(now, size);
            return Pacing::Send;
        }
        if self.wait() > LONGEST_WAIT || self.queue.len() >= MAX_HELD {
            return Pacing::Drop;
        }
        Pacing::Hold
    }

    /// Takes a packet that has to wait; `write` fills it.
    pub fn hold(&mut self, write: impl FnOnce(&mut Held)) {
        let mut held = self.spare.pop().unwrap_or_default();
        held.bytes.clear();
        write(&mut held);
        self.queued = self.queued.saturating_add(held.bytes.len() + PACKET_OVERHEAD);
        self.queue.push_back(held);
    }

    /// Takes the next packet out that may leave; give it back with [`Pacer::recycle`].
    pub fn pop(&mut self, now: Instant) -> Option<Held> {
        if !self.is_open(now) {
            return None;
        }
        let held = self.queue.pop_front()?;
        self.queued = self.queued.saturating_sub(held.bytes.len() + PACKET_OVERHEAD);
        self.pay(now, held.bytes.len());
        Some(held)
    }

    /// Takes the memory of a packet that was sent.
    pub fn recycle(&mut self, held: Held) {
        self.spare.push(held);
    }

    /// When [`Pacer::pop`] gives something.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let paid_at = self.paid_at.filter(|_| !self.queue.is_empty())?;
        Some(paid_at.checked_sub(BURST).unwrap_or(paid_at))
    }

    /// Bits that wait.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.queued as u64 * 8
    }

    /// How long a packet would wait that came now.
    fn wait(&self) -> Duration {
        self.duration(self.queued)
    }

    fn is_open(&self, now: Instant) -> bool {
        self.pace.is_none() || self.paid_at.is_none_or(|paid_at| paid_at <= now + BURST)
    }

    fn pay(&mut self, now: Instant, size: usize) {
        let from = self.paid_at.map_or(now, |paid_at| paid_at.max(now));
        // Voices do not wait, so they may be more than the pace for long; when the link is wide again
        // the pictures must not pay for that.
        let paid_at = from + self.duration(size + PACKET_OVERHEAD);
        self.paid_at = Some(paid_at.min(now + LONGEST_WAIT));
    }

    /// How long so many bytes take at the pace.
    fn duration(&self, bytes: usize) -> Duration {
        let micros = self.pace.and_then(|pace| (bytes as u64 * 8_000_000).checked_div(pace));
        Duration::from_micros(micros.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    /// Offers packets of 1,000 bytes; returns how many passed, and how many wait.
    fn offer(pacer: &mut Pacer, now: Instant, packets: usize) -> (usize, usize) {
        let mut passed = 0;
        for _ in 0..packets {
            match pacer.admit(now, 1_000, false) {
                Pacing::Send => passed += 1,
                Pacing::Hold => pacer.hold(|held| held.bytes.resize(1_000, 0)),
                Pacing::Drop => {}
            }
        }
        (passed, pacer.queue.len())
    }

    #[test]
    fn without_a_pace_everything_passes() {
        let mut pacer = Pacer::default();
        assert_eq!(offer(&mut pacer, epoch(), 1_000), (1_000, 0));
        assert_eq!(pacer.poll_timeout(), None);
    }

    #[test]
    fn a_key_frame_is_spread_at_the_pace_and_voices_do_not_wait() {
        let start = epoch();
        let mut pacer = Pacer::default();
        pacer.set_estimate(Some(400_000));
        // 500 kbit/s: a packet of 1,028 bytes takes 16.4 ms.
        let (passed, waiting) = offer(&mut pacer, start, 10);
        assert_eq!((passed, waiting), (1, 9));
        assert_eq!(pacer.admit(start, 80, true), Pacing::Send);
        let mut sent = Vec::new();
        while let Some(due) = pacer.poll_timeout() {
            let held = pacer.pop(due).expect("it was due");
            sent.push(due - start);
            pacer.recycle(held);
        }
        assert_eq!(sent.len(), 9);
        let last = sent[8];
        assert!((Duration::from_millis(130)..Duration::from_millis(150)).contains(&last));
    }

    #[test]
    fn what_voices_were_beyond_the_pace_is_not_paid_by_the_pictures_after() {
        let mut pacer = Pacer::default();
        pacer.set_estimate(Some(64_000));
        let mut now = epoch();
        // 130 kbit/s for 20 seconds.
        for _ in 0..2_000 {
            assert_eq!(pacer.admit(now, 135, true), Pacing::Send);
            now += Duration::from_millis(10);
        }
        pacer.set_estimate(Some(2_000_000));
        assert_eq!(offer(&mut pacer, now, 1), (0, 1));
        assert!(pacer.poll_timeout() <= Some(now + LONGEST_WAIT));
    }

    #[test]
    fn the_wait_is_bounded() {
        let start = epoch();
        let mut pacer = Pacer::default();
        pacer.set_estimate(Some(400_000));
        let (_, waiting) = offer(&mut pacer, start, 1_000);
        assert_eq!(waiting, 13, "200 ms at 500 kbit/s");
        pacer.set_estimate(Some(100_000_000_000));
        let (_, waiting) = offer(&mut pacer, start, 1_000);
        assert_eq!(waiting, MAX_HELD);
    }

    #[test]
    fn when_the_limit_goes_what_waits_leaves_at_once_and_before_what_comes() {
        let start = epoch();
        let mut pacer = Pacer::default();
        pacer.set_estimate(Some(400_000));
        offer(&mut pacer, start, 10);
        pacer.set_estimate(None);
        assert_eq!(pacer.admit(start, 1_000, false), Pacing::Hold);
        assert_eq!(std::iter::from_fn(|| pacer.pop(start)).count(), 9);
        assert_eq!(pacer.admit(start, 1_000, false), Pacing::Send);
    }
}
