//! One worker's socket on the media port: batches in, segmented runs out.

use std::{
    io::{self, ErrorKind, IoSliceMut},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket},
    os::fd::{AsFd, BorrowedFd},
};

use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSocketState};
use sfu::command::{Path, Transmit};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// What is asked of the kernel for each direction: half a second of 64 Mbit/s. It grants less
/// when `net.core.rmem_max` or `net.core.wmem_max` is lower.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;

/// Bytes for one receive, which GRO fills with up to 64 datagrams; beyond the 64 KiB that it needs,
/// enough that the buffers do not all begin in the same cache set.
const RECEIVE_BUFFER_BYTES: usize = (64 << 10) + 1600;

/// Bytes that one segmented send may carry: the IPv6 payload length, less the UDP header.
const MAX_RUN_BYTES: usize = 65_535 - 8 - 40;

/// A socket of the media port. Sharing the port, the kernel spreads clients over all of them by
/// their address.
#[derive(Debug)]
pub(super) struct MediaSocket {
    socket: UdpSocket,
    state: UdpSocketState,
    is_ipv6: bool,
    statistics: SocketStatistics,
}

/// What went through a worker's socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SocketStatistics {
    /// Datagrams received.
    pub datagrams_received: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Receives that failed; the socket stays in use.
    pub receive_errors: u64,
    /// Datagrams handed to the kernel.
    pub datagrams_sent: u64,
    /// Bytes handed to the kernel.
    pub bytes_sent: u64,
    /// System calls that did it: fewer than datagrams where segmentation is offloaded.
    pub sends: u64,
    /// Datagrams dropped because the send buffer was full.
    pub dropped_buffer_full: u64,
    /// Datagrams dropped because the kernel refused them: no route, too large, no memory.
    pub dropped_refused: u64,
}

/// Whether a receive emptied the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Received {
    /// There was nothing more.
    Everything,
    /// The batch was full: there may be more.
    FullBatch,
}

impl MediaSocket {
    /// Binds one socket per worker to the same `port` on every address; 0 picks a free port.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AddrInUse`] also when another process shares the port: the kernel would give
    /// it a part of our clients.
    pub(super) fn bind_all(port: u16, count: usize) -> io::Result<Vec<Self>> {
        let address = SocketAddr::new(unspecified_ip(), port);
        // Bound without SO_REUSEPORT, which any other holder of the port lets fail.
        let probe = open(Domain::for_address(address))?;
        probe.bind(&address.into())?;
        let address = bound_address(&probe)?;
        drop(probe);
        (0..count).map(|_| Self::bind_shared(address)).collect()
    }

    fn bind_shared(address: SocketAddr) -> io::Result<Self> {
        let socket = open(Domain::for_address(address))?;
        socket.set_reuse_port(true)?;
        socket.bind(&address.into())?;
        let socket = UdpSocket::from(socket);
        let state = UdpSocketState::new((&socket).into())?;
        let mut media_socket = Self {
            is_ipv6: address.is_ipv6(),
            socket,
            state,
            statistics: SocketStatistics::default(),
        };
        media_socket.enlarge_buffers();
        Ok(media_socket)
    }

    /// The same socket once more, with counts of its own. What waits in the kernel goes to whoever
    /// receives first.
    pub(super) fn share(&self) -> io::Result<Self> {
        let socket = self.socket.try_clone()?;
        let state = UdpSocketState::new((&socket).into())?;
        let statistics = SocketStatistics::default();
        Ok(Self { socket, state, is_ipv6: self.is_ipv6, statistics })
    }

    fn enlarge_buffers(&mut self) {
        // A smaller buffer drops more under bursts, but serves.
        let _ = self.state.set_recv_buffer_size((&self.socket).into(), SOCKET_BUFFER_BYTES);
        let _ = self.state.set_send_buffer_size((&self.socket).into(), SOCKET_BUFFER_BYTES);
        let receive_bytes = self.state.recv_buffer_size((&self.socket).into()).unwrap_or_default();
        let send_bytes = self.state.send_buffer_size((&self.socket).into()).unwrap_or_default();
        tracing::debug!(
            asked_bytes = SOCKET_BUFFER_BYTES,
            receive_bytes,
            send_bytes,
            max_segments = self.state.max_gso_segments(),
            "a media socket is bound"
        );
    }

