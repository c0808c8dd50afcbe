//! What a flow of media came to.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::{cpu::Cores, floor::Floor, meeting::Meeting, stage::Measured};

/// From this share of a core on, the clients may be what limits the result.
const SATURATED_PERCENT: f64 = 90.0;
/// What may be lost, in percent.
pub(super) const TOLERATED_LOSS_PERCENT: f64 = 0.1;
/// What 99 of 100 packets may take, in microseconds.
pub(super) const TOLERATED_LATENCY_US: u64 = 5_000;

/// What was measured while media flowed.
#[derive(Debug, Clone, Serialize)]
pub struct FlowReport {
    /// What it was, in words.
    pub scenario: String,
    /// Everybody, in all rooms.
    pub participants: u64,
    /// Seconds that were measured.
    pub seconds: f64,
    /// Packets that the publishers sent.
    pub sent: u64,
    /// Packets that the receivers got.
    pub delivered: u64,
    /// Packets that were due to receivers and did not reach their sockets, in percent.
    pub lost_percent: f64,
    /// Of those, datagrams that the server was too slow to read.
    pub unread_by_server: u64,
    /// Datagrams that the clients were too slow to read.
    pub unread_by_clients: u64,
    /// Packets that were opened and found to be what was sent.
    pub verified: u64,
    /// Packets that were opened and found to be anything else.
    pub corrupt: u64,
    /// Packets that were forwarded in a second.
    pub packets_per_second: f64,
    /// CPU time of the server per forwarded packet, in microseconds.
    pub cpu_us_per_packet: f64,
    /// The part of it that was not spent in the kernel.
    pub user_us_per_packet: f64,
    /// What one core would forward at that cost.
    pub packets_per_core_second: f64,
    /// Where the two ran; on one core each is in the other's way.
    pub cores: Cores,
    /// Share of one core that the server used, in percent.
    pub server_core_percent: f64,
    /// Share of one core that the clients used, in percent.
    pub clients_core_percent: f64,
    /// Whether the clients may be what limits the result.
    pub clients_saturated: bool,
    /// Datagrams that one system call sent.
    pub datagrams_per_send: f64,
    /// From the publisher's program to a receiver's, in microseconds.
    pub latency_us: Latency,
    /// CPU time of the server to connect one participant, in milliseconds.
    pub connect_ms_per_participant: f64,
    /// Memory that the server took for one participant, in kilobytes.
    pub memory_kb_per_participant: f64,
    /// What no server can do without.
    pub floor: Floor,
    /// CPU time over the floor of single sends.
    pub times_floor: f64,
}

/// What it took to bring everyone in.
pub(super) struct Setup {
    pub(super) memory_before: u64,
    /// CPU time of the server, without this program's part in it.
    pub(super) connect_cpu: Duration,
}

impl FlowReport {
    pub(super) fn new(
        meeting: &Meeting,
        setup: &Setup,
        memory: u64,
        flow: &Measured,
        floor: Floor,
    ) -> Self {
        let load = &flow.load;
        let (due, participants) = (load.sent * meeting.receivers(), meeting.participants());
        let (seconds, cpu) = (flow.time.as_secs_f64(), flow.cpu.total.as_secs_f64());
        let missing = due.saturating_sub(load.delivered + load.unread);
        let cpu_us_per_packet = ratio(flow.cpu.total.as_nanos(), load.delivered) / 1000.0;
        let is_late = load.late * 100 > load.sent;
        Self {
            scenario: meeting.title.clone(),
            participants,
            seconds,
            sent: load.sent,
            delivered: load.delivered,
            lost_percent: 100.0 * ratio(missing.into(), due),
            unread_by_server: flow.unread,
            unread_by_clients: load.unread,
            verified: load.verified,
            corrupt: load.corrupt,
            packets_per_second: ratio(load.delivered.into(), 1) / seconds,
            cpu_us_per_packet,
            user_us_per_packet: ratio(flow.cpu.user.as_nanos(), load.delivered) / 1000.0,
            packets_per_core_second: 1e6 / cpu_us_per_packet.max(1e-3),
            cores: flow.cores,
            server_core_percent: 100.0 * cpu / seconds,
            clients_core_percent: load.core_percent,
            clients_saturated: is_late || load.core_percent > SATURATED_PERCENT,
            datagrams_per_send: ratio(flow.datagrams.into(), flow.sends),
            latency_us: Latency::of(&load.latencies_us),
            connect_ms_per_participant: ratio(setup.connect_cpu.as_nanos(), participants) / 1e6,
            memory_kb_per_participant: ratio(memory.into(), participants) / 1e3,
            times_floor: cpu_us_per_packet / floor.single_us,
            floor,
        }
    }

