use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use rtc_rtcp::transport_feedbacks::transport_layer_cc::{
    PacketStatusChunk, SymbolTypeTcc, TransportLayerCc,
};

use super::*;
use crate::transport::rtcp::{
    RtcpMessage,
    tests::{messages, milliseconds, only, origin, second_opinion},
};

const NEVER: Duration = Duration::from_secs(3600);

/// What one feedback says: every packet with its arrival in ticks since the recorder's start.
fn read(feedback: &TransportLayerCc) -> Vec<(u16, Option<i64>)> {
    let symbols = feedback.packet_chunks.iter().flat_map(|chunk| match chunk {
        PacketStatusChunk::RunLengthChunk(run) => {
            vec![run.packet_status_symbol; usize::from(run.run_length)]
        }
        PacketStatusChunk::StatusVectorChunk(vector) => vector.symbol_list.clone(),
    });
    let mut deltas = feedback.recv_deltas.iter();
    let mut tick = i64::from(feedback.reference_time) * 256;
    let count = usize::from(feedback.packet_status_count);
    let mut sequence = feedback.base_sequence_number;
    let mut packets = Vec::new();
    for symbol in symbols.take(count) {
        let arrival = (symbol != SymbolTypeTcc::PacketNotReceived).then(|| {
            tick += deltas.next().unwrap().delta / 250;
            tick
        });
        packets.push((sequence, arrival));
        sequence = sequence.wrapping_add(1);
    }
    assert_eq!(packets.len(), count);
    assert!(deltas.next().is_none());
    packets
}

/// The same by our own reader, which stops before the padding.
fn read_by_us(packet: &[u8]) -> Vec<(u16, Option<i64>)> {
    let [RtcpMessage::TransportFeedback(packet)] = messages(packet)[..] else { panic!("none") };
    let feedback = TransportFeedback::parse(packet).unwrap();
    let mut tick = i64::from(feedback.reference) * 256;
    let read = feedback.statuses().map(|(number, delta)| {
        let arrival = delta.map(|delta| {
            tick += i64::from(delta);
            tick
        });
        (number, arrival)
    });
    read.collect()
}

fn drain(recorder: &mut TwccRecorder, now: Instant) -> Vec<TransportLayerCc> {
    let mut feedbacks = Vec::new();
    let mut out = Vec::new();
    while recorder.poll_feedback(now, 1, 2, &mut out) {
        assert!(out.len() <= 1120 && out.len().is_multiple_of(4), "{} bytes", out.len());
        assert!(matches!(messages(&out)[..], [RtcpMessage::TransportFeedback(_)]));
        let feedback = only(&second_opinion(&out), 0);
        assert_eq!(read_by_us(&out), read(&feedback));
        feedbacks.push(feedback);
        out.clear();
    }
    feedbacks
}

fn low_16_bits(sequence: i64) -> u16 {
    u16::try_from(sequence & 0xffff).unwrap()
}

/// Records `(sequence, ticks since the start)` and reads all feedback.
fn feedback_of(arrivals: &[(u16, u64)]) -> Vec<Vec<(u16, Option<i64>)>> {
    let start = origin();
    let mut recorder = TwccRecorder::default();
    for (sequence, ticks) in arrivals {
        recorder.record(start + Duration::from_micros(ticks * 250), *sequence);
    }
    drain(&mut recorder, start + NEVER).iter().map(read).collect()
}

#[test]
fn feedback_waits_for_its_interval_and_is_given_once() {
    let start = origin();
    let mut recorder = TwccRecorder::default();
    assert_eq!(recorder.poll_timeout(), None);
    recorder.record(start, 7);
    let due = recorder.poll_timeout().unwrap();
    assert_eq!(due, start + milliseconds(50));
    assert!(drain(&mut recorder, due - milliseconds(1)).is_empty());
    let feedback = drain(&mut recorder, due);
    assert_eq!((feedback[0].sender_ssrc, feedback[0].media_ssrc), (1, 2));
    assert_eq!(read(&feedback[0]), [(7, Some(0))]);
    assert!(drain(&mut recorder, start + NEVER).is_empty());
    assert_eq!(recorder.poll_timeout(), None);
}

#[test]
fn gaps_are_reported_as_lost_also_between_two_feedbacks() {
    let start = origin();
    let mut recorder = TwccRecorder::default();
    recorder.record(start, 65_534);
    recorder.record(start + milliseconds(1), 1);
    let first = drain(&mut recorder, start + milliseconds(60));
    let expected = [(65_534, Some(0)), (65_535, None), (0, None), (1, Some(4))];
    assert_eq!(read(&first[0]), expected);
    recorder.record(start + milliseconds(64), 3);
    let second = drain(&mut recorder, start + milliseconds(200));
    assert_eq!(read(&second[0]), [(2, None), (3, Some(256))]);
    assert_eq!((first[0].fb_pkt_count, second[0].fb_pkt_count), (0, 1));
    assert_eq!(second[0].reference_time, 1, "64 ms");
}

