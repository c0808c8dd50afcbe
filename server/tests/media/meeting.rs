//! The whole server: people come in by its WebSocket and talk over its media port.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use open_stream::bench::client::{ClientIdentity, LightClient, LocalTrack};
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use sfu::{codec::Codec, transport::srtp::SrtpProfile};
use shared::{
    ids::{ConsumerId, ProducerId, RoomId, TransportId},
    media::{DescriptionKind, SessionDescription, Source},
    signaling::{
        ConnectTransport, ConsumerRef, Direction, Event, Produce, ProducerRef, Reply, Request, Role,
    },
};

use crate::{
    holdings::{Holdings, resident_bytes},
    native::{NativePeer, PATIENCE, vp8},
    signaling::{Client, Server, guest},
};

const AUDIO: RtpCodecKind = RtpCodecKind::Audio;
const VIDEO: RtpCodecKind = RtpCodecKind::Video;
const PACKETS: u8 = 100;
/// Joins before the first measurement, and joins that are measured.
const WARM_UP: usize = 100;
const JOINS: usize = 1000;
/// What the resident set may grow by over all joins: 512 bytes a join is the allocators' noise.
const GROWTH_MAX: u64 = 512 * JOINS as u64;

/// What a participant does on its WebSocket to get media.
trait Participant {
    /// Our answer to the client's offer.
    async fn offer(&mut self, transport_id: TransportId, sdp: String) -> String;
    /// The server's offer, after consuming these producers.
    async fn consume_all(
        &mut self,
        transport_id: TransportId,
        producers: &[ProducerId],
    ) -> (String, Vec<ConsumerId>);
    async fn answer(&mut self, transport_id: TransportId, sdp: String);
    async fn produce(&mut self, transport_id: TransportId, mid: &str, source: Source)
    -> ProducerId;
    async fn resume_all(&mut self, consumers: Vec<ConsumerId>);
}

impl Participant for Client {
    async fn offer(&mut self, transport_id: TransportId, sdp: String) -> String {
        let description = Some(SessionDescription { kind: DescriptionKind::Offer, sdp });
        describe(self, ConnectTransport { transport_id, description }).await.expect("an answer").sdp
    }

    async fn consume_all(
        &mut self,
        transport_id: TransportId,
        producers: &[ProducerId],
    ) -> (String, Vec<ConsumerId>) {
        let mut consumers = Vec::new();
        for producer_id in producers {
            let consume = Request::Consume(ProducerRef { producer_id: *producer_id });
            let Ok(Reply::Consume(consumed)) = self.request(consume).await else {
                panic!("{producer_id} cannot be consumed")
            };
            consumers.push(consumed.consumer_id);
        }
        let ask = ConnectTransport { transport_id, description: None };
        (describe(self, ask).await.expect("an offer").sdp, consumers)
    }

    async fn answer(&mut self, transport_id: TransportId, sdp: String) {
        let description = Some(SessionDescription { kind: DescriptionKind::Answer, sdp });
        let reply = describe(self, ConnectTransport { transport_id, description }).await;
        assert_eq!(reply, None);
    }

    async fn produce(
        &mut self,
        transport_id: TransportId,
        mid: &str,
        source: Source,
    ) -> ProducerId {
        let produce = Produce { transport_id, mid: mid.to_owned(), source, paused: false };
        match self.request(Request::Produce(produce)).await {
            Ok(Reply::Produce(ProducerRef { producer_id })) => producer_id,
            other => panic!("nothing is produced: {other:?}"),
        }
    }

    async fn resume_all(&mut self, consumers: Vec<ConsumerId>) {
        for consumer_id in consumers {
            self.done(Request::ResumeConsumer(ConsumerRef { consumer_id })).await;
        }
    }
}

async fn describe(client: &mut Client, connect: ConnectTransport) -> Option<SessionDescription> {
    match client.request(Request::ConnectTransport(connect)).await {
        Ok(Reply::ConnectTransport(connected)) => connected.description,
        other => panic!("the transport is not connected: {other:?}"),
    }
}

