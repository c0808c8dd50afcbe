//! What one viewer's downlink carries, and what is sent over it.
//!
//! Every packet to a viewer has a transport-wide number; its browser reports when each of them came.
//! From that the [`BandwidthEstimator`] of the transport concludes how much the link carries:
//!
//! | module | what it does |
//! |---|---|
//! | this one | [`BandwidthEstimator`]: takes feedback in, gives the estimate and asks for padding |
//! | `history` | what was sent, until it is reported |
//! | `window` | the packets of a fifth of a second taken together |
//! | `queueing` | whether a queue stands at the bottleneck |
//! | `loss` | how much is lost for no fault of ours |
//! | `rate` | up slowly, down at once |
//! | `probe` | short bursts that look for more than is being sent |
//! | [`mod@allocate`] | from the estimate to what each consumer gets: a pure function |
//! | [`downlink`] | all of it together, for one viewer |
//! | [`allocation`] | what was granted, and when there may be more |
//! | [`pacer`] | spreads pictures over a narrow link |
//! | [`meter`] | how much flows |
//!
//! **Driving it.** Tell each packet that leaves to [`BandwidthEstimator::record_sent`], hand
//! feedback to [`BandwidthEstimator::handle_feedback`], say with [`BandwidthEstimator::set_wanted`]
//! what would be sent if there were no limit, and at [`BandwidthEstimator::poll_timeout`] send the
//! padding [`BandwidthEstimator::poll_padding`] asks for. A client that sends no feedback has no
//! estimate, and is not limited.
//!
//! Rates are in bits per second of IP packets, times in microseconds since the estimator was made.
//! Why this is not the filter of Google's congestion control: `docs/adr` has it.

pub mod allocate;
pub mod allocation;
pub mod downlink;
mod history;
mod loss;
pub mod meter;
pub mod pacer;
mod probe;
mod queueing;
mod rate;
#[cfg(test)]
mod tests;
mod window;

use std::time::{Duration, Instant};

use self::{
    history::{Fate, SendHistory},
    loss::LossMeter,
    probe::{Finding, Prober},
    queueing::{QueueDetector, QueueState},
    rate::{Evidence, RateController, Verdict},
    window::{Delivery, WindowBuilder},
};
use crate::transport::rtcp::twcc::TransportFeedback;

/// Bytes of IPv4 and UDP headers, which take the link's capacity too.
pub const PACKET_OVERHEAD: usize = 28;

/// Microseconds of an arrival tick of the feedback.
const TICK: i64 = 250;

/// Ticks of one unit of the feedback's reference time.
const TICKS_PER_REFERENCE: i64 = 256;

/// Estimates how much the way to one viewer carries, in the order of the module's description.
#[derive(Debug)]
pub struct BandwidthEstimator {
    start: Instant,
    history: SendHistory,
    /// The last feedback's reference time, extended so that it does not wrap.
    reference: Option<i64>,
    window: WindowBuilder,
    delivery: Delivery,
    queue: QueueDetector,
    loss: LossMeter,
    /// None before the first feedback.
    rate: Option<RateController>,
    prober: Prober,
    wanted: u64,
    least: u64,
    /// All bytes sent, and as they were when the last window was closed.
    sent_bytes: u64,
    sent_before: (u64, i64),
}

