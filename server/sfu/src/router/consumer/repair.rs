//! What a viewer is sent besides the media itself: packets that were lost, and padding.

use std::time::Instant;

use super::{Consumer, outgoing};
use crate::router::{
    egress::{CanonicalPacket, Egress, OutgoingRtp, PADDING},
    producer::Producer,
    resend::{Lost, MAX_LOST, ResendDecision, ResendLimiter},
    selector::FrameDecision,
    sequence::{PictureOffset, Rewritten},
};

/// The stream of a viewer's retransmissions.
#[derive(Debug)]
pub(super) struct RtxStream {
    pub(super) ssrc: u32,
    pub(super) payload_type: u8,
    pub(super) next_index: u64,
    pub(super) limiter: ResendLimiter,
    /// Whether the viewer knows what to do with it.
    pub(super) accepted: bool,
}

impl Consumer {
    /// Answers a viewer's request for lost packets from the packets the stream keeps.
    ///
    /// Without a stream for retransmissions there is no answer: sealing the same number twice with
    /// different bytes would break the cipher.
    pub(in crate::router) fn resend<E: Egress>(
        &mut self,
        now: Instant,
        Lost { numbers, copies }: Lost<'_>,
        source: &Producer,
        egress: &mut E,
    ) {
        self.stats.nacked += numbers.len() as u64;
        let flows = !self.is_silent();
        let Some(rtx) = self.rtx.as_mut().filter(|rtx| rtx.accepted && flows) else {
            self.stats.unanswered += numbers.len() as u64;
            return;
        };
        let mut granted = [false; MAX_LOST];
        for (number, granted) in numbers.iter().zip(&mut granted) {
            let found = self.rewriter.original(*number);
            let kept = found.filter(|found| source.packet(found.layer, found.sequence).is_some());
            match kept.map(|found| rtx.limiter.decide(now, found.index, self.round_trip)) {
                None => self.stats.unanswered += 1,
                Some(ResendDecision::TooSoon) => self.stats.throttled += 1,
                Some(ResendDecision::Resend) => *granted = true,
            }
        }
        for _ in 0..copies as u8 {
            for (number, _) in numbers.iter().zip(granted).filter(|(_, granted)| *granted) {
                self.send_again(*number, source, egress);
            }
        }
    }

    /// Sends a packet that is still kept again.
    fn send_again<E: Egress>(&mut self, number: u16, source: &Producer, egress: &mut E) {
        let Some(found) = self.rewriter.original(number) else { return };
        let Some(packet) = source.packet(found.layer, found.sequence) else { return };
        let targets = self.targets(&packet, found.layer, source);
        let Some(rtx) = &mut self.rtx else { return };
        let rewritten = Rewritten {
            index: rtx.next_index,
            timestamp: packet.timestamp.wrapping_add(found.timestamp_offset),
            pictures: found.pictures,
        };
        rtx.next_index += 1;
        let Some(stream) = source.layers.get(usize::from(found.layer)) else { return };
        let frame = stream.frame_of(self.codec, &packet);
        let is_last =
            self.selector.was_decided(packet.timestamp, frame) == FrameDecision::ForwardLast;
        let outgoing = OutgoingRtp {
            rtx_original_sequence: Some(number),
            vp8: found.pictures.numbers(frame),
            marker: packet.marker || is_last,
            targets,
            ..outgoing(&packet, rtx.ssrc, rtx.payload_type, rewritten)
        };
        self.stats.retransmissions += 1;
        self.stats.retransmitted_octets += outgoing.payload_len() as u64;
        egress.send_rtp(self.options.transport, outgoing);
    }

    /// Sends packets of padding on the stream of retransmissions, which decoders never see. Returns
    /// whether there is one that the viewer accepts.
    pub(in crate::router) fn pad<E: Egress>(&mut self, packets: usize, egress: &mut E) -> bool {
        let Some(rtx) = self.rtx.as_mut().filter(|rtx| rtx.accepted) else { return false };
        let Some(packet) = CanonicalPacket::read(&PADDING) else { return false };
        for _ in 0..packets {
            let pictures = PictureOffset::default();
            let rewritten = Rewritten { index: rtx.next_index, timestamp: 0, pictures };
            rtx.next_index += 1;
            let padding = outgoing(&packet, rtx.ssrc, rtx.payload_type, rewritten);
            egress.send_rtp(self.options.transport, padding);
        }
        true
    }
}
