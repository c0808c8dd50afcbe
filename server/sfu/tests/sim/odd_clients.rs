//! Clients that are slow, odd or mean, and what they can and cannot do to themselves and others.

use std::time::Duration;

use sfu::{Command, CommandReply, Event, codec::Codec, rtp::RtpFields};
use shared::{ids::ProducerId, media::Source};

use crate::{
    clock::millis,
    network::Link,
    oracle::Origin,
    world::{Client, Published, World},
};

const FAR_AWAY: Link = Link { delay: millis(80), ..Link::PERFECT };

#[test]
fn a_viewer_who_takes_long_to_connect_starts_with_a_key_frame_all_the_same() {
    let mut world = World::new(1, FAR_AWAY);
    let room = world.room();
    let (_, published) = world.publish(room, &[Codec::Vp8]);
    world.run_for(Duration::from_secs(2));
    // The consumer is resumed with the answer, many round trips before DTLS is done.
    let (viewer, _) = world.watch(room, &published);
    let begun = world.now;
    world.run_for(Duration::from_secs(3));
    let first = &world.track(viewer, published[0].stamp).arrivals[0];
    assert!(Origin::read(&first.payload).is_key, "the first picture can be decoded");
    assert!(first.at - begun < millis(1_300), "it came after {:?}", first.at - begun);
    assert_eq!(world.worker.statistics().rtp_unsent, 0, "nothing is sent into the void");
    world.check();
}

#[test]
fn a_source_that_is_published_again_is_received_although_its_numbers_went_round() {
    let mut world = World::new(2, Link::PERFECT);
    let room = world.room();
    let (publisher, published) = world.publish(room, &[Codec::Opus]);
    // The roll-over counter of its SSRC is 1 after that, and the browser keeps both.
    world.run_for(Duration::from_secs(2));
    let Client::Publisher(_) = &world.clients[publisher] else { unreachable!() };
    world.command(Command::CloseProducer { producer_id: published[0].producer });
    world.run_for(millis(300));
    let again = republish(&mut world, published[0]);
    let (viewer, _) = world.watch(room, &[again]);
    world.run_for(Duration::from_secs(1));
    assert!(world.track(viewer, again.stamp).arrivals.len() > 30);
}

/// Publishes the first m-line of the world's first transport again.
fn republish(world: &mut World, closed: Published) -> Published {
    let producer_id = ProducerId(world.id());
    // The room is 1, and its first transport 2.
    let transport_id = shared::ids::TransportId(2);
    let source = if closed.codec.is_video() { Source::Camera } else { Source::Microphone };
    let produce =
        Command::Produce { transport_id, producer_id, mid: "0".to_owned(), source, paused: false };
    world.command(produce);
    Published { producer: producer_id, ..closed }
}

#[test]
fn a_source_that_changes_its_ssrc_goes_on_and_can_still_be_asked_for_key_frames() {
    // The new numbers are unrelated; the unlucky ones look like late, lost or repeated packets.
    for step in [-500_i16, -3, 2, 700, 20_000] {
        let mut world = World::new(3, Link::PERFECT);
        let room = world.room();
        let (publisher, published) = world.publish(room, &[Codec::Vp8]);
        let (viewer, _) = world.watch(room, &published);
        world.run_for(Duration::from_secs(2));
        let before = world.track(viewer, published[0].stamp).arrivals.len();
        let sdp = world.publisher(publisher).renew_ssrcs(step);
        let transport_id = shared::ids::TransportId(2);
        world.command(Command::AcceptOffer { transport_id, sdp });
        let begun = world.now;
        world.run_for(Duration::from_secs(2));
        let after = &world.track(viewer, published[0].stamp).arrivals[before..];
        assert!(after.len() > 100, "step {step}: {} packets", after.len());
        // What was under way with the old SSRC may still arrive.
        let first = after.iter().find(|one| one.at - begun > millis(10)).unwrap();
        assert!(Origin::read(&first.payload).is_key, "step {step}: a decoder can start anew");
        assert!(first.at - begun < millis(700), "step {step}: {:?}", first.at - begun);
        world.check();
    }
}

#[test]
fn layers_that_are_offered_are_asked_for() {
    let mut world = World::new(4, Link::PERFECT);
    let room = world.room();
    let transport_id = world.transport(room, shared::signaling::Direction::Send);
    let track = sfu::client::LocalTrack { codec: Codec::Vp8, ssrc: 1 };
    let plain = world.leg().offer(&[track]);
    let sdp = format!(
        "{}a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
         a=rid:low send\r\na=rid:high send\r\na=simulcast:send low;high\r\n",
        plain
            .lines()
            .filter(|line| !line.starts_with("a=ssrc"))
            .fold(String::new(), |text, line| text + line + "\r\n")
    );
    let reply = world.command(Command::AcceptOffer { transport_id, sdp });
    let CommandReply::Description(answer) = reply else { panic!("{reply:?}") };
    assert!(answer.contains("m=video 9"));
    for line in ["a=rid:low recv\r\n", "a=rid:high recv\r\n", "a=simulcast:recv low;high\r\n"] {
        assert!(answer.contains(line), "{answer}");
    }
}

