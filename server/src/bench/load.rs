//! The clients of a scenario, in a process of their own so that the server's CPU time is its own.
//!
//! The two processes talk over the pipes of the clients' process, one JSON message a line:
//!
//! | scenario | clients |
//! |---|---|
//! | [`ToLoad::Plan`] | [`FromLoad::Offer`] of the publisher |
//! | [`ToLoad::Answer`], [`ToLoad::Offer`] for each receiver | [`FromLoad::Answer`] for each |
//! | [`ToLoad::Connect`] | [`FromLoad::Connected`] |
//! | [`ToLoad::Start`] | [`FromLoad::Measuring`] after the warm-up, [`FromLoad::Done`] at the end |

use std::{
    io::{BufRead, Write},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sfu::{codec::Codec, rtp::RtpPacket};

use super::{
    BenchError, FanoutArgs,
    client::{
        ClientError, ClientIdentity, Incoming, LightClient, LocalTrack, MAX_PAYLOAD, SendTrack,
        write_vp8,
    },
    cpu,
};

/// What the publisher sends.
pub(super) const TRACK: LocalTrack = LocalTrack { codec: Codec::Vp8, ssrc: 0x0bad_cafe };
/// Bytes of a media clock of 90 kHz that pass in a second.
const CLOCK_RATE: u32 = 90_000;
/// How long the flow runs before it is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// How long late packets are waited for.
const COOL_DOWN: Duration = Duration::from_millis(300);
/// How long a client may take to connect.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// One packet of so many is opened and checked; the others are only counted, or the clients would
/// cost more than the server.
const SAMPLE: u64 = 32;
/// Samples of the latency that are kept.
const MAX_LATENCIES: usize = 1 << 20;
/// Where the send time is in a payload: behind the frame's head.
const STAMP: usize = 16;
/// More than any datagram has.
const RECEIVE_BYTES: usize = 2048;
/// Datagrams that are taken from one socket before the next one's turn.
const DATAGRAMS_PER_TURN: usize = 64;

/// What the scenario says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToLoad {
    Plan { args: FanoutArgs, server: SocketAddr },
    Answer { sdp: String },
    Offer { sdp: String },
    Connect,
    Start,
}

/// What the clients say.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromLoad {
    Offer { sdp: String },
    Answer { sdp: String },
    Connected,
    Measuring,
    Done(LoadReport),
}

/// What the clients counted while it was measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct LoadReport {
    /// Packets the publisher sent.
    pub(super) sent: u64,
    /// Packets the receivers got, all together.
    pub(super) delivered: u64,
    /// Of those, opened and found to be what was sent.
    pub(super) verified: u64,
    /// Of those, opened and found to be anything else.
    pub(super) corrupt: u64,
    /// From the publisher's send to a receiver's program, in microseconds, sorted.
    pub(super) latencies_us: Vec<u64>,
}

/// Reads one message.
pub(super) fn read<T: DeserializeOwned>(input: &mut impl BufRead) -> Result<T, BenchError> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Err(BenchError::Load("it ended"));
    }
    Ok(serde_json::from_str(&line)?)
}

/// Writes one message.
pub(super) fn write(output: &mut impl Write, message: &impl Serialize) -> Result<(), BenchError> {
    serde_json::to_writer(&mut *output, message)?;
    writeln!(output)?;
    Ok(output.flush()?)
}

/// Plays the clients of one scenario.
pub(super) fn run(
    core: usize,
    mut input: impl BufRead,
    output: &mut impl Write,
) -> Result<(), BenchError> {
    cpu::pin(core)?;
    let ToLoad::Plan { args, server } = read(&mut input)? else {
        return Err(BenchError::Load("it was told no plan"));
    };
    let mut clients = Clients::negotiate(&args, server, &mut input, output)?;
    clients.connect()?;
    write(output, &FromLoad::Connected)?;
    let ToLoad::Start = read(&mut input)? else {
        return Err(BenchError::Load("it was not told to start"));
    };
    let report = clients.flow(&args, output)?;
    write(output, &FromLoad::Done(report))
}

struct Clients {
    publisher: LightClient,
    receivers: Vec<LightClient>,
}

