//! The media workers: threads, their sockets on the one media port, and the handle to them.
//!
//! | type | what it is for |
//! |---|---|
//! | [`Media`] | starts the workers, commands them, asks them, ends them |
//! | [`MediaEvent`] | what they report by themselves |
//! | [`MediaStatistics`] | what they have counted |
//!
//! A worker is an [`sfu::Worker`] on a plain thread of its own; no packet ever crosses the async
//! runtime. Every router, with all that is in it, lives on one worker.

mod bound;
mod mailbox;
mod placement;
mod route;
mod socket;
mod tcp;
mod thread;
mod wake;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use sfu::{
    DtlsIdentity, Worker, WorkerConfig, WorkerStatistics,
    command::{Command, CommandError, CommandReply, TransportFailure, WorkerIndex},
};
use shared::{
    ids::{ConsumerId, ProducerId, RouterId, TransportId},
    media::Layer,
};
use tokio::sync::{mpsc, oneshot};

use self::{
    bound::{Bound, candidates},
    mailbox::{EVENTS_CAPACITY, Letter, Mailbox, Outbox},
    placement::Placement,
    route::{Exchange, PARCELS_IN_FLIGHT},
    socket::MediaSocket,
    tcp::{TcpBounds, TcpLink, TcpPlane},
    thread::{Parts, WorkerThread},
    wake::Waker,
};
pub use self::{route::ExchangeStatistics, socket::SocketStatistics, tcp::TcpStatistics};
use crate::config::PublicIp;

/// More threads than this serve no machine we know.
pub const MAX_WORKERS: usize = 64;

/// How long [`Media::close`] waits for the threads; a turn takes milliseconds.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// What the media workers need to start.
#[derive(Debug, Clone)]
pub struct MediaConfig {
    /// `MEDIA_PORT`: the port, UDP and TCP; 0 takes a free one.
    pub port: u16,
    /// `PUBLIC_IP`: the addresses under which clients reach the port.
    pub public_ips: Vec<PublicIp>,
    /// `WORKERS`: threads, 1 to [`MAX_WORKERS`].
    pub workers: usize,
}

/// Why the media workers did not start.
#[derive(Debug, thiserror::Error)]
pub enum MediaStartError {
    /// The port is taken.
    #[error(
        "{protocol} port {port} is in use: set MEDIA_PORT to another one, or end what holds it"
    )]
    PortInUse {
        /// `UDP` or `TCP`: both are needed.
        protocol: &'static str,
        /// `MEDIA_PORT`.
        port: u16,
    },
    /// The port may not be opened.
    #[error("{protocol} port {port} cannot be opened (MEDIA_PORT): {source}")]
    Bind {
        /// `UDP` or `TCP`: both are needed.
        protocol: &'static str,
        /// `MEDIA_PORT`.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// No client could be told where to send.
    #[error("no address for media: set PUBLIC_IP to an address of this machine that clients reach")]
    NoAddress,
    /// That many threads are not started.
    #[error("WORKERS must be from 1 to {MAX_WORKERS}, not {0}")]
    Workers(usize),
    /// There is no certificate or no randomness for it.
    #[error("the media certificate cannot be made: {0}")]
    Identity(String),
    /// The system gave no thread or no descriptor.
    #[error("a media worker cannot be started: {0}")]
    Thread(#[source] io::Error),
}

/// Why a command has no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// The worker refused it; nothing was changed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The worker's mailbox is full; nothing was changed. Try again later, or refuse the client.
    #[error("the media worker is overloaded")]
    Overloaded,
    /// The worker died or is closed, and the room's media with it.
    #[error("the media worker is gone")]
    WorkerGone,
}

