//! What hosts do to someone whose connection is lost, who hears of it on their return.

use std::time::Duration;

use shared::{error::ErrorCode, ids::ProducerId, media::Source, signaling::Request};

use super::world::{Server, World, count, participant, start};
use crate::meeting::{Start, effect::Effect, hosted::Hosted, view::DeviceState};

/// Someone who has sent for a while, and shares a screen.
fn inside() -> World {
    let mut world = World::new();
    world.others = vec![participant(1, &[])];
    world.run(Duration::from_secs(5));
    world.meeting.set_live(world.now, Source::Screen, true);
    world.run(Duration::from_secs(5));
    world.take_requests();
    world.take_effects();
    world
}

/// The connection is lost, `host` does something at the server, and the connection is back.
fn meanwhile(world: &mut World, host: impl FnOnce(&mut World)) {
    let socket = world.socket;
    world.close(1006);
    host(world);
    world.run(Duration::from_secs(1));
    assert_ne!(world.socket, socket);
    assert!(world.socket.is_some(), "it is back");
}

/// What of this person's own the server forwards.
fn live(world: &World) -> Vec<Source> {
    let live = world.own.iter().filter(|own| !own.producer.paused);
    let mut sources: Vec<Source> = live.map(|own| own.producer.source).collect();
    sources.sort();
    sources
}

fn muted_by_someone() -> Option<Hosted> {
    Some(Hosted::Muted(String::new()))
}

const fn is_pause(request: &Request) -> bool {
    matches!(request, Request::PauseProducer(_) | Request::ResumeProducer(_))
}

const fn is_produce(request: &Request) -> bool {
    matches!(request, Request::Produce(_))
}

#[test]
fn who_was_muted_while_away_is_muted_and_told() {
    let mut world = inside();
    meanwhile(&mut world, |world| world.pause_by_host(Source::Microphone));
    let view = world.meeting.view();
    assert_eq!((view.microphone, view.camera), (DeviceState::Off, DeviceState::On));
    assert_eq!(view.company.hosted, muted_by_someone());
    let silent = Effect::EnableDevice { source: Source::Microphone, on: false };
    assert!(world.take_effects().contains(&silent));
    assert_eq!(count(&world.take_requests(), is_pause), 0);
    world.meeting.set_live(world.now, Source::Microphone, true);
    world.settle();
    assert_eq!(count(&world.take_requests(), is_pause), 1, "and may unmute");
}

#[test]
fn a_camera_that_was_turned_off_while_away_is_off() {
    let mut world = inside();
    meanwhile(&mut world, |world| world.pause_by_host(Source::Camera));
    let view = world.meeting.view();
    assert_eq!((view.microphone, view.camera), (DeviceState::On, DeviceState::Off));
    assert_eq!(view.company.hosted, Some(Hosted::VideoStopped(String::new())));
    assert!(world.take_effects().contains(&Effect::CloseDevice(Source::Camera)));
}

#[test]
fn a_share_that_was_stopped_while_away_is_over_and_can_be_started_again() {
    let mut world = inside();
    meanwhile(&mut world, |world| {
        world.own.retain(|own| own.producer.source != Source::Screen);
    });
    let view = world.meeting.view();
    assert_eq!(view.screen, DeviceState::Off);
    assert_eq!(view.company.hosted, Some(Hosted::ShareStopped(String::new())));
    world.take_requests();
    world.meeting.set_live(world.now, Source::Screen, true);
    world.run(Duration::from_secs(3));
    assert_eq!(count(&world.take_requests(), is_produce), 1);
}

#[test]
fn who_muted_oneself_is_told_of_no_host_and_may_have_unmuted_while_away() {
    let mut world = inside();
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.settle();
    meanwhile(&mut world, |_| {});
    assert_eq!(world.meeting.view().company.hosted, None);
    world.close(1006);
    world.meeting.set_live(world.now, Source::Microphone, true);
    world.run(Duration::from_secs(1));
    let view = world.meeting.view();
    assert_eq!((view.microphone, view.company.hosted), (DeviceState::On, None));
}

