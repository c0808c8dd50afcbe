//! Sending and receiving.

use std::time::Duration;

use shared::{
    error::ErrorCode,
    ids::{ProducerId, TransportId},
    media::{MimeType, Source},
    signaling::{
        Direction, Event, LimitExceeded, MediaUnreachable, NewProducer, PeerLeft, PeerPresence,
        Presence, Producer, ProducerRef, Request, TransportFailed,
    },
};

use super::world::{Server, World, count, is_offer_request, participant, participant_id};
use crate::meeting::{
    Received, Sound,
    effect::{Change, Effect, PeerId, PeerNews},
    notice::{DeviceError, Notice},
    view::{DeviceState, Hindrance, TileKey},
};

fn produced(requests: &[Request]) -> Vec<(Source, bool)> {
    requests
        .iter()
        .filter_map(|request| match request {
            Request::Produce(produce) => Some((produce.source, produce.paused)),
            _ => None,
        })
        .collect()
}

fn camera_of(number: u8, producer: u64) -> Event {
    Event::NewProducer(NewProducer {
        participant_id: participant_id(number),
        producer: Producer {
            producer_id: ProducerId(producer),
            source: Source::Camera,
            mime_type: MimeType::Vp8,
            paused: false,
        },
    })
}

/// The transport of a direction, as the server numbered it in the order of the requests.
fn transports(requests: &[Request]) -> Vec<Direction> {
    requests
        .iter()
        .filter_map(|request| match request {
            Request::CreateTransport(create) => Some(create.direction),
            _ => None,
        })
        .collect()
}

#[test]
fn both_devices_are_published_by_one_offer() {
    let mut world = World::new();
    world.settle();
    let requests = world.take_requests();
    assert_eq!(produced(&requests), [(Source::Microphone, false), (Source::Camera, false)]);
    let offers = world.effects.iter().filter(|effect| matches!(effect, Effect::Offer { .. }));
    assert_eq!(offers.count(), 1);
}

#[test]
fn whoever_has_neither_camera_nor_microphone_still_watches() {
    let mut world = World::with_devices(&[]);
    world.others = vec![participant(1, &[(11, Source::Camera), (12, Source::Microphone)])];
    world.settle();
    assert_eq!(transports(&world.take_requests()), [Direction::Recv]);
    assert_eq!(world.meeting.received().count(), 2);
}

#[test]
fn an_empty_room_needs_no_receiving_transport() {
    let mut world = World::new();
    world.settle();
    assert_eq!(transports(&world.take_requests()), [Direction::Send]);
}

#[test]
fn a_late_joiner_receives_everyone_by_one_negotiation() {
    let mut world = World::new();
    world.others = (1..=5)
        .map(|number| {
            let id = u64::from(number) * 10;
            participant(number, &[(id, Source::Microphone), (id + 1, Source::Camera)])
        })
        .collect();
    world.settle();
    let requests = world.take_requests();
    assert_eq!(count(&requests, |request| matches!(request, Request::Consume(_))), 10);
    assert_eq!(count(&requests, is_offer_request), 1);
    assert_eq!(count(&requests, |request| matches!(request, Request::ResumeConsumer(_))), 10);
    assert_eq!(world.meeting.received().count(), 10);
}

#[test]
fn a_full_room_comes_in_a_few_negotiations() {
    let mut world = World::new();
    world.others = (1..=49)
        .map(|number| {
            let id = u64::from(number) * 10;
            participant(number, &[(id, Source::Microphone), (id + 1, Source::Camera)])
        })
        .collect();
    world.settle();
    assert_eq!(world.meeting.received().count(), 98);
    assert_eq!(count(&world.take_requests(), is_offer_request), 3);
}

#[test]
fn people_who_come_one_after_the_other_share_negotiations() {
    let mut world = World::new();
    world.settle();
    world.take_requests();
    for number in 1..=30 {
        let newcomer = participant(number, &[(u64::from(number), Source::Camera)]);
        world.event(Event::PeerJoined(newcomer));
        world.run(Duration::from_millis(300));
    }
    world.run(Duration::from_secs(2));
    assert_eq!(world.meeting.received().count(), 30);
    let offers = count(&world.take_requests(), is_offer_request);
    assert!(offers <= 10, "{offers} in eleven seconds");
}

