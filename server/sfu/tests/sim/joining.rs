//! Joins complete, whatever the network loses.

use std::time::Duration;

use sfu::{Command, Event, codec::Codec, command::TransportFailure, transport::srtp::SrtpProfile};
use shared::signaling::Direction as Leg;

use crate::{
    network::{Direction, Link},
    world::{Client, World},
};

/// The patience of a person: what a join may take when three handshake datagrams are lost.
const GATE: Duration = Duration::from_secs(2);

#[test]
fn a_join_without_loss_takes_a_few_round_trips_and_gets_the_fast_cipher() {
    let mut world = World::new(1, Link::PERFECT);
    let room = world.room();
    let (publisher, _) = world.publish(room, &[Codec::Opus]);
    let took = world.run_while(GATE, |world| !world.is_connected(publisher));
    assert!(took <= Duration::from_millis(20), "{took:?}");
    let profile = world.publisher(publisher).leg.profile();
    assert_eq!(profile, Some(SrtpProfile::AeadAes128Gcm), "although the client prefers SHA-1");
    let connected = |event: &Event| matches!(event, Event::TransportConnected { .. });
    assert!(world.events.iter().any(connected));
}

#[test]
fn any_three_consecutive_handshake_datagrams_may_be_lost_in_either_direction() {
    for direction in [Direction::ToWorker, Direction::ToClient] {
        for first in 0..12 {
            let mut world = World::new(first, Link::PERFECT);
            let mut count = 0;
            world.network.censor = Box::new(move |datagram| {
                let is_handshake = matches!(datagram.bytes.first(), Some(20..=63));
                if datagram.direction != direction || !is_handshake {
                    return false;
                }
                count += 1;
                (first + 1..=first + 3).contains(&count)
            });
            let room = world.room();
            let (publisher, published) = world.publish(room, &[Codec::Vp8]);
            let took =
                world.run_while(Duration::from_secs(9), |world| !world.is_connected(publisher));
            assert!(took <= GATE, "{took:?} without the datagrams {direction:?} from {first} on");
            // And the server agrees: media flows.
            let (viewer, _) = world.watch(room, &published);
            world.run_while(GATE, |world| {
                world.track(viewer, published[0].stamp).arrivals.is_empty()
            });
        }
    }
}

#[test]
fn a_client_that_never_shows_up_fails_loudly_after_ten_seconds() {
    let mut world = World::new(2, Link { loss: 1.0, ..Link::PERFECT });
    let room = world.room();
    let (publisher, published) = world.publish(room, &[Codec::Opus]);
    world.run_for(Duration::from_millis(9_900));
    assert!(world.events.is_empty());
    world.run_for(Duration::from_millis(200));
    assert!(!world.is_connected(publisher));
    let [Event::TransportFailed { reason, producers, .. }] = world.events.as_slice() else {
        panic!("{:?}", world.events)
    };
    assert_eq!(*reason, TransportFailure::NoPath);
    assert_eq!(producers, &[published[0].producer]);
    assert_eq!(world.worker.statistics().transports, 0);
}

#[test]
fn a_client_that_falls_silent_is_given_up_after_thirty_seconds() {
    let mut world = World::new(3, Link::PERFECT);
    let room = world.room();
    let (publisher, _) = world.publish(room, &[Codec::Opus]);
    world.run_while(GATE, |world| !world.is_connected(publisher));
    world.run_for(Duration::from_secs(40));
    assert_eq!(world.worker.statistics().transports, 1, "consent checks keep it alive");
    world.clients[publisher] = Client::Gone;
    world.run_for(Duration::from_secs(31));
    let expired = |event: &Event| {
        matches!(event, Event::TransportFailed { reason: TransportFailure::ConsentExpired, .. })
    };
    assert!(world.events.iter().any(expired));
    assert_eq!(world.worker.statistics().transports, 0);
}

#[test]
fn the_wrong_certificate_is_refused() {
    let mut world = World::new(4, Link::PERFECT);
    let room = world.room();
    let transport_id = world.transport(room, Leg::Send);
    let mut leg = world.leg();
    let track = sfu::client::LocalTrack { codec: Codec::Opus, ssrc: 1 };
    let offer = leg.offer(&[track]);
    let honest = offer.lines().find_map(|line| line.strip_prefix("a=fingerprint:")).unwrap();
    let other = if honest.ends_with("00") { "01" } else { "00" };
    let forged = format!("{}{other}", &honest[..honest.len() - 2]);
    let sdp = offer.replace(honest, &forged);
    let reply = world.command(Command::AcceptOffer { transport_id, sdp });
    let sfu::CommandReply::Description(answer) = reply else { panic!("{reply:?}") };
    leg.accept_answer(world.now, &answer);
    let publisher = crate::browser::Publisher::new(world.now, leg, Vec::new());
    world.clients.push(Client::Publisher(publisher));
    world.run_for(Duration::from_secs(1));
    let refused = |event: &Event| {
        matches!(event, Event::TransportFailed { reason: TransportFailure::HandshakeFailed, .. })
    };
    assert!(world.events.iter().any(refused), "{:?}", world.events);
}
