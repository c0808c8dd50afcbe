//! How many packets are lost, and how many of them for no fault of ours.
//!
//! A wireless link may lose one packet in five however little is sent; a policed one loses what is
//! too much. An experiment tells them apart: when loss appears, less is sent, and what is lost then
//! all the same is taken for the link's nature. Rates are in thousandths.

use super::history::{Fate, SendHistory};

/// How long after the newest report a packet may still come by another way, in microseconds.
const LATENESS: i64 = 400_000;

/// Packets one measurement needs.
const ENOUGH: u32 = 40;

/// More than the link's own loss by this much means that too much is sent: a tenth, as in section 6
/// of draft-ietf-rmcat-gcc-02.
const EXCESS: u32 = 100;

/// Less than half of that is no reason to be careful.
const CAUTION: u32 = 50;

/// How long an experiment takes once less is sent, in microseconds, and in any case.
const EXPERIMENT: i64 = 1_000_000;
const LONGEST_EXPERIMENT: i64 = 4_000_000;

/// Packets that are lost one and all for so long, in microseconds, were sent while there was no link:
/// it was cut, or the client moved to another one. That says nothing of what the link carries.
const OUTAGE: i64 = 300_000;

/// Counts losses, by what the history says of packets that are old enough.
#[derive(Debug, Default)]
pub(super) struct LossMeter {
    /// The first packet that was not counted yet.
    next: u64,
    lost: u32,
    received: u32,
    /// Lost since the last that arrived, and when the first of them was sent.
    run: Option<(u32, i64)>,
    /// The last measurements, smoothed.
    loss: u32,
    inherent: u32,
    /// Whether a measurement has come that was not judged yet.
    is_fresh: bool,
    /// Since when less is sent because of a loss, until the experiment is concluded.
    experiment: Option<i64>,
}

impl LossMeter {
    /// Counts the packets that the last reports settle: `newest` is the time of sending of the
    /// newest one reported.
    pub(super) fn measure(&mut self, history: &SendHistory, newest: i64) {
        self.next = self.next.max(history.oldest());
        while let Some(packet) = history.get(self.next) {
            if history.sent_at(packet) > newest - LATENESS {
                break;
            }
            match packet.fate {
                Fate::Lost => {
                    let (count, since) = self.run.unwrap_or_else(|| (0, history.sent_at(packet)));
                    self.run = Some((count + 1, since));
                }
                Fate::Received => {
                    self.received += 1;
                    self.end_run(history.sent_at(packet));
                }
                // The feedback was lost.
                Fate::Unknown => {}
            }
            self.next += 1;
        }
        let total = self.lost + self.received;
        if total >= ENOUGH {
            self.loss = (self.loss + self.lost * 1000 / total) / 2;
            (self.lost, self.received) = (0, 0);
            self.is_fresh = true;
        }
    }

    /// A packet sent at `time` arrived: the lost ones before it count, unless there was no link.
    fn end_run(&mut self, time: i64) {
        let run = self.run.take().filter(|(_, since)| time - since < OUTAGE);
        self.lost += run.map_or(0, |(count, _)| count);
    }

    /// The loss, when it is too much and that has not been said yet. `is_settled`: no more is sent
    /// than the estimate.
    pub(super) fn judge(&mut self, time: i64, is_settled: bool) -> Option<u32> {
        if !std::mem::take(&mut self.is_fresh) {
            return None;
        }
        if let Some(since) = self.experiment {
            let age = time - since;
            if age > LONGEST_EXPERIMENT || is_settled && age > EXPERIMENT {
                self.inherent = self.loss;
                self.experiment = None;
            }
            return None;
        }
        if self.is_excessive() && self.loss > self.inherent + EXCESS {
            return Some(self.loss);
        }
        if is_settled {
            self.inherent = (self.inherent * 7 + self.loss) / 8;
        }
        None
    }

    /// Less is sent from now on, and what was lost before does not count any more.
    pub(super) fn restart(&mut self, time: i64, next: u64, because_of_loss: bool) {
        self.next = next;
        (self.lost, self.received, self.run, self.is_fresh) = (0, 0, None, false);
        if because_of_loss {
            self.experiment = Some(time);
        } else {
            self.loss = self.loss.min(self.inherent);
        }
    }

    /// Ends an experiment in which so little was sent that nothing could be measured.
    pub(super) fn expire(&mut self, time: i64) {
        if self.experiment.is_some_and(|since| time - since > LONGEST_EXPERIMENT) {
            self.inherent = self.loss;
            self.experiment = None;
        }
    }

    /// What is lost however little is sent.
    pub(super) const fn inherent(&self) -> u32 {
        self.inherent
    }

    /// What is lost, as last measured.
    pub(super) const fn loss(&self) -> u32 {
        self.loss
    }

    /// Whether so much is lost that no more should be sent.
    pub(super) const fn is_excessive(&self) -> bool {
        self.loss > self.inherent + CAUTION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends 200 packets a second for `seconds` over a link that loses one in `one_in`, and returns
    /// how often that was judged too much.
    fn run(meter: &mut LossMeter, history: &mut SendHistory, seconds: i64, one_in: u64) -> u32 {
        let mut judged = 0;
        let begin = history.next().cast_signed() * 5_000;
        for time in (begin..begin + seconds * 1_000_000).step_by(5_000) {
            history.push(time, 1000);
            let number = history.next() - 1;
            let fate = if number.is_multiple_of(one_in) { Fate::Lost } else { Fate::Received };
            history.get_mut(number).unwrap().fate = fate;
            meter.measure(history, time);
            if meter.judge(time, true).is_some() {
                judged += 1;
                meter.restart(time, history.next(), true);
            }
        }
        judged
    }

    #[test]
    fn loss_that_stays_when_less_is_sent_is_reacted_to_once() {
        let (mut meter, mut history) = (LossMeter::default(), SendHistory::default());
        assert_eq!(run(&mut meter, &mut history, 20, 5), 1);
        assert!((180..=220).contains(&meter.inherent()), "{}", meter.inherent());
        assert!(!meter.is_excessive());
    }

    #[test]
    fn a_few_per_cent_are_no_reason() {
        let (mut meter, mut history) = (LossMeter::default(), SendHistory::default());
        assert_eq!(run(&mut meter, &mut history, 20, 20), 0);
    }

    #[test]
    fn more_loss_than_usual_is_reacted_to_again() {
        let (mut meter, mut history) = (LossMeter::default(), SendHistory::default());
        assert_eq!(run(&mut meter, &mut history, 10, 5), 1);
        assert_eq!(run(&mut meter, &mut history, 10, 2), 1);
    }

    #[test]
    fn what_was_sent_while_there_was_no_link_counts_neither_way() {
        let (mut meter, mut history) = (LossMeter::default(), SendHistory::default());
        for time in (0..10_000_000_i64).step_by(5_000) {
            history.push(time, 1000);
            let is_cut = (4_000_000..6_000_000).contains(&time);
            let fate = if is_cut { Fate::Lost } else { Fate::Received };
            history.get_mut(history.next() - 1).unwrap().fate = fate;
            meter.measure(&history, time);
            assert_eq!(meter.judge(time, true), None, "at {time}");
        }
        assert_eq!(meter.loss, 0);
    }

    #[test]
    fn packets_whose_report_was_lost_count_neither_way() {
        let (mut meter, mut history) = (LossMeter::default(), SendHistory::default());
        for time in (0..10_000_000).step_by(5_000) {
            history.push(time, 1000);
            meter.measure(&history, time);
            assert_eq!(meter.judge(time, true), None);
        }
        assert_eq!(meter.loss, 0);
    }
}
