//! One publisher to many receivers: what a forwarded packet costs the server in CPU time.
//!
//! The server runs in this process on one core, the clients in another process on another core.
//! Over loopback the kernel charges the sender with a part of what the receiver costs; so it does
//! in the floor, which is measured in the same run.

use std::{
    fmt,
    io::BufReader,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio},
};

use serde::Serialize;
use sfu::command::{Command, CommandReply};
use shared::{
    ids::{ConsumerId, ProducerId, RouterId, TransportId},
    media::Source,
    signaling::Direction,
};

use super::{
    BenchError, FanoutArgs,
    cpu::{self, Cores, ProcessTime},
    floor::{self, Floor},
    load::{self, FromLoad, LoadReport, ToLoad},
};
use crate::media::{Media, MediaConfig, MediaStatistics};

const ROUTER: RouterId = RouterId(0);
const PUBLISHER: TransportId = TransportId(0);
const PRODUCER: ProducerId = ProducerId(0);

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct FanoutReport {
    /// What was asked for.
    pub settings: FanoutArgs,
    /// Packets the publisher sent.
    pub sent: u64,
    /// Packets the receivers got.
    pub delivered: u64,
    /// Packets that were due to receivers and did not arrive, in percent.
    pub lost_percent: f64,
    /// Packets that were opened and found to be what was sent.
    pub verified: u64,
    /// Packets that were opened and found to be anything else.
    pub corrupt: u64,
    /// CPU time of the server per delivered packet, in microseconds.
    pub cpu_us_per_packet: f64,
    /// The part of it that was not spent in the kernel.
    pub user_us_per_packet: f64,
    /// Share of one core that the server used, in percent.
    pub server_core_percent: f64,
    /// Datagrams that one system call sent.
    pub datagrams_per_send: f64,
    /// From the publisher's program to a receiver's, in microseconds.
    pub latency_us: Latency,
    /// What no server can do without.
    pub floor: Floor,
    /// CPU time over the floor of single sends.
    pub times_floor: f64,
}

/// A distribution in microseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Latency {
    /// Half are faster.
    pub median: u64,
    /// 99 of 100 are faster.
    pub p99: u64,
    /// The slowest.
    pub max: u64,
    /// How many were taken.
    pub samples: usize,
}

/// Measures.
///
/// # Errors
///
/// [`BenchError`] says what was in the way.
pub fn measure(args: &FanoutArgs) -> Result<FanoutReport, BenchError> {
    let cores = Cores::choose()?;
    let floor = floor::measure(usize::from(args.bytes), args.profile.into(), cores)?;
    cpu::pin(cores.server)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(Scenario::start(args, cores)?.run(floor))
}

struct Scenario<'a> {
    args: &'a FanoutArgs,
    media: Media,
    load: Load,
}

/// What was counted between two moments.
struct Window {
    cpu: ProcessTime,
    datagrams: u64,
    sends: u64,
}

impl<'a> Scenario<'a> {
    fn start(args: &'a FanoutArgs, cores: Cores) -> Result<Self, BenchError> {
        let public_ips = vec![IpAddr::V4(Ipv4Addr::LOCALHOST).into()];
        let media = Media::start(MediaConfig { port: 0, public_ips, workers: 1 })?;
        Ok(Self { args, media, load: Load::start(cores.load)? })
    }