    /// The port.
    pub(super) fn port(&self) -> io::Result<u16> {
        Ok(self.socket.local_addr()?.port())
    }

    /// Whether clients of this address family can reach the socket.
    pub(super) const fn serves(&self, ip: IpAddr) -> bool {
        self.is_ipv6 || ip.is_ipv4()
    }

    /// Receives what one system call gives into `batch`, where [`ReceiveBatch::datagrams`] finds it.
    pub(super) fn receive(&mut self, batch: &mut ReceiveBatch) -> Received {
        match batch.fill(&self.state, &self.socket) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Received::Everything,
            Err(error) => {
                self.statistics.receive_errors += 1;
                tracing::debug!(%error, "a receive failed");
                return Received::Everything;
            }
        }
        for meta in batch.filled_metas() {
            self.statistics.bytes_received += meta.len as u64;
            self.statistics.datagrams_received += meta.len.div_ceil(meta.stride.max(1)) as u64;
        }
        if batch.count == BATCH_SIZE { Received::FullBatch } else { Received::Everything }
    }

    /// Sends what can be sent at once and drops the rest, counted: late media is worth nothing,
    /// and waiting for one client's route would stop everybody's packets.
    pub(super) fn send(&mut self, transmit: &Transmit<'_>) {
        let Some(segment) = transmit.segment_size.filter(|size| *size < transmit.contents.len())
        else {
            return self.send_run(transmit.path, transmit.contents, None);
        };
        let segment = segment.max(1);
        let segments = self.state.max_gso_segments().min(MAX_RUN_BYTES / segment).max(1);
        for run in transmit.contents.chunks(segment * segments) {
            self.send_run(transmit.path, run, Some(segment).filter(|size| *size < run.len()));
        }
    }

    fn send_run(&mut self, path: Path, contents: &[u8], segment_size: Option<usize>) {
        let segments_before = self.state.max_gso_segments();
        let datagrams = contents.len().div_ceil(segment_size.unwrap_or(contents.len()).max(1));
        match self.try_send(path, contents, segment_size) {
            Ok(()) => {
                self.statistics.sends += 1;
                self.statistics.datagrams_sent += datagrams as u64;
                self.statistics.bytes_sent += contents.len() as u64;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.statistics.dropped_buffer_full += datagrams as u64;
            }
            // quinn-udp found out that the way out cannot segment: it never will be asked again.
            Err(_) if segment_size.is_some() && self.state.max_gso_segments() < segments_before => {
                for datagram in contents.chunks(segment_size.unwrap_or(contents.len()).max(1)) {
                    self.send_run(path, datagram, None);
                }
            }
            Err(error) => {
                self.statistics.dropped_refused += datagrams as u64;
                tracing::trace!(%error, "a send was refused");
            }
        }
    }

    fn try_send(&self, path: Path, contents: &[u8], segment_size: Option<usize>) -> io::Result<()> {
        let transmit = quinn_udp::Transmit {
            destination: self.wire_address(path.remote),
            ecn: None,
            contents,
            segment_size,
            src_ip: path.local,
        };
        self.state.try_send((&self.socket).into(), &transmit)
    }

    /// The address as the socket's family writes it (RFC 4291 section 2.5.5.2).
    fn wire_address(&self, address: SocketAddr) -> SocketAddr {
        match address {
            SocketAddr::V4(v4) if self.is_ipv6 => {
                SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0).into()
            }
            SocketAddr::V4(_) | SocketAddr::V6(_) => address,
        }
    }

    /// What went through so far.
    pub(super) const fn statistics(&self) -> SocketStatistics {
        self.statistics
    }
}

