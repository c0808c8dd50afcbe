//! Media over TCP: where UDP is blocked, the same media crosses by connections to the same port.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use open_stream::bench::client::{ClientIdentity, ClientLeg, Incoming, LocalTrack};
use sfu::{
    codec::Codec,
    command::Command,
    rtp::{RtpFields, RtpPacket, RtpWriter},
    transport::srtp::{OutboundStream, SrtpProfile},
};
use shared::{media::Source, signaling::Direction};

use crate::{
    native::PATIENCE,
    room::{Room, Server},
};

const TRACK: LocalTrack = LocalTrack { codec: Codec::Opus, ssrc: 7 };
/// RFC 6544: what a description says of a way over TCP.
const CANDIDATE: &str = " tcp ";

/// A client with a connection instead of a socket: RFC 4571 around its datagrams.
struct FramedClient {
    leg: ClientLeg,
    stream: TcpStream,
    received: Vec<u8>,
}

impl FramedClient {
    fn new(sdp: &str, mut leg: ClientLeg) -> Self {
        let candidates = sdp.lines().filter(|line| line.starts_with("a=candidate:"));
        let passive = candidates.clone().find(|line| line.contains(CANDIDATE)).unwrap();
        assert!(passive.ends_with(" typ host tcptype passive"));
        let fields: Vec<&str> = passive.split(' ').collect();
        let address = format!("{}:{}", fields[4], fields[5]);
        leg.set_server(Instant::now(), sdp).unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { leg, stream, received: Vec::new() }
    }

    fn connect(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.leg.is_connected() {
            self.turn(deadline);
        }
        self.flush();
    }

    /// Does what is due, then waits for a datagram; returns the payload of a packet.
    fn turn(&mut self, deadline: Instant) -> Option<Vec<u8>> {
        let now = Instant::now();
        assert!(now < deadline, "nothing comes");
        if self.leg.poll_timeout().is_some_and(|due| due <= now) {
            self.leg.handle_timeout(now).unwrap();
        }
        self.flush();
        let mut datagram = self.next_frame()?;
        match self.leg.handle_datagram(Instant::now(), &mut datagram).unwrap() {
            Incoming::Rtp(packet) => Some(RtpPacket::parse(packet).unwrap().payload.to_vec()),
            Incoming::Rtcp(_) | Incoming::Connected | Incoming::Nothing => None,
        }
    }

    fn next_frame(&mut self) -> Option<Vec<u8>> {
        let whole = |bytes: &[u8]| {
            let length = bytes.first_chunk().map(|header| usize::from(u16::from_be_bytes(*header)));
            length.map(|length| 2 + length).filter(|length| *length <= bytes.len())
        };
        if whole(&self.received).is_none() {
            let mut buffer = [0; 4096];
            self.stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("the server closed the connection"),
                Ok(length) => self.received.extend_from_slice(&buffer[..length]),
                Err(error) => assert!(
                    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
                    "{error}"
                ),
            }
        }
        let length = whole(&self.received)?;
        Some(self.received.drain(..length).skip(2).collect())
    }

    fn flush(&mut self) {
        while let Some(datagram) = self.leg.poll_transmit() {
            self.send(&datagram);
        }
    }

    fn send(&mut self, datagram: &[u8]) {
        let length = u16::try_from(datagram.len()).unwrap().to_be_bytes();
        self.stream.write_all(&[&length, datagram].concat()).unwrap();
    }

    fn send_rtp(&mut self, stream: &mut OutboundStream, sequence: u16, payload: &[u8]) {
        let mut buffer = [0; 1500];
        let fields = RtpFields {
            marker: true,
            payload_type: TRACK.codec.payload_type(),
            ssrc: TRACK.ssrc,
            sequence,
            timestamp: u32::from(sequence) * 960,
        };
        let writer = RtpWriter::new(&mut buffer, fields).unwrap();
        let (header_len, len) = writer.finish(payload).unwrap();
        let outbound = self.leg.outbound().unwrap();
        let len = outbound.seal_rtp(stream, &mut buffer, len, header_len).unwrap();
        self.send(&buffer[..len]);
    }

    fn next_payload(&mut self) -> Vec<u8> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(payload) = self.turn(deadline) {
                return payload;
            }
        }
    }
}

fn leg() -> ClientLeg {
    let identity = std::sync::Arc::new(ClientIdentity::generate().unwrap());
    ClientLeg::new(&identity, SrtpProfile::AeadAes128Gcm).unwrap()
}

/// A connected publisher, its stream, and a connected viewer of it.
async fn pair(room: &Room) -> (FramedClient, OutboundStream, FramedClient) {
    let sends = room.transport(Direction::Send).await;
    let publisher = leg();
    let answer = room.accept_offer(sends, publisher.offer(&[TRACK])).await;
    let mut publisher = FramedClient::new(&answer, publisher);
    publisher.connect();
    let stream = publisher.leg.outbound().unwrap().stream(TRACK.ssrc).unwrap();
    let producer = room.produce(sends, "0", Source::Microphone).await;

    let receives = room.transport(Direction::Recv).await;
    let consumer_id = room.consume(receives, producer).await;
    let offer = room.offer(receives).await;
    let viewer = leg();
    room.accept_answer(receives, viewer.answer(&offer)).await;
    let mut viewer = FramedClient::new(&offer, viewer);
    viewer.connect();
    room.command(Command::ResumeConsumer { consumer_id }).await;
    (publisher, stream, viewer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_crosses_by_connections_alone() {
    // Rooms on several workers: the first check of a connection says whose it is.
    let server = Server::start(3);
    let before = Instant::now();
    let mut connected = Vec::new();
    for round in 0..3_u8 {
        let room = server.room().await;
        let (mut publisher, mut stream, mut viewer) = pair(&room).await;
        for sequence in 0..50_u8 {
            publisher.send_rtp(&mut stream, sequence.into(), &[round, sequence]);
            assert_eq!(viewer.next_payload(), [round, sequence]);
        }
        connected.push((publisher, viewer));
    }
    assert!(before.elapsed() < 3 * Duration::from_secs(5), "media flows within five seconds");
    let statistics = server.media.statistics().await;
    let datagrams = statistics.workers.iter().map(|all| all.socket.datagrams_received);
    assert_eq!(datagrams.sum::<u64>(), 0, "nothing came over UDP");
    assert_eq!(statistics.tcp.datagrams_dropped, 0);
    assert_eq!(statistics.tcp.accepted, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_transport_is_the_end_of_its_connection() {
    let server = Server::start(1);
    let room = server.room().await;
    let (publisher, _, viewer) = pair(&room).await;
    assert_eq!(server.media.statistics().await.tcp.proven, 2);
    room.command(Command::CloseRouter { router_id: room.router }).await;
    let deadline = Instant::now() + PATIENCE;
    while server.media.statistics().await.tcp.proven > 0 {
        assert!(Instant::now() < deadline, "the connections are still somebody's");
        tokio::task::yield_now().await;
    }
    drop((publisher, viewer));
}
