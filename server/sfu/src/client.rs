//! The client's end of a leg, sans-I/O: what load tests and simulations join meetings with.
//!
//! It speaks just enough to be a real peer of a server like ours: ICE checks towards one
//! ICE-lite candidate, DTLS as the client, SRTP, and session descriptions of the shape browsers
//! write. It is not a second WebRTC stack: no media engine, no congestion control.

mod description;

use std::{
    collections::VecDeque,
    fmt,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use rtc_crypto::providers::AwsLcRsProvider;
use rtc_dtls::{
    config::{ConfigBuilder, HandshakeConfig},
    crypto::Certificate,
    endpoint::{Endpoint, EndpointEvent},
    extension::extension_use_srtp::SrtpProtectionProfile,
};
use rtc_shared::TransportProtocol;
use rtc_stun::{
    attributes::{
        ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, AttrType,
        RawAttribute,
    },
    fingerprint::FINGERPRINT,
    integrity::MessageIntegrity,
    message::{BINDING_REQUEST, Message, TransactionId},
};

pub use self::description::{DescriptionError, ReceivedTrack, SentTrack};
use crate::{
    demux::{DatagramKind, is_rtcp},
    rtp::RtpHeader,
    transport::{
        crypto,
        dtls::DtlsIdentity,
        srtp::{
            MAX_RTCP_OVERHEAD, MAX_RTP_OVERHEAD, OutboundStream, SrtpInbound, SrtpKeys,
            SrtpOutbound, SrtpProfile,
        },
    },
};

/// How often an unanswered check is repeated, as browsers do it early in a connection.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// How often a connected client asks whether the server still listens (RFC 7675 section 5.1).
const CONSENT_INTERVAL: Duration = Duration::from_secs(5);
/// Time between retransmissions of the DTLS handshake. `rtc_dtls` does not back off and gives up
/// after seven: a second in all.
const FLIGHT_INTERVAL: Duration = Duration::from_millis(150);
/// A peer reflexive host priority (RFC 8445 section 5.1.2.1).
const PRIORITY: u32 = (110 << 24) | (65_535 << 8) | 255;
/// The exporter label of RFC 5764 section 4.2.
const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";
/// `rtc_dtls` names its peer by an address; there is only one.
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

/// One leg, seen from the client.
///
/// Describe it with [`ClientLeg::offer`] and [`ClientLeg::accept_answer`], or
/// [`ClientLeg::answer`]; then feed it what comes from [`ClientLeg::server`] and the time, and send
/// what [`ClientLeg::poll_transmit`] gives. Once [`ClientLeg::is_connected`], media flows.
pub struct ClientLeg {
    identity: Arc<DtlsIdentity>,
    profiles: Vec<SrtpProfile>,
    ufrag: String,
    remote: Option<Remote>,
    dtls: Endpoint,
    state: State,
    next_check: Option<Instant>,
    transmits: VecDeque<Vec<u8>>,
}

/// What the server's description said.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Remote {
    ufrag: String,
    password: String,
    candidate: SocketAddr,
}

enum State {
    /// No check has been answered yet.
    Checking,
    /// DTLS is under way.
    Handshaking,
    Connected(Box<Media>),
    Closed,
}

struct Media {
    profile: SrtpProfile,
    inbound: SrtpInbound,
    outbound: SrtpOutbound,
    streams: Vec<OutboundStream>,
}

/// A decrypted packet from the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// An RTP packet.
    Rtp(&'a [u8]),
    /// A compound RTCP packet.
    Rtcp(&'a [u8]),
}

/// Why a leg cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// DTLS could not be set up.
    #[error("DTLS cannot be set up: {0}")]
    Dtls(String),
    /// The leg is not connected, or cannot seal this packet.
    #[error("the packet cannot be sealed")]
    Seal,
}

impl ClientLeg {
    /// A leg that offers `profiles`, in this order, under a user fragment of the caller's choice.
    #[must_use]
    pub fn new(identity: Arc<DtlsIdentity>, profiles: Vec<SrtpProfile>, ufrag: String) -> Self {
        Self {
            dtls: Endpoint::new(PEER, TransportProtocol::UDP, None),
            identity,
            profiles,
            ufrag,
            remote: None,
            state: State::Checking,
            next_check: None,
            transmits: VecDeque::new(),
        }
    }

    /// Our offer on a send transport.
    #[must_use]
    pub fn offer(&self, tracks: &[SentTrack]) -> String {
        description::offer(&self.ufrag, &self.identity.fingerprint(), tracks)
    }

    /// Takes the server's answer, and starts the checks.
    ///
    /// # Errors
    ///
    /// When the description lacks what a connection needs.
    pub fn accept_answer(&mut self, now: Instant, sdp: &str) -> Result<(), DescriptionError> {
        self.connect_to(now, sdp)
    }

