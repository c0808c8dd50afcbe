use std::io::Cursor;

use proptest::prelude::*;
use rtc_sdp::description::session::SessionDescription;

use super::*;
use crate::extension::Extension;

const CHROMIUM_SIMULCAST: &str = include_str!("fixtures/chromium-simulcast-offer.sdp");
const CHROMIUM_STOPPED_CAMERA: &str = include_str!("fixtures/chromium-stopped-camera-offer.sdp");
const CHROMIUM_PLAIN: &str = include_str!("fixtures/chromium-plain-offer.sdp");
const CHROMIUM_VIEW: &str = include_str!("fixtures/chromium-view-answer.sdp");
const CHROMIUM_REFUSED: &str = include_str!("fixtures/chromium-refused-answer.sdp");
const FIREFOX_SIMULCAST: &str = include_str!("fixtures/firefox-simulcast-offer.sdp");
const FIREFOX_STOPPED_CAMERA: &str = include_str!("fixtures/firefox-stopped-camera-offer.sdp");
const FIREFOX_PLAIN: &str = include_str!("fixtures/firefox-plain-offer.sdp");
const FIREFOX_VIEW: &str = include_str!("fixtures/firefox-view-answer.sdp");
const FIREFOX_REFUSED: &str = include_str!("fixtures/firefox-refused-answer.sdp");

const OFFERS: [&str; 6] = [
    CHROMIUM_SIMULCAST,
    CHROMIUM_STOPPED_CAMERA,
    CHROMIUM_PLAIN,
    FIREFOX_SIMULCAST,
    FIREFOX_STOPPED_CAMERA,
    FIREFOX_PLAIN,
];
const ANSWERS: [&str; 4] = [CHROMIUM_VIEW, CHROMIUM_REFUSED, FIREFOX_VIEW, FIREFOX_REFUSED];

const FINGERPRINT: &str = "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:\
                           00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";

fn local() -> LocalParameters {
    LocalParameters {
        session_id: 42,
        ice: IceCredentials { ufrag: "ours".into(), pwd: "ourpasswordisthislong24x".into() },
        fingerprint: Fingerprint::parse(FINGERPRINT).unwrap(),
        candidates: vec![
            "192.0.2.9:40000".parse().unwrap(),
            "[2001:db8::9]:40000".parse().unwrap(),
        ],
    }
}

fn mid(text: &str) -> Mid {
    Mid::new(text.as_bytes()).unwrap()
}

fn rids(names: [&str; 3]) -> Vec<Rid> {
    names.into_iter().map(|name| Rid::new(name.as_bytes()).unwrap()).collect()
}

fn answer_to(offer: &str) -> Answer {
    Answerer::default().answer(&RemoteOffer::parse(offer).unwrap(), &local()).unwrap()
}

/// Reads what we wrote with another implementation.
fn second_opinion(sdp: &str) -> SessionDescription {
    SessionDescription::unmarshal(&mut Cursor::new(sdp.as_bytes())).unwrap()
}

fn codec(codec: Codec, payload_type: u8, rtx: u8) -> NegotiatedCodec {
    NegotiatedCodec { payload_type, codec, rtx_payload_type: Some(rtx) }
}

fn track(codec: Codec, number: u32) -> SendTrack {
    SendTrack {
        codec,
        stream: format!("participant-{number}"),
        track: format!("producer-{number}"),
        ssrc: 1000 + number,
        rtx_ssrc: Some(2000 + number),
        cname: "room".into(),
    }
}

/// The lines of the m-line with this index.
fn section(sdp: &str, index: usize) -> Vec<&str> {
    let mut lines = sdp.lines().skip_while(|line| !line.starts_with("m="));
    for _ in 0..index {
        lines.next();
        while !lines.clone().next().is_none_or(|line| line.starts_with("m=")) {
            lines.next();
        }
    }
    let first = lines.next().into_iter();
    first.chain(lines.take_while(|line| !line.starts_with("m="))).collect()
}

