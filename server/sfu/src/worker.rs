//! The media worker: datagrams, commands and time in; datagrams and events out.
//!
//! | module | what it does |
//! |---|---|
//! | [`Worker`] | the front: dispatches, keeps the timers |
//! | `ingress` | follows a datagram from the front door to its router |
//! | `commands` | one function per command |
//! | `egress` | seals what routers send |
//! | `downlink` | follows what a viewer's link carries |
//! | `overload` | sends less when there is too little processor time |
//! | `table` | the transports, and who publishes and receives what |
//! | `schedule` | who wants to be woken when |
//! | `entropy` | randomness from the worker's seed |

mod commands;
mod downlink;
mod egress;
mod entropy;
mod ingress;
mod overload;
mod schedule;
mod table;

use std::{collections::VecDeque, fmt, net::SocketAddr, sync::Arc, time::Instant};

use shared::ids::{RouterId, TransportId};

use self::{
    entropy::Entropy,
    overload::Overload,
    schedule::{Schedule, Timer},
    table::Table,
};
#[cfg(any(test, fuzzing))]
use crate::transport::srtp::SrtpKeys;
use crate::{
    command::{Command, CommandError, CommandReply, Disposition, Event, Output, Path, WorkerIndex},
    demux::{Demux, Destination},
    outbox::Outbox,
    transport::{connection::ConnectionEvent, dtls::DtlsIdentity, ice::ufrag_of},
};

/// What a worker is made of.
#[derive(Clone)]
pub struct WorkerConfig {
    /// Its place among the workers of the process.
    pub index: WorkerIndex,
    /// Our addresses, as clients reach them: the ICE host candidates, the preferred one first.
    pub candidates: Vec<SocketAddr>,
    /// The certificate of the process.
    pub identity: Arc<DtlsIdentity>,
    /// The most cameras one viewer is sent at once: of those it shows, those who spoke last.
    pub max_cameras: usize,
    /// All randomness of the worker's own derives from it: 32 bytes from the operating system,
    /// except in a simulation.
    pub seed: [u8; 32],
}

impl fmt::Debug for WorkerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerConfig").field("index", &self.index).finish_non_exhaustive()
    }
}

/// [`WorkerConfig::max_cameras`] where nobody says otherwise: as many as a page of a meeting shows.
pub const DEFAULT_MAX_CAMERAS: usize = 49;

/// What a worker has counted since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkerStatistics {
    /// Datagrams received.
    pub datagrams_received: u64,
    /// Datagrams from addresses that have not authenticated themselves.
    pub datagrams_refused: u64,
    /// STUN requests that named no transport of ours, or lacked integrity.
    pub stun_refused: u64,
    /// Media packets that SRTP refused: forged, damaged or replayed.
    pub srtp_refused: u64,
    /// Authentic RTP packets beyond what one client may publish.
    pub rtp_over_pace: u64,
    /// RTP packets of videos that are sent at more than the bit rate allowed.
    pub rtp_over_bitrate: u64,
    /// RTP packets of no producer, or that could not be read.
    pub rtp_unclaimed: u64,
    /// RTP packets received for a producer.
    pub rtp_received: u64,
    /// RTP packets sealed for consumers, retransmissions included.
    pub rtp_sent: u64,
    /// RTP packets for consumers that could not be sealed or had nowhere to go.
    pub rtp_unsent: u64,
    /// RTP packets for viewers whose link is too narrow, beyond what may wait for it.
    pub rtp_over_downlink: u64,
    /// How much of what could be sent is left out now because the worker cannot keep up, in
    /// sixteenths: pictures, the least important first.
    pub shed: u64,
    /// Packets asked for again by clients.
    pub nacks_received: u64,
    /// Packets asked for again from clients.
    pub nacks_sent: u64,
    /// Key frames asked for from clients.
    pub key_frames_requested: u64,
    /// Routers now.
    pub routers: u64,
    /// Transports now.
    pub transports: u64,
    /// Producers now.
    pub producers: u64,
    /// Consumers now.
    pub consumers: u64,
    /// Entries of the demultiplexer and timers now.
    pub demux_entries: u64,
}

/// The worker whose transport a connectivity check asks for, by its user fragment; none when the
/// datagram is nothing of the kind. Nothing in it has been authenticated.
#[must_use]
pub fn worker_asked(datagram: &[u8]) -> Option<WorkerIndex> {
    ufrag_of(datagram).and_then(entropy::worker_of)
}

/// One media thread's whole state: every room that lives on it.
///
/// Feed it with [`Worker::handle_datagram`], [`Worker::handle_command`] and, at
/// [`Worker::poll_timeout`], [`Worker::handle_timeout`]. After each batch call
/// [`Worker::poll_output`] until it returns `None`.
pub struct Worker {
    config: WorkerConfig,
    entropy: Entropy,
    demux: Demux,
    table: Table,
    schedule: Schedule,
    /// Routers that have packets to forward.
    forwarding: VecDeque<RouterId>,
    /// The time as last told.
    now: Instant,
    outbox: Outbox,
    events: VecDeque<Event>,
    statistics: WorkerStatistics,
    overload: Overload,
    /// Reused for the RTCP of one call.
    rtcp: Vec<u8>,
}

impl Worker {
    /// Creates a worker without rooms.
    #[must_use]
    pub fn new(config: WorkerConfig, now: Instant) -> Self {
        Self {
            entropy: Entropy::new(config.seed),
            demux: Demux::default(),
            table: Table::default(),
            schedule: Schedule::default(),
            forwarding: VecDeque::new(),
            now,
            outbox: Outbox::default(),
            events: VecDeque::new(),
            statistics: WorkerStatistics::default(),
            overload: Overload::new(now),
            rtcp: Vec::new(),
            config,
        }
    }

