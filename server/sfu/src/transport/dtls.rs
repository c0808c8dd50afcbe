//! The DTLS 1.2 server of one transport: who the peer is, and the keys for its media.
//!
//! | type | what it is |
//! |---|---|
//! | [`DtlsIdentity`] | our certificate, one for the whole process |
//! | [`Fingerprint`] | what SDP says a certificate must hash to |
//! | [`DtlsServer`] | one association, from the first hello to close |
//!
//! `rtc_dtls` does the cryptography. What reaches it passes through here first, because alone it
//! can be stopped by one forged datagram and never repeats a lost flight:
//!
//! - The cookie exchange is ours and keeps no state for a hello without our cookie, so a forged
//!   ClientHello changes nothing. `rtc_dtls` is started with the hello that proves the address.
//! - That hello says which SRTP profiles the client has; `rtc_dtls` would take the client's
//!   favourite, we take the cheapest.
//! - Handshake messages are put together here (bounded) and passed on whole, in order and once.
//!   Plaintext alerts, repeated hellos and everything else are dropped.
//! - After completion only encrypted records pass: a plaintext one can only be forged or late.
//! - The last flight is sent again, byte for byte, until the peer has surely seen it. The same
//!   bytes, because a receiver that has them already drops them as replays, while fresh ones would
//!   stop the retransmission timer of a peer that is itself built on `rtc_dtls`.

mod association;
mod client_flight;
mod client_hello;
mod flight;
mod identity;
mod record;

use std::{collections::VecDeque, sync::Arc, time::Instant};

use bytes::Bytes;
use rtc_crypto::CryptoError;

pub use self::identity::{DtlsIdentity, Fingerprint, InvalidFingerprint};
use self::{
    association::{Association, Event},
    client_flight::ClientFlight,
    client_hello::ClientHello,
    flight::Flight,
    record::{Content, Record, records},
};
use super::{
    crypto,
    srtp::{SrtpError, SrtpKeys},
};

/// Bytes of a cookie: 160 bits that only the owner of the address can know (RFC 6347 §4.2.1).
const COOKIE_LENGTH: u8 = 20;
const COOKIE_BYTES: usize = COOKIE_LENGTH as usize;
/// How many repeats of the client's Finished get an answer, which is what `rtc_dtls` has itself.
const MAX_LATE_ANSWERS: u8 = 7;

/// What the association wants done, or has to say.
#[derive(Debug)]
#[non_exhaustive]
pub enum DtlsOutput {
    /// Send this datagram to the peer.
    Transmit(Bytes),
    /// The handshake is complete and the peer is who its SDP said.
    Connected(SrtpKeys),
    /// The peer sent this over a data channel's association.
    ApplicationData(Bytes),
    /// The peer closed the association; nothing more will come.
    Closed,
}

/// One DTLS association, seen from the server.
///
/// Feed it with [`handle_datagram`](Self::handle_datagram) (DTLS only, from an address that ICE
/// has verified), [`set_remote_fingerprint`](Self::set_remote_fingerprint) (before or after the
/// first datagram) and [`handle_timeout`](Self::handle_timeout) when
/// [`poll_timeout`](Self::poll_timeout) says so; after each, drain
/// [`poll_output`](Self::poll_output). It gives up on nothing by time: the join deadline of the
/// transport does that.
#[derive(Debug)]
pub struct DtlsServer {
    identity: Arc<DtlsIdentity>,
    cookie: [u8; COOKIE_BYTES],
    remote_fingerprint: Option<Fingerprint>,
    state: State,
    /// What the peer may not have received yet.
    last_flight: Option<Flight>,
    outputs: VecDeque<DtlsOutput>,
    dropped_records: u64,
}

#[derive(Debug)]
enum State {
    /// No hello with our cookie has come; fragments of one may have.
    AwaitingHello(client_hello::Assembly),
    /// The hello is here, the SDP answer with the fingerprint is not.
    AwaitingFingerprint(ClientHello),
    Handshaking(Box<Association>, ClientFlight),
    Connected(Box<Association>, LateHandshake),
    Closed,
    Failed,
}

/// How many repeats of its Finished the peer still gets an answer to.
#[derive(Debug)]
struct LateHandshake {
    answers_left: u8,
}

