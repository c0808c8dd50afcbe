//! Whether anything still comes over the path of the media, known long before ICE and TCP know it.

use std::time::Duration;

use super::{
    effect::{Effect, Instant, PeerId, Traffic},
    outbox::Outbox,
};

/// How often is looked.
const INTERVAL: Duration = Duration::from_millis(300);

/// So many looks in a row must have seen something come, before its absence means anything.
const STEADY: u32 = 3;

/// Silence after which the path is in doubt. Whoever sends anything but silence hears reports of it
/// ten times a second.
const HUSH: Duration = Duration::from_millis(600);

/// Silence after which a new path is looked for though the server is there.
const SILENCE: Duration = Duration::from_millis(1500);

/// Bytes sent in vain in that time, by someone who would hear reports of them: more than one is
/// sent who is silent.
const SENT_IN_VAIN: u64 = 4_000;

/// Looks now and then at what comes over one peer connection.
#[derive(Debug)]
pub(super) struct Pulse {
    look_at: Instant,
    last: Option<Beat>,
}

/// What is known of one peer connection.
#[derive(Debug)]
struct Beat {
    peer: PeerId,
    traffic: Traffic,
    /// When something was last seen to have come.
    moved_at: Instant,
    /// Looks in a row that saw something.
    moves: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Alive,
    Hushed,
    Silent,
}

/// What a look found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing that was not known.
    Nothing,
    /// Something comes.
    Alive,
    /// What came all the time does not come any more: the network may have changed.
    Hushed,
    /// It does not come for so long that the path is of no more use.
    Silent,
}

impl Pulse {
    pub(super) const fn new() -> Self {
        Self { look_at: Duration::ZERO, last: None }
    }

    /// Has the next look taken at `peer`, when it is time for it.
    pub(super) fn reconcile(&mut self, now: Instant, peer: Option<PeerId>, outbox: &mut Outbox) {
        if let Some(peer) = peer.filter(|_| self.look_at <= now) {
            self.look_at = now + INTERVAL;
            outbox.effect(Effect::Look(peer));
        }
    }

    /// When [`Self::reconcile`] has something to do without being told anything.
    pub(super) fn wake_at(&self, peer: Option<PeerId>) -> Option<Instant> {
        peer.map(|_| self.look_at)
    }

    /// Takes what was seen.
    pub(super) fn take(&mut self, now: Instant, peer: PeerId, traffic: Traffic) -> Finding {
        match &mut self.last {
            Some(beat) if beat.peer == peer => beat.take(now, traffic),
            last => {
                let (moved_at, state) = (now, State::Alive);
                *last = Some(Beat { peer, traffic, moved_at, moves: 0, state });
                Finding::Nothing
            }
        }
    }
}

impl Beat {
    fn take(&mut self, now: Instant, traffic: Traffic) -> Finding {
        if traffic.received != self.traffic.received {
            let moves = self.moves.saturating_add(1);
            *self = Self { traffic, moved_at: now, moves, state: State::Alive, ..*self };
            return Finding::Alive;
        }
        let silence = now.saturating_sub(self.moved_at);
        let in_vain = traffic.sent.saturating_sub(self.traffic.sent);
        match self.state {
            State::Alive if silence >= HUSH => {
                let was_steady = self.moves >= STEADY;
                (self.state, self.moves) = (State::Hushed, 0);
                if was_steady { Finding::Hushed } else { Finding::Nothing }
            }
            State::Hushed if silence >= SILENCE && in_vain >= SENT_IN_VAIN => {
                self.state = State::Silent;
                Finding::Silent
            }
            State::Alive | State::Hushed | State::Silent => Finding::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::signaling::Direction;

    use super::*;

    const PEER: PeerId = PeerId { direction: Direction::Send, generation: 1 };

    /// What a sequence of looks found, given what each saw of bytes sent and received.
    fn findings(looks: &[(u64, u64)]) -> Vec<Finding> {
        let mut pulse = Pulse::new();
        let mut now = Duration::from_secs(1);
        let mut take = |(sent, received): &(u64, u64)| {
            now += INTERVAL;
            pulse.take(now, PEER, Traffic { sent: *sent, received: *received })
        };
        looks.iter().map(&mut take).collect()
    }

    #[test]
    fn what_came_all_the_time_and_stops_is_soon_missed() {
        use Finding::{Alive, Hushed, Nothing, Silent};
        let looks = [
            (0, 0),
            (9_000, 1),
            (18_000, 2),
            (27_000, 3),
            (36_000, 3),
            (45_000, 3),
            (54_000, 3),
            (63_000, 3),
            (72_000, 3),
            (81_000, 3),
            (90_000, 4),
        ];
        let expected = [
            Nothing, Alive, Alive, Alive, Nothing, Hushed, Nothing, Nothing, Silent, Nothing, Alive,
        ];
        assert_eq!(findings(&looks), expected);
    }

    #[test]
    fn whoever_sends_nothing_misses_no_reports() {
        let mut looks = vec![(0, 0), (1, 1), (2, 2), (3, 3)];
        looks.extend([(60, 3); 20]);
        assert!(!findings(&looks).contains(&Finding::Silent));
    }

    #[test]
    fn what_comes_now_and_then_is_not_missed() {
        let looks: Vec<_> = (0..60).map(|look| (look * 9_000, look / 4)).collect();
        assert!(!findings(&looks).contains(&Finding::Hushed));
    }
}