    /// Answers the server's offer on a receive transport, and starts the checks; returns the
    /// answer and the tracks that are offered.
    ///
    /// # Errors
    ///
    /// When the description lacks what a connection needs.
    pub fn answer(
        &mut self,
        now: Instant,
        sdp: &str,
    ) -> Result<(String, Vec<ReceivedTrack>), DescriptionError> {
        self.connect_to(now, sdp)?;
        let answer = description::answer(sdp, &self.ufrag, &self.identity.fingerprint());
        Ok((answer, description::tracks(sdp)))
    }

    fn connect_to(&mut self, now: Instant, sdp: &str) -> Result<(), DescriptionError> {
        let remote = description::remote(sdp)?;
        if self.remote.as_ref() != Some(&remote) {
            self.remote = Some(remote);
            self.next_check = Some(now);
        }
        Ok(())
    }

    /// The server's candidate that everything is sent to.
    #[must_use]
    pub fn server(&self) -> Option<SocketAddr> {
        self.remote.as_ref().map(|remote| remote.candidate)
    }

    /// Whether media may flow.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected(_))
    }

    /// The negotiated profile, once connected.
    #[must_use]
    pub fn profile(&self) -> Option<SrtpProfile> {
        match &self.state {
            State::Connected(media) => Some(media.profile),
            _ => None,
        }
    }

    /// Takes a datagram from the server, and returns the media in it. What cannot be read is
    /// dropped.
    pub fn handle_datagram<'a>(
        &mut self,
        now: Instant,
        datagram: &'a mut [u8],
    ) -> Option<Received<'a>> {
        match DatagramKind::of(datagram) {
            DatagramKind::Stun => self.handle_stun(now, datagram),
            DatagramKind::Dtls => self.handle_dtls(now, datagram),
            DatagramKind::Media => return self.open(datagram),
            DatagramKind::Unknown => {}
        }
        None
    }

    fn open<'a>(&mut self, datagram: &'a mut [u8]) -> Option<Received<'a>> {
        let State::Connected(media) = &mut self.state else { return None };
        if is_rtcp(datagram) {
            let length = media.inbound.open_rtcp(datagram).ok()?;
            return datagram.get(..length).map(Received::Rtcp);
        }
        let header = RtpHeader::parse(datagram).ok()?;
        let (len, ssrc, sequence) = (header.len, header.ssrc, header.sequence);
        let length = media.inbound.open_rtp(datagram, len, ssrc, sequence).ok()?;
        datagram.get(..length).map(Received::Rtp)
    }

    /// Any answer of the server to a check of ours lets DTLS begin. The transaction id is not
    /// looked at: a load test's server is its own.
    fn handle_stun(&mut self, now: Instant, datagram: &[u8]) {
        let is_success = datagram.starts_with(&[0x01, 0x01]);
        if is_success && matches!(self.state, State::Checking) {
            self.state = State::Handshaking;
            self.next_check = Some(now + CONSENT_INTERVAL);
            let begun = self
                .handshake_config()
                .and_then(|config| self.dtls.connect(now, PEER, Arc::new(config), None));
            if begun.is_err() {
                self.state = State::Closed;
            }
            self.drain_dtls();
        }
    }

    fn handle_dtls(&mut self, now: Instant, datagram: &[u8]) {
        if !matches!(self.state, State::Handshaking | State::Connected(_)) {
            return;
        }
        let events = self.dtls.read(now, PEER, None, BytesMut::from(datagram)).unwrap_or_default();
        self.drain_dtls();
        for event in events {
            match event {
                EndpointEvent::HandshakeComplete => self.connected(),
                EndpointEvent::PeerClosed => self.state = State::Closed,
                _ => {}
            }
        }
    }

    fn connected(&mut self) {
        self.state = match self.media() {
            Some(media) => State::Connected(Box::new(media)),
            None => State::Closed,
        };
    }

    fn media(&self) -> Option<Media> {
        let state = self.dtls.get_connection_state(PEER)?;
        let negotiated = state.srtp_protection_profile();
        let profile =
            SrtpProfile::PREFERENCE.into_iter().find(|profile| on_wire(*profile) == negotiated)?;
        let length = profile.keying_material_len();
        let material = state.export_keying_material(EXPORTER_LABEL, &[], length).ok()?;
        let keys = SrtpKeys::from_exporter(profile, material.as_ref()).ok()?;
        let (inbound, outbound) = keys.for_client().ok()?;
        Some(Media { profile, inbound, outbound, streams: Vec::new() })
    }

    fn handshake_config(&self) -> Result<HandshakeConfig, rtc_shared::error::Error> {
        let certificate: Certificate = self.identity.certificate().clone();
        ConfigBuilder::default()
            .with_crypto_provider(Arc::new(AwsLcRsProvider::new()))
            .with_certificates(vec![certificate])
            .with_srtp_protection_profiles(self.profiles.iter().copied().map(on_wire).collect())
            .with_flight_interval(FLIGHT_INTERVAL)
            // A load test's server is its own: who else would answer its checks?
            .with_insecure_skip_verify(true)
            .build(true, Some(PEER))
    }

    fn drain_dtls(&mut self) {
        while let Some(transmit) = self.dtls.poll_transmit() {
            self.transmits.push_back(transmit.message.to_vec());
        }
    }

    /// Does what is due: checks, consent, handshake retransmission.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.next_check.is_some_and(|due| now >= due) {
            self.send_check();
            let interval = if matches!(self.state, State::Checking) {
                CHECK_INTERVAL
            } else {
                CONSENT_INTERVAL
            };
            self.next_check = Some(now + interval);
        }
        if self.dtls.poll_timeout(&PEER).is_some_and(|due| now >= due) {
            // Exhausted retransmissions show as a leg that never connects.
            let _exhausted = self.dtls.handle_timeout(PEER, now);
            self.drain_dtls();
        }
    }

    /// When [`ClientLeg::handle_timeout`] is wanted next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next_check.into_iter().chain(self.dtls.poll_timeout(&PEER)).min()
    }

    /// The next datagram for the server.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transmits.pop_front()
    }

    fn send_check(&mut self) {
        let Some(remote) = &self.remote else { return };
        let mut check = Message::new();
        let username = format!("{}:{}", remote.ufrag, self.ufrag);
        let built = check.build(&[
            Box::new(TransactionId::new()),
            Box::new(BINDING_REQUEST),
            Box::new(attribute(ATTR_USERNAME, username.as_bytes())),
            Box::new(attribute(ATTR_PRIORITY, &PRIORITY.to_be_bytes())),
            Box::new(attribute(ATTR_ICE_CONTROLLING, &[0; 8])),
            Box::new(attribute(ATTR_USE_CANDIDATE, &[])),
            Box::new(MessageIntegrity::new_short_term_integrity_with_provider(
                remote.password.clone(),
                crypto::operations(),
            )),
            Box::new(FINGERPRINT),
        ]);
        if built.is_ok() {
            self.transmits.push_back(check.raw.clone());
        }
    }

    /// Seals an RTP packet in place; `packet` grows by the tag.
    ///
    /// # Errors
    ///
    /// When the leg is not connected, or the packet's number was sealed before.
    pub fn seal_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), ClientError> {
        let State::Connected(media) = &mut self.state else { return Err(ClientError::Seal) };
        let header = RtpHeader::parse(packet).map_err(|_| ClientError::Seal)?;
        let (header_len, ssrc, length) = (header.len, header.ssrc, packet.len());
        let known = media.streams.iter().position(|stream| stream.ssrc() == ssrc);
        let index = match known {
            Some(index) => index,
            None => {
                media.streams.push(media.outbound.stream(ssrc).map_err(|_| ClientError::Seal)?);
                media.streams.len() - 1
            }
        };
        packet.resize(length + MAX_RTP_OVERHEAD, 0);
        let stream = media.streams.get_mut(index).ok_or(ClientError::Seal)?;
        let sealed = media.outbound.seal_rtp(stream, packet, length, header_len);
        packet.truncate(sealed.map_err(|_| ClientError::Seal)?);
        Ok(())
    }

    /// Seals a compound RTCP packet in place; `packet` grows by tag and index.
    ///
    /// # Errors
    ///
    /// When the leg is not connected.
    pub fn seal_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), ClientError> {
        let State::Connected(media) = &mut self.state else { return Err(ClientError::Seal) };
        let length = packet.len();
        packet.resize(length + MAX_RTCP_OVERHEAD, 0);
        let sealed = media.outbound.seal_rtcp(packet, length).map_err(|_| ClientError::Seal)?;
        packet.truncate(sealed);
        Ok(())
    }
}

impl fmt::Debug for ClientLeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientLeg")
            .field("ufrag", &self.ufrag)
            .field("is_connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

fn attribute(kind: AttrType, value: &[u8]) -> RawAttribute {
    RawAttribute { typ: kind, length: 0, value: value.to_vec() }
}

const fn on_wire(profile: SrtpProfile) -> SrtpProtectionProfile {
    match profile {
        SrtpProfile::AeadAes128Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        SrtpProfile::AeadAes256Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
        SrtpProfile::Aes128CmSha1 => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
    }
}
