//! Media over TCP, for clients whose UDP is blocked: connections to the media port that carry the
//! same datagrams, framed (RFC 6544 passive candidates, RFC 4571 framing).
//!
//! | type | what it is |
//! |---|---|
//! | [`TcpPlane`] | the one thread that has all connections |
//! | [`TcpLink`] | a worker's end of the queues to it |
//! | `connection` | one connection: its standing, what it has sent, what waits for it |
//! | `frames` | cuts a stream into datagrams |
//!
//! Workers never see a connection. They hand datagrams over as they do to each other, and are handed
//! what came, so that a peer that does not read costs nobody else anything.
//!
//! | bound | when it is reached |
//! |---|---|
//! | [`MAX_CONNECTIONS`] | a new one is closed |
//! | [`MAX_UNPROVEN`] connections without an authentic check | the oldest is closed |
//! | [`PROOF_DEADLINE`] without an authentic check | closed |
//! | [`SILENCE_DEADLINE`] without a frame | closed |
//! | `frames::MAX_FRAME_BYTES` a frame | closed |
//! | `connection::MAX_UNSENT_BYTES` that wait for one client | whole datagrams are dropped and counted |
//! | [`PARCELS_IN_FLIGHT`] from each thread | datagrams are dropped and counted |

mod connection;
mod frames;
mod plane;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use sfu::command::{Path, Transmit, WorkerIndex};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::oneshot;

use self::plane::{Plane, Shared};
use super::{
    route::{Exchange, ReceivedParcel, RouteChange, Seat},
    socket::unspecified_ip,
    wake::Waker,
};

/// Connections at a time: two for each of a thousand participants.
const MAX_CONNECTIONS: usize = 2048;
/// Connections at a time that have not shown whose they are.
const MAX_UNPROVEN: usize = 512;
/// How long a connection may go without an authentic check, from its beginning or from the end of
/// its transport on: as long as a transport has to connect.
const PROOF_DEADLINE: Duration = sfu::JOIN_DEADLINE;
/// How long a client may say nothing: twice what ends its transport.
const SILENCE_DEADLINE: Duration = Duration::from_secs(60);
/// Parcels under way from one thread to the others, of up to 64 KiB: the pictures of a worker's turn
/// for some hundred viewers.
const PARCELS_IN_FLIGHT: usize = 64;
/// Connections that the kernel completes ahead of us.
const ACCEPT_BACKLOG: i32 = 256;

/// Bounds of all connections; tests that fill them use smaller ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct TcpBounds {
    /// [`MAX_CONNECTIONS`].
    connections: usize,
    /// [`MAX_UNPROVEN`].
    unproven: usize,
    /// [`PROOF_DEADLINE`].
    proof: Duration,
}

impl Default for TcpBounds {
    fn default() -> Self {
        Self { connections: MAX_CONNECTIONS, unproven: MAX_UNPROVEN, proof: PROOF_DEADLINE }
    }
}

/// What went over TCP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TcpStatistics {
    /// Connections now.
    pub connections: u64,
    /// Of them, those that have shown an authentic check.
    pub proven: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections closed because there were too many.
    pub refused: u64,
    /// Connections closed because they sent what no client sends, or proved nothing in time.
    pub expelled: u64,
    /// Datagrams received.
    pub datagrams_received: u64,
    /// Datagrams taken for connections.
    pub datagrams_sent: u64,
    /// Datagrams dropped because their client reads too slowly, or is gone.
    pub datagrams_dropped: u64,
}

/// Opens the media port for connections, on every address.
///
/// # Errors
///
/// When the port is taken or may not be opened.
pub(super) fn listen(port: u16) -> io::Result<TcpListener> {
    let address = SocketAddr::new(unspecified_ip(), port);
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if domain == Domain::IPV6 {
        socket.set_only_v6(false)?;
    }
    // Connections of a server that has ended may linger.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(ACCEPT_BACKLOG)?;
    Ok(socket.into())
}

/// The handle to the thread that has the connections.
#[derive(Debug)]
pub(super) struct TcpPlane {
    waker: Waker,
    closing: Arc<AtomicBool>,
    statistics: Arc<Mutex<TcpStatistics>>,
    running: Mutex<Option<(JoinHandle<()>, oneshot::Receiver<()>)>>,
}