#[test]
fn chromium_simulcast_is_received_with_its_own_payload_types_and_ids() {
    let answer = answer_to(CHROMIUM_SIMULCAST);
    let [audio, video] = answer.receive.as_slice() else { panic!("{:?}", answer.receive) };

    assert_eq!((audio.mid, audio.kind), (mid("0"), MediaKind::Audio));
    let opus = NegotiatedCodec { payload_type: 111, codec: Codec::Opus, rtx_payload_type: None };
    assert_eq!(audio.codecs, [opus]);
    assert_eq!(audio.ssrcs.len(), 1);
    assert_eq!(audio.extensions.id_of(Extension::AudioLevel), Some(1));

    assert_eq!((video.mid, video.kind), (mid("1"), MediaKind::Video));
    // Chromium offers six profiles of H.264; 108 is the constrained baseline of mode 1.
    let expected = [
        codec(Codec::Vp8, 96, 97),
        codec(Codec::Vp9, 98, 99),
        codec(Codec::H264, 108, 109),
        codec(Codec::Av1, 45, 46),
    ];
    assert_eq!(video.codecs, expected);
    assert_eq!(video.rids, rids(["q", "h", "f"]));
    assert!(video.ssrcs.is_empty());
    assert_eq!(video.extensions.id_of(Extension::Rid), Some(10));
    assert_eq!(video.extensions.id_of(Extension::RepairedRid), Some(11));
    assert_eq!(video.extensions.id_of(Extension::VideoOrientation), None);
    assert_eq!(answer.extensions.id_of(Extension::Mid), Some(4));
    assert_eq!(answer.rejected, [RejectedLine { mid: mid("2"), reason: Rejection::Kind }]);
}

#[test]
fn firefox_bundle_only_lines_are_live_and_its_ssrcs_pair_with_rtx() {
    let offer = RemoteOffer::parse(FIREFOX_SIMULCAST).unwrap();
    assert!(offer.media.iter().all(|media| !media.stopped));
    let answer = answer_to(FIREFOX_SIMULCAST);
    let video = &answer.receive[1];
    let expected =
        [codec(Codec::Vp8, 120, 124), codec(Codec::Vp9, 121, 125), codec(Codec::Av1, 99, 100)];
    assert_eq!(video.codecs, expected);
    assert_eq!(video.rids, rids(["q", "h", "f"]));
    assert_eq!(video.ssrcs.len(), 3);
    assert!(video.ssrcs.iter().all(|group| group.rtx.is_some()));
    // Offered as sendonly by Firefox, so answered as recvonly.
    assert!(
        section(&answer.sdp, 1)
            .contains(&"a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id")
    );
    // Offered as recvonly: there is nothing for us to receive.
    assert_eq!(video.extensions.id_of(Extension::PlayoutDelay), None);
}

