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
mod crew;
mod mailbox;
mod placement;
mod pulse;
mod route;
mod socket;
mod tcp;
mod thread;
mod wake;
mod watch;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    time::Duration,
};

use sfu::{
    DtlsIdentity, WorkerStatistics,
    command::{Command, CommandError, CommandReply, TransportFailure},
};
use shared::{
    ids::{ConsumerId, ProducerId, RouterId, TransportId},
    media::Layer,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use self::{
    bound::{Bound, candidates},
    crew::{Berth, Crew, Notice, Running, WorkerLink},
    mailbox::{EVENTS_CAPACITY, Letter},
    placement::Placement,
    tcp::TcpPlane,
    watch::Supervisor,
};
pub use self::{route::ExchangeStatistics, socket::SocketStatistics, tcp::TcpStatistics};
use crate::config::PublicIp;

/// More threads than this serve no machine we know.
pub const MAX_WORKERS: usize = 64;

/// How long [`Media::close`] waits for the threads; a turn takes milliseconds.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// Notices that wait for who watches the workers: the death of each, and the end of all.
const NOTICES_CAPACITY: usize = MAX_WORKERS + 1;

/// What the media workers need to start.
#[derive(Debug, Clone)]
pub struct MediaConfig {
    /// `MEDIA_PORT`: the port, UDP and TCP; 0 takes a free one.
    pub port: u16,
    /// `PUBLIC_IP`: the addresses under which clients reach the port.
    pub public_ips: Vec<PublicIp>,
    /// `WORKERS`: threads, 1 to [`MAX_WORKERS`].
    pub workers: usize,
    /// `MAX_CAMERAS`: how many one viewer is sent at once.
    pub max_cameras: usize,
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
    /// More is sent of a video than [`Command::SetMaxBitrate`] lets, and is not forwarded for now; said
    /// at most every five seconds.
    LimitExceeded {
        /// The room.
        router_id: RouterId,
        /// The video.
        producer_id: ProducerId,
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
    /// A worker died and another has taken its place; the media of these rooms is lost until their
    /// clients connect anew.
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
    /// One for each worker's place, in their order.
    pub places: Vec<PlaceReport>,
}

/// How it goes with the workers of one place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlaceReport {
    /// Whether there is one.
    pub lives: bool,
    /// How many died and were replaced.
    pub restarts: u64,
}

/// What one worker counted.
#[derive(Debug, Clone, Default)]
pub struct WorkerReport {
    /// The worker's place.
    pub index: usize,
    /// CPU time of its thread.
    pub cpu: Duration,
    /// Turns it has taken.
    pub turns: u64,
    /// Time spent in turns, waiting and resting not included.
    pub turn_time: Duration,
    /// The longest turn since the report before.
    pub longest_turn: Duration,
    /// Commands that wait.
    pub commands_waiting: usize,
    /// Events that wait for signaling.
    pub events_waiting: usize,
    /// News for other workers that wait for them.
    pub routes_waiting: usize,
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
    workers: Arc<[WorkerLink]>,
    tcp: TcpPlane,
    placement: Arc<Mutex<Placement>>,
    events: Mutex<Option<mpsc::Receiver<MediaEvent>>>,
    closing: Arc<AtomicBool>,
    notices: SyncSender<Notice>,
    supervisor: Mutex<Option<Running>>,
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
        let (notices, noticed) = sync_channel(NOTICES_CAPACITY);
        let placement = Arc::new(Mutex::new(Placement::new(config.workers)));
        let crew = Crew {
            identity: Arc::new(identity),
            candidates: candidates.clone(),
            max_cameras: config.max_cameras,
            placement: Arc::clone(&placement),
            events,
            notices: notices.clone(),
        };
        let (berths, tcp) = Berth::all(sockets, listener).map_err(MediaStartError::Thread)?;
        let workers = start_all(&crew, &berths).inspect_err(|_| tcp.ask_to_end())?;
        let closing = Arc::new(AtomicBool::new(false));
        let watched = (noticed, Arc::clone(&closing));
        let supervisor = Supervisor::new(crew, berths, Arc::clone(&workers), watched);
        let inner = Inner {
            port,
            candidates,
            workers,
            tcp,
            placement,
            events: Mutex::new(Some(receiver)),
            closing,
            notices,
            supervisor: Mutex::new(None),
        };
        *lock(&inner.supervisor) = Some(start_watch(supervisor)?);
        tracing::info!(port, workers = inner.workers.len(), "media is served");
        Ok(Self(Arc::new(inner)))
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
        let gone = self.post(router, Letter::Command { command, reply }, created)?;
        let result = answered(answer, &gone).await.ok_or(MediaError::WorkerGone)?;
        if created && result.is_err() {
            lock(&self.0.placement).remove(router);
        }
        Ok(result?)
    }

    fn post(
        &self,
        router: RouterId,
        letter: Letter,
        create: bool,
    ) -> Result<CancellationToken, MediaError> {
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
        let gone = link.post(letter)?;
        // The mailbox keeps the order, so from here on the worker has, or has not, the router.
        if create {
            placement.insert(router, worker);
        } else if closes {
            placement.remove(router);
        }
        Ok(gone)
    }

    /// Asks every worker what it has counted until now; leaves out those that do not answer.
    pub async fn statistics(&self) -> MediaStatistics {
        let mut asked = Vec::with_capacity(self.0.workers.len());
        for link in self.0.workers.iter() {
            let (reply, answer) = oneshot::channel();
            if let Ok(gone) = link.post(Letter::Report(reply)) {
                asked.push((answer, gone));
            }
        }
        let mut workers = Vec::with_capacity(asked.len());
        for (answer, gone) in asked {
            workers.extend(answered(answer, &gone).await);
        }
        MediaStatistics { workers, places: self.places(), tcp: self.0.tcp.statistics() }
    }

    /// How it goes with the workers, without asking them.
    #[must_use]
    pub fn places(&self) -> Vec<PlaceReport> {
        self.0.workers.iter().map(WorkerLink::report).collect()
    }

    /// Ends the workers and waits, at most [`CLOSE_DEADLINE`], until they did. Later commands get
    /// [`MediaError::WorkerGone`].
    pub async fn close(&self) {
        self.0.ask_to_end();
        let deadline = tokio::time::Instant::now() + CLOSE_DEADLINE;
        // First of all who watches, so that nobody is put in a place that was left.
        let watch = lock(&self.0.supervisor).take();
        wait_for(watch, deadline, "the watch over the media workers").await;
        for (index, link) in self.0.workers.iter().enumerate() {
            wait_for(link.take_running(), deadline, &format!("media worker {index}")).await;
        }
        self.0.tcp.ended(deadline).await;
    }
}

