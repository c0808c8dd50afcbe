//! One `rtc_dtls` endpoint that holds one association, started with a hello we have seen.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use bytes::{Bytes, BytesMut};
use rtc_crypto::{CryptoError, RTCCrypto, RTCCryptoProvider, RTCRandom};
use rtc_dtls::{
    cipher_suite::CipherSuiteId,
    config::{
        ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig,
        VerifyPeerCertificateFn,
    },
    endpoint::{Endpoint, EndpointEvent},
    extension::extension_use_srtp::SrtpProtectionProfile,
};
use rtc_shared::{TransportProtocol, error::Error};

use super::{
    COOKIE_BYTES, DtlsError, Fingerprint, client_hello::ClientHello, identity::DtlsIdentity,
    record::handshake_record,
};
use crate::transport::{
    crypto,
    srtp::{SrtpKeys, SrtpProfile},
};

/// `rtc_dtls` tells associations apart by address. There is one here, so any will do; where the
/// datagrams really go is ICE's to know.
const PEER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));
/// RFC 5764 §4.2.
const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";
const CLIENT_HELLO: u8 = 1;
const ALERT: u8 = 21;

/// What came out of a record.
#[derive(Debug)]
pub(super) enum Event {
    Complete,
    ApplicationData(Bytes),
    Closed,
}

/// A running or completed handshake.
pub(super) struct Association {
    endpoint: Endpoint,
    fingerprint: Fingerprint,
    profile: SrtpProfile,
}

impl Association {
    /// Prepares for a hello that carries our cookie.
    pub(super) fn new(
        identity: &DtlsIdentity,
        fingerprint: Fingerprint,
        hello: &ClientHello,
    ) -> Result<Self, DtlsError> {
        let profile = hello.srtp_profile().ok_or(DtlsError::NoCommonSrtpProfile)?;
        let config = config(identity, fingerprint, profile, hello.cookie())?;
        let endpoint = Endpoint::new(PEER, TransportProtocol::UDP, Some(Arc::new(config)));
        Ok(Self { endpoint, fingerprint, profile })
    }

    /// Starts the handshake with the hello it was made for. After an error
    /// [`transmits`](Self::transmits) has the alert for the peer.
    ///
    /// `rtc_dtls` insists on a cookie exchange of its own, so it is shown the hello as it must
    /// have been without the cookie, given the same cookie to ask for, and then shown the real
    /// one. The handshake hash begins with the latter (RFC 6347 §4.2.1), so both ends agree.
    pub(super) fn start(&mut self, now: Instant, hello: &ClientHello) -> Result<(), DtlsError> {
        for (sequence, body) in (0_u16..).zip([hello.without_cookie(), hello.body()]) {
            // What it answered the hello without a cookie, we have answered already.
            self.transmits().for_each(drop);
            let record = handshake_record(CLIENT_HELLO, sequence, sequence, body)
                .ok_or(DtlsError::Malformed)?;
            self.read(now, &record)?;
        }
        Ok(())
    }

    /// Feeds one record.
    pub(super) fn read(&mut self, now: Instant, record: &[u8]) -> Result<Vec<Event>, DtlsError> {
        match self.endpoint.read(now, PEER, None, BytesMut::from(record)) {
            Ok(events) => Ok(events.into_iter().filter_map(event).collect()),
            Err(Error::ErrAlertFatalOrClose) => Err(DtlsError::PeerAlert),
            // A warning, say no_renegotiation; `rtc_dtls` reports it as an error and goes on.
            Err(_) if record.first() == Some(&ALERT) => Ok(Vec::new()),
            Err(error) => Err(self.reason(error)),
        }
    }

    /// Takes the datagrams it wants to send.
    pub(super) fn transmits(&mut self) -> impl Iterator<Item = Bytes> {
        std::iter::from_fn(|| self.endpoint.poll_transmit().map(|sent| sent.message.freeze()))
    }

    /// Sends application data.
    pub(super) fn write(&mut self, now: Instant, data: &[u8]) -> Result<(), DtlsError> {
        self.endpoint.write(now, PEER, data).map_err(DtlsError::Handshake)
    }

    /// Says goodbye.
    pub(super) fn close(&mut self, now: Instant) {
        self.endpoint.stop(now, PEER);
    }