/// What the media workers report by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaEvent {
    /// ICE and DTLS are done: media flows.
    TransportConnected {
        /// Which.
        transport_id: TransportId,
    },
    /// The transport has ended, with its producers and consumers.
    TransportFailed {
        /// Which.
        transport_id: TransportId,
        /// Why.
        reason: TransportFailure,
        /// Producers that ended with it.
        producers: Vec<ProducerId>,
        /// Consumers that ended with it, of any participant of the room.
        consumers: Vec<ConsumerId>,
    },
    /// The publisher need send no other layers of a video than these, until this is said again.
    LayersWanted {
        /// The room.
        router_id: RouterId,
        /// The video.
        producer_id: ProducerId,
        /// Its layers that somebody receives, 0 the smallest; empty when nobody does.
        layers: Vec<u8>,
    },
    /// Another layer of a video is forwarded now than before.
    ConsumerLayer {
        /// The room.
        router_id: RouterId,
        /// The viewer's receipt.
        consumer_id: ConsumerId,
        /// The layer; none while nothing is forwarded.
        layer: Option<Layer>,
    },
    /// Who speaks in a room has changed.
    ActiveSpeakers {
        /// The room.
        router_id: RouterId,
        /// Microphones, the loudest first; empty when it is quiet.
        producers: Vec<ProducerId>,
    },
    /// A worker died; the media of these rooms is lost until their clients connect anew.
    WorkerGone {
        /// The routers it had.
        routers: Vec<RouterId>,
    },
}

/// What all workers counted.
#[derive(Debug, Clone, Default)]
pub struct MediaStatistics {
    /// One for each worker that answered.
    pub workers: Vec<WorkerReport>,
    /// Media over TCP.
    pub tcp: TcpStatistics,
}

/// What one worker counted.
#[derive(Debug, Clone, Default)]
pub struct WorkerReport {
    /// The media core.
    pub worker: WorkerStatistics,
    /// Its socket.
    pub socket: SocketStatistics,
    /// Its traffic with the other workers.
    pub exchange: ExchangeStatistics,
    /// Events lost because signaling did not take them.
    pub events_dropped: u64,
    /// Datagrams of other workers that were not for this one either.
    pub strays_dropped: u64,
}

/// The handle to the media workers; clones are the same workers. They end with [`Media::close`],
/// or when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Media(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    port: u16,
    candidates: Vec<SocketAddr>,
    workers: Vec<WorkerLink>,
    tcp: TcpPlane,
    placement: Arc<Mutex<Placement>>,
    events: Mutex<Option<mpsc::Receiver<MediaEvent>>>,
}

/// What the handle keeps of one worker.
#[derive(Debug)]
struct WorkerLink {
    mailbox: Mailbox,
    transports: Arc<AtomicU64>,
    running: Mutex<Option<Running>>,
}

/// A thread that has not been joined yet.
#[derive(Debug)]
struct Running {
    thread: JoinHandle<()>,
    /// Completes when the thread is about to end.
    ended: oneshot::Receiver<()>,
}

impl Media {
    /// Opens the media port and starts the workers.
    ///
    /// # Errors
    ///
    /// A [`MediaStartError`] that names the setting to change.
    pub fn start(config: MediaConfig) -> Result<Self, MediaStartError> {
        if !(1..=MAX_WORKERS).contains(&config.workers) {
            return Err(MediaStartError::Workers(config.workers));
        }
        let Bound { port, sockets, listener } = Bound::open(config.port, config.workers)?;
        let candidates = candidates(&config, port, &sockets)?;
        let identity = DtlsIdentity::generate()
            .map_err(|error| MediaStartError::Identity(error.to_string()))?;
        let (events, receiver) = mpsc::channel(EVENTS_CAPACITY);
        let mut crew = Crew {
            identity: Arc::new(identity),
            candidates: candidates.clone(),
            placement: Arc::new(Mutex::new(Placement::new(config.workers))),
            events,
        };
        let (workers, tcp) = crew.start_all(sockets, listener)?;
        tracing::info!(port, workers = workers.len(), "media is served");
        Ok(Self(Arc::new(Inner {
            port,
            candidates,
            workers,
            tcp,
            placement: crew.placement,
            events: Mutex::new(Some(receiver)),
        })))
    }

