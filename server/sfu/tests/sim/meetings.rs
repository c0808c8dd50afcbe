//! People talk: everything that is published reaches everyone who watches it, and nothing else.

use std::time::Duration;

use sfu::{Command, codec::Codec};

use crate::{
    clock::millis,
    network::Link,
    oracle::{Origin, Stamp},
    world::World,
};

const BOTH: [Codec; 2] = [Codec::Opus, Codec::Vp8];

#[test]
fn on_a_perfect_network_every_packet_arrives_once_and_in_order() {
    let mut world = World::new(1, Link::PERFECT);
    let room = world.room();
    let (_, published) = world.publish(room, &BOTH);
    world.run_for(millis(500));
    let (viewer, _) = world.watch(room, &published);
    world.run_for(Duration::from_secs(5));
    world.check();
    for one in &published {
        let track = world.track(viewer, one.stamp);
        assert!(track.arrivals.len() > 200, "{} packets of {:?}", track.arrivals.len(), one.codec);
        for pair in track.arrivals.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        }
    }
}

#[test]
fn on_bad_networks_the_oracle_holds_and_lost_video_is_repaired() {
    for seed in 0..20 {
        let mut world = World::new(seed, Link::HOTEL);
        let room = world.room();
        let (one, of_one) = world.publish(room, &BOTH);
        let (_, of_other) = world.publish(room, &BOTH);
        let published: Vec<_> = of_one.iter().chain(&of_other).copied().collect();
        let (viewer, _) = world.watch(room, &published);
        world.watch(room, &of_one);
        world.run_for(Duration::from_secs(6));
        // 2,250 in six seconds, less those before everyone was connected and had a key frame.
        assert!(world.check() > 1_800, "seed {seed}");
        let video = world.track(viewer, of_one[1].stamp);
        let first = *video.seen.first().unwrap();
        // What was sent in the last half second may still be under repair.
        let settled = first..video.seen.last().unwrap() - 40;
        let missing = settled.clone().filter(|number| !video.seen.contains(number)).count();
        assert!(missing * 200 < settled.len(), "seed {seed}: {missing} missing of {settled:?}");
        assert!(video.retransmissions > 0, "seed {seed}: nothing was repaired by RTX");
        assert!(world.publisher(one).nacked > 0, "seed {seed}: nothing was asked for upstream");
    }
}

#[test]
fn rooms_stay_apart() {
    let mut world = World::new(3, Link::HOTEL);
    for _ in 0..3 {
        let room = world.room();
        let (_, published) = world.publish(room, &BOTH);
        world.watch(room, &published);
        world.watch(room, &published);
    }
    world.run_for(Duration::from_secs(4));
    // The oracle compares the room in every payload with the viewer's.
    assert!(world.check() > 1_500);
}

#[test]
fn a_late_viewer_gets_a_key_frame_at_once_and_the_publisher_is_not_flooded_with_requests() {
    let mut world = World::new(4, Link::PERFECT);
    let room = world.room();
    let (publisher, published) = world.publish(room, &[Codec::Vp8]);
    world.run_for(Duration::from_secs(2));
    let before = world.publisher(publisher).cameras[0].key_frames;
    let mut viewers = Vec::new();
    for _ in 0..20 {
        viewers.push(world.watch(room, &published).0);
    }
    let begun = world.now;
    world.run_for(Duration::from_secs(2));
    for viewer in viewers {
        let first = &world.track(viewer, published[0].stamp).arrivals[0];
        let waited = first.at - begun;
        assert!(waited < millis(700), "the first picture came after {waited:?}");
        assert!(Origin::read(&first.payload).is_key);
    }
    let asked = world.publisher(publisher).cameras[0].key_frames - before;
    assert!((1..=4).contains(&asked), "20 viewers cost {asked} key frames");
}

