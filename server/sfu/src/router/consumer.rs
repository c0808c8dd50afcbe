//! One participant's receipt of one producer: what it is sent, under which numbers.

mod continuation;
mod options;
mod repair;

use std::time::{Duration, Instant};

use shared::media::Layer;

use crate::codec::Codec;

pub use self::continuation::Continuation;
pub use self::options::{ConsumerOptions, ConsumerStats, ReceptionReport};
use self::repair::RtxStream;

use super::{
    av1::TargetField,
    egress::{CanonicalPacket, Egress, OutgoingRtp, SenderReport},
    modular::{low32, ntp_duration},
    producer::{Producer, Received},
    red::newest_frame,
    resend::ResendLimiter,
    selector::{FrameDecision, LayerSelector, LayerView},
    sequence::{Position, Rewritten, SequenceRewriter},
};

/// The first sender report follows the first packet after this time: late enough for the
/// publisher's own to have come, early enough that lips and voice part for a moment only.
const FIRST_REPORT_DELAY: Duration = Duration::from_millis(100);

/// Time between sender reports; browsers send theirs at about this pace.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// The shortest round trip assumed for the viewer: no resend is repeated faster.
const MIN_ROUND_TRIP: Duration = Duration::from_millis(20);

/// The longest round trip believed, against nonsense in a report.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(2);

/// Whether a consumer is sent packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConsumerState {
    /// Nothing is sent, by the viewer's wish.
    Paused,
    /// Nothing is sent until a decoder can start.
    AwaitingEntryPoint,
    /// Packets are sent as they come.
    Forwarding {
        /// When the next sender report is to be sent.
        report_at: Instant,
    },
}

/// One viewer's receipt of one source.
#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) options: ConsumerOptions,
    pub(super) stats: ConsumerStats,
    codec: Codec,
    state: ConsumerState,
    /// Which of the source's layers it is sent.
    pub(super) selector: LayerSelector,
    /// The layer its viewer was told of last.
    told: Told,
    rewriter: SequenceRewriter,
    rtx: Option<RtxStream>,
    /// Whether the viewer reads redundant audio.
    reads_redundancy: bool,
    round_trip: Duration,
    /// Share of packets that is lost on the way to the viewer, in 1/256.
    loss: u8,
    /// The middle of the last report's wall clock, and when it was sent.
    last_report: Option<(u32, Instant)>,
}

/// What a viewer was told of the layer it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    /// Nothing, and that it is sent the only layer there is goes without saying.
    Any,
    Layer(Option<Layer>),
}

impl Consumer {
    /// A paused consumer of a producer of `codec` that has so many streams.
    pub(super) fn new(options: ConsumerOptions, codec: Codec, layers: usize) -> Self {
        let rtx = options.rtx_ssrc.zip(codec.rtx_payload_type()).map(|(ssrc, payload_type)| {
            let next_index = u64::from(first_number(ssrc));
            let limiter = ResendLimiter::default();
            RtxStream { ssrc, payload_type, next_index, limiter, accepted: true }
        });
        Self {
            options,
            codec,
            rtx,
            reads_redundancy: false,
            state: ConsumerState::Paused,
            selector: LayerSelector::new(layers),
            told: if layers > 1 { Told::Nothing } else { Told::Any },
            rewriter: SequenceRewriter::new(first_number(options.ssrc), codec.clock_rate()),
            round_trip: MIN_ROUND_TRIP,
            loss: 0,
            last_report: None,
            stats: ConsumerStats::default(),
        }
    }

    pub(super) const fn is_paused(&self) -> bool {
        matches!(self.state, ConsumerState::Paused)
    }

    /// Whether nothing is to be sent, by the viewer's wish or for lack of room on its link.
    pub(super) const fn is_silent(&self) -> bool {
        self.is_paused() || self.selector.target().is_none()
    }

    /// The stream whose next entry point is waited for.
    pub(super) fn awaits(&self) -> Option<u8> {
        match self.state {
            ConsumerState::Paused => None,
            ConsumerState::AwaitingEntryPoint => self.selector.target_stream(),
            ConsumerState::Forwarding { .. } => self.selector.awaited_stream(),
        }
    }

    /// The stream that is sent now.
    pub(super) const fn stream(&self) -> Option<u8> {
        match self.state {
            ConsumerState::Forwarding { .. } => Some(self.selector.stream()),
            ConsumerState::Paused | ConsumerState::AwaitingEntryPoint => None,
        }
    }

    /// Chooses the layer anew.
    pub(super) fn retarget(&mut self, layers: &[LayerView]) {
        self.selector.retarget(layers);
        if self.selector.target().is_none() {
            self.interrupt();
        }
    }

