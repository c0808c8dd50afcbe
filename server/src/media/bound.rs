//! The media port, opened on every address, and what clients are told of it.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
};

use super::{MediaConfig, MediaStartError, socket::MediaSocket, tcp};
use crate::config::PublicIp;

/// The media port, open for datagrams and for connections.
pub(super) struct Bound {
    pub(super) port: u16,
    pub(super) sockets: Vec<MediaSocket>,
    pub(super) listener: TcpListener,
}

impl Bound {
    /// Opens it; 0 takes a free one. A port that was free for one may be taken for the other: so 0 tries several.
    ///
    /// # Errors
    ///
    /// A [`MediaStartError`] that names the setting to change.
    pub(super) fn open(port: u16, workers: usize) -> Result<Self, MediaStartError> {
        const TRIES: usize = 16;
        let tries = if port == 0 { TRIES } else { 1 };
        let mut opened = Self::open_once(port, workers);
        for _ in 1..tries {
            let Err(MediaStartError::PortInUse { .. }) = &opened else { break };
            opened = Self::open_once(port, workers);
        }
        opened
    }

    fn open_once(port: u16, workers: usize) -> Result<Self, MediaStartError> {
        let sockets = MediaSocket::bind_all(port, workers)
            .map_err(|source| bind_error("UDP", port, source))?;
        let port = sockets.first().map_or(Ok(port), MediaSocket::port);
        let port = port.map_err(|source| bind_error("UDP", 0, source))?;
        let listener = tcp::listen(port).map_err(|source| bind_error("TCP", port, source))?;
        Ok(Self { port, sockets, listener })
    }
}

fn bind_error(protocol: &'static str, port: u16, source: io::Error) -> MediaStartError {
    match source.kind() {
        io::ErrorKind::AddrInUse => MediaStartError::PortInUse { protocol, port },
        _ => MediaStartError::Bind { protocol, port, source },
    }
}

/// The public addresses that the sockets serve, each with the media port unless it has its own.
pub(super) fn candidates(
    config: &MediaConfig,
    port: u16,
    sockets: &[MediaSocket],
) -> Result<Vec<SocketAddr>, MediaStartError> {
    let served = |public: &&PublicIp| sockets.iter().all(|socket| socket.serves(public.ip));
    let served = config.public_ips.iter().filter(served);
    let mut served: Vec<SocketAddr> = served.map(|public| public.socket_address(port)).collect();
    // Where both ways lead here, the one that stays inside of a network is the better one.
    served.sort_by_key(|address| !is_private(address.ip()));
    if served.len() < config.public_ips.len() {
        tracing::warn!("this machine has no IPv6: the IPv6 addresses of PUBLIC_IP are left out");
    }
    if served.is_empty() { Err(MediaStartError::NoAddress) } else { Ok(served) }
}

/// Whether an address counts only within a network: RFC 1918, RFC 4193, and this machine.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_loopback(),
    }
}