    /// Takes one datagram that came by `path`; it is decrypted in place.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &mut [u8],
    ) -> Disposition {
        self.now = now;
        self.statistics.datagrams_received += 1;
        self.ingest(now, path, datagram)
    }

    /// Does what the shell wants, at once.
    ///
    /// # Errors
    ///
    /// When it cannot be done; nothing has changed then.
    pub fn handle_command(
        &mut self,
        now: Instant,
        command: Command,
    ) -> Result<CommandReply, CommandError> {
        // A command may end what is being forwarded.
        while self.forward_some() {}
        self.now = now;
        self.execute(now, command)
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        while let Some(timer) = self.schedule.pop_due(now) {
            match timer {
                Timer::Transport(key) => self.transport_timeout(now, key),
                Timer::Router(router_id) => self.router_timeout(now, router_id),
            }
        }
    }

    /// When [`Worker::handle_timeout`] is wanted next; none while there is nothing to wait for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.schedule.next()
    }

    /// What the shell shall do next: events first, then datagrams. So the other workers know whose
    /// an address is before its owner hears that it is open, and sends on.
    ///
    /// The packets of a batch are sealed here, one consumer's at a time, so that each is sent while
    /// it is still in the processor's cache.
    pub fn poll_output(&mut self) -> Option<Output<'_>> {
        if let Some(event) = self.events.pop_front() {
            return Some(Output::Event(event));
        }
        while self.outbox.is_empty() && self.forward_some() {}
        if self.outbox.is_empty() {
            self.outbox.clear();
            return self.events.pop_front().map(Output::Event);
        }
        self.outbox.pop().map(Output::Transmit)
    }

    /// What has been counted, and what there is.
    #[must_use]
    pub fn statistics(&self) -> WorkerStatistics {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        WorkerStatistics {
            routers: count(self.table.routers.len()),
            transports: count(self.table.transports.len()),
            producers: count(self.table.producers.len()),
            consumers: count(self.table.consumers.len()),
            demux_entries: count(self.demux.len().saturating_add(self.schedule.len())),
            shed: u64::from(self.overload.shed()),
            ..self.statistics
        }
    }

    /// Which other worker the datagrams of a path belong to, if any.
    #[must_use]
    pub fn owner_elsewhere(&self, path: Path) -> Option<WorkerIndex> {
        match self.demux.destination(path)? {
            Destination::Here(_) => None,
            Destination::Elsewhere(worker) => Some(worker),
        }
    }

    /// What the way to the client of a receive transport carries, in bits per second; none while its
    /// client has not reported anything.
    #[must_use]
    pub fn downlink_estimate(&self, transport_id: TransportId) -> Option<u64> {
        let key = self.table.transport_keys.get(&transport_id)?;
        self.table.transports.get(*key)?.downlink_estimate()
    }

    /// Gives a transport keys as if a handshake had agreed on them.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn skip_handshake(&mut self, now: Instant, id: TransportId, keys: &SrtpKeys) {
        let Some(key) = self.table.transport_keys.get(&id).copied() else { return };
        let transport = self.table.transports.get_mut(key);
        let event = transport.map(|transport| transport.connection.skip_handshake(keys));
        self.settle(now, key, event);
    }

    fn transport_timeout(&mut self, now: Instant, key: usize) {
        let Some(transport) = self.table.transports.get_mut(key) else { return };
        let event = transport.connection.handle_timeout(now, &mut self.outbox);
        self.send_feedback(now, key);
        self.serve_downlink(now, key);
        self.settle(now, key, event);
    }

    fn router_timeout(&mut self, now: Instant, router_id: RouterId) {
        let speakers = self.with_router(router_id, |router, egress| {
            router.handle_timeout(now, egress);
            router.poll_speakers(now)
        });
        if let Some(producers) = speakers.flatten() {
            self.events.push_back(Event::ActiveSpeakers { router_id, producers });
        }
    }

    /// Follows up on what a connection reports, and sets its timer anew.
    fn settle(&mut self, now: Instant, key: usize, event: Option<ConnectionEvent>) {
        let Some(transport) = self.table.transports.get(key) else { return };
        let transport_id = transport.id;
        match event {
            Some(ConnectionEvent::Connected) => {
                self.events.push_back(Event::TransportConnected { transport_id });
                self.start_wanted(now, key, None);
            }
            Some(ConnectionEvent::Failed(reason)) => {
                let (producers, consumers) = self.close_transport(key);
                self.events.push_back(Event::TransportFailed {
                    transport_id,
                    reason,
                    producers,
                    consumers,
                });
                return;
            }
            None => {}
        }
        self.schedule_transport(key);
    }

    fn schedule_transport(&mut self, key: usize) {
        let due = self.table.transports.get(key).and_then(table::Transport::poll_timeout);
        self.schedule.set(Timer::Transport(key), due);
    }

    /// Opens a path to a transport for this worker, and tells the others.
    fn open_path(&mut self, path: Path, key: usize) {
        let before = self.demux.open(path, Destination::Here(key));
        if let Some(Destination::Here(other)) = before
            && other != key
            && let Some(transport) = self.table.transports.get_mut(other)
        {
            transport.connection.forget(path);
        }
        self.events.push_back(Event::PathOpened { path });
    }

    fn close_path(&mut self, path: Path, key: usize) {
        if self.demux.close(path, Destination::Here(key)) {
            self.events.push_back(Event::PathClosed { path });
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("index", &self.config.index).finish_non_exhaustive()
    }
}
