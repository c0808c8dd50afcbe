//! A participant's leg by the `webrtc` crate.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use rtc::{
    interceptor::Registry,
    media_stream::MediaStreamTrack,
    peer_connection::{
        configuration::{
            interceptor_registry::register_default_interceptors, media_engine::MediaEngine,
        },
        transport::RTCDtlsRole,
    },
    rtp,
    rtp_transceiver::rtp_sender::{
        RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
        RtpCodecKind,
    },
};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use webrtc::{
    media_stream::{
        track_local::{TrackLocal, static_rtp::TrackLocalStaticRTP},
        track_remote::{TrackRemote, TrackRemoteEvent},
    },
    peer_connection::{
        PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
        RTCPeerConnectionState, RTCSessionDescription, SettingEngineBuilder,
    },
};

/// Long enough for a machine that compiles beside the tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One peer connection of the `webrtc` crate on loopback.
pub(crate) struct NativePeer {
    pub(crate) connection: Arc<dyn PeerConnection>,
    gathered: watch::Receiver<bool>,
    state: watch::Receiver<RTCPeerConnectionState>,
    /// What its remote tracks receive, of all of them.
    pub(crate) received: mpsc::Receiver<Received>,
}

/// A packet of a remote track.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) kind: RtpCodecKind,
    pub(crate) packet: rtp::Packet,
}

struct Events {
    gathered: watch::Sender<bool>,
    state: watch::Sender<RTCPeerConnectionState>,
    received: mpsc::Sender<Received>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Events {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.gathered.send_replace(state == RTCIceGatheringState::Complete);
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.state.send_replace(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let received = self.received.clone();
        tokio::spawn(async move {
            let kind = track.kind().await;
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event
                    && received.send(Received { kind, packet }).await.is_err()
                {
                    break;
                }
            }
        });
    }
}

impl NativePeer {
    pub(crate) async fn new() -> Self {
        let (gathered, gathering) = watch::channel(false);
        let (state, states) = watch::channel(RTCPeerConnectionState::New);
        let (received, packets) = mpsc::channel(4096);
        let mut engine = engine();
        let registry = register_default_interceptors(Registry::new(), &mut engine).unwrap();
        // The server only ever answers handshakes, as every SFU does.
        let settings =
            SettingEngineBuilder::new().with_answering_dtls_role(RTCDtlsRole::Client).build();
        let builder = PeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_interceptor_registry(registry)
            .with_setting_engine(settings)
            .with_handler(Arc::new(Events { gathered, state, received }))
            .with_udp_addrs(vec![SocketAddr::from(([127, 0, 0, 1], 0))]);
        // Its future has 20 KB.
        let connection = Box::pin(builder.build()).await.unwrap();
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        Self { connection, gathered: gathering, state: states, received: packets }
    }