    /// Whether everyone got everything, in time.
    pub(super) fn holds(&self) -> bool {
        self.lost_percent <= TOLERATED_LOSS_PERCENT
            && self.latency_us.p99 <= TOLERATED_LATENCY_US
            && self.corrupt == 0
    }
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

impl Latency {
    /// Of sorted samples.
    pub(super) fn of(sorted: &[u64]) -> Self {
        let at = |percent: usize| sorted.get(sorted.len() * percent / 100).copied();
        Self {
            median: at(50).unwrap_or_default(),
            p99: at(99).unwrap_or_default(),
            max: sorted.last().copied().unwrap_or_default(),
            samples: sorted.len(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "what is counted here is far below 2^53")]
pub(super) fn ratio(count: u128, of: u64) -> f64 {
    count as f64 / of.max(1) as f64
}

impl fmt::Display for FlowReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { latency_us, floor, .. } = self;
        writeln!(f, "{}, {:.0} s", self.scenario, self.seconds)?;
        writeln!(f, "  CPU per forwarded packet   {:>9.2} µs", self.cpu_us_per_packet)?;
        writeln!(f, "    of which not the kernel  {:>9.2} µs", self.user_us_per_packet)?;
        writeln!(f, "  floor: one seal, one send  {:>9.2} µs", floor.single_us)?;
        writeln!(f, "    of which the seal        {:>9.2} µs", floor.seal_us)?;
        writeln!(f, "  floor, sent in runs of {:<3} {:>9.2} µs", floor.run, floor.segmented_us)?;
        writeln!(f, "  times the first floor      {:>9.2}", self.times_floor)?;
        writeln!(f, "  forwarded                  {:>9.0} packets/s", self.packets_per_second)?;
        writeln!(
            f,
            "  at that cost, on one core  {:>9.0} packets/s",
            self.packets_per_core_second
        )?;
        writeln!(f, "  datagrams per send         {:>9.1}", self.datagrams_per_send)?;
        writeln!(f, "  the server used            {:>9.1} % of a core", self.server_core_percent)?;
        writeln!(f, "  the clients used           {:>9.1} % of a core", self.clients_core_percent)?;
        writeln!(f, "  delivered                  {:>9} packets", self.delivered)?;
        writeln!(f, "  lost                       {:>9.3} %", self.lost_percent)?;
        writeln!(f, "  checked, of those corrupt  {:>9} / {}", self.verified, self.corrupt)?;
        let Latency { median, p99, max, .. } = latency_us;
        writeln!(f, "  latency median/p99/max     {median:>9} / {p99} / {max} µs")?;
        let (connect, memory) = (self.connect_ms_per_participant, self.memory_kb_per_participant);
        writeln!(f, "  to connect a participant   {connect:>9.2} ms of CPU")?;
        writeln!(f, "  memory for a participant   {memory:>9.0} KB")?;
        if self.cores.server == self.cores.load {
            writeln!(f, "  Server and clients had one core between them: latency says nothing.")?;
        }
        if self.clients_saturated {
            writeln!(
                f,
                "  The clients could not keep their pace: the server may be able to do more."
            )?;
        }
        Ok(())
    }
}
