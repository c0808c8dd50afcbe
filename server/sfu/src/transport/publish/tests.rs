use std::sync::Arc;

use shared::ids::{ProducerId, RouterId};

use super::*;
use crate::{
    client::{ClientLeg, LocalTrack},
    router::{ProducerOptions, Router, TransportKey},
    rtp::{RtpFields, RtpWriter},
    testing::epoch,
    transport::{
        dtls::DtlsIdentity,
        sdp::{IceCredentials, LocalParameters, RemoteOffer},
        srtp::SrtpProfile,
    },
};

const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
const CAMERA: LocalTrack = LocalTrack { codec: Codec::Vp8, ssrc: 100 };

/// A leg, what describes its client, and names for two producers.
struct Wire {
    leg: PublishLeg,
    client: ClientLeg,
    local: LocalParameters,
    producers: [ProducerKey; 2],
}

impl Wire {
    fn new() -> Self {
        let identity = Arc::new(DtlsIdentity::generate().unwrap());
        let ice = IceCredentials { ufrag: "0123".to_owned(), pwd: "p".repeat(24) };
        let fingerprint = identity.fingerprint();
        let local = LocalParameters { session_id: 1, ice, fingerprint, candidates: Vec::new() };
        let client = ClientLeg::new(&identity, SrtpProfile::AeadAes128Gcm).unwrap();
        let mut router = Router::new(RouterId(1));
        let producers = [1, 2].map(|id| {
            let options = ProducerOptions {
                id: ProducerId(id),
                transport: TransportKey(0),
                codec: Codec::Vp8,
                layers: 1,
            };
            router.add_producer(options).unwrap()
        });
        Self { leg: PublishLeg::new(7), client, local, producers }
    }

    /// Has the leg answer an offer of `tracks` that was changed by `edit`.
    fn offer(&mut self, tracks: &[LocalTrack], edit: impl FnOnce(String) -> String) {
        let plain = self.client.offer(tracks);
        let with_mid = format!("a=rtcp-mux\r\na=extmap:4 {MID}");
        let offer = RemoteOffer::parse(&edit(plain.replace("a=rtcp-mux", &with_mid))).unwrap();
        let answer = self.leg.answerer.answer(&offer, &self.local).unwrap();
        self.leg.apply(answer);
    }

    fn publish(&mut self, mid: &str, producer: usize) {
        let codec = self.leg.codec_of(mid, MediaKind::Video).unwrap();
        self.leg.bind(mid, self.producers[producer], codec);
    }

    /// What is known of a packet with these header extensions.
    fn source(&mut self, ssrc: u32, payload_type: u8, named: &[(u8, &str)]) -> Option<Source> {
        let mut buffer = [0; 200];
        let fields = RtpFields { ssrc, payload_type, ..RtpFields::default() };
        let mut writer = RtpWriter::new(&mut buffer, fields).unwrap();
        for (id, name) in named {
            writer.extension(*id, name.as_bytes()).unwrap();
        }
        let (_, length) = writer.finish(&[0; 20]).unwrap();
        let header = RtpHeader::parse(&buffer[..length]).unwrap();
        self.leg.classify(epoch(), &header)
    }

    /// Which producer a packet is of, by its number, and what else is known of it.
    fn classify(&mut self, ssrc: u32, payload_type: u8, mid: Option<&str>) -> Option<Found> {
        let named: Vec<_> = mid.into_iter().map(|mid| (4, mid)).collect();
        let source = self.source(ssrc, payload_type, &named)?;
        let producer = self.producers.iter().position(|key| *key == source.producer)?;
        Some((producer, source.role, source.is_successor))
    }

    fn key_frame_is_asked_of(&self, producer: usize) -> Option<u32> {
        let mut request = Vec::new();
        let written = self.leg.write_key_frame_request((self.producers[producer], 0), &mut request);
        let ssrc = request.last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
        ssrc.filter(|_| written)
    }
}

type Found = (usize, StreamRole, bool);

const MEDIA: Option<Found> = Some((0, StreamRole::Primary, false));

fn without_ssrcs(sdp: &str) -> String {
    let kept = sdp.lines().filter(|line| !line.starts_with("a=ssrc"));
    kept.fold(String::new(), |text, line| text + line + "\r\n")
}

#[test]
fn a_key_frame_can_be_asked_for_before_the_first_packet() {
    let mut wire = Wire::new();
    wire.offer(&[CAMERA], |sdp| sdp);
    wire.publish("0", 0);
    assert_eq!(wire.key_frame_is_asked_of(0), Some(100));
    assert_eq!(wire.key_frame_is_asked_of(1), None);
}

