//! The way in: from the front door to the router.

use std::time::Instant;

use super::{Worker, entropy::worker_of, table::Leg};
use crate::{
    command::{Disposition, Path},
    demux::{DatagramKind, Destination, is_rtcp},
    router::{Copies, IncomingRtp, Ingested, Lost, MAX_LOST, ReceptionReport, SenderClock},
    rtp::RtpHeader,
    transport::{
        ice,
        pace::Verdict,
        publish::Source,
        rtcp::{self, RtcpMessage},
    },
};

impl Worker {
    pub(super) fn ingest(&mut self, now: Instant, path: Path, datagram: &mut [u8]) -> Disposition {
        match DatagramKind::of(datagram) {
            DatagramKind::Stun => self.ingest_stun(now, path, datagram),
            kind => self.ingest_on_path(now, path, kind, datagram),
        }
    }

    /// STUN finds its transport by the user fragment, whatever its source.
    fn ingest_stun(&mut self, now: Instant, path: Path, datagram: &[u8]) -> Disposition {
        let ufrag = ice::ufrag_of(datagram);
        if let Some(worker) = ufrag.and_then(worker_of).filter(|index| *index != self.config.index)
        {
            return Disposition::Elsewhere(worker);
        }
        let key = ufrag.and_then(|ufrag| self.demux.by_ufrag(ufrag));
        let key = key.filter(|key| !self.is_held_by_another(now, path, *key));
        let transport = key.and_then(|key| Some((key, self.table.transports.get_mut(key)?)));
        let Some((key, transport)) = transport else {
            self.statistics.stun_refused += 1;
            return Disposition::Consumed;
        };
        let (change, event) =
            transport.connection.handle_stun(now, path, datagram, &mut self.outbox);
        if let Some(path) = change.closed {
            self.close_path(path, key);
        }
        if let Some(path) = change.opened {
            self.open_path(path, key);
        }
        if !change.is_authentic {
            self.statistics.stun_refused += 1;
            return Disposition::Consumed;
        }
        self.settle(now, key, event);
        Disposition::Consumed
    }

    /// Whether another transport is connected over `path`. Sources can be forged: without this, a
    /// participant could cut off another one, whose address it knows, with valid checks of its own.
    fn is_held_by_another(&self, now: Instant, path: Path, key: usize) -> bool {
        let Some(Destination::Here(owner)) = self.demux.destination(path) else { return false };
        let owner = self.table.transports.get(owner).filter(|_| owner != key);
        owner.is_some_and(|owner| owner.connection.holds(now, path))
    }

    /// Everything else comes in by an opened path only.
    fn ingest_on_path(
        &mut self,
        now: Instant,
        path: Path,
        kind: DatagramKind,
        datagram: &mut [u8],
    ) -> Disposition {
        match self.demux.destination(path) {
            Some(Destination::Elsewhere(worker)) => return Disposition::Elsewhere(worker),
            Some(Destination::Here(key)) => match kind {
                DatagramKind::Dtls => self.ingest_dtls(now, key, datagram),
                DatagramKind::Media if is_rtcp(datagram) => self.ingest_rtcp(now, key, datagram),
                DatagramKind::Media => self.ingest_rtp(now, key, datagram),
                DatagramKind::Stun | DatagramKind::Unknown => {}
            },
            None => self.statistics.datagrams_refused += 1,
        }
        Disposition::Consumed
    }

    fn ingest_dtls(&mut self, now: Instant, key: usize, datagram: &[u8]) {
        let Some(transport) = self.table.transports.get_mut(key) else { return };
        let event = transport.connection.handle_dtls(now, datagram, &mut self.outbox);
        self.settle(now, key, event);
    }