#[test]
fn a_new_camera_is_received_on_the_m_line_that_the_server_names() {
    let mut world = World::new();
    world.others = vec![participant(1, &[])];
    world.settle();
    world.event(camera_of(1, 77));
    let received: Vec<_> = world.meeting.received().collect();
    let [Received { tile, source, mid, .. }] = &received[..] else {
        panic!("one track arrives: {received:?}");
    };
    assert_eq!(*tile, TileKey::Other(participant_id(1)));
    assert_eq!((*source, mid.is_empty()), (Source::Camera, false));
}

#[test]
fn whoever_leaves_is_received_no_more() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Camera)])];
    world.settle();
    world.event(Event::PeerLeft(PeerLeft { participant_id: participant_id(1) }));
    assert_eq!(world.meeting.received().count(), 0);
    assert_eq!(world.meeting.view().tiles.len(), 1);
}

#[test]
fn whoever_comes_back_is_received_anew_in_the_same_place() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Camera)]), participant(2, &[])];
    world.settle();
    let lost = PeerPresence { participant_id: participant_id(1), presence: Presence::Reconnecting };
    world.event(Event::PeerPresence(lost));
    let presences = |world: &World| -> Vec<_> {
        world.meeting.view().tiles.iter().map(|tile| tile.presence).collect()
    };
    let (here, away) = (Presence::Connected, Presence::Reconnecting);
    assert_eq!(presences(&world), [here, away, here]);
    world.take_requests();
    world.event(Event::PeerJoined(participant(1, &[(21, Source::Camera)])));
    assert_eq!(presences(&world), [here, here, here]);
    let consume = Request::Consume(ProducerRef { producer_id: ProducerId(21) });
    assert!(world.take_requests().contains(&consume));
    assert_eq!(world.meeting.received().count(), 1);
}

#[test]
fn the_others_mute_shows_at_once() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Microphone), (12, Source::Camera)])];
    world.settle();
    let flags = |world: &World| {
        let view = world.meeting.view();
        view.tiles.last().map(|tile| (tile.has_audio, tile.has_video))
    };
    assert_eq!(flags(&world), Some((true, true)));
    world.event(Event::ProducerPaused(ProducerRef { producer_id: ProducerId(11) }));
    assert_eq!(flags(&world), Some((false, true)));
    world.event(Event::ProducerClosed(ProducerRef { producer_id: ProducerId(12) }));
    assert_eq!(flags(&world), Some((false, false)));
    world.event(Event::ProducerResumed(ProducerRef { producer_id: ProducerId(11) }));
    assert_eq!(flags(&world), Some((true, false)));
}

#[test]
fn muting_silences_the_microphone_and_tells_the_room() {
    let mut world = World::new();
    world.settle();
    world.take_requests();
    world.take_effects();
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.settle();
    assert!(matches!(world.take_requests()[..], [Request::PauseProducer(_)]));
    let silenced = Effect::EnableDevice { source: Source::Microphone, on: false };
    assert!(world.take_effects().contains(&silenced));
    assert_eq!(world.meeting.view().microphone, DeviceState::Off);
    world.meeting.set_live(world.now, Source::Microphone, true);
    world.settle();
    assert!(matches!(world.take_requests()[..], [Request::ResumeProducer(_)]));
    assert_eq!(world.meeting.view().microphone, DeviceState::On);
}

#[test]
fn turning_the_camera_off_closes_it_and_on_again_needs_no_negotiation() {
    let mut world = World::new();
    world.settle();
    world.take_requests();
    world.take_effects();
    world.meeting.set_live(world.now, Source::Camera, false);
    world.settle();
    assert!(world.take_effects().contains(&Effect::CloseDevice(Source::Camera)));
    world.meeting.set_live(world.now, Source::Camera, true);
    world.settle();
    let requests = world.take_requests();
    assert!(matches!(requests[..], [Request::PauseProducer(_), Request::ResumeProducer(_)]));
    let effects = world.take_effects();
    assert!(effects.contains(&Effect::OpenDevice(Source::Camera)));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Offer { .. })));
}

#[test]
fn a_camera_turned_on_later_is_added_to_what_is_sent() {
    let mut world = World::with_devices(&[Source::Microphone]);
    world.settle();
    assert_eq!(produced(&world.take_requests()), [(Source::Microphone, false)]);
    world.meeting.set_live(world.now, Source::Camera, true);
    world.settle();
    let requests = world.take_requests();
    assert_eq!(produced(&requests), [(Source::Camera, false)]);
    assert!(transports(&requests).is_empty(), "the transport is the same");
}

