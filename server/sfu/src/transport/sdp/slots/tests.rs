use shared::media::{DescriptionKind, SessionDescription};

use super::*;
use crate::transport::sdp::tests::{
    CHROMIUM_REFUSED, CHROMIUM_VIEW, FIREFOX_REFUSED, FIREFOX_VIEW, local, mid, recorded_slots,
    second_opinion, section, track,
};

#[test]
fn an_offer_of_ours_is_written_line_by_line() {
    let mut slots = SendSlots::default();
    slots.add(track(Codec::Opus, 1)).unwrap();
    slots.add(track(Codec::Vp8, 2)).unwrap();
    let offer = slots.offer(&local());
    assert!(offer.contains("a=group:BUNDLE 0 1\r\na=ice-lite\r\n"));
    assert!(offer.contains("a=ice-ufrag:ours\r\n"));
    let expected = [
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
        "c=IN IP4 0.0.0.0",
        "a=mid:1",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=rtcp-xr:rcvr-rtt=all",
        "a=setup:actpass",
        "a=rtpmap:96 VP8/90000",
        "a=rtcp-fb:96 transport-cc",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 nack pli",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "a=extmap:5 urn:3gpp:video-orientation",
        "a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
        "a=msid:participant-2 producer-2",
        "a=ssrc-group:FID 1002 2002",
        "a=ssrc:1002 cname:room",
        "a=ssrc:2002 cname:room",
        "a=candidate:1 1 udp 2130706431 192.0.2.9 40000 typ host",
        "a=candidate:2 1 udp 2130706175 2001:db8::9 40000 typ host",
        "a=candidate:3 1 tcp 1520435199 192.0.2.9 40000 typ host tcptype passive",
        "a=candidate:4 1 tcp 1520434943 2001:db8::9 40000 typ host tcptype passive",
        "a=end-of-candidates",
    ];
    assert_eq!(section(&offer, 1), expected);
    let audio = section(&offer, 0);
    assert!(audio.contains(&"a=ssrc:1001 cname:room"));
    assert!(!audio.iter().any(|line| line.contains("2001") && line.contains("ssrc")));
    assert_eq!(second_opinion(&offer).media_descriptions.len(), 2);
}

#[test]
fn long_descriptors_are_offered_and_either_taken_or_not() {
    for (answered, mixed) in [("", false), ("a=extmap-allow-mixed\r\n", true)] {
        let mut slots = SendSlots::default();
        slots.add(track(Codec::Opus, 1)).unwrap();
        slots.add(track(Codec::Av1, 2)).unwrap();
        let offer = slots.offer(&local());
        assert!(!section(&offer, 0).contains(&"a=extmap-allow-mixed"));
        assert!(section(&offer, 1).contains(&"a=extmap-allow-mixed"));
        let answer = offer.replace("a=setup:actpass", "a=setup:active");
        let answer = answer.replace("a=sendonly", "a=recvonly").replace("a=ice-lite\r\n", "");
        let answer = answer.replace("a=extmap-allow-mixed\r\n", answered);
        assert_eq!(slots.accept_answer(&answer).unwrap().mixed_extensions, mixed);
    }
}

#[test]
fn chromium_takes_every_codec_and_firefox_without_its_decoder_refuses_h264() {
    for (sdp, h264_refused) in [(CHROMIUM_VIEW, false), (FIREFOX_VIEW, true)] {
        let mut slots = recorded_slots();
        slots.offer(&local());
        let answer = slots.accept_answer(sdp).unwrap();
        assert!(answer.transport.is_some());
        assert_eq!(answer.lines.len(), 6);
        for line in answer.lines {
            let refused = line.outcome == LineOutcome::Refused;
            assert_eq!(refused, h264_refused && line.mid == mid("3"), "{line:?}");
            if let LineOutcome::Accepted { rtx, red, extensions } = line.outcome {
                assert!(!red, "it was not offered when these were recorded");
                assert_eq!(rtx, !["1", "5"].contains(&line.mid.as_str()));
                assert_eq!(extensions.id_of(Extension::TransportCc), Some(3));
            }
        }
    }
}

#[test]
fn redundancy_is_offered_with_audio_and_taken_as_it_is_answered() {
    for (edit, taken) in [("", true), (" 63", false), ("a=rtpmap:63 red/48000/2\r\n", false)] {
        let mut slots = SendSlots::default();
        slots.add(track(Codec::Opus, 1)).unwrap();
        let offer = slots.offer(&local());
        assert!(section(&offer, 0)[0].ends_with(" 111 63"));
        assert!(section(&offer, 0).contains(&"a=fmtp:63 111/111"));
        let answer =
            offer.replace("a=setup:actpass", "a=setup:active").replace("a=ice-lite\r\n", "");
        let answer = if edit.is_empty() { answer } else { answer.replacen(edit, "", 1) };
        let answer = answer.replace("a=sendonly", "a=recvonly");
        let line = slots.accept_answer(&answer).unwrap().lines[0];
        let LineOutcome::Accepted { red, .. } = line.outcome else { panic!("{line:?}") };
        assert_eq!(red, taken, "without {edit:?}");
    }
}

