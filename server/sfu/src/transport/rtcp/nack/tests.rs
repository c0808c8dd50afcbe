use std::time::{Duration, Instant};

use proptest::prelude::*;
use rtc_rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;

use super::*;
use crate::transport::rtcp::{
    RtcpMessage,
    tests::{messages, milliseconds, only, origin, second_opinion},
    write,
};

const ROUND_TRIP: Duration = Duration::from_millis(50);

fn poll(generator: &mut NackGenerator, now: Instant) -> Vec<u16> {
    let mut out = Vec::new();
    assert_eq!(generator.poll_nacks(now, ROUND_TRIP, &mut out), Repair::Possible);
    out
}

#[test]
fn a_gap_is_requested_once_it_is_no_reordering_and_again_every_round_trip() {
    let start = origin();
    let mut generator = NackGenerator::default();
    for sequence in [100, 102] {
        assert_eq!(generator.on_packet(start, sequence), Repair::Possible);
    }
    assert!(poll(&mut generator, start).is_empty(), "it may come yet");
    let due = generator.poll_timeout(ROUND_TRIP).unwrap();
    assert_eq!(due, start + milliseconds(10));
    assert_eq!(poll(&mut generator, due), [101]);
    assert_eq!(generator.poll_timeout(ROUND_TRIP), Some(due + ROUND_TRIP));
    assert!(poll(&mut generator, due + milliseconds(49)).is_empty());
    assert_eq!(poll(&mut generator, due + ROUND_TRIP), [101]);
    assert_eq!(generator.on_packet(due + ROUND_TRIP, 101), Repair::Possible);
    assert_eq!((generator.missing(), generator.poll_timeout(ROUND_TRIP)), (0, None));
}

#[test]
fn three_later_packets_make_a_gap_urgent() {
    let start = origin();
    let mut generator = NackGenerator::default();
    for sequence in [65_535, 65_537, 65_538] {
        assert_eq!(generator.on_packet(start, sequence), Repair::Possible);
    }
    assert!(poll(&mut generator, start).is_empty());
    assert_eq!(generator.on_packet(start, 65_539), Repair::Possible);
    assert_eq!(poll(&mut generator, start), [0], "on the wire it has 16 bits");
}

#[test]
fn what_does_not_come_within_a_second_is_given_up_aloud() {
    let start = origin();
    let mut generator = NackGenerator::default();
    let _ = generator.on_packet(start, 1);
    let _ = generator.on_packet(start, 3);
    let mut out = Vec::new();
    let (now, outcome) = loop {
        let now = generator.poll_timeout(ROUND_TRIP).unwrap();
        let repair = generator.poll_nacks(now, ROUND_TRIP, &mut out);
        if repair != Repair::Possible {
            break (now, repair);
        }
    };
    assert_eq!(outcome, Repair::MissingTooLong);
    assert_eq!(now, start + milliseconds(1000));
    assert_eq!(out.len(), 10, "no more than ten requests: {out:?}");
    assert_eq!(generator.missing(), 0);
}

#[test]
fn a_gap_that_does_not_fit_is_given_up_at_once() {
    let start = origin();
    let mut generator = NackGenerator::default();
    let room = MAX_MISSING as u64;
    let _ = generator.on_packet(start, 0);
    assert_eq!(generator.on_packet(start, room + 1), Repair::Possible);
    assert_eq!(generator.missing(), MAX_MISSING);
    assert_eq!(generator.on_packet(start, room + 3), Repair::MissingTooMany);
    assert_eq!(generator.missing(), 0);
    assert_eq!(generator.on_packet(start, room + 4), Repair::Possible);
    assert_eq!(generator.on_packet(start, u64::MAX), Repair::MissingTooMany);
}

#[test]
fn a_key_frame_makes_earlier_gaps_pointless() {
    let start = origin();
    let mut generator = NackGenerator::default();
    for sequence in [1, 3, 5, 9] {
        let _ = generator.on_packet(start, sequence);
    }
    generator.on_key_frame(5);
    assert_eq!(poll(&mut generator, start + milliseconds(10)), [6, 7, 8]);
}

proptest! {
    #[test]
    fn a_nack_says_what_was_asked(first: u16, steps in prop::collection::vec(0_u16..40, 1..300)) {
        let mut sequence = first;
        let mut lost = vec![first];
        for step in steps {
            sequence = sequence.wrapping_add(step);
            lost.push(sequence);
        }
        let mut out = Vec::new();
        write::nack(&mut out, 1, 2, &lost);
        lost.dedup();
        let theirs: TransportLayerNack = only(&second_opinion(&out), 0);
        let read: Vec<_> = theirs.nacks.iter().flat_map(|pair| pair.packet_list()).collect();
        prop_assert_eq!(&read, &lost);
        let all = messages(&out);
        let [RtcpMessage::Nack { sender_ssrc: 1, media_ssrc: 2, lost: ours }] = &all[..] else {
            panic!("{all:?}")
        };
        prop_assert!(ours.clone().eq(lost));
    }

    #[test]
    fn only_what_is_missing_is_requested(
        arrivals in prop::collection::vec((0_u64..400, 0_u64..30), 1..200)
    ) {
        let start = origin();
        let mut generator = NackGenerator::default();
        let mut seen = std::collections::BTreeSet::new();
        let (mut now, mut out) = (start, Vec::new());
        for (sequence, pause) in arrivals {
            now += milliseconds(pause);
            let _ = generator.on_packet(now, 1000 + sequence);
            seen.insert(u16::try_from(1000 + sequence).unwrap());
            out.clear();
            let _ = generator.poll_nacks(now, ROUND_TRIP, &mut out);
            prop_assert!(out.iter().all(|requested| !seen.contains(requested)));
            prop_assert!(out.is_sorted());
            prop_assert!(generator.missing() <= MAX_MISSING);
        }
    }
}
