//! Media crosses the workers unharmed, between the right people only.

use std::time::Duration;

use bytes::Bytes;
use open_stream::{
    bench::client::{Incoming, LightClient, LocalTrack, SendTrack, Woken},
    media::MediaEvent,
};
use rtc::{rtp, rtp_transceiver::rtp_sender::RtpCodecKind};
use sfu::{codec::Codec, command::Command, rtp::RtpPacket, transport::srtp::SrtpProfile};
use shared::media::Source;

use crate::{
    native::{NativePeer, NativeTrack, PATIENCE, vp8},
    room::Server,
};

const PACKETS: usize = 300;
const VIDEO: RtpCodecKind = RtpCodecKind::Video;
const AUDIO: RtpCodecKind = RtpCodecKind::Audio;

/// Payloads nobody could confuse: each has its number and bytes that depend on it.
fn body(number: usize) -> Vec<u8> {
    let len = 20 + number * 7 % 1000;
    let [.., seed] = number.to_be_bytes();
    let mut body = number.to_be_bytes().to_vec();
    body.extend((0..=u8::MAX).cycle().map(|byte| byte.wrapping_mul(31) ^ seed).take(len));
    body
}

fn audio_payloads() -> Vec<Bytes> {
    (0..PACKETS).map(|number| body(number).into()).collect()
}

fn video_payloads() -> Vec<Bytes> {
    (0..PACKETS).map(|number| vp8(number == 0, &body(number))).collect()
}

/// Sends at the pace of real media, so that no socket buffer of the client overflows.
async fn send_all(track: &mut NativeTrack, payloads: &[Bytes]) {
    let mut pace = tokio::time::interval(Duration::from_millis(2));
    for payload in payloads {
        pace.tick().await;
        track.send(payload.clone(), true).await;
    }
}