impl DtlsServer {
    /// Creates a server that waits for a ClientHello.
    ///
    /// # Errors
    ///
    /// When there is no randomness for the cookie.
    pub fn new(identity: &Arc<DtlsIdentity>) -> Result<Self, DtlsError> {
        let mut cookie = [0; COOKIE_BYTES];
        crypto::random().fill(&mut cookie).map_err(DtlsError::Crypto)?;
        Ok(Self {
            identity: Arc::clone(identity),
            cookie,
            remote_fingerprint: None,
            state: State::AwaitingHello(client_hello::Assembly::default()),
            last_flight: None,
            outputs: VecDeque::new(),
            dropped_records: 0,
        })
    }

    /// Says what the peer's certificate must hash to, and goes on with a hello that was held.
    ///
    /// # Errors
    ///
    /// When another fingerprint was set before, or the held hello cannot be answered.
    pub fn set_remote_fingerprint(
        &mut self,
        now: Instant,
        fingerprint: Fingerprint,
    ) -> Result<(), DtlsError> {
        if self.remote_fingerprint.is_some_and(|known| known != fingerprint) {
            return Err(DtlsError::FingerprintChanged);
        }
        self.remote_fingerprint = Some(fingerprint);
        match std::mem::replace(&mut self.state, State::Failed) {
            State::AwaitingFingerprint(hello) => self.begin(now, hello),
            other => {
                self.state = other;
                Ok(())
            }
        }
    }