#[test]
fn whoever_is_muted_comes_back_muted() {
    let mut world = World::new();
    world.settle();
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.settle();
    world.take_requests();
    world.kill_server();
    world.server = Server::Up;
    world.run(Duration::from_secs(1));
    let requests = world.take_requests();
    assert_eq!(produced(&requests), [(Source::Microphone, true), (Source::Camera, false)]);
}

#[test]
fn a_device_that_cannot_be_opened_is_said_and_stays_off() {
    let mut world = World::with_devices(&[]);
    world.settle();
    world.meeting.set_live(world.now, Source::Camera, true);
    assert_eq!(world.meeting.view().camera, DeviceState::Opening);
    while world.meeting.poll_effect().is_some() {}
    world.meeting.handle_device(world.now, Source::Camera, Err(DeviceError::Denied));
    let view = world.meeting.view();
    assert_eq!(view.camera, DeviceState::Off);
    assert_eq!(view.notice, Some(Notice::Device(DeviceError::Denied)));
}

#[test]
fn a_camera_turned_off_while_it_opens_does_not_stay_on() {
    let mut world = World::with_devices(&[]);
    world.settle();
    world.meeting.set_live(world.now, Source::Camera, true);
    while world.meeting.poll_effect().is_some() {}
    world.meeting.set_live(world.now, Source::Camera, false);
    world.meeting.handle_device(world.now, Source::Camera, Ok(()));
    world.settle();
    assert!(world.take_effects().contains(&Effect::CloseDevice(Source::Camera)));
    assert!(produced(&world.take_requests()).is_empty());
}

#[test]
fn a_camera_that_is_unplugged_where_there_is_no_other_is_told_to_the_room() {
    let mut world = World::new();
    world.settle();
    world.take_requests();
    world.change = Change::Gone(DeviceError::None);
    world.meeting.handle_device_lost(world.now, Source::Camera);
    world.settle();
    assert!(matches!(world.take_requests()[..], [Request::PauseProducer(_)]));
    assert_eq!(world.meeting.view().camera, DeviceState::Off);
}

#[test]
fn a_transport_that_the_server_reports_lost_is_made_anew_alone() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Camera)])];
    world.settle();
    let directions = transports(&world.take_requests());
    assert_eq!(directions, [Direction::Send, Direction::Recv]);
    // The scripted server numbers everything it makes: join 101, then the two transports.
    let failed = TransportFailed { transport_id: TransportId(102), code: ErrorCode::IceNoPath };
    world.event(Event::TransportFailed(failed));
    world.run(Duration::from_secs(1));
    let requests = world.take_requests();
    assert_eq!(transports(&requests), [Direction::Send]);
    assert_eq!(produced(&requests).len(), 2);
    assert_eq!(world.meeting.received().count(), 1);
}

#[test]
fn media_that_does_not_connect_is_said_until_it_does() {
    let mut world = World::new();
    world.path = PeerNews::Lost;
    world.settle();
    assert_eq!(world.meeting.view().notice, None, "once may be chance");
    world.run(Duration::from_secs(5));
    assert_eq!(world.meeting.view().notice, Some(Notice::Server(ErrorCode::IceNoPath)));
    let tries = transports(&world.take_requests()).len();
    assert!((3..=5).contains(&tries), "{tries} tries in five seconds");
    world.path = PeerNews::Connected;
    world.meeting.retry(world.now);
    world.settle();
    assert_eq!(world.meeting.view().notice, None);
}

#[test]
fn a_host_reads_which_address_of_the_server_nobody_reaches() {
    let mut world = World::new();
    world.path = PeerNews::Lost;
    world.run(Duration::from_secs(5));
    let address = "203.0.113.7:40000".to_owned();
    world.event(Event::MediaUnreachable(MediaUnreachable { address }));
    world.run(Duration::from_secs(60));
    let notice = world.meeting.view().notice.unwrap();
    assert_eq!(notice.code(), "ice_server");
    let said = "Nobody's media reaches 203.0.113.7:40000/udp: PUBLIC_IP or the firewall is wrong.";
    assert_eq!(crate::text::notice::notice(notice), said);
    world.path = PeerNews::Connected;
    world.meeting.retry(world.now);
    world.settle();
    assert_eq!(world.meeting.view().notice, None);
}

