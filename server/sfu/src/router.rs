//! One room's media: takes each publisher's packets in once and sends them to every viewer.
//!
//! A packet is put into a canonical form when it arrives and kept in its producer's cache; for each
//! consumer only the fixed header differs, so forwarding is one copy and a patch of 16 bytes. The
//! router knows nothing of addresses, sessions or keys: it is handed decrypted packets and hands
//! [`OutgoingRtp`] to an [`Egress`].
//!
//! | module | what it holds |
//! |---|---|
//! | `producer` | one published source: arrivals, cache, what is missing, clocks |
//! | `consumer` | one viewer's receipt of it: state, numbering, retransmissions, reports |
//! | `arrivals` | extended sequence numbers, duplicates, restarts |
//! | `cache` | recent packets, shared by all consumers |
//! | `egress` | the canonical packet and what differs per viewer |
//! | `sequence` | continuous numbers and timestamps for one viewer |
//! | [`keyframe`], [`vp8`] | where a decoder can start, and asking for such a place |
//! | `missing`, `resend` | repair towards the publisher, repair towards the viewer |
//!
//! **Driving it.** Feed it with the `handle_*` methods; after each, drain [`Router::poll_event`] and
//! call [`Router::handle_timeout`] at the time [`Router::poll_timeout`] names. Every method is told
//! the time, and nothing depends on anything else: one sequence of calls has one outcome.

mod arena;
mod arrivals;
mod cache;
mod consumer;
mod egress;
pub mod keyframe;
mod missing;
mod modular;
mod producer;
mod resend;
mod sequence;
pub mod vp8;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use shared::ids::{ConsumerId, ProducerId, RouterId};

use arena::{Arena, Index};
use consumer::Consumer;
use keyframe::RequestDecision;
use producer::{Producer, Received};

pub use consumer::{ConsumerOptions, ConsumerStats, ReportEcho};
pub use egress::{Egress, OutgoingRtp, SenderReport, TransportKey};
pub use missing::LostPackets;
pub use producer::{
    IncomingRtp, Ingested, MAX_PACKET_LEN, ProducerOptions, ProducerStats, SenderClock, StreamRole,
};

/// The most producers of one room: four sources for each of 128 participants.
pub const MAX_PRODUCERS: usize = 512;

/// The most consumers of one producer: what one worker can send of a 500 kbit/s camera.
pub const MAX_CONSUMERS_PER_PRODUCER: usize = 2048;

/// The most consumers of one room: 128 participants who each receive all the others' voice and video.
pub const MAX_CONSUMERS: usize = 32_768;

/// The most events waiting for [`Router::poll_event`]. When it is full, wishes stay with their
/// producers and become events at the next [`Router::handle_timeout`].
pub const MAX_EVENTS: usize = 256;

/// The most events one producer adds at a time: all it misses, and a key frame.
const MAX_EVENTS_PER_POLL: usize = missing::MAX_POLLS + 1;

/// How often it is looked which sender reports are due: a twentieth of their interval, so that a
/// room of thousands of consumers costs twenty walks a second and not one per report.
const REPORT_TICK: Duration = Duration::from_millis(50);

/// One producer of one router. It stays valid for exactly as long as the producer lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProducerKey(Index);

/// One consumer of one router. It stays valid for exactly as long as the consumer lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConsumerKey(Index);

/// Why a router did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RouterError {
    /// The room has [`MAX_PRODUCERS`].
    #[error("the room has all the producers it can have")]
    TooManyProducers,
    /// The producer has [`MAX_CONSUMERS_PER_PRODUCER`], or the room [`MAX_CONSUMERS`].
    #[error("the producer or the room has all the consumers it can have")]
    TooManyConsumers,
    /// There is no such producer any more.
    #[error("the producer is gone")]
    UnknownProducer,
    /// There is no such consumer any more.
    #[error("the consumer is gone")]
    UnknownConsumer,
}

/// What a router wants of a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouterEvent {
    /// Send a picture loss indication.
    KeyFrame {
        /// The source.
        producer: ProducerKey,
        /// The publisher's transport.
        transport: TransportKey,
    },
    /// Send a generic negative acknowledgement.
    Nack {
        /// The source.
        producer: ProducerKey,
        /// The publisher's transport.
        transport: TransportKey,
        /// The packets.
        lost: LostPackets,
    },
}

