use super::*;
use crate::transport::sdp::{
    SsrcGroup,
    tests::{
        CHROMIUM_PLAIN, CHROMIUM_SIMULCAST, CHROMIUM_STOPPED_CAMERA, FINGERPRINT, FIREFOX_PLAIN,
        FIREFOX_SIMULCAST, FIREFOX_STOPPED_CAMERA, local, mid, section,
    },
};

#[test]
fn chromium_simulcast_is_received_with_its_own_payload_types_and_ids() {
    let answer = answer_to(CHROMIUM_SIMULCAST);
    let [audio, video] = answer.receive.as_slice() else { panic!("{:?}", answer.receive) };

    assert_eq!((audio.mid, audio.kind), (mid("0"), MediaKind::Audio));
    let plain = NegotiatedCodec::plain(111, Codec::Opus);
    let opus = NegotiatedCodec { red_payload_type: Some(63), ..plain };
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
    assert!(section(&answer.sdp, 1).contains(&"a=extmap-allow-mixed"), "offered by m-line");
    // Offered as recvonly: there is nothing for us to receive.
    assert_eq!(video.extensions.id_of(Extension::PlayoutDelay), None);
}

#[test]
fn both_forms_of_extensions_are_mixed_only_where_that_was_offered() {
    let offer = CHROMIUM_SIMULCAST.replace("a=extmap-allow-mixed\r\n", "");
    assert!(!offer.contains("mixed") && !answer_to(&offer).sdp.contains("mixed"));
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
        "m=audio 9 UDP/TLS/RTP/SAVPF 63 111",
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
        "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 111/111",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=candidate:1 1 udp 2130706431 192.0.2.9 40000 typ host",
        "a=candidate:2 1 udp 2130706175 2001:db8::9 40000 typ host",
        "a=candidate:3 1 tcp 1520435199 192.0.2.9 40000 typ host tcptype passive",
        "a=candidate:4 1 tcp 1520434943 2001:db8::9 40000 typ host tcptype passive",
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
    assert!(video.contains(&"a=extmap-allow-mixed"), "descriptors may be long");
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

/// Recorded from libdatachannel, which OBS Studio is built with: no header extensions, no RTX, and
/// transport attributes after those of the codecs.
#[test]
fn the_offer_of_a_studio_is_received_by_its_ssrcs() {
    let offer = include_str!("../fixtures/libdatachannel-offer.sdp");
    let answer = answer_to(offer);
    let [audio, video] = answer.receive.as_slice() else { panic!("{:?}", answer.receive) };
    let h264 = NegotiatedCodec::plain(96, Codec::H264);
    assert_eq!(video.codecs, [h264]);
    let group = |primary| SsrcGroup { primary, rtx: None };
    assert_eq!((&*audio.ssrcs, &*video.ssrcs), (&[group(1111)][..], &[group(2222)][..]));
    assert!(answer.sdp.contains("a=fmtp:96 profile-level-id=42e01f;packetization-mode=1"));
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
    // As GStreamer writes what x264 makes: constraint sets 0 and 1, and set 1 alone.
    assert_eq!(offered("packetization-mode=1;profile-level-id=42c015"), Some(108));
    assert_eq!(offered("packetization-mode=1;profile-level-id=424015"), Some(108));
    // Without it, 102 is the plain baseline of mode 1.
    assert_eq!(offered("packetization-mode=0;profile-level-id=42e01f"), Some(102));
    assert_eq!(offered("profile-level-id=42e01f"), Some(102));
    assert_eq!(offered("packetization-mode=1;profile-level-id=640c1f"), Some(102));
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

fn rids(names: [&str; 3]) -> Vec<Rid> {
    names.into_iter().map(|name| Rid::new(name.as_bytes()).unwrap()).collect()
}

fn answer_to(offer: &str) -> Answer {
    Answerer::default().answer(&RemoteOffer::parse(offer).unwrap(), &local()).unwrap()
}

fn codec(codec: Codec, payload_type: u8, rtx: u8) -> NegotiatedCodec {
    NegotiatedCodec { rtx_payload_type: Some(rtx), ..NegotiatedCodec::plain(payload_type, codec) }
}