fn assert_unharmed(received: &[rtp::Packet], sent: &[Bytes]) {
    let numbers: Vec<u16> = received.iter().map(|packet| packet.header.sequence_number).collect();
    let expected: Vec<u16> =
        (0_u16..).map(|n| numbers[0].wrapping_add(n)).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "sequence numbers have no gap and no repeat");
    for (number, (packet, payload)) in received.iter().zip(sent).enumerate() {
        assert_eq!(packet.payload, payload, "payload {number}");
    }
    let ssrc = received[0].header.ssrc;
    assert!(received.iter().all(|packet| packet.header.ssrc == ssrc));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_and_picture_arrive_byte_for_byte() {
    let server = Server::start(1);
    let room = server.room().await;
    let mut alice = NativePeer::new().await;
    let mut audio = alice.add_track(AUDIO, 0x1111).await;
    let mut video = alice.add_track(VIDEO, 0x2222).await;
    let sends = room.connect_sender(&mut alice).await;
    let sound = room.produce(sends, "0", Source::Microphone).await;
    let picture = room.produce(sends, "1", Source::Camera).await;

    let mut bob = NativePeer::new().await;
    room.connect_receiver(&mut bob, &[sound, picture]).await;
    let (audio_sent, video_sent) = (audio_payloads(), video_payloads());
    let sender = {
        let (audio_sent, video_sent) = (audio_sent.clone(), video_sent.clone());
        tokio::spawn(async move {
            tokio::join!(send_all(&mut audio, &audio_sent), send_all(&mut video, &video_sent));
        })
    };
    let mut received = [Vec::new(), Vec::new()];
    while received.iter().any(|packets| packets.len() < PACKETS) {
        let next = tokio::time::timeout(PATIENCE, bob.received.recv()).await;
        let next = next.unwrap_or_else(|_| panic!("{:?} came", received.each_ref().map(Vec::len)));
        let next = next.expect("bob lives");
        received[usize::from(next.kind == VIDEO)].push(next.packet);
    }
    sender.await.unwrap();
    assert_unharmed(&received[0], &audio_sent);
    assert_unharmed(&received[1], &video_sent);
    alice.close().await;
    bob.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_rooms_stay_apart() {
    let server = Server::start(2);
    let mut ends = Vec::new();
    for ssrc in [0xaaaa, 0xbbbb] {
        let room = server.room().await;
        let mut publisher = NativePeer::new().await;
        let track = publisher.add_track(AUDIO, ssrc).await;
        let sends = room.connect_sender(&mut publisher).await;
        let producer = room.produce(sends, "0", Source::Microphone).await;
        let mut viewer = NativePeer::new().await;
        room.connect_receiver(&mut viewer, &[producer]).await;
        ends.push((room, publisher, track, viewer, producer));
    }
    let foreign = ends[1].4;
    let transport_id = ends[0].0.transport(shared::signaling::Direction::Recv).await;
    let consume = Command::Consume {
        transport_id,
        consumer_id: shared::ids::ConsumerId(u64::MAX),
        producer_id: foreign,
        stream: "stranger".to_owned(),
    };
    assert!(ends[0].0.try_command(consume).await.is_err(), "another room's producer is no one's");

    for number in 0..50_u8 {
        for (index, (_, _, track, _, _)) in (0_u8..).zip(&mut ends) {
            track.send(Bytes::from(vec![index, number]), true).await;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for (index, (_, _, _, viewer, _)) in (0_u8..).zip(&mut ends) {
        let packets = viewer.receive(AUDIO, 50).await;
        let payloads: Vec<Vec<u8>> = packets.iter().map(|p| p.payload.to_vec()).collect();
        assert_eq!(payloads, (0..50).map(|number| vec![index, number]).collect::<Vec<_>>());
    }
}

/// Receives until an RTP packet comes; returns its payload.
fn next_payload(client: &mut LightClient) -> Vec<u8> {
    let deadline = std::time::Instant::now() + PATIENCE;
    let mut payload = None;
    while payload.is_none() {
        let woken = client.receive(deadline, |incoming| {
            if let Incoming::Rtp(packet) = incoming {
                payload = Some(RtpPacket::parse(packet).unwrap().payload.to_vec());
            }
        });
        assert_eq!(woken.unwrap(), Woken::Datagram, "media comes");
    }
    payload.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_reaches_its_worker_whichever_socket_got_it() {
    let mut server = Server::start(4);
    // The kernel picks the socket by the client's port: of sixteen clients of one worker, all on
    // its own socket would be a chance of one in four thousand millions.
    let room = server.room().await;
    let track = LocalTrack { codec: Codec::Opus, ssrc: 7 };
    for number in 0..16_u8 {
        let (mut publisher, sends) = room.light_sender(SrtpProfile::AeadAes128Gcm, &[track]).await;
        publisher.connect(PATIENCE).unwrap();
        let producer = room.produce(sends, "0", Source::Microphone).await;
        let (mut viewer, _, consumers) =
            room.light_receiver(SrtpProfile::Aes128CmSha1, &[producer]).await;
        viewer.connect(PATIENCE).unwrap();
        for consumer_id in consumers {
            room.command(Command::ResumeConsumer { consumer_id }).await;
        }
        let mut track = SendTrack::new(&mut publisher, track, 960).unwrap();
        track.send(&mut publisher, &[number, 1]).unwrap();
        assert_eq!(next_payload(&mut viewer), [number, 1]);
        publisher.close();
        viewer.close();
    }
    let crossed =
        server.sum(|all| all.workers.iter().map(|w| w.exchange.datagrams_forwarded).sum());
    assert!(crossed.await > 0, "some datagrams arrived on another worker's socket");
    let lost = server.sum(|all| {
        all.workers.iter().map(|w| w.exchange.datagrams_dropped + w.strays_dropped).sum()
    });
    assert_eq!(lost.await, 0);
    let mut connected = 0;
    while connected < 32 {
        if matches!(server.event().await, MediaEvent::TransportConnected { .. }) {
            connected += 1;
        }
    }
}
