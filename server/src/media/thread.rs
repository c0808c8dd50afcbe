//! The loop of a worker thread: what came since the last turn, then everything that follows from it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use sfu::{
    Worker,
    command::{Disposition, Event, Output, Path, Protocol, WorkerIndex},
};

use super::{
    MediaEvent, WorkerReport,
    mailbox::{Letter, Letters, Outbox},
    pulse::Pulse,
    route::{Exchange, ReceivedParcel, RouteChange},
    socket::{MediaSocket, ReceiveBatch, Received},
    tcp::TcpLink,
    wake::Waker,
};

/// From the beginning of one turn to that of the next, unless there is a backlog: what comes within
/// it is taken together, so that a busy worker is woken five hundred times a second and not for
/// every packet, and viewers' packets leave in runs. The first packet after a rest is not held up;
/// the others wait for two milliseconds at most, a tenth of what a voice packet holds.
const TICK: Duration = Duration::from_millis(2);
/// A rest shorter than this costs more than it saves.
const SHORTEST_REST: Duration = Duration::from_micros(200);
/// Receives of one turn, of up to 32 datagrams each or, where the kernel joined them, more. What was
/// received is sent before more is: memory stays bounded when there is too little CPU time.
const RECEIVES_PER_TURN: usize = 8;
/// Letters read in one turn, so that a join storm cannot hold up the packets.
const LETTERS_PER_TURN: usize = 16;
/// Parcels of other workers read in one turn.
const PARCELS_PER_TURN: usize = 16;
/// When to try again what found another's queue full.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// A worker with its socket and its queues, as it lives on its thread.
pub(super) struct WorkerThread {
    worker: Worker,
    parts: Parts,
    batch: ReceiveBatch,
    /// Whether the last turn brought datagrams: others will follow. Letters are answered as they
    /// come.
    is_busy: bool,
    /// Datagrams that another worker handed over although they are not this one's either.
    strays: u64,
    turns: Turns,
}

/// The turns that were taken.
#[derive(Debug, Default)]
struct Turns {
    count: u64,
    time: Duration,
    /// Since it was last asked for.
    longest: Duration,
}

/// How a worker's thread ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It was told to.
    Asked,
    /// It panicked; nothing of the worker can be used any more.
    Panicked,
}

/// What a [`WorkerThread`] is made of.
pub(super) struct Parts {
    pub(super) index: WorkerIndex,
    pub(super) socket: MediaSocket,
    pub(super) waker: Waker,
    pub(super) letters: Letters,
    pub(super) exchange: Exchange,
    pub(super) tcp: TcpLink,
    pub(super) outbox: Outbox,
    /// Tells the handle how many transports this worker has.
    pub(super) transports: Arc<AtomicU64>,
    /// Tells who watches that the thread turns.
    pub(super) pulse: Arc<Pulse>,
}

/// Whether a turn left work that is ready now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backlog {
    None,
    Some,
    /// Another's queue was full.
    Blocked,
}

impl WorkerThread {
    /// Puts the worker on its thread's loop.
    pub(super) fn new(worker: Worker, parts: Parts) -> Self {
        let (batch, turns) = (ReceiveBatch::new(), Turns::default());
        Self { worker, parts, batch, is_busy: false, strays: 0, turns }
    }

    /// Serves until it is told to end, or panics.
    pub(super) fn run(mut self) -> End {
        // Nothing of the worker is used after a panic but its table of paths, which is only read.
        let served = catch_unwind(AssertUnwindSafe(|| self.serve()));
        if served.is_ok() {
            return End::Asked;
        }
        self.hand_over_rest();
        End::Panicked
    }

    /// Sends after every turn: a version that only sent when its socket was dry grew without bound
    /// when it was short of CPU time.
    fn serve(&mut self) {
        self.parts.tcp.inherit();
        for change in self.parts.exchange.inherit() {
            take_change(&mut self.worker, Instant::now(), change);
        }
        let mut backlog = Backlog::None;
        while !self.parts.letters.is_closing() {
            let timeout = self.timeout(backlog);
            self.parts.waker.wait(&self.parts.socket, timeout);
            let begun = Instant::now();
            self.parts.pulse.beat();
            backlog = self.turn(begun);
            self.parts.pulse.beat();
            self.turns.add(begun.elapsed());
            if backlog != Backlog::Some && self.is_busy {
                rest_until(begun + TICK);
            }
        }
    }