    /// Takes one datagram whose first byte says DTLS (20 to 63, RFC 7983 §7).
    ///
    /// Records that the association does not expect are dropped and counted in
    /// [`dropped_records`](Self::dropped_records); they are no error.
    ///
    /// # Errors
    ///
    /// [`DtlsError::Malformed`] when the rest of the datagram is no DTLS, which changes nothing.
    /// Any other error has ended the association.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) -> Result<(), DtlsError> {
        for record in records(datagram) {
            self.handle_record(now, &record.ok_or(DtlsError::Malformed)?)?;
        }
        Ok(())
    }

    /// Repeats the last flight if it is time.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Some(flight) = &mut self.last_flight {
            self.outputs
                .extend(flight.handle_timeout(now).iter().cloned().map(DtlsOutput::Transmit));
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is next due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.last_flight.as_ref().and_then(Flight::poll_timeout)
    }

    /// The next thing to do for the caller, oldest first.
    pub fn poll_output(&mut self) -> Option<DtlsOutput> {
        self.outputs.pop_front()
    }

    /// Sends application data: one SCTP packet.
    ///
    /// # Errors
    ///
    /// When the handshake is not complete, or `rtc_dtls` refuses.
    pub fn send_application_data(&mut self, now: Instant, data: &[u8]) -> Result<(), DtlsError> {
        let State::Connected(association, _) = &mut self.state else {
            return Err(DtlsError::NotConnected);
        };
        association.write(now, data)?;
        self.outputs.extend(association.transmits().map(DtlsOutput::Transmit));
        Ok(())
    }

    /// Says goodbye with a `close_notify`, if there is somebody to say it to.
    pub fn close(&mut self, now: Instant) {
        if let State::Connected(association, _) = &mut self.state {
            association.close(now);
            self.outputs.extend(association.transmits().map(DtlsOutput::Transmit));
        }
        self.finish(State::Closed);
    }

    /// Whether the peer has proven to be who its SDP said, and has not closed.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected(..))
    }

    /// How many records were dropped because the association did not expect them.
    #[must_use]
    pub fn dropped_records(&self) -> u64 {
        self.dropped_records
    }

    fn handle_record(&mut self, now: Instant, record: &Record<'_>) -> Result<(), DtlsError> {
        match &mut self.state {
            State::AwaitingHello(_) => self.handle_hello(now, record),
            State::Handshaking(_, flight) => {
                let reply = flight.take(record);
                self.advance_handshake(now, reply)
            }
            State::Connected(_, late) if late.accepts(record) => self.pass_on(now, record.bytes),
            State::Connected(..)
            | State::AwaitingFingerprint(_)
            | State::Closed
            | State::Failed => {
                self.drop_record();
                Ok(())
            }
        }
    }

    fn handle_hello(&mut self, now: Instant, record: &Record<'_>) -> Result<(), DtlsError> {
        let State::AwaitingHello(assembly) = &mut self.state else {
            return Ok(());
        };
        match assembly.take(record, &self.cookie) {
            client_hello::Outcome::Incomplete => Ok(()),
            client_hello::Outcome::Dropped => {
                self.drop_record();
                Ok(())
            }
            client_hello::Outcome::WithoutCookie => {
                self.ask_for_cookie(now);
                Ok(())
            }
            client_hello::Outcome::Complete(hello) => self.begin(now, hello),
        }
    }

    /// Answers a hello without our cookie: 48 bytes for at least 61, always the same ones, so that
    /// a client which forged hellos made us answer often still sees one HelloVerifyRequest.
    fn ask_for_cookie(&mut self, now: Instant) {
        let datagram = Bytes::from(record::hello_verify_request(&self.cookie));
        self.outputs.push_back(DtlsOutput::Transmit(datagram.clone()));
        if self.last_flight.is_none() {
            self.last_flight = Some(Flight::short(now, vec![datagram]));
        }
    }

    /// Starts `rtc_dtls` with a hello that carries our cookie, once the fingerprint is known.
    fn begin(&mut self, now: Instant, hello: ClientHello) -> Result<(), DtlsError> {
        self.last_flight = None;
        let Some(fingerprint) = self.remote_fingerprint else {
            self.state = State::AwaitingFingerprint(hello);
            return Ok(());
        };
        let made = Association::new(&self.identity, fingerprint, &hello);
        let mut association = match made {
            Ok(association) => association,
            Err(error) => return Err(self.fail(error)),
        };
        let started = association.start(now, &hello);
        let datagrams: Vec<Bytes> = association.transmits().collect();
        if let Err(error) = started {
            self.outputs.extend(datagrams.into_iter().map(DtlsOutput::Transmit));
            return Err(self.fail(error));
        }
        self.transmit_flight(Flight::long(now, datagrams));
        self.state = State::Handshaking(Box::new(association), ClientFlight::default());
        Ok(())
    }

    fn advance_handshake(
        &mut self,
        now: Instant,
        reply: client_flight::Outcome,
    ) -> Result<(), DtlsError> {
        let records = match reply {
            client_flight::Outcome::Incomplete => return Ok(()),
            client_flight::Outcome::Dropped => {
                self.drop_record();
                return Ok(());
            }
            client_flight::Outcome::NoCertificate => {
                return Err(self.fail(DtlsError::NoCertificate));
            }
            client_flight::Outcome::Pass(records) => records,
        };
        for record in records {
            self.pass_on(now, &record)?;
        }
        Ok(())
    }

    /// Gives one record to `rtc_dtls` and acts on what comes of it.
    fn pass_on(&mut self, now: Instant, record: &[u8]) -> Result<(), DtlsError> {
        let (State::Handshaking(association, _) | State::Connected(association, _)) =
            &mut self.state
        else {
            return Ok(());
        };
        let result = association.read(now, record);
        let datagrams: Vec<Bytes> = association.transmits().collect();
        if let State::Connected(_, late) = &mut self.state {
            late.answered_with(&datagrams);
        }
        match result {
            Ok(events) => self.handle_events(now, events, datagrams),
            Err(error) => {
                self.outputs.extend(datagrams.into_iter().map(DtlsOutput::Transmit));
                Err(self.fail(error))
            }
        }
    }

    fn handle_events(
        &mut self,
        now: Instant,
        events: Vec<Event>,
        datagrams: Vec<Bytes>,
    ) -> Result<(), DtlsError> {
        let mut answer = datagrams;
        if events.iter().any(|event| matches!(event, Event::Complete)) {
            self.connect(now, std::mem::take(&mut answer))?;
        }
        self.outputs.extend(answer.into_iter().map(DtlsOutput::Transmit));
        for event in events {
            match event {
                Event::Complete => {}
                Event::ApplicationData(data) => {
                    // Whoever sends data has our Finished.
                    self.last_flight = None;
                    self.outputs.push_back(DtlsOutput::ApplicationData(data));
                }
                Event::Closed => {
                    self.finish(State::Closed);
                    self.outputs.push_back(DtlsOutput::Closed);
                }
            }
        }
        Ok(())
    }

    /// The client's Finished has come: sends ours and hands out the keys.
    fn connect(&mut self, now: Instant, datagrams: Vec<Bytes>) -> Result<(), DtlsError> {
        let State::Handshaking(association, _) = std::mem::replace(&mut self.state, State::Failed)
        else {
            return Err(self.fail(DtlsError::NotConnected));
        };
        let keys = match association.srtp_keys() {
            Ok(keys) => keys,
            Err(error) => return Err(self.fail(error)),
        };
        // The client repeats its Finished while ours is missing, but one built on `rtc_dtls` takes
        // a second for that; three repeats of our own are cheaper than the wait.
        self.transmit_flight(Flight::short(now, datagrams));
        let late = LateHandshake { answers_left: MAX_LATE_ANSWERS };
        self.state = State::Connected(association, late);
        self.outputs.push_back(DtlsOutput::Connected(keys));
        Ok(())
    }

    fn transmit_flight(&mut self, flight: Flight) {
        self.outputs.extend(flight.datagrams().iter().cloned().map(DtlsOutput::Transmit));
        self.last_flight = Some(flight);
    }

    fn fail(&mut self, error: DtlsError) -> DtlsError {
        self.finish(State::Failed);
        error
    }

    /// Ends the association. The endpoint goes with it, so that a later hello cannot open another
    /// one behind keys that are in use.
    fn finish(&mut self, state: State) {
        self.state = state;
        self.last_flight = None;
    }

    fn drop_record(&mut self) {
        self.dropped_records = self.dropped_records.saturating_add(1);
    }
}

