//! From one producer to its consumers: audio at once, video gathered.
//!
//! The packets of a video frame come within one batch of datagrams. They are forwarded consumer by
//! consumer, not packet by packet, so that each viewer's packets are sealed back to back and leave
//! as one run, which the kernel takes in one call.

use std::time::Instant;

use super::{
    Arena, Consumer, ConsumerKey, Egress, Forwarding, ProducerKey, Router, is_awaited,
    producer::Producer,
};

/// Video packets of one producer that wait for the end of a batch; the next one sends them off.
pub(super) const MAX_PENDING: usize = 32;

/// How far the fan-out of the producer in front has come.
#[derive(Debug)]
pub(super) struct Progress {
    /// Consumers that have been served.
    served: usize,
}

impl Progress {
    /// Nobody has been served.
    pub(super) const START: Self = Self { served: 0 };
}

impl Router {
    /// Sends what was gathered to one more consumer.
    ///
    /// Call it after each batch of [`Router::handle_rtp`] until it says [`Forwarding::Idle`], and
    /// before anything else is done to the router.
    pub fn forward_next<E: Egress>(&mut self, now: Instant, egress: &mut E) -> Forwarding {
        let Some(key) = self.waiting.front().copied() else { return Forwarding::Idle };
        let Some(producer) = self.producers.get_mut(key.0) else {
            self.finish_front();
            return Forwarding::More;
        };
        match producer.consumers.get(self.progress.served).copied() {
            Some(consumer) => {
                self.progress.served += 1;
                forward_to(now, producer, &mut self.consumers, consumer, egress);
            }
            None => {
                self.finish_front();
                self.conclude(now, key);
            }
        }
        Forwarding::More
    }

    /// Notes that a producer has packets waiting; audio, and video beyond the bound, goes at once.
    pub(super) fn enqueue<E: Egress>(&mut self, now: Instant, key: ProducerKey, egress: &mut E) {
        let Some(producer) = self.producers.get_mut(key.0) else { return };
        if producer.options.codec.is_video() && producer.pending.len() < MAX_PENDING {
            if producer.pending.len() == 1 {
                self.waiting.push_back(key);
            }
            return;
        }
        for index in 0..producer.consumers.len() {
            if let Some(consumer) = producer.consumers.get(index).copied() {
                forward_to(now, producer, &mut self.consumers, consumer, egress);
            }
        }
        if self.waiting.front() == Some(&key) {
            self.progress = Progress::START;
        }
        self.waiting.retain(|waiting| *waiting != key);
        self.conclude(now, key);
    }

    fn finish_front(&mut self) {
        self.waiting.pop_front();
        self.progress = Progress::START;
    }

    /// Forgets what every consumer has been sent, and asks for a key frame or stops asking.
    fn conclude(&mut self, now: Instant, key: ProducerKey) {
        let Some(producer) = self.producers.get_mut(key.0) else { return };
        let has_entry_point = producer.pending.iter().any(|received| received.entry_point);
        let has_restart = producer.pending.iter().any(|received| received.restart);
        producer.pending.clear();
        if !producer.options.codec.is_video() || !(has_entry_point || has_restart) {
            return;
        }
        match (has_entry_point, is_awaited(producer, &self.consumers)) {
            (true, false) => producer.key_frames.settle(),
            (false, true) => producer.key_frames.request(now),
            _ => {}
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
        consumer.forward(now, &producer.pending, &producer.stream, egress);
    }
}
