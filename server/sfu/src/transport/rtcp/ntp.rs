//! Wall-clock time as RTCP has it.

use std::time::{Duration, Instant};

/// Seconds from the NTP era (1900) to the Unix one (1970), RFC 5905 figure 4.
const UNIX_EPOCH_SECONDS: u64 = 2_208_988_800;

/// An NTP timestamp: seconds since 1900 in the upper 32 bits, their fraction in the lower
/// (RFC 3550 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// Joins the two words of a sender report.
    #[must_use]
    pub const fn from_parts(seconds: u32, fraction: u32) -> Self {
        Self(((seconds as u64) << 32) | fraction as u64)
    }

    /// The middle 32 bits, in units of 1/65536 s: what reports refer to it by (RFC 3550 4).
    #[must_use]
    pub fn compact(self) -> u32 {
        let [_, _, a, b, c, d, _, _] = self.0.to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

/// Turns the monotonic time this crate is told into wall-clock time. One per worker, so that
/// all the streams of a room stand on one clock; it never jumps when the machine's clock is set.
#[derive(Debug, Clone, Copy)]
pub struct WallClock {
    start: Instant,
    start_ntp: u64,
}

impl WallClock {
    /// Ties `now` to the wall-clock time `since_unix_epoch`.
    #[must_use]
    pub fn new(now: Instant, since_unix_epoch: Duration) -> Self {
        let start_ntp = fixed_point(since_unix_epoch).wrapping_add(UNIX_EPOCH_SECONDS << 32);
        Self { start: now, start_ntp }
    }

    /// The wall-clock time of `at`; of the start when `at` is before it.
    #[must_use]
    pub fn ntp(&self, at: Instant) -> NtpTime {
        let elapsed = at.saturating_duration_since(self.start);
        NtpTime(self.start_ntp.wrapping_add(fixed_point(elapsed)))
    }
}

/// The round-trip time a report block tells its stream's sender: `now` − LSR − DLSR, all in units
/// of 1/65536 s (RFC 3550 6.4.1). `None` when the reporter has no sender report yet, or when
/// clocks make it negative.
#[must_use]
pub fn round_trip(now: NtpTime, last_sr: u32, delay_since_last_sr: u32) -> Option<Duration> {
    if last_sr == 0 {
        return None;
    }
    let elapsed = now.compact().wrapping_sub(last_sr).wrapping_sub(delay_since_last_sr);
    // More than half the range is a small negative difference.
    (elapsed < 1 << 31).then(|| from_compact(elapsed))
}

/// A duration in units of 1/65536 s, at most what 32 bits hold (18 hours).
#[must_use]
pub(super) fn to_compact(duration: Duration) -> u32 {
    u32::try_from(fixed_point(duration) >> 16).unwrap_or(u32::MAX)
}

fn from_compact(units: u32) -> Duration {
    let nanoseconds = (u64::from(units) * 1_000_000_000) >> 16;
    Duration::from_nanos(nanoseconds)
}

/// Seconds as 32.32 fixed point, wrapping with the NTP era.
fn fixed_point(duration: Duration) -> u64 {
    let fraction = (u64::from(duration.subsec_nanos()) << 32) / 1_000_000_000;
    (duration.as_secs() << 32) | fraction
}
