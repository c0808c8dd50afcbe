//! What viewers are sent.

use super::*;

#[test]
fn audio_goes_to_every_resumed_viewer_at_once_and_to_nobody_else() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    let other = room.producer(Codec::Opus);
    room.consumer(voice, 2);
    room.paused_consumer(voice, 3);
    room.consumer(voice, 4);
    room.consumer(other, 5);
    assert_eq!(room.rtp(voice, &packet(1, 960, b"opus")), Ingested::Forwarded);
    let sent = room.sent();
    let to: Vec<_> = sent.iter().map(|sent| (sent.transport.0, sent.ssrc)).collect();
    assert_eq!(to, [(2, 200), (4, 400)]);
    assert!(sent.iter().all(|sent| sent.payload == b"opus" && sent.payload_type == 111));
}

#[test]
fn extensions_marker_and_timestamp_reach_the_viewer() {
    let mut room = Room::new();
    room.ids = ExtensionIds::none();
    room.ids.insert(9, Extension::AudioLevel);
    room.ids.insert(1, Extension::Mid);
    let voice = room.producer(Codec::Opus);
    room.consumer(voice, 2);
    let mut buffer = [0; 100];
    let fields = RtpFields { marker: true, timestamp: 960, ..fields() };
    let mut writer = RtpWriter::new(&mut buffer, fields).unwrap();
    writer.extension(1, b"0").unwrap();
    writer.extension(9, &[0x9F]).unwrap();
    let (_, len) = writer.finish(b"opus").unwrap();
    room.rtp(voice, &buffer[..len]);
    let sent = room.sent();
    assert_eq!(sent[0].extensions, [(Extension::AudioLevel.id(), vec![0x9F])]);
    assert!(sent[0].marker);
    assert_eq!(sent[0].timestamp, 960);
}

#[test]
fn video_starts_at_a_key_frame_which_is_asked_for() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    let viewer = room.consumer(camera, 2);
    let expected = RouterEvent::KeyFrame { producer: camera, transport: PUBLISHER, layer: 0 };
    assert_eq!(room.events(), [expected]);
    room.rtp(camera, &packet(1, 0, &vp8(false, b"a")));
    room.rtp(camera, &packet(2, 0, b"\x00rest"));
    assert_eq!(room.sent(), []);
    room.rtp(camera, &packet(3, 3000, &vp8(true, b"key")));
    room.rtp(camera, &packet(4, 6000, &vp8(false, b"next")));
    assert_eq!(room.sent_payloads(), [vp8(true, b"key"), vp8(false, b"next")]);
    assert_eq!(room.router.consumer_stats(viewer).unwrap().withheld, 2);
}

#[test]
fn numbers_go_on_over_the_wrap_of_the_publishers_and_of_the_viewers() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    let id = ConsumerId(9);
    let transport = TransportKey(2);
    let options = ConsumerOptions { id, producer: voice, transport, ssrc: 0x7FFF, rtx_ssrc: None };
    let viewer = room.router.add_consumer(options).unwrap();
    room.router.resume_consumer(room.now, viewer).unwrap();
    let mut number = 0xFF00u16;
    for n in 0..70_000u32 {
        room.rtp(voice, &packet(number, n.wrapping_mul(960), b"opus"));
        number = number.wrapping_add(1);
    }
    let indices: Vec<_> = room.sent().iter().map(|sent| sent.index).collect();
    assert_eq!(indices, (0x7FFF..0x7FFF + 70_000).collect::<Vec<u64>>());
}

#[test]
fn a_viewers_pause_leaves_no_gap_and_resumes_at_a_key_frame() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    let viewer = room.consumer(camera, 2);
    room.rtp(camera, &packet(1, 0, &vp8(true, b"1")));
    room.rtp(camera, &packet(2, 3000, &vp8(false, b"2")));
    room.router.pause_consumer(viewer).unwrap();
    for n in 3..100u16 {
        room.pass(33);
        room.rtp(camera, &packet(n, u32::from(n) * 3000, &vp8(true, b"unseen")));
    }
    room.router.resume_consumer(room.now, viewer).unwrap();
    room.pass(33);
    room.rtp(camera, &packet(100, 300_000, &vp8(false, b"unseen")));
    room.rtp(camera, &packet(101, 303_000, &vp8(true, b"3")));
    let sent = room.sent();
    let indices: Vec<_> = sent.iter().map(|packet| packet.index - sent[0].index).collect();
    assert_eq!(indices, [0, 1, 2]);
    assert_eq!(sent[2].payload, vp8(true, b"3"));
    assert_eq!(sent[2].timestamp, 303_000, "the publisher's clock ran on as ours did");
}