    /// Adds a track to send.
    pub(crate) async fn add_track(&self, kind: RtpCodecKind, ssrc: u32) -> NativeTrack {
        let codec = codec(kind);
        let payload_type = codec_parameters(kind).payload_type;
        let coding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                ssrc: Some(ssrc),
                ..Default::default()
            },
            codec,
            ..Default::default()
        };
        let track = MediaStreamTrack::new(
            "stream".to_owned(),
            format!("track-{ssrc}"),
            format!("track-{ssrc}"),
            kind,
            vec![coding],
        );
        let track = Arc::new(TrackLocalStaticRTP::new(track));
        self.connection.add_track(Arc::clone(&track) as Arc<dyn TrackLocal>).await.unwrap();
        NativeTrack { track, ssrc, payload_type, next_sequence: 0, timestamp: 0 }
    }

    /// Its offer, with its candidates.
    pub(crate) async fn offer(&mut self) -> String {
        let offer = self.connection.create_offer(None).await.unwrap();
        self.connection.set_local_description(offer).await.unwrap();
        self.gathered_description().await
    }

    /// Takes the answer to its offer.
    pub(crate) async fn accept(&self, answer: String) {
        let answer = RTCSessionDescription::answer(answer).unwrap();
        self.connection.set_remote_description(answer).await.unwrap();
    }

    /// Its answer to an offer.
    pub(crate) async fn answer(&mut self, offer: String) -> String {
        let offer = RTCSessionDescription::offer(offer).unwrap();
        self.connection.set_remote_description(offer).await.unwrap();
        let answer = self.connection.create_answer(None).await.unwrap();
        self.connection.set_local_description(answer).await.unwrap();
        self.gathered_description().await
    }

    async fn gathered_description(&mut self) -> String {
        let gathered = self.gathered.wait_for(|gathered| *gathered);
        timeout(PATIENCE, gathered).await.expect("candidates are gathered").unwrap();
        self.connection.local_description().await.unwrap().sdp
    }

    /// Waits until media can flow.
    pub(crate) async fn connected(&mut self) {
        let connected = self.state.wait_for(|state| *state == RTCPeerConnectionState::Connected);
        timeout(PATIENCE, connected).await.expect("the peer connects").unwrap();
    }

    /// The next packets of one kind: `count` of them.
    pub(crate) async fn receive(&mut self, kind: RtpCodecKind, count: usize) -> Vec<rtp::Packet> {
        let mut packets = Vec::with_capacity(count);
        while packets.len() < count {
            let received = timeout(PATIENCE, self.received.recv()).await;
            let received = received
                .unwrap_or_else(|_| panic!("{} of {count} packets came", packets.len()))
                .expect("the peer lives");
            if received.kind == kind {
                packets.push(received.packet);
            }
        }
        packets
    }

    pub(crate) async fn close(self) {
        self.connection.close().await.unwrap();
    }
}

/// A track that sends RTP as it is told.
pub(crate) struct NativeTrack {
    track: Arc<TrackLocalStaticRTP>,
    ssrc: u32,
    payload_type: u8,
    next_sequence: u16,
    timestamp: u32,
}

impl NativeTrack {
    /// Sends one packet; `marker` ends a frame.
    pub(crate) async fn send(&mut self, payload: Bytes, marker: bool) {
        let header = rtp::Header {
            version: 2,
            marker,
            payload_type: self.payload_type,
            sequence_number: self.next_sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            ..Default::default()
        };
        self.next_sequence = self.next_sequence.wrapping_add(1);
        if marker {
            self.timestamp = self.timestamp.wrapping_add(960);
        }
        self.track.write_rtp(rtp::Packet { header, payload }).await.unwrap();
    }
}

/// Opus and VP8, nothing else.
fn engine() -> MediaEngine {
    let mut engine = MediaEngine::default();
    for kind in [RtpCodecKind::Audio, RtpCodecKind::Video] {
        engine.register_codec(codec_parameters(kind), kind).unwrap();
    }
    engine
}

fn codec_parameters(kind: RtpCodecKind) -> RTCRtpCodecParameters {
    let payload_type = if kind == RtpCodecKind::Audio { 111 } else { 96 };
    RTCRtpCodecParameters { rtp_codec: codec(kind), payload_type }
}

fn codec(kind: RtpCodecKind) -> RTCRtpCodec {
    let (mime_type, clock_rate, channels) = match kind {
        RtpCodecKind::Audio => ("audio/opus", 48_000, 2),
        _ => ("video/VP8", 90_000, 0),
    };
    RTCRtpCodec { mime_type: mime_type.to_owned(), clock_rate, channels, ..Default::default() }
}

/// The payload of one VP8 packet (RFC 7741): the start of a frame, then `body`.
pub(crate) fn vp8(key_frame: bool, body: &[u8]) -> Bytes {
    /// A descriptor without extensions that begins partition 0.
    const DESCRIPTOR: u8 = 0x10;
    let mut payload = vec![DESCRIPTOR];
    if key_frame {
        // Frame tag (P = 0), start code, 320 × 180 (RFC 6386 section 9.1).
        payload.extend([0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00]);
    } else {
        payload.extend([0x11, 0x02, 0x00]);
    }
    payload.extend_from_slice(body);
    payload.into()
}