#[test]
fn who_unmuted_when_the_connection_was_lost_is_not_taken_for_muted() {
    let mut world = inside();
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.settle();
    // It is on its way, and never comes.
    world.lost_socket = world.socket;
    world.meeting.set_live(world.now, Source::Microphone, true);
    world.settle();
    meanwhile(&mut world, |_| {});
    let view = world.meeting.view();
    assert_eq!((view.microphone, view.company.hosted), (DeviceState::On, None));
    assert_eq!(live(&world), [Source::Microphone, Source::Camera, Source::Screen]);
}

#[test]
fn who_was_muted_before_hearing_that_one_is_published_is_muted() {
    let mut world = World::new();
    world.refusals.extend([(is_produce as fn(&Request) -> bool, ErrorCode::ServerBusy); 2]);
    world.settle();
    world.server = Server::Silent;
    world.run(Duration::from_secs(5));
    let asked = world.take_requests().into_iter().find_map(|request| match request {
        Request::Produce(produce) if produce.source == Source::Microphone => Some(produce),
        _ => None,
    });
    // It was done; the answer is lost with the socket.
    world.produce(ProducerId(900), &asked.expect("it was asked for again"));
    world.server = Server::Up;
    meanwhile(&mut world, |world| world.pause_by_host(Source::Microphone));
    let view = world.meeting.view();
    assert_eq!((view.microphone, view.company.hosted), (DeviceState::Off, muted_by_someone()));
    assert_eq!(live(&world), [Source::Camera]);
}

#[test]
fn who_was_muted_and_loads_the_page_anew_comes_back_muted() {
    let mut world = inside();
    world.pause_by_host(Source::Microphone);
    let before = world.own.clone();
    let start = start(&[Source::Microphone]);
    let kept = Some(start.intent.return_by("a ticket".to_owned()));
    let mut world = World::starting(Start { kept, ..start });
    world.own = before;
    world.settle();
    let view = world.meeting.view();
    assert_eq!((view.microphone, view.company.hosted), (DeviceState::Off, muted_by_someone()));
    assert_eq!(live(&world), [], "nothing is heard for a moment");
}

#[test]
fn who_had_muted_oneself_and_comes_by_the_door_with_an_open_microphone_is_heard() {
    let mut world = inside();
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.settle();
    let before = world.own.clone();
    let start = start(&[Source::Microphone]);
    let kept = Some(start.intent.return_by("a ticket".to_owned()));
    let mut world = World::starting(Start { kept, ..start });
    world.own = before;
    world.settle();
    assert_eq!(world.meeting.view().company.hosted, None);
    assert_eq!(live(&world), [Source::Microphone]);
}

#[test]
fn media_that_ended_by_itself_is_no_hosts_doing() {
    let mut world = inside();
    world.kill_server();
    world.server = Server::Up;
    world.run(Duration::from_secs(3));
    let view = world.meeting.view();
    assert_eq!((view.microphone, view.camera), (DeviceState::On, DeviceState::On));
    assert_eq!((view.screen, view.company.hosted), (DeviceState::On, None));
    assert_eq!(count(&world.take_requests(), is_produce), 3);
}

#[test]
fn a_producer_that_is_not_there_any_more_is_published_again_when_it_is_wanted() {
    let mut world = inside();
    let refusal = (is_pause as fn(&Request) -> bool, ErrorCode::ProducerNotFound);
    world.refusals.push(refusal);
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.settle();
    world.take_requests();
    world.own.retain(|own| own.producer.source != Source::Microphone);
    world.meeting.set_live(world.now, Source::Microphone, true);
    world.settle();
    let requests = world.take_requests();
    assert_eq!((count(&requests, is_produce), count(&requests, is_pause)), (1, 0));
}
