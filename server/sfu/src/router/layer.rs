//! One stream of RTP with its own numbering: a source's only one, or one layer of its simulcast.

use std::time::Instant;

use shared::media::Layer;

use crate::codec::Codec;

use super::{
    arrivals::{Arrival, Arrivals},
    av1::{DependencyReader, TargetField, TargetedDescriptor},
    cache::{CacheLimits, PacketCache},
    egress::CanonicalPacket,
    frame::FrameInfo,
    keyframe::{H264Start, KeyFrameRequester, h264_start, is_entry_point},
    missing::{GapDecision, MissingPackets},
    modular::{distance64, low32, ntp_duration, ticks},
    producer::SenderClock,
    spatial::{Liveness, SpatialLayer},
    vp8::key_frame_size,
    vp9::{Resolution, Vp9Descriptor},
};

/// The most layers of one source: browsers send three.
pub const MAX_LAYERS: usize = 3;

/// The most temporal layers that are told apart: the two bits of VP8.
pub(super) const MAX_TEMPORAL_LAYERS: usize = 4;

/// What arrived of a layer, what is kept of it, what is missing.
#[derive(Debug)]
pub(super) struct LayerStream {
    pub(super) arrivals: Arrivals,
    pub(super) cache: PacketCache,
    pub(super) missing: MissingPackets,
    pub(super) key_frames: KeyFrameRequester,
    /// See [`LayerStream::spatial_layers`].
    spatial: Vec<SpatialLayer>,
    /// Reads its dependency descriptors, if it has any.
    descriptors: Option<Box<DependencyReader>>,
    /// The number of the packet that said last what the descriptors mean.
    described_by: u64,
    /// Whether its key frames of H.264 begin with their parameters, instead of the session with all.
    has_parameters: bool,
    /// Whether any viewer is sent it, or waits for it.
    pub(super) watched: bool,
    /// Whether more of it comes than its publisher may send, and nothing of it is forwarded.
    pub(super) is_excessive: bool,
    clock: Option<(SenderClock, Instant)>,
}

/// What a packet says, as [`LayerStream::read_frame`] reads it.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Of its frame.
    pub(super) frame: FrameInfo,
    /// Of the stream.
    pub(super) announcement: Announcement,
    /// Its descriptor with the active targets, where there are several.
    pub(super) targeted: Option<TargetedDescriptor>,
}

/// Whether a packet says which layers there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Announcement {
    /// It says nothing of them.
    #[default]
    Nothing,
    /// It does.
    Layers,
}

impl Announcement {
    const fn of(announced: Option<()>) -> Self {
        if announced.is_some() { Self::Layers } else { Self::Nothing }
    }
}

