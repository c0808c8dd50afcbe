//! From the producers of a room to its viewers, gathered viewer by viewer.
//!
//! What came in one batch of datagrams is forwarded together: everything for one viewer, of all
//! producers, then everything for the next. So a viewer's packets are sealed back to back, and
//! those of one length leave as one run, which the kernel takes in one call. A shorter packet may
//! end a run: each voice follows a picture, and rides along.

use std::time::Instant;

use super::{
    Arena, Consumer, ConsumerKey, Egress, Forwarding, ProducerKey, Router, TransportKey, awaited,
    layering::bit,
    producer::{Producer, Received},
};

/// Video packets of one producer that wait for the end of a batch; the next one sends them off.
const MAX_PENDING_VIDEO: usize = 32;

/// Audio packets likewise; the cache of a voice is sure to keep as many.
const MAX_PENDING_AUDIO: usize = 4;

/// What of a room waits to be forwarded, and how far that has come.
///
/// Forwarding begins with a plan: one errand for each consumer of the waiting producers, sorted so
/// that those of one viewer are together.
#[derive(Debug)]
pub(super) struct Fanout {
    /// Producers with packets to forward, in the order in which the first of these came.
    waiting: Vec<ProducerKey>,
    /// Empty until forwarding begins.
    plan: Vec<Errand>,
    /// How many errands of the plan are done.
    done: usize,
}

/// One consumer that is to be sent what its producer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Errand {
    viewer: TransportKey,
    /// When it is its producer's turn within what the viewer gets.
    turn: usize,
    consumer: ConsumerKey,
    producer: ProducerKey,
}

impl Fanout {
    pub(super) const fn new() -> Self {
        Self { waiting: Vec::new(), plan: Vec::new(), done: 0 }
    }

    /// The next errand, if it is for `viewer` or that is nobody in particular.
    fn next_for(&mut self, viewer: Option<TransportKey>) -> Option<Errand> {
        let errand = self.plan.get(self.done).copied()?;
        if viewer.is_some_and(|viewer| viewer != errand.viewer) {
            return None;
        }
        self.done += 1;
        Some(errand)
    }
}

impl Router {
    /// Whether nothing waits for [`Router::forward_next`].
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.fanout.waiting.is_empty()
    }

    /// Sends what was gathered to one more viewer.
    ///
    /// Call it after each batch of [`Router::handle_rtp`] until it says [`Forwarding::Idle`], and
    /// before anything else is done to the router.
    pub fn forward_next<E: Egress>(&mut self, now: Instant, egress: &mut E) -> Forwarding {
        if self.fanout.plan.is_empty() {
            self.plan();
        }
        let Some(first) = self.fanout.next_for(None) else {
            self.conclude_all(now);
            return Forwarding::Idle;
        };
        let mut next = Some(first);
        while let Some(errand) = next {
            if let Some(producer) = self.producers.get(errand.producer.0) {
                forward_to(now, producer, &mut self.consumers, errand.consumer, egress);
            }
            next = self.fanout.next_for(Some(first.viewer));
        }
        Forwarding::More
    }

    /// Finishes what [`Router::forward_next`] has begun: a packet that comes now is of another
    /// batch.
    pub(super) fn finish_forwarding<E: Egress>(&mut self, now: Instant, egress: &mut E) {
        while !self.fanout.plan.is_empty() && self.forward_next(now, egress) == Forwarding::More {}
    }

    /// Notes that a producer has packets waiting; beyond the bound they go at once.
    pub(super) fn enqueue<E: Egress>(&mut self, now: Instant, key: ProducerKey, egress: &mut E) {
        let Some(producer) = self.producers.get_mut(key.0) else { return };
        let is_video = producer.options.codec.is_video();
        let bound = if is_video { MAX_PENDING_VIDEO } else { MAX_PENDING_AUDIO };
        if producer.pending.len() < bound {
            if producer.pending.len() == 1 {
                self.fanout.waiting.push(key);
            }
            return;
        }
        for index in 0..producer.consumers.len() {
            if let Some(consumer) = producer.consumers.get(index).copied() {
                forward_to(now, producer, &mut self.consumers, consumer, egress);
            }
        }
        self.fanout.waiting.retain(|waiting| *waiting != key);
        self.conclude(now, key);
    }

    /// Drops what waits of a producer.
    pub(super) fn drop_waiting(&mut self, key: ProducerKey) {
        self.fanout.waiting.retain(|waiting| *waiting != key);
        if let Some(producer) = self.producers.get_mut(key.0) {
            producer.pending.clear();
        }
    }

    /// Sorts who gets something by viewer, and what one viewer gets so that pictures and voices
    /// take turns.
    fn plan(&mut self) {
        let Self { producers, consumers, fanout, .. } = self;
        fanout.done = 0;
        let (mut pictures, mut voices) = (0, 0);
        for key in &fanout.waiting {
            let Some(producer) = producers.get(key.0) else { continue };
            let is_video = producer.options.codec.is_video();
            let (rank, place) = if is_video { (&mut pictures, 0) } else { (&mut voices, 1) };
            let turn = 2 * *rank + place;
            *rank += 1;
            for consumer in &producer.consumers {
                let Some(found) = consumers.get(consumer.0).filter(|one| !one.is_silent()) else {
                    continue;
                };
                let viewer = found.options.transport;
                fanout.plan.push(Errand { viewer, turn, consumer: *consumer, producer: *key });
            }
        }
        fanout.plan.sort_unstable();
    }

    fn conclude_all(&mut self, now: Instant) {
        self.fanout.plan.clear();
        for index in 0..self.fanout.waiting.len() {
            if let Some(key) = self.fanout.waiting.get(index).copied() {
                self.conclude(now, key);
            }
        }
        self.fanout.waiting.clear();
    }

    /// Forgets what every consumer has been sent, and asks for a key frame or stops asking.
    fn conclude(&mut self, now: Instant, key: ProducerKey) {
        let Some(producer) = self.producers.get_mut(key.0) else { return };
        let layers = |is_such: fn(&Received) -> bool| {
            let such = producer.pending.iter().filter(|received| is_such(received));
            such.fold(0, |layers, received| layers | bit(received.layer))
        };
        let entered = layers(|received| received.entry_point);
        let restarted = layers(|received| received.restart);
        producer.pending.clear();
        if !producer.options.codec.is_video() || entered | restarted == 0 {
            return;
        }
        let awaited = awaited(producer, &self.consumers);
        for (stream, layer) in producer.layers.iter_mut().zip(0_u8..) {
            let is_in = |layers: u8| layers & bit(layer) != 0;
            match (is_in(entered), is_in(awaited)) {
                (true, false) => stream.key_frames.settle(),
                (false, true) if is_in(restarted) => stream.key_frames.request(now),
                _ => {}
            }
        }
        if let Some(due) = producer.due() {
            self.schedule_producer(now, key, due);
        }
    }
}

fn forward_to<E: Egress>(
    now: Instant,
    producer: &Producer,
    consumers: &mut Arena<Consumer>,
    consumer: ConsumerKey,
    egress: &mut E,
) {
    if let Some(consumer) = consumers.get_mut(consumer.0) {
        consumer.forward(now, producer, egress);
    }
}
