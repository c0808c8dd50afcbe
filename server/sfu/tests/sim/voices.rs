//! Who is heard and said to speak, over whole legs.

use std::time::Duration;

use sfu::{
    Event,
    codec::Codec,
    router::MAX_HEARD,
    transport::rtcp::{reception::ReportBlock, write},
};
use shared::ids::ProducerId;

use crate::{
    clock::millis,
    network::Link,
    world::{Published, World},
};

/// Levels in -dBov.
const SPEECH: u8 = 30;
const SILENCE: u8 = 127;

/// A room of `people` with a microphone each that they do not use yet, and a viewer of all.
fn party(world: &mut World, people: usize) -> (Vec<usize>, Vec<Published>, usize) {
    let room = world.room();
    let (mut publishers, mut voices) = (Vec::new(), Vec::new());
    for _ in 0..people {
        let (publisher, published) = world.publish(room, &[Codec::Opus]);
        world.publisher(publisher).cameras[0].level = Some(SILENCE);
        publishers.push(publisher);
        voices.extend(published);
    }
    world.run_for(millis(500));
    let (viewer, _) = world.watch(room, &voices);
    world.run_for(Duration::from_secs(1));
    (publishers, voices, viewer)
}

fn speakers(world: &mut World) -> Vec<Vec<ProducerId>> {
    let events = std::mem::take(&mut world.events);
    let lists = events.into_iter().filter_map(|event| match event {
        Event::ActiveSpeakers { producers, .. } => Some(producers),
        _ => None,
    });
    lists.collect()
}

#[test]
fn a_viewer_of_a_big_room_receives_the_loudest_voices_from_their_first_packet_on() {
    let mut world = World::new(40, Link::PERFECT);
    let (publishers, voices, viewer) = party(&mut world, MAX_HEARD + 4);
    for turn in 0..3 * publishers.len() {
        let speaker = turn * 5 % publishers.len();
        let begun = world.publisher(publishers[speaker]).cameras[0].frames;
        let counts: Vec<_> =
            voices.iter().map(|one| world.track(viewer, one.stamp).arrivals.len()).collect();
        world.publisher(publishers[speaker]).cameras[0].level = Some(SPEECH);
        world.run_for(millis(1_500));
        let heard = voices.iter().zip(&counts).filter(|(one, before)| {
            // More than a last packet that was under way.
            world.track(viewer, one.stamp).arrivals.len() > **before + 2
        });
        assert!(heard.count() <= MAX_HEARD + 1, "one may have made room on the way");
        let said = world.publisher(publishers[speaker]).cameras[0].frames - begun;
        let received = world.track(viewer, voices[speaker].stamp).arrivals.len() - counts[speaker];
        assert!(received as u64 + 2 >= said, "{received} of {said} packets of the speaker");
        world.publisher(publishers[speaker]).cameras[0].level = Some(SILENCE);
        world.run_for(millis(500));
    }
    // No gap of ours, no time backwards.
    world.check();
}

#[test]
fn redundant_audio_reaches_those_who_lose_packets_and_others_get_it_plain() {
    let mut world = World::new(42, Link::PERFECT);
    let (publishers, voices, viewer) = party(&mut world, 2);
    world.publisher(publishers[0]).cameras[0].redundant = true;
    world.run_for(Duration::from_secs(2));
    assert_eq!(world.viewer(viewer).redundant, 0);
    // The viewer reports that it loses a tenth.
    let ssrc = world.ssrc(viewer, voices[0].stamp);
    let lossy = ReportBlock { ssrc, fraction_lost: 25, ..ReportBlock::default() };
    let mut report = Vec::new();
    write::receiver_report(&mut report, 1, &[lossy]);
    world.viewer(viewer).leg.seal_rtcp(&mut report);
    world.send_to_worker(viewer, vec![report]);
    world.run_for(Duration::from_secs(2));
    let redundant = world.viewer(viewer).redundant;
    assert!((95..=101).contains(&redundant), "{redundant}");
    // The newest frames are all there, each once, whatever was around them.
    world.check();
}

#[test]
fn a_link_that_loses_little_has_voices_protected_before_they_are_reported_on() {
    let mut world = World::new(44, Link { loss: 0.02, ..Link::PERFECT });
    let (publishers, _, viewer) = party(&mut world, 2);
    for publisher in &publishers {
        world.publisher(*publisher).cameras[0].redundant = true;
        world.publisher(*publisher).cameras[0].level = Some(SPEECH);
    }
    world.run_for(Duration::from_secs(3));
    let protected = world.viewer(viewer).redundant;
    assert!(protected > 200, "{protected} of 300");
    world.check();
}

#[test]
fn speakers_are_reported_as_they_come_and_go() {
    let mut world = World::new(41, Link::HOTEL);
    let (publishers, voices, _) = party(&mut world, 3);
    assert_eq!(speakers(&mut world), Vec::<Vec<ProducerId>>::new());
    for speaker in [0, 2, 1] {
        world.publisher(publishers[speaker]).cameras[0].level = Some(SPEECH);
        world.run_for(Duration::from_secs(3));
        world.publisher(publishers[speaker]).cameras[0].level = Some(SILENCE);
        world.run_for(Duration::from_secs(3));
        assert_eq!(speakers(&mut world), [vec![voices[speaker].producer], vec![]]);
    }
}

#[test]
fn of_more_cameras_than_one_viewer_is_sent_the_last_to_speak_are_seen() {
    const MOST: usize = 3;
    let mut world = World::with_cameras(45, Link::PERFECT, MOST);
    let room = world.room();
    let people: Vec<_> = (0..MOST + 3)
        .map(|_| {
            let (publisher, published) = world.publish(room, &[Codec::Opus, Codec::Vp8]);
            world.publisher(publisher).cameras[0].level = Some(SILENCE);
            (publisher, published)
        })
        .collect();
    world.run_for(millis(500));
    let all: Vec<_> = people.iter().flat_map(|(_, published)| published.clone()).collect();
    let (viewer, _) = world.watch(room, &all);
    world.run_for(Duration::from_secs(1));
    for turn in 0..2 * people.len() {
        let (publisher, _) = people[turn * 5 % people.len()];
        world.publisher(publisher).cameras[0].level = Some(SPEECH);
        world.run_for(Duration::from_secs(2));
        world.publisher(publisher).cameras[0].level = Some(SILENCE);
        world.run_for(Duration::from_secs(4));
        let count = |world: &mut World| -> Vec<usize> {
            let of = |(_, published): &(usize, Vec<Published>)| published[1].stamp;
            people.iter().map(|one| world.track(viewer, of(one)).arrivals.len()).collect()
        };
        let before = count(&mut world);
        world.run_for(Duration::from_secs(1));
        let after = count(&mut world);
        let mut seen: Vec<_> = (0..people.len()).filter(|at| after[*at] > before[*at]).collect();
        assert_eq!(seen.len(), MOST);
        let mut spoke: Vec<_> = (0..=turn).rev().map(|turn| turn * 5 % people.len()).collect();
        spoke.truncate(MOST);
        spoke.retain(|one| !seen.contains(one));
        seen.sort_unstable();
        assert_eq!(spoke, Vec::<usize>::new(), "of {seen:?} in turn {turn}");
    }
    // No picture without its key frame, no gap of ours.
    world.check();
}
