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
//! | `fanout` | what came in one batch, gathered viewer by viewer |
//! | `egress` | the canonical packet and what differs per viewer |
//! | `sequence` | continuous numbers, timestamps and picture ids for one viewer |
//! | `layer`, `spatial`, `frame` | one stream of a source, its layers; what its packets say of them |
//! | `selector`, `layering` | which layer a viewer is sent, and which ones publishers need not send |
//! | [`keyframe`], [`vp8`], [`vp9`], [`av1`] | what payloads say of frames and layers, where a decoder can start
//! | `speaker`, `loudest` | who speaks, and whose voice is forwarded in a big room |
//! | `police` | how much a publisher may send |
//! | [`red`] | redundant audio, and what of it is sent to whom |
//! | `missing`, `resend` | repair towards the publisher, repair towards the viewer |
//! | `schedule` | when to ask, and when to report |
//!
//! **Driving it.** Feed it with the `handle_*` methods; after each, drain [`Router::poll_event`] and
//! call [`Router::handle_timeout`] at the time [`Router::poll_timeout`] names. Every method is told
//! the time, and nothing depends on anything else: one sequence of calls has one outcome.

mod arena;
mod arrivals;
pub mod av1;
mod cache;
mod consumer;
mod egress;
mod fanout;
mod frame;
pub mod keyframe;
mod layer;
mod layering;
mod loudest;
mod missing;
mod modular;
mod names;
mod police;
mod producer;
pub mod red;
mod resend;
mod schedule;
mod selector;
mod sequence;
mod spatial;
mod speaker;
pub mod vp8;
pub mod vp9;

use std::{collections::VecDeque, time::Instant};

use shared::ids::{ConsumerId, ProducerId, RouterId};

use arena::Arena;
use consumer::Consumer;
use fanout::Fanout;
use layer::{Announcement, LayerStream};
use loudest::Voices;
use police::Policer;
use producer::Producer;
use schedule::{REPORT_TICK, awaited};
use spatial::Liveness;

pub use consumer::{ConsumerOptions, ConsumerStats, Continuation, ReceptionReport};
pub use egress::{Egress, OutgoingRtp, PADDING_PACKET_LEN, SenderReport, TransportKey};
pub use layer::MAX_LAYERS;
pub use loudest::MAX_HEARD;
pub use missing::LostPackets;
pub use names::{ClosedConsumer, ConsumerKey, Forwarding, ProducerKey, RouterError, RouterEvent};
pub use producer::{
    IncomingRtp, Ingested, MAX_PACKET_LEN, ProducerOptions, ProducerStats, SenderClock, StreamRole,
};

pub use resend::{Copies, Lost, MAX_LOST};

/// The most producers of one room: four sources for each of 128 participants.
pub const MAX_PRODUCERS: usize = 512;

/// The most consumers of one producer: what one worker can send of a 500 kbit/s camera.
pub const MAX_CONSUMERS_PER_PRODUCER: usize = 2048;

/// The most consumers of one room: 128 participants who each receive all the others' voice and video.
pub const MAX_CONSUMERS: usize = 32_768;

/// The most events waiting for [`Router::poll_event`]. When it is full, wishes stay with their
/// producers and become events at the next [`Router::handle_timeout`].
pub const MAX_EVENTS: usize = 256;

/// A viewer that asks for so many packets at once that are kept no more was cut off: only a key frame
/// helps it, and its browser would take three seconds to ask for one.
const GONE: u64 = 16;