impl BandwidthEstimator {
    /// Begins with the first packet.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            start: now,
            history: SendHistory::default(),
            reference: None,
            window: WindowBuilder::default(),
            delivery: Delivery::default(),
            queue: QueueDetector::default(),
            loss: LossMeter::default(),
            rate: None,
            prober: Prober::default(),
            wanted: 0,
            least: 0,
            sent_bytes: 0,
            sent_before: (0, 0),
        }
    }

    /// The transport-wide number of the next packet.
    #[must_use]
    pub fn next_number(&self) -> u16 {
        self.history.next_number()
    }

    /// Notes that the packet with the next number leaves, of `size` bytes without
    /// [`PACKET_OVERHEAD`].
    pub fn record_sent(&mut self, now: Instant, size: usize) {
        let size = size.saturating_add(PACKET_OVERHEAD);
        self.sent_bytes = self.sent_bytes.saturating_add(size as u64);
        self.history.push(micros(self.start, now), size);
    }

    /// Takes what the viewer reports. Returns whether the estimate may have changed.
    pub fn handle_feedback(&mut self, now: Instant, feedback: &TransportFeedback<'_>) -> bool {
        let time = micros(self.start, now);
        self.note_arrivals(feedback);
        let rate = self.rate.get_or_insert_with(|| {
            self.sent_before = (self.sent_bytes, time);
            RateController::new(time)
        });
        self.history.note_feedback(time);
        if let Some(finding) = self.prober.conclude(time, &self.history, self.loss.inherent()) {
            match finding {
                Finding::Carried(found) => rate.raise_to(found),
                Finding::NotCarried => {}
            }
            self.history.keep_from(None);
        }
        if !self.window.is_complete() {
            return false;
        }
        self.close_window(time);
        true
    }

    /// What the link carries, in bits per second; none while the viewer has not reported anything.
    #[must_use]
    pub fn estimate(&self) -> Option<u64> {
        self.rate.as_ref().map(RateController::estimate)
    }

    /// Thousandths that are lost however little is sent.
    #[must_use]
    pub const fn inherent_loss(&self) -> u32 {
        self.loss.inherent()
    }

    /// Thousandths that are lost, as last measured.
    #[must_use]
    pub const fn loss(&self) -> u32 {
        self.loss.loss()
    }

    /// How long the packets wait at the bottleneck, as far as is known.
    #[must_use]
    pub fn queueing_delay(&self) -> Duration {
        Duration::from_micros(self.queue.delay().unsigned_abs())
    }

    /// Whether the link has never shown a limit, so that what it carries is only a first guess.
    #[must_use]
    pub fn is_unchallenged(&self) -> bool {
        self.rate.as_ref().is_none_or(RateController::is_unchallenged)
    }

    /// Whether the link has shown a limit lately, or has less than what is wanted: then bursts are
    /// spread.
    #[must_use]
    pub fn is_limited(&self, now: Instant) -> bool {
        let time = micros(self.start, now);
        self.rate
            .as_ref()
            .is_some_and(|rate| rate.estimate() < self.wanted || rate.was_limited(time))
    }

    /// Says what would be sent without a limit, in bits per second: the estimate is not looked for
    /// beyond that. With less than `least` a picture would have to go.
    pub fn set_wanted(&mut self, wanted: u64, least: u64) {
        self.wanted = wanted;
        self.least = least;
    }

    /// When to call [`BandwidthEstimator::poll_padding`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let rate = self.rate.as_ref()?;
        let due = self.prober.due(rate.estimate(), self.wanted)?;
        self.start.checked_add(Duration::from_micros(due.unsigned_abs()))
    }

    /// How many bytes of padding to send now, [`PACKET_OVERHEAD`] of each packet included.
    pub fn poll_padding(&mut self, now: Instant) -> usize {
        let time = micros(self.start, now);
        let Some(rate) = &self.rate else { return 0 };
        self.loss.expire(time);
        let is_quiet = self.queue.state() == QueueState::Empty && !self.loss.is_excessive();
        let estimate = rate.estimate();
        self.prober.begin_if_due(time, (estimate, self.wanted), is_quiet, self.history.next());
        let padding = self.prober.padding(time, &self.history);
        self.history.keep_from(self.prober.measured_from());
        padding
    }

    fn note_arrivals(&mut self, feedback: &TransportFeedback<'_>) {
        let mut ticks =
            self.extend_reference(feedback.reference).saturating_mul(TICKS_PER_REFERENCE);
        for (number, delta) in feedback.statuses() {
            let arrival = delta.map(|delta| {
                ticks = ticks.saturating_add(i64::from(delta));
                ticks.saturating_mul(TICK)
            });
            let Some(number) = self.history.extend(number) else { continue };
            let Some(packet) = self.history.get_mut(number) else { continue };
            match (arrival, packet.fate) {
                (Some(arrival), Fate::Unknown | Fate::Lost) => {
                    packet.fate = Fate::Received;
                    let packet = *packet;
                    let sent = self.history.sent_at(&packet);
                    self.window.add(sent, arrival, packet.size);
                    self.prober.observe(number, sent, arrival);
                }
                (None, Fate::Unknown) => packet.fate = Fate::Lost,
                _ => {}
            }
        }
    }

    /// Extends a reference time of 24 bits by its distance to the last one.
    fn extend_reference(&mut self, reference: u32) -> i64 {
        let reference = i64::from(reference);
        let extended = self.reference.map_or(reference, |last| {
            // The distance as a signed number of 24 bits.
            let distance = (reference - last).rem_euclid(1 << 24);
            last + if distance < 1 << 23 { distance } else { distance - (1 << 24) }
        });
        self.reference = Some(extended);
        extended
    }

    fn close_window(&mut self, time: i64) {
        let Some(window) = self.window.take() else { return };
        self.delivery.add(&window);
        let (bytes_before, before) = self.sent_before;
        self.sent_before = (self.sent_bytes, time);
        let sent = bits_per_second(self.sent_bytes - bytes_before, time - before);
        self.loss.measure(&self.history, window.last_sent);
        self.queue.update(&window);
        let Some(rate) = &mut self.rate else { return };
        let evidence = Evidence {
            queue: self.queue.state(),
            queueing: self.queue.delay(),
            delivered: self.delivery.rate(),
            sent,
            least: self.least,
            next: self.history.next(),
        };
        match rate.update(time, &evidence, &mut self.loss) {
            Verdict::Fine => {}
            Verdict::Decreased => self.prober.hold_off(time),
            Verdict::NotOurQueue => self.queue.rebase(),
        }
    }
}

fn micros(start: Instant, now: Instant) -> i64 {
    i64::try_from(now.saturating_duration_since(start).as_micros()).unwrap_or(i64::MAX)
}

/// `bytes` in `span` microseconds as a rate; 0 when there is no time to speak of.
fn bits_per_second(bytes: u64, span: i64) -> u64 {
    let span = u64::try_from(span).unwrap_or(0);
    bytes.saturating_mul(8_000_000).checked_div(span).unwrap_or(0)
}

/// `percent` hundredths of `rate`.
const fn percent(rate: u64, percent: u64) -> u64 {
    rate.saturating_mul(percent) / 100
}
