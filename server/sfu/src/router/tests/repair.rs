//! Lost packets and lost pictures, on either side.

use super::*;

#[test]
fn a_viewer_that_asks_for_what_is_long_gone_gets_a_key_frame() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    let viewer = room.consumer(camera, 2);
    room.rtp(camera, &packet(1, 0, &vp8(true, &[])));
    room.run(1000);
    room.events();
    let first = modular::low16(room.sent()[0].index);
    let gone: Vec<u16> = (1..=20).map(|n| first.wrapping_sub(n)).collect();
    room.nack(viewer, &gone[..10]);
    assert_eq!(room.key_frame_requests(), 0, "a few may be reordering");
    room.nack(viewer, &gone);
    assert_eq!(room.key_frame_requests(), 1);
}

#[test]
fn after_a_link_was_cut_a_key_frame_is_asked_for_and_not_the_frames_of_the_past() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    room.consumer(camera, 2);
    room.rtp(camera, &packet(1, 0, &vp8(true, &[])));
    room.rtp(camera, &packet(2, 3000, &vp8(false, &[])));
    room.run(5000);
    room.events();
    // A hundred small frames were lost meanwhile.
    room.rtp(camera, &packet(103, 453_000, &vp8(false, &[])));
    room.run(100);
    let events = room.events();
    let is_key_frame = |event: &RouterEvent| matches!(event, RouterEvent::KeyFrame { .. });
    assert!(events.iter().any(is_key_frame), "{events:?}");
    assert!(!events.iter().any(|event| matches!(event, RouterEvent::Nack { .. })), "{events:?}");
}

/// A camera with one viewer that has been sent packets 1 to 10.
fn streaming() -> (Room, ProducerKey, ConsumerKey, Vec<Sent>) {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    let viewer = room.consumer(camera, 2);
    for n in 1..=10u16 {
        room.rtp(camera, &packet(n, u32::from(n) * 3000, &vp8(n == 1, &n.to_be_bytes())));
    }
    room.events();
    let sent = room.sent();
    (room, camera, viewer, sent)
}

fn number(sent: &Sent) -> u16 {
    modular::low16(sent.index)
}

#[test]
fn a_nack_is_answered_with_the_same_payload_on_the_rtx_stream() {
    let (mut room, _, viewer, sent) = streaming();
    room.nack(viewer, &[number(&sent[4]), number(&sent[7])]);
    let resent = room.sent();
    assert_eq!(resent.len(), 2);
    for (resent, original) in resent.iter().zip([&sent[4], &sent[7]]) {
        assert_eq!((resent.ssrc, resent.payload_type), (201, 97));
        assert_eq!(resent.timestamp, original.timestamp);
        let (osn, payload) = crate::rtp::unwrap_rtx(&resent.payload).unwrap();
        assert_eq!((osn, payload), (number(original), &original.payload[..]));
    }
    assert_eq!(resent[1].index, resent[0].index + 1);
    assert_eq!(room.router.consumer_stats(viewer).unwrap().retransmissions, 2);
}

#[test]
fn a_packet_is_not_resent_twice_within_a_round_trip() {
    let (mut room, _, viewer, sent) = streaming();
    let lost = number(&sent[4]);
    room.nack(viewer, &[lost, lost]);
    room.pass(19);
    room.nack(viewer, &[lost]);
    assert_eq!(room.sent().len(), 1);
    room.pass(1);
    room.nack(viewer, &[lost]);
    assert_eq!(room.sent().len(), 1);
    assert_eq!(room.router.consumer_stats(viewer).unwrap().throttled, 2);
}

#[test]
fn over_a_way_that_loses_much_all_is_sent_again_and_then_all_once_more() {
    let (mut room, _, viewer, sent) = streaming();
    let numbers = [number(&sent[4]), number(&sent[7])];
    let lost = Lost { numbers: &numbers, copies: Copies::against(100) };
    room.router.handle_nack(room.now, viewer, lost, &mut room.egress);
    let resent = room.sent();
    let originals = resent.iter().map(|it| crate::rtp::unwrap_rtx(&it.payload).unwrap().0);
    let originals: Vec<u16> = originals.collect();
    assert_eq!(originals, [numbers; 3].concat());
    assert!(resent.windows(2).all(|pair| pair[1].index == pair[0].index + 1));
    room.nack(viewer, &numbers);
    assert_eq!(room.sent(), [], "within a round trip");
}

#[test]
fn the_more_is_lost_the_more_copies_are_sent() {
    let copies = [0, 39, 40, 79, 80, 1000].map(Copies::against);
    assert_eq!(copies.map(|copies| copies as u8), [1, 1, 2, 2, 3, 3]);
}