#[test]
fn muting_stops_forwarding_and_unmuting_asks_for_a_key_frame() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    room.consumer(camera, 2);
    room.rtp(camera, &packet(1, 0, &vp8(true, b"1")));
    room.events();
    room.sent();
    room.router.pause_producer(camera).unwrap();
    assert_eq!(room.rtp(camera, &packet(2, 0, &vp8(true, b"muted"))), Ingested::Paused);
    room.run(5000);
    assert_eq!((room.sent(), room.key_frame_requests()), (vec![], 0));
    room.router.resume_producer(room.now, camera).unwrap();
    assert_eq!(room.key_frame_requests(), 1);
    room.rtp(camera, &packet(3, 450_000, &vp8(false, b"withheld")));
    room.rtp(camera, &packet(4, 453_000, &vp8(true, b"2")));
    let sent = room.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].payload, vp8(true, b"2"));
}

#[test]
fn packets_out_of_order_keep_their_places() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    room.consumer(camera, 2);
    for number in [10, 13, 11, 12, 14] {
        room.rtp(camera, &packet(number, 0, &vp8(number == 10, &[])));
    }
    let sent = room.sent();
    let indices: Vec<_> = sent.iter().map(|packet| packet.index - sent[0].index).collect();
    assert_eq!(indices, [0, 3, 1, 2, 4]);
}

#[test]
fn what_overtook_the_key_frame_follows_it() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    room.consumer(camera, 2);
    room.rtp(camera, &packet(9, 0, &vp8(false, b"old")));
    room.rtp(camera, &packet(11, 3000, b"\x00second"));
    room.rtp(camera, &packet(13, 6000, &vp8(false, b"fourth")));
    assert_eq!(room.sent(), []);
    room.rtp(camera, &packet(10, 3000, &vp8(true, b"first")));
    room.rtp(camera, &packet(12, 3000, b"\x00third"));
    let sent = room.sent();
    let indices: Vec<_> = sent.iter().map(|packet| packet.index - sent[0].index).collect();
    assert_eq!(indices, [0, 1, 3, 2]);
    assert_eq!(sent[1].payload, b"\x00second");
}

#[test]
fn nobody_starts_at_a_late_packet_when_what_overtook_it_is_gone() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    for number in (1..=60).filter(|number| *number != 5) {
        room.rtp(voice, &packet(number, u32::from(number) * 960, &[0; 150]));
    }
    room.consumer(voice, 2);
    room.rtp(voice, &packet(5, 4800, &[0; 150]));
    assert_eq!(room.sent(), []);
    room.rtp(voice, &packet(61, 61 * 960, b"now"));
    assert_eq!(room.sent_payloads(), [b"now"]);
}

#[test]
fn a_packet_is_forwarded_once_whether_it_comes_again_or_as_a_retransmission() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    room.consumer(camera, 2);
    let key = vp8(true, b"key");
    assert_eq!(room.rtp(camera, &packet(1, 0, &key)), Ingested::Forwarded);
    assert_eq!(room.rtp(camera, &packet(1, 0, &key)), Ingested::Duplicate);
    assert_eq!(room.ingest(camera, StreamRole::Rtx, &rtx_packet(1, 0, &key)), Ingested::Duplicate);
    assert_eq!(room.sent().len(), 1);
}

#[test]
fn a_retransmission_fills_the_gap_with_the_original_payload() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    room.consumer(camera, 2);
    room.rtp(camera, &packet(1, 0, &vp8(true, b"1")));
    room.rtp(camera, &packet(3, 6000, &vp8(false, b"3")));
    let recovered = rtx_packet(2, 3000, &vp8(false, b"2"));
    assert_eq!(room.ingest(camera, StreamRole::Rtx, &recovered), Ingested::Forwarded);
    let sent = room.sent();
    assert_eq!(sent[2].index, sent[0].index + 1);
    assert_eq!((sent[2].timestamp, &sent[2].payload), (3000, &vp8(false, b"2")));
}

#[test]
fn probes_and_junk_go_nowhere() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    room.consumer(camera, 2);
    let mut padding = packet_with(fields(), &[], &[0, 0, 0, 4]);
    padding[0] |= 0x20;
    assert_eq!(room.ingest(camera, StreamRole::Rtx, &padding), Ingested::Probe);
    assert_eq!(room.rtp(camera, b"junk"), Ingested::Malformed);
    assert_eq!(room.rtp(camera, &packet(1, 0, &[0; 1500])), Ingested::Malformed);
    assert_eq!(room.sent(), []);
    assert_eq!(room.router.producer_stats(camera).unwrap().dropped, 3);
}

