//! Holds one video to the bit rate its publisher may send.

use std::time::{Duration, Instant};

use super::{MAX_EVENTS, ProducerKey, Router, RouterEvent};

/// What is tolerated in the long run, in per cent of the bit rate: headers, repairs, and encoders
/// that do not hit their target.
const TOLERATED: u64 = 125;

/// What may come at once, as time at the tolerated rate: a key frame, or the burst after a stall.
/// The smallest layer may have half as much more than the largest, so that it goes on when that
/// is cut.
const BURST: Duration = Duration::from_secs(1);

/// Once too much has come, nothing passes until so much may come at once again: room for the key
/// frame that viewers need to go on.
const RECOVERED: Duration = Duration::from_millis(500);

/// How often a publisher is told who goes on sending too much.
const TOLD_EVERY: Duration = Duration::from_secs(5);

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
    /// When the publisher was told last that too much came.
    told_at: Option<Instant>,
}

impl Policer {
    pub(super) fn new(bitrate: u32) -> Self {
        let rate = (u64::from(bitrate) * TOLERATED / 100).max(1);
        Self { rate, paid_at: None, told_at: None }
    }

    /// Whether the publisher is to be told now that too much comes; then they count as told.
    fn tells(&mut self, now: Instant) -> bool {
        let is_due =
            self.told_at.is_none_or(|told| now.saturating_duration_since(told) >= TOLD_EVERY);
        if is_due {
            self.told_at = Some(now);
        }
        is_due
    }

    /// Decides on a packet of a layer, 0 the smallest, of so many; `is_over` says whether there was
    /// too much of that layer just before.
    pub(super) fn admit(
        &mut self,
        now: Instant,
        bytes: usize,
        (layer, layers): (u8, usize),
        is_over: bool,
    ) -> Verdict {
        let paid_at = self.paid_at.map_or(now, |paid_at| paid_at.max(now));
        let cost = Duration::from_micros(bytes as u64 * 8_000_000 / self.rate);
        let debt = paid_at.saturating_duration_since(now) + cost;
        let largest = u32::try_from(layers.saturating_sub(1)).unwrap_or(u32::MAX);
        let below = largest.saturating_sub(u32::from(layer));
        let burst = BURST + BURST * below / (2 * largest.max(1));
        if debt > if is_over { burst.saturating_sub(RECOVERED) } else { burst } {
            return Verdict::TooMuch;
        }
        self.paid_at = Some(paid_at + cost);
        Verdict::Within
    }
}

impl Router {
    /// Stops forwarding a layer of which too much is sent, as if it was switched off, or goes on with
    /// its next key frame. The publisher is told of the former.
    pub(super) fn turn_excess(&mut self, now: Instant, key: ProducerKey, layer: u8) {
        let Some(producer) = self.producers.get_mut(key.0) else { return };
        let Some(stream) = producer.layers.get_mut(usize::from(layer)) else { return };
        if stream.is_excessive {
            stream.forget_wishes();
            if self.events.len() < MAX_EVENTS
                && producer.policer.as_mut().is_some_and(|policer| policer.tells(now))
            {
                self.events.push_back(RouterEvent::LimitExceeded { producer: key });
            }
            for key in &producer.consumers {
                let consumer = self.consumers.get_mut(key.0);
                if let Some(consumer) = consumer.filter(|one| one.stream() == Some(layer)) {
                    consumer.interrupt();
                }
            }
        }
        self.retarget(now, key);
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
        let mut admit = |now, last| policer.admit(now, 1_000, (0, 1), last == Verdict::TooMuch);
        for n in 0..u32::try_from(bitrate * 10 / 8_000).unwrap() {
            let verdict = admit(start + interval * n, last);
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
    fn who_goes_on_is_told_now_and_then() {
        let mut policer = Policer::new(1_000_000);
        let start = epoch();
        let told = (0..110_u32).filter(|n| policer.tells(start + Duration::from_millis(100) * *n));
        assert_eq!(told.collect::<Vec<_>>(), [0, 50, 100]);
    }

    #[test]
    fn a_key_frame_may_come_at_once() {
        let mut policer = Policer::new(1_000_000);
        let now = epoch();
        let mut admit = || policer.admit(now, 1_000, (0, 1), false);
        let passed = (0..200).filter(|_| admit() == Verdict::Within).count();
        assert_eq!(passed, 156, "a second of 1.25 Mbit/s");
    }

    #[test]
    fn the_largest_layer_is_cut_first() {
        let mut policer = Policer::new(1_000_000);
        let now = epoch();
        let mut admit = |layer| policer.admit(now, 1_000, (layer, 3), false);
        let passed =
            [2, 1, 0].map(|layer| (0..200).filter(|_| admit(layer) == Verdict::Within).count());
        assert_eq!(passed, [156, 39, 39]);
    }
}
