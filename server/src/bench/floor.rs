//! What no server can do without: to seal each packet and to send it.
//!
//! Measured on the server's core with the server's own cipher and system calls, towards as many
//! sockets as a server would have, which a thread on the load's core empties.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use quinn_udp::{Transmit, UdpSocketState};
use serde::Serialize;
use sfu::{
    rtp::{RtpFields, RtpWriter},
    transport::srtp::{MAX_RTP_OVERHEAD, OutboundStream, SrtpKeys, SrtpOutbound, SrtpProfile},
};

use super::{
    BenchError,
    client::ClientError,
    cpu::{self, Cores},
};

/// Packets that are sealed and sent for each number; at 1 µs each a fifth of a second. A build for
/// debugging has no figures worth waiting for.
const PACKETS: u32 = if cfg!(debug_assertions) { 20_000 } else { 200_000 };
/// Sockets that receive.
const SINKS: usize = 50;
/// Datagrams of one segmented send.
const RUN: usize = 16;
/// More than any packet has.
const PACKET_BYTES: usize = 1400;

/// CPU time per packet, in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Floor {
    /// One seal and one send.
    pub single_us: f64,
    /// One seal, and one send for [`Self::run`] packets to the same receiver.
    pub segmented_us: f64,
    /// The seal alone.
    pub seal_us: f64,
    /// Packets of one segmented send.
    pub run: usize,
}

/// Measures the floor of packets with `payload_bytes` of media.
///
/// # Errors
///
/// When sockets, threads or cryptography fail.
pub(super) fn measure(
    payload_bytes: usize,
    profile: SrtpProfile,
    cores: Cores,
) -> Result<Floor, BenchError> {
    cpu::pin(cores.server)?;
    let mut packets = Packets::new(payload_bytes, profile)?;
    let sinks = Sinks::start(cores.load)?;
    let sender = Sender::new()?;
    let seal = timed(PACKETS, |_| packets.seal().map(drop))?;
    let single = timed(PACKETS, |number| {
        let packet = packets.seal()?;
        sender.send(sinks.address(number), packet, None)
    })?;
    let run = RUN.min(sender.state.max_gso_segments());
    let runs = PACKETS / u32::try_from(run).unwrap_or(1);
    let mut contents = Vec::new();
    let segmented = timed(runs, |number| {
        contents.clear();
        let mut len = 0;
        for _ in 0..run {
            let packet = packets.seal()?;
            len = packet.len();
            contents.extend_from_slice(packet);
        }
        sender.send(sinks.address(number), &contents, Some(len))
    })?;
    Ok(Floor {
        single_us: micros(single, PACKETS),
        segmented_us: micros(segmented, PACKETS),
        seal_us: micros(seal, PACKETS),
        run,
    })
}

/// CPU time of this thread for `count` turns.
fn timed(
    count: u32,
    mut turn: impl FnMut(u32) -> Result<(), BenchError>,
) -> Result<Duration, BenchError> {
    let before = cpu::thread_time();
    for number in 0..count {
        turn(number)?;
    }
    Ok(cpu::thread_time().saturating_sub(before))
}

fn micros(time: Duration, packets: u32) -> f64 {
    time.as_secs_f64() * 1e6 / f64::from(packets)
}

/// Packets of one stream, one after the other.
struct Packets {
    outbound: SrtpOutbound,
    stream: OutboundStream,
    fields: RtpFields,
    payload: Vec<u8>,
    buffer: [u8; PACKET_BYTES],
}

impl Packets {
    fn new(payload_bytes: usize, profile: SrtpProfile) -> Result<Self, BenchError> {
        let material: Vec<u8> = (0..=u8::MAX).take(profile.keying_material_len()).collect();
        let keys = SrtpKeys::from_exporter(profile, &material).map_err(ClientError::from)?;
        let (_, mut outbound) = keys.for_server().map_err(ClientError::from)?;
        let fields = RtpFields { payload_type: 96, ssrc: 1, ..RtpFields::default() };
        let stream = outbound.stream(fields.ssrc).map_err(ClientError::from)?;
        let payload = vec![0x5a; payload_bytes.min(PACKET_BYTES - 64 - MAX_RTP_OVERHEAD)];
        Ok(Self { outbound, stream, fields, payload, buffer: [0; PACKET_BYTES] })
    }

    fn seal(&mut self) -> Result<&[u8], BenchError> {
        let packet = RtpWriter::new(&mut self.buffer, self.fields)
            .and_then(|writer| writer.finish(&self.payload));
        let (header_len, len) =
            packet.ok_or(io::ErrorKind::InvalidInput).map_err(io::Error::from)?;
        self.fields.sequence = self.fields.sequence.wrapping_add(1);
        let sealed = self.outbound.seal_rtp(&mut self.stream, &mut self.buffer, len, header_len);
        let len = sealed.map_err(ClientError::from)?;
        Ok(self.buffer.get(..len).unwrap_or_default())
    }
}

struct Sender {
    socket: UdpSocket,
    state: UdpSocketState,
}

impl Sender {
    fn new() -> Result<Self, BenchError> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let state = UdpSocketState::new((&socket).into())?;
        Ok(Self { socket, state })
    }

    fn send(
        &self,
        destination: SocketAddr,
        contents: &[u8],
        segment_size: Option<usize>,
    ) -> Result<(), BenchError> {
        let transmit = Transmit { destination, ecn: None, contents, segment_size, src_ip: None };
        match self.state.try_send((&self.socket).into(), &transmit) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Sockets that receive and forget.
struct Sinks {
    addresses: Vec<SocketAddr>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sinks {
    fn start(core: usize) -> Result<Self, BenchError> {
        let sockets: io::Result<Vec<UdpSocket>> = (0..SINKS)
            .map(|_| {
                let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
                socket.set_nonblocking(true)?;
                Ok(socket)
            })
            .collect();
        let sockets = sockets?;
        let addresses: io::Result<Vec<SocketAddr>> =
            sockets.iter().map(UdpSocket::local_addr).collect();
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let thread = thread::Builder::new().name("sinks".to_owned()).spawn(move || {
            // On the server's core it would only disturb; the measurement says so by its noise.
            let _ = cpu::pin(core);
            while !stop.load(Ordering::Relaxed) {
                drain(&sockets);
            }
        })?;
        Ok(Self { addresses: addresses?, over, thread: Some(thread) })
    }

    fn address(&self, number: u32) -> SocketAddr {
        let index = usize::try_from(number).unwrap_or_default() % self.addresses.len().max(1);
        self.addresses.get(index).copied().unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 9).into())
    }
}

impl Drop for Sinks {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

/// Drops what has come. It never sleeps: to wake a sleeper would be charged to the sender.
fn drain(sockets: &[UdpSocket]) {
    let mut buffer = [0; PACKET_BYTES];
    for socket in sockets {
        while socket.recv(&mut buffer).is_ok() {}
    }
    thread::yield_now();
}
