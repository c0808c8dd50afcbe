//! Sealing: what routers send becomes datagrams in the outbox.

use std::{collections::VecDeque, time::Instant};

use shared::ids::RouterId;
use slab::Slab;

use super::{
    Worker, WorkerStatistics,
    schedule::{Schedule, Timer},
    table::{Leg, Transport, table_key},
};
use crate::{
    bandwidth::pacer::Pacing,
    command::Event,
    outbox::Outbox,
    router::{
        ConsumerKey, Egress, Forwarding, OutgoingRtp, Router, RouterEvent, SenderReport,
        TransportKey,
    },
    transport::{
        publish::PublishLeg,
        receive::sealed_room,
        rtcp::{ntp::NtpTime, write},
        srtp::MAX_RTCP_OVERHEAD,
    },
};

/// The way out of one router: the worker's transports, without its routers.
pub(super) struct Departure<'a> {
    now: Instant,
    transports: &'a mut Slab<Transport>,
    outbox: &'a mut Outbox,
    statistics: &'a mut WorkerStatistics,
    schedule: &'a mut Schedule,
    /// Scratch space for RTCP.
    rtcp: &'a mut Vec<u8>,
    events: &'a mut VecDeque<Event>,
}

impl Egress for Departure<'_> {
    fn send_rtp(&mut self, transport: TransportKey, packet: OutgoingRtp<'_>) {
        let key = table_key(transport);
        match self.pace_rtp(key, &packet) {
            Some(Pacing::Send) => self.statistics.rtp_sent += 1,
            Some(Pacing::Hold) => {
                // It leaves when the link is ready for it.
                let due = self.transports.get(key).and_then(Transport::poll_timeout);
                if let Some(due) = due {
                    self.schedule.bring_forward(Timer::Transport(key), due);
                }
            }
            Some(Pacing::Drop) => self.statistics.rtp_over_downlink += 1,
            None => self.statistics.rtp_unsent += 1,
        }
    }

    fn send_sender_report(&mut self, transport: TransportKey, report: SenderReport) {
        let Some(transport) = self.transports.get_mut(table_key(transport)) else { return };
        let Leg::Receive(leg) = &transport.leg else { return };
        let Some(cname) = leg.cname_of(report.ssrc) else { return };
        self.rtcp.clear();
        let message = write::SenderReport {
            ssrc: report.ssrc,
            ntp: NtpTime(report.ntp),
            rtp_timestamp: report.rtp_timestamp,
            packet_count: report.packets,
            octet_count: report.octets,
        };
        write::sender_report(self.rtcp, &message, cname);
        seal_rtcp(transport, self.rtcp, self.outbox);
    }
}

/// Seals one RTCP packet for the transport's client.
fn seal_rtcp(transport: &mut Transport, packet: &[u8], outbox: &mut Outbox) {
    let Some((path, srtp)) = transport.connection.sender() else { return };
    let room = packet.len().saturating_add(MAX_RTCP_OVERHEAD);
    let sealed = outbox.push_with(path, room, |buffer| {
        let (head, _) = buffer.split_at_mut(packet.len());
        head.copy_from_slice(packet);
        srtp.seal_rtcp(buffer, packet.len())
    });
    if let Err(error) = sealed {
        tracing::debug!(transport = %transport.id, %error, "[TRANSPORT] RTCP was not sealed");
    }
}