#[test]
fn what_was_never_sent_or_is_gone_stays_unanswered() {
    let (mut room, camera, viewer, sent) = streaming();
    let newest = number(&sent[9]);
    room.nack(viewer, &[newest.wrapping_add(1), number(&sent[0]).wrapping_sub(1)]);
    for n in 11..=2000u16 {
        room.rtp(camera, &packet(n, u32::from(n) * 3000, &vp8(false, &[])));
    }
    room.sent();
    room.nack(viewer, &[newest]);
    assert_eq!(room.sent(), []);
    assert_eq!(room.router.consumer_stats(viewer).unwrap().unanswered, 3);
}

#[test]
fn without_an_rtx_stream_nothing_is_sent_twice() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    let viewer = room.consumer(voice, 2);
    room.rtp(voice, &packet(1, 0, b"opus"));
    let sent = room.sent();
    room.nack(viewer, &[number(&sent[0])]);
    assert_eq!(room.sent(), []);
}

#[test]
fn a_packet_from_before_a_pause_can_still_be_asked_for() {
    let (mut room, camera, viewer, sent) = streaming();
    room.router.pause_consumer(viewer).unwrap();
    room.rtp(camera, &packet(11, 33_000, &vp8(false, b"unseen")));
    room.router.resume_consumer(room.now, viewer).unwrap();
    room.rtp(camera, &packet(12, 36_000, &vp8(true, b"again")));
    let again = room.sent();
    assert_eq!(number(&again[0]), number(&sent[9]).wrapping_add(1));
    room.nack(viewer, &[number(&sent[9]), number(&again[0])]);
    let resent = room.sent();
    assert_eq!(&resent[0].payload[2..], &sent[9].payload[..]);
    assert_eq!(&resent[1].payload[2..], &again[0].payload[..]);
}

#[test]
fn a_lost_packet_is_asked_of_the_publisher_after_the_reorder_allowance() {
    let (mut room, camera, _, _) = streaming();
    room.rtp(camera, &packet(13, 39_000, &vp8(false, &[])));
    room.run(9);
    assert_eq!(room.events(), []);
    room.run(1);
    let events = room.events();
    let [RouterEvent::Nack { producer, transport, layer: 0, lost }] = &events[..] else {
        panic!("one request, not {events:?}");
    };
    assert_eq!((*producer, *transport, lost.as_slice()), (camera, PUBLISHER, &[11, 12][..]));
    room.ingest(camera, StreamRole::Rtx, &rtx_packet(11, 33_000, &vp8(false, &[])));
    room.run(100);
    let events = room.events();
    assert!(matches!(&events[..], [RouterEvent::Nack { lost, .. }] if lost.as_slice() == [12]));
    assert_eq!(room.router.producer_stats(camera).unwrap().nacked, 3);
}

#[test]
fn lost_audio_is_not_asked_for() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    room.consumer(voice, 2);
    room.rtp(voice, &packet(1, 0, b"opus"));
    room.rtp(voice, &packet(9, 0, b"opus"));
    room.run(1000);
    assert_eq!(room.events(), []);
}

#[test]
fn a_hole_too_large_to_repair_asks_for_a_key_frame() {
    let (mut room, camera, _, _) = streaming();
    room.rtp(camera, &packet(500, 39_000, &vp8(false, &[])));
    room.run(500);
    assert_eq!(room.key_frame_requests(), 1);
}

#[test]
fn many_viewers_asking_for_a_key_frame_are_one_request() {
    let (mut room, camera, viewer, _) = streaming();
    room.run(600);
    room.events();
    for transport in 3..30 {
        room.consumer(camera, transport);
    }
    room.router.handle_key_frame_request(room.now, viewer);
    assert_eq!(room.key_frame_requests(), 1);
    room.run(499);
    assert_eq!(room.key_frame_requests(), 0);
    room.run(1);
    assert_eq!(room.key_frame_requests(), 1);
}

#[test]
fn a_key_frame_that_does_not_come_is_asked_for_again_until_it_does() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    room.consumer(camera, 2);
    assert_eq!(room.key_frame_requests(), 1);
    room.run(10_000);
    assert_eq!(room.key_frame_requests(), 10);
    room.rtp(camera, &packet(1, 0, &vp8(true, &[])));
    room.run(10_000);
    assert_eq!(room.key_frame_requests(), 0);
}

#[test]
fn a_paused_viewer_cannot_ask_for_key_frames() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    let viewer = room.paused_consumer(camera, 2);
    room.router.handle_key_frame_request(room.now, viewer);
    assert_eq!(room.events(), []);
}
