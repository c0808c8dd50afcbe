//! The loop of the thread that has the connections.

use std::{
    collections::{BTreeSet, HashMap},
    io::{self, ErrorKind},
    net::TcpListener,
    os::fd::OwnedFd,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, CreateFlags, Event, EventData, EventFlags},
    },
    io::Errno,
};
use sfu::{command::Path, worker_asked};

use super::{
    SILENCE_DEADLINE, TcpBounds, TcpStatistics,
    connection::{Connection, End, Flushed, Standing},
};
use crate::media::{
    route::{Exchange, ReceivedParcel, RouteChange},
    wake::Waker,
};

/// What the listener and the waker are called; connections have larger numbers.
const LISTENER: u64 = 0;
const WAKER: u64 = 1;
const FIRST_CONNECTION: u64 = 2;
/// Connections served in one turn.
const EVENTS_PER_TURN: usize = 256;
/// Connections accepted in one turn.
const ACCEPTS_PER_TURN: usize = 64;
/// Bytes read of one connection in a turn, so that a fast one does not hold up the others.
const READ_BYTES: usize = 64 << 10;
/// Parcels taken in one turn, from all workers.
const PARCELS_PER_TURN: usize = 64;
/// How often the deadlines of connections are looked at.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How long the thread rests when waiting itself fails, lest it spin.
const WAIT_FAILURE_REST: Duration = Duration::from_millis(1);

/// What the thread has from its handle.
pub(super) struct Shared {
    pub(super) bounds: TcpBounds,
    pub(super) closing: Arc<AtomicBool>,
    pub(super) statistics: Arc<Mutex<TcpStatistics>>,
}

/// All connections, as they live on their thread.
pub(super) struct Plane {
    epoll: OwnedFd,
    listener: TcpListener,
    /// Whether the listener waits for the next sweep: there were no descriptors left.
    is_deaf: bool,
    waker: Waker,
    exchange: Exchange,
    /// How many workers there are.
    workers: u8,
    connections: HashMap<u64, Connection>,
    by_path: HashMap<Path, u64>,
    /// Connections that have not shown whose they are; the oldest has the smallest number.
    unproven: BTreeSet<u64>,
    next_name: u64,
    /// Connections that datagrams were appended to in this turn.
    touched: Vec<u64>,
    buffer: Box<[u8]>,
    next_sweep: Instant,
    shared: Shared,
    statistics: TcpStatistics,
}

