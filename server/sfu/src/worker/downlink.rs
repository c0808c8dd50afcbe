//! Serves each viewer's link: what was held leaves, padding looks for more, and what there is is
//! shared out.

use std::time::{Duration, Instant};

use shared::media::{MediaKind, Source};

use super::{
    Worker,
    overload::STEPS,
    table::{ConsumerEntry, Leg},
};
use crate::{
    bandwidth::{
        PACKET_OVERHEAD,
        allocate::Importance,
        allocation::{Allocation, Change, Steps, Wish},
        downlink::Downlink,
    },
    router::PADDING_PACKET_LEN,
    transport::{rtcp::twcc::TransportFeedback, srtp::MAX_RTP_OVERHEAD},
};

/// What one packet of padding takes of the link.
const PADDING_BYTES: usize = PADDING_PACKET_LEN + MAX_RTP_OVERHEAD + PACKET_OVERHEAD;

/// What a packet's headers add to the bit rate of a video, as part of it: 60 bytes to each 1,000.
const HEADERS: u32 = 16;

/// How long after a word its speaker is more important than the others: longer than a pause to
/// think, so that a dialogue does not make pictures change with each sentence.
const SPEAKS: Duration = Duration::from_secs(5);

impl Worker {
    /// Takes a viewer's transport-wide feedback.
    pub(super) fn downlink_reported(&mut self, now: Instant, key: usize, packet: &[u8]) {
        let downlink = self.table.receive_leg(key).and_then(|leg| leg.downlink());
        let Some((downlink, feedback)) = downlink.zip(TransportFeedback::parse(packet)) else {
            return;
        };
        let lost = downlink.handle_feedback(now, &feedback);
        if downlink.is_allocation_due(now) {
            self.allocate(now, key);
        }
        if let Some(lost) = lost {
            self.protect_voices(key, lost);
        }
        self.schedule_transport(key);
    }

    /// Has the voices that a viewer hears protected against what its link loses, in 1/256.
    fn protect_voices(&mut self, key: usize, lost: u8) {
        let Some(leg) = self.table.transports.get(key).and_then(|one| one.as_receive_leg()) else {
            return;
        };
        let entries = leg.consumers().filter_map(|consumer| self.table.consumers.get(&consumer));
        let is_voice = |entry: &&ConsumerEntry| entry.source.kind() == MediaKind::Audio;
        let voices: Vec<ConsumerEntry> = entries.filter(is_voice).copied().collect();
        for voice in voices {
            self.with_router(voice.router_id, |router, _| router.note_loss(voice.key, lost));
        }
    }

    /// Does what is due for a viewer's link.
    pub(super) fn serve_downlink(&mut self, now: Instant, key: usize) {
        self.release_held(now, key);
        self.send_padding(now, key);
        let downlink = self.table.receive_leg(key).and_then(|leg| leg.downlink());
        if downlink.is_some_and(|downlink| downlink.is_allocation_due(now)) {
            self.allocate(now, key);
        }
    }

    /// Seals the packets that were held and may leave.
    fn release_held(&mut self, now: Instant, key: usize) {
        let Some(transport) = self.table.transports.get_mut(key) else { return };
        let Leg::Receive(leg) = &mut transport.leg else { return };
        let Some((path, srtp)) = transport.connection.sender() else { return };
        while let Some(held) = leg.downlink().and_then(|downlink| downlink.pop(now)) {
            let room = held.bytes.len() + MAX_RTP_OVERHEAD;
            let seal = |buffer: &mut [u8]| leg.seal_held(now, srtp, &held, buffer);
            match self.outbox.push_with(path, room, seal) {
                Ok(()) => self.statistics.rtp_sent += 1,
                // Its consumer was closed meanwhile.
                Err(_) => self.statistics.rtp_unsent += 1,
            }
            if let Some(downlink) = leg.downlink() {
                downlink.recycle(held);
            }
        }
    }

