//! One's own devices: changed, lost, held to talk.

use shared::{media::Source, signaling::Request};

use super::world::World;
use crate::meeting::{
    effect::{Change, Effect},
    gear::Kind,
    notice::{DeviceError, Notice},
    own_voice::Hint,
    view::DeviceState,
};

#[test]
fn a_device_that_is_changed_goes_on_as_the_same_producer() {
    let mut world = World::new();
    world.settle();
    world.take_requests();
    world.take_effects();
    world.meeting.change_device(world.now, Source::Camera);
    world.settle();
    assert_eq!(world.take_requests(), [], "the others are told nothing");
    let effects = world.take_effects();
    assert_eq!(effects.first(), Some(&Effect::ChangeDevice(Source::Camera)));
    assert_eq!(world.meeting.view().camera, DeviceState::On);
    assert_eq!(world.meeting.view().notice, None);
}

#[test]
fn a_device_that_is_off_is_not_opened_by_choosing_it() {
    let mut world = World::with_devices(&[]);
    world.settle();
    world.take_effects();
    world.meeting.change_device(world.now, Source::Camera);
    world.settle();
    assert_eq!(world.take_effects(), []);
}

#[test]
fn whoever_chooses_twice_at_once_gets_what_they_chose_last() {
    let mut world = World::new();
    world.settle();
    world.take_effects();
    world.meeting.change_device(world.now, Source::Microphone);
    world.meeting.change_device(world.now, Source::Microphone);
    world.settle();
    let is_change = |effect: &&Effect| **effect == Effect::ChangeDevice(Source::Microphone);
    assert_eq!(world.take_effects().iter().filter(is_change).count(), 2, "one after the other");
}

#[test]
fn a_muted_microphone_that_is_changed_stays_muted() {
    let mut world = World::new();
    world.settle();
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.settle();
    world.take_requests();
    world.meeting.change_device(world.now, Source::Microphone);
    world.settle();
    let last = world.take_effects().pop();
    let muted = Effect::EnableDevice { source: Source::Microphone, on: false };
    assert_eq!(last, Some(muted));
    assert_eq!(world.take_requests(), []);
}

#[test]
fn a_camera_turned_off_while_it_is_changed_is_closed_whatever_comes() {
    let mut world = World::new();
    world.settle();
    world.meeting.change_device(world.now, Source::Camera);
    world.meeting.set_live(world.now, Source::Camera, false);
    world.settle();
    let last = world.take_effects().pop();
    assert_eq!(last, Some(Effect::CloseDevice(Source::Camera)), "it came after it was turned off");
    assert_eq!(world.meeting.view().camera, DeviceState::Off);
}

#[test]
fn a_choice_that_cannot_be_opened_is_said_and_what_was_open_goes_on() {
    let mut world = World::new();
    world.settle();
    world.take_requests();
    world.change = Change::Kept(DeviceError::Busy);
    world.meeting.change_device(world.now, Source::Camera);
    world.settle();
    assert_eq!(world.meeting.view().notice, Some(Notice::Device(DeviceError::Busy)));
    assert_eq!(world.meeting.view().camera, DeviceState::On);
    assert_eq!(world.take_requests(), []);
}

#[test]
fn a_device_that_is_unplugged_is_replaced_by_another_and_that_is_said() {
    let mut world = World::new();
    world.settle();
    world.take_requests();
    world.meeting.handle_device_lost(world.now, Source::Microphone);
    world.settle();
    let replaced = Notice::DeviceReplaced(Kind::Microphone);
    assert_eq!(world.meeting.view().notice, Some(replaced));
    assert_eq!(world.meeting.view().microphone, DeviceState::On);
    assert_eq!(world.take_requests(), []);
}

fn mutes(world: &mut World) -> Vec<bool> {
    let requests = world.take_requests();
    let paused = |request: &Request| match request {
        Request::PauseProducer(_) => Some(true),
        Request::ResumeProducer(_) => Some(false),
        _ => None,
    };
    requests.iter().filter_map(paused).collect()
}

#[test]
fn whoever_is_muted_is_heard_while_they_hold_the_key() {
    let mut world = World::new();
    world.settle();
    world.meeting.hold_to_talk(world.now, true);
    assert!(!world.meeting.holds_to_talk(), "whoever is heard has no use for it");
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.settle();
    world.take_requests();

    world.meeting.hold_to_talk(world.now, true);
    world.settle();
    assert!(world.meeting.view().holds_to_talk);
    assert_eq!(mutes(&mut world), [false]);
    world.meeting.hold_to_talk(world.now, false);
    world.settle();
    assert_eq!(mutes(&mut world), [true]);
    assert_eq!(world.meeting.view().microphone, DeviceState::Off);
}

#[test]
fn whoever_unmutes_while_holding_the_key_stays_heard() {
    let mut world = World::new();
    world.settle();
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.meeting.hold_to_talk(world.now, true);
    world.meeting.set_live(world.now, Source::Microphone, true);
    world.meeting.hold_to_talk(world.now, false);
    world.settle();
    assert_eq!(world.meeting.view().microphone, DeviceState::On);
}

#[test]
fn without_a_microphone_the_key_does_nothing() {
    let mut world = World::with_devices(&[]);
    world.settle();
    world.take_effects();
    world.meeting.hold_to_talk(world.now, true);
    world.settle();
    assert!(!world.meeting.holds_to_talk());
    assert_eq!(world.take_effects(), []);
}

#[test]
fn what_is_noticed_of_the_microphone_is_said_while_it_is_so() {
    let mut world = World::new();
    world.settle();
    world.meeting.handle_hint(world.now, Hint::Silent);
    assert_eq!(world.meeting.view().notice, Some(Notice::MicSilent));
    world.meeting.handle_hint(world.now, Hint::NotSilent);
    assert_eq!(world.meeting.view().notice, None);

    world.meeting.set_live(world.now, Source::Microphone, false);
    world.meeting.handle_hint(world.now, Hint::SpeaksMuted);
    assert_eq!(world.meeting.view().notice, Some(Notice::SpeaksMuted));
    world.meeting.set_live(world.now, Source::Microphone, true);
    assert_eq!(world.meeting.view().notice, None, "they heard it");
}