impl Plane {
    /// # Errors
    ///
    /// When the system gives no descriptor.
    pub(super) fn new(
        listener: TcpListener,
        waker: Waker,
        (exchange, workers): (Exchange, u8),
        shared: Shared,
    ) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        epoll::add(&epoll, &waker, EventData::new_u64(WAKER), EventFlags::IN)?;
        Ok(Self {
            epoll,
            listener,
            is_deaf: false,
            waker,
            exchange,
            workers,
            connections: HashMap::new(),
            by_path: HashMap::new(),
            unproven: BTreeSet::new(),
            next_name: FIRST_CONNECTION,
            touched: Vec::new(),
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            next_sweep: Instant::now() + SWEEP_INTERVAL,
            shared,
            statistics: TcpStatistics::default(),
        })
    }

    /// Serves until it is told to end.
    pub(super) fn run(mut self) {
        let mut events = Vec::with_capacity(EVENTS_PER_TURN);
        let mut backlog = false;
        while !self.shared.closing.load(Ordering::Acquire) {
            events.clear();
            self.wait(&mut events, backlog);
            let now = Instant::now();
            for event in events.drain(..) {
                self.serve(now, event);
            }
            backlog = self.deliver(now);
            self.exchange.dispatch();
            if now >= self.next_sweep {
                self.next_sweep = now + SWEEP_INTERVAL;
                self.sweep(now);
            }
            self.show();
        }
    }

    /// While there are connections the sweep is waited for, too.
    fn wait(&self, events: &mut Vec<Event>, backlog: bool) {
        let until_sweep = self.next_sweep.saturating_duration_since(Instant::now());
        let is_idle = self.connections.is_empty() && !self.is_deaf;
        let timeout = match (backlog, is_idle) {
            (true, _) => Some(Timespec::default()),
            (false, true) => None,
            (false, false) => Timespec::try_from(until_sweep).ok(),
        };
        match epoll::wait(&self.epoll, spare_capacity(events), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => {
                tracing::error!(%error, "media over TCP cannot wait for its connections");
                thread::sleep(WAIT_FAILURE_REST);
            }
        }
    }

    fn serve(&mut self, now: Instant, event: Event) {
        match event.data.u64() {
            LISTENER => self.accept(now),
            WAKER => self.waker.reset(),
            name => {
                let flags = event.flags;
                if flags.contains(EventFlags::OUT) {
                    self.flush(name);
                }
                // An error or a hang-up shows in what is read.
                if flags.intersects(EventFlags::IN | EventFlags::ERR | EventFlags::HUP) {
                    self.read(now, name);
                }
            }
        }
    }

    fn accept(&mut self, now: Instant) {
        for _ in 0..ACCEPTS_PER_TURN {
            match self.listener.accept() {
                Ok((stream, remote)) => {
                    self.statistics.accepted += 1;
                    match Connection::new(stream, remote, now) {
                        Ok(connection) => self.admit(connection),
                        Err(error) => tracing::debug!(%error, "a connection ended at once"),
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                // No descriptors: whoever waits stays in the kernel's queue until some are free.
                Err(error) => {
                    tracing::warn!(%error, "a connection for media was not accepted");
                    self.is_deaf = epoll::delete(&self.epoll, &self.listener).is_ok();
                    return;
                }
            }
        }
    }

    fn admit(&mut self, connection: Connection) {
        if self.connections.len() >= self.shared.bounds.connections {
            self.statistics.refused += 1;
            return;
        }
        if self.unproven.len() >= self.shared.bounds.unproven
            && let Some(oldest) = self.unproven.first().copied()
        {
            self.statistics.refused += 1;
            self.close(oldest);
        }
        let name = self.next_name;
        self.next_name += 1;
        let data = EventData::new_u64(name);
        if let Err(error) = epoll::add(&self.epoll, &connection, data, EventFlags::IN) {
            tracing::warn!(%error, "a connection for media cannot be waited for");
            return;
        }
        if let Some(former) = self.by_path.insert(connection.path, name) {
            self.close(former);
            self.by_path.insert(connection.path, name);
        }
        self.unproven.insert(name);
        self.connections.insert(name, connection);
    }

    /// Reads once and hands what is complete to the workers.
    fn read(&mut self, now: Instant, name: u64) {
        let Self { connections, exchange, workers, buffer, statistics, .. } = self;
        let Some(connection) = connections.get_mut(&name) else { return };
        let (path, mut worker) = (connection.path, connection.worker);
        let mut is_stranger = false;
        let read = connection.receive(now, buffer, |datagram| {
            statistics.datagrams_received += 1;
            let asked = worker_asked(datagram).filter(|asked| asked.0 < *workers);
            // Checks go where they ask to, the rest to the transport's worker. It refuses what comes
            // before an authentic check, and knows best whether one came.
            worker = worker.or(asked);
            match asked.or(worker) {
                Some(worker) => exchange.forward(worker, path, datagram),
                None => is_stranger = true,
            }
        });
        connection.worker = worker;
        match read {
            Ok(()) if !is_stranger => {}
            Ok(()) | Err(End::NotOurs) => {
                self.statistics.expelled += 1;
                self.close(name);
            }
            Err(End::Closed) => self.close(name),
        }
    }

    /// Takes what the workers have for connections. Returns whether there may be more.
    fn deliver(&mut self, now: Instant) -> bool {
        let Self { exchange, connections, by_path, touched, statistics, .. } = self;
        let mut more = true;
        for _ in 0..PARCELS_PER_TURN {
            let parcel = exchange.receive(|path, datagram| {
                let name = by_path.get(&path).copied();
                let connection = name.and_then(|name| connections.get_mut(&name));
                if connection.is_some_and(|connection| connection.push(datagram)) {
                    statistics.datagrams_sent += 1;
                    touched.extend(name);
                } else {
                    statistics.datagrams_dropped += 1;
                }
            });
            if parcel == ReceivedParcel::None {
                more = false;
                break;
            }
        }
        let changes: Vec<RouteChange> = self.exchange.changes().collect();
        for change in changes {
            self.change(now, change);
        }
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        for name in touched.drain(..) {
            self.flush(name);
        }
        self.touched = touched;
        more
    }

    fn change(&mut self, now: Instant, change: RouteChange) {
        let (path, worker, is_proven) = match change {
            RouteChange::Add(path, worker) => (path, worker, true),
            RouteChange::Remove(path, worker) => (path, worker, false),
        };
        let Some(name) = self.by_path.get(&path).copied() else { return };
        let Some(connection) = self.connections.get_mut(&name) else { return };
        if is_proven {
            connection.worker = Some(worker);
            connection.standing = Standing::Proven;
            self.unproven.remove(&name);
        } else if connection.worker == Some(worker) {
            connection.standing = Standing::Unproven { since: now };
            self.unproven.insert(name);
        }
    }

    fn flush(&mut self, name: u64) {
        let Some(connection) = self.connections.get_mut(&name) else { return };
        let Ok(flushed) = connection.flush() else { return self.close(name) };
        let awaits = flushed == Flushed::Partly;
        if connection.is_awaited == awaits {
            return;
        }
        connection.is_awaited = awaits;
        let flags = if awaits { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
        if epoll::modify(&self.epoll, &*connection, EventData::new_u64(name), flags).is_err() {
            self.close(name);
        }
    }

    /// Closes whose time is up, and listens again.
    fn sweep(&mut self, now: Instant) {
        let proof = self.shared.bounds.proof;
        let is_over = |connection: &Connection| {
            let unproven = match connection.standing {
                Standing::Unproven { since } => now >= since + proof,
                Standing::Proven => false,
            };
            unproven || now >= connection.heard + SILENCE_DEADLINE
        };
        let over = self.connections.iter().filter(|(_, connection)| is_over(connection));
        let over: Vec<u64> = over.map(|(name, _)| *name).collect();
        for name in over {
            self.statistics.expelled += 1;
            self.close(name);
        }
        if self.is_deaf {
            let data = EventData::new_u64(LISTENER);
            let added = epoll::add(&self.epoll, &self.listener, data, EventFlags::IN);
            self.is_deaf = added.is_err();
        }
    }

    fn close(&mut self, name: u64) {
        let Some(connection) = self.connections.remove(&name) else { return };
        self.unproven.remove(&name);
        if self.by_path.get(&connection.path) == Some(&name) {
            self.by_path.remove(&connection.path);
        }
        // Closing a descriptor also ends the wait for it.
    }

    fn show(&mut self) {
        self.statistics.connections = self.connections.len() as u64;
        self.statistics.proven = (self.connections.len() - self.unproven.len()) as u64;
        let mut shown = self.shared.statistics.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = self.statistics;
    }
}
