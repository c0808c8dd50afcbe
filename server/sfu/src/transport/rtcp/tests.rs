use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;
use rtc_rtcp::{
    extended_report::{DLRRReport, DLRRReportBlock, ExtendedReport},
    goodbye::Goodbye,
    packet::{Packet as OraclePacket, unmarshal},
    payload_feedbacks::{
        full_intra_request::FullIntraRequest, picture_loss_indication::PictureLossIndication,
    },
    receiver_report::ReceiverReport,
    source_description::SourceDescription,
};

use super::{reception::ReceptionStatistics, twcc::TwccRecorder, *};

/// Reads what we wrote with another implementation.
pub(super) fn second_opinion(datagram: &[u8]) -> Vec<Box<dyn OraclePacket>> {
    unmarshal(&mut Bytes::copy_from_slice(datagram)).unwrap()
}

pub(super) fn only<T: Clone + 'static>(packets: &[Box<dyn OraclePacket>], index: usize) -> T {
    packets[index].as_any().downcast_ref::<T>().unwrap().clone()
}

pub(super) fn messages(datagram: &[u8]) -> Vec<RtcpMessage<'_>> {
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

pub(super) fn milliseconds(count: u64) -> Duration {
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
fn a_reference_time_is_read_among_other_blocks_and_echoed() {
    let ntp = NtpTime(0x0011_2233_4455_6677);
    let blocks = [7_u32, 0x8700_0001, 1, 0x0400_0002, 0x0011_2233, 0x4455_6677];
    let asked = blocks.iter().flat_map(|word| word.to_be_bytes());
    let asked: Vec<u8> = [0x80, 207, 0, 6].into_iter().chain(asked).collect();
    let [RtcpMessage::ReferenceTime { ssrc: 7, ntp: read }] = messages(&asked)[..] else {
        panic!("{:?}", messages(&asked))
    };
    assert_eq!(read, ntp);
    let mut echo = Vec::new();
    write::delay_since_reference(&mut echo, 9, 7, ntp);
    let theirs: ExtendedReport = only(&second_opinion(&echo), 0);
    let block = theirs.reports[0].as_any().downcast_ref::<DLRRReportBlock>().unwrap();
    let expected = DLRRReport { ssrc: 7, last_rr: 0x2233_4455, dlrr: 0 };
    assert_eq!((theirs.sender_ssrc, block.reports.as_slice()), (9, &[expected][..]));
    assert!(matches!(messages(&echo)[..], [RtcpMessage::Other]));
    // A block that reaches past the end, and one too short for a time.
    for bad in
        [[0x80, 207, 0, 2, 0, 0, 0, 7, 4, 0, 0, 2], [0x80, 207, 0, 2, 0, 0, 0, 7, 4, 0, 0, 0]]
    {
        assert!(matches!(parse(&bad).next(), Some(Err(RtcpError::TooShort(207)))), "{bad:?}");
    }
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

#[test]
fn reception_counts_loss_as_rfc_3550_a_3_does() {
    let start = origin();
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
    let start = origin();
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
    let start = origin();
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
    let start = origin();
    let mut statistics = ReceptionStatistics::new(start, 5, 90_000);
    statistics.on_packet(start, 1, 0);
    statistics.on_sender_report(start, NtpTime(0x1234_b705_2000_0000));
    let report = statistics.report(start + milliseconds(5_250)).unwrap();
    assert_eq!(report.last_sr, 0xb705_2000);
    assert_eq!(report.delay_since_last_sr, 0x0005_4000, "5.250 s");
}

#[test]
fn what_is_done_per_packet_allocates_nothing_in_steady_state() {
    let start = origin();
    let mut statistics = ReceptionStatistics::new(start, 5, 90_000);
    let mut twcc = TwccRecorder::default();
    let mut out = Vec::new();
    // Every tenth packet is lost and comes 40 ms later; feedback goes out meanwhile.
    let mut run = |packets: std::ops::Range<u16>| {
        for sequence in packets {
            let now = start + milliseconds(u64::from(sequence));
            let late = sequence.checked_sub(40).filter(|late| late % 10 == 0);
            for sequence in
                Some(sequence).filter(|sequence| sequence % 10 != 0).into_iter().chain(late)
            {
                statistics.on_packet(now, sequence, 0).unwrap();
                twcc.record(now, sequence);
            }
            out.clear();
            write::nack(&mut out, 1, 2, &[sequence]);
            while twcc.poll_feedback(now, 1, 2, &mut out) {}
            write::receiver_report(&mut out, 1, statistics.report(now).as_slice());
            assert!(parse(&out).all(|message| message.is_ok()));
        }
    };
    let warm_up = allocation_counter::measure(|| run(1..500));
    assert!(warm_up.count_total > 0, "the buffers grow once");
    let steady = allocation_counter::measure(|| run(500..1500));
    assert_eq!(steady.count_total, 0);
}

/// The one instant a test asks for: all its virtual time counts from there.
#[expect(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
pub(super) fn origin() -> Instant {
    Instant::now()
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
                RtcpMessage::Pli { .. }
                | RtcpMessage::ReferenceTime { .. }
                | RtcpMessage::Other => {}
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

#[test]
fn another_stack_reads_the_maximum_bit_rate_rounded_down() {
    use rtc_rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
    for (bitrate, read) in [(262_143, 262_143), (262_145, 262_144), (1_300_000, 1_300_000)] {
        let mut out = Vec::new();
        write::remb(&mut out, 7, bitrate, 9);
        let remb: ReceiverEstimatedMaximumBitrate = only(&second_opinion(&out), 0);
        assert_eq!((remb.sender_ssrc, remb.ssrcs), (7, vec![9]));
        assert!((remb.bitrate - read as f32).abs() < 1.0, "{} for {bitrate}", remb.bitrate);
    }
}
