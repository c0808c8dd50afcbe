//! Starts workers, and others in their place when they die.
//!
//! | type | what it is |
//! |---|---|
//! | [`Crew`] | what all workers have in common |
//! | [`Berth`] | what of a worker outlives it: its socket, and its seat among the others |
//! | [`WorkerLink`] | the way to the worker that has a berth now |

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::SyncSender,
    },
    thread::JoinHandle,
    time::Instant,
};

use sfu::{DtlsIdentity, Worker, WorkerConfig, command::WorkerIndex};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    MediaError, MediaEvent, MediaStartError, PlaceReport, lock,
    mailbox::{Letter, Mailbox, Outbox},
    placement::Placement,
    pulse::Pulse,
    route::{PARCELS_IN_FLIGHT, Seat},
    socket::MediaSocket,
    tcp::{TcpBounds, TcpPlane, TcpSeat},
    thread::{End, Parts, WorkerThread},
    wake::Waker,
};

/// What all workers have in common.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) identity: Arc<DtlsIdentity>,
    pub(super) candidates: Vec<SocketAddr>,
    pub(super) max_cameras: usize,
    pub(super) placement: Arc<Mutex<Placement>>,
    pub(super) events: mpsc::Sender<MediaEvent>,
    pub(super) notices: SyncSender<Notice>,
}

/// What a worker's thread says when it ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// It panicked.
    Died {
        /// Which.
        worker: WorkerIndex,
        /// The how manieth worker of its berth it was.
        generation: u64,
    },
    /// The workers are closed: nobody is to be replaced any more.
    Closing,
}

/// What of a worker outlives it.
///
/// The socket stays open, so that the kernel goes on spreading clients as before, and keeps what
/// comes until the next worker reads it: a part of it is the other workers'.
#[derive(Debug)]
pub(super) struct Berth {
    pub(super) index: WorkerIndex,
    /// The how manieth worker it has now.
    pub(super) generation: u64,
    socket: MediaSocket,
    waker: Waker,
    seat: Seat,
    tcp: TcpSeat,
}

/// The way to the worker that has a berth now.
#[derive(Debug)]
pub(super) struct WorkerLink {
    incumbent: Mutex<Incumbent>,
    restarts: AtomicU64,
    lives: AtomicBool,
}

/// A worker on its thread, seen from outside.
#[derive(Debug)]
pub(super) struct Incumbent {
    mailbox: Mailbox,
    transports: Arc<AtomicU64>,
    pulse: Arc<Pulse>,
    /// Cancelled when nothing more is to be expected of it.
    gone: CancellationToken,
    running: Option<Running>,
}

/// A thread that has not been joined yet.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) thread: JoinHandle<()>,
    /// Completes when the thread is about to end.
    pub(super) ended: oneshot::Receiver<()>,
}

impl Berth {
    /// One for each socket; and the thread that has the TCP connections, which it also starts.
    ///
    /// # Errors
    ///
    /// When the system gives no thread or no descriptor.
    pub(super) fn all(
        sockets: Vec<MediaSocket>,
        listener: TcpListener,
    ) -> io::Result<(Vec<Self>, TcpPlane)> {
        let wakers: Vec<Waker> = sockets.iter().map(|_| Waker::new()).collect::<Result<_, _>>()?;
        let (plane, links) = TcpPlane::start(listener, &wakers, TcpBounds::default())?;
        let seats = Seat::connect(&wakers, PARCELS_IN_FLIGHT).into_iter().zip(links);
        let parts = sockets.into_iter().zip(wakers).zip(seats).zip(0_u8..);
        let berths = parts.map(|(((socket, waker), (seat, tcp)), index)| {
            let index = WorkerIndex(index);
            Self { index, generation: 0, socket, waker, seat, tcp }
        });
        Ok((berths.collect(), plane))
    }

    /// Leaves it empty for good. The kernel spreads its clients over the other sockets, and the
    /// other threads send nothing here.
    pub(super) fn give_up(self) {
        self.seat.give_up();
        self.tcp.give_up();
    }
}