impl Worker {
    /// Lets `act` work on a router, then carries out what the router wants and sets its timer.
    pub(super) fn with_router<R>(
        &mut self,
        router_id: RouterId,
        act: impl FnOnce(&mut Router, &mut Departure<'_>) -> R,
    ) -> Option<R> {
        let (router, mut departure) = self.depart(router_id)?;
        let result = act(router, &mut departure);
        while let Some(event) = router.poll_event() {
            departure.carry_out(router, &event);
        }
        let due = router.poll_timeout();
        self.schedule.set(Timer::Router(router_id), due);
        Some(result)
    }

    /// A router and the way out of it.
    fn depart(&mut self, router_id: RouterId) -> Option<(&mut Router, Departure<'_>)> {
        let router = self.table.routers.get_mut(&router_id)?;
        let departure = Departure {
            now: self.now,
            transports: &mut self.table.transports,
            outbox: &mut self.outbox,
            statistics: &mut self.statistics,
            schedule: &mut self.schedule,
            rtcp: &mut self.rtcp,
            events: &mut self.events,
        };
        Some((router, departure))
    }

    /// Seals what one more viewer gets of the batch; `false` when everything is forwarded.
    pub(super) fn forward_some(&mut self) -> bool {
        let Some(router_id) = self.forwarding.front().copied() else { return false };
        let now = self.now;
        let forwarding = self
            .depart(router_id)
            .map(|(router, mut egress)| router.forward_next(now, &mut egress));
        if forwarding != Some(Forwarding::More) {
            self.forwarding.pop_front();
            // The fan-out may have found that a key frame is wanted.
            self.with_router(router_id, |_, _| ());
        }
        true
    }

    /// Lets `act` work on the consumer that a viewer names by its SSRC, if it is that viewer's.
    pub(super) fn with_consumer_of(
        &mut self,
        key: usize,
        ssrc: u32,
        act: impl FnOnce(&mut Router, ConsumerKey, &mut Departure<'_>),
    ) {
        let consumer_id = self.table.receive_leg(key).and_then(|leg| leg.consumer_of(ssrc));
        let entry = consumer_id.and_then(|id| self.table.consumers.get(&id).copied());
        if let Some(entry) = entry {
            self.with_router(entry.router_id, |router, egress| act(router, entry.key, egress));
        }
    }

    /// Brings a publisher's timer forward when its feedback is due earlier than it was.
    pub(super) fn schedule_feedback(&mut self, key: usize, due: Option<Instant>) {
        if let Some(due) = due {
            self.schedule.bring_forward(Timer::Transport(key), due);
        }
    }

    /// Answers a viewer who measures the round trip: without that browsers who send nothing take
    /// every way for 100 ms long, and ask for a lost packet again no sooner.
    pub(super) fn echo_reference(&mut self, key: usize, of: u32, reference: NtpTime) {
        let Some(transport) = self.table.transports.get_mut(key) else { return };
        let Leg::Receive(leg) = &transport.leg else { return };
        self.rtcp.clear();
        write::delay_since_reference(&mut self.rtcp, leg.reporter(), of, reference);
        seal_rtcp(transport, &self.rtcp, &mut self.outbox);
    }

    /// Sends the feedback to a publisher that is due.
    pub(super) fn send_feedback(&mut self, now: Instant, key: usize) {
        let Some(transport) = self.table.transports.get_mut(key) else { return };
        loop {
            self.rtcp.clear();
            let Leg::Publish(leg) = &mut transport.leg else { return };
            if !leg.write_feedback(now, &mut self.rtcp) {
                return;
            }
            seal_rtcp(transport, &self.rtcp, &mut self.outbox);
        }
    }
}

impl Departure<'_> {
    /// Seals a packet for a viewer, or has it wait; none when that cannot be done.
    fn pace_rtp(&mut self, key: usize, packet: &OutgoingRtp<'_>) -> Option<Pacing> {
        let transport = self.transports.get_mut(key)?;
        let Leg::Receive(leg) = &mut transport.leg else { return None };
        let (path, srtp) = transport.connection.sender()?;
        let pacing = leg.pace(self.now, packet);
        if pacing != Pacing::Drop {
            let bytes = u64::try_from(sealed_room(packet)).unwrap_or(u64::MAX);
            transport.traffic.sent = transport.traffic.sent.saturating_add(bytes);
        }
        if pacing == Pacing::Send {
            let seal = |buffer: &mut [u8]| leg.seal(self.now, srtp, packet, buffer);
            self.outbox.push_with(path, sealed_room(packet), seal).ok()?;
        }
        Some(pacing)
    }

    /// Does what a router wants of a publisher, or has a client told.
    fn carry_out(&mut self, router: &Router, event: &RouterEvent) {
        match event {
            RouterEvent::KeyFrame { producer, transport, layer } => {
                let written = self.send_upstream(*transport, |leg, rtcp| {
                    leg.write_key_frame_request((*producer, *layer), rtcp)
                });
                self.statistics.key_frames_requested += u64::from(written);
            }
            RouterEvent::Nack { producer, transport, layer, lost } => {
                let lost = lost.as_slice();
                let written = self.send_upstream(*transport, |leg, rtcp| {
                    leg.write_nack((*producer, *layer), lost, rtcp)
                });
                self.statistics.nacks_sent += if written { lost.len() as u64 } else { 0 };
            }
            RouterEvent::ListenerLoss { producer, transport, fraction_lost } => {
                if let Some(leg) = self.publish_leg(*transport) {
                    leg.set_listener_loss(*producer, *fraction_lost);
                }
            }
            RouterEvent::LayersWanted { producer, layers } => {
                let Some(producer_id) = router.producer_id(*producer) else { return };
                let layers = (0_u8..8).filter(|layer| layers >> layer & 1 == 1).collect();
                let router_id = router.id();
                self.events.push_back(Event::LayersWanted { router_id, producer_id, layers });
            }
            RouterEvent::LimitExceeded { producer } => {
                let Some(producer_id) = router.producer_id(*producer) else { return };
                let router_id = router.id();
                self.events.push_back(Event::LimitExceeded { router_id, producer_id });
            }
            RouterEvent::ConsumerLayer { consumer, layer } => {
                let Some(consumer_id) = router.consumer_id(*consumer) else { return };
                let (router_id, layer) = (router.id(), *layer);
                self.events.push_back(Event::ConsumerLayer { router_id, consumer_id, layer });
            }
        }
    }

    fn publish_leg(&mut self, transport: TransportKey) -> Option<&mut PublishLeg> {
        self.transports.get_mut(table_key(transport))?.publish_leg()
    }

    /// Sends a publisher the RTCP that `write` writes, if it writes any.
    fn send_upstream(
        &mut self,
        transport: TransportKey,
        write: impl FnOnce(&PublishLeg, &mut Vec<u8>) -> bool,
    ) -> bool {
        let Some(transport) = self.transports.get_mut(table_key(transport)) else { return false };
        let Leg::Publish(leg) = &transport.leg else { return false };
        self.rtcp.clear();
        let written = write(leg, self.rtcp);
        if written {
            seal_rtcp(transport, self.rtcp, self.outbox);
        }
        written
    }
}
