//! Bursts of padding that look for more than is being sent.
//!
//! What is sent comes in steps, and the next layer may be thrice the last one: the estimate cannot
//! grow into it. So while more is wanted, a short burst at twice the rate is sent. On a link that
//! cannot carry it, it waits for some milliseconds and nothing else happens; where it arrives as
//! fast as it was sent, a longer one confirms that, for a shaped link lets short bursts pass; it ends
//! at the first sign of a queue.

use super::{
    TICK, bits_per_second,
    history::{Fate, SendHistory},
    percent,
};

/// How long the two bursts take, in microseconds. At twice 300 kbit/s the longer one is 15 kB beyond
/// what a shaper of that rate earns meanwhile, more than the credit such ones usually give.
const SHORT: i64 = 25_000;
const LONG: i64 = 400_000;

/// The fewest packets that tell a rate.
const ENOUGH: u64 = 6;

/// Time between two bundles of a burst, in microseconds.
pub(super) const STEP: i64 = 5_000;

/// The most bytes of one bundle.
const MAX_BUNDLE: u64 = 12_000;

/// How long the reports of a burst are awaited, in microseconds.
const PATIENCE: i64 = 1_500_000;

/// Time between two attempts, in microseconds: twice the last one after each that failed.
const FIRST_PAUSE: i64 = 2_000_000;
const LONGEST_PAUSE: i64 = 5_000_000;

/// When the link was not quiet enough to begin, time to the next attempt in microseconds.
const UNQUIET_PAUSE: i64 = 500_000;

/// After a decrease the link has this long to recover, in microseconds.
const RECOVERY: i64 = 3_000_000;

/// A decrease within this time after a finding, in microseconds, shows that it was wrong; then
/// twice as long passes before the next attempt as the time before, at most the other time.
const DISPROOF: i64 = 5_000_000;
const LONGEST_RECOVERY: i64 = 8_000_000;

/// Losses of a burst that are no sign of a full queue, in thousandths beyond the link's own.
const TOLERATED_LOSS: u64 = 150;

/// A burst is ended when packets of it wait for so long at the bottleneck, in microseconds: this many
/// in a row, for one may be late for other reasons.
const WAIT: i64 = 40_000;
const LATE_IN_A_ROW: u8 = 3;

/// What a burst has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// The link carries so many bits per second.
    Carried(u64),
    NotCarried,
}

/// Sends bursts and measures how they arrive.
#[derive(Debug)]
pub(super) struct Prober {
    state: State,
    pause: i64,
    /// How long the link is left alone after a decrease.
    recovery: i64,
    /// When a burst last found more.
    found: Option<i64>,
}

#[derive(Debug)]
enum State {
    Idle { next: i64 },
    Sending(Burst),
    Awaiting { burst: Burst, end: u64, until: i64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Short,
    Long,
}

#[derive(Debug, Clone, Copy)]
struct Burst {
    length: Length,
    /// Bits per second to send, padding and media together.
    rate: u64,
    /// The estimate when it began.
    estimate: u64,
    began: i64,
    next_bundle: i64,
    first: u64,
    /// Up to which packet `bytes` are counted.
    counted: u64,
    bytes: u64,
    /// The first packet of what is measured: of a long burst the second half, when a shaper's
    /// credit is used up.
    measured_from: Option<u64>,
    earliest: Option<Mark>,
    latest: Option<Mark>,
    /// The last packet that arrived, of the burst or after it.
    reported: u64,
    /// The least time under way, and how many in a row took [`WAIT`] longer.
    least_delay: Option<i64>,
    late: u8,
}

/// A packet that arrived.
#[derive(Debug, Clone, Copy)]
struct Mark {
    number: u64,
    sent: i64,
    arrival: i64,
}

impl Default for Prober {
    fn default() -> Self {
        Self { state: State::Idle { next: 0 }, pause: FIRST_PAUSE, recovery: RECOVERY, found: None }
    }
}

impl Prober {
    /// When [`Prober::begin_if_due`] and [`Prober::padding`] are to be called.
    pub(super) fn due(&self, estimate: u64, wanted: u64) -> Option<i64> {
        match &self.state {
            State::Idle { next } => is_worthwhile(estimate, wanted).then_some(*next),
            State::Sending(burst) => Some(burst.next_bundle),
            State::Awaiting { until, .. } => Some(*until),
        }
    }

