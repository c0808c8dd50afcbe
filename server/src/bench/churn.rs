//! People come and go all the time.

use std::{fmt, time::Duration};

use serde::Serialize;
use tokio::{task::JoinSet, time::Instant};

use super::{
    BenchError,
    args::ChurnArgs,
    cpu::{self, Cores, ProcessTime},
    kernel,
    lobby::Lobby,
    meeting,
    progress::Progress,
    report::{Latency, ratio},
    stage::Stage,
};

/// How long the last goodbyes are given.
const SETTLE: Duration = Duration::from_millis(500);

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct ChurnReport {
    /// How many joined and left again.
    pub visits: u64,
    /// How many did not get in.
    pub failed: u64,
    /// From the wish to join until both legs were connected, in microseconds.
    pub join_us: Latency,
    /// CPU time of the server for one visit, in milliseconds.
    pub cpu_ms_per_visit: f64,
    /// By how much the memory grew in the second half, in bytes for each visit of it.
    pub growth_bytes_per_visit: f64,
    /// Transports, producers and consumers that were left behind when all had gone.
    pub left_behind: u64,
}

/// Measures.
///
/// # Errors
///
/// [`BenchError`] says what was in the way.
pub(super) fn measure(cores: Cores, args: &ChurnArgs) -> Result<ChurnReport, BenchError> {
    let time = Duration::from_secs(args.seconds.into());
    meeting::run(async {
        let title = format!("{} come and go every second", args.rate);
        let stay = Duration::from_millis(args.stay_ms.into());
        let _progress = Progress::start(&title, time + stay + SETTLE);
        let stage = Stage::start(cores, args.profile)?;
        let present = u64::from(args.rate) * u64::from(args.stay_ms) / 1000;
        let present = u16::try_from(present).unwrap_or(u16::MAX).max(args.size);
        let lobby = Lobby::open(stage.clone(), present, args.size).await?;
        let (process, own) = (ProcessTime::now()?, cpu::thread_time());
        let visits = args.rate * u32::from(args.seconds);
        let half = visit_all(&lobby, args, 0..visits / 2, time / 2).await?;
        let memory = kernel::resident_bytes()?;
        let rest = visit_all(&lobby, args, visits / 2..visits, time - time / 2).await?;
        tokio::time::sleep(SETTLE).await;
        let grown = kernel::resident_bytes()?.saturating_sub(memory);
        let spent = ProcessTime::now()?.since(process).total;
        let spent = spent.saturating_sub(cpu::thread_time().saturating_sub(own));
        let left_behind = stage.left_behind().await;
        stage.close().await;
        let second_half = rest.len() as u64;
        let mut times = half;
        times.extend(rest);
        times.sort_unstable();
        let done = times.len() as u64;
        Ok(ChurnReport {
            visits: done,
            failed: u64::from(visits) - done,
            join_us: Latency::of(&times),
            cpu_ms_per_visit: ratio(spent.as_nanos(), done) / 1e6,
            growth_bytes_per_visit: ratio(grown.into(), second_half),
            left_behind,
        })
    })
}

/// Lets visitors come at even distances, stay and leave; returns how long the joins took of those
/// who got in.
async fn visit_all(
    lobby: &Lobby,
    args: &ChurnArgs,
    numbers: std::ops::Range<u32>,
    over: Duration,
) -> Result<Vec<u64>, BenchError> {
    let (begin, first) = (Instant::now(), numbers.start);
    let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX).max(1);
    let stay = Duration::from_millis(args.stay_ms.into());
    let mut visits = JoinSet::new();
    for number in numbers {
        let (lobby, at) = (lobby.clone(), begin + over * (number - first) / count);
        visits.spawn(async move {
            let (guest, time) = lobby.join(number, at).await?;
            tokio::time::sleep_until(at + stay).await;
            lobby.leave(guest).await?;
            Ok::<_, BenchError>(time)
        });
    }
    let mut times = Vec::new();
    while let Some(visit) = visits.join_next().await {
        if let Ok(time) = visit.map_err(|_| BenchError::Load("a visit panicked"))? {
            times.push(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        }
    }
    Ok(times)
}

impl fmt::Display for ChurnReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency { median, p99, max, .. } = self.join_us;
        writeln!(f, "coming and going")?;
        writeln!(f, "  visits, failed             {:>9} / {}", self.visits, self.failed)?;
        let (median, p99, max) = (median / 1000, p99 / 1000, max / 1000);
        writeln!(f, "  a join median/p99/max      {median:>9} / {p99} / {max} ms")?;
        writeln!(f, "  a visit                    {:>9.2} ms of CPU", self.cpu_ms_per_visit)?;
        let growth = self.growth_bytes_per_visit;
        writeln!(f, "  memory grew by             {growth:>9.0} bytes a visit")?;
        writeln!(f, "  left behind at the end     {:>9}", self.left_behind)
    }
}
