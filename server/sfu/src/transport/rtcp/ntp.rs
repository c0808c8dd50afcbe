//! Wall-clock time as RTCP has it.

use std::time::Duration;

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

/// A duration in units of 1/65536 s, at most what 32 bits hold (18 hours).
#[must_use]
pub(super) fn to_compact(duration: Duration) -> u32 {
    u32::try_from(fixed_point(duration) >> 16).unwrap_or(u32::MAX)
}

/// Seconds as 32.32 fixed point, wrapping with the NTP era.
fn fixed_point(duration: Duration) -> u64 {
    let fraction = (u64::from(duration.subsec_nanos()) << 32) / 1_000_000_000;
    (duration.as_secs() << 32) | fraction
}
