//! What participants are told of bit rates, layers and speakers.

use std::net::SocketAddr;

use shared::{media::Layer, signaling::SetMaxBitrate};

use super::*;
use crate::rooms::room::LimitError;

const LAYERS: &str =
    r#"{"event":"layersWanted","data":{"producerId":"producer-5","layers":[0,2]}}"#;

/// Two participants, of whom the first is the host.
fn host_and_guest() -> (World, [Socket; 2]) {
    let (mut world, sockets) = World::with::<2>();
    world.room.members[0].role = Role::Host;
    (world, sockets)
}

fn limit(whom: Option<u8>, max_video_bitrate: u32) -> SetMaxBitrate {
    SetMaxBitrate { participant_id: whom.map(id), max_video_bitrate }
}

#[test]
fn a_host_limits_everyone_and_who_comes_later() {
    let (mut world, [host, guest]) = host_and_guest();
    world.publish(&guest, 5, Source::Camera);
    host.events();
    let videos = world.room.limit_video(&host.seat, &limit(None, 500_000));
    assert_eq!(videos, Ok(vec![ProducerId(5)]));
    assert_eq!(host.events(), ["maxBitrate 500000"]);
    assert_eq!(guest.events(), ["maxBitrate 500000"]);
    assert_eq!(world.room.max_video_bitrate(&id(9)), 500_000, "of whoever comes");
    assert_eq!(world.room.record().max_video_bitrate, Some(500_000));
    assert_eq!(world.room.limit_of(ProducerId(5)), Some(500_000));
}

#[test]
fn a_host_limits_one_until_everyone_is_limited() {
    let (mut world, [host, guest]) = host_and_guest();
    world.publish(&guest, 5, Source::Camera);
    host.events();
    world.room.limit_video(&host.seat, &limit(Some(1), 2_000_000)).unwrap();
    assert_eq!(guest.events(), ["maxBitrate 2000000"]);
    assert_eq!(host.events(), Vec::<String>::new());
    assert_eq!(world.room.limit_of(ProducerId(5)), Some(2_000_000));
    assert_eq!(world.room.max_video_bitrate(&id(0)), SETTINGS.max_video_bitrate);
    // It stays with the place.
    world.enter(&id(1));
    assert_eq!(world.room.max_video_bitrate(&id(1)), 2_000_000);
    world.room.limit_video(&host.seat, &limit(None, 300_000)).unwrap();
    assert_eq!(world.room.max_video_bitrate(&id(1)), 300_000);
}

#[test]
fn limits_are_for_hosts_and_have_limits_themselves() {
    let (mut world, [host, guest]) = host_and_guest();
    let mut refused = |seat: &Seat, limit| world.room.limit_video(seat, &limit).unwrap_err();
    let forbidden = LimitError::Refused(ErrorCode::Forbidden);
    assert_eq!(refused(&guest.seat, limit(None, 500_000)), forbidden);
    for bitrate in [0, 49_999, 50_000_001, u32::MAX] {
        assert_eq!(refused(&host.seat, limit(None, bitrate)), LimitError::OutOfBounds);
    }
    assert_eq!(refused(&host.seat, limit(Some(7), 500_000)), LimitError::NoSuchParticipant);
    assert_eq!(world.room.max_video_bitrate(&id(0)), SETTINGS.max_video_bitrate);
    assert_eq!(guest.events(), Vec::<String>::new());
}

#[test]
fn sound_has_no_limit() {
    let (mut world, [host, _]) = host_and_guest();
    world.publish(&host, 5, Source::Microphone);
    assert_eq!(world.room.limit_of(ProducerId(5)), None);
    assert_eq!(world.room.limit_video(&host.seat, &limit(None, 500_000)), Ok(vec![]));
}

#[test]
fn what_is_wanted_is_told_to_its_publisher_alone() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    second.events();
    world.room.handle_layers_wanted(ProducerId(5), vec![0, 2]);
    assert_eq!(first.outbox.take_message().as_deref(), Some(LAYERS));
    assert_eq!(second.events(), Vec::<String>::new());
}

#[test]
fn what_is_wanted_of_a_producer_that_is_not_known_yet_waits_for_it() {
    let (mut world, [first, _]) = World::with::<2>();
    for stranger in 100..120 {
        world.room.handle_layers_wanted(ProducerId(stranger), vec![1]);
    }
    world.room.handle_layers_wanted(ProducerId(5), vec![]);
    world.room.handle_layers_wanted(ProducerId(5), vec![0, 2]);
    world.publish(&first, 5, Source::Camera);
    world.room.tell_early_news(ProducerId(5));
    assert_eq!(first.outbox.take_message().as_deref(), Some(LAYERS));
    world.room.tell_early_news(ProducerId(5));
    assert_eq!(first.events(), Vec::<String>::new());
}

#[test]
fn what_is_forwarded_is_told_to_its_receiver_alone() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    world.transport(&second, Direction::Recv, 6);
    let consumer = (ConsumerId(7), ProducerId(5));
    world.room.add_consumer(&second.seat, TransportId(6), consumer).unwrap();
    second.events();
    let layer = Layer { spatial: 1, temporal: 2 };
    world.room.handle_consumer_layer(ConsumerId(7), Some(layer));
    world.room.handle_consumer_layer(ConsumerId(8), Some(layer));
    assert_eq!(second.events(), ["consumerLayer"]);
    assert_eq!(first.events(), Vec::<String>::new());
}

#[test]
fn who_speaks_is_told_to_everyone_once_each_in_order() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Microphone);
    world.publish(&second, 6, Source::Microphone);
    world.add_producer(&second, (TransportId(6), ProducerId(7)), Source::ScreenAudio).unwrap();
    first.events();
    second.events();
    world.room.handle_active_speakers(&[ProducerId(7), ProducerId(5), ProducerId(6)]);
    let told = first.outbox.take_message().unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["event"], "activeSpeakers");
    assert_eq!(
        told["data"]["participantIds"],
        serde_json::json!([second.seat.participant_id, first.seat.participant_id])
    );
    assert_eq!(second.events(), ["activeSpeakers"]);
    let (third, _) = world.enter(&id(2));
    world.room.tell_standing(&third.seat);
    assert_eq!(third.events(), ["activeSpeakers"], "whoever comes later is told, too");
    world.room.handle_active_speakers(&[]);
    third.events();
    world.room.tell_standing(&third.seat);
    assert_eq!(third.events(), Vec::<String>::new(), "it is quiet");
}

#[test]
fn that_nobody_reaches_us_is_told_to_hosts_alone() {
    let (world, [host, guest]) = host_and_guest();
    world.room.tell_unreachable(SocketAddr::from(([203, 0, 113, 7], 40_000)));
    assert_eq!(host.events(), ["mediaUnreachable"]);
    assert_eq!(guest.events(), Vec::<String>::new());
}