    /// The layer that is sent now, or that nothing is, if its viewer was told something else.
    pub(super) fn news(&self) -> Option<Option<Layer>> {
        let layer = match self.state {
            ConsumerState::Paused => return None,
            ConsumerState::Forwarding { .. } => Some(self.selector.layer()),
            // A change that is under way is told when it is there.
            ConsumerState::AwaitingEntryPoint if self.selector.target().is_some() => return None,
            ConsumerState::AwaitingEntryPoint => None,
        };
        let is_news = match self.told {
            Told::Nothing => true,
            Told::Any => layer.is_none_or(|layer| layer.spatial < self.selector.top()),
            Told::Layer(told) => told != layer,
        };
        is_news.then_some(layer)
    }

    /// Notes that the viewer is told.
    pub(super) const fn note_told(&mut self, layer: Option<Layer>) {
        self.told = Told::Layer(layer);
    }

    pub(super) const fn pause(&mut self) {
        self.state = ConsumerState::Paused;
        self.loss = 0;
    }

    pub(super) const fn resume(&mut self) {
        if self.is_paused() {
            self.state = ConsumerState::AwaitingEntryPoint;
        }
    }

    /// Takes the viewer's word on whether it accepts a stream of retransmissions.
    pub(super) const fn accept_retransmissions(&mut self, accepted: bool) {
        if let Some(rtx) = &mut self.rtx {
            rtx.accepted = accepted;
        }
    }

    /// Takes the viewer's word on whether it reads redundant audio (RFC 2198).
    pub(super) const fn accept_redundancy(&mut self, accepted: bool) {
        self.reads_redundancy = accepted;
    }

    /// How a packet of redundant audio goes out: its payload type, and what is left out of it.
    /// Frames are repeated to who loses any, and to nobody else: they double the bit rate.
    fn redundancy(&self, packet: &CanonicalPacket<'_>) -> Option<(u8, usize)> {
        let payload_type = packet.redundancy?;
        if self.reads_redundancy && self.loss > 0 {
            return Some((payload_type, 0));
        }
        Some((self.codec.payload_type(), newest_frame(packet.payload())?))
    }

    /// Waits for the next entry point, if not paused: what came so far has no continuation.
    pub(super) const fn interrupt(&mut self) {
        if !self.is_paused() {
            self.state = ConsumerState::AwaitingEntryPoint;
        }
    }

    /// Sends packets that have been taken in, as far as the consumer is ready for them.
    pub(super) fn forward<E: Egress>(&mut self, now: Instant, source: &Producer, egress: &mut E) {
        let Some(target) = self.selector.target_stream() else { return };
        let mut pending = source.pending.as_slice();
        while let Some((received, rest)) = pending.split_first() {
            pending = rest;
            let is_current = received.layer == self.selector.stream();
            if received.restart && is_current {
                self.interrupt();
            }
            match self.state {
                ConsumerState::Paused => return,
                ConsumerState::Forwarding { .. } if is_current => {
                    self.forward_packet(now, received.position(), source, egress);
                }
                // The layer before goes on until the next one can begin.
                ConsumerState::AwaitingEntryPoint | ConsumerState::Forwarding { .. } => {
                    if received.layer == target {
                        self.try_start(now, (received, rest), source, egress);
                    }
                }
            }
        }
    }

    /// The sender report that is due at `now`, if one is and the publisher's clocks are known.
    pub(super) fn poll_sender_report(
        &mut self,
        now: Instant,
        source: &Producer,
    ) -> Option<SenderReport> {
        let ConsumerState::Forwarding { report_at } = &mut self.state else {
            return None;
        };
        if now < *report_at {
            return None;
        }
        let stream = source.layers.get(usize::from(self.selector.stream()))?;
        let clock = stream.clock_at(now, self.codec.clock_rate())?;
        let offset = self.rewriter.timestamp_offset()?;
        *report_at = now + REPORT_INTERVAL;
        self.last_report = Some((low32(clock.ntp >> 16), now));
        self.stats.sender_reports += 1;
        Some(SenderReport {
            publisher: source.options.transport,
            ssrc: self.options.ssrc,
            ntp: clock.ntp,
            rtp_timestamp: clock.rtp_timestamp.wrapping_add(offset),
            packets: low32(self.stats.packets),
            octets: low32(self.stats.octets),
        })
    }

    /// Share of packets that is lost on the way to the viewer, in 1/256. It rises at once and falls
    /// by an eighth with each report: one quiet second is no reason to do without protection.
    pub(super) const fn loss(&self) -> u8 {
        self.loss
    }

    /// Notes that so much is lost on the viewer's link, in 1/256: its transport-wide feedback says
    /// so long before the next reception report of a voice, which may take five seconds. Returns
    /// whether that is more than was known.
    pub(super) const fn note_loss(&mut self, lost: u8) -> bool {
        let is_more = self.loss < lost;
        if is_more {
            self.loss = lost;
        }
        is_more
    }