impl Inner {
    fn ask_to_end(&self) {
        self.closing.store(true, Ordering::SeqCst);
        // Full or without a reader, it has no need to be woken.
        let _ = self.notices.try_send(Notice::Closing);
        self.workers.iter().for_each(WorkerLink::close);
        self.tcp.ask_to_end();
    }

    fn transports_of(&self, worker: usize) -> u64 {
        self.workers.get(worker).map_or(0, WorkerLink::transports)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.ask_to_end();
    }
}

/// Waits for the end of a thread that was asked to end.
async fn wait_for(running: Option<Running>, deadline: tokio::time::Instant, name: &str) {
    let Some(running) = running else { return };
    if tokio::time::timeout_at(deadline, running.ended).await.is_err() {
        tracing::error!("{name} does not end");
    } else if running.thread.join().is_err() {
        tracing::error!("{name} had panicked");
    }
}

/// What a worker answers; none when it died.
async fn answered<T>(answer: oneshot::Receiver<T>, gone: &CancellationToken) -> Option<T> {
    tokio::select! {
        biased;
        answer = answer => answer.ok(),
        () = gone.cancelled() => None,
    }
}

/// Starts the first worker of each berth. When one fails those before it end again.
fn start_all(crew: &Crew, berths: &[Berth]) -> Result<Arc<[WorkerLink]>, MediaStartError> {
    let mut links: Vec<WorkerLink> = Vec::with_capacity(berths.len());
    for berth in berths {
        match crew.man(berth) {
            Ok(incumbent) => links.push(WorkerLink::new(incumbent)),
            Err(error) => {
                links.iter().for_each(WorkerLink::close);
                return Err(error);
            }
        }
    }
    Ok(links.into())
}

fn start_watch(supervisor: Supervisor) -> Result<Running, MediaStartError> {
    let (alive, ended) = oneshot::channel::<()>();
    let thread = std::thread::Builder::new().name("media-watch".to_owned()).spawn(move || {
        // Dropped with the thread, by whatever cause.
        let _alive = alive;
        supervisor.run();
    });
    Ok(Running { thread: thread.map_err(MediaStartError::Thread)?, ended })
}

/// Locks what is consistent after every statement: a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