    /// Begins a burst if the last one was long enough ago, or ends the wait for its reports.
    pub(super) fn begin_if_due(
        &mut self,
        time: i64,
        (estimate, wanted): (u64, u64),
        is_quiet: bool,
        first: u64,
    ) {
        match &self.state {
            State::Idle { next } if *next <= time && is_worthwhile(estimate, wanted) => {
                if is_quiet {
                    let rate = (estimate * 2).min(percent(wanted, 145));
                    self.begin(time, (Length::Short, rate), estimate, first);
                } else {
                    self.state = State::Idle { next: time + UNQUIET_PAUSE };
                }
            }
            State::Awaiting { until, .. } if *until <= time => self.give_up(time),
            _ => {}
        }
    }

    /// The bytes of padding that are due.
    pub(super) fn padding(&mut self, time: i64, history: &SendHistory) -> usize {
        let State::Sending(burst) = &mut self.state else { return 0 };
        if time < burst.next_bundle {
            return 0;
        }
        burst.count(history);
        let elapsed = time - burst.began;
        if burst.is_over(elapsed, history.next()) {
            let (burst, end) = (*burst, history.next());
            self.state = State::Awaiting { burst, end, until: time + PATIENCE };
            return 0;
        }
        if burst.measured_from.is_none() && elapsed >= LONG / 2 {
            burst.measured_from = Some(history.next());
        }
        burst.next_bundle = time + STEP;
        let due = burst.rate * (elapsed + STEP).unsigned_abs() / 8_000_000;
        let missing = due.saturating_sub(burst.bytes).min(MAX_BUNDLE);
        usize::try_from(missing).unwrap_or(0)
    }

    /// The first packet whose fate matters to the burst under way.
    pub(super) const fn measured_from(&self) -> Option<u64> {
        match &self.state {
            State::Idle { .. } => None,
            State::Sending(burst) | State::Awaiting { burst, .. } => burst.measured_from,
        }
    }

    /// Notes a packet that arrived.
    pub(super) fn observe(&mut self, number: u64, sent: i64, arrival: i64) {
        let (burst, end) = match &mut self.state {
            State::Idle { .. } => return,
            State::Sending(burst) => (burst, u64::MAX),
            State::Awaiting { burst, end, .. } => (burst, *end),
        };
        burst.reported = burst.reported.max(number);
        burst.note_delay(number, arrival - sent);
        let from = burst.measured_from.unwrap_or(u64::MAX);
        if number < from || number >= end {
            return;
        }
        let mark = Mark { number, sent, arrival };
        if burst.earliest.is_none_or(|earliest| number < earliest.number) {
            burst.earliest = Some(mark);
        }
        let latest = burst.latest.get_or_insert(mark);
        latest.arrival = latest.arrival.max(arrival);
        if number > latest.number {
            (latest.number, latest.sent) = (number, sent);
        }
    }

