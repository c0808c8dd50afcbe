//! Sender reports: lips match voice.

use super::*;

/// An NTP timestamp of `millis` after an arbitrary origin.
fn ntp(millis: u64) -> u64 {
    (3_900_000_000 << 32) + modular::ntp_duration(Duration::from_millis(millis))
}

/// The wall clock, in milliseconds after the origin, at which `timestamp` was captured, as a viewer
/// reckons it from a report.
fn capture_time(report: &SenderReport, timestamp: u32, rate: u32) -> i64 {
    let ahead = i64::from(modular::distance32(report.rtp_timestamp, timestamp));
    let millis = (u128::from(report.ntp - ntp(0)) * 1000) >> 32;
    i64::try_from(millis).unwrap() + ahead * 1000 / i64::from(rate)
}

fn last_report(room: &Room, ssrc: u32) -> SenderReport {
    room.egress.reports.iter().rev().find(|(_, report)| report.ssrc == ssrc).unwrap().1
}

#[test]
fn the_first_report_follows_within_200_ms_and_then_one_a_second() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    let viewer = room.consumer(voice, 2);
    room.router.handle_sender_report(
        room.now,
        (voice, 0),
        SenderClock { ntp: 0, rtp_timestamp: 0 },
    );
    room.rtp(voice, &packet(1, 0, b"opus"));
    room.run(200);
    assert_eq!(room.egress.reports.len(), 1);
    room.run(10_000);
    assert_eq!(room.egress.reports.len(), 11);
    assert_eq!(room.router.consumer_stats(viewer).unwrap().sender_reports, 11);
    room.router.pause_consumer(viewer).unwrap();
    room.run(10_000);
    assert_eq!(room.egress.reports.len(), 11);
    assert_eq!(room.router.poll_timeout(), None, "an idle router sleeps");
}

#[test]
fn nothing_is_reported_before_the_publisher_has_reported() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    room.consumer(voice, 2);
    room.rtp(voice, &packet(1, 0, b"opus"));
    room.run(3000);
    assert_eq!(room.egress.reports, []);
    room.router.handle_sender_report(
        room.now,
        (voice, 0),
        SenderClock { ntp: 0, rtp_timestamp: 0 },
    );
    room.run(50);
    assert_eq!(room.egress.reports.len(), 1);
}

#[test]
fn a_report_carries_the_publishers_clocks_run_on_and_the_viewers_counts() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    room.consumer(voice, 2);
    room.rtp(voice, &packet(1, 960, b"opus"));
    room.rtp(voice, &packet(2, 1920, b"longer"));
    let clock = SenderClock { ntp: ntp(0), rtp_timestamp: 5000 };
    room.router.handle_sender_report(room.now, (voice, 0), clock);
    room.run(100);
    let expected = SenderReport {
        publisher: PUBLISHER,
        ssrc: 200,
        ntp: ntp(100),
        rtp_timestamp: 5000 + 4800,
        packets: 2,
        octets: 10,
    };
    assert_eq!(room.egress.reports, [(TransportKey(2), expected)]);
}

#[test]
fn voice_and_video_captured_together_map_to_one_time_even_after_the_timeline_was_moved() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    let camera = room.producer(Codec::Vp8);
    room.consumer(voice, 2);
    let viewer = room.consumer(camera, 3);
    // The camera starts anew with another timeline, so its timestamps are moved for the viewer.
    room.rtp(camera, &packet(1, 1000, &vp8(true, &[])));
    room.router.pause_consumer(viewer).unwrap();
    room.run(700);
    room.router.resume_consumer(room.now, viewer).unwrap();
    // At wall clock 5,000 ms the voice clock reads 48,000 and the camera clock 3,000,000,000.
    let start = room.now;
    let voice_clock = SenderClock { ntp: ntp(5000), rtp_timestamp: 48_000 };
    let camera_clock = SenderClock { ntp: ntp(5000), rtp_timestamp: 3_000_000_000 };
    room.router.handle_sender_report(start, (voice, 0), voice_clock);
    room.run(40);
    room.router.handle_sender_report(
        room.now,
        (camera, 0),
        SenderClock {
            ntp: camera_clock.ntp + modular::ntp_duration(Duration::from_millis(40)),
            rtp_timestamp: camera_clock.rtp_timestamp + 3600,
        },
    );
    room.sent();
    // Captured together at 5,100 ms.
    room.rtp(voice, &packet(1, 48_000 + 4800, b"opus"));
    room.rtp(camera, &packet(2, 3_000_000_000 + 9000, &vp8(true, &[])));
    let sent = room.sent();
    assert_ne!(sent[1].timestamp, 3_000_009_000, "the timeline was moved");
    room.run(2000);
    let voice_time = capture_time(&last_report(&room, 200), sent[0].timestamp, 48_000);
    let camera_time = capture_time(&last_report(&room, 300), sent[1].timestamp, 90_000);
    assert!((voice_time - 5100).abs() <= 1, "{voice_time}");
    assert!((camera_time - voice_time).abs() <= 1, "{camera_time} and {voice_time}");
}

#[test]
fn the_round_trip_learnt_from_a_viewers_report_spaces_its_retransmissions() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    let viewer = room.consumer(camera, 2);
    room.router.handle_sender_report(
        room.now,
        (camera, 0),
        SenderClock { ntp: 0, rtp_timestamp: 0 },
    );
    for n in 1..200u16 {
        room.rtp(camera, &packet(n, u32::from(n) * 3000, &vp8(n == 1, &[])));
        room.run(100);
        // The viewer waited 100 ms and the ways took 200 ms.
        if let Some((_, report)) = room.egress.reports.pop() {
            room.run(300);
            let delay = 65_536 / 10;
            let last_report = modular::low32(report.ntp >> 16);
            let report = ReceptionReport { fraction_lost: 0, last_report, delay };
            room.router.handle_reception_report(room.now, viewer, report);
        }
    }
    let last = modular::low16(room.sent().pop().unwrap().index);
    room.nack(viewer, &[last]);
    room.pass(150);
    room.nack(viewer, &[last]);
    assert_eq!(room.sent().len(), 1, "150 ms are less than the round trip");
    room.pass(60);
    room.nack(viewer, &[last]);
    assert_eq!(room.sent().len(), 1);
}

#[test]
fn a_microphone_is_told_of_the_loss_at_its_worst_listener_and_a_camera_is_not() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    let camera = room.producer(Codec::Vp8);
    let viewers = [room.consumer(voice, 2), room.consumer(voice, 3)];
    let watcher = room.consumer(camera, 2);
    room.events();
    let mut told = |viewer, fraction_lost| {
        let report = ReceptionReport { fraction_lost, last_report: 0, delay: 0 };
        room.router.handle_reception_report(room.now, viewer, report);
        let losses = room.events().into_iter().filter_map(|event| match event {
            RouterEvent::ListenerLoss { producer, fraction_lost, .. } => {
                assert_eq!(producer, voice);
                Some(fraction_lost)
            }
            _ => None,
        });
        losses.collect::<Vec<_>>()
    };
    assert_eq!(told(viewers[0], 0), []);
    assert_eq!(told(viewers[0], 26), [26]);
    assert_eq!(told(viewers[1], 13), [], "the other one is worse off");
    assert_eq!(told(viewers[1], 51), [51]);
    assert_eq!(told(viewers[1], 0), [44], "one good second does not end it");
    assert_eq!(told(watcher, 100), []);
    let ending: Vec<_> = (0..40).flat_map(|_| viewers.map(|viewer| told(viewer, 0))).collect();
    assert_eq!(ending.concat().last(), Some(&0), "in the end it is over");
}
