//! One viewer's link gets worse, and better again.

use std::time::Duration;

use sfu::codec::Codec;

use crate::{network::Link, world::World};

/// Bits per second of a telephone modem's successor.
const NARROW: u64 = 300_000;

#[test]
fn a_narrow_link_is_known_within_three_seconds_and_the_others_stay_as_they_are() {
    for seed in 0..3 {
        let mut world = World::new(seed, Link::PERFECT);
        let room = world.room();
        let (_, published) = world.publish(room, &[Codec::Opus, Codec::Vp8]);
        let (viewer, transport) = world.watch(room, &published);
        let (_, other) = world.watch(room, &published);
        world.run_for(Duration::from_secs(5));
        let before = world.worker.downlink_estimate(transport);
        assert!(before > Some(1_000_000), "{before:?}");
        world.network.clamp(world.now, viewer, Some(NARROW));
        world.run_for(Duration::from_secs(3));
        let clamped = world.worker.downlink_estimate(transport);
        assert!(clamped < Some(NARROW + NARROW / 10), "seed {seed}: {clamped:?}");
        let of_other = world.worker.downlink_estimate(other);
        assert!(of_other >= before, "seed {seed}: {of_other:?}");
    }
}
