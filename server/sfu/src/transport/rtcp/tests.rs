use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;
use rtc_rtcp::{
    goodbye::Goodbye,
    packet::{Packet as OraclePacket, unmarshal},
    payload_feedbacks::{
        full_intra_request::FullIntraRequest, picture_loss_indication::PictureLossIndication,
    },
    receiver_report::ReceiverReport,
    source_description::SourceDescription,
    transport_feedbacks::transport_layer_nack::TransportLayerNack,
};

use super::{
    ntp::{WallClock, round_trip},
    reception::ReceptionStatistics,
    *,
};

/// Reads what we wrote with another implementation.
fn second_opinion(datagram: &[u8]) -> Vec<Box<dyn OraclePacket>> {
    unmarshal(&mut Bytes::copy_from_slice(datagram)).unwrap()
}

fn only<T: Clone + 'static>(packets: &[Box<dyn OraclePacket>], index: usize) -> T {
    packets[index].as_any().downcast_ref::<T>().unwrap().clone()
}

fn messages(datagram: &[u8]) -> Vec<RtcpMessage<'_>> {
    parse(datagram).collect::<Result<_, _>>().unwrap()
}

fn block(ssrc: u32) -> ReportBlock {
    ReportBlock {
        ssrc,
        fraction_lost: 25,
        cumulative_lost: -3,
        highest_sequence: 0x0001_0007,
        jitter: 273,
        last_sr: 0xb705_2000,
        delay_since_last_sr: 0x0005_4000,
    }
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_sender_report_is_read_by_us_and_by_another_stack() {
    let report = write::SenderReport {
        ssrc: 7,
        ntp: NtpTime(0xdcba_9876_5432_1001),
        rtp_timestamp: 90_000,
        packet_count: 11,
        octet_count: 1234,
    };
    for cname in ["", "a", "ab", "abc", "abcd", "room@host"] {
        let mut out = Vec::new();
        write::sender_report(&mut out, &report, cname);
        let packets = second_opinion(&out);
        let theirs: rtc_rtcp::sender_report::SenderReport = only(&packets, 0);
        assert_eq!((theirs.ssrc, theirs.ntp_time), (7, report.ntp.0));
        assert_eq!((theirs.rtp_time, theirs.packet_count), (90_000, 11));
        let description: SourceDescription = only(&packets, 1);
        assert_eq!(description.chunks[0].source, 7);
        assert_eq!(description.chunks[0].items[0].text, cname.as_bytes());
        let [RtcpMessage::SenderReport { ssrc: 7, ntp, octet_count: 1234, .. }, RtcpMessage::Other] =
            messages(&out)[..]
        else {
            panic!("{:?}", messages(&out))
        };
        assert_eq!(ntp, report.ntp);
    }
}

#[test]
fn receiver_reports_keep_their_blocks_and_split_after_31() {
    let blocks: Vec<_> = (0..40).map(block).collect();
    let mut out = Vec::new();
    write::receiver_report(&mut out, 9, &blocks);
    let packets = second_opinion(&out);
    let theirs: ReceiverReport = only(&packets, 0);
    assert_eq!((theirs.ssrc, theirs.reports.len()), (9, 31));
    assert_eq!(theirs.reports[3].last_sequence_number, 0x0001_0007);
    assert_eq!(theirs.reports[3].total_lost, 0xff_fffd, "24 bits of -3");
    let ours: Vec<_> = messages(&out)
        .into_iter()
        .flat_map(|message| match message {
            RtcpMessage::ReceiverReport { ssrc: 9, blocks } => blocks,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ours, blocks);

    out.clear();
    write::receiver_report(&mut out, 9, &[]);
    assert_eq!(out, [0x80, 201, 0, 1, 0, 0, 0, 9]);
}

#[test]
fn requests_for_key_frames_are_read_by_another_stack() {
    let mut out = Vec::new();
    write::pli(&mut out, 1, 2);
    write::fir(&mut out, 1, 3, 200);
    write::bye(&mut out, &[4, 5]);
    let packets = second_opinion(&out);
    let pli: PictureLossIndication = only(&packets, 0);
    assert_eq!((pli.sender_ssrc, pli.media_ssrc), (1, 2));
    let fir: FullIntraRequest = only(&packets, 1);
    assert_eq!((fir.fir[0].ssrc, fir.fir[0].sequence_number), (3, 200));
    assert_eq!(only::<Goodbye>(&packets, 2).sources, [4, 5]);
    let [
        RtcpMessage::Pli { media_ssrc: 2 },
        RtcpMessage::Fir { requests },
        RtcpMessage::Bye { sources },
    ] = &messages(&out)[..]
    else {
        panic!("{:?}", messages(&out))
    };
    let expected = [FirRequest { ssrc: 3, command: 200 }];
    assert!(requests.clone().eq(expected));
    assert!(sources.clone().eq([4, 5]));
}

#[test]
fn a_malformed_packet_ends_the_compound_with_its_reason() {
    let mut good = Vec::new();
    write::pli(&mut good, 1, 2);
    let cases: [(&[u8], RtcpError); 6] = [
        (&[0x80, 206, 0], RtcpError::Truncated),
        (&[0x40, 206, 0, 0], RtcpError::Version),
        (&[0x80, 200, 0, 9, 1, 2, 3, 4], RtcpError::Truncated),
        (&[0x81, 206, 0, 1, 0, 0, 0, 1], RtcpError::TooShort(206)),
        (&[0xa0, 201, 0, 1, 0, 0, 0, 0], RtcpError::Padding),
        (&[0x81, 201, 0, 1, 0, 0, 0, 1], RtcpError::TooShort(201)),
    ];
    for (bad, expected) in cases {
        let datagram = [&good, bad, &good].concat();
        let read: Vec<_> = parse(&datagram).collect();
        assert_eq!(read.len(), 2);
        assert!(matches!(read[0], Ok(RtcpMessage::Pli { media_ssrc: 2 })));
        assert_eq!(read[1].as_ref().unwrap_err(), &expected);
    }
}

#[test]
fn padding_is_not_read_as_content() {
    let padded = [0xa1, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 9, 0, 0, 0, 0, 0, 4];
    let [RtcpMessage::Nack { sender_ssrc: 1, media_ssrc: 2, lost }] = &messages(&padded)[..] else {
        panic!("{:?}", messages(&padded))
    };
    assert!(lost.clone().eq([9]));
}

/// The example of RFC 3550 6.4.1, figure 2: 46864.500 − 5.250 − 46853.125 = 6.125 s.
#[test]
fn round_trip_time_as_in_figure_2_of_rfc_3550() {
    let now = NtpTime(0xb44d_b710_8000_0000_u64);
    assert_eq!(now.compact(), 0xb710_8000);
    let expected = Some(Duration::from_micros(6_125_000));
    assert_eq!(round_trip(now, 0xb705_2000, 0x0005_4000), expected);
    assert_eq!(round_trip(now, 0, 0), None, "no sender report yet");
    assert_eq!(round_trip(now, 0xb711_0000, 0), None, "clocks that run backwards");
}

#[test]
fn wall_clock_time_runs_with_the_time_we_are_told() {
    let start = Instant::now_for_tests();
    let clock = WallClock::new(start, Duration::from_millis(1_500));
    // 1970 is 2,208,988,800 s after 1900.
    assert_eq!(clock.ntp(start).0, (2_208_988_801 << 32) | (1 << 31));
    let later = clock.ntp(start + Duration::from_millis(250));
    assert_eq!(later.0 - clock.ntp(start).0, 1 << 30);
}

#[test]
fn reception_counts_loss_as_rfc_3550_a_3_does() {
    let start = Instant::now_for_tests();
    let mut statistics = ReceptionStatistics::new(start, 5, 90_000);
    assert_eq!(statistics.report(start), None);
    for sequence in (65_530..=65_535).chain(0..4).filter(|sequence| *sequence != 65_533) {
        statistics.on_packet(start, sequence, 0);
    }
    let report = statistics.report(start).unwrap();
    assert_eq!(report.highest_sequence, 0x0001_0003, "one cycle");
    assert_eq!((report.cumulative_lost, report.fraction_lost), (1, 25), "1/10 in 1/256");
    // Nothing lost since, and the late one came after all.
    statistics.on_packet(start, 65_533, 0);
    statistics.on_packet(start, 4, 0);
    let report = statistics.report(start).unwrap();
    assert_eq!((report.cumulative_lost, report.fraction_lost), (0, 0));
    statistics.on_packet(start, 4, 0);
    assert_eq!(statistics.report(start).unwrap().cumulative_lost, -1, "a duplicate");
}

#[test]
fn extended_numbers_never_wrap_and_a_restart_needs_two_packets() {
    let start = Instant::now_for_tests();
    let mut statistics = ReceptionStatistics::new(start, 5, 90_000);
    let first = statistics.on_packet(start, 10, 0).unwrap();
    assert_eq!(first % 65_536, 10);
    assert_eq!(statistics.on_packet(start, 5, 0), Some(first - 5), "before the first");
    assert_eq!(statistics.on_packet(start, 30_000, 0), None);
    assert_eq!(statistics.on_packet(start, 11, 0), Some(first + 1), "a lone stray is ignored");
    assert_eq!(statistics.on_packet(start, 30_000, 0), None);
    let restarted = statistics.on_packet(start, 30_001, 0).unwrap();
    assert_eq!(restarted % 65_536, 30_001);
    assert!(restarted > first + 1);
    assert_eq!(statistics.report(start).unwrap().cumulative_lost, 0, "counted anew");
}

#[test]
fn jitter_follows_rfc_3550_a_8() {
    let start = Instant::now_for_tests();
    let mut statistics = ReceptionStatistics::new(start, 5, 8_000);
    // 20 ms packets, each second one 5 ms (40 units) late: |D| is 40 every time.
    for index in 0..400_u32 {
        let at = start + milliseconds(u64::from(index) * 20 + u64::from(index % 2) * 5);
        statistics.on_packet(at, u16::try_from(index).unwrap(), index * 160);
    }
    let jitter = statistics.report(start).unwrap().jitter;
    assert!((39..=40).contains(&jitter), "{jitter}");
}

#[test]
fn a_report_refers_to_the_last_sender_report() {
    let start = Instant::now_for_tests();
    let mut statistics = ReceptionStatistics::new(start, 5, 90_000);
    statistics.on_packet(start, 1, 0);
    statistics.on_sender_report(start, NtpTime(0x1234_b705_2000_0000));
    let report = statistics.report(start + milliseconds(5_250)).unwrap();
    assert_eq!(report.last_sr, 0xb705_2000);
    assert_eq!(report.delay_since_last_sr, 0x0005_4000, "5.250 s");
}

/// The one place where a test asks for an instant: the origin all its virtual time counts from.
trait InstantForTests {
    fn now_for_tests() -> Instant;
}

impl InstantForTests for Instant {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
    fn now_for_tests() -> Instant {
        Instant::now()
    }
}

mod nack_tests {
    use super::*;
    use crate::transport::rtcp::nack::{MAX_MISSING, NackGenerator, Repair};

    const ROUND_TRIP: Duration = Duration::from_millis(50);

    fn poll(generator: &mut NackGenerator, now: Instant) -> Vec<u16> {
        let mut out = Vec::new();
        assert_eq!(generator.poll_nacks(now, ROUND_TRIP, &mut out), Repair::Possible);
        out
    }

    #[test]
    fn a_gap_is_requested_once_it_is_no_reordering_and_again_every_round_trip() {
        let start = Instant::now_for_tests();
        let mut generator = NackGenerator::default();
        for sequence in [100, 102] {
            assert_eq!(generator.on_packet(start, sequence), Repair::Possible);
        }
        assert_eq!(poll(&mut generator, start), [], "it may come yet");
        let due = generator.poll_timeout(ROUND_TRIP).unwrap();
        assert_eq!(due, start + milliseconds(10));
        assert_eq!(poll(&mut generator, due), [101]);
        assert_eq!(generator.poll_timeout(ROUND_TRIP), Some(due + ROUND_TRIP));
        assert_eq!(poll(&mut generator, due + milliseconds(49)), []);
        assert_eq!(poll(&mut generator, due + ROUND_TRIP), [101]);
        assert_eq!(generator.on_packet(due + ROUND_TRIP, 101), Repair::Possible);
        assert_eq!((generator.missing(), generator.poll_timeout(ROUND_TRIP)), (0, None));
    }

    #[test]
    fn three_later_packets_make_a_gap_urgent() {
        let start = Instant::now_for_tests();
        let mut generator = NackGenerator::default();
        for sequence in [65_535, 65_537, 65_538] {
            assert_eq!(generator.on_packet(start, sequence), Repair::Possible);
        }
        assert_eq!(poll(&mut generator, start), []);
        assert_eq!(generator.on_packet(start, 65_539), Repair::Possible);
        assert_eq!(poll(&mut generator, start), [0], "on the wire it has 16 bits");
    }

    #[test]
    fn what_does_not_come_within_a_second_is_given_up_aloud() {
        let start = Instant::now_for_tests();
        let mut generator = NackGenerator::default();
        let _ = generator.on_packet(start, 1);
        let _ = generator.on_packet(start, 3);
        let mut out = Vec::new();
        let mut now = start;
        let outcome = loop {
            now = generator.poll_timeout(ROUND_TRIP).unwrap();
            let repair = generator.poll_nacks(now, ROUND_TRIP, &mut out);
            if repair != Repair::Possible {
                break repair;
            }
        };
        assert_eq!(outcome, Repair::MissingTooLong);
        assert_eq!(now, start + milliseconds(1000));
        assert_eq!(out.len(), 10, "no more than ten requests: {out:?}");
        assert_eq!(generator.missing(), 0);
    }

    #[test]
    fn a_gap_that_does_not_fit_is_given_up_at_once() {
        let start = Instant::now_for_tests();
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
        let start = Instant::now_for_tests();
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
            let start = Instant::now_for_tests();
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
}

mod twcc_tests {
    use std::collections::BTreeMap;

    use rtc_rtcp::transport_feedbacks::transport_layer_cc::{
        PacketStatusChunk, SymbolTypeTcc, TransportLayerCc,
    };

    use super::*;
    use crate::transport::rtcp::twcc::TwccRecorder;

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

    fn drain(recorder: &mut TwccRecorder, now: Instant) -> Vec<TransportLayerCc> {
        let mut feedbacks = Vec::new();
        let mut out = Vec::new();
        while recorder.poll_feedback(now, 1, 2, &mut out) {
            assert!(out.len() <= 1120 && out.len().is_multiple_of(4), "{} bytes", out.len());
            assert!(matches!(messages(&out)[..], [RtcpMessage::TransportFeedback(_)]));
            feedbacks.push(only(&second_opinion(&out), 0));
            out.clear();
        }
        feedbacks
    }

    /// Records `(sequence, ticks since the start)` and reads all feedback.
    fn feedback_of(arrivals: &[(u16, u64)]) -> Vec<Vec<(u16, Option<i64>)>> {
        let start = Instant::now_for_tests();
        let mut recorder = TwccRecorder::default();
        for (sequence, ticks) in arrivals {
            recorder.record(start + Duration::from_micros(ticks * 250), *sequence);
        }
        drain(&mut recorder, start + NEVER).iter().map(read).collect()
    }

    #[test]
    fn feedback_waits_for_its_interval_and_is_given_once() {
        let start = Instant::now_for_tests();
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
        let start = Instant::now_for_tests();
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
        let start = Instant::now_for_tests();
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
        let far = 40_000;
        let feedbacks = feedback_of(&[(1, 0), (2, 32_767), (3, 32_767 + far)]);
        assert_eq!(feedbacks.len(), 2);
        assert_eq!(feedbacks[0], [(1, Some(0)), (2, Some(32_767))]);
        assert_eq!(feedbacks[1], [(3, Some(32_767 + far as i64))]);
    }

    #[test]
    fn the_reference_time_wraps_at_24_bits() {
        let start = Instant::now_for_tests();
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
            let start = Instant::now_for_tests();
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
                recorder.record(start + Duration::from_micros(tick * 250), (next & 0xffff) as u16);
                expected.entry(next).or_insert(tick as i64);
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
        fn no_sequence_of_numbers_panics(
            arrivals in prop::collection::vec((any::<u16>(), 0_u64..100_000), 0..300)
        ) {
            let start = Instant::now_for_tests();
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
}

proptest! {
    #[test]
    fn no_bytes_panic_and_the_messages_are_bounded(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        header in prop::sample::select(vec![
            [0x80_u8, 200], [0x81, 200], [0x82, 201], [0x81, 203], [0x81, 205], [0x8f, 205],
            [0x81, 206], [0x84, 206], [0xa1, 205], [0xbf, 203],
        ]),
    ) {
        let words = u8::try_from(bytes.len() / 4).unwrap();
        let datagram = [&header, &[0, words][..], &bytes].concat();
        for message in parse(&datagram).flatten() {
            match message {
                RtcpMessage::SenderReport { blocks, .. }
                | RtcpMessage::ReceiverReport { blocks, .. } => prop_assert!(blocks.count() <= 31),
                RtcpMessage::Nack { lost, .. } => prop_assert!(lost.count() <= 17 * 50),
                RtcpMessage::Fir { requests } => prop_assert!(requests.count() <= 25),
                RtcpMessage::Bye { sources } => prop_assert!(sources.count() <= 31),
                RtcpMessage::TransportFeedback(packet) => prop_assert!(packet.len() >= 4),
                RtcpMessage::Pli { .. } | RtcpMessage::Other => {}
            }
        }
    }

    #[test]
    fn a_report_block_survives_the_wire(
        ssrc: u32, fraction_lost: u8, cumulative_lost in -0x80_0000_i32..=0x7f_ffff,
        highest_sequence: u32, jitter: u32, last_sr: u32, delay_since_last_sr: u32,
    ) {
        let block = ReportBlock {
            ssrc, fraction_lost, cumulative_lost, highest_sequence, jitter, last_sr,
            delay_since_last_sr,
        };
        prop_assert_eq!(ReportBlock::from_bytes(&block.to_bytes()), block);
    }
}
