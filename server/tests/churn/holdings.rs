//! What this process holds, server and clients together.

use std::{fs, time::Instant};

use open_stream::media::Media;
use sfu::WorkerStatistics;

use crate::signaling::PATIENCE;

/// What a process holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Holdings {
    descriptors: usize,
    threads: usize,
    tasks: usize,
    /// Routers, transports, producers, consumers, demultiplexer entries of all workers.
    core: [u64; 5],
}

impl Holdings {
    pub(crate) async fn of(media: &Media) -> Self {
        let report = media.statistics().await;
        let count = |number: fn(&WorkerStatistics) -> u64| {
            report.workers.iter().map(|worker| number(&worker.worker)).sum()
        };
        Self {
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
            threads: fs::read_dir("/proc/self/task").unwrap().count(),
            tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
            core: [
                count(|worker| worker.routers),
                count(|worker| worker.transports),
                count(|worker| worker.producers),
                count(|worker| worker.consumers),
                count(|worker| worker.demux_entries),
            ],
        }
    }

    /// What is held once the workers have told each other whose addresses are gone: as `expected`,
    /// or as it stays.
    pub(crate) async fn settled(media: &Media, expected: &Self) -> Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let held = Self::of(media).await;
            if held == *expected || Instant::now() >= deadline {
                return held;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// The resident set, in bytes.
pub(crate) fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