    /// The port, UDP and TCP.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// The addresses that clients are told.
    #[must_use]
    pub fn candidates(&self) -> &[SocketAddr] {
        &self.0.candidates
    }

    /// What the workers report, in the order of each worker; the first caller gets it.
    #[must_use]
    pub fn events(&self) -> Option<mpsc::Receiver<MediaEvent>> {
        lock(&self.0.events).take()
    }

    /// Whether every worker lives.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        lock(&self.0.placement).living() == self.0.workers.len()
    }

    /// Has a command done by the worker of `router`; [`Command::CreateRouter`] picks it.
    ///
    /// A command that was sent is done even if the future is dropped.
    ///
    /// # Errors
    ///
    /// [`MediaError`]; [`CommandError::RouterNotFound`] also for a router that was never made.
    pub async fn command(
        &self,
        router: RouterId,
        command: Command,
    ) -> Result<CommandReply, MediaError> {
        let created = matches!(command, Command::CreateRouter { .. });
        let (reply, answer) = oneshot::channel();
        self.post(router, Letter::Command { command, reply }, created)?;
        let result = answer.await.map_err(|_| MediaError::WorkerGone)?;
        if created && result.is_err() {
            lock(&self.0.placement).remove(router);
        }
        Ok(result?)
    }

    fn post(&self, router: RouterId, letter: Letter, create: bool) -> Result<(), MediaError> {
        let closes =
            matches!(&letter, Letter::Command { command: Command::CloseRouter { .. }, .. });
        let mut placement = lock(&self.0.placement);
        let worker = match (placement.worker_of(router), create) {
            (Some(_), true) => return Err(CommandError::IdTaken.into()),
            (Some(worker), false) => worker,
            (None, true) => placement
                .least_loaded(|worker| self.0.transports_of(worker))
                .ok_or(MediaError::WorkerGone)?,
            (None, false) => return Err(CommandError::RouterNotFound(router).into()),
        };
        let link = self.0.workers.get(worker).ok_or(MediaError::WorkerGone)?;
        link.mailbox.post(letter)?;
        // The mailbox keeps the order, so from here on the worker has, or has not, the router.
        if create {
            placement.insert(router, worker);
        } else if closes {
            placement.remove(router);
        }
        Ok(())
    }

    /// Asks every worker what it has counted until now; leaves out those that do not answer.
    pub async fn statistics(&self) -> MediaStatistics {
        let mut asked = Vec::with_capacity(self.0.workers.len());
        for link in &self.0.workers {
            let (reply, answer) = oneshot::channel();
            if link.mailbox.post(Letter::Report(reply)).is_ok() {
                asked.push(answer);
            }
        }
        let mut workers = Vec::with_capacity(asked.len());
        for answer in asked {
            workers.extend(answer.await);
        }
        MediaStatistics { workers, tcp: self.0.tcp.statistics() }
    }

    /// Ends the workers and waits, at most [`CLOSE_DEADLINE`], until they did. Later commands get
    /// [`MediaError::WorkerGone`].
    pub async fn close(&self) {
        self.0.ask_to_end();
        let deadline = tokio::time::Instant::now() + CLOSE_DEADLINE;
        for (index, link) in self.0.workers.iter().enumerate() {
            let Some(running) = lock(&link.running).take() else { continue };
            if tokio::time::timeout_at(deadline, running.ended).await.is_err() {
                tracing::error!(worker = index, "a media worker does not end");
            } else if running.thread.join().is_err() {
                tracing::error!(worker = index, "a media worker had panicked");
            }
        }
        self.0.tcp.ended(deadline).await;
    }
}

impl Inner {
    fn ask_to_end(&self) {
        for link in &self.workers {
            link.mailbox.close();
        }
        self.tcp.ask_to_end();
    }

