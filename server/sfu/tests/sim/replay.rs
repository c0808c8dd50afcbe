//! The same seed replays the same run.

use std::time::Duration;

use sfu::codec::Codec;

use crate::{network::Link, world::World};

/// Everything a viewer sees, by virtual time.
fn trace(seed: u64) -> Vec<(Duration, u16, u32, Vec<u8>)> {
    let mut world = World::new(seed, Link::HOTEL);
    let room = world.room();
    let (_, published) = world.publish(room, &[Codec::Opus, Codec::Vp8]);
    let (viewer, _) = world.watch(room, &published);
    world.run_for(Duration::from_secs(3));
    let started = world.started;
    let tracks = published.iter().map(|one| world.track(viewer, one.stamp));
    tracks
        .flat_map(|track| &track.arrivals)
        .map(|arrival| {
            let payload = arrival.payload.clone();
            (arrival.at - started, arrival.sequence, arrival.timestamp, payload)
        })
        .collect()
}

#[test]
fn one_seed_has_one_trace_and_another_seed_another() {
    let first = trace(11);
    assert!(first.len() > 300);
    assert!(first == trace(11), "the second run differs");
    assert!(first != trace(12), "the seed changes nothing");
}
