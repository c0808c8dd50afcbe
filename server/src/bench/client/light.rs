//! A leg with a socket.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::{Duration, Instant},
};

use sfu::transport::srtp::SrtpProfile;

use super::{ClientError, ClientIdentity, ClientLeg, Incoming};

/// The largest datagram that is received.
const MAX_DATAGRAM: usize = 2048;

/// A leg with a socket of its own.
#[derive(Debug)]
pub struct LightClient {
    /// The leg.
    pub leg: ClientLeg,
    socket: UdpSocket,
}

impl LightClient {
    /// A client that will talk to a server of the address's family, from a free port.
    ///
    /// # Errors
    ///
    /// When there is no port or no randomness left.
    pub fn new(
        identity: &Arc<ClientIdentity>,
        profile: SrtpProfile,
        server: SocketAddr,
    ) -> Result<Self, ClientError> {
        Self::of(ClientLeg::new(identity, profile)?, server)
    }

    /// The client of a leg that learned only from descriptions where its server is.
    ///
    /// # Errors
    ///
    /// When there is no port left.
    pub fn of(leg: ClientLeg, server: SocketAddr) -> Result<Self, ClientError> {
        let any: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        socket.connect(server)?;
        Ok(Self { leg, socket })
    }

    /// Goes on from another port, as after a change of the network.
    ///
    /// # Errors
    ///
    /// When there is no port left.
    pub fn move_on(&mut self) -> Result<(), ClientError> {
        let (own, server) = (self.socket.local_addr()?, self.socket.peer_addr()?);
        self.socket = UdpSocket::bind((own.ip(), 0))?;
        self.socket.connect(server)?;
        self.leg.check_path(Instant::now());
        Ok(())
    }

    /// The socket, connected to the server.
    #[must_use]
    pub const fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Connects, once descriptions are exchanged.
    ///
    /// # Errors
    ///
    /// When that fails or takes longer than `patience`.
    pub fn connect(&mut self, patience: Duration) -> Result<(), ClientError> {
        let deadline = Instant::now() + patience;
        while !self.leg.is_connected() {
            if self.receive(deadline, |_| {})? == Woken::Deadline {
                return Err(ClientError::Deadline(patience));
            }
        }
        self.flush()
    }

    /// Waits for a datagram, at most until `deadline`, keeps the leg alive meanwhile, and shows
    /// what it was.
    ///
    /// # Errors
    ///
    /// When the socket or the leg fails.
    pub fn receive(
        &mut self,
        deadline: Instant,
        take: impl FnOnce(&Incoming<'_>),
    ) -> Result<Woken, ClientError> {
        loop {
            self.keep_alive()?;
            let now = Instant::now();
            let due = self.leg.poll_timeout().map_or(deadline, |due| due.min(deadline));
            let Some(wait) = due.checked_duration_since(now).filter(|wait| !wait.is_zero()) else {
                if now >= deadline {
                    return Ok(Woken::Deadline);
                }
                continue;
            };
            self.socket.set_read_timeout(Some(wait))?;
            let mut buffer = [0; MAX_DATAGRAM];
            match self.socket.recv(&mut buffer) {
                Ok(length) => {
                    let datagram = buffer.get_mut(..length).unwrap_or_default();
                    take(&self.leg.handle_datagram(Instant::now(), datagram)?);
                    self.flush()?;
                    return Ok(Woken::Datagram);
                }
                Err(error) if is_timeout(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Does what is due without waiting: above all the checks that keep the server's consent.
    ///
    /// # Errors
    ///
    /// When the socket or the leg fails.
    pub fn keep_alive(&mut self) -> Result<(), ClientError> {
        let now = Instant::now();
        if self.leg.poll_timeout().is_some_and(|due| due <= now) {
            self.leg.handle_timeout(now)?;
        }
        self.flush()
    }

    /// Sends what the leg has to send.
    ///
    /// # Errors
    ///
    /// When the socket fails.
    pub fn flush(&mut self) -> Result<(), ClientError> {
        while let Some(datagram) = self.leg.poll_transmit() {
            self.socket.send(&datagram)?;
        }
        Ok(())
    }

    /// Says goodbye and closes the socket.
    pub fn close(mut self) {
        self.leg.close(Instant::now());
        // The server finds out by itself when the goodbye is lost.
        let _ = self.flush();
    }
}

/// Why [`LightClient::receive`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// A datagram came.
    Datagram,
    /// None came in time.
    Deadline,
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
