//! The estimate: up slowly, down at once.
//!
//! The frame is that of draft-ietf-rmcat-gcc-02 section 5.5: below the rate of delivery when a queue
//! stands, up by eight per cent a second while the link is used and none does, and carefully where
//! it ended last time.

use super::{loss::LossMeter, percent};

/// The estimate at the first report. A room's worth of small pictures; who has less shows within a
/// second.
const START: u64 = 2_000_000;

/// The least: a voice.
const FLOOR: u64 = 64_000;

/// The least that a queue alone can show, or loss that leaves most: a voice with redundancy and a
/// small picture. A link that carries less delivers less than it is sent, or loses most of it; one
/// that jitters or is bad by itself does neither.
const MODEST: u64 = 250_000;

/// The most: what one viewer can be sent in the largest room.
const CEILING: u64 = 100_000_000;

/// What is left of the rate of delivery when a queue stands, in per cent, and when it is long and
/// has to go before voices can be understood again.
const BACK_OFF: u64 = 85;
const BACK_OFF_FAR: u64 = 70;

/// What a picture that needs repairs takes at most, in per cent of one that does not: one packet in
/// four twice more.
const REPAIRED: u64 = 150;

/// A queue that is long, in microseconds.
const LONG_QUEUE: i64 = 200_000;

/// Time a decrease is given to take effect, in microseconds: a switch to another layer waits for a
/// key frame.
const RESPONSE: i64 = 400_000;

/// A queue that still stands after this time, in microseconds, although less is sent and all of it
/// arrives, is not ours.
const REBASE: i64 = 1_200_000;

/// Such a queue may have grown by this noise, in microseconds.
const REBASE_NOISE: i64 = 10_000;

/// How long a link counts as limited after a decrease, in microseconds.
const LIMITED: i64 = 30_000_000;

/// Growth of the estimate, in thousandths a second, and near the rate where it ended last time.
const GROWTH: u64 = 80;
const CAREFUL_GROWTH: u64 = 30;

/// What one window shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence {
    pub(super) queue: super::QueueState,
    /// How long packets wait, in microseconds.
    pub(super) queueing: i64,
    /// Bits per second that arrive, and that were sent.
    pub(super) delivered: u64,
    pub(super) sent: u64,
    /// Bits per second without which a picture would have to go.
    pub(super) least: u64,
    /// The number of the next packet.
    pub(super) next: u64,
}

/// What [`RateController::update`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The estimate is as it was, or more.
    Fine,
    Decreased,
    /// The queue is not ours: its delay is the way's own from now on.
    NotOurQueue,
}

#[derive(Debug)]
pub(super) struct RateController {
    estimate: u64,
    updated: i64,
    decreased: Option<Decrease>,
}

/// The last decrease.
#[derive(Debug, Clone, Copy)]
struct Decrease {
    at: i64,
    /// When the first one for the same queue was.
    since: i64,
    delivered: u64,
    queueing: i64,
}

impl RateController {
    pub(super) const fn new(time: i64) -> Self {
        Self { estimate: START, updated: time, decreased: None }
    }

    pub(super) const fn estimate(&self) -> u64 {
        self.estimate
    }

    /// Whether the link has never shown a limit: the estimate is a first guess, or more.
    pub(super) const fn is_unchallenged(&self) -> bool {
        self.decreased.is_none()
    }

    /// Whether the link was at its limit a while ago.
    pub(super) fn was_limited(&self, time: i64) -> bool {
        self.decreased.is_some_and(|last| time - last.at < LIMITED)
    }

    /// Takes a rate that the link was seen to carry.
    pub(super) fn raise_to(&mut self, found: u64) {
        self.estimate = self.estimate.max(found).min(CEILING);
    }