    async fn run(mut self, floor: Floor) -> Result<FanoutReport, BenchError> {
        let consumers = self.negotiate().await?;
        self.load.tell(&ToLoad::Connect)?;
        let FromLoad::Connected = self.load.hear()? else {
            return Err(BenchError::Load("the clients did not connect"));
        };
        for consumer_id in consumers {
            self.command(Command::ResumeConsumer { consumer_id }).await?;
        }
        self.load.tell(&ToLoad::Start)?;
        let FromLoad::Measuring = self.load.hear()? else {
            return Err(BenchError::Load("the flow did not begin"));
        };
        let (before, cpu_before) = (self.media.statistics().await, ProcessTime::now()?);
        let FromLoad::Done(load) = self.load.hear()? else {
            return Err(BenchError::Load("the flow did not end"));
        };
        let cpu = ProcessTime::now()?.since(cpu_before);
        let after = self.media.statistics().await;
        let sent = |all: &MediaStatistics| {
            let sockets = all.workers.iter().map(|worker| worker.socket);
            sockets.fold((0, 0), |sum, one| (sum.0 + one.datagrams_sent, sum.1 + one.sends))
        };
        let (before, after) = (sent(&before), sent(&after));
        let window = Window { cpu, datagrams: after.0 - before.0, sends: after.1 - before.1 };
        self.media.close().await;
        Ok(report(self.args, &load, &window, floor))
    }

    async fn negotiate(&mut self) -> Result<Vec<ConsumerId>, BenchError> {
        let server = self.address()?;
        self.load.tell(&ToLoad::Plan { args: self.args.clone(), server })?;
        self.command(Command::CreateRouter { router_id: ROUTER }).await?;
        self.publish().await?;
        let mut consumers = Vec::new();
        for number in 1..=u64::from(self.args.receivers) {
            consumers.push(self.subscribe(TransportId(number), ConsumerId(number)).await?);
        }
        Ok(consumers)
    }

    fn address(&self) -> Result<SocketAddr, BenchError> {
        self.media.candidates().first().copied().ok_or(BenchError::Load("it has no server"))
    }

    async fn publish(&mut self) -> Result<(), BenchError> {
        self.create_transport(PUBLISHER, Direction::Send).await?;
        let FromLoad::Offer { sdp } = self.load.hear()? else {
            return Err(BenchError::Load("the publisher made no offer"));
        };
        let accept = Command::AcceptOffer { transport_id: PUBLISHER, sdp };
        let sdp = self.description(accept).await?;
        self.load.tell(&ToLoad::Answer { sdp })?;
        let produce = Command::Produce {
            transport_id: PUBLISHER,
            producer_id: PRODUCER,
            mid: "0".to_owned(),
            source: Source::Camera,
            paused: false,
        };
        self.command(produce).await.map(drop)
    }

    async fn subscribe(
        &mut self,
        transport_id: TransportId,
        consumer_id: ConsumerId,
    ) -> Result<ConsumerId, BenchError> {
        self.create_transport(transport_id, Direction::Recv).await?;
        let stream = "publisher".to_owned();
        let consume = Command::Consume { transport_id, consumer_id, producer_id: PRODUCER, stream };
        self.command(consume).await?;
        let sdp = self.description(Command::CreateOffer { transport_id }).await?;
        self.load.tell(&ToLoad::Offer { sdp })?;
        let FromLoad::Answer { sdp } = self.load.hear()? else {
            return Err(BenchError::Load("a receiver made no answer"));
        };
        self.command(Command::AcceptAnswer { transport_id, sdp }).await?;
        Ok(consumer_id)
    }

    async fn create_transport(
        &self,
        transport_id: TransportId,
        direction: Direction,
    ) -> Result<(), BenchError> {
        let create = Command::CreateTransport { router_id: ROUTER, transport_id, direction };
        self.command(create).await.map(drop)
    }

    async fn description(&self, command: Command) -> Result<String, BenchError> {
        match self.command(command).await? {
            CommandReply::Description(sdp) => Ok(sdp),
            _ => Err(BenchError::Load("it was given no description")),
        }
    }

    async fn command(&self, command: Command) -> Result<CommandReply, BenchError> {
        Ok(self.media.command(ROUTER, command).await?)
    }
}

