//! The whole server: people come in by its WebSocket and talk over its media port.

use std::time::Duration;

use bytes::Bytes;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use sfu::command::{Command, CommandReply};
use shared::{
    ids::ProducerId,
    limits::MIN_VIDEO_BITRATE,
    media::Source,
    signaling::{
        Direction, Event, Join, LimitExceeded, Mute, ProducerRef, Request, Role, SetMaxBitrate,
    },
};

use crate::{
    native::{NativePeer, PATIENCE, vp8},
    participant::Participant,
    signaling::{Server, guest, invited},
};

const AUDIO: RtpCodecKind = RtpCodecKind::Audio;
const VIDEO: RtpCodecKind = RtpCodecKind::Video;
const PACKETS: u8 = 100;

fn payload(number: u8) -> Vec<u8> {
    (0..50 + number).map(|position| position.wrapping_mul(number)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_and_guest_see_and_hear_each_other() {
    let server = Server::start().await;
    let room = server.create_room();
    let mut alice = server.connect().await;
    alice.join(invited(server.token(&room, Role::Host))).await.unwrap();
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

    let mut pace = tokio::time::interval(Duration::from_millis(2));
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
    // The manager's view: all of it came from her, and went to him.
    let router_id = server.running.app.rooms.find(&room).unwrap().lock().router_id().unwrap();
    let measure = Command::MeasureRouter { router_id };
    let reply = server.running.app.media.command(router_id, measure).await.unwrap();
    let CommandReply::Measured(measured) = reply else { panic!("not measured: {reply:?}") };
    let payloads = (0..PACKETS).map(|n| payload(n).len() + vp8(n == 0, &payload(n)).len());
    let least = u64::try_from(payloads.sum::<usize>()).unwrap();
    for (transport_id, traffic) in measured {
        let (much, none) = if transport_id == sends {
            (traffic.received, traffic.sent)
        } else {
            (traffic.sent, traffic.received)
        };
        assert!((least..2 * least).contains(&much), "{transport_id}: {traffic:?}, {least}");
        assert_eq!(none, 0);
    }
    // Alice has heard of Bob, and of nothing else.
    assert!(matches!(alice.event().await, Event::PeerJoined(_)));
    assert!(alice.has_no_event().await);
    alice_sends.close().await;
    bob_receives.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_a_host_mutes_is_not_heard_until_they_unmute() {
    let server = Server::start().await;
    let room = server.create_room();
    let (mut bob, _) = server.join(&room).await;
    let mut bob_sends = NativePeer::new().await;
    let mut voice = bob_sends.add_track(AUDIO, 1).await;
    let mut picture = bob_sends.add_track(VIDEO, 2).await;
    let sends = bob.create_transport(Direction::Send).await;
    let answer = bob.offer(sends, bob_sends.offer().await).await;
    bob_sends.accept(answer).await;
    let producer_id = bob.produce(sends, "0", Source::Microphone).await;
    let camera = bob.produce(sends, "1", Source::Camera).await;
    bob_sends.connected().await;

    let mut alice = server.connect().await;
    let capabilities = guest(&room).rtp_capabilities;
    let host = invited(server.token(&room, Role::Host));
    alice.join(Join { rtp_capabilities: capabilities, ..host }).await.unwrap();
    let mut alice_receives = NativePeer::new().await;
    let receives = alice.create_transport(Direction::Recv).await;
    let (offer, consumers) = alice.consume_all(receives, &[producer_id, camera]).await;
    alice.answer(receives, alice_receives.answer(offer).await).await;
    alice_receives.connected().await;
    alice.resume_all(consumers).await;

    voice.send(Bytes::from_static(b"heard"), true).await;
    assert_eq!(alice_receives.receive(AUDIO, 1).await[0].payload, &b"heard"[..]);
    alice.done(Request::Mute(Mute::default())).await;
    for _ in 0..PACKETS {
        voice.send(Bytes::from_static(b"unheard"), true).await;
    }
    // It comes after them by the same way: when it is here, the worker has had them all.
    picture.send(vp8(true, b"seen"), true).await;
    let next = tokio::time::timeout(PATIENCE, alice_receives.received.recv()).await;
    assert_eq!(next.expect("the picture comes").expect("Alice is connected").kind, VIDEO);
    bob.done(Request::ResumeProducer(ProducerRef { producer_id })).await;
    voice.send(Bytes::from_static(b"heard again"), true).await;
    assert_eq!(alice_receives.receive(AUDIO, 1).await[0].payload, &b"heard again"[..]);
    let told = bob.events().await;
    let is_muted =
        |event: &Event| matches!(event, Event::MutedBy(by) if by.producer_id == producer_id);
    assert!(told.iter().any(is_muted), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_more_than_the_room_allows_is_told() {
    let server = Server::start().await;
    let room = server.create_room();
    let mut alice = server.connect().await;
    alice.join(invited(server.token(&room, Role::Host))).await.unwrap();
    let (mut bob, _) = server.join(&room).await;
    let mut bob_sends = NativePeer::new().await;
    let mut picture = bob_sends.add_track(VIDEO, 1).await;
    let sends = bob.create_transport(Direction::Send).await;
    let answer = bob.offer(sends, bob_sends.offer().await).await;
    bob_sends.accept(answer).await;
    let producer_id = bob.produce(sends, "0", Source::Camera).await;
    bob_sends.connected().await;
    let max_video_bitrate = MIN_VIDEO_BITRATE;
    let limit = SetMaxBitrate { participant_id: None, max_video_bitrate };
    alice.done(Request::SetMaxBitrate(limit)).await;

    // Four times as much as passes in a second.
    let mut pace = tokio::time::interval(Duration::from_millis(2));
    for number in 0..32 {
        pace.tick().await;
        picture.send(vp8(number == 0, &[0; 1000]), true).await;
    }
    let told = async {
        loop {
            if let Event::LimitExceeded(told) = bob.event().await {
                return told;
            }
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await.expect("Bob is told");
    assert_eq!(told, LimitExceeded { producer_id, max_video_bitrate });
    bob_sends.close().await;
}