impl Clients {
    fn negotiate(
        args: &FanoutArgs,
        server: SocketAddr,
        input: &mut impl BufRead,
        output: &mut impl Write,
    ) -> Result<Self, BenchError> {
        let identity = Arc::new(ClientIdentity::generate().map_err(ClientError::from)?);
        let client = || LightClient::new(&identity, args.profile.into(), server);
        let mut publisher = client()?;
        write(output, &FromLoad::Offer { sdp: publisher.leg.offer(&[TRACK]) })?;
        let mut receivers = Vec::with_capacity(usize::from(args.receivers));
        loop {
            match read(input)? {
                ToLoad::Answer { sdp } => {
                    publisher.leg.set_server(Instant::now(), &sdp).map_err(ClientError::from)?;
                }
                ToLoad::Offer { sdp } => {
                    let mut receiver = client()?;
                    receiver.leg.set_server(Instant::now(), &sdp).map_err(ClientError::from)?;
                    write(output, &FromLoad::Answer { sdp: receiver.leg.answer(&sdp) })?;
                    receivers.push(receiver);
                }
                ToLoad::Connect => return Ok(Self { publisher, receivers }),
                ToLoad::Plan { .. } | ToLoad::Start => {
                    return Err(BenchError::Load("it was told things in another order"));
                }
            }
        }
    }

    fn connect(&mut self) -> Result<(), BenchError> {
        self.publisher.connect(CONNECT_PATIENCE)?;
        for receiver in &mut self.receivers {
            receiver.connect(CONNECT_PATIENCE)?;
            receiver.socket().set_nonblocking(true)?;
        }
        self.publisher.socket().set_nonblocking(true)?;
        Ok(())
    }

    /// Sends at the planned pace while it receives; counts what belongs to the measured part.
    fn flow(
        &mut self,
        args: &FanoutArgs,
        output: &mut impl Write,
    ) -> Result<LoadReport, BenchError> {
        let mut sender = Sender::new(&mut self.publisher, args)?;
        let mut tally = Tally::new(sender.begun);
        sender.run_for(WARM_UP, self, &mut tally)?;
        sender.key_frames = false;
        tally.reset();
        let sent_before = sender.sent;
        write(output, &FromLoad::Measuring)?;
        sender.run_for(Duration::from_secs(args.seconds.into()), self, &mut tally)?;
        let sent = sender.sent - sent_before;
        let deadline = Instant::now() + COOL_DOWN;
        while Instant::now() < deadline {
            self.receive_until(deadline, &mut tally)?;
        }
        Ok(tally.report(sent))
    }

    /// Takes what arrives until `deadline`.
    fn receive_until(&mut self, deadline: Instant, tally: &mut Tally) -> Result<(), BenchError> {
        let now = Instant::now();
        let wait = deadline.saturating_duration_since(now);
        let clients = || self.receivers.iter().chain([&self.publisher]);
        let mut descriptors: Vec<PollFd<'_>> =
            clients().map(|client| PollFd::new(client.socket(), PollFlags::IN)).collect();
        let timeout = Timespec::try_from(wait).unwrap_or_default();
        if let Err(error) = poll(&mut descriptors, Some(&timeout))
            && error != rustix::io::Errno::INTR
        {
            return Err(BenchError::System(error.into()));
        }
        let ready: Vec<bool> =
            descriptors.iter().map(|entry| entry.revents().contains(PollFlags::IN)).collect();
        let clients = self.receivers.iter_mut().chain([&mut self.publisher]);
        for (client, _) in clients.zip(ready).filter(|(_, ready)| *ready) {
            receive_batch(client, tally)?;
        }
        Ok(())
    }

    /// Sends the connectivity checks that keep the server's consent.
    fn keep_alive(&mut self) -> Result<(), BenchError> {
        for client in self.receivers.iter_mut().chain([&mut self.publisher]) {
            client.keep_alive()?;
        }
        Ok(())
    }
}

