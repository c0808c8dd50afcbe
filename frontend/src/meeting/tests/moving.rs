//! The network becomes another one under a meeting.

use std::time::Duration;

use shared::{
    ids::{ProducerId, TransportId},
    media::Source,
    signaling::{Direction, ProducerRef, Request},
};

use super::world::{Server, World, count, participant};
use crate::meeting::{
    effect::{Effect, PeerNews},
    view::Phase,
};

/// Someone who sends and receives, and has for a while.
fn world() -> World {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Camera)])];
    world.run(Duration::from_secs(5));
    world.take_effects();
    world.take_requests();
    world
}

/// The socket and the path of the media are dead; a new socket and a new path will do.
fn move_away(world: &mut World) {
    world.lost_socket = world.socket;
    world.wire.is_alive = false;
}

/// The directions that looked for a new path: by an offer, and by asking for one.
fn restarts(world: &World) -> Vec<Direction> {
    let own = |it: &Effect| matches!(it, Effect::Offer { ice_restart: true, .. });
    let asked = |it: &Request| matches!(it, Request::ConnectTransport(it) if it.ice_restart);
    let own = world.effects.iter().filter(|it| own(it)).map(|_| Direction::Send);
    let asked = world.requests.iter().filter(|it| asked(&it.request)).map(|_| Direction::Recv);
    own.chain(asked).collect()
}

fn transports(world: &World) -> Vec<Vec<TransportId>> {
    let joins = world.requests.iter().filter_map(|message| match &message.request {
        Request::Join(join) => Some(join.transports.clone()),
        _ => None,
    });
    joins.collect()
}

fn media_made(world: &World) -> usize {
    let made = |it: &&Effect| matches!(it, Effect::OpenPeer { .. } | Effect::ClosePeer(_));
    world.effects.iter().filter(made).count()
}

#[test]
fn on_another_network_the_same_media_goes_on_over_a_new_socket_and_a_new_path() {
    let mut world = world();
    move_away(&mut world);
    world.run(Duration::from_millis(1_300));
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
    assert_eq!(transports(&world).iter().map(Vec::len).collect::<Vec<_>>(), [2]);
    assert_eq!(restarts(&world), [Direction::Send, Direction::Recv]);
    assert_eq!(media_made(&world), 0);
    assert_eq!(world.meeting.received().count(), 1);
    world.wire.is_alive = true;
    world.run(Duration::from_secs(60));
    assert_eq!(restarts(&world).len(), 2, "once is enough");
}

#[test]
fn a_dead_path_beside_a_live_socket_is_replaced_and_the_socket_kept() {
    let mut world = world();
    world.wire.is_alive = false;
    world.run(Duration::from_millis(1_000));
    assert_eq!(restarts(&world), [], "it may be a moment's silence");
    world.run(Duration::from_millis(900));
    assert_eq!(restarts(&world), [Direction::Send, Direction::Recv]);
    assert_eq!(transports(&world).len(), 0);
    world.run(Duration::from_secs(60));
    assert_eq!(restarts(&world).len(), 2, "the browser says when it is lost for good");
}

#[test]
fn a_dead_socket_beside_live_media_does_not_harm_it() {
    let mut world = world();
    world.close(1006);
    world.run(Duration::from_secs(1));
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
    assert_eq!(media_made(&world), 0);
    assert_eq!(restarts(&world), []);
    let consume = |it: &Request| matches!(it, Request::Consume(_) | Request::Produce(_));
    assert_eq!(count(&world.take_requests(), consume), 0);
}

#[test]
fn what_has_changed_meanwhile_is_caught_up_with() {
    let mut world = world();
    world.others = vec![participant(1, &[(12, Source::Camera)])];
    world.close(1006);
    world.run(Duration::from_secs(1));
    assert_eq!(media_made(&world), 0);
    let consume = Request::Consume(ProducerRef { producer_id: ProducerId(12) });
    assert!(world.take_requests().contains(&consume));
    assert_eq!(world.meeting.received().count(), 1);
}

#[test]
fn what_nobody_knows_the_end_of_is_made_anew() {
    let mut world = world();
    move_away(&mut world);
    // The server may or may not have heard of it.
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.run(Duration::from_millis(1_300));
    assert_eq!(transports(&world).iter().map(Vec::len).collect::<Vec<_>>(), [1]);
    assert_eq!(media_made(&world), 2, "the sending side is closed and opened");
    assert_eq!(restarts(&world), [Direction::Recv]);
}

#[test]
fn a_silent_server_is_soon_left_when_the_media_is_silent_too() {
    let mut world = world();
    world.server = Server::Silent;
    world.wire.is_alive = false;
    world.run(Duration::from_millis(1_300));
    assert!(matches!(world.meeting.view().phase, Phase::Reconnecting { .. }));
}

#[test]
fn a_path_that_does_not_come_back_is_made_anew_in_the_end() {
    let mut world = world();
    move_away(&mut world);
    world.path = PeerNews::Lost;
    world.run(Duration::from_millis(1_200));
    world.path = PeerNews::Connected;
    world.run(Duration::from_secs(2));
    assert_eq!(world.meeting.received().count(), 1);
    assert_eq!(media_made(&world), 4);
}
