//! When a router has something to do of its own: requests to publishers, reports to viewers.

use std::time::{Duration, Instant};

use super::{
    Egress, MAX_EVENTS, MAX_LAYERS, ProducerKey, Router, RouterEvent,
    arena::Arena,
    consumer::Consumer,
    keyframe::RequestDecision,
    layering::bit,
    missing,
    producer::{NACK_RETRY, Producer},
};

/// The most events one producer adds at a time: for each layer all it misses, and a key frame.
const MAX_EVENTS_PER_POLL: usize = MAX_LAYERS * (missing::MAX_POLLS + 1);

/// How often it is looked which sender reports are due: a twentieth of their interval, so that a
/// room of thousands of consumers costs twenty walks a second and not one per report.
pub(super) const REPORT_TICK: Duration = Duration::from_millis(50);

impl Router {
    /// Wants a key frame of a source's layer, if it is video and not muted.
    pub(super) fn request_key_frame(&mut self, now: Instant, producer: ProducerKey, layer: u8) {
        let Some(found) = self.producers.get_mut(producer.0) else {
            return;
        };
        if found.paused || !found.options.codec.is_video() {
            return;
        }
        let stream = found.layers.get_mut(usize::from(layer));
        let Some(stream) = stream.filter(|stream| !stream.is_excessive) else { return };
        stream.key_frames.request(now);
        if let Some(due) = found.due() {
            self.schedule_producer(now, producer, due);
        }
    }

    /// Serves the producer now if it is due, else makes sure that it will be.
    pub(super) fn schedule_producer(&mut self, now: Instant, producer: ProducerKey, due: Instant) {
        let next = if due <= now { self.poll_producer(now, producer) } else { Some(due) };
        self.producers_due = earlier(self.producers_due, next);
    }

    pub(super) fn poll_producers(&mut self, now: Instant) {
        let keys = 0..self.producers.slots();
        self.producers_due = None;
        for slot in keys {
            if let Some(key) = self.producers.key_at(slot) {
                let next = self.poll_producer(now, ProducerKey(key));
                self.producers_due = earlier(self.producers_due, next);
            }
        }
    }

    /// Turns what a producer wants into events; returns when it wants something again.
    fn poll_producer(&mut self, now: Instant, producer: ProducerKey) -> Option<Instant> {
        let found = self.producers.get_mut(producer.0)?;
        if found.due()? > now || self.events.len() + MAX_EVENTS_PER_POLL > MAX_EVENTS {
            return found.due();
        }
        let transport = found.options.transport;
        let awaited = awaited(found, &self.consumers);
        for (stream, layer) in found.layers.iter_mut().zip(0_u8..) {
            while let Some(lost) = stream.missing.poll(now, NACK_RETRY) {
                found.stats.nacked += lost.as_slice().len() as u64;
                self.events.push_back(RouterEvent::Nack { producer, transport, layer, lost });
            }
            if stream.key_frames.poll(now, awaited & bit(layer) != 0) == RequestDecision::Send {
                found.stats.key_frame_requests += 1;
                self.events.push_back(RouterEvent::KeyFrame { producer, transport, layer });
            }
        }
        found.due()
    }

    /// Tells a microphone what is lost on the way to its worst listener, when that has changed.
    ///
    /// Opus adds a copy of each frame to the next one as soon as its sender hears of loss (RFC 6716
    /// section 2.1.7). The sender's own link may be perfect, so it has to be told of the others'.
    pub(super) fn tell_listener_loss(&mut self, producer: ProducerKey) {
        let Some(found) = self.producers.get_mut(producer.0) else { return };
        if found.options.codec.is_video() || self.events.len() >= MAX_EVENTS {
            return;
        }
        let losses = found.consumers.iter().filter_map(|key| self.consumers.get(key.0));
        let fraction_lost = losses.map(Consumer::loss).max().unwrap_or_default();
        if std::mem::replace(&mut found.listener_loss, fraction_lost) != fraction_lost {
            let transport = found.options.transport;
            self.events.push_back(RouterEvent::ListenerLoss { producer, transport, fraction_lost });
        }
    }

    pub(super) fn poll_sender_reports<E: Egress>(&mut self, now: Instant, egress: &mut E) {
        self.reports_due = None;
        for (_, consumer) in self.consumers.iter_mut().filter(|(_, one)| !one.is_paused()) {
            self.reports_due = Some(now + REPORT_TICK);
            let Some(producer) = self.producers.get(consumer.options.producer.0) else {
                continue;
            };
            if let Some(report) = consumer.poll_sender_report(now, producer) {
                egress.send_sender_report(consumer.options.transport, report);
            }
        }
    }
}

/// The layers in which consumers wait for a place to start at, a bit each.
pub(super) fn awaited(producer: &Producer, consumers: &Arena<Consumer>) -> u8 {
    let consumers = producer.consumers.iter().filter_map(|key| consumers.get(key.0));
    consumers.filter_map(Consumer::awaits).fold(0, |awaited, layer| awaited | bit(layer))
}

pub(super) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    [a, b].into_iter().flatten().min()
}