    pub(super) fn update(
        &mut self,
        time: i64,
        evidence: &Evidence,
        loss: &mut LossMeter,
    ) -> Verdict {
        let elapsed = (time - self.updated).clamp(0, 1_000_000).unsigned_abs();
        self.updated = time;
        let is_settled = evidence.sent <= percent(self.estimate, 110);
        let too_much_loss = loss.judge(time, is_settled);
        match evidence.queue {
            super::QueueState::Standing => self.queue_stands(time, evidence, loss),
            super::QueueState::Suspected | super::QueueState::Draining => Verdict::Fine,
            super::QueueState::Empty => match too_much_loss {
                Some(lost) => {
                    loss.restart(time, evidence.next, true);
                    self.lower_for_loss(time, evidence, u64::from(lost))
                }
                None if loss.is_excessive() => Verdict::Fine,
                None => {
                    self.grow(elapsed, evidence);
                    Verdict::Fine
                }
            },
        }
    }

    fn queue_stands(&mut self, time: i64, evidence: &Evidence, loss: &mut LossMeter) -> Verdict {
        // A queue that never went is the same one.
        let last = self.decreased.filter(|last| time - last.at < 2 * REBASE);
        if let Some(last) = last {
            if time - last.at < RESPONSE {
                return Verdict::Fine;
            }
            let all_arrives = evidence.delivered >= percent(evidence.sent, 93);
            let less_is_sent = evidence.sent <= percent(last.delivered, 95);
            let is_no_longer = evidence.queueing <= last.queueing + REBASE_NOISE;
            if time - last.since > REBASE && all_arrives && less_is_sent && is_no_longer {
                return Verdict::NotOurQueue;
            }
        }
        loss.restart(time, evidence.next, false);
        let far = evidence.queueing > LONG_QUEUE;
        let target = percent(evidence.delivered, if far { BACK_OFF_FAR } else { BACK_OFF });
        // When little is sent, the queue says little about what the link could carry.
        let is_used = evidence.sent >= percent(self.estimate, 60);
        let target = if is_used { target } else { target.max(self.estimate / 2) };
        let is_short = is_used && evidence.delivered < percent(evidence.sent, 93);
        self.lower_to(if is_short { target } else { target.max(MODEST) });
        let since = last.map_or(time, |last| last.since);
        let (delivered, queueing) = (evidence.delivered, evidence.queueing);
        self.decreased = Some(Decrease { at: time, since, delivered, queueing });
        Verdict::Decreased
    }

    /// Goes down by half the loss, or at once to what arrives when most is lost: a policed link. As
    /// long as most arrives, no picture goes: it is repaired, and its absence would prove nothing.
    fn lower_for_loss(&mut self, time: i64, evidence: &Evidence, lost: u64) -> Verdict {
        const MOST: u64 = 300;
        let Evidence { delivered, sent, queueing, least, .. } = *evidence;
        let target = if lost > MOST {
            delivered
        } else {
            let less = self.estimate.min(sent.max(delivered)) * (2000 - lost) / 2000;
            less.max(MODEST).max(percent(least, REPAIRED))
        };
        self.lower_to(target);
        self.decreased = Some(Decrease { at: time, since: time, delivered, queueing });
        Verdict::Decreased
    }

    fn lower_to(&mut self, target: u64) {
        self.estimate = self.estimate.min(target).max(FLOOR);
    }

    /// Grows while the link is used: what is not used has not been shown to be there.
    fn grow(&mut self, elapsed: u64, evidence: &Evidence) {
        if evidence.sent < percent(self.estimate, 80) {
            return;
        }
        let ended = self.decreased.map_or(0, |last| last.delivered);
        let is_near = (percent(ended, 75)..percent(ended, 120)).contains(&self.estimate);
        let growth = if is_near { CAREFUL_GROWTH } else { GROWTH };
        let grown = self.estimate + self.estimate * growth / 1000 * elapsed / 1_000_000;
        let most = percent(evidence.delivered, 150).max(self.estimate);
        self.estimate = grown.min(most).min(CEILING);
    }
}