fn payload(number: u8) -> Vec<u8> {
    (0..50 + number).map(|position| position.wrapping_mul(number)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_and_guest_see_and_hear_each_other() {
    let server = Server::start().await;
    let room = server.create_room();
    let mut alice = server.connect().await;
    alice.join(crate::signaling::invited(server.token(&room, Role::Host))).await.unwrap();
    let mut alice_sends = NativePeer::new().await;
    let mut voice = alice_sends.add_track(AUDIO, 1).await;
    let mut picture = alice_sends.add_track(VIDEO, 2).await;
    let sends = alice.create_transport(Direction::Send).await;
    let answer = alice.offer(sends, alice_sends.offer().await).await;
    alice_sends.accept(answer).await;
    alice.produce(sends, "0", Source::Microphone).await;
    alice.produce(sends, "1", Source::Camera).await;
    alice_sends.connected().await;

    // Bob comes late: what he consumes is in the snapshot.
    let (mut bob, joined) = server.join(&room).await;
    let published: Vec<ProducerId> =
        joined.participants[0].producers.iter().map(|producer| producer.producer_id).collect();
    assert_eq!(published.len(), 2);
    let mut bob_receives = NativePeer::new().await;
    let receives = bob.create_transport(Direction::Recv).await;
    let (offer, consumers) = bob.consume_all(receives, &published).await;
    bob.answer(receives, bob_receives.answer(offer).await).await;
    bob_receives.connected().await;
    bob.resume_all(consumers).await;

    let mut pace = tokio::time::interval(std::time::Duration::from_millis(2));
    for number in 0..PACKETS {
        pace.tick().await;
        voice.send(Bytes::from(payload(number)), true).await;
        picture.send(vp8(number == 0, &payload(number)), true).await;
    }
    let (mut heard, mut seen) = (Vec::new(), Vec::new());
    while heard.len().min(seen.len()) < usize::from(PACKETS) {
        let received = tokio::time::timeout(PATIENCE, bob_receives.received.recv()).await;
        let received = received.expect("media comes").expect("Bob is connected");
        if received.kind == AUDIO { &mut heard } else { &mut seen }.push(received.packet.payload);
    }
    assert_eq!(heard, (0..PACKETS).map(payload).collect::<Vec<_>>());
    assert_eq!(seen, (0..PACKETS).map(|n| vp8(n == 0, &payload(n))).collect::<Vec<_>>());
    // Alice has heard of Bob, and of nothing else.
    assert!(matches!(alice.event().await, Event::PeerJoined(_)));
    assert!(alice.has_no_event().await);
    alice_sends.close().await;
    bob_receives.close().await;
}

/// Someone comes in with microphone and camera, receives the resident, and leaves.
async fn join_and_leave(
    server: &Server,
    room: &RoomId,
    identity: &Arc<ClientIdentity>,
    resident: ProducerId,
) {
    let address = server.running.media_addresses[0];
    let leg = || LightClient::new(identity, SrtpProfile::AeadAes128Gcm, address).unwrap();
    let mut client = server.connect().await;
    client.join(guest(room)).await.unwrap();

    let mut sender = leg();
    let tracks =
        [LocalTrack { codec: Codec::Opus, ssrc: 1 }, LocalTrack { codec: Codec::Vp8, ssrc: 2 }];
    let sends = client.create_transport(Direction::Send).await;
    let answer = client.offer(sends, sender.leg.offer(&tracks)).await;
    sender.leg.set_server(Instant::now(), &answer).unwrap();
    client.produce(sends, "0", Source::Microphone).await;
    client.produce(sends, "1", Source::Camera).await;
    tokio::task::block_in_place(|| sender.connect(PATIENCE)).unwrap();

    let mut receiver = leg();
    let receives = client.create_transport(Direction::Recv).await;
    let (offer, consumers) = client.consume_all(receives, &[resident]).await;
    receiver.leg.set_server(Instant::now(), &offer).unwrap();
    client.answer(receives, receiver.leg.answer(&offer)).await;
    tokio::task::block_in_place(|| receiver.connect(PATIENCE)).unwrap();
    client.resume_all(consumers).await;
    client.done(Request::Leave).await;
    assert_eq!(client.close_code().await, 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_participants_come_and_go_without_a_trace() {
    let server = Server::start().await;
    let room = server.create_room();
    let identity = Arc::new(ClientIdentity::generate().unwrap());
    let media = server.running.app.media.clone();

    let (mut resident, _) = server.join(&room).await;
    let address = server.running.media_addresses[0];
    let mut leg = LightClient::new(&identity, SrtpProfile::AeadAes128Gcm, address).unwrap();
    let track = LocalTrack { codec: Codec::Opus, ssrc: 1 };
    let sends = resident.create_transport(Direction::Send).await;
    let answer = resident.offer(sends, leg.leg.offer(&[track])).await;
    leg.leg.set_server(Instant::now(), &answer).unwrap();
    tokio::task::block_in_place(|| leg.connect(PATIENCE)).unwrap();
    let voice = resident.produce(sends, "0", Source::Microphone).await;

    let before = Holdings::of(&media).await;
    let mut resident_before = 0;
    for join in 0..WARM_UP + JOINS {
        if join == WARM_UP {
            resident_before = resident_bytes();
        }
        join_and_leave(&server, &room, &identity, voice).await;
        leg.keep_alive().unwrap();
        // The resident reads what it is told: someone came, published twice, and left.
        for _ in 0..4 {
            resident.event().await;
        }
    }
    let growth = resident_bytes().saturating_sub(resident_before);
    assert_eq!(Holdings::settled(&media, &before).await, before);
    assert!(growth <= GROWTH_MAX, "the resident set grew by {growth} bytes");
}
