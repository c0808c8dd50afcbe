//! What is seen, what is wanted, who speaks.

use std::time::Duration;

use shared::{
    error::ErrorCode,
    ids::{ConsumerId, ProducerId},
    media::{Layer, Source, Viewing},
    signaling::{
        ActiveSpeakers, ConsumerLayer, Event, LayersWanted, MaxBitrate, ProducerRef, Request,
    },
};

use super::world::{Server, World, participant, participant_id};
use crate::meeting::{
    effect::Effect,
    encoding::Content,
    notice::{DeviceError, Notice},
    view::{DeviceState, Hindrance, ScreenView, TileKey, TileView},
};

const SIZE: (u16, u16) = (640, 360);
const HELD_BACK: Option<Hindrance> = Some(Hindrance::HeldBack);
const TOP: Option<Layer> = Some(Layer { spatial: 2, temporal: 2 });

fn tile(number: u8) -> TileKey {
    TileKey::Other(participant_id(number))
}

/// One person with others, each with a camera and a tile of [`SIZE`].
fn watching(others: u8) -> World {
    let mut world = World::new();
    world.others =
        (1..=others).map(|n| participant(n, &[(u64::from(n), Source::Camera)])).collect();
    for number in 1..=others {
        world.meeting.handle_size(world.now, tile(number), Some(SIZE));
    }
    world.settle();
    world
}

/// What the server was told since the last call: one list for each request.
fn told(world: &mut World) -> Vec<Vec<(ConsumerId, u16, u16)>> {
    let requests = world.take_requests().into_iter();
    let told = requests.filter_map(|request| match request {
        Request::SetPreferredLayers(preferred) => Some(preferred.consumers),
        _ => None,
    });
    told.map(|consumers| {
        let size = |Viewing { width, height, .. }: Viewing| (width, height);
        consumers
            .into_iter()
            .map(|it| (it.consumer_id, size(it.viewing).0, size(it.viewing).1))
            .collect()
    })
    .collect()
}

fn forwarded(world: &mut World, consumer_id: ConsumerId, layer: Option<Layer>) {
    world.event(Event::ConsumerLayer(ConsumerLayer { consumer_id, layer }));
}

fn other(world: &World, number: u8) -> TileView {
    let view = world.meeting.view();
    view.tiles.into_iter().find(|it| it.key == tile(number)).expect("a tile")
}

fn encoded(world: &mut World) -> Vec<(Source, u32, Option<Vec<u8>>)> {
    let effects = world.take_effects().into_iter();
    effects
        .filter_map(|effect| match effect {
            Effect::Encode { source, max_bitrate, wanted, .. } => {
                Some((source, max_bitrate, wanted))
            }
            _ => None,
        })
        .collect()
}

/// The producer of one's own camera, as the scripted server numbered it.
fn own_camera(world: &World) -> ProducerId {
    let asked = |source| {
        move |effect: &Effect| {
            matches!(effect, Effect::Send(message)
                if matches!(&message.request, Request::Produce(it) if it.source == source))
        }
    };
    let before_camera: u64 = world
        .effects
        .iter()
        .take_while(|effect| !asked(Source::Camera)(effect))
        .filter(|effect| matches!(effect, Effect::Send(_)))
        .count()
        .try_into()
        .expect("few");
    // The first number the server gives is 101.
    ProducerId(100 + before_camera + 1)
}

#[test]
fn the_server_is_told_how_large_everyone_is_in_one_message_before_anything_flows() {
    let mut world = watching(3);
    let requests: Vec<Request> = world.requests.iter().map(|it| it.request.clone()).collect();
    let first_flow = requests.iter().position(|it| matches!(it, Request::ResumeConsumer(_)));
    let telling = requests.iter().position(|it| matches!(it, Request::SetPreferredLayers(_)));
    assert!(telling < first_flow, "{requests:?}");
    let told = told(&mut world);
    assert_eq!(told.len(), 1);
    assert!(told[0].iter().all(|(_, width, height)| (*width, *height) == SIZE));
    assert_eq!(told[0].len(), 3);
}

