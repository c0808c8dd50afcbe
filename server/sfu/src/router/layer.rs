//! One stream of RTP with its own numbering: a source's only one, or one layer of its simulcast.

use std::time::{Duration, Instant};

use crate::{bandwidth::meter::RateMeter, codec::Codec};

use super::{
    arrivals::{Arrival, Arrivals},
    cache::{CacheLimits, PacketCache},
    egress::CanonicalPacket,
    keyframe::KeyFrameRequester,
    missing::{GapDecision, MissingPackets},
    modular::{distance64, low32, ntp_duration, ticks},
    producer::SenderClock,
};

/// The most layers of one source: browsers send three.
pub const MAX_LAYERS: usize = 3;

/// How long a layer may send nothing before it counts as switched off. Publishers stop layers when
/// their processor or their uplink is short; a picture every second is the slowest of a live one.
const MAX_SILENCE: Duration = Duration::from_millis(1500);

/// The most temporal layers that are told apart: the two bits of VP8.
pub(super) const MAX_TEMPORAL_LAYERS: usize = 4;

/// What arrived of a layer, what is kept of it, what is missing.
#[derive(Debug)]
pub(super) struct LayerStream {
    pub(super) arrivals: Arrivals,
    pub(super) cache: PacketCache,
    pub(super) missing: MissingPackets,
    pub(super) key_frames: KeyFrameRequester,
    /// How much there is of each temporal layer.
    rates: [RateMeter; MAX_TEMPORAL_LAYERS],
    /// Width and height of its pictures, once a key frame has told.
    pub(super) size: Option<(u16, u16)>,
    /// Whether any viewer is sent it, or waits for it.
    pub(super) watched: bool,
    /// Whether more of it comes than its publisher may send, and nothing of it is forwarded.
    pub(super) is_excessive: bool,
    last_packet: Option<Instant>,
    clock: Option<(SenderClock, Instant)>,
}

/// Whether a layer's packet is the first after a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Liveness {
    /// It was live before.
    GoesOn,
    /// It begins, or begins again.
    Begins,
}

impl LayerStream {
    pub(super) fn new(codec: Codec) -> Self {
        let limits = if codec.is_video() { CacheLimits::VIDEO } else { CacheLimits::AUDIO };
        Self {
            arrivals: Arrivals::default(),
            cache: PacketCache::new(limits),
            missing: MissingPackets::default(),
            key_frames: KeyFrameRequester::default(),
            rates: Default::default(),
            size: None,
            watched: false,
            is_excessive: false,
            last_packet: None,
            clock: None,
        }
    }

    /// When [`super::Router::handle_timeout`] has something to do for this layer.
    pub(super) fn due(&self) -> Option<Instant> {
        [self.key_frames.due(), self.missing.due()].into_iter().flatten().min()
    }

    /// Stops asking for anything.
    pub(super) fn forget_wishes(&mut self) {
        self.missing.clear();
        self.key_frames.settle();
    }

    /// Forgets what has no continuation in a stream that begins anew.
    pub(super) fn restart(&mut self) {
        self.missing.clear();
        self.clock = None;
    }