#[test]
fn an_answer_that_the_page_made_compact_says_the_same() {
    for sdp in [CHROMIUM_VIEW, FIREFOX_VIEW] {
        let accept = |sdp: &str| {
            let mut slots = recorded_slots();
            slots.offer(&local());
            slots.accept_answer(sdp).unwrap()
        };
        let answer = SessionDescription { kind: DescriptionKind::Answer, sdp: sdp.to_owned() };
        let compact = answer.compact();
        assert!(compact.sdp.len() * 4 < sdp.len() * 3);
        assert_eq!(accept(&compact.sdp), accept(sdp));
    }
}

#[test]
fn a_refused_m_line_comes_back_under_a_new_name() {
    for sdp in [CHROMIUM_REFUSED, FIREFOX_REFUSED] {
        let mut slots = SendSlots::default();
        assert_eq!(slots.add(track(Codec::H264, 1)), Ok(mid("0")));
        slots.offer(&local());
        let answer = slots.accept_answer(sdp).unwrap();
        assert_eq!(answer.transport, None);
        let refused = AnsweredLine { mid: mid("0"), ssrc: 1001, outcome: LineOutcome::Refused };
        assert_eq!(answer.lines, [refused]);
        assert!(!slots.remove(mid("0")), "the track is gone already");
        let offer = slots.offer(&local());
        assert!(section(&offer, 0)[0].starts_with("m=video 0 "));
        assert_eq!(slots.accept_answer(sdp).unwrap().lines, []);
        assert_eq!(slots.add(track(Codec::Vp8, 2)), Ok(mid("1")));
        let offer = slots.offer(&local());
        assert_eq!(second_opinion(&offer).media_descriptions.len(), 1);
        assert!(offer.contains("a=group:BUNDLE 1\r\n"));
    }
}

#[test]
fn a_removed_track_leaves_an_inactive_line_that_the_next_one_of_its_kind_takes() {
    let mut slots = recorded_slots();
    slots.offer(&local());
    slots.accept_answer(CHROMIUM_VIEW).unwrap();
    assert!(slots.remove(mid("2")));
    assert!(!slots.remove(mid("2")));
    let offer = slots.offer(&local());
    let idle = section(&offer, 2);
    assert!(idle.contains(&"a=inactive"));
    assert!(!idle.iter().any(|line| line.starts_with("a=ssrc") || line.starts_with("a=msid")));
    slots.accept_answer(CHROMIUM_VIEW).unwrap();
    assert_eq!(slots.add(track(Codec::Opus, 10)), Ok(mid("6")), "the idle line is a video's");
    assert_eq!(slots.add(track(Codec::Vp9, 11)), Ok(mid("2")), "same name, another codec");
    let offer = slots.offer(&local());
    assert_eq!(section(&offer, 2)[0], "m=video 9 UDP/TLS/RTP/SAVPF 98 99");
    assert!(section(&offer, 2).contains(&"a=ssrc:1011 cname:room"));
    assert!(offer.contains("o=- 42 3 IN"));
}

#[test]
fn a_line_whose_answer_is_awaited_is_not_given_to_another_track() {
    let mut slots = SendSlots::default();
    slots.add(track(Codec::H264, 1)).unwrap();
    slots.offer(&local());
    slots.remove(mid("0"));
    assert_eq!(slots.add(track(Codec::Vp8, 2)), Ok(mid("1")));
    let answer = slots.accept_answer(CHROMIUM_REFUSED).unwrap();
    assert_eq!(answer.lines[0].ssrc, 1001, "the outcome is the old track's");
    assert_eq!(slots.add(track(Codec::Vp8, 3)), Ok(mid("2")), "now the refused line is free");
    assert_eq!(second_opinion(&slots.offer(&local())).media_descriptions.len(), 2);
}

#[test]
fn an_answer_that_is_none_leaves_the_offer_waiting() {
    let mut slots = recorded_slots();
    assert_eq!(slots.accept_answer(CHROMIUM_VIEW), Err(SdpError::NoOfferPending));
    slots.offer(&local());
    assert_eq!(slots.accept_answer(CHROMIUM_REFUSED), Err(SdpError::LineChanged(1)));
    let passive = CHROMIUM_VIEW.replace("a=setup:active", "a=setup:passive");
    assert_eq!(slots.accept_answer(&passive), Err(SdpError::DtlsRole));
    let renamed = CHROMIUM_VIEW.replace("a=mid:2", "a=mid:9");
    assert_eq!(slots.accept_answer(&renamed), Err(SdpError::LineChanged(2)));
    assert!(slots.accept_answer(CHROMIUM_VIEW).is_ok());
    assert_eq!(slots.accept_answer(CHROMIUM_VIEW), Err(SdpError::NoOfferPending));
}

#[test]
fn a_name_cannot_smuggle_lines_into_an_offer() {
    let mut slots = SendSlots::default();
    for name in ["", "two words", "a\r\na=ice-lite", &"x".repeat(65)] {
        let hostile = SendTrack { stream: name.to_owned(), ..track(Codec::Vp8, 1) };
        assert_eq!(slots.add(hostile), Err(SdpError::Invalid("msid")));
    }
}