#[test]
fn a_line_keeps_its_producer_while_it_carries_nothing() {
    let mut wire = Wire::new();
    wire.offer(&[CAMERA], |sdp| sdp);
    wire.publish("0", 0);
    wire.offer(&[CAMERA], |sdp| sdp.replace("a=sendonly", "a=inactive"));
    assert_eq!(wire.leg.codec_of("0", MediaKind::Video), Err(BindError::UnknownMid));
    wire.offer(&[CAMERA], |sdp| sdp);
    let taken = wire.leg.codec_of("0", MediaKind::Video);
    assert_eq!(taken, Err(BindError::UnknownMid), "it is published already");
    assert_eq!(wire.classify(100, 96, None), MEDIA);
    assert_eq!(wire.classify(101, 97, None), Some((0, StreamRole::Rtx, false)));
}

#[test]
fn a_packet_of_another_payload_type_than_the_producers_is_nobodys() {
    let mut wire = Wire::new();
    let two_codecs = |sdp: String| {
        sdp.replace("SAVPF 96 97", "SAVPF 96 97 98")
            .replace("a=sendonly", "a=sendonly\r\na=rtpmap:98 VP9/90000")
    };
    wire.offer(&[CAMERA], two_codecs);
    wire.publish("0", 0);
    assert_eq!(wire.classify(100, 98, None), None, "not at first");
    assert_eq!(wire.classify(100, 96, None), MEDIA);
    assert_eq!(wire.classify(100, 98, None), None, "nor later");
    assert_eq!(wire.classify(100, 97, None), None, "nor is media a retransmission");
    assert_eq!(wire.classify(100, 96, None), MEDIA);
}

#[test]
fn voices_come_plain_or_with_redundancy_in_one_stream() {
    let mut wire = Wire::new();
    wire.offer(&[LocalTrack { codec: Codec::Opus, ssrc: 100 }], |offer| offer);
    let codec = wire.leg.codec_of("0", MediaKind::Audio).unwrap();
    wire.leg.bind("0", wire.producers[0], codec);
    let found = |role| Some((0, role, false));
    assert_eq!(wire.classify(100, 63, None), found(StreamRole::Redundant));
    assert_eq!(wire.classify(100, 111, None), found(StreamRole::Primary));
    assert_eq!(wire.classify(100, 64, None), None);
    assert_eq!(wire.leg.streams.len(), 1);
    // A client that offers no redundancy any more does not send it.
    let lines = ["a=rtpmap:63 red/48000/2\r\n", "a=fmtp:63 111/111\r\n"];
    wire.offer(&[LocalTrack { codec: Codec::Opus, ssrc: 100 }], |offer| {
        lines.into_iter().fold(offer, |offer, line| offer.replace(line, ""))
    });
    assert_eq!(wire.classify(100, 63, None), None);
    assert_eq!(wire.classify(100, 111, None), found(StreamRole::Primary));
}

#[test]
fn streams_without_announced_ssrcs_are_known_by_their_mid() {
    let mut wire = Wire::new();
    wire.offer(&[CAMERA], |sdp| without_ssrcs(&sdp));
    wire.publish("0", 0);
    assert_eq!(wire.classify(900, 96, None), None);
    assert_eq!(wire.classify(900, 96, Some("9")), None);
    assert_eq!(wire.classify(900, 96, Some("0")), MEDIA);
    assert_eq!(wire.classify(900, 96, None), MEDIA, "the name is not repeated");
    // A re-offer that says nothing of SSRCs either changes nothing.
    wire.offer(&[CAMERA], |sdp| without_ssrcs(&sdp));
    assert_eq!(wire.classify(900, 96, None), MEDIA);
    // Another SSRC under the same name takes its place, and is the one that is asked.
    assert_eq!(wire.classify(901, 96, Some("0")), Some((0, StreamRole::Primary, true)));
    assert_eq!(wire.key_frame_is_asked_of(0), Some(901));
}

#[test]
fn however_many_ssrcs_a_client_names_a_line_has_two_streams() {
    let mut wire = Wire::new();
    wire.offer(&[CAMERA], |sdp| without_ssrcs(&sdp));
    wire.publish("0", 0);
    for ssrc in 0..10_000 {
        assert!(wire.classify(ssrc, 96 + (ssrc % 2) as u8, Some("0")).is_some());
    }
    assert_eq!(wire.leg.streams.len(), 2);
}

#[test]
fn an_ssrc_that_moves_to_another_line_moves_to_its_producer() {
    let other = LocalTrack { codec: Codec::Vp8, ssrc: 200 };
    let mut wire = Wire::new();
    wire.offer(&[CAMERA, other], |sdp| sdp);
    wire.publish("0", 0);
    wire.publish("1", 1);
    assert_eq!(wire.classify(100, 96, None), MEDIA);
    wire.offer(&[other, CAMERA], |sdp| sdp);
    assert_eq!(wire.classify(100, 96, None), Some((1, StreamRole::Primary, false)));
    assert_eq!(wire.classify(200, 96, None), Some((0, StreamRole::Primary, true)));
    assert_eq!(wire.key_frame_is_asked_of(0), Some(200));
}

