//! ICE restarts: new credentials, and everything above goes on.

use std::time::Duration;

use sfu::{CONSENT_TIMEOUT, Command, CommandReply, Event, codec::Codec, command::TransportFailure};
use shared::ids::TransportId;

use crate::{network::Link, world::World};

/// Has the server begin a new ICE session; returns what it says of its end.
fn restart(world: &mut World, transport_id: TransportId) -> String {
    match world.command(Command::RestartIce { transport_id }) {
        CommandReply::Description(lines) => lines,
        other => panic!("{other:?}"),
    }
}

#[test]
fn media_goes_on_over_a_restart_and_the_client_is_known_by_its_new_name() {
    let mut world = World::new(1, Link::PERFECT);
    let room = world.room();
    let (_, published) = world.publish(room, &[Codec::Opus]);
    let (viewer, transport_id) = world.watch(room, &published);
    world.run_for(Duration::from_secs(2));
    for _ in 0..3 {
        let lines = restart(&mut world, transport_id);
        let before = world.track(viewer, published[0].stamp).arrivals.len();
        // Until the client has heard of it, the old name counts; then the new one alone keeps the
        // consent alive.
        world.run_for(Duration::from_secs(5));
        let now = world.now;
        world.viewer(viewer).leg.restart_ice(now, &lines);
        world.run_for(CONSENT_TIMEOUT + Duration::from_secs(5));
        let after = world.track(viewer, published[0].stamp).arrivals.len();
        assert!(after - before >= 1990, "{} of 2000 packets in 40 s", after - before);
    }
    world.check();
}

#[test]
fn who_does_not_follow_goes_on_with_the_name_in_use_however_often_it_is_asked() {
    let mut world = World::new(1, Link::PERFECT);
    let room = world.room();
    let (_, published) = world.publish(room, &[Codec::Opus]);
    let (_, transport_id) = world.watch(room, &published);
    world.run_for(Duration::from_secs(2));
    let lost = |event: &Event| {
        let Event::TransportFailed { transport_id: id, reason, .. } = event else { return false };
        (*id, *reason) == (transport_id, TransportFailure::ConsentExpired)
    };
    for _ in 0..2 {
        restart(&mut world, transport_id);
        world.run_for(CONSENT_TIMEOUT * 2);
        assert!(!world.events.iter().any(lost), "the name in use still counts");
    }
}