#[test]
fn a_late_packet_is_reported_after_all() {
    let start = origin();
    let mut recorder = TwccRecorder::default();
    recorder.record(start, 10);
    recorder.record(start + milliseconds(2), 12);
    drain(&mut recorder, start + milliseconds(60));
    recorder.record(start + milliseconds(100), 11);
    let feedback = drain(&mut recorder, start + milliseconds(200));
    // Reported again with its successor, whose time did not change: a negative difference.
    assert_eq!(read(&feedback[0]), [(11, Some(400)), (12, Some(8))]);
}

#[test]
fn a_difference_beyond_two_bytes_begins_a_new_packet() {
    let far = 40_000_u32;
    let feedbacks = feedback_of(&[(1, 0), (2, 32_767), (3, 32_767 + u64::from(far))]);
    assert_eq!(feedbacks.len(), 2);
    assert_eq!(feedbacks[0], [(1, Some(0)), (2, Some(32_767))]);
    assert_eq!(feedbacks[1], [(3, Some(32_767 + i64::from(far)))]);
}

#[test]
fn the_reference_time_wraps_at_24_bits() {
    let start = origin();
    let mut recorder = TwccRecorder::default();
    recorder.record(start, 1);
    drain(&mut recorder, start + NEVER);
    let wrap = milliseconds(64 << 24);
    recorder.record(start + wrap + milliseconds(64 * 5), 2);
    let feedback = drain(&mut recorder, start + wrap + NEVER);
    assert_eq!(feedback[0].reference_time, 5);
}

#[test]
fn a_jump_beyond_the_window_forgets_what_was_before() {
    let feedbacks = feedback_of(&[(0, 0), (1, 1), (20_000, 2), (19_999, 3)]);
    let all: Vec<_> = feedbacks.concat();
    assert_eq!(all.iter().filter(|(_, arrival)| arrival.is_some()).count(), 2);
    assert_eq!(&all[all.len() - 2..], [(19_999, Some(3)), (20_000, Some(2))]);
    assert!(all.len() <= 514, "of the gap only the end is reported");
}

#[test]
fn a_repeated_number_keeps_its_first_arrival() {
    assert_eq!(feedback_of(&[(5, 0), (6, 4), (5, 9)]), [[(5, Some(0)), (6, Some(4))]]);
}

proptest! {
    /// Every arrival within the window is reported once with its exact tick, everything
    /// between as lost, and numbering is without holes.
    #[test]
    fn another_stack_reads_exactly_the_arrivals(
        first: u16,
        steps in prop::collection::vec((-20_i32..40, 0_u64..900, any::<bool>()), 1..600),
    ) {
        let start = origin();
        let mut recorder = TwccRecorder::default();
        let (mut next, mut tick) = (i64::from(first) + 65_536, 0);
        let mut expected = BTreeMap::new();
        let (mut lowest, mut highest) = (next, next);
        for (index, (step, pause, burst)) in steps.into_iter().enumerate() {
            if index > 0 {
                next += i64::from(step).min(highest + 3 - next);
                tick += if burst { 0 } else { pause };
            }
            if next + 1000 < highest {
                next = highest;
            }
            recorder.record(start + Duration::from_micros(tick * 250), low_16_bits(next));
            expected.entry(next).or_insert_with(|| tick.cast_signed());
            (lowest, highest) = (lowest.min(next), highest.max(next));
        }
        prop_assume!(highest - lowest < 2000);
        let feedbacks = drain(&mut recorder, start + NEVER);
        let mut reported = lowest;
        for (sequence, arrival) in feedbacks.iter().flat_map(read) {
            prop_assert_eq!(i64::from(sequence), reported & 0xffff);
            prop_assert_eq!(arrival, expected.get(&reported).copied());
            reported += 1;
        }
        prop_assert_eq!(reported, highest + 1);
        for (index, feedback) in feedbacks.iter().enumerate() {
            prop_assert_eq!(usize::from(feedback.fb_pkt_count), index);
        }
    }

    #[test]
    fn no_feedback_panics_or_is_endless(mut bytes in prop::collection::vec(any::<u8>(), 20..200)) {
        // A well-formed head, so that the body is looked at.
        bytes[1] = 205;
        if let Some(feedback) = TransportFeedback::parse(&bytes) {
            prop_assert!(feedback.statuses().count() <= 8192);
        }
    }

    #[test]
    fn no_sequence_of_numbers_panics(
        arrivals in prop::collection::vec((any::<u16>(), 0_u64..100_000), 0..300)
    ) {
        let start = origin();
        let mut recorder = TwccRecorder::default();
        let mut now = start;
        let mut out = Vec::new();
        for (sequence, ticks) in arrivals {
            now += Duration::from_micros(ticks * 250);
            recorder.record(now, sequence);
            let mut packets = 0;
            while recorder.poll_feedback(now, 1, 2, &mut out) {
                packets += 1;
                prop_assert!(packets <= 16);
            }
            out.clear();
        }
    }
}
