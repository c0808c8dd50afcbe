//! Media goes on when a client's address changes, and through an ICE restart.

use std::time::{Duration, Instant};

use open_stream::{
    bench::client::{Incoming, LightClient, LocalTrack, SendTrack},
    media::MediaStatistics,
};
use sfu::{codec::Codec, command::Command, rtp::RtpPacket, transport::srtp::SrtpProfile};
use shared::{ids::TransportId, media::Source};

use crate::{
    native::PATIENCE,
    room::{Room, Server},
};

const TRACK: LocalTrack = LocalTrack { codec: Codec::Opus, ssrc: 7 };
const PROFILE: SrtpProfile = SrtpProfile::AeadAes128Gcm;
/// How long media may be away while the client moves.
const GAP: Duration = Duration::from_secs(2);

struct Pair {
    publisher: LightClient,
    sends: TransportId,
    track: SendTrack,
    viewer: LightClient,
    receives: TransportId,
}

async fn pair(room: &Room) -> Pair {
    let (mut publisher, sends) = room.light_sender(PROFILE, &[TRACK]).await;
    publisher.connect(PATIENCE).unwrap();
    let producer = room.produce(sends, "0", Source::Microphone).await;
    let (mut viewer, receives, consumers) = room.light_receiver(PROFILE, &[producer]).await;
    viewer.connect(PATIENCE).unwrap();
    for consumer_id in consumers {
        room.command(Command::ResumeConsumer { consumer_id }).await;
    }
    let track = SendTrack::new(&mut publisher, TRACK, 960).unwrap();
    let mut pair = Pair { publisher, sends, track, viewer, receives };
    pair.flow(0);
    pair
}

impl Pair {
    /// Sends numbered packets until one arrives; returns how long that took.
    fn flow(&mut self, number: u8) -> Duration {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "media does not come back");
            self.publisher.keep_alive().unwrap();
            self.track.send(&mut self.publisher, &[number]).unwrap();
            let mut arrived = false;
            let soon = Instant::now() + Duration::from_millis(20);
            self.viewer
                .receive(soon, |incoming| {
                    if let Incoming::Rtp(packet) = incoming {
                        arrived = RtpPacket::parse(packet).unwrap().payload == [number];
                    }
                })
                .unwrap();
            if arrived {
                return begun.elapsed();
            }
        }
    }
}

fn ufrag(sdp: &str) -> String {
    sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_follows_a_client_to_another_address() {
    let server = Server::start(2);
    let mut pair = pair(&server.room().await).await;
    pair.publisher.move_on().unwrap();
    assert!(pair.flow(1) < GAP);
    pair.viewer.move_on().unwrap();
    assert!(pair.flow(2) < GAP);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_goes_on_through_an_ice_restart_of_either_leg() {
    let server = Server::start(2);
    let room = server.room().await;
    let mut pair = pair(&room).await;

    let before = room.accept_offer(pair.sends, pair.publisher.leg.offer(&[TRACK])).await;
    pair.publisher.leg.renew_credentials().unwrap();
    let after = room.accept_offer(pair.sends, pair.publisher.leg.offer(&[TRACK])).await;
    assert_ne!(ufrag(&before), ufrag(&after), "new credentials are answered with new ones");
    assert!(pair.flow(1) < GAP, "the old path serves until there is another one");
    pair.publisher.move_on().unwrap();
    pair.publisher.leg.restart_ice(Instant::now(), &after).unwrap();
    assert!(pair.flow(2) < GAP);
    let again = room.accept_offer(pair.sends, pair.publisher.leg.offer(&[TRACK])).await;
    assert_eq!(ufrag(&after), ufrag(&again), "nothing new, nothing restarts");

    let before = room.offer(pair.receives).await;
    room.command(Command::RestartIce { transport_id: pair.receives }).await;
    // A second wish before the first was used replaces it.
    room.command(Command::RestartIce { transport_id: pair.receives }).await;
    let after = room.offer(pair.receives).await;
    assert_ne!(ufrag(&before), ufrag(&after));
    pair.viewer.leg.renew_credentials().unwrap();
    room.accept_answer(pair.receives, pair.viewer.leg.answer(&after)).await;
    assert!(pair.flow(3) < GAP);
    pair.viewer.move_on().unwrap();
    pair.viewer.leg.restart_ice(Instant::now(), &after).unwrap();
    assert!(pair.flow(4) < GAP);

    // Nothing is left of what was replaced; the other worker hears of the paths a little later.
    room.command(Command::CloseRouter { router_id: room.router }).await;
    let deadline = Instant::now() + PATIENCE;
    let left =
        |all: &MediaStatistics| all.workers.iter().map(|report| report.worker.demux_entries).sum();
    while server.sum(left).await > 0 {
        assert!(Instant::now() < deadline, "something stays behind");
        tokio::task::yield_now().await;
    }
}