#[test]
fn changes_are_gathered_for_a_moment() {
    let mut world = watching(2);
    told(&mut world);
    for width in 300..310 {
        world.meeting.handle_size(world.now, tile(1), Some((width, 200)));
        world.run(Duration::from_millis(10));
    }
    world.meeting.handle_size(world.now, tile(2), Some((100, 100)));
    assert!(told(&mut world).is_empty());
    world.run(Duration::from_millis(150));
    let told = told(&mut world);
    let sizes: Vec<_> = told[0].iter().map(|(_, width, height)| (*width, *height)).collect();
    assert_eq!((told.len(), &sizes[..]), (1, &[(309, 200), (100, 100)][..]));
}

#[test]
fn what_changes_back_at_once_is_not_told() {
    let mut world = watching(1);
    told(&mut world);
    world.meeting.handle_size(world.now, tile(1), Some((0, 0)));
    world.meeting.handle_size(world.now, tile(1), Some(SIZE));
    world.run(Duration::from_secs(1));
    assert!(told(&mut world).is_empty());
}

#[test]
fn what_is_pinned_goes_before_the_others() {
    let mut world = watching(2);
    told(&mut world);
    let pinned = |world: &mut World| {
        world.run(Duration::from_secs(1));
        let requests = world.take_requests().into_iter();
        let told = requests.filter_map(|request| match request {
            Request::SetPreferredLayers(preferred) => Some(preferred.consumers),
            _ => None,
        });
        told.flatten().map(|it| it.viewing.pinned).collect::<Vec<_>>()
    };
    world.meeting.handle_pins(world.now, vec![tile(2)]);
    assert_eq!(pinned(&mut world), [true]);
    world.meeting.handle_pins(world.now, vec![tile(1)]);
    assert_eq!(pinned(&mut world), [true, false], "the one in the other's place");
    world.meeting.handle_pins(world.now, Vec::new());
    assert_eq!(pinned(&mut world), [false]);
}

#[test]
fn a_hidden_page_sees_nothing() {
    let mut world = watching(2);
    told(&mut world);
    world.meeting.handle_page_hidden(world.now, true);
    world.run(Duration::from_secs(1));
    let hidden = told(&mut world);
    assert!(hidden[0].iter().all(|(_, width, height)| (*width, *height) == (0, 0)));
    world.meeting.handle_page_hidden(world.now, false);
    world.run(Duration::from_secs(1));
    let shown = told(&mut world);
    assert!(shown[0].iter().all(|(_, width, height)| (*width, *height) == SIZE));
}

#[test]
fn of_a_hidden_page_the_picture_that_floats_is_still_seen() {
    let mut world = watching(2);
    told(&mut world);
    world.meeting.handle_floating(world.now, Some(tile(2)));
    world.meeting.handle_page_hidden(world.now, true);
    world.run(Duration::from_secs(1));
    let hidden = told(&mut world);
    let sizes: Vec<_> = hidden[0].iter().map(|(_, width, height)| (*width, *height)).collect();
    assert_eq!(sizes, [(0, 0)], "the other one is told of, and this one stays as it was");
    world.meeting.handle_floating(world.now, None);
    world.run(Duration::from_secs(1));
    assert!(told(&mut world)[0].iter().all(|(_, width, height)| (*width, *height) == (0, 0)));
}

#[test]
fn who_wants_the_largest_picture_only_is_sent_that_one_and_later_all_again() {
    let mut world = watching(3);
    world.meeting.handle_size(world.now, tile(2), Some((1280, 720)));
    world.run(Duration::from_secs(1));
    told(&mut world);
    world.meeting.set_thrifty(world.now, true);
    world.run(Duration::from_secs(1));
    let sizes = |told: &[(ConsumerId, u16, u16)]| {
        told.iter().map(|(_, width, height)| (*width, *height)).collect::<Vec<_>>()
    };
    assert_eq!(sizes(&told(&mut world)[0]), [(0, 0); 2], "the largest stays as it was");
    assert!(other(&world, 1).hindrance == HELD_BACK && other(&world, 2).hindrance.is_none());
    assert_eq!(world.meeting.view().notice, Some(Notice::Thrifty));
    world.meeting.set_thrifty(world.now, false);
    world.run(Duration::from_secs(1));
    assert_eq!(sizes(&told(&mut world)[0]), [SIZE; 2]);
    assert!(other(&world, 1).hindrance.is_none());
    assert_eq!(world.meeting.view().notice, None);
}

