//! Many join at once, and then sit there.

use std::{fmt, time::Duration};

use serde::Serialize;
use tokio::{task::JoinSet, time::Instant};

use super::{
    BenchError,
    args::JoinStormArgs,
    cpu::{self, Cores, ProcessTime},
    kernel,
    lobby::Lobby,
    meeting,
    progress::Progress,
    report::{Latency, ratio},
    stage::Stage,
};

/// How long the last handshakes are given to settle before idleness is measured.
const SETTLE: Duration = Duration::from_millis(500);

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct JoinStormReport {
    /// How many joined.
    pub joined: u64,
    /// How many did not get in.
    pub failed: u64,
    /// From the wish to join until both legs were connected and the consumers started, in
    /// microseconds.
    pub join_us: Latency,
    /// CPU time of the server for one join, in milliseconds.
    pub connect_ms_per_participant: f64,
    /// Memory that the server took for one participant, in kilobytes.
    pub memory_kb_per_participant: f64,
    /// CPU time of the server for each connected participant who does nothing, in microseconds a
    /// second.
    pub idle_us_per_second: f64,
}

/// Measures.
///
/// # Errors
///
/// [`BenchError`] says what was in the way.
pub(super) fn measure(cores: Cores, args: &JoinStormArgs) -> Result<JoinStormReport, BenchError> {
    let over = Duration::from_millis(args.over_ms.into());
    let idle = Duration::from_secs(args.idle_seconds.into());
    meeting::run(async {
        let title = format!("{} join within {} ms", args.joins, args.over_ms);
        let _progress = Progress::start(&title, over + SETTLE + idle);
        let stage = Stage::start(cores, args.profile)?;
        let lobby = Lobby::open(stage.clone(), args.joins, args.size).await?;
        let memory = kernel::resident_bytes()?;
        let (process, own) = (ProcessTime::now()?, cpu::thread_time());
        let (guests, mut times) = storm(&lobby, args, over).await?;
        let spent = ProcessTime::now()?.since(process).total;
        let connect = spent.saturating_sub(cpu::thread_time().saturating_sub(own));
        tokio::time::sleep(SETTLE).await;
        let memory = kernel::resident_bytes()?.saturating_sub(memory);
        let before = ProcessTime::now()?;
        tokio::time::sleep(idle).await;
        let idle_cpu = ProcessTime::now()?.since(before).total;
        stage.close().await;
        times.sort_unstable();
        let joined = guests;
        Ok(JoinStormReport {
            joined,
            failed: u64::from(args.joins) - joined,
            join_us: Latency::of(&times),
            connect_ms_per_participant: ratio(connect.as_nanos(), joined) / 1e6,
            memory_kb_per_participant: ratio(memory.into(), joined) / 1e3,
            idle_us_per_second: ratio(idle_cpu.as_nanos(), joined) / 1e3 / idle.as_secs_f64(),
        })
    })
}

/// Lets everyone join; returns how many got in, and how long it took each.
async fn storm(
    lobby: &Lobby,
    args: &JoinStormArgs,
    over: Duration,
) -> Result<(u64, Vec<u64>), BenchError> {
    let begin = Instant::now();
    let mut joining = JoinSet::new();
    for number in 0..u32::from(args.joins) {
        let (lobby, at) = (lobby.clone(), begin + over * number / u32::from(args.joins));
        joining.spawn(async move { lobby.join(number, at).await });
    }
    let mut times = Vec::new();
    while let Some(joined) = joining.join_next().await {
        if let Ok((_, time)) = joined.map_err(|_| BenchError::Load("a join panicked"))? {
            times.push(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        }
    }
    Ok((times.len() as u64, times))
}

impl fmt::Display for JoinStormReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency { median, p99, max, .. } = self.join_us;
        let millis = |micros: u64| micros / 1000;
        writeln!(f, "join storm")?;
        writeln!(f, "  joined, failed             {:>9} / {}", self.joined, self.failed)?;
        let (median, p99, max) = (millis(median), millis(p99), millis(max));
        writeln!(f, "  a join median/p99/max      {median:>9} / {p99} / {max} ms")?;
        let (connect, memory) = (self.connect_ms_per_participant, self.memory_kb_per_participant);
        writeln!(f, "  to connect a participant   {connect:>9.2} ms of CPU")?;
        writeln!(f, "  memory for a participant   {memory:>9.0} KB")?;
        writeln!(
            f,
            "  someone who is idle        {:>9.1} µs of CPU a second",
            self.idle_us_per_second
        )
    }
}
