//! A viewer that made the offer (WHEP): one stream, whoever is on it.

use std::{collections::BTreeMap, time::Duration};

use sfu::{
    Command, CommandReply,
    client::{LocalTrack, offered_tracks},
    codec::Codec,
    extension::{Extension, ExtensionIds},
};
use shared::{
    ids::{ConsumerId, ProducerId, RouterId, TransportId},
    signaling::Direction,
};

use crate::{
    browser::{Arrival, Viewer},
    network::Link,
    oracle::{Origin, Stamp},
    world::{Client, World},
};

/// The viewer's own numbers, other ones than the server's.
const VP8: u8 = 120;
const RTX: u8 = 121;
const TWCC: u8 = 9;

/// Someone who watches one picture by their own offer; returns their number and transport.
fn view(world: &mut World, room: RouterId) -> (usize, TransportId) {
    let transport_id = world.transport(room, Direction::Recv);
    let mut leg = world.leg();
    let own = [
        ("a=sendonly", "a=recvonly".to_owned()),
        (" 96 97", format!(" {VP8} {RTX}")),
        ("apt=96", format!("apt={VP8}")),
        ("map:96", format!("map:{VP8}")),
        ("fb:96", format!("fb:{VP8}")),
        ("map:97", format!("map:{RTX}")),
        ("fmtp:97", format!("fmtp:{RTX}")),
        ("a=extmap:3 ", format!("a=extmap:{TWCC} ")),
    ];
    let offer = leg.offer(&[LocalTrack { codec: Codec::Vp8, ssrc: 5 }]);
    let lines = offer.lines().filter(|line| !line.starts_with("a=ssrc"));
    let sdp: String = lines.flat_map(|line| [line, "\r\n"]).collect();
    let sdp = own.iter().fold(sdp, |sdp, (ours, theirs)| sdp.replace(ours, theirs));
    let reply = world.command(Command::AcceptOffer { transport_id, sdp });
    let CommandReply::Description(answer) = reply else { panic!("{reply:?}") };
    leg.accept_answer(world.now, &answer);
    let mut viewer = Viewer::new(leg);
    viewer.ids = ExtensionIds::none();
    viewer.ids.insert(TWCC, Extension::TransportCc);
    viewer.offered(offered_tracks(&answer));
    let number = world.clients.len();
    world.clients.push(Client::Viewer(viewer));
    (number, transport_id)
}

fn feed(world: &mut World, transport_id: TransportId, producer_id: ProducerId) {
    let consumer_id = ConsumerId(world.id());
    let mid = "0".to_owned();
    let reply = world.command(Command::Feed { transport_id, mid, consumer_id, producer_id });
    assert!(matches!(reply, CommandReply::Consumed { .. }), "{reply:?}");
}

/// Shows one, another, nobody because they end, and the first again; returns what came by its
/// number, and how much of it was sent again.
fn watch_three_times(seed: u64, link: Link) -> (BTreeMap<u16, (Arrival, Origin)>, u64, [Stamp; 2]) {
    let mut world = World::new(seed, link);
    let room = world.room();
    let (_, ada) = world.publish(room, &[Codec::Vp8]);
    let (_, bob) = world.publish(room, &[Codec::Vp8]);
    let (viewer, transport_id) = view(&mut world, room);
    world.run_for(Duration::from_secs(1));
    feed(&mut world, transport_id, ada[0].producer);
    world.run_for(Duration::from_secs(2));
    feed(&mut world, transport_id, bob[0].producer);
    world.run_for(Duration::from_secs(2));
    world.command(Command::CloseProducer { producer_id: bob[0].producer });
    world.run_for(Duration::from_secs(1));
    feed(&mut world, transport_id, ada[0].producer);
    world.run_for(Duration::from_secs(2));
    let mut tracks = world.viewer(viewer).tracks.values();
    let (track, None) = (tracks.next().unwrap(), tracks.next()) else { panic!("one stream") };
    assert!(!track.reports.is_empty(), "the picture has a clock");
    let first = track.arrivals[0].sequence;
    let placed = track.arrivals.iter().map(|arrival| {
        let place = arrival.sequence.wrapping_sub(first);
        (place, (arrival.clone(), Origin::read(&arrival.payload)))
    });
    (placed.collect(), track.retransmissions, [ada[0].stamp, bob[0].stamp])
}

#[test]
fn one_stream_goes_on_while_people_come_and_go() {
    for seed in 0..5 {
        let (packets, _, [ada, bob]) = watch_three_times(seed, Link::PERFECT);
        assert!(packets.keys().copied().eq(0..u16::try_from(packets.len()).unwrap()), "no hole");
        let mut shown: Vec<Stamp> = Vec::new();
        let mut before: Option<&Arrival> = None;
        for (arrival, origin) in packets.values() {
            assert!([VP8, RTX].contains(&arrival.payload_type));
            let step = before.map_or(0, |one| arrival.timestamp.wrapping_sub(one.timestamp));
            assert!(step < 2 * 90_000, "seed {seed}: time goes on evenly, not by {step}");
            if shown.last() != Some(&origin.stamp) {
                assert!(origin.is_key && origin.part == 0, "a decoder can follow");
                shown.push(origin.stamp);
            }
            before = Some(arrival);
        }
        assert_eq!(shown, [ada, bob, ada], "seed {seed}");
    }
}

#[test]
fn what_is_lost_on_the_way_comes_again_under_the_viewers_numbers() {
    for seed in 0..5 {
        let link = Link { loss: 0.05, ..Link::PERFECT };
        let (packets, resent, _) = watch_three_times(seed, link);
        assert!(resent > 5, "seed {seed}: {resent} sent again");
        let repeated = packets.values().find(|(arrival, _)| arrival.resent).unwrap();
        assert_eq!(repeated.0.payload_type, RTX);
        let last = packets.keys().next_back().unwrap();
        let holes = usize::from(*last) + 1 - packets.len();
        // What was lost just before a change is asked for in vain.
        assert!(holes < 20, "seed {seed}: {holes} holes in {last} packets");
    }
}
