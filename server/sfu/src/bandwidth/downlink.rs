//! Everything of one viewer's link: the estimate, the pace, and who was granted what.

use std::time::{Duration, Instant};

use super::{
    BandwidthEstimator,
    allocation::Allocation,
    meter::RateMeter,
    pacer::{Held, Pacer, Pacing},
};
use crate::transport::rtcp::twcc::TransportFeedback;

/// How often grants are looked at when everyone has what they want.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// How often when someone has not.
const BUSY_INTERVAL: Duration = Duration::from_millis(200);

/// What a picture takes from one decision to the next, in per cent.
const FLUCTUATION: u64 = 110;

/// A queue of ours shall be gone in half a second.
const QUEUES_PER_SECOND: u64 = 2;

/// One viewer's link, from its first packet on.
///
/// Ask [`Downlink::admit`] about each packet, tell it with [`Downlink::record_sent`] when it leaves;
/// at [`Downlink::poll_timeout`] send what was held, then padding, then share out anew if
/// [`Downlink::is_allocation_due`].
#[derive(Debug)]
pub struct Downlink {
    estimator: BandwidthEstimator,
    pacer: Pacer,
    voices: RateMeter,
    /// The grants; taken out while they are decided on.
    pub allocation: Allocation,
    allocated: Option<Instant>,
    /// When grants are looked at next.
    allocate_at: Option<Instant>,
}

impl Downlink {
    /// Begins with the first packet.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            estimator: BandwidthEstimator::new(now),
            pacer: Pacer::default(),
            voices: RateMeter::default(),
            allocation: Allocation::default(),
            allocated: None,
            allocate_at: None,
        }
    }

    /// What the link carries; none while the viewer has not reported anything.
    #[must_use]
    pub fn estimate(&self) -> Option<u64> {
        self.estimator.estimate()
    }

    /// Thousandths that are lost however little is sent, if there is room to send what was lost more
    /// than once; else 0.
    #[must_use]
    pub fn inherent_loss(&self) -> u32 {
        if self.pacer.queued() == 0 { self.estimator.inherent_loss() } else { 0 }
    }

    /// What is lost on the way, in 1/256, rounded up.
    #[must_use]
    pub fn loss(&self) -> u8 {
        let share = (self.estimator.loss() * 256).div_ceil(1000);
        u8::try_from(share).unwrap_or(u8::MAX)
    }

    /// Says whether a packet of `size` bytes may leave.
    pub fn admit(&mut self, now: Instant, size: usize, is_voice: bool) -> Pacing {
        self.pacer.admit(now, size, is_voice)
    }

    /// Takes a packet that has to wait; `write` fills it.
    pub fn hold(&mut self, write: impl FnOnce(&mut Held)) {
        self.pacer.hold(write);
    }

    /// Takes the next packet out that was held and may leave.
    pub fn pop(&mut self, now: Instant) -> Option<Held> {
        self.pacer.pop(now)
    }

    /// Takes the memory of a packet that was held.
    pub fn recycle(&mut self, held: Held) {
        self.pacer.recycle(held);
    }

    /// The transport-wide number of the next packet.
    #[must_use]
    pub fn next_number(&self) -> u16 {
        self.estimator.next_number()
    }

    /// Notes that the packet with the next number leaves, of `size` bytes.
    pub fn record_sent(&mut self, now: Instant, size: usize, is_voice: bool) {
        self.estimator.record_sent(now, size);
        if is_voice {
            self.voices.add(now, size + super::PACKET_OVERHEAD);
        }
    }

    /// Takes what the viewer reports. Returns what it lost ([`Downlink::loss`]) if it lost anything
    /// and that may be news.
    pub fn handle_feedback(
        &mut self,
        now: Instant,
        feedback: &TransportFeedback<'_>,
    ) -> Option<u8> {
        let before = self.estimator.estimate();
        if !self.estimator.handle_feedback(now, feedback) {
            return None;
        }
        let estimate = self.estimator.estimate();
        let falls = before.zip(estimate).is_some_and(|(before, estimate)| estimate < before);
        let is_limited = self.estimator.is_limited(now);
        self.pacer.set_estimate(estimate.filter(|_| is_limited));
        let interval = if falls {
            Duration::ZERO
        } else if is_limited {
            BUSY_INTERVAL
        } else {
            IDLE_INTERVAL
        };
        let due = self.allocated.map_or(now, |at| at + interval);
        self.allocate_at = Some(self.allocate_at.map_or(due, |at| at.min(due)));
        Some(self.loss()).filter(|loss| *loss > 0)
    }

    /// When something of the link is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let estimator = self.estimator.poll_timeout();
        [estimator, self.pacer.poll_timeout(), self.allocate_at].into_iter().flatten().min()
    }

    /// How many bytes of padding to send now; none while something waits.
    pub fn poll_padding(&mut self, now: Instant) -> usize {
        let padding = self.estimator.poll_padding(now);
        if self.pacer.queued() > 0 { 0 } else { padding }
    }

    /// Whether to decide on the grants now.
    #[must_use]
    pub fn is_allocation_due(&self, now: Instant) -> bool {
        self.allocate_at.is_some_and(|at| at <= now)
    }

    /// What there is for pictures: the estimate without the voices, and without what is needed to
    /// get rid of what waits. None is no limit: a first guess must not stop a picture, and nor must
    /// what waits, for that has gone long before the picture would be back.
    #[must_use]
    pub fn budget(&self, now: Instant) -> Option<u64> {
        if self.estimator.is_unchallenged() {
            return None;
        }
        let estimate = self.estimator.estimate()?;
        let waiting = self.pacer.queued().saturating_mul(QUEUES_PER_SECOND);
        let for_pictures = estimate.saturating_sub(self.voices.rate(now));
        let least = super::percent(self.allocation.least(), FLUCTUATION).min(for_pictures);
        Some(for_pictures.saturating_sub(waiting).max(least))
    }

    /// Notes that grants were decided on: `wanted` bits per second of pictures are wished for.
    pub fn note_allocation(&mut self, now: Instant, wanted: u64) {
        let least = self.allocation.least();
        self.allocated = Some(now);
        // Whoever is sent nothing reports nothing.
        self.allocate_at = self.allocation.is_withholding().then_some(now + IDLE_INTERVAL);
        // Voices alone are sent whatever the estimate: nothing is to be looked for.
        let voices = if wanted > 0 { self.voices.rate(now) } else { 0 };
        self.estimator.set_wanted(wanted.saturating_add(voices), least.saturating_add(voices));
    }
}