/// A consumer that ended with its producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedConsumer {
    /// Its key, which is no longer valid.
    pub key: ConsumerKey,
    /// Its name on the wire.
    pub id: ConsumerId,
    /// The transport it went out by.
    pub transport: TransportKey,
}

/// The media of one room.
#[derive(Debug)]
pub struct Router {
    id: RouterId,
    producers: Arena<Producer>,
    consumers: Arena<Consumer>,
    events: VecDeque<RouterEvent>,
    /// Not later than the earliest time a producer wants something.
    producers_due: Option<Instant>,
    /// When to look for sender reports next.
    reports_due: Option<Instant>,
}

impl Router {
    /// A room without anyone in it.
    #[must_use]
    pub const fn new(id: RouterId) -> Self {
        Self {
            id,
            producers: Arena::new(),
            consumers: Arena::new(),
            events: VecDeque::new(),
            producers_due: None,
            reports_due: None,
        }
    }

    /// The router's name in the logs.
    #[must_use]
    pub const fn id(&self) -> RouterId {
        self.id
    }

    /// Adds a source.
    ///
    /// # Errors
    /// When the room has all the producers it can have.
    pub fn add_producer(&mut self, options: ProducerOptions) -> Result<ProducerKey, RouterError> {
        if self.producers.len() >= MAX_PRODUCERS {
            return Err(RouterError::TooManyProducers);
        }
        Ok(ProducerKey(self.producers.insert(Producer::new(options))))
    }

    /// Removes a source and all its consumers, which are returned; none if it was gone already.
    pub fn remove_producer(&mut self, producer: ProducerKey) -> Vec<ClosedConsumer> {
        let Some(removed) = self.producers.remove(producer.0) else {
            return Vec::new();
        };
        let close = |key: ConsumerKey| {
            let options = self.consumers.remove(key.0)?.options;
            Some(ClosedConsumer { key, id: options.id, transport: options.transport })
        };
        removed.consumers.into_iter().filter_map(close).collect()
    }

    /// Stops forwarding a source: it is muted.
    ///
    /// # Errors
    /// When the producer is gone.
    pub fn pause_producer(&mut self, producer: ProducerKey) -> Result<(), RouterError> {
        let producer = self.producers.get_mut(producer.0).ok_or(RouterError::UnknownProducer)?;
        producer.paused = true;
        producer.forget_wishes();
        for key in &producer.consumers {
            if let Some(consumer) = self.consumers.get_mut(key.0) {
                consumer.interrupt();
            }
        }
        Ok(())
    }

    /// Forwards a source again, video from its next key frame on.
    ///
    /// # Errors
    /// When the producer is gone.
    pub fn resume_producer(
        &mut self,
        now: Instant,
        producer: ProducerKey,
    ) -> Result<(), RouterError> {
        let found = self.producers.get_mut(producer.0).ok_or(RouterError::UnknownProducer)?;
        found.paused = false;
        self.request_key_frame_if_awaited(now, producer);
        Ok(())
    }

    /// Adds a viewer's receipt of a source; it starts paused.
    ///
    /// # Errors
    /// When the producer is gone, or it or the room has all the consumers it can have.
    pub fn add_consumer(&mut self, options: ConsumerOptions) -> Result<ConsumerKey, RouterError> {
        let producer =
            self.producers.get_mut(options.producer.0).ok_or(RouterError::UnknownProducer)?;
        if producer.consumers.len() >= MAX_CONSUMERS_PER_PRODUCER
            || self.consumers.len() >= MAX_CONSUMERS
        {
            return Err(RouterError::TooManyConsumers);
        }
        let consumer = Consumer::new(options, producer.options.codec);
        let key = ConsumerKey(self.consumers.insert(consumer));
        producer.consumers.push(key);
        Ok(key)
    }

