//! The test is the worker, and the clients.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::Instant,
};

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);
const WORKER: WorkerIndex = WorkerIndex(0);

/// A plane with one worker, which the test is.
struct Stage {
    plane: TcpPlane,
    link: TcpLink,
    waker: Waker,
    address: SocketAddr,
}

impl Stage {
    fn new(bounds: TcpBounds) -> Self {
        let listener = listen(0).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], listener.local_addr().unwrap().port()));
        let waker = Waker::new().unwrap();
        let (plane, mut links) =
            TcpPlane::start(listener, std::slice::from_ref(&waker), bounds).unwrap();
        Self { plane, link: links.pop().unwrap().take(), waker, address }
    }

    fn client(&self) -> TcpStream {
        let client = TcpStream::connect(self.address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client
    }

    /// The next datagrams that come to the worker.
    fn received(&self) -> Vec<(Path, Vec<u8>)> {
        let deadline = Instant::now() + PATIENCE;
        let mut all = Vec::new();
        while all.is_empty() {
            assert!(Instant::now() < deadline, "nothing comes");
            let idle = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            self.waker.wait(&idle, Some(Duration::from_millis(100)));
            while self.link.receive(|path, datagram| all.push((path, datagram.to_vec())))
                == ReceivedParcel::One
            {}
        }
        all
    }

    /// A client whose check has come to the worker, which found it authentic.
    fn proven(&mut self) -> (TcpStream, Path) {
        let mut client = self.client();
        client.write_all(&framed(&check("00"))).unwrap();
        let path = self.received()[0].0;
        self.link.tell(RouteChange::Add(path, WORKER));
        (client, path)
    }

    fn send(&mut self, path: Path, contents: &[u8], segment_size: Option<usize>) {
        self.link.send(&Transmit { path, contents, segment_size });
        self.link.dispatch();
    }

    /// Waits until the statistics are as they should be.
    fn until(&self, reached: impl Fn(TcpStatistics) -> bool) -> TcpStatistics {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let statistics = self.plane.statistics();
            if reached(statistics) {
                return statistics;
            }
            assert!(Instant::now() < deadline, "it stays at {statistics:?}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.plane.ask_to_end();
    }
}

fn framed(datagram: &[u8]) -> Vec<u8> {
    let mut bytes = u16::try_from(datagram.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend_from_slice(datagram);
    bytes
}

/// A STUN binding request for a transport of the worker with this number.
fn check(worker: &str) -> Vec<u8> {
    let username = format!("{worker}abcdef:ghij");
    let mut message = vec![0, 1, 0, 4 + u8::try_from(username.len()).unwrap()];
    message.extend([0x21, 0x12, 0xa4, 0x42]);
    message.extend([9; 12]);
    message.extend([0, 6, 0, u8::try_from(username.len()).unwrap()]);
    message.extend(username.bytes());
    assert_eq!(username.len() % 4, 1);
    message.extend([0; 3]);
    message[3] += 3;
    message
}

fn next_frame(client: &mut TcpStream) -> Vec<u8> {
    let mut header = [0; 2];
    client.read_exact(&mut header).unwrap();
    let mut datagram = vec![0; usize::from(u16::from_be_bytes(header))];
    client.read_exact(&mut datagram).unwrap();
    datagram
}

fn assert_closed(client: &mut TcpStream) {
    let mut buffer = [0; 64];
    match client.read(&mut buffer) {
        Ok(0) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        other => panic!("the connection is not closed: {other:?}"),
    }
}

#[test]
fn datagrams_go_both_ways_and_a_run_is_framed_one_by_one() {
    let mut stage = Stage::new(TcpBounds::default());
    let (mut client, path) = stage.proven();
    assert_eq!(path.remote, client.local_addr().unwrap());
    assert_eq!(path.local, Some("127.0.0.1".parse().unwrap()));
    assert_eq!(path.protocol, sfu::Protocol::Tcp);
    client.write_all(&[framed(b"\x16dtls"), framed(b"\x80rtp")].concat()).unwrap();
    let mut received = stage.received();
    if received.len() < 2 {
        received.extend(stage.received());
    }
    assert_eq!(received, [(path, b"\x16dtls".to_vec()), (path, b"\x80rtp".to_vec())]);

    stage.send(path, &[[1; 10], [2; 10]].concat(), Some(10));
    stage.send(path, b"last", None);
    assert_eq!(next_frame(&mut client), [1; 10]);
    assert_eq!(next_frame(&mut client), [2; 10]);
    assert_eq!(next_frame(&mut client), b"last");
    let statistics = stage.until(|all| all.datagrams_sent == 3);
    assert_eq!((statistics.connections, statistics.proven), (1, 1));
}

#[test]
fn who_says_what_no_client_says_is_shown_the_door_without_a_byte() {
    let stage = Stage::new(TcpBounds::default());
    let strangers: [Vec<u8>; 5] = [
        framed(b"\x16\xfe\xff a ClientHello before any check"),
        framed(&check("01")),
        framed(&check("zz")),
        vec![0xff, 0xff, 0],
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ];
    for bytes in &strangers {
        let mut client = stage.client();
        client.write_all(bytes).unwrap();
        assert_closed(&mut client);
    }
    assert_eq!(stage.until(|all| all.connections == 0).expelled, strangers.len() as u64);
}

#[test]
fn who_proves_nothing_in_time_is_closed_and_who_loses_the_proof_too() {
    let deadline = Duration::from_secs(1);
    let mut stage = Stage::new(TcpBounds { proof: deadline, ..TcpBounds::default() });
    let (mut known, path) = stage.proven();
    let (mut idle, mut liar) = (stage.client(), stage.client());
    liar.write_all(&framed(&check("00"))).unwrap();
    assert_closed(&mut idle);
    assert_closed(&mut liar);
    stage.send(path, b"still here", None);
    assert_eq!(next_frame(&mut known), b"still here");
    stage.link.tell(RouteChange::Remove(path, WorkerIndex(7)));
    stage.send(path, b"not by another", None);
    assert_eq!(next_frame(&mut known), b"not by another");
    stage.link.tell(RouteChange::Remove(path, WORKER));
    stage.send(path, b"a last word", None);
    assert_eq!(next_frame(&mut known), b"a last word");
    assert_closed(&mut known);
    assert_eq!(stage.until(|all| all.connections == 0).expelled, 3);
}

#[test]
fn connections_are_bounded_and_strangers_make_room_for_strangers_only() {
    let bounds = TcpBounds { connections: 3, unproven: 2, ..TcpBounds::default() };
    let mut stage = Stage::new(bounds);
    let (mut known, path) = stage.proven();
    stage.until(|all| all.proven == 1);
    let mut first = stage.client();
    let second = stage.client();
    stage.until(|all| all.connections == 3);
    let mut third = stage.client();
    assert_closed(&mut third);
    drop(second);
    stage.until(|all| all.connections == 2);
    stage.link.tell(RouteChange::Remove(path, WORKER));
    stage.until(|all| all.proven == 0);
    // Two have proven nothing now, and the one that is the oldest is closed for a newcomer.
    let newcomer = stage.client();
    assert_closed(&mut known);
    first.write_all(&framed(&check("00"))).unwrap();
    assert_eq!(stage.received()[0].0.remote, first.local_addr().unwrap());
    drop(newcomer);
}

#[test]
fn who_does_not_read_loses_whole_datagrams_and_holds_up_nobody() {
    let mut stage = Stage::new(TcpBounds::default());
    let (mut lazy, slow_path) = stage.proven();
    let (mut lively, path) = stage.proven();
    let mut sent = 0_u32;
    while stage.plane.statistics().datagrams_dropped == 0 {
        let mut datagram = sent.to_be_bytes().to_vec();
        datagram.resize(1200, 7);
        stage.send(slow_path, &datagram, None);
        sent += 1;
        stage.send(path, &sent.to_be_bytes(), None);
        assert_eq!(next_frame(&mut lively), sent.to_be_bytes());
        assert!(sent < 100_000, "it grows without bound");
    }
    // What did arrive is whole, and in order; and once there is room, more does.
    let mut last = None;
    loop {
        let frame = next_frame(&mut lazy);
        if frame == b"again" {
            break;
        }
        assert_eq!(frame.len(), 1200);
        let number = u32::from_be_bytes(*frame.first_chunk().unwrap());
        assert!(last.is_none_or(|last| last < number));
        last = Some(number);
        if number == 100 {
            stage.until(|all| all.datagrams_dropped > 0);
        }
        if number > 100 {
            stage.send(slow_path, b"again", None);
        }
    }
}

#[test]
fn a_port_held_for_connections_is_named() {
    let held = listen(0).unwrap();
    let error = listen(held.local_addr().unwrap().port()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}