impl Crew {
    /// Starts a worker for a berth.
    ///
    /// # Errors
    ///
    /// When the system gives no thread, no descriptor or no randomness.
    pub(super) fn man(&self, berth: &Berth) -> Result<Incumbent, MediaStartError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| MediaStartError::Identity(error.to_string()))?;
        let config = WorkerConfig {
            index: berth.index,
            candidates: self.candidates.clone(),
            identity: self.identity.clone(),
            max_cameras: self.max_cameras,
            seed,
        };
        let worker = Worker::new(config, Instant::now());
        let (mailbox, letters) = Mailbox::new(berth.waker.clone());
        let parts = Parts {
            index: berth.index,
            socket: berth.socket.share().map_err(MediaStartError::Thread)?,
            waker: berth.waker.clone(),
            letters,
            exchange: berth.seat.take(),
            tcp: berth.tcp.take(),
            outbox: Outbox::new(self.events.clone()),
            transports: Arc::default(),
            pulse: Arc::default(),
        };
        let (transports, pulse) = (Arc::clone(&parts.transports), Arc::clone(&parts.pulse));
        let (alive, ended) = oneshot::channel();
        let gone = CancellationToken::new();
        let guard = self.guard(berth, gone.clone(), alive);
        let thread = std::thread::Builder::new()
            .name(format!("media-{}", berth.index.0))
            .spawn(move || guard.watch_over(|| WorkerThread::new(worker, parts).run()))
            .map_err(MediaStartError::Thread)?;
        Ok(Incumbent { mailbox, transports, pulse, gone, running: Some(Running { thread, ended }) })
    }

    fn guard(
        &self,
        berth: &Berth,
        gone: CancellationToken,
        alive: oneshot::Sender<()>,
    ) -> LifeGuard {
        LifeGuard {
            worker: berth.index,
            generation: berth.generation,
            end: End::Panicked,
            gone,
            placement: Arc::clone(&self.placement),
            notices: self.notices.clone(),
            _alive: alive,
        }
    }
}

impl WorkerLink {
    /// The way to the first worker of a berth.
    pub(super) fn new(incumbent: Incumbent) -> Self {
        Self {
            incumbent: Mutex::new(incumbent),
            restarts: AtomicU64::new(0),
            lives: AtomicBool::new(true),
        }
    }

    /// Leaves a letter. What it asks for never comes when the token is cancelled.
    ///
    /// # Errors
    ///
    /// Those of [`Mailbox::post`].
    pub(super) fn post(&self, letter: Letter) -> Result<CancellationToken, MediaError> {
        let incumbent = lock(&self.incumbent);
        incumbent.mailbox.post(letter)?;
        Ok(incumbent.gone.clone())
    }

    /// How it goes with the workers of this place.
    pub(super) fn report(&self) -> PlaceReport {
        PlaceReport {
            lives: self.lives.load(Ordering::Relaxed),
            restarts: self.restarts.load(Ordering::Relaxed),
        }
    }

    /// Transports that the worker has.
    pub(super) fn transports(&self) -> u64 {
        lock(&self.incumbent).transports.load(Ordering::Relaxed)
    }

    /// How the worker's thread shows that it turns.
    pub(super) fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&lock(&self.incumbent).pulse)
    }

    /// Asks the worker to end.
    pub(super) fn close(&self) {
        lock(&self.incumbent).mailbox.close();
    }

    /// The worker's thread, for the first who asks.
    pub(super) fn take_running(&self) -> Option<Running> {
        lock(&self.incumbent).running.take()
    }

    /// Gives the worker up: whoever waits for it is told at once. Returns its thread.
    pub(super) fn give_up(&self) -> Option<Running> {
        self.lives.store(false, Ordering::Relaxed);
        let mut incumbent = lock(&self.incumbent);
        incumbent.gone.cancel();
        // Should it ever turn again, it ends.
        incumbent.mailbox.close();
        incumbent.running.take()
    }

    /// Leads to another worker from now on, unless all were asked to end.
    pub(super) fn replace(&self, next: Incumbent, closing: &AtomicBool) {
        let mut incumbent = lock(&self.incumbent);
        *incumbent = next;
        self.restarts.fetch_add(1, Ordering::Relaxed);
        self.lives.store(true, Ordering::Relaxed);
        // Whoever closes sets this first and then closes each worker under its lock.
        if closing.load(Ordering::SeqCst) {
            incumbent.mailbox.close();
        }
    }
}

/// Lives as long as its worker's thread and tells when that ends, by whatever cause.
struct LifeGuard {
    worker: WorkerIndex,
    generation: u64,
    /// How the thread ended; as long as it does not say so itself it panics.
    end: End,
    gone: CancellationToken,
    placement: Arc<Mutex<Placement>>,
    notices: SyncSender<Notice>,
    /// Dropping it completes [`Running::ended`].
    _alive: oneshot::Sender<()>,
}

impl LifeGuard {
    fn watch_over(mut self, run: impl FnOnce() -> End) {
        self.end = run();
    }
}

impl Drop for LifeGuard {
    fn drop(&mut self) {
        if self.gone.is_cancelled() {
            // It hung, was replaced, and ends late.
            return;
        }
        match self.end {
            End::Asked => {
                lock(&self.placement).remove_worker(usize::from(self.worker.0));
            }
            End::Panicked => {
                let notice = Notice::Died { worker: self.worker, generation: self.generation };
                // There is room for one of each worker; nobody listens when all are closed.
                let _ = self.notices.try_send(notice);
            }
        }
    }
}