#[test]
fn one_who_publishes_without_measure_is_cut_to_a_measure_and_others_lose_nothing() {
    let mut world = World::new(6, Link::PERFECT);
    let room = world.room();
    let (flooder, _) = world.publish(room, &[Codec::Opus]);
    let (_, published) = world.publish(room, &[Codec::Opus]);
    let (viewer, _) = world.watch(room, &published);
    world.run_for(Duration::from_secs(1));
    let before = world.worker.statistics();
    for number in 0..20_000_u16 {
        let fields = RtpFields {
            payload_type: Codec::Opus.payload_type(),
            sequence: 30_000_u16.wrapping_add(number),
            ssrc: 7,
            ..RtpFields::default()
        };
        let mut packet = fields.to_bytes().to_vec();
        packet.extend([0; 100]);
        world.publisher(flooder).leg.seal_rtp(&mut packet).unwrap();
        world.worker.handle_datagram(world.now, World::path(flooder), &mut packet);
    }
    world.drain_worker();
    world.run_for(Duration::from_secs(1));
    let after = world.worker.statistics();
    assert!(after.rtp_received - before.rtp_received < 5_200);
    assert!(after.rtp_over_pace > 14_900);
    world.check();
    let arrivals = &world.track(viewer, published[0].stamp).arrivals;
    assert!(arrivals.windows(2).all(|p| p[1].sequence == p[0].sequence.wrapping_add(1)));
}

#[test]
fn a_participant_cannot_take_anothers_address_over() {
    let mut world = World::new(5, Link::PERFECT);
    let room = world.room();
    let (victim, published) = world.publish(room, &[Codec::Opus]);
    let (viewer, _) = world.watch(room, &published);
    let elsewhere = world.room();
    let (attacker, _) = world.publish(elsewhere, &[Codec::Opus]);
    world.run_for(Duration::from_secs(1));
    let before = world.track(viewer, published[0].stamp).arrivals.len();
    // The attacker's own valid checks, under the victim's address, again and again.
    let checks = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let tap = std::rc::Rc::clone(&checks);
    world.network.censor = Box::new(move |datagram| {
        let is_check = matches!(datagram.bytes.first(), Some(0..=3));
        if datagram.client == attacker && is_check {
            tap.borrow_mut().push(datagram.bytes.clone());
        }
        false
    });
    world.run_for(Duration::from_secs(6));
    assert!(!checks.borrow().is_empty());
    let during = world.track(viewer, published[0].stamp).arrivals.len();
    for _ in 0..100 {
        let mut check = checks.borrow()[0].clone();
        world.worker.handle_datagram(world.now, World::path(victim), &mut check);
        world.drain_worker();
        world.run_for(millis(10));
    }
    let after = world.track(viewer, published[0].stamp).arrivals.len();
    assert!(during - before > 290 && after - during > 45, "{before}, {during}, {after}");
}

#[test]
fn an_address_whose_owner_fell_silent_is_given_to_the_next() {
    let mut world = World::new(6, Link::PERFECT);
    let room = world.room();
    let (first, _) = world.publish(room, &[Codec::Opus]);
    world.run_for(Duration::from_secs(1));
    assert!(world.is_connected(first));
    world.clients[first] = Client::Gone;
    // The browser crashed and comes back from the same port, before anyone gave it up.
    let (second, published) = world.publish(room, &[Codec::Opus]);
    world.clients.swap(first, second);
    let connecting = |world: &mut World| !world.is_connected(first);
    let took = world.run_while(Duration::from_secs(9), connecting);
    assert!(took < Duration::from_secs(8), "{took:?}");
    let (viewer, _) = world.watch(room, &published);
    world.run_for(Duration::from_secs(1));
    assert!(!world.track(viewer, published[0].stamp).arrivals.is_empty());
}

#[test]
fn an_address_in_use_is_announced_again_so_that_a_lost_route_heals() {
    let mut world = World::new(7, Link::PERFECT);
    let room = world.room();
    let (publisher, _) = world.publish(room, &[Codec::Opus]);
    let path = World::path(publisher);
    world.run_for(Duration::from_secs(60));
    let told = world.events.iter().filter(|event| **event == Event::PathOpened { path }).count();
    assert!((4..=7).contains(&told), "{told} times in a minute");
}

#[test]
fn a_viewer_who_did_not_agree_to_retransmissions_gets_none() {
    for agreed in [true, false] {
        let mut world = World::new(8, Link::HOTEL);
        let room = world.room();
        let (_, published) = world.publish(room, &[Codec::Vp8]);
        let (viewer, transport_id) = world.watch(room, &published);
        let CommandReply::Description(offer) = world.command(Command::CreateOffer { transport_id })
        else {
            unreachable!()
        };
        let now = world.now;
        let (mut sdp, _) = world.viewer(viewer).leg.answer(now, &offer);
        if !agreed {
            sdp = sdp.replace("SAVPF 96 97", "SAVPF 96");
        }
        world.command(Command::AcceptAnswer { transport_id, sdp });
        world.run_for(Duration::from_secs(6));
        let track = world.track(viewer, published[0].stamp);
        assert!(track.arrivals.len() > 100);
        assert_eq!(track.retransmissions > 0, agreed);
        assert!(world.worker.statistics().nacks_received > 0);
    }
}
