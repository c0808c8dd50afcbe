//! The worker has too little processor time for everything.

use std::time::Duration;

use sfu::codec::Codec;

use crate::{network::Link, world::World};

/// Lets time pass, with or without a backlog in each turn; returns the packets of voices and of
/// pictures that came to all viewers.
fn run(world: &mut World, viewers: &[usize], seconds: u64, has_backlog: bool) -> [usize; 2] {
    let count = |world: &World, codec: Codec| {
        let of_codec = world.watching.iter().filter(|one| one.codec == codec);
        of_codec
            .filter(|one| viewers.contains(&one.viewer))
            .map(|one| world.track(one.viewer, one.stamp).arrivals.len())
            .sum::<usize>()
    };
    let before = [Codec::Opus, Codec::Vp8].map(|codec| count(world, codec));
    for _ in 0..seconds * 100 {
        world.run_for(Duration::from_millis(10));
        world.worker.note_backlog(world.now, has_backlog);
        world.drain_worker();
    }
    let [voices, pictures] = [Codec::Opus, Codec::Vp8].map(|codec| count(world, codec));
    [voices - before[0], pictures - before[1]]
}

#[test]
fn pictures_go_first_and_voices_never() {
    let mut world = World::new(1, Link::PERFECT);
    let room = world.room();
    let (_, one) = world.publish(room, &[Codec::Opus, Codec::Vp8]);
    let (_, two) = world.publish(room, &[Codec::Opus, Codec::Vp8]);
    let all: Vec<_> = one.iter().chain(&two).copied().collect();
    let viewers: Vec<_> = (0..6).map(|_| world.watch(room, &all).0).collect();
    world.run_for(Duration::from_secs(2));
    assert_eq!(run(&mut world, &viewers, 2, false), [2 * 6 * 100, 2 * 6 * 150]);
    let [voices, _] = run(&mut world, &viewers, 2, true);
    assert_eq!(voices, 2 * 6 * 100);
    let [voices, pictures] = run(&mut world, &viewers, 2, true);
    assert_eq!((voices, pictures), (2 * 6 * 100, 0));
    assert!(world.worker.statistics().shed > 0);
    // More and more comes back, first of all to some viewers.
    let [_, some] = run(&mut world, &viewers, 5, false);
    assert!(some < 2 * 6 * 375, "{some}");
    run(&mut world, &viewers, 20, false);
    assert_eq!(run(&mut world, &viewers, 2, false), [2 * 6 * 100, 2 * 6 * 150]);
    assert_eq!(world.worker.statistics().shed, 0);
    world.check();
}