    /// What the last burst has shown, once it is over and reported. `inherent`: thousandths that
    /// are lost anyway.
    pub(super) fn conclude(
        &mut self,
        time: i64,
        history: &SendHistory,
        inherent: u32,
    ) -> Option<Finding> {
        if let State::Sending(burst) = &self.state
            && burst.late >= LATE_IN_A_ROW
        {
            self.give_up(time);
            return Some(Finding::NotCarried);
        }
        let State::Awaiting { burst, end, until } = &self.state else { return None };
        if burst.reported + 1 < *end && time < *until {
            return None;
        }
        let (burst, tolerated) = (*burst, u64::from(inherent) + TOLERATED_LOSS);
        let carried = burst.measure(history, tolerated).unwrap_or(0);
        let enough = match burst.length {
            Length::Short => percent(burst.estimate, 115),
            Length::Long => percent(burst.estimate, 105),
        };
        if carried < enough {
            self.give_up(time);
            return Some(Finding::NotCarried);
        }
        match burst.length {
            Length::Short => {
                self.begin(time, (Length::Long, carried), burst.estimate, history.next());
                None
            }
            Length::Long => {
                self.state = State::Idle { next: time };
                self.pause = FIRST_PAUSE;
                self.found = Some(time);
                Some(Finding::Carried(carried))
            }
        }
    }

    /// Lets the link recover: the estimate was lowered.
    pub(super) fn hold_off(&mut self, time: i64) {
        let is_disproof = self.found.take().is_some_and(|found| time - found < DISPROOF);
        self.recovery =
            if is_disproof { (self.recovery * 2).min(LONGEST_RECOVERY) } else { RECOVERY };
        self.state = State::Idle { next: time + self.recovery };
    }

    fn begin(&mut self, time: i64, (length, rate): (Length, u64), estimate: u64, first: u64) {
        self.state = State::Sending(Burst {
            length,
            rate,
            estimate,
            began: time,
            next_bundle: time,
            first,
            counted: first,
            bytes: 0,
            measured_from: (length == Length::Short).then_some(first),
            earliest: None,
            latest: None,
            reported: 0,
            least_delay: None,
            late: 0,
        });
    }

    fn give_up(&mut self, time: i64) {
        self.state = State::Idle { next: time + self.pause };
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

impl Burst {
    /// Counts what was sent since the last time.
    fn count(&mut self, history: &SendHistory) {
        let sent = self.counted.max(history.oldest())..history.next();
        let sizes = sent.filter_map(|number| history.get(number)).map(|one| u64::from(one.size));
        self.bytes += sizes.sum::<u64>();
        self.counted = history.next();
    }

    fn note_delay(&mut self, number: u64, delay: i64) {
        if number < self.first {
            return;
        }
        let least = *self.least_delay.get_or_insert(delay);
        self.least_delay = Some(least.min(delay));
        self.late = if delay > least + WAIT { self.late.saturating_add(1) } else { 0 };
    }

    fn is_over(&self, elapsed: i64, next: u64) -> bool {
        match self.length {
            Length::Short => {
                elapsed >= SHORT && (next - self.first >= ENOUGH || elapsed >= 4 * SHORT)
            }
            Length::Long => elapsed >= LONG,
        }
    }

    /// The rate that was carried, in bits per second: what was sent between the first and the last
    /// packet that arrived, over the time between their arrivals.
    fn measure(&self, history: &SendHistory, tolerated_loss: u64) -> Option<u64> {
        let (earliest, latest) = self.earliest.zip(self.latest)?;
        let (mut bytes, mut packets, mut lost) = (0, 0, 0);
        for number in earliest.number + 1..=latest.number {
            let packet = history.get(number)?;
            bytes += u64::from(packet.size);
            packets += 1;
            lost += u64::from(packet.fate == Fate::Lost);
        }
        if packets + 1 < ENOUGH || lost > 1 && lost * 1000 > packets * tolerated_loss {
            return None;
        }
        let sent = bits_per_second(bytes, latest.sent - earliest.sent);
        let arrived = bits_per_second(bytes, (latest.arrival - earliest.arrival).max(TICK));
        // What arrives more slowly than it was sent has met the limit, and stays below it.
        let is_slower = arrived < percent(sent, 90);
        Some(if is_slower { percent(arrived, 95) } else { sent.min(arrived) })
    }
}

/// Whether to look for more: with some air above, so that what is wanted fits with its margin.
const fn is_worthwhile(estimate: u64, wanted: u64) -> bool {
    estimate < percent(wanted, 115)
}