    /// Sends the padding that is due, by the first consumer that can carry it.
    fn send_padding(&mut self, now: Instant, key: usize) {
        let downlink = self.table.receive_leg(key).and_then(|leg| leg.downlink());
        let bytes = downlink.map_or(0, |downlink| downlink.poll_padding(now));
        let packets = bytes.div_ceil(PADDING_BYTES);
        if packets == 0 {
            return;
        }
        let carrier = |worker: &mut Self, number| {
            worker.table.receive_leg(key).and_then(|leg| leg.padding_carrier(number))
        };
        let mut number = 0;
        while let Some(carrier) = carrier(self, number) {
            number += 1;
            let Some(entry) = self.table.consumers.get(&carrier).copied() else { continue };
            let sent = self.with_router(entry.router_id, |router, egress| {
                router.send_padding(entry.key, packets, egress)
            });
            if sent == Some(true) {
                return;
            }
        }
    }

    /// Shares a viewer's link out among its consumers; without an estimate there is no limit but the
    /// worker's own, and that of the cameras one viewer is sent.
    pub(super) fn allocate(&mut self, now: Instant, key: usize) {
        let Some(leg) = self.table.receive_leg(key) else { return };
        let shed = self.overload.shed();
        let is_many = leg.consumers().nth(self.config.max_cameras).is_some();
        let is_limited = |downlink: &&mut Downlink| {
            let is_shared = downlink.estimate().is_some() || !downlink.allocation.is_empty();
            is_shared || is_many || shed > 0
        };
        let Some(downlink) = leg.downlink().filter(is_limited) else { return };
        let budget = downlink.budget(now);
        let mut allocation = std::mem::take(&mut downlink.allocation);
        self.gather_wishes(now, key, &mut allocation);
        allocation.keep_last(self.config.max_cameras);
        allocation.shed(shed, STEPS, key);
        let wanted = allocation.wanted();
        allocation.decide(now, budget, |change| self.carry_out(now, change));
        if let Some(downlink) = self.table.receive_leg(key).and_then(|leg| leg.downlink()) {
            downlink.allocation = allocation;
            downlink.note_allocation(now, wanted);
        }
    }

    /// Notes what each consumer of a viewer that is wanted could be sent.
    fn gather_wishes(&mut self, now: Instant, key: usize, allocation: &mut Allocation) {
        let Some(leg) = self.table.transports.get(key).and_then(|one| one.as_receive_leg()) else {
            return;
        };
        for consumer in leg.consumers() {
            let entry = self.table.consumers.get(&consumer).filter(|entry| entry.wanted);
            let Some(entry) = entry else { continue };
            let Some(router) = self.table.routers.get(&entry.router_id) else { continue };
            let steps = with_headers(&router.steps(now, entry.key));
            if steps.as_slice().is_empty() {
                continue;
            }
            let viewing = router.viewing(entry.key).unwrap_or_default();
            let spoke = router.spoke(entry.key);
            let importance = if entry.source == Source::Screen {
                Importance::Screen
            } else if viewing.pinned {
                Importance::Pinned
            } else if spoke.is_some_and(|at| now <= at + SPEAKS) {
                Importance::Speaker
            } else {
                Importance::Tile
            };
            let area = u32::from(viewing.width) * u32::from(viewing.height);
            allocation.wish(Wish { consumer, importance, area, spoke, steps });
        }
    }

    fn carry_out(&mut self, now: Instant, Change { consumer, layer }: Change) {
        let Some(entry) = self.table.consumers.get(&consumer).copied() else { return };
        tracing::debug!(%consumer, ?layer, "[CONSUME] {consumer} is granted {layer:?}");
        self.with_router(entry.router_id, |router, _| router.set_target(now, entry.key, layer));
    }
}

/// The steps with the bits that their packets' headers take.
fn with_headers(steps: &Steps) -> Steps {
    let mut gross = Steps::default();
    for (layer, rate) in steps.as_slice() {
        gross.push(*layer, rate.saturating_add(rate / HEADERS));
    }
    gross
}