impl AsFd for MediaSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The datagrams of one receive, in room that is used again and again.
pub(super) struct ReceiveBatch {
    storage: Box<[u8]>,
    metas: [RecvMeta; BATCH_SIZE],
    /// How many buffers the last receive filled.
    count: usize,
}

impl ReceiveBatch {
    /// Makes the room; the kernel gives memory to the pages that are used.
    pub(super) fn new() -> Self {
        Self {
            storage: vec![0; BATCH_SIZE * RECEIVE_BUFFER_BYTES].into_boxed_slice(),
            metas: [RecvMeta::default(); BATCH_SIZE],
            count: 0,
        }
    }

    fn fill(&mut self, state: &UdpSocketState, socket: &UdpSocket) -> io::Result<()> {
        self.count = 0;
        let mut buffers = self.storage.chunks_exact_mut(RECEIVE_BUFFER_BYTES);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] = std::array::from_fn(|_| {
            IoSliceMut::new(buffers.next().expect("the storage has a buffer for each slot"))
        });
        self.count = state.recv(socket.into(), &mut slices, &mut self.metas)?;
        Ok(())
    }

    fn filled_metas(&self) -> impl Iterator<Item = &RecvMeta> {
        self.metas.iter().take(self.count)
    }

    /// Whether the last receive brought nothing.
    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Forgets the datagrams: they have been handled.
    pub(super) const fn clear(&mut self) {
        self.count = 0;
    }

    /// The datagrams of the last receive, each with its path.
    pub(super) fn datagrams(&mut self) -> impl Iterator<Item = (Path, &mut [u8])> {
        let buffers = self.storage.chunks_exact_mut(RECEIVE_BUFFER_BYTES);
        self.metas.iter().zip(buffers).take(self.count).flat_map(|(meta, buffer)| {
            let path = canonical_path(meta);
            let len = meta.len.min(buffer.len());
            // What the kernel joined is of one size, but for the last one.
            buffer[..len].chunks_mut(meta.stride.max(1)).map(move |datagram| (path, datagram))
        })
    }
}

/// Opens a socket, and one that takes both families if it is of IPv6.
fn open(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if domain == Domain::IPV6 {
        socket.set_only_v6(false)?;
    }
    Ok(socket)
}

/// Every address of the machine: of both families where it has IPv6, else of IPv4.
pub(super) fn unspecified_ip() -> IpAddr {
    let any_port = SockAddr::from(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)));
    match open(Domain::IPV6).and_then(|socket| socket.bind(&any_port)) {
        Ok(()) => Ipv6Addr::UNSPECIFIED.into(),
        Err(_) => Ipv4Addr::UNSPECIFIED.into(),
    }
}

fn bound_address(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| ErrorKind::AddrNotAvailable.into())
}

/// The pair of addresses a datagram came over, without the mapped form of IPv4 addresses.
fn canonical_path(meta: &RecvMeta) -> Path {
    let remote = match meta.addr {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::from((v4, v6.port())),
            None => meta.addr,
        },
        SocketAddr::V4(_) => meta.addr,
    };
    // A group's address cannot be a source: the kernel picks one of ours then.
    let local = meta.dst_ip.map(|ip| ip.to_canonical()).filter(|ip| !is_group(*ip));
    Path { remote, local, protocol: sfu::command::Protocol::Udp }
}

