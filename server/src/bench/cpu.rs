//! Clocks of CPU time, and which core a thread runs on.

use std::{fs, io, time::Duration};

use rustix::{
    param::clock_ticks_per_second,
    thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity},
    time::{ClockId, Timespec, clock_gettime},
};
use serde::Serialize;

/// CPU time of all threads of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProcessTime {
    /// All of it, to the nanosecond.
    pub(super) total: Duration,
    /// What was spent outside the kernel, to the clock tick.
    pub(super) user: Duration,
}

impl ProcessTime {
    /// Of this process, so far.
    pub(super) fn now() -> io::Result<Self> {
        Ok(Self {
            total: duration(clock_gettime(ClockId::ProcessCPUTime)),
            user: user_time(&fs::read_to_string("/proc/self/stat")?)?,
        })
    }

    /// What was spent since an earlier moment.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            total: self.total.saturating_sub(before.total),
            user: self.user.saturating_sub(before.user),
        }
    }
}

/// The field `utime` of `/proc/<pid>/stat` (`proc_pid_stat(5)`): the fourteenth, counted in clock
/// ticks. The second is a name in parentheses, which may hold anything.
fn user_time(stat: &str) -> io::Result<Duration> {
    const FIELDS_AFTER_NAME: usize = 11;
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks = fields.split_ascii_whitespace().nth(FIELDS_AFTER_NAME);
    let ticks: u32 =
        ticks.and_then(|ticks| ticks.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let per_second = u32::try_from(clock_ticks_per_second()).unwrap_or(u32::MAX).max(1);
    Ok(Duration::from_secs(1) * ticks / per_second)
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cores {
    /// The server's, and the floor's that it is compared with.
    pub server: usize,
    /// The load's.
    pub load: usize,
}

impl Cores {
    /// The first two cores that this thread may use. To be called once: a thread that was pinned
    /// may use one.
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

/// The core that this thread runs on now.
pub(super) fn current_core() -> usize {
    sched_getcpu()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_program_does_not_confuse_its_times() {
        let stat = "42 (a) b (c) S 1 1 1 0 -1 4194560 100 0 0 0 250 30 0 0 20 0 1 0 100";
        let ticks = u32::try_from(clock_ticks_per_second()).unwrap();
        assert_eq!(user_time(stat).unwrap(), Duration::from_secs(250) / ticks);
        assert!(user_time("42 (a) S 1").is_err());
    }

    #[test]
    fn work_shows_in_the_clocks() {
        let (process, thread) = (ProcessTime::now().unwrap(), thread_time());
        while thread_time() - thread < Duration::from_millis(5) {}
        let spent = ProcessTime::now().unwrap().since(process);
        assert!(spent.total >= Duration::from_millis(5));
    }
}