/// The process with the clients.
struct Load {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Load {
    fn start(core: usize) -> Result<Self, BenchError> {
        let program = std::env::current_exe()?;
        let mut process = Process::new(program)
            .args(["bench", "load", "--core", &core.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (input, output) = pipes.ok_or(BenchError::Load("it has no pipes"))?;
        Ok(Self { process, input, output: BufReader::new(output) })
    }

    fn tell(&mut self, message: &ToLoad) -> Result<(), BenchError> {
        load::write(&mut self.input, message)
    }

    /// Waits for what the clients say; the server's threads work meanwhile.
    fn hear(&mut self) -> Result<FromLoad, BenchError> {
        load::read(&mut self.output)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // It ends by itself when its pipes close; one that hangs must not outlive its scenario.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn report(args: &FanoutArgs, load: &LoadReport, window: &Window, floor: Floor) -> FanoutReport {
    let due = load.sent * u64::from(args.receivers);
    let cpu_us_per_packet = ratio(window.cpu.total.as_nanos(), load.delivered) / 1000.0;
    FanoutReport {
        settings: args.clone(),
        sent: load.sent,
        delivered: load.delivered,
        lost_percent: 100.0 * (1.0 - ratio(load.delivered.into(), due)).max(0.0),
        verified: load.verified,
        corrupt: load.corrupt,
        cpu_us_per_packet,
        user_us_per_packet: ratio(window.cpu.user.as_nanos(), load.delivered) / 1000.0,
        server_core_percent: 100.0 * window.cpu.total.as_secs_f64() / f64::from(args.seconds),
        datagrams_per_send: ratio(window.datagrams.into(), window.sends),
        latency_us: latency(&load.latencies_us),
        times_floor: cpu_us_per_packet / floor.single_us,
        floor,
    }
}

#[expect(clippy::cast_precision_loss, reason = "what is counted here is far below 2^53")]
fn ratio(count: u128, of: u64) -> f64 {
    count as f64 / of.max(1) as f64
}

fn latency(sorted: &[u64]) -> Latency {
    let at = |percent: usize| sorted.get(sorted.len() * percent / 100).copied();
    Latency {
        median: at(50).unwrap_or_default(),
        p99: at(99).unwrap_or_default(),
        max: sorted.last().copied().unwrap_or_default(),
        samples: sorted.len(),
    }
}

impl fmt::Display for FanoutReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { settings, latency_us, floor, .. } = self;
        let (rate, receivers, burst) = (settings.rate, settings.receivers, settings.burst);
        let (bytes, profile, seconds) = (settings.bytes, settings.profile, settings.seconds);
        writeln!(
            f,
            "1 → {receivers}, {rate} packets/s in bursts of {burst}, {bytes} bytes, {profile:?}, {seconds} s"
        )?;
        writeln!(f, "  CPU per forwarded packet   {:>9.2} µs", self.cpu_us_per_packet)?;
        writeln!(f, "    of which not the kernel  {:>9.2} µs", self.user_us_per_packet)?;
        writeln!(f, "  floor: one seal, one send  {:>9.2} µs", floor.single_us)?;
        writeln!(f, "    of which the seal        {:>9.2} µs", floor.seal_us)?;
        writeln!(f, "  floor, sent in runs of {:<3} {:>9.2} µs", floor.run, floor.segmented_us)?;
        writeln!(f, "  times the first floor      {:>9.2}", self.times_floor)?;
        writeln!(f, "  datagrams per send         {:>9.1}", self.datagrams_per_send)?;
        writeln!(f, "  one core was busy          {:>9.1} %", self.server_core_percent)?;
        writeln!(f, "  delivered                  {:>9} packets", self.delivered)?;
        writeln!(f, "  lost                       {:>9.3} %", self.lost_percent)?;
        writeln!(f, "  checked, of those corrupt  {:>9} / {}", self.verified, self.corrupt)?;
        writeln!(
            f,
            "  latency median/p99/max     {:>9} / {} / {} µs",
            latency_us.median, latency_us.p99, latency_us.max
        )
    }
}
