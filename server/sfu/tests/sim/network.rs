//! Links between clients and the worker: what is lost, how late the rest is.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};

/// How a link treats datagrams, in either direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    /// Probability that a datagram is lost.
    pub(crate) loss: f64,
    /// Probability that a datagram comes twice.
    pub(crate) duplication: f64,
    /// Least time under way.
    pub(crate) delay: Duration,
    /// Most time added to that; it reorders.
    pub(crate) jitter: Duration,
}

impl Link {
    /// A wire in the same building.
    pub(crate) const PERFECT: Self = Self {
        loss: 0.0,
        duplication: 0.0,
        delay: Duration::from_millis(2),
        jitter: Duration::ZERO,
    };

    /// A hotel's wireless network.
    pub(crate) const HOTEL: Self = Self {
        loss: 0.05,
        duplication: 0.01,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(15),
    };
}

/// The narrow end of one client's way from the worker: a rate, and a queue before it.
#[derive(Debug, Clone, Copy)]
struct Bottleneck {
    /// Bits per second.
    rate: u64,
    /// Longest wait in the queue; what would wait longer is lost.
    queue: Duration,
    /// When the last datagram has passed.
    free_at: Instant,
}

/// Bytes of IPv4 and UDP headers, which pass the bottleneck too.
const OVERHEAD: u64 = 28;

impl Bottleneck {
    /// When a datagram of this length has passed; none when it is lost.
    fn pass(&mut self, now: Instant, length: usize) -> Option<Instant> {
        let begin = self.free_at.max(now);
        if begin - now > self.queue {
            return None;
        }
        let bits = (length as u64 + OVERHEAD) * 8;
        self.free_at = begin + Duration::from_nanos(bits * 1_000_000_000 / self.rate);
        Some(self.free_at)
    }
}

/// Which way a datagram goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    ToWorker,
    ToClient,
}

/// A datagram under way between the worker and the client of this number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Datagram {
    pub(crate) client: usize,
    pub(crate) direction: Direction,
    pub(crate) bytes: Vec<u8>,
}

/// Decides the fate of one datagram before the link's chance does; `true` loses it.
pub(crate) type Censor = Box<dyn FnMut(&Datagram) -> bool>;

/// Everything under way.
pub(crate) struct Network {
    pub(crate) link: Link,
    pub(crate) censor: Censor,
    bottlenecks: BTreeMap<usize, Bottleneck>,
    random: StdRng,
    under_way: BinaryHeap<Reverse<(Instant, u64, Datagram)>>,
    sent: u64,
}

impl Network {
    pub(crate) fn new(link: Link, seed: u64) -> Self {
        Self {
            link,
            censor: Box::new(|_| false),
            bottlenecks: BTreeMap::new(),
            random: StdRng::seed_from_u64(seed),
            under_way: BinaryHeap::new(),
            sent: 0,
        }
    }

    /// Lets no more than `rate` bits per second through to a client; none lifts that.
    pub(crate) fn clamp(&mut self, now: Instant, client: usize, rate: Option<u64>) {
        self.bottlenecks.remove(&client);
        if let Some(rate) = rate {
            let queue = Duration::from_millis(300);
            self.bottlenecks.insert(client, Bottleneck { rate, queue, free_at: now });
        }
    }

    pub(crate) fn send(&mut self, now: Instant, datagram: Datagram) {
        if (self.censor)(&datagram) || self.random.random_bool(self.link.loss) {
            return;
        }
        if self.random.random_bool(self.link.duplication) {
            self.dispatch(now, datagram.clone());
        }
        self.dispatch(now, datagram);
    }

    fn dispatch(&mut self, now: Instant, datagram: Datagram) {
        let jitter = self.random.random_range(0..=self.link.jitter.as_micros() as u64);
        let bottleneck = self.bottlenecks.get_mut(&datagram.client);
        let bottleneck = bottleneck.filter(|_| datagram.direction == Direction::ToClient);
        let passed = bottleneck.map_or(Some(now), |one| one.pass(now, datagram.bytes.len()));
        let Some(passed) = passed else { return };
        let due = passed + self.link.delay + Duration::from_micros(jitter);
        self.sent += 1;
        self.under_way.push(Reverse((due, self.sent, datagram)));
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.under_way.peek().map(|Reverse((due, ..))| *due)
    }

    pub(crate) fn receive(&mut self, now: Instant) -> Option<Datagram> {
        self.under_way.peek().filter(|Reverse((due, ..))| *due <= now)?;
        self.under_way.pop().map(|Reverse((_, _, datagram))| datagram)
    }
}
