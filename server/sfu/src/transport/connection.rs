//! One leg's connection: ICE, DTLS and SRTP put together, from the first STUN request to the last
//! sealed packet. It knows nothing of what the packets mean.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use shared::ids::TransportId;

use super::{
    dtls::{DtlsError, DtlsIdentity, DtlsOutput, DtlsServer, Fingerprint},
    ice::{BindingRequest, IceCredentials, IceResponder, MAX_RESPONSE, Nomination, StunError},
    srtp::{SrtpError, SrtpInbound, SrtpKeys, SrtpOutbound},
};
use crate::{
    CONSENT_TIMEOUT, JOIN_DEADLINE,
    command::{Path, TransportFailure},
    outbox::Outbox,
};

/// Addresses of one client that may be open at once: its interfaces, IPv4 and IPv6, and one it is
/// moving to. The oldest that is not in use makes room.
const MAX_PATHS: usize = 8;

/// How often the path in use is announced again to the other workers, which drop announcements when
/// they are far behind: a route that was lost is back before the client gives up.
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(10);

/// How long after its last check a client keeps the address it is connected from for itself. Browsers
/// check at least every six seconds (RFC 7675 section 5.1); one that crashed, and comes back from the
/// same port, still gets in before it gives up.
const PATH_HOLD: Duration = Duration::from_secs(7);

/// A connection, driven by datagrams and by time.
///
/// Give it the peer's certificate fingerprint with [`Connection::expect`]; feed it STUN and DTLS;
/// it answers through the outbox. Once it reports [`ConnectionEvent::Connected`],
/// media may be opened and sealed.
pub(crate) struct Connection {
    id: TransportId,
    ice: IceResponder,
    /// Our end of the ICE session before a restart.
    former: Option<Box<Former>>,
    /// The client's user fragment in its last description; another one is an ICE restart.
    remote_ufrag: Option<Box<str>>,
    /// Apart, so that what sending a packet needs lies together.
    dtls: Box<DtlsServer>,
    phase: Phase,
    /// Addresses that have authenticated themselves, the oldest first.
    paths: Vec<Path>,
    /// Where we send: the last nominated one, before that the first authenticated one.
    selected: Option<Path>,
    /// When the client last proved that it wants our packets (RFC 7675).
    heard: Option<Instant>,
    /// When a path was last announced.
    announced: Option<Instant>,
}

/// Our end of an ICE session that was restarted: it answers until the client has moved to the new
/// one, so that nothing is lost meanwhile (RFC 8445 section 9).
struct Former {
    ice: IceResponder,
    is_over: bool,
}

enum Phase {
    /// There is no remote description yet.
    New,
    /// Checks and handshake are under way.
    Connecting {
        deadline: Instant,
    },
    Connected(Box<Srtp>),
    Failed,
}

/// The keys of both directions.
pub(crate) struct Srtp {
    pub(crate) inbound: SrtpInbound,
    pub(crate) outbound: SrtpOutbound,
}

/// What a STUN request changed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathChange {
    /// The request had valid credentials.
    pub(crate) is_authentic: bool,
    /// Now leads here, or does so still and is to be announced again.
    pub(crate) opened: Option<Path>,
    /// No longer leads here: the client had too many.
    pub(crate) closed: Option<Path>,
}

/// What happened to a connection as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionEvent {
    Connected,
    Failed(TransportFailure),
}

impl Connection {
    /// # Errors
    ///
    /// When there is no randomness.
    pub(crate) fn new(
        id: TransportId,
        credentials: IceCredentials,
        identity: &Arc<DtlsIdentity>,
    ) -> Result<Self, DtlsError> {
        Ok(Self {
            id,
            ice: IceResponder::new(credentials),
            former: None,
            remote_ufrag: None,
            dtls: Box::new(DtlsServer::new(identity)?),
            phase: Phase::New,
            paths: Vec::new(),
            selected: None,
            heard: None,
            announced: None,
        })
    }

    pub(crate) fn credentials(&self) -> &IceCredentials {
        self.ice.credentials()
    }

    /// Begins a new ICE session over the same DTLS and SRTP. Returns the user fragment that leads
    /// here no longer.
    pub(crate) fn restart(&mut self, credentials: IceCredentials) -> Option<String> {
        let before = std::mem::replace(&mut self.ice, IceResponder::new(credentials));
        if self.former.as_ref().is_some_and(|former| !former.is_over) {
            // The client still uses the one before: that stays, and the unused one goes.
            return Some(before.credentials().ufrag().to_owned());
        }
        let forgotten = self.former.replace(Box::new(Former { ice: before, is_over: false }));
        forgotten.map(|former| former.ice.credentials().ufrag().to_owned())
    }