fn is_group(ip: IpAddr) -> bool {
    ip.is_multicast() || ip.is_unspecified() || ip == IpAddr::V4(Ipv4Addr::BROADCAST)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Receives until `count` datagrams came, waiting for each in the kernel.
    fn receive(socket: &mut MediaSocket, count: usize) -> Vec<(Path, Vec<u8>)> {
        let (mut batch, mut received) = (ReceiveBatch::new(), Vec::new());
        let waker = super::super::wake::Waker::new().unwrap();
        while received.len() < count {
            waker.wait(socket, Some(Duration::from_secs(5)));
            let before = received.len();
            socket.receive(&mut batch);
            received.extend(batch.datagrams().map(|(path, datagram)| (path, datagram.to_vec())));
            assert!(received.len() > before, "nothing came in five seconds");
        }
        received
    }

    fn one() -> MediaSocket {
        MediaSocket::bind_all(0, 1).unwrap().pop().unwrap()
    }

    #[test]
    fn an_ipv4_client_is_known_by_its_ipv4_address_and_answered_from_the_one_it_asked() {
        let mut socket = one();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        client.connect(("127.0.0.2", socket.port().unwrap())).unwrap();
        client.send(b"ping").unwrap();

        let (path, datagram) = receive(&mut socket, 1).remove(0);
        assert_eq!(datagram, b"ping");
        assert_eq!(path.remote, client.local_addr().unwrap());
        assert_eq!(path.local, Some("127.0.0.2".parse().unwrap()));

        socket.send(&Transmit { path, contents: b"pong", segment_size: None });
        let mut answer = [0; 16];
        // A connected socket hears only what comes from 127.0.0.2.
        let len = client.recv(&mut answer).unwrap();
        assert_eq!(&answer[..len], b"pong");
    }

    #[test]
    fn an_ipv6_client_is_answered_from_the_address_it_asked() {
        let Ok(client) = UdpSocket::bind("[::1]:0") else { return };
        let mut socket = one();
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        client.connect(("::1", socket.port().unwrap())).unwrap();
        client.send(b"ping").unwrap();

        let (path, _) = receive(&mut socket, 1).remove(0);
        assert_eq!(path.remote, client.local_addr().unwrap());
        assert_eq!(path.local, Some("::1".parse().unwrap()));
        socket.send(&Transmit { path, contents: b"pong", segment_size: None });
        let mut answer = [0; 16];
        assert_eq!(client.recv(&mut answer).unwrap(), 4);
    }

    #[test]
    fn a_run_arrives_as_its_datagrams_in_order_with_a_shorter_last_one() {
        let mut socket = one();
        let mut client = one();
        let remote = SocketAddr::from(([127, 0, 0, 1], client.port().unwrap()));
        let contents: Vec<u8> = (0..150 * 1000 + 7).map(|n: u32| n.to_le_bytes()[1]).collect();
        let path = Path { remote, local: None, protocol: sfu::command::Protocol::Udp };
        socket.send(&Transmit { path, contents: &contents, segment_size: Some(1000) });

        let received = receive(&mut client, 151);
        assert!(received[..150].iter().all(|(_, datagram)| datagram.len() == 1000));
        assert_eq!(received.iter().flat_map(|(_, d)| d.clone()).collect::<Vec<u8>>(), contents);
        let statistics = socket.statistics();
        assert_eq!(statistics.datagrams_sent, 151);
        assert!(statistics.sends < 151 || socket.state.max_gso_segments() == 1);
    }

    #[test]
    fn what_the_kernel_refuses_is_counted_and_harms_nothing() {
        let mut socket = one();
        let remote = SocketAddr::from(([127, 0, 0, 1], socket.port().unwrap()));
        let path = Path { remote, local: None, protocol: sfu::command::Protocol::Udp };
        socket.send(&Transmit { path, contents: &[0; 65_530], segment_size: None });
        assert_eq!(socket.statistics().dropped_refused, 1);
        socket.send(&Transmit { path, contents: b"next", segment_size: None });
        assert_eq!(receive(&mut socket, 1)[0].1, b"next");
    }

    #[test]
    fn a_port_that_another_holds_is_refused_even_if_it_would_share() {
        let held = one();
        let error = MediaSocket::bind_all(held.port().unwrap(), 2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    }

    #[test]
    fn all_sockets_of_a_server_have_the_same_port() {
        let sockets = MediaSocket::bind_all(0, 3).unwrap();
        let ports: Vec<u16> = sockets.iter().map(|socket| socket.port().unwrap()).collect();
        assert!(ports[0] != 0 && ports.iter().all(|port| *port == ports[0]));
    }
}
