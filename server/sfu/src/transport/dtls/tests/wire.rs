//! Two ends, a virtual clock, and a wire with 5 ms each way that loses what it is told to lose.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use rtc_crypto::providers::AwsLcRsProvider;
use rtc_dtls::{
    config::{ConfigBuilder, HandshakeConfig},
    crypto::Certificate,
    endpoint::{Endpoint, EndpointEvent},
    extension::extension_use_srtp::SrtpProtectionProfile as Offer,
};
use rtc_shared::TransportProtocol;

use super::super::{DtlsError, DtlsIdentity, DtlsOutput, DtlsServer, Fingerprint};
use crate::transport::{
    crypto,
    srtp::{SrtpKeys, SrtpProfile},
};

const LATENCY: Duration = Duration::from_millis(5);
/// What browsers set: 50 ms, doubling.
const BROWSER_REPEAT: Duration = Duration::from_millis(50);
const DEFAULT_MTU: usize = 1200;

/// Where virtual time begins; only differences matter.
pub(super) fn epoch() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "an arbitrary origin for virtual time")]
    static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
    *EPOCH
}

fn identity() -> &'static Arc<DtlsIdentity> {
    static IDENTITY: LazyLock<Arc<DtlsIdentity>> =
        LazyLock::new(|| Arc::new(DtlsIdentity::generate().expect("the provider makes keys")));
    &IDENTITY
}

fn client_certificate() -> &'static Certificate {
    static CERTIFICATE: LazyLock<Certificate> = LazyLock::new(|| {
        Certificate::generate_self_signed(["client".to_owned()], crypto::operations())
            .expect("the provider makes keys")
    });
    &CERTIFICATE
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    ToServer,
    ToClient,
}

/// How the client repeats a flight that nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timers {
    /// After 50 ms, 100 ms, 200 ms …
    Browser,
    /// As `rtc_dtls` does: every second.
    RtcDtls,
}

/// A DTLS client: `rtc_dtls`, with a browser's timers unless told otherwise.
pub(super) struct Client {
    endpoint: Endpoint,
    config: Arc<HandshakeConfig>,
    pub(super) timers: Timers,
    last_flight: Vec<Bytes>,
    next_repeat: Option<Instant>,
    interval: Duration,
    outbox: Vec<Bytes>,
    pub(super) is_connected: bool,
    pub(super) closed_by_peer: bool,
    pub(super) data: Vec<Bytes>,
}

impl Client {
    pub(super) fn new(offers: &[Offer]) -> Self {
        Self::with_mtu(offers, DEFAULT_MTU)
    }

    pub(super) fn with_mtu(offers: &[Offer], mtu: usize) -> Self {
        Self::build(offers, mtu, vec![client_certificate().clone()])
    }

    pub(super) fn without_certificate() -> Self {
        Self::build(&[Offer::Srtp_Aead_Aes_128_Gcm], DEFAULT_MTU, vec![])
    }

