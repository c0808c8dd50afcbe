use std::io::Cursor;

use proptest::prelude::*;
use rtc_sdp::description::session::SessionDescription;

use super::*;

// Recorded from Chromium 156 and Firefox ESR 153, with documentation addresses. The offers: audio,
// three layers of camera and a data channel; the same after the camera was stopped and a screen
// added; audio and camera without simulcast. The answers: to the six tracks of `recorded_slots`,
// and to one video track of a codec the browser does not know.
pub(super) const CHROMIUM_SIMULCAST: &str = include_str!("fixtures/chromium-simulcast-offer.sdp");
pub(super) const CHROMIUM_STOPPED_CAMERA: &str =
    include_str!("fixtures/chromium-stopped-camera-offer.sdp");
pub(super) const CHROMIUM_PLAIN: &str = include_str!("fixtures/chromium-plain-offer.sdp");
pub(super) const CHROMIUM_VIEW: &str = include_str!("fixtures/chromium-view-answer.sdp");
pub(super) const CHROMIUM_REFUSED: &str = include_str!("fixtures/chromium-refused-answer.sdp");
pub(super) const FIREFOX_SIMULCAST: &str = include_str!("fixtures/firefox-simulcast-offer.sdp");
pub(super) const FIREFOX_STOPPED_CAMERA: &str =
    include_str!("fixtures/firefox-stopped-camera-offer.sdp");
pub(super) const FIREFOX_PLAIN: &str = include_str!("fixtures/firefox-plain-offer.sdp");
pub(super) const FIREFOX_VIEW: &str = include_str!("fixtures/firefox-view-answer.sdp");
pub(super) const FIREFOX_REFUSED: &str = include_str!("fixtures/firefox-refused-answer.sdp");

const OFFERS: [&str; 6] = [
    CHROMIUM_SIMULCAST,
    CHROMIUM_STOPPED_CAMERA,
    CHROMIUM_PLAIN,
    FIREFOX_SIMULCAST,
    FIREFOX_STOPPED_CAMERA,
    FIREFOX_PLAIN,
];
const ANSWERS: [&str; 4] = [CHROMIUM_VIEW, CHROMIUM_REFUSED, FIREFOX_VIEW, FIREFOX_REFUSED];

pub(super) const FINGERPRINT: &str = "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:\
                           00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";

pub(super) fn local() -> LocalParameters {
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

pub(super) fn mid(text: &str) -> Mid {
    Mid::new(text.as_bytes()).unwrap()
}

/// Reads what we wrote with another implementation.
pub(super) fn second_opinion(sdp: &str) -> SessionDescription {
    SessionDescription::unmarshal(&mut Cursor::new(sdp.as_bytes())).unwrap()
}

pub(super) fn track(codec: Codec, number: u32) -> SendTrack {
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
pub(super) fn section(sdp: &str, index: usize) -> Vec<&str> {
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

/// The six tracks that were offered when the view answers were recorded.
pub(super) fn recorded_slots() -> SendSlots {
    let mut slots = SendSlots::default();
    let codecs = [Codec::Av1, Codec::Opus, Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Opus];
    for (codec, number) in codecs.into_iter().zip(0..) {
        slots.add(track(codec, number)).unwrap();
    }
    slots
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