impl TcpPlane {
    /// Starts the thread. Returns the seats of the workers that `wakers` wake, in their order.
    ///
    /// # Errors
    ///
    /// When the system gives no thread or no descriptor.
    pub(super) fn start(
        listener: TcpListener,
        wakers: &[Waker],
        bounds: TcpBounds,
    ) -> io::Result<(Self, Vec<TcpSeat>)> {
        let waker = Waker::new()?;
        let mut all = wakers.to_vec();
        all.push(waker.clone());
        let mut seats = Seat::connect(&all, PARCELS_IN_FLIGHT);
        let exchange = seats.pop().ok_or(io::ErrorKind::InvalidInput)?.take();
        // The workers come first, this thread last.
        let workers = u8::try_from(seats.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let plane = WorkerIndex(workers);
        let seats = seats.into_iter().map(|seat| TcpSeat { seat, plane }).collect();
        let closing = Arc::new(AtomicBool::new(false));
        let statistics = Arc::new(Mutex::new(TcpStatistics::default()));
        let shared = Shared { bounds, closing: closing.clone(), statistics: statistics.clone() };
        let thread = Plane::new(listener, waker.clone(), (exchange, workers), shared)?;
        let (alive, ended) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("media-tcp".to_owned()).spawn(move || {
            // Dropped with the thread, by whatever cause.
            let _alive = alive;
            thread.run();
        })?;
        let running = Mutex::new(Some((thread, ended)));
        Ok((Self { waker, closing, statistics, running }, seats))
    }

    /// What went over TCP until now.
    pub(super) fn statistics(&self) -> TcpStatistics {
        *self.statistics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the thread to end, with all connections.
    pub(super) fn ask_to_end(&self) {
        self.closing.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Waits until the thread has ended, at most until `deadline`.
    pub(super) async fn ended(&self, deadline: tokio::time::Instant) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((thread, ended)) = running else { return };
        if tokio::time::timeout_at(deadline, ended).await.is_err() {
            tracing::error!("the thread of media over TCP does not end");
        } else if thread.join().is_err() {
            tracing::error!("the thread of media over TCP had panicked");
        }
    }
}

/// A worker's place at these queues, whoever has it now.
#[derive(Debug)]
pub(super) struct TcpSeat {
    seat: Seat,
    plane: WorkerIndex,
}

impl TcpSeat {
    /// Lets a worker sit down, as [`Seat::take`] does.
    pub(super) fn take(&self) -> TcpLink {
        TcpLink { exchange: self.seat.take(), plane: self.plane }
    }

    /// Leaves the seat empty for good.
    pub(super) fn give_up(&self) {
        self.seat.give_up();
    }
}

/// A worker's end of the queues between it and the thread that has the connections.
#[derive(Debug)]
pub(super) struct TcpLink {
    exchange: Exchange,
    plane: WorkerIndex,
}

impl TcpLink {
    /// Puts the datagrams into a parcel; [`Self::dispatch`] sends it.
    pub(super) fn send(&mut self, transmit: &Transmit<'_>) {
        let all = transmit.contents.len().max(1);
        let segment = transmit.segment_size.unwrap_or(all).max(1);
        for datagram in transmit.contents.chunks(segment) {
            self.exchange.forward(self.plane, transmit.path, datagram);
        }
    }

    /// Sends the parcels that were filled since the last call.
    pub(super) fn dispatch(&mut self) {
        self.exchange.dispatch();
    }

    /// Tells that a connection has shown whose it is, or is nobody's any more.
    pub(super) fn tell(&mut self, change: RouteChange) {
        self.exchange.tell(self.plane, change);
    }

    /// Tells that the connections of the worker's predecessor are nobody's.
    pub(super) fn inherit(&mut self) {
        for change in self.exchange.orphans() {
            self.tell(change);
        }
    }

    /// Tells what found no room before. Returns whether some of it still waits.
    pub(super) fn flush(&mut self) -> bool {
        self.exchange.flush_changes()
    }

    /// Shows the datagrams of one parcel that came, if there is any.
    pub(super) fn receive(&self, take: impl FnMut(Path, &mut [u8])) -> ReceivedParcel {
        self.exchange.receive(take)
    }
}