#[test]
fn a_stream_that_starts_anew_continues_for_the_viewer() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    room.consumer(camera, 2);
    room.rtp(camera, &packet(1, 900_000, &vp8(true, b"1")));
    room.events();
    room.pass(1000);
    room.rtp(camera, &packet(40_000, 7, &vp8(false, b"new source")));
    room.rtp(camera, &packet(40_001, 7, &vp8(false, b"new source")));
    assert_eq!(room.key_frame_requests(), 1);
    room.pass(1000);
    room.rtp(camera, &packet(40_002, 90_007, &vp8(true, b"2")));
    let sent = room.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1].index, sent[0].index + 1);
    assert_eq!(sent[1].timestamp, 900_000 + 180_000, "two seconds later");
}

#[test]
fn a_viewers_packets_of_one_batch_come_together_and_a_voice_follows_each_picture() {
    let mut room = Room::new();
    let cameras: Vec<_> = (0..2).map(|_| room.producer(Codec::Vp8)).collect();
    let voices: Vec<_> = (0..3).map(|_| room.producer(Codec::Opus)).collect();
    for viewer in [20, 10] {
        for source in cameras.iter().chain(&voices) {
            room.consumer(*source, viewer);
        }
    }
    let gather = |room: &mut Room, source, payload: &[u8], number| {
        let packet = packet(number, 0, payload);
        assert_eq!(room.gather(source, StreamRole::Primary, &packet), Ingested::Forwarded);
    };
    for (name, voice) in [b"a", b"b", b"c"].into_iter().zip(voices) {
        gather(&mut room, voice, name, 1);
    }
    for number in 1..=2 {
        for camera in &cameras {
            gather(&mut room, *camera, &vp8(number == 1, &[]), number);
        }
    }
    assert_eq!(room.sent(), [], "the batch is not over");
    room.forward();
    let sent = room.sent();
    let (first, second) = sent.split_at(7);
    assert!(first.iter().all(|packet| packet.transport == TransportKey(10)));
    assert!(second.iter().all(|packet| packet.transport == TransportKey(20)));
    for one in [first, second] {
        let payloads: Vec<_> = one.iter().map(|packet| packet.payload.as_slice()).collect();
        let (key, delta) = (&vp8(true, &[])[..], &vp8(false, &[])[..]);
        assert_eq!(payloads, [key, delta, b"a", key, delta, b"b", b"c"]);
    }
    assert!(room.router.is_idle());
}

#[test]
fn what_comes_all_at_once_is_sent_off_in_order_without_waiting_for_the_end_of_the_batch() {
    let mut room = Room::new();
    let (camera, voice) = (room.producer(Codec::Vp8), room.producer(Codec::Opus));
    room.consumer(camera, 2);
    room.consumer(voice, 2);
    for number in 0..100u16 {
        let picture = vp8(number == 0, &[7; 1100]);
        room.gather(camera, StreamRole::Primary, &packet(number, 0, &picture));
        let voice_packet = packet(number, 0, &[9; 1200]);
        room.gather(voice, StreamRole::Primary, &voice_packet);
    }
    room.forward();
    let sent = room.sent();
    for kind in [Codec::Vp8, Codec::Opus].map(Codec::payload_type) {
        let of_kind: Vec<_> = sent.iter().filter(|one| one.payload_type == kind).collect();
        let first = of_kind.first().map_or(0, |one| one.index);
        let numbers: Vec<_> = of_kind.iter().map(|one| one.index - first).collect();
        assert_eq!(numbers, (0..100).collect::<Vec<u64>>(), "of type {kind}");
    }
}

#[test]
fn a_packet_between_two_viewers_is_of_another_batch() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    room.consumer(voice, 2);
    room.consumer(voice, 3);
    room.gather(voice, StreamRole::Primary, &packet(1, 0, b"1"));
    room.router.forward_next(room.now, &mut room.egress);
    room.gather(voice, StreamRole::Primary, &packet(2, 960, b"2"));
    room.forward();
    let to: Vec<_> = room.sent().iter().map(|one| (one.transport.0, one.payload[0])).collect();
    assert_eq!(to, [(2, b'1'), (3, b'1'), (2, b'2'), (3, b'2')]);
}