#[test]
fn a_screen_is_encoded_for_what_it_shows_and_a_camera_is_not() {
    let mut world = World::new();
    world.settle();
    world.meeting.set_live(world.now, Source::Screen, true);
    world.meeting.handle_device(world.now, Source::Screen, Ok(()));
    world.run(Duration::from_secs(2));
    world.take_effects();
    world.meeting.set_screen_content(world.now, Content::Motion);
    world.settle();
    let contents: Vec<_> = world
        .take_effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Encode { source, content, .. } => Some((source, content)),
            _ => None,
        })
        .collect();
    assert_eq!(contents, [(Source::Screen, Content::Motion)]);
    assert_eq!(world.meeting.view().screen_content, Content::Motion);
}

#[test]
fn after_a_reconnect_everything_is_told_again() {
    let mut world = watching(2);
    let before = told(&mut world);
    world.close(1006);
    world.run(Duration::from_secs(5));
    assert_eq!(told(&mut world), before, "its consumers go on");
    world.kill_server();
    world.server = Server::Up;
    world.run(Duration::from_secs(5));
    let after = told(&mut world);
    assert_eq!((after.len(), after[0].len()), (1, 2));
    assert_ne!(before[0][0].0, after[0][0].0, "its consumers are new");
}

#[test]
fn what_the_server_did_not_hear_is_told_again_later() {
    let mut world = watching(1);
    told(&mut world);
    let is_telling = |request: &Request| matches!(request, Request::SetPreferredLayers(_));
    world.refusals.push((is_telling, ErrorCode::ConsumerNotFound));
    world.meeting.handle_size(world.now, tile(1), Some((10, 10)));
    world.run(Duration::from_millis(900));
    assert_eq!(told(&mut world).len(), 1);
    world.run(Duration::from_millis(900));
    assert_eq!(told(&mut world).len(), 1);
    world.run(Duration::from_secs(10));
    assert!(told(&mut world).is_empty());
}

#[test]
fn a_picture_that_the_path_is_too_narrow_for_is_said_to_be_paused() {
    let mut world = watching(1);
    let consumer = told(&mut world)[0][0].0;
    forwarded(&mut world, consumer, TOP);
    forwarded(&mut world, consumer, None);
    world.run(Duration::from_millis(1900));
    assert!(other(&world, 1).hindrance.is_none(), "switching takes a moment");
    world.run(Duration::from_millis(200));
    assert!(other(&world, 1).hindrance == HELD_BACK);
    forwarded(&mut world, consumer, TOP);
    assert!(other(&world, 1).hindrance.is_none());
}

#[test]
fn what_is_hidden_or_turned_off_is_not_held_back() {
    let mut world = watching(1);
    let consumer = told(&mut world)[0][0].0;
    world.meeting.handle_size(world.now, tile(1), Some((0, 0)));
    forwarded(&mut world, consumer, None);
    world.run(Duration::from_secs(5));
    assert!(other(&world, 1).hindrance.is_none());
    world.meeting.handle_size(world.now, tile(1), Some(SIZE));
    world.event(Event::ProducerPaused(ProducerRef { producer_id: ProducerId(1) }));
    world.run(Duration::from_secs(5));
    assert!(other(&world, 1).hindrance.is_none());
    world.event(Event::ProducerResumed(ProducerRef { producer_id: ProducerId(1) }));
    assert!(other(&world, 1).hindrance.is_none(), "it has just been turned on");
    world.run(Duration::from_secs(5));
    assert!(other(&world, 1).hindrance == HELD_BACK);
}

#[test]
fn who_speaks_is_shown_until_they_are_silent() {
    let mut world = watching(2);
    let speaking = |world: &World| -> Vec<bool> {
        world.meeting.view().tiles.iter().map(|tile| tile.is_speaking).collect()
    };
    let participant_ids = vec![participant_id(2), participant_id(0)];
    world.event(Event::ActiveSpeakers(ActiveSpeakers { participant_ids }));
    assert_eq!(speaking(&world), [true, false, true], "oneself among them");
    world.event(Event::ActiveSpeakers(ActiveSpeakers::default()));
    assert_eq!(speaking(&world), [false; 3]);
}