#[test]
fn a_muted_source_falls_silent_and_goes_on_without_a_gap_of_ours() {
    let mut world = World::new(5, Link::PERFECT);
    let room = world.room();
    let (_, published) = world.publish(room, &BOTH);
    let (viewer, _) = world.watch(room, &published);
    world.run_for(Duration::from_secs(1));
    for one in &published {
        world.command(Command::PauseProducer { producer_id: one.producer });
    }
    world.run_for(millis(100));
    let counts = |world: &World| {
        published.iter().map(|one| world.track(viewer, one.stamp).arrivals.len()).sum::<usize>()
    };
    let muted = counts(&world);
    world.run_for(Duration::from_secs(1));
    assert_eq!(counts(&world), muted);
    for one in &published {
        world.command(Command::ResumeProducer { producer_id: one.producer });
    }
    world.run_for(Duration::from_secs(1));
    assert!(counts(&world) > muted + 60);
    world.check();
    for one in &published {
        let arrivals = &world.track(viewer, one.stamp).arrivals;
        assert!(arrivals.windows(2).all(|p| p[1].sequence == p[0].sequence.wrapping_add(1)));
        let seconds = (arrivals.last().unwrap().at - arrivals[0].at).as_secs_f64();
        let ticks = arrivals.last().unwrap().timestamp.wrapping_sub(arrivals[0].timestamp);
        let clock = f64::from(ticks) / f64::from(one.codec.clock_rate());
        assert!((seconds - clock).abs() < 0.1, "{seconds} s passed, the media clock says {clock}");
    }
}

#[test]
fn lips_match_voice_by_the_sender_reports() {
    let mut world = World::new(6, Link::PERFECT);
    let room = world.room();
    let (_, published) = world.publish(room, &BOTH);
    world.run_for(millis(1_300));
    let (viewer, _) = world.watch(room, &published);
    world.run_for(Duration::from_secs(4));
    // The instant of capture that the last report gives to the last packet, on either clock.
    let capture = |stamp: Stamp, codec: Codec| {
        let track = world.track(viewer, stamp);
        let (_, ntp, rtp) = *track.reports.last().expect("a sender report came");
        let last = track.arrivals.last().unwrap();
        let since = f64::from(last.timestamp.wrapping_sub(rtp).cast_signed());
        let report = (ntp.0 >> 32) as f64 + (ntp.0 & 0xffff_ffff) as f64 / 4_294_967_296.0;
        (report + since / f64::from(codec.clock_rate()), last.at)
    };
    let (audio, audio_at) = capture(published[0].stamp, Codec::Opus);
    let (video, video_at) = capture(published[1].stamp, Codec::Vp8);
    let apart = video_at.duration_since(audio_at).as_secs_f64()
        - audio_at.duration_since(video_at).as_secs_f64();
    assert!((video - audio - apart).abs() < 0.045, "audio {audio} and video {video} part");
}

#[test]
fn publishers_get_transport_wide_feedback_and_reports() {
    let mut world = World::new(7, Link::PERFECT);
    let room = world.room();
    let (publisher, _) = world.publish(room, &BOTH);
    world.run_for(Duration::from_secs(3));
    let feedbacks = world.publisher(publisher).feedbacks;
    assert!((25..=70).contains(&feedbacks), "{feedbacks} feedbacks in three seconds");
}

#[test]
fn when_everyone_has_left_nothing_remains() {
    let mut world = World::new(8, Link::PERFECT);
    for _ in 0..50 {
        let room = world.room();
        let (_, published) = world.publish(room, &BOTH);
        world.watch(room, &published);
        world.run_for(millis(400));
        world.command(Command::CloseRouter { router_id: room });
        world.clients.iter_mut().for_each(|client| *client = crate::world::Client::Gone);
        world.run_for(millis(10));
        let statistics = world.worker.statistics();
        let left = [
            statistics.routers,
            statistics.transports,
            statistics.producers,
            statistics.consumers,
            statistics.demux_entries,
        ];
        assert_eq!(left, [0; 5]);
        world.watching.clear();
    }
}

#[test]
fn a_consumer_that_is_closed_frees_its_place_for_the_next() {
    let mut world = World::new(9, Link::PERFECT);
    let room = world.room();
    let (_, first) = world.publish(room, &[Codec::Vp8]);
    let (_, second) = world.publish(room, &[Codec::Vp8]);
    let (viewer, transport) = world.watch(room, &first);
    for round in 0..10 {
        world.run_for(millis(300));
        world.check();
        let gone = world.watching.pop().unwrap();
        world.command(Command::CloseConsumer { consumer_id: gone.consumer });
        let next = if round % 2 == 0 { &second } else { &first };
        world.watch_more(viewer, transport, next);
    }
    world.run_for(millis(600));
    assert!(world.check() > 20);
}
