//! The router as a whole, over virtual time.

mod forwarding;
mod h264;
mod layers;
mod never;
mod redundancy;
mod repair;
mod reports;
mod room;
mod steady;
mod svc;
mod voices;

use std::time::{Duration, Instant};

use shared::ids::{ConsumerId, ProducerId, RouterId};

use crate::{
    codec::Codec,
    extension::{Extension, ExtensionIds},
    rtp::{RtpFields, RtpPacket, RtpWriter},
    testing::epoch,
};

use super::*;

const PUBLISHER: TransportKey = TransportKey(1);

/// A packet as it would leave for a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sent {
    transport: TransportKey,
    ssrc: u32,
    payload_type: u8,
    index: u64,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
    extensions: Vec<(u8, Vec<u8>)>,
}

/// Collects what a router sends, as a viewer would read it.
#[derive(Debug, Default)]
struct Recorder {
    packets: Vec<Sent>,
    reports: Vec<(TransportKey, SenderReport)>,
}

impl Egress for Recorder {
    fn send_rtp(&mut self, transport: TransportKey, outgoing: OutgoingRtp<'_>) {
        let mut buffer = [0; 2000];
        let len = outgoing.write_into(&mut buffer, Some(0x7777));
        assert_eq!(len, outgoing.encoded_len());
        let packet = RtpPacket::parse(&buffer[..len]).expect("what we send is RTP");
        assert_eq!(packet.header.sequence, outgoing.sequence());
        assert_eq!(packet.header.extensions.get(Extension::TransportCc.id()), Some(&[0x77; 2][..]));
        let forwarded = packet.header.extensions.filter(|(id, _)| *id != 3);
        self.packets.push(Sent {
            transport,
            ssrc: packet.header.ssrc,
            payload_type: packet.header.payload_type,
            index: outgoing.index,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload.to_vec(),
            extensions: forwarded.map(|(id, data)| (id, data.to_vec())).collect(),
        });
    }

    fn send_sender_report(&mut self, transport: TransportKey, report: SenderReport) {
        self.reports.push((transport, report));
    }
}

/// A room in virtual time.
struct Room {
    router: Router,
    now: Instant,
    egress: Recorder,
    ids: ExtensionIds,
    names: u64,
}

impl Room {
    fn new() -> Self {
        Self {
            router: Router::new(RouterId(1)),
            now: epoch(),
            egress: Recorder::default(),
            ids: ExtensionIds::ours(),
            names: 0,
        }
    }

    fn name(&mut self) -> u64 {
        self.names += 1;
        self.names
    }

    fn producer(&mut self, codec: Codec) -> ProducerKey {
        self.simulcast(codec, 1)
    }

    /// A source of so many layers.
    fn simulcast(&mut self, codec: Codec, layers: u8) -> ProducerKey {
        let id = ProducerId(self.name());
        self.router
            .add_producer(ProducerOptions { id, transport: PUBLISHER, codec, layers })
            .unwrap()
    }

    /// A paused consumer; its SSRC is 100 times its transport, its RTX SSRC one more.
    fn paused_consumer(&mut self, producer: ProducerKey, transport: u32) -> ConsumerKey {
        let id = ConsumerId(self.name());
        let options = ConsumerOptions {
            id,
            producer,
            transport: TransportKey(transport),
            ssrc: transport * 100,
            rtx_ssrc: Some(transport * 100 + 1),
        };
        self.router.add_consumer(options).unwrap()
    }

    fn consumer(&mut self, producer: ProducerKey, transport: u32) -> ConsumerKey {
        let consumer = self.paused_consumer(producer, transport);
        self.router.resume_consumer(self.now, consumer).unwrap();
        consumer
    }

    fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    /// Lets `millis` pass, waking the router whenever it wants to be.
    fn run(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some(due) = self.router.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.router.handle_timeout(self.now, &mut self.egress);
            assert!(self.router.poll_timeout().is_none_or(|next| next > self.now), "no progress");
        }
        self.now = end;
    }

    fn rtp(&mut self, producer: ProducerKey, packet: &[u8]) -> Ingested {
        self.ingest(producer, StreamRole::Primary, packet)
    }

    fn ingest(&mut self, producer: ProducerKey, role: StreamRole, packet: &[u8]) -> Ingested {
        let outcome = self.gather(producer, role, packet);
        self.forward();
        outcome
    }

    /// Takes a packet in that others of its batch will follow.
    fn gather(&mut self, producer: ProducerKey, role: StreamRole, packet: &[u8]) -> Ingested {
        self.gather_layer(producer, (role, 0), packet)
    }

    fn gather_layer(
        &mut self,
        producer: ProducerKey,
        (role, layer): (StreamRole, u8),
        packet: &[u8],
    ) -> Ingested {
        let incoming = IncomingRtp { producer, role, layer, packet, ids: &self.ids };
        self.router.handle_rtp(self.now, incoming, &mut self.egress)
    }

    /// Ends a batch.
    fn forward(&mut self) {
        while self.router.forward_next(self.now, &mut self.egress) == Forwarding::More {}
    }

    fn nack(&mut self, consumer: ConsumerKey, numbers: &[u16]) {
        let lost = Lost { numbers, copies: Copies::One };
        self.router.handle_nack(self.now, consumer, lost, &mut self.egress);
    }

    fn events(&mut self) -> Vec<RouterEvent> {
        std::iter::from_fn(|| self.router.poll_event()).collect()
    }

    fn key_frame_requests(&mut self) -> usize {
        let is_key_frame = |event: &RouterEvent| matches!(event, RouterEvent::KeyFrame { .. });
        self.events().iter().filter(|event| is_key_frame(event)).count()
    }

    fn sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.egress.packets)
    }

    fn sent_payloads(&mut self) -> Vec<Vec<u8>> {
        self.sent().into_iter().map(|sent| sent.payload).collect()
    }
}

/// A VP8 payload: the first packet of a key frame, or of another frame.
fn vp8(key_frame: bool, body: &[u8]) -> Vec<u8> {
    let mut payload = vec![0x10, u8::from(!key_frame)];
    payload.extend(body);
    payload
}

fn packet(sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    packet_with(RtpFields { sequence, timestamp, ..fields() }, &[], payload)
}

fn fields() -> RtpFields {
    RtpFields { payload_type: 120, ssrc: 0xABCD_EF01, ..RtpFields::default() }
}

fn packet_with(fields: RtpFields, extensions: &[(Extension, &[u8])], payload: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; payload.len() + 100];
    let mut writer = RtpWriter::new(&mut buffer, fields).unwrap();
    for (extension, data) in extensions {
        writer.extension(extension.id(), data).unwrap();
    }
    let (_, len) = writer.finish(payload).unwrap();
    buffer.truncate(len);
    buffer
}

/// The retransmission of a packet on its publisher's RTX stream.
fn rtx_packet(original: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let mut wrapped = original.to_be_bytes().to_vec();
    wrapped.extend(payload);
    packet_with(RtpFields { sequence: 4321, timestamp, ..fields() }, &[], &wrapped)
}