    /// Removes a viewer's receipt of a source.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn remove_consumer(&mut self, consumer: ConsumerKey) -> Result<(), RouterError> {
        let removed = self.consumers.remove(consumer.0).ok_or(RouterError::UnknownConsumer)?;
        if let Some(producer) = self.producers.get_mut(removed.options.producer.0) {
            producer.consumers.retain(|key| *key != consumer);
        }
        Ok(())
    }

    /// Sends a source to a viewer: audio from its next packet on, video from its next key frame on,
    /// which is asked for.
    ///
    /// # Errors
    /// When the consumer is gone.
    pub fn resume_consumer(
        &mut self,
        now: Instant,
        consumer: ConsumerKey,
    ) -> Result<(), RouterError> {
        let found = self.consumers.get_mut(consumer.0).ok_or(RouterError::UnknownConsumer)?;
        found.resume();
        let producer = found.options.producer;
        self.reports_due.get_or_insert(now + REPORT_TICK);
        self.request_key_frame_if_awaited(now, producer);
        Ok(())
    }

    /// Stops sending a source to a viewer.
    ///
    /// # Errors
    /// When the consumer is gone.
    pub fn pause_consumer(&mut self, consumer: ConsumerKey) -> Result<(), RouterError> {
        self.consumers.get_mut(consumer.0).ok_or(RouterError::UnknownConsumer)?.pause();
        Ok(())
    }

    /// Takes one decrypted packet of a publisher and sends it to every consumer that is ready.
    pub fn handle_rtp<E: Egress>(
        &mut self,
        now: Instant,
        incoming: IncomingRtp<'_>,
        egress: &mut E,
    ) -> Ingested {
        let Some(producer) = self.producers.get_mut(incoming.producer.0) else {
            return Ingested::UnknownProducer;
        };
        let outcome = match producer.receive(now, &incoming) {
            Ok(received) => {
                fan_out(now, producer, &mut self.consumers, &received, egress);
                Ingested::Forwarded
            }
            Err(reason) => reason,
        };
        if let Some(due) = producer.due() {
            self.schedule_producer(now, incoming.producer, due);
        }
        outcome
    }

    /// Notes what a publisher's sender report says of its clocks. It must be the report of the
    /// producer's primary stream.
    pub fn handle_sender_report(
        &mut self,
        now: Instant,
        producer: ProducerKey,
        clock: SenderClock,
    ) {
        if let Some(producer) = self.producers.get_mut(producer.0) {
            producer.stream.set_clock(now, clock);
        }
    }

    /// Answers a viewer's generic negative acknowledgement of the packets with these numbers.
    pub fn handle_nack<E: Egress>(
        &mut self,
        now: Instant,
        consumer: ConsumerKey,
        numbers: &[u16],
        egress: &mut E,
    ) {
        let Some(consumer) = self.consumers.get_mut(consumer.0) else {
            return;
        };
        if let Some(producer) = self.producers.get(consumer.options.producer.0) {
            consumer.resend(now, numbers, &producer.stream, egress);
        }
    }

    /// Passes a viewer's picture loss indication or full intra request on, as often as is sensible.
    pub fn handle_key_frame_request(&mut self, now: Instant, consumer: ConsumerKey) {
        let Some(found) = self.consumers.get_mut(consumer.0).filter(|found| !found.is_paused())
        else {
            return;
        };
        found.stats.key_frame_requests += 1;
        let producer = found.options.producer;
        self.request_key_frame(now, producer);
    }

    /// Measures the round trip to a viewer by its reception report.
    pub fn handle_report_echo(&mut self, now: Instant, consumer: ConsumerKey, echo: ReportEcho) {
        if let Some(consumer) = self.consumers.get_mut(consumer.0) {
            consumer.note_echo(now, echo);
        }
    }

    /// Sets the round trip to a publisher, which is how long a lost packet is waited for.
    pub fn set_producer_round_trip(&mut self, producer: ProducerKey, round_trip: Duration) {
        if let Some(producer) = self.producers.get_mut(producer.0) {
            producer.round_trip = round_trip;
        }
    }

    /// When to call [`Router::handle_timeout`]; the events are drained before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.producers_due, self.reports_due].into_iter().flatten().min()
    }

    /// Does what is due: repeats unanswered requests to publishers, sends sender reports.
    pub fn handle_timeout<E: Egress>(&mut self, now: Instant, egress: &mut E) {
        if self.producers_due.is_some_and(|due| due <= now) {
            self.poll_producers(now);
        }
        if self.reports_due.is_some_and(|due| due <= now) {
            self.poll_sender_reports(now, egress);
        }
    }

    /// What the router wants of a publisher next.
    pub fn poll_event(&mut self) -> Option<RouterEvent> {
        self.events.pop_front()
    }

    /// The name of a producer on the wire.
    #[must_use]
    pub fn producer_id(&self, producer: ProducerKey) -> Option<ProducerId> {
        self.producers.get(producer.0).map(|producer| producer.options.id)
    }

    /// What a producer has counted.
    #[must_use]
    pub fn producer_stats(&self, producer: ProducerKey) -> Option<ProducerStats> {
        self.producers.get(producer.0).map(|producer| producer.stats)
    }

    /// What a consumer has counted.
    #[must_use]
    pub fn consumer_stats(&self, consumer: ConsumerKey) -> Option<ConsumerStats> {
        self.consumers.get(consumer.0).map(|consumer| consumer.stats)
    }

    fn request_key_frame_if_awaited(&mut self, now: Instant, producer: ProducerKey) {
        if self.producers.get(producer.0).is_some_and(|found| is_awaited(found, &self.consumers)) {
            self.request_key_frame(now, producer);
        }
    }

    /// Wants a key frame of a source, if it is video and not muted.
    fn request_key_frame(&mut self, now: Instant, producer: ProducerKey) {
        let Some(found) = self.producers.get_mut(producer.0) else {
            return;
        };
        if found.paused || !found.options.codec.is_video() {
            return;
        }
        found.key_frames.request(now);
        if let Some(due) = found.due() {
            self.schedule_producer(now, producer, due);
        }
    }

    /// Serves the producer now if it is due, else makes sure that it will be.
    fn schedule_producer(&mut self, now: Instant, producer: ProducerKey, due: Instant) {
        let next = if due <= now { self.poll_producer(now, producer) } else { Some(due) };
        self.producers_due = earlier(self.producers_due, next);
    }

    fn poll_producers(&mut self, now: Instant) {
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
        while let Some(lost) = found.stream.missing.poll(now, found.nack_retry()) {
            found.stats.nacked += lost.as_slice().len() as u64;
            self.events.push_back(RouterEvent::Nack { producer, transport, lost });
        }
        let still_wanted = is_awaited(found, &self.consumers);
        if found.key_frames.poll(now, still_wanted) == RequestDecision::Send {
            found.stats.key_frame_requests += 1;
            self.events.push_back(RouterEvent::KeyFrame { producer, transport });
        }
        found.due()
    }

    fn poll_sender_reports<E: Egress>(&mut self, now: Instant, egress: &mut E) {
        self.reports_due = None;
        for (_, consumer) in self.consumers.iter_mut().filter(|(_, one)| !one.is_paused()) {
            self.reports_due = Some(now + REPORT_TICK);
            let Some(producer) = self.producers.get(consumer.options.producer.0) else {
                continue;
            };
            let publisher = producer.options.transport;
            if let Some(report) = consumer.poll_sender_report(now, publisher, &producer.stream) {
                egress.send_sender_report(consumer.options.transport, report);
            }
        }
    }
}

/// Sends a packet that has just been taken in to the producer's consumers.
fn fan_out<E: Egress>(
    now: Instant,
    producer: &mut Producer,
    consumers: &mut Arena<Consumer>,
    received: &Received,
    egress: &mut E,
) {
    let Some(packet) = producer.stream.packet(received.sequence) else {
        return;
    };
    for key in &producer.consumers {
        if let Some(consumer) = consumers.get_mut(key.0) {
            consumer.forward(now, (received, &packet), &producer.stream, egress);
        }
    }
    if !producer.options.codec.is_video() || !(received.entry_point || received.restart) {
        return;
    }
    match (received.entry_point, is_awaited(producer, consumers)) {
        (true, false) => producer.key_frames.settle(),
        (false, true) => producer.key_frames.request(now),
        _ => {}
    }
}

/// Whether a consumer waits for a place to start at.
fn is_awaited(producer: &Producer, consumers: &Arena<Consumer>) -> bool {
    producer.consumers.iter().any(|key| consumers.get(key.0).is_some_and(Consumer::is_awaiting))
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    [a, b].into_iter().flatten().min()
}

#[cfg(test)]
mod tests;
