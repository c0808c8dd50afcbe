//! Who leaves, leaves nothing behind.

use open_stream::{bench::client::LocalTrack, media::MediaEvent};
use sfu::{
    codec::Codec,
    command::{Command, CommandReply, TransportFailure},
    transport::srtp::SrtpProfile,
};
use shared::media::Source;

use crate::{
    holdings::{Holdings, resident_bytes},
    native::PATIENCE,
    room::{Room, Server},
};

const AUDIO: LocalTrack = LocalTrack { codec: Codec::Opus, ssrc: 1 };
const VIDEO: LocalTrack = LocalTrack { codec: Codec::Vp8, ssrc: 2 };
/// Joins before the first measurement: pools and tables have grown to their size then.
const WARM_UP: usize = 100;
/// Joins that are measured.
const JOINS: usize = 1000;
/// What the resident set may grow by over all joins: the allocator's noise, 256 bytes a join.
const GROWTH_MAX: u64 = 256 * JOINS as u64;

/// Someone joins with microphone and camera, receives the resident, and leaves: closed by
/// signaling, or with a goodbye of the client's own.
async fn join_and_leave(
    server: &mut Server,
    room: &Room,
    resident: shared::ids::ProducerId,
    goodbye: bool,
) {
    let (mut sender, sends) = room.light_sender(SrtpProfile::AeadAes128Gcm, &[AUDIO, VIDEO]).await;
    sender.connect(PATIENCE).unwrap();
    room.produce(sends, "0", Source::Microphone).await;
    let camera = room.produce(sends, "1", Source::Camera).await;
    let (mut receiver, receives, consumers) =
        room.light_receiver(SrtpProfile::AeadAes128Gcm, &[resident]).await;
    receiver.connect(PATIENCE).unwrap();
    for consumer_id in consumers {
        room.command(Command::ResumeConsumer { consumer_id }).await;
    }
    for expected in [sends, receives] {
        let event = server.event().await;
        assert_eq!(event, MediaEvent::TransportConnected { transport_id: expected });
    }
    if goodbye {
        for (client, left) in [(sender, sends), (receiver, receives)] {
            client.close();
            let MediaEvent::TransportFailed { transport_id, reason, .. } = server.event().await
            else {
                panic!("the goodbye was not heard")
            };
            assert_eq!((transport_id, reason), (left, TransportFailure::ClosedByPeer));
        }
    } else {
        let reply = room.command(Command::CloseTransport { transport_id: sends }).await;
        let CommandReply::Closed { producers, .. } = reply else { panic!("{reply:?}") };
        assert!(producers.contains(&camera) && producers.len() == 2);
        room.command(Command::CloseTransport { transport_id: receives }).await;
    }
}

#[tokio::test]
async fn a_thousand_joins_and_leaves_leave_nothing_behind() {
    let mut server = Server::start(2);
    let room = server.room().await;
    let (mut resident, sends) = room.light_sender(SrtpProfile::AeadAes128Gcm, &[AUDIO]).await;
    resident.connect(PATIENCE).unwrap();
    let voice = room.produce(sends, "0", Source::Microphone).await;
    assert_eq!(server.event().await, MediaEvent::TransportConnected { transport_id: sends });

    let before = Holdings::of(&server.media).await;
    for join in 0..WARM_UP {
        join_and_leave(&mut server, &room, voice, join % 2 == 0).await;
        resident.keep_alive().unwrap();
    }
    let resident_before = resident_bytes();
    for join in 0..JOINS {
        join_and_leave(&mut server, &room, voice, join % 2 == 0).await;
        resident.keep_alive().unwrap();
    }
    let growth = resident_bytes().saturating_sub(resident_before);
    assert_eq!(Holdings::settled(&server.media, &before).await, before);

    assert!(growth <= GROWTH_MAX, "the resident set grew by {growth} bytes");
}
