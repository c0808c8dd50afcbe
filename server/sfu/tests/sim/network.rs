//! Links between clients and the worker: what is lost, how late the rest is.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
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
    random: StdRng,
    under_way: BinaryHeap<Reverse<(Instant, u64, Datagram)>>,
    sent: u64,
}

impl Network {
    pub(crate) fn new(link: Link, seed: u64) -> Self {
        Self {
            link,
            censor: Box::new(|_| false),
            random: StdRng::seed_from_u64(seed),
            under_way: BinaryHeap::new(),
            sent: 0,
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
        let due = now + self.link.delay + Duration::from_micros(jitter);
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
