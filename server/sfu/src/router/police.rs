//! Holds one video to the bit rate its publisher may send.

use std::time::{Duration, Instant};

use super::{ProducerKey, Router};

/// What is tolerated in the long run, in per cent of the bit rate: headers, repairs, and encoders
/// that do not hit their target.
const TOLERATED: u64 = 125;

/// What may come at once, as time at the tolerated rate: a key frame, or the burst after a stall.
const BURST: Duration = Duration::from_secs(1);

/// Once too much has come, nothing passes until so much may come at once again: room for the key
/// frame that viewers need to go on.
const RECOVERED: Duration = Duration::from_millis(500);

/// Whether a packet is within what may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Within,
    TooMuch,
}

/// Counts the bytes of one video: the generic cell rate algorithm (ITU-T I.371).
#[derive(Debug)]
pub(super) struct Policer {
    /// Bits per second.
    rate: u64,
    /// When all that came so far is paid for at the rate.
    paid_at: Option<Instant>,
    is_over: bool,
}

impl Policer {
    pub(super) fn new(bitrate: u32) -> Self {
        Self { rate: (u64::from(bitrate) * TOLERATED / 100).max(1), paid_at: None, is_over: false }
    }

    pub(super) fn admit(&mut self, now: Instant, bytes: usize) -> Verdict {
        let paid_at = self.paid_at.map_or(now, |paid_at| paid_at.max(now));
        let cost = Duration::from_micros(bytes as u64 * 8_000_000 / self.rate);
        let debt = paid_at.saturating_duration_since(now) + cost;
        self.is_over = debt > if self.is_over { RECOVERED } else { BURST };
        if self.is_over {
            return Verdict::TooMuch;
        }
        self.paid_at = Some(paid_at + cost);
        Verdict::Within
    }
}

impl Router {
    /// Stops forwarding a source whose publisher sends too much, as if it was muted, or goes on
    /// with its next key frame.
    pub(super) fn turn_excess(&mut self, now: Instant, key: ProducerKey) {
        let Some(producer) = self.producers.get_mut(key.0) else { return };
        if !producer.is_excessive {
            self.retarget(now, key);
            return;
        }
        producer.forget_wishes();
        for key in &producer.consumers {
            if let Some(consumer) = self.consumers.get_mut(key.0) {
                consumer.interrupt();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    /// Sends packets of 1,000 bytes at `bitrate` for ten seconds; returns the bits per second that
    /// passed, and how often the flow was cut.
    fn send(bitrate: u64, allowed: u32) -> (u64, u32) {
        let mut policer = Policer::new(allowed);
        let start = epoch();
        let interval = Duration::from_micros(8_000_000_000 / bitrate);
        let (mut bits, mut cuts, mut last) = (0, 0, Verdict::Within);
        for n in 0..u32::try_from(bitrate * 10 / 8_000).unwrap() {
            let verdict = policer.admit(start + interval * n, 1_000);
            bits += if verdict == Verdict::Within { 8_000 } else { 0 };
            cuts += u32::from(verdict == Verdict::TooMuch && last == Verdict::Within);
            last = verdict;
        }
        (bits / 10, cuts)
    }

    #[test]
    fn who_keeps_to_the_rate_is_never_cut() {
        assert_eq!(send(1_000_000, 1_000_000), (1_000_000, 0));
        assert_eq!(send(1_200_000, 1_000_000), (1_200_000, 0));
    }

    #[test]
    fn who_does_not_is_held_to_it_in_few_cuts() {
        for bitrate in [1_800_000, 3_000_000, 20_000_000] {
            let (passed, cuts) = send(bitrate, 1_000_000);
            assert!(passed < 1_400_000, "{passed} of {bitrate}");
            assert!(passed > 1_000_000, "{passed} of {bitrate}");
            assert!(cuts <= 30, "{cuts} cuts at {bitrate}");
        }
    }

    #[test]
    fn a_key_frame_may_come_at_once() {
        let mut policer = Policer::new(1_000_000);
        let now = epoch();
        let passed = (0..200).filter(|_| policer.admit(now, 1_000) == Verdict::Within).count();
        assert_eq!(passed, 156, "a second of 1.25 Mbit/s");
    }
}