    /// Whether a description of the client with this user fragment begins a new ICE session.
    pub(crate) fn is_restarted_by(&self, ufrag: &str) -> bool {
        self.remote_ufrag.as_deref().is_some_and(|known| known != ufrag)
    }

    /// Remembers the client's end of the ICE session.
    pub(crate) fn note_remote(&mut self, ufrag: &str) {
        self.remote_ufrag = Some(ufrag.into());
    }

    /// The user fragments that lead here.
    pub(crate) fn ufrags(&self) -> impl Iterator<Item = &str> {
        let former = self.former.as_ref().map(|former| &former.ice);
        former.into_iter().chain([&self.ice]).map(|ice| ice.credentials().ufrag())
    }

    pub(crate) fn paths(&self) -> &[Path] {
        &self.paths
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Connected(_))
    }

    /// Whether this is where a connected client is, as far as it has been heard lately.
    pub(crate) fn holds(&self, now: Instant, path: Path) -> bool {
        let is_alive = self.heard.is_some_and(|heard| now < heard + PATH_HOLD);
        self.is_connected() && self.selected == Some(path) && is_alive
    }

    /// Where to send, and with which keys, once connected.
    pub(crate) fn sender(&mut self) -> Option<(Path, &mut SrtpOutbound)> {
        match (&mut self.phase, self.selected) {
            (Phase::Connected(srtp), Some(path)) => Some((path, &mut srtp.outbound)),
            _ => None,
        }
    }

    /// Keys to open what came in, once connected.
    pub(crate) fn receiver(&mut self) -> Option<&mut SrtpInbound> {
        match &mut self.phase {
            Phase::Connected(srtp) => Some(&mut srtp.inbound),
            _ => None,
        }
    }

    /// Takes the fingerprint of the remote description, and starts the clock of the join.
    pub(crate) fn expect(
        &mut self,
        now: Instant,
        fingerprint: Fingerprint,
        outbox: &mut Outbox,
    ) -> Option<ConnectionEvent> {
        if matches!(self.phase, Phase::New) {
            self.phase = Phase::Connecting { deadline: now + JOIN_DEADLINE };
            if let Err(error) = self.dtls.set_remote_fingerprint(now, fingerprint) {
                // The alert that tells the client why goes out first.
                self.flush_handshake(outbox);
                return Some(self.handshake_failed(&error));
            }
        }
        self.flush_handshake(outbox)
    }

    /// Answers a STUN request and opens the path of an authentic one.
    pub(crate) fn handle_stun(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        outbox: &mut Outbox,
    ) -> (PathChange, Option<ConnectionEvent>) {
        let mut response = Vec::with_capacity(MAX_RESPONSE);
        let request = self.answer_check(path, datagram, &mut response);
        if !response.is_empty() {
            outbox.push(path, &response);
        }
        let Ok(request) = request else { return (PathChange::default(), None) };
        self.heard = Some(now);
        let change = self.open(now, path);
        if self.selected.is_none() || request.nomination == Nomination::Nominated {
            self.selected = Some(path);
        }
        (change, self.flush_handshake(outbox))
    }

    /// Answers a check of the ICE session there is, or of the one before as long as that counts.
    fn answer_check(
        &mut self,
        path: Path,
        datagram: &[u8],
        response: &mut Vec<u8>,
    ) -> Result<BindingRequest, StunError> {
        let request = self.ice.handle_binding_request(datagram, path.remote, response);
        let Some(former) = &mut self.former else { return request };
        match request {
            Err(StunError::UnknownUser) if !former.is_over => {
                former.ice.handle_binding_request(datagram, path.remote, response)
            }
            Ok(BindingRequest { nomination: Nomination::Nominated, .. }) => {
                former.is_over = true;
                request
            }
            _ => request,
        }
    }

    fn open(&mut self, now: Instant, path: Path) -> PathChange {
        if self.paths.contains(&path) {
            let is_due = self.announced.is_none_or(|last| now >= last + ANNOUNCE_INTERVAL);
            let opened = (is_due && self.selected == Some(path)).then_some(path);
            self.announced = opened.map_or(self.announced, |_| Some(now));
            return PathChange { is_authentic: true, opened, closed: None };
        }
        self.announced = Some(now);
        let mut closed = None;
        if self.paths.len() >= MAX_PATHS {
            let oldest = self.paths.iter().position(|known| Some(*known) != self.selected);
            closed = oldest.map(|index| self.paths.remove(index));
        }
        self.paths.push(path);
        PathChange { is_authentic: true, opened: Some(path), closed }
    }

    /// Gives up a path that another connection has authenticated for itself.
    pub(crate) fn forget(&mut self, path: Path) {
        self.paths.retain(|known| *known != path);
        if self.selected == Some(path) {
            self.selected = self.paths.last().copied();
        }
    }

    /// Takes a DTLS datagram from an opened path.
    pub(crate) fn handle_dtls(
        &mut self,
        now: Instant,
        datagram: &[u8],
        outbox: &mut Outbox,
    ) -> Option<ConnectionEvent> {
        let result = self.dtls.handle_datagram(now, datagram);
        let event = self.flush_handshake(outbox);
        match result {
            // A datagram that is no DTLS has changed nothing.
            Ok(()) | Err(DtlsError::Malformed) => event,
            Err(error) => Some(self.handshake_failed(&error)),
        }
    }

    pub(crate) fn handle_timeout(
        &mut self,
        now: Instant,
        outbox: &mut Outbox,
    ) -> Option<ConnectionEvent> {
        if let Some(failure) = self.overdue(now) {
            self.phase = Phase::Failed;
            return Some(ConnectionEvent::Failed(failure));
        }
        self.dtls.handle_timeout(now);
        self.flush_handshake(outbox)
    }

    fn overdue(&self, now: Instant) -> Option<TransportFailure> {
        match self.phase {
            Phase::Connecting { deadline } if now >= deadline => Some(match self.heard {
                None => TransportFailure::NoPath,
                Some(_) => TransportFailure::HandshakeTimeout,
            }),
            Phase::Connected(_) if self.consent_end().is_some_and(|end| now >= end) => {
                Some(TransportFailure::ConsentExpired)
            }
            _ => None,
        }
    }

    fn consent_end(&self) -> Option<Instant> {
        self.heard.map(|heard| heard + CONSENT_TIMEOUT)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let own = match self.phase {
            Phase::New | Phase::Failed => return None,
            Phase::Connecting { deadline } => Some(deadline),
            Phase::Connected(_) => self.consent_end(),
        };
        own.into_iter().chain(self.dtls.poll_timeout()).min()
    }

    /// Sends what DTLS has to say, and reports what it came to. Nothing is sent before a path has
    /// authenticated itself.
    fn flush_handshake(&mut self, outbox: &mut Outbox) -> Option<ConnectionEvent> {
        let path = self.selected?;
        let mut event = None;
        while let Some(output) = self.dtls.poll_output() {
            match output {
                DtlsOutput::Transmit(datagram) => outbox.push(path, &datagram),
                DtlsOutput::Connected(keys) => event = Some(self.connected(&keys)),
                // Data channels are not negotiated.
                DtlsOutput::ApplicationData(_) => {}
                DtlsOutput::Closed => event = Some(self.fail(TransportFailure::ClosedByPeer)),
            }
        }
        event
    }

    fn connected(&mut self, keys: &SrtpKeys) -> ConnectionEvent {
        match keys.for_server() {
            Ok((inbound, outbound)) => {
                tracing::debug!(transport = %self.id, profile = ?keys.profile(), "[TRANSPORT] keys are agreed");
                self.phase = Phase::Connected(Box::new(Srtp { inbound, outbound }));
                ConnectionEvent::Connected
            }
            Err(error) => self.keys_failed(&error),
        }
    }

    /// Takes keys as if a handshake had agreed on them, so that a fuzzer need not shake hands.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn skip_handshake(&mut self, keys: &SrtpKeys) -> ConnectionEvent {
        self.connected(keys)
    }

    fn keys_failed(&mut self, error: &SrtpError) -> ConnectionEvent {
        tracing::warn!(transport = %self.id, %error, "[TRANSPORT] the keys cannot be used");
        self.fail(TransportFailure::HandshakeFailed)
    }

    fn handshake_failed(&mut self, error: &DtlsError) -> ConnectionEvent {
        tracing::info!(transport = %self.id, %error, "[TRANSPORT] the DTLS handshake failed");
        self.fail(TransportFailure::HandshakeFailed)
    }

    fn fail(&mut self, reason: TransportFailure) -> ConnectionEvent {
        self.phase = Phase::Failed;
        ConnectionEvent::Failed(reason)
    }
}