#[test]
fn an_answer_is_written_line_by_line() {
    let answer = answer_to(CHROMIUM_SIMULCAST);
    let head: Vec<_> = answer.sdp.lines().take_while(|line| !line.starts_with("m=")).collect();
    let expected = [
        "v=0",
        "o=- 42 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=ice-lite",
        "a=msid-semantic:WMS *",
    ];
    assert_eq!(head, expected);
    let fingerprint = format!("a=fingerprint:{FINGERPRINT}");
    let expected = [
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=recvonly",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=ice-ufrag:ours",
        "a=ice-pwd:ourpasswordisthislong24x",
        &fingerprint,
        "a=setup:passive",
        "a=rtpmap:111 opus/48000/2",
        "a=rtcp-fb:111 transport-cc",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=candidate:1 1 udp 2130706431 192.0.2.9 40000 typ host",
        "a=candidate:2 1 udp 2130706175 2001:db8::9 40000 typ host",
        "a=end-of-candidates",
    ];
    assert_eq!(section(&answer.sdp, 0), expected);
    let video = section(&answer.sdp, 1);
    assert_eq!(video[0], "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 108 109 45 46");
    for line in ["a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 ccm fir"] {
        assert!(video.contains(&line), "{line}");
    }
    assert_eq!(video[video.len() - 4..][..3], ["a=rid:q recv", "a=rid:h recv", "a=rid:f recv"]);
    assert_eq!(video.last(), Some(&"a=simulcast:recv q;h;f"));
    assert!(!answer.sdp.contains("goog-remb"));
    let rejected = section(&answer.sdp, 2);
    assert_eq!(rejected[0], "m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
}

#[test]
fn a_stopped_camera_stays_stopped_and_a_screen_gets_its_own_line() {
    for (first, second) in
        [(CHROMIUM_SIMULCAST, CHROMIUM_STOPPED_CAMERA), (FIREFOX_SIMULCAST, FIREFOX_STOPPED_CAMERA)]
    {
        let mut answerer = Answerer::default();
        answerer.answer(&RemoteOffer::parse(first).unwrap(), &local()).unwrap();
        let offer = RemoteOffer::parse(second).unwrap();
        let answer = answerer.answer(&offer, &local()).unwrap();
        let mids: Vec<_> = answer.receive.iter().map(|receive| receive.mid).collect();
        assert_eq!(mids, [mid("0"), mid("3")]);
        assert!(answer.sdp.contains("o=- 42 2 IN"));
        assert!(section(&answer.sdp, 1)[0].starts_with("m=video 0 "));
        assert!(section(&answer.sdp, 3).contains(&"a=recvonly"));
    }
}

#[test]
fn a_plain_offer_has_one_stream_with_its_rtx() {
    for offer in [CHROMIUM_PLAIN, FIREFOX_PLAIN] {
        let answer = answer_to(offer);
        let video = &answer.receive[1];
        assert!(video.rids.is_empty());
        assert!(matches!(video.ssrcs.as_slice(), [SsrcGroup { rtx: Some(_), .. }]));
        assert!(!answer.sdp.contains("simulcast"));
    }
}

#[test]
fn an_inactive_line_stays_in_the_group_and_carries_nothing() {
    let offer = CHROMIUM_PLAIN.replacen("a=sendonly", "a=inactive", 1);
    let answer = answer_to(&offer);
    assert_eq!(answer.receive.len(), 1);
    assert!(section(&answer.sdp, 0).contains(&"a=inactive"));
    assert!(answer.sdp.contains("a=group:BUNDLE 0 1"));
}

#[test]
fn an_m_line_that_changes_its_name_or_kind_is_an_error_and_changes_nothing() {
    let mut answerer = Answerer::default();
    let plain = RemoteOffer::parse(CHROMIUM_PLAIN).unwrap();
    answerer.answer(&plain, &local()).unwrap();
    let mut swapped = plain.clone();
    swapped.media.swap(0, 1);
    assert_eq!(answerer.answer(&swapped, &local()).unwrap_err(), SdpError::LineChanged(0));
    let mut shorter = plain.clone();
    shorter.media.pop();
    assert_eq!(answerer.answer(&shorter, &local()).unwrap_err(), SdpError::LineChanged(1));
    let answer = answerer.answer(&plain, &local()).unwrap();
    assert!(answer.sdp.contains("o=- 42 2 IN"), "failed attempts took no version");
}

#[test]
fn lines_without_a_common_codec_or_outside_the_group_are_rejected_and_named() {
    let offer = CHROMIUM_PLAIN.replace("opus/48000", "speex/8000");
    let rejected = answer_to(&offer).rejected;
    assert_eq!(rejected, [RejectedLine { mid: mid("0"), reason: Rejection::Codec }]);
    let offer = CHROMIUM_PLAIN.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0");
    let answer = answer_to(&offer);
    assert_eq!(answer.rejected, [RejectedLine { mid: mid("1"), reason: Rejection::NotBundled }]);
    assert!(answer.sdp.contains("a=group:BUNDLE 0\r\n"));
}

#[test]
fn only_the_profiles_every_browser_decodes_are_accepted() {
    let offered = |fmtp: &str| {
        let offer = CHROMIUM_PLAIN.replace(
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
            fmtp,
        );
        let codecs = answer_to(&offer).receive.remove(1).codecs;
        codecs.into_iter().find(|codec| codec.codec == Codec::H264).map(|codec| codec.payload_type)
    };
    assert_eq!(offered("packetization-mode=1;profile-level-id=42E01F"), Some(108));
    assert_eq!(offered("packetization-mode=1; profile-level-id=42e034"), Some(108));
    // Without it, 102 is the plain baseline of mode 1.
    assert_eq!(offered("packetization-mode=0;profile-level-id=42e01f"), Some(102));
    assert_eq!(offered("profile-level-id=42e01f"), Some(102));
    assert_eq!(offered("packetization-mode=1;profile-level-id=640c1f"), Some(102));
}

#[test]
fn what_makes_an_offer_unusable_has_its_own_error() {
    let cases = [
        ("a=setup:actpass", "a=setup:passive", SdpError::DtlsRole),
        ("a=setup:actpass", "a=set", SdpError::Missing("setup")),
        ("a=ice-ufrag", "a=ice", SdpError::Missing("ice-ufrag")),
        ("a=ice-pwd:", "a=ice-pwd:short!", SdpError::Invalid("ice-pwd")),
        ("a=fingerprint", "a=print", SdpError::Missing("fingerprint")),
        ("sha-256 ", "sha-256 zz:", SdpError::Invalid("fingerprint")),
        ("a=group:", "a=ice-lite\r\na=group:", SdpError::BothIceLite),
        ("a=mid:1", "a=mid:0", SdpError::Invalid("mid")),
        ("a=mid:1", "a=mid:this-name-is-too-long", SdpError::Invalid("mid")),
        ("a=mid:1", "a=mids", SdpError::Missing("mid")),
        ("s=-", "s=\u{7}", SdpError::Syntax(3)),
        ("s=-", "session", SdpError::Syntax(3)),
    ];
    for (from, to, expected) in cases {
        let offer = CHROMIUM_PLAIN.replace(from, to);
        assert_eq!(RemoteOffer::parse(&offer), Err(expected), "{from} -> {to}");
    }
}

#[test]
fn one_extension_id_has_one_meaning_in_the_group() {
    let offer = CHROMIUM_PLAIN.replace(
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid",
    );
    let offer = offer.replacen("a=extmap:3 http", "a=extmap:4 http", 1);
    let offer = RemoteOffer::parse(&offer).unwrap();
    let error = Answerer::default().answer(&offer, &local()).unwrap_err();
    assert_eq!(error, SdpError::Invalid("extmap"));
}

#[test]
fn every_bound_of_a_description_holds() {
    let padded = format!("{CHROMIUM_PLAIN}a={}\r\n", "x".repeat(MAX_SDP_BYTES));
    assert_eq!(RemoteOffer::parse(&padded), Err(SdpError::TooLong));

    let line = |index: usize| format!("m=audio 0 UDP/TLS/RTP/SAVPF 0\r\na=mid:s{index}\r\n");
    let stopped = |count: usize| (0..count).map(line).collect::<String>();
    let room = MAX_OFFERED_LINES - 2;
    let full = format!("{CHROMIUM_PLAIN}{}", stopped(room));
    assert_eq!(RemoteOffer::parse(&full).unwrap().media.len(), MAX_OFFERED_LINES);
    let over = format!("{CHROMIUM_PLAIN}{}", stopped(room + 1));
    assert_eq!(RemoteOffer::parse(&over), Err(SdpError::TooMany("m-lines")));

    let ssrcs: String = (0..=MAX_SSRCS).map(|ssrc| format!("a=ssrc:{ssrc} cname:x\r\n")).collect();
    let over = format!("{CHROMIUM_PLAIN}{ssrcs}");
    assert_eq!(RemoteOffer::parse(&over), Err(SdpError::TooMany("SSRCs")));

    let over = format!("{CHROMIUM_PLAIN}{}", "a=x\r\n".repeat(512));
    assert_eq!(RemoteOffer::parse(&over), Err(SdpError::TooMany("attributes")));

    let formats: String = (0..97).map(|format| format!(" {format}")).collect();
    let over = format!("{CHROMIUM_PLAIN}m=video 9 UDP/TLS/RTP/SAVPF{formats}\r\n");
    assert!(matches!(RemoteOffer::parse(&over), Err(SdpError::Syntax(_))));

    let mut slots = SendSlots::default();
    for number in 0..MAX_SEND_SLOTS {
        slots.add(track(Codec::Opus, u32::try_from(number).unwrap())).unwrap();
    }
    assert_eq!(slots.add(track(Codec::Opus, 9999)), Err(SdpError::TooMany("m-lines")));
}

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
        "a=end-of-candidates",
    ];
    assert_eq!(section(&offer, 1), expected);
    let audio = section(&offer, 0);
    assert!(audio.contains(&"a=ssrc:1001 cname:room"));
    assert!(!audio.iter().any(|line| line.contains("2001") && line.contains("ssrc")));
    assert_eq!(second_opinion(&offer).media_descriptions.len(), 2);
}