    /// Gives the other workers what the one that panicked had received for them: they lose nothing
    /// by its death.
    fn hand_over_rest(&mut self) {
        let Self { worker, parts: Parts { exchange, .. }, batch, .. } = self;
        for (path, datagram) in batch.datagrams() {
            if let Some(owner) = worker.owner_elsewhere(path) {
                exchange.forward(owner, path, datagram);
            }
        }
        exchange.dispatch();
    }

    fn timeout(&self, backlog: Backlog) -> Option<Duration> {
        let due = self.worker.poll_timeout();
        let due = due.map(|due| due.saturating_duration_since(Instant::now()));
        match backlog {
            Backlog::None => due,
            Backlog::Some => Some(Duration::ZERO),
            Backlog::Blocked => Some(due.map_or(RETRY_INTERVAL, |due| due.min(RETRY_INTERVAL))),
        }
    }

    fn turn(&mut self, now: Instant) -> Backlog {
        self.is_busy = false;
        let mut more = self.receive_datagrams(now);
        self.worker.note_backlog(now, more);
        more |= self.receive_parcels(now);
        more |= self.receive_tcp(now);
        more |= self.read_letters(now);
        if self.worker.poll_timeout().is_some_and(|due| due <= now) {
            self.worker.handle_timeout(now);
        }
        self.drain();
        self.parts.transports.store(self.worker.statistics().transports, Ordering::Relaxed);
        let blocked = self.parts.exchange.flush_changes()
            | self.parts.tcp.flush()
            | self.parts.outbox.flush();
        match (more, blocked) {
            (true, _) => Backlog::Some,
            (false, true) => Backlog::Blocked,
            (false, false) => Backlog::None,
        }
    }

    /// Returns whether there may be more.
    fn receive_datagrams(&mut self, now: Instant) -> bool {
        let mut received = Received::FullBatch;
        for _ in 0..RECEIVES_PER_TURN {
            received = self.parts.socket.receive(&mut self.batch);
            self.is_busy |= !self.batch.is_empty();
            // A client sends on when it has been answered, and its address is announced before
            // that. So who reads the changes after the datagrams, and before their meaning, misses
            // none.
            self.receive_changes(now);
            self.handle_datagrams(now);
            if received == Received::Everything {
                break;
            }
        }
        self.parts.exchange.dispatch();
        received == Received::FullBatch
    }

    fn receive_changes(&mut self, now: Instant) {
        let Self { worker, parts: Parts { exchange, .. }, .. } = self;
        exchange.changes().for_each(|change| take_change(worker, now, change));
    }

    fn handle_datagrams(&mut self, now: Instant) {
        let Self { worker, parts: Parts { exchange, .. }, batch, .. } = self;
        for (path, datagram) in batch.datagrams() {
            match worker.handle_datagram(now, path, datagram) {
                Disposition::Consumed => {}
                Disposition::Elsewhere(owner) => exchange.forward(owner, path, datagram),
            }
        }
        batch.clear();
    }

    fn receive_parcels(&mut self, now: Instant) -> bool {
        let Self { worker, parts: Parts { exchange, .. }, strays, is_busy, .. } = self;
        for _ in 0..PARCELS_PER_TURN {
            let parcel = exchange.receive(|path, datagram| {
                match worker.handle_datagram(now, path, datagram) {
                    Disposition::Consumed => {}
                    // A datagram crosses once: two workers that disagree must not play ping-pong.
                    Disposition::Elsewhere(_) => *strays += 1,
                }
            });
            if parcel == ReceivedParcel::None {
                return false;
            }
            *is_busy = true;
        }
        true
    }

    fn receive_tcp(&mut self, now: Instant) -> bool {
        let Self { worker, parts: Parts { tcp, .. }, strays, is_busy, .. } = self;
        for _ in 0..PARCELS_PER_TURN {
            let parcel = tcp.receive(|path, datagram| {
                if worker.handle_datagram(now, path, datagram) != Disposition::Consumed {
                    *strays += 1;
                }
            });
            if parcel == ReceivedParcel::None {
                return false;
            }
            *is_busy = true;
        }
        true
    }