fn receive_batch(client: &mut LightClient, tally: &mut Tally) -> Result<(), BenchError> {
    let mut buffer = [0; RECEIVE_BYTES];
    for _ in 0..DATAGRAMS_PER_TURN {
        let Ok(length) = client.socket().recv(&mut buffer) else { return Ok(()) };
        let datagram = buffer.get_mut(..length).unwrap_or_default();
        let is_rtp = matches!(datagram, [128..=191, kind, ..] if !(192..=223).contains(kind));
        if is_rtp && !tally.count() {
            continue;
        }
        if let Incoming::Rtp(packet) =
            client.leg.handle_datagram(Instant::now(), datagram).map_err(ClientError::from)?
        {
            tally.check(packet);
        }
    }
    Ok(())
}

/// The publisher's pace.
struct Sender {
    track: SendTrack,
    burst: u16,
    interval: Duration,
    begun: Instant,
    next: Instant,
    payload: [u8; MAX_PAYLOAD],
    payload_len: usize,
    key_frames: bool,
    sent: u64,
}

impl Sender {
    fn new(publisher: &mut LightClient, args: &FanoutArgs) -> Result<Self, BenchError> {
        let track = SendTrack::new(publisher, TRACK, CLOCK_RATE / args.rate.max(1))?;
        let begun = Instant::now();
        Ok(Self {
            track,
            burst: args.burst,
            interval: Duration::from_secs(1) * u32::from(args.burst) / args.rate,
            begun,
            next: begun,
            payload: [0x5a; MAX_PAYLOAD],
            payload_len: usize::from(args.bytes),
            // Whoever comes in during the warm-up has a picture to begin with.
            key_frames: true,
            sent: 0,
        })
    }

    fn run_for(
        &mut self,
        duration: Duration,
        clients: &mut Clients,
        tally: &mut Tally,
    ) -> Result<(), BenchError> {
        let end = self.next + duration;
        while self.next < end {
            clients.receive_until(self.next, tally)?;
            if Instant::now() >= self.next {
                self.send_burst(&mut clients.publisher)?;
                self.next += self.interval;
                clients.keep_alive()?;
            }
        }
        Ok(())
    }

    fn send_burst(&mut self, publisher: &mut LightClient) -> Result<(), BenchError> {
        for _ in 0..self.burst {
            write_vp8(&mut self.payload, self.key_frames);
            let stamp = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            if let Some(place) = self.payload.get_mut(STAMP..STAMP + 8) {
                place.copy_from_slice(&stamp.to_be_bytes());
            }
            let payload = self.payload.get(..self.payload_len).unwrap_or_default();
            self.track.send(publisher, payload)?;
            self.sent += 1;
        }
        Ok(())
    }
}

/// Counts what the receivers get.
struct Tally {
    begun: Instant,
    since_us: u64,
    report: LoadReport,
}

impl Tally {
    fn new(begun: Instant) -> Self {
        Self { begun, since_us: 0, report: LoadReport::default() }
    }

    /// Forgets the warm-up.
    fn reset(&mut self) {
        self.report = LoadReport::default();
        self.since_us = self.now_us();
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Counts a packet; returns whether it shall be opened.
    fn count(&mut self) -> bool {
        self.report.delivered += 1;
        self.report.delivered.is_multiple_of(SAMPLE)
    }

    fn check(&mut self, packet: &[u8]) {
        let Ok(packet) = RtpPacket::parse(packet) else {
            self.report.corrupt += 1;
            return;
        };
        let stamp = packet.payload.get(STAMP..STAMP + 8).and_then(|b| b.try_into().ok());
        let body = packet.payload.get(STAMP + 8..).unwrap_or_default();
        match stamp.map(u64::from_be_bytes) {
            Some(stamp) if body.iter().all(|byte| *byte == 0x5a) => {
                self.report.verified += 1;
                if stamp >= self.since_us && self.report.latencies_us.len() < MAX_LATENCIES {
                    self.report.latencies_us.push(self.now_us().saturating_sub(stamp));
                }
            }
            Some(_) | None => self.report.corrupt += 1,
        }
    }

    fn report(mut self, sent: u64) -> LoadReport {
        self.report.latencies_us.sort_unstable();
        LoadReport { sent, ..self.report }
    }
}