    fn ingest_rtp(&mut self, now: Instant, key: usize, datagram: &mut [u8]) {
        let Some(transport) = self.table.transports.get_mut(key) else { return };
        // Only publishers send media.
        let Leg::Publish(leg) = &mut transport.leg else { return };
        let Some(srtp) = transport.connection.receiver() else { return };
        let Ok(header) = RtpHeader::parse(datagram) else {
            self.statistics.rtp_unclaimed += 1;
            return;
        };
        let (header_len, ssrc, sequence) = (header.len, header.ssrc, header.sequence);
        let Ok(length) = srtp.open_rtp(datagram, header_len, ssrc, sequence) else {
            self.statistics.srtp_refused += 1;
            return;
        };
        // Only now: a stranger's packets must not use up what the client may send.
        if leg.pace.admit(now) == Verdict::TooMuch {
            self.statistics.rtp_over_pace += 1;
            return;
        }
        let bytes = u64::try_from(datagram.len()).unwrap_or(u64::MAX);
        transport.traffic.received = transport.traffic.received.saturating_add(bytes);
        let packet = datagram.get(..length).unwrap_or_default();
        let source = RtpHeader::parse(packet).ok().and_then(|header| leg.classify(now, &header));
        let due = leg.poll_timeout();
        let (router_id, ids) = (transport.router_id, *leg.extensions());
        self.schedule_feedback(key, due);
        let Some(Source { producer, role, layer, is_successor }) = source else {
            self.statistics.rtp_unclaimed += 1;
            return;
        };
        self.statistics.rtp_received += 1;
        let incoming = IncomingRtp { producer, role, layer, packet, ids: &ids };
        let ingested = self.with_router(router_id, |router, egress| {
            if is_successor {
                router.expect_restart(producer, layer);
            }
            let was_idle = router.is_idle();
            let ingested = router.handle_rtp(now, incoming, egress);
            (ingested, was_idle && !router.is_idle())
        });
        let Some((ingested, has_begun)) = ingested else { return };
        if has_begun {
            self.forwarding.push_back(router_id);
        }
        match ingested {
            Ingested::Malformed => self.statistics.rtp_unclaimed += 1,
            Ingested::Excess => self.statistics.rtp_over_bitrate += 1,
            _ => {}
        }
    }

    fn ingest_rtcp(&mut self, now: Instant, key: usize, datagram: &mut [u8]) {
        let Some(transport) = self.table.transports.get_mut(key) else { return };
        let Some(srtp) = transport.connection.receiver() else { return };
        let Ok(length) = srtp.open_rtcp(datagram) else {
            self.statistics.srtp_refused += 1;
            return;
        };
        let is_publisher = matches!(transport.leg, Leg::Publish(_));
        let packet = datagram.get(..length).unwrap_or_default();
        for message in rtcp::parse(packet).map_while(Result::ok) {
            if is_publisher {
                self.publisher_reports(now, key, &message);
            } else {
                self.viewer_reports(now, key, &message);
            }
        }
    }

    fn publisher_reports(&mut self, now: Instant, key: usize, message: &RtcpMessage<'_>) {
        let RtcpMessage::SenderReport { ssrc, ntp, rtp_timestamp, .. } = message else { return };
        let Some(transport) = self.table.transports.get_mut(key) else { return };
        let router_id = transport.router_id;
        let leg = transport.publish_leg();
        let producer = leg.and_then(|leg| leg.handle_sender_report(now, *ssrc, *ntp));
        if let Some(producer) = producer {
            let clock = SenderClock { ntp: ntp.0, rtp_timestamp: *rtp_timestamp };
            self.with_router(router_id, |router, _| {
                router.handle_sender_report(now, producer, clock);
            });
        }
    }

    fn viewer_reports(&mut self, now: Instant, key: usize, message: &RtcpMessage<'_>) {
        match message {
            RtcpMessage::Nack { media_ssrc, lost, .. } => {
                let mut numbers = [0; MAX_LOST];
                let mut count = 0;
                for (slot, number) in numbers.iter_mut().zip(lost.clone()) {
                    *slot = number;
                    count += 1;
                }
                self.statistics.nacks_received += count as u64;
                let numbers = numbers.get(..count).unwrap_or_default();
                let leg = self.table.receive_leg(key);
                let loss = leg.and_then(|leg| leg.downlink()).map_or(0, |it| it.inherent_loss());
                let lost = Lost { numbers, copies: Copies::against(loss) };
                self.with_consumer_of(key, *media_ssrc, |router, consumer, egress| {
                    router.handle_nack(now, consumer, lost, egress);
                });
            }
            RtcpMessage::Pli { media_ssrc } => self.key_frame_wanted(now, key, *media_ssrc),
            RtcpMessage::Fir { requests } => {
                for request in requests.clone() {
                    self.key_frame_wanted(now, key, request.ssrc);
                }
            }
            RtcpMessage::ReceiverReport { blocks, .. }
            | RtcpMessage::SenderReport { blocks, .. } => {
                for block in blocks.clone() {
                    let report = ReceptionReport {
                        fraction_lost: block.fraction_lost,
                        last_report: block.last_sr,
                        delay: block.delay_since_last_sr,
                    };
                    self.with_consumer_of(key, block.ssrc, |router, consumer, _| {
                        router.handle_reception_report(now, consumer, report);
                    });
                }
            }
            RtcpMessage::TransportFeedback(packet) => self.downlink_reported(now, key, packet),
            RtcpMessage::ReferenceTime { ssrc, ntp } => self.echo_reference(key, *ssrc, *ntp),
            RtcpMessage::Bye { .. } | RtcpMessage::Other => {}
        }
    }

    fn key_frame_wanted(&mut self, now: Instant, key: usize, ssrc: u32) {
        self.with_consumer_of(key, ssrc, |router, consumer, _| {
            router.handle_key_frame_request(now, consumer);
        });
    }
}