    /// Exports the SRTP keys of a completed handshake, after a last look at the certificate.
    pub(super) fn srtp_keys(&self) -> Result<SrtpKeys, DtlsError> {
        if self.peer_fingerprint() != Some(self.fingerprint) {
            return Err(DtlsError::FingerprintMismatch);
        }
        let state = self.endpoint.get_connection_state(PEER).ok_or(DtlsError::NotConnected)?;
        if state.srtp_protection_profile() != wire_profile(self.profile) {
            return Err(DtlsError::NoCommonSrtpProfile);
        }
        let material = state
            .export_keying_material(EXPORTER_LABEL, &[], self.profile.keying_material_len())
            .map_err(DtlsError::Handshake)?;
        SrtpKeys::from_exporter(self.profile, material.as_ref()).map_err(DtlsError::Srtp)
    }

    /// Names a failed handshake by its cause.
    fn reason(&self, error: Error) -> DtlsError {
        match self.peer_fingerprint() {
            Some(shown) if shown != self.fingerprint => DtlsError::FingerprintMismatch,
            _ if error == Error::ErrClientCertificateRequired => DtlsError::NoCertificate,
            _ => DtlsError::Handshake(error),
        }
    }

    fn peer_fingerprint(&self) -> Option<Fingerprint> {
        let state = self.endpoint.get_connection_state(PEER)?;
        Fingerprint::of_certificate(state.peer_certificates.first()?)
    }
}

impl fmt::Debug for Association {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Association")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

fn event(event: EndpointEvent) -> Option<Event> {
    match event {
        EndpointEvent::HandshakeComplete => Some(Event::Complete),
        EndpointEvent::ApplicationData(data) => Some(Event::ApplicationData(data.freeze())),
        EndpointEvent::PeerClosed => Some(Event::Closed),
        _ => None,
    }
}

/// Builds the configuration for one peer: it knows one cookie, one certificate, one profile.
fn config(
    identity: &DtlsIdentity,
    fingerprint: Fingerprint,
    profile: SrtpProfile,
    cookie: [u8; COOKIE_BYTES],
) -> Result<HandshakeConfig, DtlsError> {
    let verify: VerifyPeerCertificateFn = Arc::new(move |chain, _| {
        let shown = chain.first().and_then(|der| Fingerprint::of_certificate(der));
        if shown == Some(fingerprint) { Ok(()) } else { Err(Error::ErrInvalidCertificate) }
    });
    ConfigBuilder::default()
        .with_crypto_provider(Arc::new(CookieProvider::new(cookie)))
        .with_certificates(vec![identity.certificate().clone()])
        .with_cipher_suites(vec![
            CipherSuiteId::Tls_Ecdhe_Ecdsa_With_Aes_128_Gcm_Sha256,
            CipherSuiteId::Tls_Ecdhe_Ecdsa_With_ChaCha20_Poly1305_Sha256,
        ])
        .with_srtp_protection_profiles(vec![wire_profile(profile)])
        // `rtc_dtls` does not compare the client's Finished with the handshake. With the
        // extended master secret (RFC 7627) a handshake that was tampered with ends in different
        // keys, so no Finished decrypts. Every WebRTC client has it.
        .with_extended_master_secret(ExtendedMasterSecretType::Require)
        .with_client_auth(ClientAuthType::RequireAnyClientCert)
        // The chain means nothing for self-signed certificates; the fingerprint is the proof.
        .with_insecure_skip_verify(true)
        .with_verify_peer_certificate(Some(verify))
        .build(false, None)
        .map_err(DtlsError::Handshake)
}

fn wire_profile(profile: SrtpProfile) -> SrtpProtectionProfile {
    SrtpProtectionProfile::from(profile.code_point())
}

/// The usual provider, except that the first cookie it draws is the one we sent.
///
/// `rtc_dtls` draws its cookie before anything else and takes no other way to set it.
struct CookieProvider {
    cookie: [u8; COOKIE_BYTES],
    drawn: AtomicBool,
}

impl CookieProvider {
    fn new(cookie: [u8; COOKIE_BYTES]) -> Self {
        Self { cookie, drawn: AtomicBool::new(false) }
    }
}

impl RTCCryptoProvider for CookieProvider {
    fn name(&self) -> &'static str {
        "aws-lc-rs with a given cookie"
    }

    fn crypto(&self) -> &dyn RTCCrypto {
        crypto::operations()
    }

    fn random(&self) -> &dyn RTCRandom {
        self
    }
}

impl RTCRandom for CookieProvider {
    fn fill(&self, output: &mut [u8]) -> Result<(), CryptoError> {
        if output.len() == COOKIE_BYTES && !self.drawn.swap(true, Ordering::Relaxed) {
            output.copy_from_slice(&self.cookie);
            return Ok(());
        }
        crypto::random().fill(output)
    }
}