    fn build(offers: &[Offer], mtu: usize, certificates: Vec<Certificate>) -> Self {
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::new(AwsLcRsProvider::new()))
            .with_certificates(certificates)
            .with_srtp_protection_profiles(offers.to_vec())
            .with_insecure_skip_verify(true)
            .with_mtu(mtu)
            .build(true, Some(server_address()))
            .expect("a valid configuration");
        Self {
            endpoint: Endpoint::new(client_address(), TransportProtocol::UDP, None),
            config: Arc::new(config),
            timers: Timers::Browser,
            last_flight: vec![],
            next_repeat: None,
            interval: BROWSER_REPEAT,
            outbox: vec![],
            is_connected: false,
            closed_by_peer: false,
            data: vec![],
        }
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        let der = client_certificate().certificate.first().expect("it has one certificate");
        Fingerprint::of_certificate(der).expect("the provider hashes")
    }

    pub(super) fn connect(&mut self, now: Instant) {
        let config = Arc::clone(&self.config);
        self.endpoint.connect(now, server_address(), config, None).expect("the first connect");
        self.collect(now);
    }

    pub(super) fn keys(&self, profile: SrtpProfile) -> SrtpKeys {
        let state = self.endpoint.get_connection_state(server_address()).expect("it is connected");
        assert_eq!(state.srtp_protection_profile(), Offer::from(profile.code_point()));
        let material = state
            .export_keying_material("EXTRACTOR-dtls_srtp", &[], profile.keying_material_len())
            .expect("it is connected");
        SrtpKeys::from_exporter(profile, material.as_ref()).expect("the exporter's length")
    }

    pub(super) fn send(&mut self, now: Instant, data: &[u8]) {
        self.endpoint.write(now, server_address(), data).expect("it is connected");
        self.collect(now);
    }

    pub(super) fn close(&mut self, now: Instant) {
        self.endpoint.close(now).expect("it is connected");
        self.collect(now);
    }

    fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        let events = self.endpoint.read(now, server_address(), None, BytesMut::from(datagram));
        for event in events.unwrap_or_default() {
            match event {
                EndpointEvent::HandshakeComplete => self.is_connected = true,
                EndpointEvent::ApplicationData(data) => self.data.push(data.freeze()),
                EndpointEvent::PeerClosed => self.closed_by_peer = true,
                _ => {}
            }
        }
        self.collect(now);
    }

    /// New datagrams are a new flight, whose timer starts afresh.
    fn collect(&mut self, now: Instant) {
        let sent: Vec<Bytes> =
            std::iter::from_fn(|| self.endpoint.poll_transmit().map(|sent| sent.message.freeze()))
                .collect();
        if !sent.is_empty() {
            self.outbox.extend(sent.iter().cloned());
            self.last_flight = sent;
            self.interval = BROWSER_REPEAT;
            self.next_repeat = Some(now + self.interval);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self.timers {
            _ if self.is_connected => None,
            Timers::Browser => self.next_repeat,
            Timers::RtcDtls => self.endpoint.poll_timeout(&server_address()),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match self.timers {
            Timers::Browser => {
                self.outbox.extend(self.last_flight.iter().cloned());
                self.interval *= 2;
                self.next_repeat = Some(now + self.interval);
            }
            Timers::RtcDtls => {
                let _ = self.endpoint.handle_timeout(server_address(), now);
                self.collect(now);
            }
        }
    }
}

/// Client, server and what is between them.
pub(super) struct Wire {
    pub(super) start: Instant,
    pub(super) now: Instant,
    pub(super) client: Client,
    pub(super) server: DtlsServer,
    pub(super) server_keys: Option<SrtpKeys>,
    pub(super) server_error: Option<DtlsError>,
    pub(super) server_data: Vec<Bytes>,
    pub(super) server_closed: bool,
    pub(super) server_sent_at: Vec<Instant>,
    /// Delivered to the server before every genuine datagram.
    pub(super) forgeries: Vec<Vec<u8>>,
    /// Delivers each pair of datagrams sent at once in the wrong order.
    pub(super) swap_neighbours: bool,
    in_flight: VecDeque<(Instant, Direction, Bytes)>,
    sent: [usize; 2],
    lost: [Range<usize>; 2],
}

impl Wire {
    /// A server that knows the client's fingerprint, and a client that has just said hello.
    pub(super) fn new(client: Client) -> Self {
        let mut server = Self::server();
        let fingerprint = client.fingerprint();
        server.set_remote_fingerprint(epoch(), fingerprint).expect("the first fingerprint");
        let mut wire = Self {
            start: epoch(),
            now: epoch(),
            client,
            server,
            server_keys: None,
            server_error: None,
            server_data: vec![],
            server_closed: false,
            server_sent_at: vec![],
            forgeries: vec![],
            swap_neighbours: false,
            in_flight: VecDeque::new(),
            sent: [0; 2],
            lost: [0..0, 0..0],
        };
        wire.client.connect(wire.now);
        wire
    }

    pub(super) fn server() -> DtlsServer {
        DtlsServer::new(identity()).expect("the provider has randomness")
    }

    /// Loses the datagrams of one direction with these numbers, counted from zero as sent.
    pub(super) fn lose(&mut self, direction: Direction, numbers: Range<usize>) {
        self.lost[direction as usize] = numbers;
    }

    /// Runs until both ends are connected and says how long it took.
    #[track_caller]
    pub(super) fn run_until_connected(&mut self, limit: Duration) -> Duration {
        let end = self.now + limit;
        while !(self.client.is_connected && self.server_keys.is_some()) {
            let lost = self.lost.clone();
            assert!(self.step(end), "not connected after {limit:?}, lost {lost:?}");
        }
        self.now - self.start
    }

    pub(super) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.step(end) {}
        self.now = end;
    }

    pub(super) fn inject_forgeries(&mut self) {
        for forged in self.forgeries.clone() {
            self.deliver_to_server(&forged);
        }
    }

    /// Goes on to the next thing that happens; false when nothing does until `end`.
    fn step(&mut self, end: Instant) -> bool {
        self.transmit();
        let arrival = self.in_flight.front().map(|(at, _, _)| *at);
        let timers = [self.client.poll_timeout(), self.server.poll_timeout()];
        let Some(next) = timers.into_iter().flatten().chain(arrival).min() else {
            return false;
        };
        if next > end {
            return false;
        }
        self.now = self.now.max(next);
        if arrival.is_some_and(|at| at <= self.now) {
            self.deliver();
        } else if self.server.poll_timeout().is_some_and(|at| at <= self.now) {
            self.server.handle_timeout(self.now);
        } else {
            self.client.handle_timeout(self.now);
        }
        true
    }

    fn transmit(&mut self) {
        let mut from_client = std::mem::take(&mut self.client.outbox);
        if self.swap_neighbours {
            from_client.chunks_mut(2).for_each(<[Bytes]>::reverse);
        }
        for datagram in from_client {
            self.send(Direction::ToServer, datagram);
        }
        while let Some(output) = self.server.poll_output() {
            match output {
                DtlsOutput::Transmit(datagram) => {
                    self.server_sent_at.push(self.now);
                    self.send(Direction::ToClient, datagram);
                }
                DtlsOutput::Connected(keys) => self.server_keys = Some(keys),
                DtlsOutput::ApplicationData(data) => self.server_data.push(data),
                DtlsOutput::Closed => self.server_closed = true,
            }
        }
    }

    fn send(&mut self, direction: Direction, datagram: Bytes) {
        let number = self.sent[direction as usize];
        self.sent[direction as usize] += 1;
        if !self.lost[direction as usize].contains(&number) {
            self.in_flight.push_back((self.now + LATENCY, direction, datagram));
        }
    }

    fn deliver(&mut self) {
        let Some((_, direction, datagram)) = self.in_flight.pop_front() else {
            return;
        };
        match direction {
            Direction::ToClient => self.client.handle_datagram(self.now, &datagram),
            Direction::ToServer => {
                self.inject_forgeries();
                self.deliver_to_server(&datagram);
            }
        }
    }

    fn deliver_to_server(&mut self, datagram: &[u8]) {
        match self.server.handle_datagram(self.now, datagram) {
            Ok(()) | Err(DtlsError::Malformed) => {}
            Err(error) => self.server_error = Some(error),
        }
    }
}

fn server_address() -> std::net::SocketAddr {
    ([192, 0, 2, 1], 1).into()
}

fn client_address() -> std::net::SocketAddr {
    ([192, 0, 2, 2], 2).into()
}