/// The media of one room.
#[derive(Debug)]
pub struct Router {
    id: RouterId,
    producers: Arena<Producer>,
    consumers: Arena<Consumer>,
    events: VecDeque<RouterEvent>,
    fanout: Fanout,
    voices: Voices,
    /// Not later than the earliest time a producer wants something.
    producers_due: Option<Instant>,
    /// When to look for sender reports next.
    reports_due: Option<Instant>,
    /// When to look at the layers next.
    layers_due: Option<Instant>,
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
            fanout: Fanout::new(),
            voices: Voices::new(),
            producers_due: None,
            reports_due: None,
            layers_due: None,
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
        if removed.voice.is_some() {
            self.voices.forget(producer, removed.options.transport);
        }
        let close = |key: ConsumerKey| {
            let removed = self.consumers.remove(key.0)?;
            let ConsumerOptions { id, transport, .. } = removed.options;
            Some(ClosedConsumer { key, id, transport, continuation: removed.continuation() })
        };
        removed.consumers.into_iter().filter_map(close).collect()
    }

    /// Stops forwarding a source: it is muted.
    ///
    /// # Errors
    /// When the producer is gone.
    pub fn pause_producer(&mut self, key: ProducerKey) -> Result<(), RouterError> {
        let producer = self.producers.get_mut(key.0).ok_or(RouterError::UnknownProducer)?;
        producer.paused = true;
        producer.forget_wishes();
        for key in &producer.consumers {
            if let Some(consumer) = self.consumers.get_mut(key.0) {
                consumer.interrupt();
            }
        }
        self.mute_voice(key);
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
        self.retarget(now, producer);
        Ok(())
    }

    /// Holds a source to a bit rate, from its next packet on: while more comes, nothing of it is
    /// forwarded.
    ///
    /// # Errors
    /// When the producer is gone.
    pub fn set_max_bitrate(
        &mut self,
        producer: ProducerKey,
        bitrate: u32,
    ) -> Result<(), RouterError> {
        let producer = self.producers.get_mut(producer.0).ok_or(RouterError::UnknownProducer)?;
        producer.policer = Some(Policer::new(bitrate));
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
        let consumer = Consumer::new(options, producer.options.codec, producer.layers.len());
        let key = ConsumerKey(self.consumers.insert(consumer));
        producer.consumers.push(key);
        Ok(key)
    }

    /// Lets a consumer that was just added go on where another one stopped, which had the same
    /// SSRCs on the same transport.
    pub fn continue_consumer(&mut self, consumer: ConsumerKey, before: Continuation) {
        if let Some(consumer) = self.consumers.get_mut(consumer.0) {
            consumer.continue_from(before);
        }
    }

    /// Removes a viewer's receipt of a source, and says where its streams stand.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn remove_consumer(&mut self, consumer: ConsumerKey) -> Result<Continuation, RouterError> {
        let removed = self.consumers.remove(consumer.0).ok_or(RouterError::UnknownConsumer)?;
        if let Some(producer) = self.producers.get_mut(removed.options.producer.0) {
            producer.consumers.retain(|key| *key != consumer);
        }
        Ok(removed.continuation())
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
        self.retarget(now, producer);
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

    /// Takes a viewer's word on whether it accepts retransmissions on their own stream.
    pub fn accept_retransmissions(&mut self, consumer: ConsumerKey, accepted: bool) {
        if let Some(consumer) = self.consumers.get_mut(consumer.0) {
            consumer.accept_retransmissions(accepted);
        }
    }

    /// Takes a viewer's word on whether it reads redundant audio; it is sent plain audio until then.
    pub fn accept_redundancy(&mut self, consumer: ConsumerKey, accepted: bool) {
        if let Some(consumer) = self.consumers.get_mut(consumer.0) {
            consumer.accept_redundancy(accepted);
        }
    }

    /// Takes one decrypted packet of a publisher for every consumer that is ready;
    /// [`Router::forward_next`] sends it.
    pub fn handle_rtp<E: Egress>(
        &mut self,
        now: Instant,
        incoming: IncomingRtp<'_>,
        egress: &mut E,
    ) -> Ingested {
        self.finish_forwarding(now, egress);
        self.hear(now, &incoming);
        let Some(producer) = self.producers.get_mut(incoming.producer.0) else {
            return Ingested::UnknownProducer;
        };
        let mut begins = false;
        let outcome = match producer.receive(now, &incoming) {
            Ok(received) => {
                begins = received.liveness == Liveness::Begins
                    || received.announcement == Announcement::Layers;
                producer.pending.push(received);
                Ingested::Forwarded
            }
            Err(reason) => reason,
        };
        let begins_or_ends = producer.notes_excess(incoming.layer, outcome);
        if let Some(due) = producer.due() {
            self.schedule_producer(now, incoming.producer, due);
        }
        if begins_or_ends {
            self.turn_excess(now, incoming.producer, incoming.layer);
        }
        if begins {
            self.retarget(now, incoming.producer);
        }
        if outcome == Ingested::Forwarded {
            self.enqueue(now, incoming.producer, egress);
        }
        outcome
    }

    /// Prepares for a publisher's stream to begin anew with its next packet: its SSRC has changed,
    /// so its numbers and its timeline are unrelated to those before.
    pub fn expect_restart(&mut self, producer: ProducerKey, layer: u8) {
        if let Some(stream) = self.stream_mut(producer, layer) {
            stream.expect_restart();
        }
    }

    /// Notes what a publisher's sender report says of its clocks. It must be the report of a
    /// layer's primary stream.
    pub fn handle_sender_report(
        &mut self,
        now: Instant,
        (producer, layer): (ProducerKey, u8),
        clock: SenderClock,
    ) {
        if let Some(stream) = self.stream_mut(producer, layer) {
            stream.set_clock(now, clock);
        }
    }

    fn stream_mut(&mut self, producer: ProducerKey, layer: u8) -> Option<&mut LayerStream> {
        self.producers.get_mut(producer.0)?.layers.get_mut(usize::from(layer))
    }

    /// Answers a viewer's generic negative acknowledgement.
    pub fn handle_nack<E: Egress>(
        &mut self,
        now: Instant,
        consumer: ConsumerKey,
        lost: Lost<'_>,
        egress: &mut E,
    ) {
        let Some(consumer) = self.consumers.get_mut(consumer.0) else {
            return;
        };
        let key = consumer.options.producer;
        let Some(producer) = self.producers.get(key.0) else { return };
        let gone = consumer.stats.unanswered;
        consumer.resend(now, lost, producer, egress);
        let is_lost = consumer.stats.unanswered - gone >= GONE;
        if let Some(layer) = consumer.stream().filter(|_| is_lost) {
            self.request_key_frame(now, key, layer);
        }
    }

    /// Sends packets of padding to a consumer's viewer, to see whether the way there carries them.
    /// Returns whether they could be sent.
    pub fn send_padding<E: Egress>(
        &mut self,
        consumer: ConsumerKey,
        packets: usize,
        egress: &mut E,
    ) -> bool {
        let found = self.consumers.get_mut(consumer.0);
        found.is_some_and(|consumer| consumer.pad(packets, egress))
    }

    /// Passes a viewer's picture loss indication or full intra request on, as often as is sensible.
    pub fn handle_key_frame_request(&mut self, now: Instant, consumer: ConsumerKey) {
        let Some(found) = self.consumers.get_mut(consumer.0).filter(|found| !found.is_paused())
        else {
            return;
        };
        found.stats.key_frame_requests += 1;
        let producer = found.options.producer;
        if let Some(layer) = found.stream().or_else(|| found.awaits()) {
            self.request_key_frame(now, producer, layer);
        }
    }

    /// Takes a viewer's reception report of what it is sent.
    pub fn handle_reception_report(
        &mut self,
        now: Instant,
        consumer: ConsumerKey,
        report: ReceptionReport,
    ) {
        let Some(consumer) = self.consumers.get_mut(consumer.0) else { return };
        consumer.note_report(now, report);
        let producer = consumer.options.producer;
        self.tell_listener_loss(producer);
    }

    /// Notes that a viewer's link loses so much, in 1/256.
    pub fn note_loss(&mut self, consumer: ConsumerKey, lost: u8) {
        let Some(consumer) = self.consumers.get_mut(consumer.0) else { return };
        let producer = consumer.options.producer;
        if consumer.note_loss(lost) {
            self.tell_listener_loss(producer);
        }
    }

    /// When to call [`Router::handle_timeout`]; the events are drained before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let dues = [self.producers_due, self.reports_due, self.layers_due, self.voices.due()];
        dues.into_iter().flatten().min()
    }

    /// Does what is due: repeats unanswered requests to publishers, sends sender reports, looks who
    /// speaks.
    pub fn handle_timeout<E: Egress>(&mut self, now: Instant, egress: &mut E) {
        if self.producers_due.is_some_and(|due| due <= now) {
            self.poll_producers(now);
        }
        if self.reports_due.is_some_and(|due| due <= now) {
            self.poll_sender_reports(now, egress);
        }
        if self.layers_due.is_some_and(|due| due <= now) {
            self.poll_layers(now);
        }
        if self.voices.due().is_some_and(|due| due <= now) {
            self.poll_voices(now);
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

    /// The name of a consumer on the wire.
    #[must_use]
    pub fn consumer_id(&self, consumer: ConsumerKey) -> Option<ConsumerId> {
        self.consumers.get(consumer.0).map(|consumer| consumer.options.id)
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
}

#[cfg(test)]
mod tests;
