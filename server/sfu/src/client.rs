//! The other end of a leg, without I/O: what load tests and simulations join meetings with.
//!
//! The protocols are real: STUN with integrity, a DTLS handshake, SRTP. What it lacks is everything
//! around them: codecs, jitter buffers, congestion control. So a thousand fit on a machine.

mod sdp;
mod stun;

use std::{
    collections::VecDeque,
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use rtc_crypto::providers::AwsLcRsProvider;
use rtc_dtls::{
    config::{ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig, VerifyPeerCertificateFn},
    endpoint::{Endpoint, EndpointEvent},
    extension::extension_use_srtp::SrtpProtectionProfile,
};
use rtc_shared::{TransportProtocol, error::Error as RtcError};

pub use self::sdp::{LocalTrack, OfferedTrack, ServerEnd, offered_tracks};
use crate::{
    demux::{DatagramKind, is_rtcp},
    rtp::RtpHeader,
    transport::{
        crypto,
        dtls::{DtlsIdentity, Fingerprint},
        srtp::{SrtpError, SrtpInbound, SrtpKeys, SrtpOutbound, SrtpProfile},
    },
};

/// How often a connectivity check is sent until one is answered (RFC 8445 section 14.2: at least
/// 50 ms).
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// How often one is sent afterwards, to stay consented (RFC 7675 section 5.1 says 5 s).
const CONSENT_INTERVAL: Duration = Duration::from_secs(4);
/// RFC 5764 section 4.2.
const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";
/// Time between retransmissions of the handshake. `rtc_dtls` does not back off and gives up after
/// seven: a second in all.
const FLIGHT_INTERVAL: Duration = Duration::from_millis(150);

/// Why a leg does not get on.
#[derive(Debug, thiserror::Error)]
pub enum LegError {
    /// The server's description lacks something.
    #[error("the server's description has no {0}")]
    Description(&'static str),
    /// Media needs a connection.
    #[error("the leg is not connected")]
    NotConnected,
    /// The handshake failed.
    #[error("the handshake failed: {0}")]
    Handshake(RtcError),
    /// The keys do not fit.
    #[error("media encryption failed: {0}")]
    Srtp(#[from] SrtpError),
    /// The system's randomness or cryptography failed.
    #[error("cryptography failed: {0}")]
    Crypto(String),
}

/// What a datagram was.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// An RTP packet, opened; the header is as it was sent.
    Rtp(&'a [u8]),
    /// A compound RTCP packet, opened.
    Rtcp(&'a [u8]),
    /// The handshake is complete.
    Connected,
    /// Something of the protocols underneath.
    Nothing,
}

/// One leg to the server, without I/O.
///
/// Make it, exchange descriptions ([`Self::offer`] or [`Self::answer`], then
/// [`Self::set_server`]), then feed it with [`Self::handle_datagram`] and, at
/// [`Self::poll_timeout`], [`Self::handle_timeout`]; send what [`Self::poll_transmit`] gives.
pub struct ClientLeg {
    identity: Arc<DtlsIdentity>,
    profiles: Vec<SrtpProfile>,
    ufrag: String,
    password: String,
    server: Option<ServerEnd>,
    next_check: Option<Instant>,
    dtls: Endpoint,
    state: LegState,
    transmits: VecDeque<Vec<u8>>,
}

enum LegState {
    /// No check has been answered yet.
    Checking,
    Handshaking,
    Connected {
        profile: SrtpProfile,
        inbound: Box<SrtpInbound>,
        outbound: Box<SrtpOutbound>,
    },
    Closed,
}

impl ClientLeg {
    /// A leg that offers one SRTP profile.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn new(identity: &Arc<DtlsIdentity>, profile: SrtpProfile) -> Result<Self, LegError> {
        Self::with_profiles(identity, vec![profile])
    }

    /// A leg that offers several SRTP profiles, the one it would rather have first.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn with_profiles(
        identity: &Arc<DtlsIdentity>,
        profiles: Vec<SrtpProfile>,
    ) -> Result<Self, LegError> {
        let (ufrag, password) = credentials()?;
        Ok(Self {
            identity: Arc::clone(identity),
            profiles,
            ufrag,
            password,
            server: None,
            next_check: None,
            dtls: Endpoint::new(LOCAL, TransportProtocol::UDP, None),
            state: LegState::Checking,
            transmits: VecDeque::new(),
        })
    }

    /// The description of a send transport with these tracks.
    #[must_use]
    pub fn offer(&self, tracks: &[LocalTrack]) -> String {
        sdp::offer(&self.client_end(), tracks)
    }

    /// The description that takes everything a server offers on a receive transport.
    #[must_use]
    pub fn answer(&self, offer: &str) -> String {
        sdp::answer(&self.client_end(), offer)
    }

    fn client_end(&self) -> sdp::ClientEnd<'_> {
        sdp::ClientEnd {
            ufrag: &self.ufrag,
            password: &self.password,
            fingerprint: self.identity.fingerprint(),
        }
    }

    /// Takes the server's description and begins to connect to its first address; a later one of
    /// the same transport changes nothing. Returns that address.
    ///
    /// # Errors
    ///
    /// When the description lacks what is needed for that.
    pub fn set_server(&mut self, now: Instant, sdp: &str) -> Result<SocketAddr, LegError> {
        let server = ServerEnd::parse(sdp)?;
        let address = server.address;
        if self.server.is_none() {
            self.server = Some(server);
            self.next_check = Some(now);
        }
        Ok(address)
    }

    /// Goes on with a new ICE session, whose credentials of the server are in `lines`.
    ///
    /// # Errors
    ///
    /// [`LegError::Description`] when they are not.
    pub fn restart_ice(&mut self, now: Instant, lines: &str) -> Result<(), LegError> {
        let (ufrag, password) = sdp::credentials(lines)?;
        let before = self.server.take().ok_or(LegError::NotConnected)?;
        self.server = Some(ServerEnd { ufrag, password, ..before });
        self.next_check = Some(now);
        Ok(())
    }

    /// Has new credentials of its own from the next description on, which restarts ICE.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn renew_credentials(&mut self) -> Result<(), LegError> {
        (self.ufrag, self.password) = credentials()?;
        Ok(())
    }

    /// Checks the path at the next timeout, because it may be another one now.
    pub const fn check_path(&mut self, now: Instant) {
        self.next_check = Some(now);
    }

    /// Whether media can flow.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        matches!(self.state, LegState::Connected { .. })
    }

    /// The negotiated profile, once connected.
    #[must_use]
    pub const fn profile(&self) -> Option<SrtpProfile> {
        match self.state {
            LegState::Connected { profile, .. } => Some(profile),
            LegState::Checking | LegState::Handshaking | LegState::Closed => None,
        }
    }

    /// Whether the server ended the leg.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, LegState::Closed)
    }

    /// Seals media; none before the leg is connected.
    pub fn outbound(&mut self) -> Option<&mut SrtpOutbound> {
        match &mut self.state {
            LegState::Connected { outbound, .. } => Some(outbound),
            LegState::Checking | LegState::Handshaking | LegState::Closed => None,
        }
    }

    /// The next datagram for the server.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if let Some(datagram) = self.transmits.pop_front() {
            return Some(datagram);
        }
        self.dtls.poll_transmit().map(|transmit| transmit.message.to_vec())
    }

    /// When [`Self::handle_timeout`] is next due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let retransmission = match self.state {
            LegState::Handshaking => self.dtls.poll_timeout(&SERVER),
            LegState::Checking | LegState::Connected { .. } | LegState::Closed => None,
        };
        [self.next_check, retransmission].into_iter().flatten().min()
    }

    /// Sends the connectivity check or the handshake message that is due.
    ///
    /// # Errors
    ///
    /// When the handshake has been repeated often enough.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), LegError> {
        if self.next_check.is_some_and(|due| due <= now) {
            self.send_check(now)?;
        }
        if matches!(self.state, LegState::Handshaking) {
            self.dtls.handle_timeout(SERVER, now).map_err(LegError::Handshake)?;
        }
        Ok(())
    }

    fn send_check(&mut self, now: Instant) -> Result<(), LegError> {
        let Some(server) = &self.server else { return Ok(()) };
        let username = format!("{}:{}", server.ufrag, self.ufrag);
        self.transmits.push_back(stun::binding_request(&username, &server.password)?);
        let interval = match self.state {
            LegState::Checking => CHECK_INTERVAL,
            LegState::Handshaking | LegState::Connected { .. } => CONSENT_INTERVAL,
            LegState::Closed => return Ok(()),
        };
        self.next_check = Some(now + interval);
        Ok(())
    }

    /// Takes one datagram from the server and opens it in place.
    ///
    /// # Errors
    ///
    /// When the handshake fails, or media cannot be opened.
    pub fn handle_datagram<'a>(
        &mut self,
        now: Instant,
        datagram: &'a mut [u8],
    ) -> Result<Incoming<'a>, LegError> {
        match DatagramKind::of(datagram) {
            DatagramKind::Stun => self.handle_stun(now, datagram),
            DatagramKind::Dtls => self.handle_dtls(now, datagram),
            DatagramKind::Media => self.open(datagram),
            DatagramKind::Unknown => Ok(Incoming::Nothing),
        }
    }

    fn handle_stun<'a>(&mut self, now: Instant, datagram: &[u8]) -> Result<Incoming<'a>, LegError> {
        let Some(server) = &self.server else { return Ok(Incoming::Nothing) };
        let answered = stun::is_authentic_success(datagram, &server.password);
        if answered && matches!(self.state, LegState::Checking) {
            let config = self.dtls_config(server.fingerprint)?;
            self.dtls.connect(now, SERVER, config, None).map_err(LegError::Handshake)?;
            self.state = LegState::Handshaking;
            self.next_check = Some(now + CONSENT_INTERVAL);
        }
        Ok(Incoming::Nothing)
    }

    fn dtls_config(&self, server: Fingerprint) -> Result<Arc<HandshakeConfig>, LegError> {
        let verify: VerifyPeerCertificateFn = Arc::new(move |chain, _| {
            let der = chain.first().map(AsRef::<[u8]>::as_ref).unwrap_or_default();
            let shown = Fingerprint::of_certificate(der) == Some(server);
            if shown { Ok(()) } else { Err(RtcError::ErrInvalidCertificate) }
        });
        let profiles = self.profiles.iter().map(|profile| profile.code_point().into()).collect();
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::new(AwsLcRsProvider::new()))
            .with_certificates(vec![self.identity.certificate().clone()])
            .with_srtp_protection_profiles(profiles)
            .with_flight_interval(FLIGHT_INTERVAL)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            // The chain of a self-signed certificate proves nothing; the fingerprint does.
            .with_insecure_skip_verify(true)
            .with_verify_peer_certificate(Some(verify))
            .build(true, None)
            .map_err(LegError::Handshake)?;
        Ok(Arc::new(config))
    }

    fn handle_dtls<'a>(&mut self, now: Instant, datagram: &[u8]) -> Result<Incoming<'a>, LegError> {
        if !matches!(self.state, LegState::Handshaking | LegState::Connected { .. }) {
            return Ok(Incoming::Nothing);
        }
        let events = self.dtls.read(now, SERVER, None, BytesMut::from(datagram));
        for event in events.map_err(LegError::Handshake)? {
            match event {
                EndpointEvent::HandshakeComplete => {
                    let keys = self.srtp_keys()?;
                    let (inbound, outbound) = keys.for_client()?;
                    self.state = LegState::Connected {
                        profile: keys.profile(),
                        inbound: Box::new(inbound),
                        outbound: Box::new(outbound),
                    };
                    return Ok(Incoming::Connected);
                }
                EndpointEvent::PeerClosed => self.state = LegState::Closed,
                _ => {}
            }
        }
        Ok(Incoming::Nothing)
    }

    fn srtp_keys(&self) -> Result<SrtpKeys, LegError> {
        let state = self.dtls.get_connection_state(SERVER);
        let state = state.ok_or(LegError::NotConnected)?;
        let negotiated = state.srtp_protection_profile();
        let mut offered = self.profiles.iter().copied();
        let profile = offered
            .find(|profile| SrtpProtectionProfile::from(profile.code_point()) == negotiated)
            .ok_or(LegError::NotConnected)?;
        let material = state
            .export_keying_material(EXPORTER_LABEL, &[], profile.keying_material_len())
            .map_err(LegError::Handshake)?;
        Ok(SrtpKeys::from_exporter(profile, material.as_ref())?)
    }

    fn open<'a>(&mut self, datagram: &'a mut [u8]) -> Result<Incoming<'a>, LegError> {
        let LegState::Connected { inbound, .. } = &mut self.state else {
            return Ok(Incoming::Nothing);
        };
        if is_rtcp(datagram) {
            let length = inbound.open_rtcp(datagram)?;
            return Ok(Incoming::Rtcp(datagram.get(..length).unwrap_or_default()));
        }
        let Ok(RtpHeader { len, ssrc, sequence, .. }) = RtpHeader::parse(datagram) else {
            return Ok(Incoming::Nothing);
        };
        let length = inbound.open_rtp(datagram, len, ssrc, sequence)?;
        Ok(Incoming::Rtp(datagram.get(..length).unwrap_or_default()))
    }

    /// Says goodbye to the server.
    pub fn close(&mut self, now: Instant) {
        self.dtls.stop(now, SERVER);
        self.state = LegState::Closed;
        self.next_check = None;
    }
}

impl fmt::Debug for ClientLeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientLeg").field("ufrag", &self.ufrag).finish_non_exhaustive()
    }
}

/// A user fragment and a password, from the system's randomness.
fn credentials() -> Result<(String, String), LegError> {
    let mut random = [0; 16];
    let filled = crypto::random().fill(&mut random);
    filled.map_err(|error| LegError::Crypto(error.to_string()))?;
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let (ufrag, password) = text.split_at(8);
    Ok((ufrag.to_owned(), password.to_owned()))
}

/// `rtc_dtls` tells associations apart by address; a leg has one, so any two will do.
const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2);