impl LayerStream {
    pub(super) fn new(codec: Codec) -> Self {
        let limits = if codec.is_video() { CacheLimits::VIDEO } else { CacheLimits::AUDIO };
        Self {
            arrivals: Arrivals::default(),
            cache: PacketCache::new(limits),
            missing: MissingPackets::default(),
            key_frames: KeyFrameRequester::default(),
            spatial: vec![SpatialLayer::default()],
            descriptors: None,
            described_by: 0,
            has_parameters: false,
            watched: false,
            is_excessive: false,
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

    /// Its spatial layers, the smallest first: one, or those that share its numbering.
    pub(super) fn spatial_layers(&self) -> &[SpatialLayer] {
        &self.spatial
    }

    /// Bits per second of what it takes to show the spatial layer `spatial` with the temporal layers
    /// up to each: the smaller spatial layers go along.
    pub(super) fn rates(&self, spatial: u8) -> [u32; MAX_TEMPORAL_LAYERS] {
        let mut sums = [0_u32; MAX_TEMPORAL_LAYERS];
        for layer in self.spatial.iter().take(usize::from(spatial).saturating_add(1)) {
            let mut sum = 0_u32;
            for (all, rate) in sums.iter_mut().zip(layer.rates()) {
                sum = sum.saturating_add(rate);
                *all = all.saturating_add(sum);
            }
        }
        sums
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

    /// Reads what a packet that came says of its frame, and of the layers of the stream.
    pub(super) fn read_frame(
        &mut self,
        now: Instant,
        codec: Codec,
        (sequence, payload, descriptor): (u64, &[u8], Option<&[u8]>),
    ) -> Reading {
        match codec {
            Codec::Vp8 if is_entry_point(codec, payload) => {
                let size = key_frame_size(payload);
                let smallest = self.smallest();
                smallest.size = size.or(smallest.size);
            }
            Codec::Vp9 => {
                let Some(read) = Vp9Descriptor::parse(payload) else { return Default::default() };
                let announced = read.structure.map(|structure| {
                    self.announce(now, structure.spatial_layers(), structure.resolutions());
                });
                let announcement = Announcement::of(announced);
                return Reading { frame: FrameInfo::of_vp9(&read), announcement, targeted: None };
            }
            Codec::Av1 => return self.read_descriptor(now, sequence, descriptor),
            Codec::Opus | Codec::Vp8 | Codec::H264 => {}
        }
        Reading { frame: FrameInfo::of(codec, payload), ..Reading::default() }
    }

    /// Whether a decoder that has seen nothing of this stream can start at a packet that came.
    pub(super) fn is_entry_point(&mut self, codec: Codec, payload: &[u8]) -> bool {
        let start = if codec == Codec::H264 { h264_start(payload) } else { None };
        self.has_parameters |= start == Some(H264Start::Parameters);
        match start {
            Some(H264Start::Picture) => !self.has_parameters,
            Some(H264Start::Parameters) => true,
            None => is_entry_point(codec, payload),
        }
    }

    /// What a packet that is kept says of its frame.
    pub(super) fn frame_of(&self, codec: Codec, packet: &CanonicalPacket<'_>) -> FrameInfo {
        let Some(descriptors) = self.descriptors.as_ref().filter(|_| codec == Codec::Av1) else {
            return FrameInfo::of(codec, packet.payload());
        };
        let read = packet.descriptor().and_then(|data| descriptors.read_overtaken(data));
        let frame = read.as_ref().zip(descriptors.structure());
        frame.map(|(frame, structure)| FrameInfo::of_av1(frame, structure)).unwrap_or_default()
    }

    /// The decode targets of which all is sent with these layers, a bit each.
    pub(super) fn targets_up_to(&self, field: TargetField, layer: Layer) -> Option<u32> {
        let structure = self.descriptors.as_ref()?.structure()?;
        let is_same = structure.targets().len() == usize::from(field.count);
        is_same.then(|| structure.targets_up_to(layer.spatial, layer.temporal))
    }

    fn read_descriptor(
        &mut self,
        now: Instant,
        sequence: u64,
        descriptor: Option<&[u8]>,
    ) -> Reading {
        let Some(descriptor) = descriptor else { return Default::default() };
        let reader = self.descriptors.get_or_insert_default();
        let is_overtaken = sequence < self.described_by;
        let read =
            if is_overtaken { reader.read_overtaken(descriptor) } else { reader.read(descriptor) };
        let Some((read, structure)) = read.zip(reader.structure()) else {
            return Reading::default();
        };
        let frame = FrameInfo::of_av1(&read, structure);
        if is_overtaken {
            return Reading { frame, ..Reading::default() };
        }
        let targeted = reader.name_targets(descriptor, read.active_targets);
        if !read.has_structure {
            return Reading { frame, targeted, ..Reading::default() };
        }
        self.described_by = sequence;
        let mut sizes = [Resolution::default(); MAX_LAYERS];
        let count = structure.spatial_layers();
        for (size, told) in sizes.iter_mut().zip(structure.resolutions()) {
            *size = *told;
        }
        self.announce(now, count, &sizes);
        Reading { frame, targeted, announcement: Announcement::Layers }
    }

    /// Takes the publisher's word on the spatial layers that come from now on.
    fn announce(&mut self, now: Instant, count: usize, sizes: &[Resolution]) {
        let count = count.clamp(1, MAX_LAYERS);
        if self.spatial.len() < count {
            self.spatial.resize_with(count, SpatialLayer::default);
        }
        for (index, layer) in self.spatial.iter_mut().enumerate() {
            let told = sizes.get(index).filter(|size| size.width > 0 && size.height > 0);
            let told = told.filter(|_| index < count);
            let size = told
                .and_then(|one| Some((one.width.try_into().ok()?, one.height.try_into().ok()?)));
            layer.size = size.or(layer.size);
            if index > 0 {
                layer.announce((index < count).then_some(now));
            }
        }
    }

    /// Notes that a packet of so many bytes came.
    pub(super) fn note_life(&mut self, now: Instant, frame: FrameInfo, bytes: usize) -> Liveness {
        let liveness = if self.is_live(now) { Liveness::GoesOn } else { Liveness::Begins };
        let spatial = usize::from(frame.spatial);
        if (self.spatial.len()..MAX_LAYERS).contains(&spatial) {
            self.spatial.resize_with(spatial + 1, SpatialLayer::default);
        }
        if let Some(layer) = self.spatial.get_mut(spatial) {
            layer.note_life(now, frame.temporal, bytes);
        }
        liveness
    }

    /// Whether packets come.
    pub(super) fn is_live(&self, now: Instant) -> bool {
        self.spatial.iter().any(|layer| layer.is_live(now))
    }

    fn smallest(&mut self) -> &mut SpatialLayer {
        self.spatial.first_mut().expect("a stream has a spatial layer")
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
    use std::time::Duration;

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
    fn a_layer_that_is_switched_off_and_on_takes_what_it_took() {
        let mut layer = LayerStream::new(Codec::Vp8);
        let at = |millis| epoch() + Duration::from_millis(millis);
        let mut send = |from, to| {
            for millis in (from..to).step_by(20) {
                layer.note_life(at(millis), FrameInfo::default(), 1_000);
            }
            layer.rates(0)[0]
        };
        let is_right = |rate| (380_000..420_000).contains(&rate);
        assert!(is_right(send(0, 3_000)));
        for millis in (9_000..12_000).step_by(100) {
            let rate = send(millis, millis + 100);
            assert!(is_right(rate), "{rate} at {millis} ms");
        }
    }
}