    /// Notes how much is lost, and measures the round trip by what the viewer says of our last
    /// sender report (RFC 3550 section 6.4.1, figure 2); an echo of an earlier one is ignored.
    pub(super) fn note_report(&mut self, now: Instant, report: ReceptionReport) {
        self.loss = report.fraction_lost.max(self.loss - self.loss.div_ceil(8));
        let Some((_, sent_at)) = self.last_report.filter(|(ntp, _)| *ntp == report.last_report)
        else {
            return;
        };
        let since = ntp_duration(now.saturating_duration_since(sent_at)) >> 16;
        let measured = Duration::from_secs(since.saturating_sub(u64::from(report.delay))) / 65_536;
        let measured = measured.clamp(MIN_ROUND_TRIP, MAX_ROUND_TRIP);
        // Smoothed as TCP does (RFC 6298 section 2).
        self.round_trip = (self.round_trip * 7 + measured) / 8;
    }

    fn try_start<E: Egress>(
        &mut self,
        now: Instant,
        (received, rest): (&Received, &[Received]),
        source: &Producer,
        egress: &mut E,
    ) {
        let position = received.position();
        let offset = self.timeline_offset(received.layer, source);
        let begun = received.entry_point && self.rewriter.begin(now, position, offset).is_ok();
        if !begun {
            self.stats.withheld += u64::from(self.stream().is_none());
            return;
        }
        self.selector.switch(received.layer, received.frame);
        if self.stream().is_none() {
            self.state = ConsumerState::Forwarding { report_at: now + FIRST_REPORT_DELAY };
        }
        self.forward_packet(now, position, source, egress);
        // What overtook the entry point would else be a hole of our making. What still waits to be
        // forwarded comes by itself.
        let Some(stream) = source.layers.get(usize::from(received.layer)) else { return };
        let waits = |sequence| {
            rest.iter().any(|one| (one.layer, one.sequence) == (received.layer, sequence))
        };
        for sequence in stream.after(received.sequence).filter(|sequence| !waits(*sequence)) {
            if let Some(packet) = stream.packet(sequence) {
                let frame = stream.frame_of(self.codec, &packet);
                let timestamp = packet.timestamp;
                let position = Position { layer: received.layer, sequence, timestamp, frame };
                self.forward_packet(now, position, source, egress);
            }
        }
    }

    /// The decode targets that the viewer is sent of a packet's picture, where they are named.
    fn targets(
        &self,
        packet: &CanonicalPacket<'_>,
        layer: u8,
        source: &Producer,
    ) -> Option<(TargetField, u32)> {
        let field = packet.targets?;
        let sent = self.selector.layer_at(packet.timestamp);
        let stream = source.layers.get(usize::from(layer))?;
        Some((field, stream.targets_up_to(field, sent)?))
    }

    /// How the timeline of a layer differs from the viewer's, if the reports tell.
    fn timeline_offset(&self, layer: u8, source: &Producer) -> Option<u32> {
        let (before, offset) = self.rewriter.layer().zip(self.rewriter.timeline_offset())?;
        if before == layer {
            return Some(offset);
        }
        let [new, old] = [layer, before].map(|layer| source.layers.get(usize::from(layer)));
        Some(new?.distance_to(old?, self.codec.clock_rate())?.wrapping_add(offset))
    }

    /// Sends a packet of the current layer, if its frame is wanted and it is still kept.
    fn forward_packet<E: Egress>(
        &mut self,
        now: Instant,
        position: Position,
        source: &Producer,
        egress: &mut E,
    ) {
        let decision = self.selector.decide(position.timestamp, position.frame);
        if decision == FrameDecision::Skip {
            self.stats.withheld += 1;
            return self.rewriter.skip(position);
        }
        let Some(packet) = source.packet(position.layer, position.sequence) else { return };
        let Some(rewritten) = self.rewriter.rewrite(now, position) else {
            self.stats.withheld += 1;
            return;
        };
        let plain = (self.codec.payload_type(), 0);
        let (payload_type, omitted) = self.redundancy(&packet).unwrap_or(plain);
        let outgoing = OutgoingRtp {
            vp8: rewritten.pictures.numbers(position.frame),
            omitted,
            targets: self.targets(&packet, position.layer, source),
            marker: packet.marker || decision == FrameDecision::ForwardLast,
            ..outgoing(&packet, self.options.ssrc, payload_type, rewritten)
        };
        self.stats.packets += 1;
        self.stats.octets += outgoing.payload_len() as u64;
        egress.send_rtp(self.options.transport, outgoing);
    }
}

/// The first sequence number of a stream: below 2^15, so that no receiver takes the first packets,
/// when they come in the wrong order, for ones of the roll-over before (RFC 3711 section 3.3.1).
fn first_number(ssrc: u32) -> u16 {
    super::modular::low16(u64::from(ssrc)) & 0x7FFF
}

const fn outgoing<'a>(
    packet: &CanonicalPacket<'a>,
    ssrc: u32,
    payload_type: u8,
    rewritten: Rewritten,
) -> OutgoingRtp<'a> {
    OutgoingRtp {
        packet: packet.bytes,
        header_len: packet.header_len,
        ssrc,
        payload_type,
        index: rewritten.index,
        timestamp: rewritten.timestamp,
        marker: packet.marker,
        twcc_offset: Some(packet.twcc_offset),
        rtx_original_sequence: None,
        vp8: None,
        targets: None,
        omitted: 0,
    }
}