/// The six tracks that were offered when the view answers were recorded.
fn recorded_slots() -> SendSlots {
    let mut slots = SendSlots::default();
    let codecs = [Codec::Av1, Codec::Opus, Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Opus];
    for (codec, number) in codecs.into_iter().zip(0..) {
        slots.add(track(codec, number)).unwrap();
    }
    slots
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
            if let LineOutcome::Accepted { rtx, extensions } = line.outcome {
                assert_eq!(rtx, !["1", "5"].contains(&line.mid.as_str()));
                assert_eq!(extensions.id_of(Extension::TransportCc), Some(3));
            }
        }
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

#[test]
fn credentials_keep_their_password_out_of_debug_output() {
    assert!(!format!("{:?}", local().ice).contains("password"));
}

/// One of the recorded texts with a few of its bytes, lines or both changed.
fn mutated(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), any::<u8>(), 0_u8..5);
    let edits = prop::collection::vec(edit, 0..12);
    (prop::sample::select(texts), edits).prop_map(|(text, edits)| {
        let mut lines: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
        for (index, byte, kind) in edits {
            let (count, line) = (lines.len(), index.index(lines.len()));
            let byte_index = usize::from(byte) % (lines[line].len() + 1);
            match kind {
                0 if count > 1 => drop(lines.remove(line)),
                1 => lines.insert(line, lines[line].clone()),
                2 => lines.swap(line, usize::from(byte) % count),
                3 => lines[line].truncate(byte_index),
                _ => lines[line].insert(byte_index, byte % 128),
            }
        }
        String::from_utf8_lossy(&lines.join(b"\r\n".as_slice())).into_owned()
    })
}