#[test]
fn a_codec_the_browser_lacks_is_named_and_not_asked_for_again() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Camera), (12, Source::Microphone)])];
    world.refusals.push((
        |request| matches!(request, Request::Consume(ProducerRef { producer_id: ProducerId(11) })),
        ErrorCode::CodecMismatch,
    ));
    world.settle();
    assert_eq!(world.meeting.view().notice, Some(Notice::Server(ErrorCode::CodecMismatch)));
    assert_eq!(world.meeting.view().tiles[1].hindrance, Some(Hindrance::NoCodec(MimeType::Vp8)));
    assert_eq!(world.meeting.received().count(), 1);
    world.take_requests();
    world.event(camera_of(1, 13));
    let consume = count(&world.take_requests(), |request| matches!(request, Request::Consume(_)));
    assert_eq!(consume, 1, "only the new one");
}

#[test]
fn a_server_that_finds_it_too_much_is_asked_again_later() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Camera)])];
    world.refusals.push((is_offer_request, ErrorCode::TooMany));
    world.settle();
    assert_eq!(world.meeting.received().count(), 0);
    world.run(Duration::from_secs(4));
    assert_eq!(world.meeting.received().count(), 1);
}

#[test]
fn held_back_sound_is_said_until_it_is_allowed() {
    let mut world = World::new();
    world.settle();
    world.meeting.handle_sound(Sound::Blocked);
    assert_eq!(world.meeting.view().notice, Some(Notice::Autoplay));
    world.meeting.handle_sound(Sound::Allowed);
    assert_eq!(world.meeting.view().notice, None);
}

/// How a new path was asked for: by offers of one's own, and by asking the server for one.
fn restarts(world: &mut World) -> (usize, usize) {
    let own = |it: &&Effect| matches!(it, Effect::Offer { ice_restart: true, .. });
    let own = world.take_effects().iter().filter(own).count();
    let asked = count(
        &world.take_requests(),
        |it| matches!(it, Request::ConnectTransport(it) if it.ice_restart),
    );
    (own, asked)
}

#[test]
fn on_another_network_both_directions_look_for_a_new_path_and_nothing_is_made_anew() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Camera)])];
    world.settle();
    assert_eq!(restarts(&mut world), (0, 0));
    world.meeting.handle_online(world.now);
    world.run(Duration::from_secs(1));
    let made = |it: &Effect| matches!(it, Effect::OpenPeer { .. } | Effect::ClosePeer(_));
    assert!(!world.effects.iter().any(made));
    assert_eq!(restarts(&mut world), (1, 1));
    world.run(Duration::from_secs(60));
    assert_eq!(restarts(&mut world), (0, 0));
    assert_eq!(world.meeting.received().count(), 1);
}

#[test]
fn a_path_that_falls_silent_is_looked_for_anew_on_its_side_alone() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Camera)])];
    world.settle();
    restarts(&mut world);
    let receiving = PeerId { direction: Direction::Recv, generation: 1 };
    world.meeting.handle_peer(world.now, receiving, PeerNews::Interrupted);
    world.run(Duration::from_secs(10));
    assert_eq!(restarts(&mut world), (0, 1));
    assert_eq!(world.meeting.received().count(), 1);
}

#[test]
fn a_path_that_is_lost_is_looked_for_once_and_then_the_transport_is_made_anew() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Camera)])];
    world.settle();
    restarts(&mut world);
    world.path = PeerNews::Lost;
    let sending = PeerId { direction: Direction::Send, generation: 1 };
    world.meeting.handle_peer(world.now, sending, PeerNews::Lost);
    world.settle();
    let effects = world.take_effects();
    let restarted = effects.iter().any(|it| matches!(it, Effect::Offer { ice_restart: true, .. }));
    assert!(restarted && effects.contains(&Effect::ClosePeer(sending)), "{effects:?}");
    world.path = PeerNews::Connected;
    world.run(Duration::from_secs(2));
    assert_eq!(transports(&world.take_requests()), [Direction::Send]);
}

#[test]
fn a_picture_that_goes_on_being_too_large_is_told() {
    let mut world = World::new();
    world.settle();
    let exceeded =
        LimitExceeded { producer_id: world.produced[&Source::Camera], max_video_bitrate: 500_000 };
    world.event(Event::LimitExceeded(exceeded));
    assert_eq!(world.meeting.view().notice, None, "it may have been one scene");
    world.run(Duration::from_secs(20));
    world.event(Event::LimitExceeded(exceeded));
    assert_eq!(world.meeting.view().notice, None);
    world.run(Duration::from_secs(5));
    world.event(Event::LimitExceeded(exceeded));
    assert_eq!(world.meeting.view().notice, Some(Notice::PictureTooLarge));
    world.run(Duration::from_secs(10));
    assert_eq!(world.meeting.view().notice, None, "and no more once it fits");
}
