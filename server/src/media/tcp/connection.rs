//! One connection of a client.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};

use sfu::command::{Path, Protocol, WorkerIndex};
use socket2::SockRef;

use super::frames::{Frames, HEADER_BYTES};

/// Bytes that wait for one client beside what the kernel holds: a second of 2 Mbit/s. What would
/// come later than that is worth nothing.
pub(super) const MAX_UNSENT_BYTES: usize = 256 << 10;
/// Bytes not yet sent that the kernel holds of one connection: the rest waits here, where what is too
/// much can be dropped by whole datagrams.
const KERNEL_UNSENT_BYTES: u32 = 64 << 10;
/// How long the kernel repeats what is not acknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// A connection, from its first byte on.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    pub(super) path: Path,
    pub(super) standing: Standing,
    /// Who takes what comes: the worker of the transport or, before that is known, the one that was
    /// asked for.
    pub(super) worker: Option<WorkerIndex>,
    /// When a frame last came.
    pub(super) heard: Instant,
    frames: Frames,
    /// Framed datagrams, the first perhaps begun.
    unsent: Vec<u8>,
    /// Bytes of `unsent` that the kernel has taken.
    taken: usize,
    /// Whether the plane waits until the kernel takes more.
    pub(super) is_awaited: bool,
}

/// Whether a connection has shown whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has not, or its transport has ended.
    Unproven {
        /// When that began.
        since: Instant,
    },
    /// A worker has authenticated a check that came by it.
    Proven,
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client closed it, or it broke.
    Closed,
    /// It carried what no client sends.
    NotOurs,
}

/// Whether the kernel took everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flushed {
    Everything,
    Partly,
}

impl Connection {
    /// Takes a connection over.
    ///
    /// # Errors
    ///
    /// When it has ended already.
    pub(super) fn new(stream: TcpStream, remote: SocketAddr, now: Instant) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let socket = SockRef::from(&stream);
        socket.set_tcp_nodelay(true)?;
        // These two make it better; it works without them.
        let _ = socket.set_tcp_notsent_lowat(KERNEL_UNSENT_BYTES);
        let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
        let local = Some(stream.local_addr()?.ip().to_canonical());
        Ok(Self {
            stream,
            path: Path { remote, local, protocol: Protocol::Tcp },
            standing: Standing::Unproven { since: now },
            worker: None,
            heard: now,
            frames: Frames::default(),
            unsent: Vec::new(),
            taken: 0,
            is_awaited: false,
        })
    }

    /// Receives once and shows each datagram that this completed.
    ///
    /// # Errors
    ///
    /// Why the connection ends.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        buffer: &mut [u8],
        take: impl FnMut(&mut [u8]),
    ) -> Result<(), End> {
        let len = match self.stream.read(buffer) {
            Ok(0) => return Err(End::Closed),
            Ok(len) => len.min(buffer.len()),
            Err(error) if is_for_now(&error) => return Ok(()),
            Err(_) => return Err(End::Closed),
        };
        self.heard = now;
        self.frames.push(&mut buffer[..len], take).map_err(|_| End::NotOurs)
    }

    /// Appends a datagram to what waits. Returns whether there was room.
    pub(super) fn push(&mut self, datagram: &[u8]) -> bool {
        let Ok(len) = u16::try_from(datagram.len()) else { return false };
        if self.unsent.len() - self.taken + HEADER_BYTES + datagram.len() > MAX_UNSENT_BYTES {
            return false;
        }
        self.unsent.extend(len.to_be_bytes());
        self.unsent.extend_from_slice(datagram);
        true
    }

    /// Hands the kernel what waits, as far as it takes it.
    ///
    /// # Errors
    ///
    /// Why the connection ends.
    pub(super) fn flush(&mut self) -> Result<Flushed, End> {
        while self.taken < self.unsent.len() {
            match self.stream.write(&self.unsent[self.taken..]) {
                Ok(0) => return Err(End::Closed),
                Ok(len) => self.taken += len,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.unsent.drain(..self.taken);
                    self.taken = 0;
                    return Ok(Flushed::Partly);
                }
                Err(_) => return Err(End::Closed),
            }
        }
        self.unsent.clear();
        self.taken = 0;
        Ok(Flushed::Everything)
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn is_for_now(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
