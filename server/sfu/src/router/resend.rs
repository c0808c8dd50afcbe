//! How often a viewer is sent the same packet again.

use std::time::{Duration, Instant};

/// How many resends are remembered, each at the place its number selects: neighbours, which is what
/// a burst of loss is made of, never take each other's place.
const REMEMBERED: u64 = 128;

/// The most packets resent in one [`BUDGET_WINDOW`]; 1,600 a second would be 15 Mbit/s, more than a
/// viewer's whole downlink in a meeting.
const BUDGET: u32 = 160;

/// The time [`BUDGET`] is counted over.
const BUDGET_WINDOW: Duration = Duration::from_millis(100);

/// Packets asked for at once that are answered; the viewer asks again for the others.
pub const MAX_LOST: usize = 64;

/// What a viewer asks to be sent again.
#[derive(Debug, Clone, Copy)]
pub struct Lost<'a> {
    /// The packets, of which the first [`MAX_LOST`] count.
    pub numbers: &'a [u16],
    /// How often each is sent.
    pub copies: Copies,
}

/// How often what was lost is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// Once, for what is sent again arrives.
    One = 1,
    /// Twice, all of it after all of it: the way loses so much, however little is sent, that one
    /// copy is too often lost again.
    Two = 2,
    /// Three times in the same way.
    Three = 3,
}

impl Copies {
    /// What it takes on a way that loses so many thousandths of whatever is sent: of six hundred
    /// packets at most one, up to a loss of a fifth, has to be asked for twice, which is seen.
    #[must_use]
    pub const fn against(loss: u32) -> Self {
        match loss {
            0..40 => Self::One,
            40..80 => Self::Two,
            80.. => Self::Three,
        }
    }
}

/// Whether a packet is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResendDecision {
    Resend,
    /// It was resent within the last round trip, or too many others were.
    TooSoon,
}

/// What was resent lately, for one viewer of one source. Takes memory with the first resend.
#[derive(Debug, Default)]
pub(super) struct ResendLimiter {
    /// The resend of packet `n` at `n % REMEMBERED`.
    recent: Box<[Option<(u64, Instant)>]>,
    window: Option<Instant>,
    in_window: u32,
}

impl ResendLimiter {
    /// Decides for the packet with output number `index`, and remembers it if it is resent.
    pub(super) fn decide(
        &mut self,
        now: Instant,
        index: u64,
        round_trip: Duration,
    ) -> ResendDecision {
        if self.recent.is_empty() {
            self.recent = (0..REMEMBERED).map(|_| None).collect();
        }
        if self.window.is_none_or(|start| now.saturating_duration_since(start) >= BUDGET_WINDOW) {
            self.window = Some(now);
            self.in_window = 0;
        }
        let place = usize::from(super::modular::low16(index % REMEMBERED));
        let Some(last) = self.recent.get_mut(place) else {
            return ResendDecision::TooSoon;
        };
        let just_sent = last.is_some_and(|(resent, at)| {
            resent == index && now.saturating_duration_since(at) < round_trip
        });
        if just_sent || self.in_window >= BUDGET {
            return ResendDecision::TooSoon;
        }
        *last = Some((index, now));
        self.in_window += 1;
        ResendDecision::Resend
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::epoch;

    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(50);

    #[test]
    fn a_packet_is_resent_once_per_round_trip() {
        let start = epoch();
        let mut limiter = ResendLimiter::default();
        let mut decide =
            |millis| limiter.decide(start + Duration::from_millis(millis), 7, ROUND_TRIP);
        assert_eq!(decide(0), ResendDecision::Resend);
        assert_eq!(decide(49), ResendDecision::TooSoon);
        assert_eq!(decide(50), ResendDecision::Resend);
    }

    #[test]
    fn a_flood_of_requests_is_answered_within_the_budget() {
        let start = epoch();
        let mut limiter = ResendLimiter::default();
        let resent = (0..100_000u64)
            .filter(|n| {
                let now = start + Duration::from_micros(10 * n);
                limiter.decide(now, *n, ROUND_TRIP) == ResendDecision::Resend
            })
            .count();
        assert_eq!(resent, 1600);
    }
}
