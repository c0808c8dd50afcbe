//! A server that is too busy for what it is asked, for a while.

use std::time::Duration;

use shared::{error::ErrorCode, media::Source, signaling::Request};

use super::world::{Refusal, World, count, participant};
use crate::meeting::view::DeviceState;

/// Enough to have been asked `times` times, with what waits between them.
fn refuse(world: &mut World, fits: fn(&Request) -> bool, times: usize) {
    world.refusals.extend(std::iter::repeat_n::<Refusal>((fits, ErrorCode::ServerBusy), times));
}

const fn is_produce(request: &Request) -> bool {
    matches!(request, Request::Produce(_))
}

const fn is_consume(request: &Request) -> bool {
    matches!(request, Request::Consume(_))
}

const fn is_resume(request: &Request) -> bool {
    matches!(request, Request::ResumeConsumer(_))
}

const fn is_unmute(request: &Request) -> bool {
    matches!(request, Request::ResumeProducer(_))
}

#[test]
fn what_it_was_too_busy_to_publish_is_published_later() {
    let mut world = World::new();
    refuse(&mut world, is_produce, 5);
    world.settle();
    assert_eq!(count(&world.take_requests(), is_produce), 2, "not at once again");
    world.run(Duration::from_secs(10));
    let mut sources: Vec<_> = world.own.iter().map(|own| own.producer.source).collect();
    sources.sort();
    assert_eq!(sources, [Source::Microphone, Source::Camera]);
    assert_eq!(count(&world.take_requests(), is_produce), 5);
}

#[test]
fn what_it_was_too_busy_to_send_is_received_later() {
    let mut world = World::with_devices(&[]);
    world.others = vec![participant(1, &[(11, Source::Camera), (12, Source::Microphone)])];
    refuse(&mut world, is_consume, 3);
    world.settle();
    assert_eq!(world.meeting.received().count(), 0);
    world.run(Duration::from_secs(5));
    assert_eq!(world.meeting.received().count(), 2);
    assert_eq!(count(&world.take_requests(), is_consume), 5);
}

#[test]
fn what_it_was_too_busy_to_let_flow_flows_later() {
    let mut world = World::with_devices(&[]);
    world.others = vec![participant(1, &[(11, Source::Camera)])];
    refuse(&mut world, is_resume, 2);
    world.run(Duration::from_secs(5));
    assert_eq!(world.meeting.received().count(), 1);
    assert_eq!(count(&world.take_requests(), is_resume), 3);
}

#[test]
fn who_unmutes_is_heard_later() {
    let mut world = World::new();
    world.settle();
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.settle();
    refuse(&mut world, is_unmute, 2);
    world.meeting.set_live(world.now, Source::Microphone, true);
    world.run(Duration::from_secs(5));
    assert_eq!(world.meeting.view().microphone, DeviceState::On);
    assert!(world.own.iter().all(|own| !own.producer.paused));
}

#[test]
fn a_server_that_stays_busy_is_asked_rarely() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Camera)])];
    refuse(&mut world, is_produce, 1000);
    refuse(&mut world, is_consume, 1000);
    world.run(Duration::from_secs(300));
    let requests = world.take_requests();
    let (produced, consumed) = (count(&requests, is_produce), count(&requests, is_consume));
    assert!((40..=60).contains(&produced), "{produced}: two each time");
    assert!((20..=30).contains(&consumed), "{consumed}");
}