proptest! {
    #[test]
    fn no_offer_panics_and_every_answer_can_be_read(text in mutated(&OFFERS)) {
        if let Ok(offer) = RemoteOffer::parse(&text)
            && let Ok(answer) = Answerer::default().answer(&offer, &local())
        {
            // A rejected line repeats the offer's protocol, which must be a known one to be read.
            if SessionDescription::unmarshal(&mut Cursor::new(text.as_bytes())).is_ok() {
                let read = second_opinion(&answer.sdp);
                prop_assert_eq!(read.media_descriptions.len(), offer.media.len());
            }
            for receive in answer.receive {
                prop_assert!(!receive.codecs.is_empty());
                prop_assert!(receive.ssrcs.len() <= MAX_SSRCS && receive.rids.len() <= MAX_RIDS);
            }
        }
    }

    #[test]
    fn no_renegotiation_panics(first in mutated(&OFFERS), second in mutated(&OFFERS)) {
        let mut answerer = Answerer::default();
        for offer in [first, second] {
            if let Ok(offer) = RemoteOffer::parse(&offer) {
                drop(answerer.answer(&offer, &local()));
            }
        }
    }

    #[test]
    fn no_answer_panics_and_the_slots_stay_usable(answer in mutated(&ANSWERS)) {
        let mut slots = recorded_slots();
        slots.offer(&local());
        drop(slots.accept_answer(&answer));
        prop_assert!(slots.add(track(Codec::Vp8, 77)).is_ok());
        prop_assert!(second_opinion(&slots.offer(&local())).media_descriptions.len() >= 6);
    }

    #[test]
    fn no_text_panics(text in "(([a-z]=)?[ -~]{0,20}\r?\n){0,12}") {
        drop(RemoteOffer::parse(&text));
    }

    #[test]
    fn a_name_is_what_was_given(text in "[a-zA-Z0-9_-]{1,16}") {
        let rid = Rid::new(text.as_bytes()).unwrap();
        prop_assert_eq!(rid.as_str(), text.as_str());
        prop_assert_eq!(rid.as_bytes(), text.as_bytes());
    }
}
