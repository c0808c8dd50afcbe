//! Clocks of CPU time, and which core a thread runs on.

use std::{io, time::Duration};

use rustix::{
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
    time::{ClockId, Timespec, clock_gettime},
};

/// CPU time of all threads of this process so far, user and system together.
pub(super) fn process_time() -> Duration {
    duration(clock_gettime(ClockId::ProcessCPUTime))
}

/// CPU time of this thread so far.
pub(super) fn thread_time() -> Duration {
    duration(clock_gettime(ClockId::ThreadCPUTime))
}

fn duration(time: Timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Who runs where. With one core there is nothing to choose, and the two disturb each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cores {
    /// The server's, and the floor's that it is compared with.
    pub(super) server: usize,
    /// The load's.
    pub(super) load: usize,
}

impl Cores {
    /// The first two cores that this thread may use.
    pub(super) fn choose() -> io::Result<Self> {
        let allowed = sched_getaffinity(None)?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let server = cores.next().unwrap_or_default();
        Ok(Self { server, load: cores.next().unwrap_or(server) })
    }
}

/// Keeps this thread, and the threads and processes it will start, on one core.
pub(super) fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    Ok(sched_setaffinity(None, &set)?)
}
