//! Arithmetic on the wire's counters, which wrap around.

use std::time::Duration;

/// The low 16 bits of `n`: an extended sequence number as it is on the wire.
pub(super) const fn low16(n: u64) -> u16 {
    let [.., high, low] = n.to_be_bytes();
    u16::from_be_bytes([high, low])
}

/// The low 32 bits of `n`.
pub(super) const fn low32(n: u64) -> u32 {
    let [.., a, b, c, d] = n.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// How far `b` is after `a` on the circle of 2^16 numbers; negative when before.
pub(super) const fn distance16(a: u16, b: u16) -> i16 {
    b.wrapping_sub(a).cast_signed()
}

/// How far `b` is after `a` on the circle of 2^32 numbers; negative when before.
pub(super) const fn distance32(a: u32, b: u32) -> i32 {
    b.wrapping_sub(a).cast_signed()
}

/// How far `b` is after `a` on the circle of 2^64 numbers; negative when before.
pub(super) const fn distance64(a: u64, b: u64) -> i64 {
    b.wrapping_sub(a).cast_signed()
}

/// `duration` in ticks of a clock of `rate` Hz, modulo 2^64.
pub(super) fn ticks(duration: Duration, rate: u32) -> u64 {
    let rate = u64::from(rate);
    let fraction = u64::from(duration.subsec_nanos()) * rate / 1_000_000_000;
    duration.as_secs().wrapping_mul(rate).wrapping_add(fraction)
}

/// `duration` in the 32.32 fixed-point format of NTP timestamps (RFC 3550 section 4).
pub(super) fn ntp_duration(duration: Duration) -> u64 {
    let fraction = (u64::from(duration.subsec_nanos()) << 32) / 1_000_000_000;
    (duration.as_secs() << 32).wrapping_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_shortest_ways_round() {
        assert_eq!(distance16(0xFFFF, 1), 2);
        assert_eq!(distance16(1, 0xFFFF), -2);
        assert_eq!(distance32(u32::MAX, 4), 5);
        assert_eq!(low16(0x1_2345), 0x2345);
        assert_eq!(low32(0x1_2345_6789), 0x2345_6789);
    }

    #[test]
    fn durations_convert_exactly() {
        assert_eq!(ticks(Duration::from_millis(1500), 48_000), 72_000);
        assert_eq!(ticks(Duration::from_millis(20), 90_000), 1_800);
        assert_eq!(ntp_duration(Duration::from_millis(1500)), 0x1_8000_0000);
    }
}
