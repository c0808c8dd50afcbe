//! A viewer behind a bottleneck, in virtual time: what is sent waits in a queue, is lost, jitters,
//! and is reported by transport-wide feedback.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    bandwidth::{BandwidthEstimator, PACKET_OVERHEAD},
    testing::epoch,
    transport::rtcp::{
        RtcpMessage, parse,
        twcc::{TransportFeedback, TwccRecorder},
    },
};

/// One millisecond is one step.
const STEP: Duration = Duration::from_millis(1);

/// Bytes of a padding packet.
const PADDING: usize = 272;

/// How the link treats packets on their way to the viewer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    /// Bits per second.
    pub(super) rate: u64,
    /// Longest wait in the queue.
    pub(super) queue: Duration,
    pub(super) delay: Duration,
    pub(super) jitter: Duration,
    pub(super) loss: f64,
    /// Bytes that pass at once after a pause: a shaper's credit.
    pub(super) credit: f64,
}

impl Link {
    pub(super) const fn of(rate: u64) -> Self {
        Self {
            rate,
            queue: Duration::from_millis(400),
            delay: Duration::from_millis(25),
            jitter: Duration::ZERO,
            loss: 0.0,
            credit: 0.0,
        }
    }
}

/// The layers of the video that is sent, in bits per second, and how much room they are given.
const LAYERS: [u64; 4] = [0, 120_000, 400_000, 1_500_000];

/// A viewer, its link, and a sender that follows the estimate.
pub(super) struct Viewer {
    pub(super) now: Instant,
    pub(super) started: Instant,
    pub(super) link: Link,
    pub(super) estimator: BandwidthEstimator,
    pub(super) layer: usize,
    /// Until when a switch waits for its key frame.
    switch: Option<(Instant, usize)>,
    /// When the link has sent everything in its queue.
    free_at: Instant,
    credit: f64,
    recorder: TwccRecorder,
    under_way: BTreeMap<(Instant, u64), u16>,
    feedback: BTreeMap<(Instant, u64), Vec<u8>>,
    random: StdRng,
    count: u64,
    /// Video bits that are due.
    owed: u64,
    pub(super) longest_wait: Duration,
    pub(super) padding: u64,
    pub(super) log: Vec<(Duration, u64)>,
    pub(super) layers: Vec<(Duration, usize)>,
}

impl Viewer {
    pub(super) fn new(link: Link, seed: u64) -> Self {
        let now = epoch();
        Self {
            now,
            started: now,
            link,
            estimator: BandwidthEstimator::new(now),
            layer: 3,
            switch: None,
            free_at: now,
            credit: link.credit,
            recorder: TwccRecorder::default(),
            under_way: BTreeMap::new(),
            feedback: BTreeMap::new(),
            random: StdRng::seed_from_u64(seed),
            count: 0,
            owed: 0,
            longest_wait: Duration::ZERO,
            padding: 0,
            log: Vec::new(),
            layers: Vec::new(),
        }
    }

    pub(super) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        self.longest_wait = Duration::ZERO;
        while self.now < end {
            self.now += STEP;
            self.arrive();
            self.pad();
            self.send_media();
            self.choose();
        }
    }

    pub(super) fn estimate(&self) -> u64 {
        self.estimator.estimate().unwrap_or(u64::MAX)
    }

    /// Every estimate since `from`.
    pub(super) fn estimates(&self, from: Duration) -> impl Iterator<Item = u64> {
        self.log.iter().filter(move |(at, _)| *at >= from).map(|(_, estimate)| *estimate)
    }

    /// What there is to send without a limit.
    pub(super) fn want(&mut self, wanted: u64) {
        self.estimator.set_wanted(wanted, 0);
    }

    fn send(&mut self, size: usize) {
        let number = self.estimator.next_number();
        self.estimator.record_sent(self.now, size);
        let bytes = size + PACKET_OVERHEAD;
        let wait = self.free_at.saturating_duration_since(self.now);
        if self.random.random_bool(self.link.loss) || wait > self.link.queue {
            return;
        }
        if wait.is_zero() {
            let idle = self.now.saturating_duration_since(self.free_at).as_secs_f64();
            let earned = idle * self.link.rate as f64 / 8.0;
            self.credit = (self.credit + earned).min(self.link.credit);
        }
        let paid = self.credit.min(bytes as f64);
        self.credit -= paid;
        let takes = Duration::from_secs_f64((bytes as f64 - paid) * 8.0 / self.link.rate as f64);
        self.free_at = self.free_at.max(self.now) + takes;
        self.longest_wait = self.longest_wait.max(self.free_at - self.now);
        let jitter = self.link.jitter.mul_f64(self.random.random_range(0.0..=1.0));
        let at = self.free_at + self.link.delay + jitter;
        self.count += 1;
        self.under_way.insert((at, self.count), number);
    }

    fn arrive(&mut self) {
        while let Some(entry) = self.under_way.first_entry().filter(|one| one.key().0 <= self.now) {
            let (at, number) = (entry.key().0, *entry.get());
            entry.remove();
            self.recorder.record(at, number);
        }
        let mut packet = Vec::new();
        while self.recorder.poll_feedback(self.now, 1, 2, &mut packet) {
            let at = self.now + self.link.delay;
            self.count += 1;
            if !self.random.random_bool(self.link.loss) {
                self.feedback.insert((at, self.count), packet.clone());
            }
            packet.clear();
        }
        while let Some(entry) = self.feedback.first_entry().filter(|one| one.key().0 <= self.now) {
            let packet = entry.remove();
            for message in parse(&packet) {
                let Ok(RtcpMessage::TransportFeedback(packet)) = message else { panic!() };
                let feedback = TransportFeedback::parse(packet).unwrap();
                self.estimator.handle_feedback(self.now, &feedback);
            }
            self.log.push((self.now - self.started, self.estimate()));
        }
    }

    fn pad(&mut self) {
        if self.estimator.poll_timeout().is_none_or(|due| due > self.now) {
            return;
        }
        let mut bytes = self.estimator.poll_padding(self.now);
        while bytes > 0 {
            self.send(PADDING);
            self.padding += PADDING as u64;
            bytes = bytes.saturating_sub(PADDING + PACKET_OVERHEAD);
        }
    }

    /// Audio of 50 packets a second, video of 25 frames.
    fn send_media(&mut self) {
        let millis = u64::try_from((self.now - self.started).as_millis()).unwrap();
        if millis.is_multiple_of(20) {
            self.send(100);
        }
        if millis.is_multiple_of(40) {
            self.owed += LAYERS[self.layer] / 25;
            while self.owed > 2_000 {
                let size = (self.owed / 8).min(1_100);
                self.send(usize::try_from(size).unwrap());
                self.owed = self.owed.saturating_sub(size * 8);
            }
        }
    }

    /// A very simple allocator: down at once, up with a margin; switches wait for a key frame.
    fn choose(&mut self) {
        let budget = self.estimate().saturating_sub(60_000);
        let fits = |percent: u64| {
            LAYERS.iter().rposition(|rate| rate * percent / 100 <= budget).unwrap_or(0)
        };
        let target = if fits(103) < self.layer { fits(103) } else { fits(115).max(self.layer) };
        if target == self.layer {
            self.switch = None;
        } else if self.switch.is_none_or(|(_, to)| to != target) {
            self.switch = Some((self.now + Duration::from_millis(300), target));
        }
        if let Some((at, to)) = self.switch
            && at <= self.now
        {
            self.layer = to;
            self.layers.push((self.now - self.started, to));
            self.switch = None;
        }
    }
}