    fn read_letters(&mut self, now: Instant) -> bool {
        for _ in 0..LETTERS_PER_TURN {
            match self.parts.letters.next() {
                None => return false,
                // The sender gave up waiting when a send fails: the command is done all the same.
                Some(Letter::Command { command, reply }) => {
                    let _ = reply.send(self.worker.handle_command(now, command));
                }
                Some(Letter::Report(reply)) => {
                    let _ = reply.send(self.report());
                }
                #[cfg(test)]
                Some(Letter::Panic) => panic!("the test's own"),
                #[cfg(test)]
                Some(Letter::Hang(held)) => drop(held.recv()),
            }
        }
        true
    }

    fn drain(&mut self) {
        let Self { worker, parts, .. } = self;
        while let Some(output) = worker.poll_output() {
            match output {
                Output::Transmit(transmit) => match transmit.path.protocol {
                    Protocol::Udp => parts.socket.send(&transmit),
                    Protocol::Tcp => parts.tcp.send(&transmit),
                },
                Output::Event(event) => parts.take(event),
            }
        }
        parts.tcp.dispatch();
    }

    fn report(&mut self) -> WorkerReport {
        WorkerReport {
            index: usize::from(self.parts.index.0),
            cpu: thread_time(),
            turns: self.turns.count,
            turn_time: self.turns.time,
            longest_turn: std::mem::take(&mut self.turns.longest),
            commands_waiting: self.parts.letters.waiting(),
            events_waiting: self.parts.outbox.waiting(),
            routes_waiting: self.parts.exchange.changes_waiting(),
            worker: self.worker.statistics(),
            socket: self.parts.socket.statistics(),
            exchange: self.parts.exchange.statistics(),
            events_dropped: self.parts.outbox.dropped(),
            strays_dropped: self.strays,
        }
    }
}

impl Parts {
    /// Passes on what the worker reports.
    fn take(&mut self, event: Event) {
        match event {
            Event::PathOpened { path } => self.announce(path, RouteChange::Add(path, self.index)),
            Event::PathClosed { path } => {
                self.announce(path, RouteChange::Remove(path, self.index));
            }
            Event::LayersWanted { router_id, producer_id, layers } => {
                self.outbox.push(MediaEvent::LayersWanted { router_id, producer_id, layers });
            }
            Event::LimitExceeded { router_id, producer_id } => {
                self.outbox.push(MediaEvent::LimitExceeded { router_id, producer_id });
            }
            Event::ConsumerLayer { router_id, consumer_id, layer } => {
                self.outbox.push(MediaEvent::ConsumerLayer { router_id, consumer_id, layer });
            }
            Event::ActiveSpeakers { router_id, producers } => {
                self.outbox.push(MediaEvent::ActiveSpeakers { router_id, producers });
            }
            Event::TransportConnected { transport_id } => {
                self.outbox.push(MediaEvent::TransportConnected { transport_id });
            }
            Event::TransportFailed { transport_id, reason, producers, consumers } => {
                self.outbox.push(MediaEvent::TransportFailed {
                    transport_id,
                    reason,
                    producers,
                    consumers,
                });
            }
        }
    }

    /// Tells those whom a path concerns: all workers share the port for datagrams, one thread has
    /// all connections.
    fn announce(&mut self, path: Path, change: RouteChange) {
        match path.protocol {
            Protocol::Udp => self.exchange.announce(change),
            Protocol::Tcp => self.tcp.tell(change),
        }
    }
}

impl Turns {
    fn add(&mut self, duration: Duration) {
        self.count += 1;
        self.time += duration;
        self.longest = self.longest.max(duration);
    }
}

fn take_change(worker: &mut Worker, now: Instant, change: RouteChange) {
    // A bound of the core: datagrams of this path then find their worker by their ufrag.
    if let Err(error) = worker.handle_command(now, change.into()) {
        tracing::debug!(%error, "a route was not taken");
    }
}

/// CPU time of this thread so far.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn rest_until(end: Instant) {
    let rest = end.saturating_duration_since(Instant::now());
    if rest >= SHORTEST_REST {
        thread::sleep(rest);
    }
}
