//! The connections: opening the port, accepting within bounds, ending in time.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt;

use crate::shutdown::Shutdown;

/// Most bytes of a request's head; more is answered with 431 by the protocol library.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Most header fields of a request.
const MAX_HEADERS: usize = 100;

/// How long a head may take to arrive, and a connection may rest between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// The same for a connection that came during a shutdown, to ask how we are.
const LATE_HEAD_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the request that a connection is in the middle of has to end, once we are to stop. A
/// WebSocket is no request any more, and has its own time.
const LAST_REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// Descriptors kept back for files, media sockets, and the ends of connections that are closing.
const RESERVED_DESCRIPTORS: usize = 128;

/// Connections when the limit of descriptors says nothing: memory is the bound then.
const MAX_CONNECTIONS: usize = 65_536;

/// How long to wait before accepting again when there are no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections the system keeps waiting for us: a join storm fits.
const BACKLOG: i32 = 1024;

/// Opens a TCP port. For `::` that is IPv4 as well, and where there is no IPv6, only IPv4.
///
/// # Errors
///
/// What the system says: the port is in use, or not ours to open.
pub fn bind(host: IpAddr, port: u16) -> io::Result<TcpListener> {
    match bind_one(SocketAddr::new(host, port)) {
        Err(error) if host == IpAddr::V6(Ipv6Addr::UNSPECIFIED) && has_no_ipv6(&error) => {
            bind_one(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port))
        }
        result => result,
    }
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restarted server need not wait for the old connections to be forgotten.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn has_no_ipv6(error: &io::Error) -> bool {
    // EAFNOSUPPORT has no kind of its own.
    const EAFNOSUPPORT: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}

/// Connections that fit into a limit of open files.
#[must_use]
pub fn connections_within(descriptors: u64) -> usize {
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    descriptors.saturating_sub(RESERVED_DESCRIPTORS).clamp(1, MAX_CONNECTIONS)
}

/// Accepts connections for ever, at most `connections` at once. One more waits in the system's
/// backlog until another has ended.
///
/// During a shutdown each new connection gets one answer, so that whoever sends us work can see
/// that we are stopping.
pub async fn serve(listener: TcpListener, router: Router, connections: usize, shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(connections));
    loop {
        match accept(&listener, &places).await {
            Ok((stream, peer)) => {
                let connection = serve_connection(stream, peer, router.clone(), shutdown.clone());
                shutdown.spawn(connection);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "[SOCKET] no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(PlacedStream, SocketAddr)> {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.expect("the semaphore is never closed");
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((PlacedStream { stream, _place: place }, peer))
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::InvalidInput
    )
}

async fn serve_connection(
    stream: PlacedStream,
    peer: SocketAddr,
    router: Router,
    shutdown: Shutdown,
) {
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let is_late = shutdown.is_begun();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(!is_late)
        .header_read_timeout(if is_late { LATE_HEAD_TIMEOUT } else { HEAD_TIMEOUT })
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => Ok(result),
        () = shutdown.begun(), if !is_late => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(LAST_REQUEST_TIMEOUT, connection).await
        }
    };
    if let Ok(Err(error)) = result {
        tracing::debug!(%error, "[SOCKET] a connection ended early");
    }
}

/// A connection with its place among those that are allowed; also after it became a WebSocket.
#[derive(Debug)]
struct PlacedStream {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for PlacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for PlacedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_descriptors_are_kept_back() {
        assert_eq!(connections_within(1024), 1024 - RESERVED_DESCRIPTORS);
        assert_eq!(connections_within(64), 1);
        assert_eq!(connections_within(u64::MAX), MAX_CONNECTIONS);
    }

    #[tokio::test]
    async fn every_address_includes_ipv4() {
        let listener = bind(Ipv6Addr::UNSPECIFIED.into(), 0).unwrap();
        let port = listener.local_addr().unwrap().port();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    }

    #[tokio::test]
    async fn a_port_in_use_is_an_error() {
        let listener = bind(Ipv4Addr::LOCALHOST.into(), 0).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = bind(Ipv4Addr::LOCALHOST.into(), port).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