impl LateHandshake {
    /// After completion only records of epoch 1 count: `rtc_dtls` authenticates those. It would
    /// also take plaintext handshake records, answer each with a flight until its budget is
    /// spent, and keep up to 2 MB of fragments, which it joins recursively. So handshake
    /// records must have the size of a Finished, and pass only while authentic ones get answers;
    /// a forged one gets none and leaves nothing behind.
    fn accepts(&self, record: &Record<'_>) -> bool {
        match record.content {
            _ if record.epoch != 1 => false,
            Content::Alert | Content::ApplicationData => true,
            Content::Handshake => self.answers_left > 0 && record.has_size_of_finished(),
            Content::ChangeCipherSpec | Content::Other => false,
        }
    }

    /// Counts: what `rtc_dtls` sends by itself in this state is its last flight, or an alert.
    fn answered_with(&mut self, datagrams: &[Bytes]) {
        if !datagrams.is_empty() {
            self.answers_left = self.answers_left.saturating_sub(1);
        }
    }
}

/// What went wrong with an association. Only [`Malformed`](Self::Malformed),
/// [`NotConnected`](Self::NotConnected) and [`FingerprintChanged`](Self::FingerprintChanged)
/// leave it as it was.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DtlsError {
    /// The datagram is not made of DTLS records.
    #[error("malformed DTLS datagram")]
    Malformed,
    /// There is no completed handshake.
    #[error("the DTLS handshake is not complete")]
    NotConnected,
    /// SDP named another fingerprint before.
    #[error("the certificate fingerprint changed in the middle of an association")]
    FingerprintChanged,
    /// The peer's certificate is not the one its SDP announced.
    #[error("the peer's certificate does not match its fingerprint")]
    FingerprintMismatch,
    /// The peer showed no certificate.
    #[error("the peer showed no certificate")]
    NoCertificate,
    /// The hello offers no SRTP profile that we have.
    #[error("no SRTP profile in common")]
    NoCommonSrtpProfile,
    /// The peer ended the association with a fatal alert.
    #[error("the peer ended the association with an alert")]
    PeerAlert,
    /// The handshake cannot succeed any more.
    #[error("DTLS handshake failed: {0}")]
    Handshake(rtc_shared::error::Error),
    /// The exported keys do not fit the profile.
    #[error("SRTP keys: {0}")]
    Srtp(SrtpError),
    /// The cryptography provider refused.
    #[error("cryptography provider: {0}")]
    Crypto(CryptoError),
}

#[cfg(test)]
mod tests;