#[test]
fn layers_that_nobody_receives_are_not_sent() {
    let mut world = World::new();
    world.settle();
    let producer_id = own_camera(&world);
    assert!(encoded(&mut world).is_empty(), "the offer said it already");
    for layers in [vec![], vec![], vec![0, 2]] {
        world.event(Event::LayersWanted(LayersWanted { producer_id, layers }));
    }
    let camera = |wanted: &[u8]| (Source::Camera, 1_000_000, Some(wanted.to_vec()));
    assert_eq!(encoded(&mut world), [camera(&[]), camera(&[0, 2])]);
    let producer_id = ProducerId(9_999);
    world.event(Event::LayersWanted(LayersWanted { producer_id, layers: vec![1] }));
    assert!(encoded(&mut world).is_empty(), "of no producer here");
}

#[test]
fn a_bit_rate_is_obeyed_at_once_and_from_the_next_offer_on() {
    let mut world = World::new();
    world.settle();
    world.take_effects();
    world.event(Event::MaxBitrate(MaxBitrate { max_video_bitrate: 300_000 }));
    assert_eq!(encoded(&mut world), [(Source::Camera, 300_000, None)]);
    world.meeting.set_live(world.now, Source::Screen, true);
    world.settle();
    let effects = world.take_effects();
    let is_offer = |it: &Effect| matches!(it, Effect::Offer { max_video_bitrate: 300_000, .. });
    assert!(effects.iter().any(is_offer), "{effects:?}");
}

#[test]
fn a_screen_is_shared_with_its_sound_and_both_end_together() {
    let mut world = World::new();
    world.settle();
    world.take_requests();
    world.meeting.set_live(world.now, Source::Screen, true);
    world.settle();
    world.meeting.handle_device(world.now, Source::ScreenAudio, Ok(()));
    world.settle();
    assert_eq!(world.meeting.view().screen, DeviceState::On);
    let produced = |it: &Request| match it {
        Request::Produce(produce) => Some(produce.source),
        _ => None,
    };
    let sources: Vec<Source> = world.take_requests().iter().filter_map(produced).collect();
    assert_eq!(sources, [Source::Screen, Source::ScreenAudio]);
    world.take_effects();
    world.meeting.handle_device_lost(world.now, Source::Screen);
    world.settle();
    let effects = world.take_effects();
    for source in [Source::Screen, Source::ScreenAudio] {
        assert!(effects.contains(&Effect::CloseDevice(source)), "{source:?}");
    }
    let paused = |it: &Request| matches!(it, Request::PauseProducer(_));
    assert_eq!(world.take_requests().iter().filter(|it| paused(it)).count(), 2);
    assert_eq!(world.meeting.view().notice, None, "one stopped it oneself");
}

#[test]
fn a_screen_that_is_not_wanted_any_more_when_it_opens_is_closed_with_its_sound() {
    let mut world = World::new();
    world.settle();
    world.meeting.set_live(world.now, Source::Screen, true);
    while world.meeting.poll_effect().is_some() {}
    world.meeting.set_live(world.now, Source::Screen, false);
    for source in [Source::Screen, Source::ScreenAudio] {
        world.meeting.handle_device(world.now, source, Ok(()));
        world.settle();
        assert!(world.take_effects().contains(&Effect::CloseDevice(source)), "{source:?}");
    }
}

#[test]
fn whoever_chooses_no_screen_shares_none_and_is_told_nothing() {
    let mut world = World::new();
    world.settle();
    world.meeting.set_live(world.now, Source::Screen, true);
    while world.meeting.poll_effect().is_some() {}
    world.meeting.handle_device(world.now, Source::Screen, Err(DeviceError::Denied));
    assert_eq!(world.meeting.view().screen, DeviceState::Off);
    assert_eq!(world.meeting.view().notice, None);
}

#[test]
fn a_shared_screen_has_a_tile_of_its_own() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(1, Source::Camera), (2, Source::Screen)])];
    world.settle();
    let key = TileKey::Screen(participant_id(1));
    let name = "Guest 1".to_owned();
    let screen = ScreenView { key: key.clone(), name, hindrance: None };
    assert_eq!(world.meeting.view().screens, [screen]);
    let tiles: Vec<TileKey> = world.meeting.received().map(|it| it.tile).collect();
    assert_eq!(tiles, [tile(1), key]);
    world.event(Event::ProducerPaused(ProducerRef { producer_id: ProducerId(2) }));
    assert_eq!(world.meeting.view().screens, []);
}