    fn transports_of(&self, worker: usize) -> u64 {
        self.workers.get(worker).map_or(0, |link| link.transports.load(Ordering::Relaxed))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.ask_to_end();
    }
}

/// What all workers have in common; starts them.
struct Crew {
    identity: Arc<DtlsIdentity>,
    candidates: Vec<SocketAddr>,
    placement: Arc<Mutex<Placement>>,
    events: mpsc::Sender<MediaEvent>,
}

impl Crew {
    fn start_all(
        &mut self,
        sockets: Vec<MediaSocket>,
        listener: TcpListener,
    ) -> Result<(Vec<WorkerLink>, TcpPlane), MediaStartError> {
        let wakers: Result<Vec<Waker>, _> = sockets.iter().map(|_| Waker::new()).collect();
        let wakers = wakers.map_err(MediaStartError::Thread)?;
        let tcp = TcpPlane::start(listener, &wakers, TcpBounds::default());
        let (tcp, links) = tcp.map_err(MediaStartError::Thread)?;
        let exchanges = Exchange::connect(&wakers, PARCELS_IN_FLIGHT).into_iter().zip(links);
        let parts = sockets.into_iter().zip(wakers).zip(exchanges).zip(0_u8..);
        let workers: Result<Vec<WorkerLink>, _> = parts
            .map(|(((socket, waker), queues), index)| {
                self.start_one(WorkerIndex(index), socket, waker, queues)
            })
            .collect();
        match workers {
            Ok(workers) => Ok((workers, tcp)),
            Err(error) => {
                tcp.ask_to_end();
                Err(error)
            }
        }
    }

    fn start_one(
        &self,
        index: WorkerIndex,
        socket: MediaSocket,
        waker: Waker,
        (exchange, tcp): (Exchange, TcpLink),
    ) -> Result<WorkerLink, MediaStartError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| MediaStartError::Identity(error.to_string()))?;
        let config = WorkerConfig {
            index,
            candidates: self.candidates.clone(),
            identity: self.identity.clone(),
            seed,
        };
        let worker = Worker::new(config, Instant::now());
        let (mailbox, letters) = Mailbox::new(waker.clone());
        let transports = Arc::new(AtomicU64::new(0));
        let outbox = Outbox::new(self.events.clone());
        let count = transports.clone();
        let parts =
            Parts { index, socket, waker, letters, exchange, tcp, outbox, transports: count };
        let (alive, ended) = oneshot::channel();
        let guard = LifeGuard {
            index,
            placement: self.placement.clone(),
            events: self.events.clone(),
            _alive: alive,
        };
        let thread = std::thread::Builder::new()
            .name(format!("media-{}", index.0))
            .spawn(move || {
                let _guard = guard;
                WorkerThread::new(worker, parts).run();
            })
            .map_err(MediaStartError::Thread)?;
        let running = Mutex::new(Some(Running { thread, ended }));
        Ok(WorkerLink { mailbox, transports, running })
    }
}

/// Lives as long as its worker's thread and tells when that ends, by whatever cause.
struct LifeGuard {
    index: WorkerIndex,
    placement: Arc<Mutex<Placement>>,
    events: mpsc::Sender<MediaEvent>,
    /// Dropping it completes [`Running::ended`].
    _alive: oneshot::Sender<()>,
}

impl Drop for LifeGuard {
    fn drop(&mut self) {
        let routers = lock(&self.placement).remove_worker(usize::from(self.index.0));
        if !std::thread::panicking() {
            return;
        }
        let worker = self.index.0;
        tracing::error!(worker, rooms = routers.len(), "media worker {worker} panicked");
        if self.events.try_send(MediaEvent::WorkerGone { routers }).is_err() {
            tracing::error!(worker, "signaling could not be told that media worker {worker} died");
        }
    }
}

/// Locks what is consistent after every statement: a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
