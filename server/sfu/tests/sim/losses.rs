//! A viewer's link loses packets at random, and pictures are repaired before that is seen.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use sfu::codec::Codec;

use crate::{browser::Track, clock::millis, network::Link, oracle::Origin, world::World};

/// Time between two frames of the simulated cameras.
const FRAME: Duration = Duration::from_millis(40);

/// A browser shows a picture that is later than this as one that stands still.
const LATE: Duration = Duration::from_millis(170);

/// The share of a camera's frames that was complete later than [`LATE`] after it could have been.
fn late_frames(track: &Track) -> f64 {
    let mut complete: BTreeMap<u64, (u8, Instant)> = BTreeMap::new();
    for arrival in &track.arrivals {
        let entry = complete.entry(Origin::read(&arrival.payload).frame).or_insert((0, arrival.at));
        *entry = (entry.0 + 1, entry.1.max(arrival.at));
    }
    let due = |frame: u64| FRAME * u32::try_from(frame).unwrap();
    let first = *complete.first_key_value().unwrap().0;
    // What was sent in the last second may still be under repair.
    let last = *complete.last_key_value().unwrap().0 - 25;
    let base = complete.iter().map(|(frame, (_, at))| *at - due(*frame)).min().unwrap();
    let is_late = |frame: &u64| {
        complete.get(frame).is_none_or(|(parts, at)| *parts < 3 || *at > base + due(*frame) + LATE)
    };
    (first..last).filter(is_late).count() as f64 / (last - first) as f64
}

/// The share of late frames over a way of 20 ms that loses packets of both directions, for a viewer
/// who measures how long the way is, as browsers do; the mean of several runs.
fn late_over(loss: f64) -> f64 {
    const RUNS: u64 = 4;
    let run = |seed| {
        let mut world = World::new(seed, Link::PERFECT);
        let room = world.room();
        let (_, published) = world.publish(room, &[Codec::Vp8]);
        world.run_for(millis(500));
        let (viewer, _) = world.watch(room, &published);
        let now = world.now;
        world.viewer(viewer).measure_round_trips(now);
        world.network.link.delay = millis(20);
        let mut random = StdRng::seed_from_u64(seed);
        world.network.censor =
            Box::new(move |datagram| datagram.client == viewer && random.random_bool(loss));
        world.run_for(Duration::from_secs(20));
        world.check();
        let track = world.track(viewer, published[0].stamp);
        // The only picture there is does not go, though nobody speaks who could be heard instead.
        let gaps = track.arrivals.windows(2).map(|pair| pair[1].at.duration_since(pair[0].at));
        assert!(gaps.max() < Some(millis(250)), "seed {seed} at {loss}");
        assert!(track.arrivals.last().unwrap().at + millis(200) > world.now, "seed {seed}");
        late_frames(track)
    };
    (0..RUNS).map(run).sum::<f64>() / RUNS as f64
}

#[test]
fn after_a_moment_without_a_link_the_picture_is_there_at_once() {
    for seed in 0..4 {
        let mut world = World::new(seed, Link::PERFECT);
        let room = world.room();
        let (_, published) = world.publish(room, &[Codec::Vp8]);
        world.run_for(millis(500));
        let (viewer, _) = world.watch(room, &published);
        world.run_for(Duration::from_secs(5));
        world.network.censor = Box::new(move |datagram| datagram.client == viewer);
        world.run_for(millis(2_200));
        world.network.censor = Box::new(|_| false);
        let back = world.now;
        world.run_for(Duration::from_secs(6));
        let arrivals = world.track(viewer, published[0].stamp).arrivals.iter().map(|it| it.at);
        let after: Vec<Instant> = arrivals.filter(|at| *at >= back).collect();
        let gaps = after.windows(2).map(|pair| pair[1].duration_since(pair[0]));
        assert!(after[0] < back + millis(250), "seed {seed}: {:?}", after[0] - back);
        assert!(gaps.max() < Some(millis(250)), "seed {seed}");
    }
}

#[test]
fn lost_pictures_are_repaired_in_time() {
    for (loss, most) in [(0.05, 0.005), (0.1, 0.015), (0.2, 0.06)] {
        let late = late_over(loss);
        assert!(late < most, "{late} of the frames were late at a loss of {loss}");
    }
}

#[test]
fn a_viewer_that_asks_learns_how_long_the_way_is() {
    let mut world = World::new(1, Link { delay: millis(35), ..Link::PERFECT });
    let room = world.room();
    let (_, published) = world.publish(room, &[Codec::Vp8]);
    let (viewer, _) = world.watch(room, &published);
    let now = world.now;
    world.viewer(viewer).measure_round_trips(now);
    world.run_for(Duration::from_secs(3));
    let measured = world.viewer(viewer).round_trip.as_millis();
    assert!((69..=71).contains(&measured), "{measured} ms");
}