#[test]
fn a_client_is_told_of_the_worse_loss_its_own_or_its_listeners() {
    let mut wire = Wire::new();
    wire.offer(&[CAMERA], |sdp| sdp);
    wire.publish("0", 0);
    assert_eq!(wire.classify(100, 96, None), MEDIA);
    wire.leg.set_listener_loss(wire.producers[0], 30);
    let mut report = Vec::new();
    assert!(wire.leg.write_feedback(epoch() + REPORT_INTERVAL, &mut report));
    let parsed = crate::transport::rtcp::parse(&report).next().unwrap().unwrap();
    let crate::transport::rtcp::RtcpMessage::ReceiverReport { mut blocks, .. } = parsed else {
        panic!("{parsed:?}");
    };
    let block = blocks.next().unwrap();
    assert_eq!((block.fraction_lost, block.cumulative_lost), (30, 0));
}

/// An offer of one camera in three layers that only their names tell apart.
fn with_layers(sdp: &str) -> String {
    let rids = "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
                a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n\
                a=rid:q send\r\na=rid:h send\r\na=rid:f send\r\na=simulcast:send q;h;f\r\n";
    without_ssrcs(sdp) + rids
}

#[test]
fn layers_and_their_retransmissions_are_known_by_their_names() {
    let mut wire = Wire::new();
    wire.offer(&[CAMERA], |sdp| with_layers(&sdp));
    assert_eq!(wire.leg.layers_of("0"), 3);
    wire.publish("0", 0);
    let found = |source: Option<Source>| {
        source.map(|source| (source.role, source.layer, source.is_successor))
    };
    let primary = |layer| Some((StreamRole::Primary, layer, false));
    let rtx = |layer| Some((StreamRole::Rtx, layer, false));
    assert_eq!(wire.source(5, 96, &[(4, "0")]), None, "which of them?");
    assert_eq!(found(wire.source(30, 96, &[(4, "0"), (10, "f")])), primary(2));
    assert_eq!(found(wire.source(10, 96, &[(4, "0"), (10, "q")])), primary(0));
    assert_eq!(found(wire.source(20, 96, &[(4, "0"), (10, "h")])), primary(1));
    assert_eq!(found(wire.source(31, 97, &[(4, "0"), (11, "f")])), rtx(2));
    assert_eq!(found(wire.source(11, 97, &[(4, "0"), (11, "q")])), rtx(0));
    assert_eq!(
        found(wire.source(21, 97, &[(4, "0"), (10, "h")])),
        None,
        "that is no repair's name"
    );
    // Names are not repeated once they are known.
    assert_eq!(found(wire.source(20, 96, &[])), primary(1));
    assert_eq!(found(wire.source(31, 97, &[])), rtx(2));
    for (layer, ssrc) in [(0, 10), (1, 20), (2, 30)] {
        let mut request = Vec::new();
        assert!(wire.leg.write_key_frame_request((wire.producers[0], layer), &mut request));
        assert!(request.ends_with(&u32::to_be_bytes(ssrc)));
    }
    let successor = found(wire.source(22, 96, &[(4, "0"), (10, "h")]));
    assert_eq!(successor, Some((StreamRole::Primary, 1, true)));
    for ssrc in 1000..9000 {
        let name = ["q", "h", "f"][ssrc as usize % 3];
        let (payload_type, id) = if ssrc % 2 == 0 { (96, 10) } else { (97, 11) };
        assert!(wire.source(ssrc, payload_type, &[(4, "0"), (id, name)]).is_some());
    }
    assert_eq!(wire.leg.streams.len(), 6, "however many SSRCs a client uses");
}

#[test]
fn an_offer_with_fewer_layers_forgets_those_it_has_no_more() {
    let mut wire = Wire::new();
    wire.offer(&[CAMERA], |sdp| with_layers(&sdp));
    wire.publish("0", 0);
    for (ssrc, name) in [(10, "q"), (20, "h"), (30, "f")] {
        assert!(wire.source(ssrc, 96, &[(4, "0"), (10, name)]).is_some());
    }
    wire.offer(&[CAMERA], |sdp| {
        with_layers(&sdp).replace("a=rid:f send\r\n", "").replace(";f", "")
    });
    assert_eq!(wire.leg.streams.len(), 2);
    assert_eq!(wire.source(30, 96, &[]), None);
    assert!(wire.source(20, 96, &[]).is_some());
}
