//! Who is in a room, and the bounds on it.

use super::*;

#[test]
fn a_closed_producer_takes_its_consumers_along_and_nobody_elses() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    let voice = room.producer(Codec::Opus);
    let first = room.consumer(camera, 2);
    let second = room.consumer(camera, 3);
    let listener = room.consumer(voice, 2);
    let closed = room.router.remove_producer(camera);
    let keys: Vec<_> = closed.iter().map(|closed| (closed.key, closed.transport.0)).collect();
    assert_eq!(keys, [(first, 2), (second, 3)]);
    assert_eq!(room.rtp(camera, &packet(1, 0, &vp8(true, &[]))), Ingested::UnknownProducer);
    assert_eq!(room.router.pause_consumer(first), Err(RouterError::UnknownConsumer));
    assert_eq!(room.router.pause_producer(camera), Err(RouterError::UnknownProducer));
    assert_eq!(room.router.remove_producer(camera), []);
    assert!(room.router.consumer_stats(listener).is_some());
}

#[test]
fn a_new_producer_in_the_place_of_an_old_one_is_another() {
    let mut room = Room::new();
    let old = room.producer(Codec::Opus);
    room.router.remove_producer(old);
    let new = room.producer(Codec::Opus);
    room.consumer(new, 2);
    assert_eq!(room.rtp(old, &packet(1, 0, b"opus")), Ingested::UnknownProducer);
    assert_eq!(room.sent(), []);
    assert_eq!(room.router.producer_id(old), None);
}

#[test]
fn a_removed_consumer_is_sent_nothing_more() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    let leaver = room.consumer(voice, 2);
    room.consumer(voice, 3);
    room.router.remove_consumer(leaver).unwrap();
    assert_eq!(room.router.remove_consumer(leaver), Err(RouterError::UnknownConsumer));
    room.rtp(voice, &packet(1, 0, b"opus"));
    let to: Vec<_> = room.sent().iter().map(|sent| sent.transport.0).collect();
    assert_eq!(to, [3]);
}

#[test]
fn a_consumer_in_the_place_of_another_goes_on_with_its_numbers() {
    let mut room = Room::new();
    let before = room.producer(Codec::Vp8);
    let first = room.consumer(before, 2);
    room.rtp(before, &packet(9000, 70_000, &vp8(true, b"one")));
    room.rtp(before, &packet(9001, 70_000, &vp8(false, b"two")));
    room.nack(first, &[200]);
    let old = room.sent();
    let closed = room.router.remove_producer(before);

    room.pass(500);
    let after = room.producer(Codec::Vp8);
    let second = room.paused_consumer(after, 2);
    room.router.continue_consumer(second, closed[0].continuation);
    room.router.resume_consumer(room.now, second).unwrap();
    room.rtp(after, &packet(3, 5, &vp8(false, b"lost on a decoder that has no key frame")));
    room.rtp(after, &packet(4, 9, &vp8(true, b"three")));
    let new = room.sent();
    let numbers = |sent: &[Sent]| sent.iter().map(|one| (one.ssrc, one.index)).collect::<Vec<_>>();
    assert_eq!(numbers(&old), [(200, 200), (200, 201), (201, 201)]);
    assert_eq!(numbers(&new), [(200, 202)]);
    assert_eq!(new[0].timestamp, 70_000 + 45_000, "half a second went by");
    room.pass(100);
    room.nack(second, &[201, 202]);
    assert_eq!(numbers(&room.sent()), [(201, 202)], "what the other one sent is gone");
}

#[test]
fn a_room_is_bounded_and_has_room_again_when_someone_leaves() {
    let mut room = Room::new();
    let producers: Vec<_> = (0..MAX_PRODUCERS).map(|_| room.producer(Codec::Opus)).collect();
    let options =
        ProducerOptions { id: ProducerId(0), transport: PUBLISHER, codec: Codec::Opus, layers: 1 };
    assert_eq!(room.router.add_producer(options), Err(RouterError::TooManyProducers));
    room.router.remove_producer(producers[7]);
    assert!(room.router.add_producer(options).is_ok());
}

#[test]
fn a_producers_consumers_are_bounded() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    let bound = u32::try_from(MAX_CONSUMERS_PER_PRODUCER).unwrap();
    for transport in 0..bound {
        room.paused_consumer(voice, transport);
    }
    let options = ConsumerOptions {
        id: ConsumerId(0),
        producer: voice,
        transport: PUBLISHER,
        ssrc: 1,
        rtx_ssrc: None,
    };
    assert_eq!(room.router.add_consumer(options), Err(RouterError::TooManyConsumers));
    let gone = room.producer(Codec::Opus);
    room.router.remove_producer(gone);
    let orphan = ConsumerOptions { producer: gone, ..options };
    assert_eq!(room.router.add_consumer(orphan), Err(RouterError::UnknownProducer));
}

#[test]
fn wishes_outlive_a_full_event_queue() {
    let mut room = Room::new();
    let cameras: Vec<_> = (0..300)
        .map(|n| {
            let camera = room.producer(Codec::Vp8);
            room.consumer(camera, 10 + n);
            camera
        })
        .collect();
    let first = room.key_frame_requests();
    assert!(first < MAX_EVENTS, "{first}");
    room.router.handle_timeout(room.now, &mut room.egress);
    assert_eq!(first + room.key_frame_requests(), cameras.len());
}