    /// The packet with extended number `sequence`, if it is still kept.
    pub(super) fn packet(&self, sequence: u64) -> Option<CanonicalPacket<'_>> {
        CanonicalPacket::read(self.cache.get(sequence)?)
    }

    /// The extended numbers that came after `sequence`.
    pub(super) fn after(&self, sequence: u64) -> std::ops::RangeInclusive<u64> {
        sequence + 1..=self.arrivals.newest().unwrap_or(sequence)
    }

    /// Takes the next packet for the first of a new life.
    pub(super) const fn expect_restart(&mut self) {
        self.arrivals.expect_restart();
    }

    /// Bits per second of the temporal layers up to each, as of the last packet: so much will come
    /// of a layer that is switched off when it is wanted again.
    pub(super) fn rates(&self) -> [u32; MAX_TEMPORAL_LAYERS] {
        let mut sum = 0_u64;
        std::array::from_fn(|index| {
            let rate = |at| self.rates.get(index).map_or(0, |meter| meter.rate(at));
            sum = sum.saturating_add(self.last_packet.map_or(0, rate));
            u32::try_from(sum).unwrap_or(u32::MAX)
        })
    }

    /// Keeps the account of what is missing, for as long as anyone watches.
    pub(super) fn note_arrival(&mut self, now: Instant, arrival: Arrival, liveness: Liveness) {
        if !self.watched {
            return;
        }
        match arrival {
            Arrival::Newest { sequence, previous } => {
                let hole = previous + 1..sequence;
                // What was lost in a long silence is no longer worth its bits: a link was cut.
                let is_stale = liveness == Liveness::Begins && !hole.is_empty();
                if is_stale {
                    self.missing.clear();
                }
                if is_stale || self.missing.note_gap(now, hole) == GapDecision::GiveUp {
                    self.key_frames.request(now);
                }
            }
            Arrival::Late { sequence } => self.missing.note_arrival(sequence),
            Arrival::First { .. }
            | Arrival::Restart { .. }
            | Arrival::Duplicate
            | Arrival::OutOfRange => {}
        }
    }

    /// Notes that a packet of so many bytes came.
    pub(super) fn note_life(&mut self, now: Instant, temporal: u8, bytes: usize) -> Liveness {
        let liveness = if self.is_live(now) { Liveness::GoesOn } else { Liveness::Begins };
        self.last_packet = Some(now);
        if liveness == Liveness::Begins {
            self.rates.iter_mut().for_each(|meter| meter.resume(now));
        }
        if let Some(meter) = self.rates.get_mut(usize::from(temporal)) {
            meter.add(now, bytes);
        }
        liveness
    }

    /// Whether packets come.
    pub(super) fn is_live(&self, now: Instant) -> bool {
        let silence = self.last_packet.map(|last| now.saturating_duration_since(last));
        silence.is_some_and(|silence| silence < MAX_SILENCE)
    }

    /// Notes the publisher's clocks at `now`.
    pub(super) const fn set_clock(&mut self, now: Instant, clock: SenderClock) {
        self.clock = Some((clock, now));
    }

    /// The publisher's clocks at `now`, as far as its last report tells.
    pub(super) fn clock_at(&self, now: Instant, clock_rate: u32) -> Option<SenderClock> {
        let (clock, at) = self.clock?;
        let elapsed = now.saturating_duration_since(at);
        Some(SenderClock {
            ntp: clock.ntp.wrapping_add(ntp_duration(elapsed)),
            rtp_timestamp: clock.rtp_timestamp.wrapping_add(low32(ticks(elapsed, clock_rate))),
        })
    }

    /// What added to this layer's timestamps gives `other`'s for the same instant, modulo 2^32, as
    /// the publisher's reports on both tell (RFC 3550 section 6.4.1).
    pub(super) fn distance_to(&self, other: &Self, clock_rate: u32) -> Option<u32> {
        let ((own, _), (others, _)) = (self.clock?, other.clock?);
        let later = distance64(own.ntp, others.ntp);
        // 32.32 seconds times a rate, without the fraction.
        let since = (i128::from(later) * i128::from(clock_rate)) >> 32;
        let [.., a, b, c, d] = since.to_be_bytes();
        let own_then = own.rtp_timestamp.wrapping_add(u32::from_be_bytes([a, b, c, d]));
        Some(others.rtp_timestamp.wrapping_sub(own_then))
    }

    /// Whether everything that arrived after `sequence` is still kept, so that a consumer starting
    /// at a packet that was overtaken can be given what overtook it.
    pub(super) fn is_complete_after(&self, sequence: u64) -> bool {
        self.after(sequence)
            .all(|later| !self.arrivals.contains(later) || self.cache.get(later).is_some())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::epoch;

    use super::*;

    #[test]
    fn the_timelines_of_two_layers_meet_at_the_same_instant() {
        let mut layers = [LayerStream::new(Codec::Vp8), LayerStream::new(Codec::Vp8)];
        let clock = |seconds: u64, rtp_timestamp| SenderClock { ntp: seconds << 32, rtp_timestamp };
        assert_eq!(layers[0].distance_to(&layers[1], 90_000), None);
        layers[0].set_clock(epoch(), clock(100, 5_000));
        // A second later on the same wall clock, and from another start.
        layers[1].set_clock(epoch(), clock(101, 7_000));
        let distance = layers[0].distance_to(&layers[1], 90_000).unwrap();
        assert_eq!(95_000u32.wrapping_add(distance), 7_000);
        let back = layers[1].distance_to(&layers[0], 90_000).unwrap();
        assert_eq!(distance.wrapping_add(back), 0);
    }

    #[test]
    fn a_layer_that_is_silent_for_long_is_switched_off() {
        let mut layer = LayerStream::new(Codec::Vp8);
        let at = |millis| epoch() + Duration::from_millis(millis);
        assert!(!layer.is_live(at(0)));
        assert_eq!(layer.note_life(at(0), 0, 1), Liveness::Begins);
        assert_eq!(layer.note_life(at(1000), 0, 1), Liveness::GoesOn);
        assert!(layer.is_live(at(2400)));
        assert!(!layer.is_live(at(2500)));
        assert_eq!(layer.note_life(at(2500), 0, 1), Liveness::Begins);
    }

    #[test]
    fn a_layer_that_is_switched_off_and_on_takes_what_it_took() {
        let mut layer = LayerStream::new(Codec::Vp8);
        let at = |millis| epoch() + Duration::from_millis(millis);
        let mut send = |from, to| {
            for millis in (from..to).step_by(20) {
                layer.note_life(at(millis), 0, 1_000);
            }
            layer.rates()[0]
        };
        let is_right = |rate| (380_000..420_000).contains(&rate);
        assert!(is_right(send(0, 3_000)));
        for millis in (9_000..12_000).step_by(100) {
            let rate = send(millis, millis + 100);
            assert!(is_right(rate), "{rate} at {millis} ms");
        }
    }
}
