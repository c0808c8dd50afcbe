//! Producers and consumers.

use std::time::Instant;

use shared::{
    ids::{ConsumerId, ProducerId, TransportId},
    media::{MediaKind, Source},
    signaling::PreferredLayers,
};

use super::{Outcome, router_error, sdp_error};
use crate::{
    command::{CommandError, CommandReply},
    router::{ConsumerOptions, ProducerOptions},
    transport::publish::BindError,
    worker::{
        Worker,
        table::{ConsumerEntry, ProducerEntry, router_key},
    },
};

impl Worker {
    pub(super) fn produce(
        &mut self,
        transport_id: TransportId,
        producer_id: ProducerId,
        mid: &str,
        (source, paused): (Source, bool),
    ) -> Outcome {
        let transport = self.transport_key(transport_id)?;
        if self.table.producers.contains_key(&producer_id) {
            return Err(CommandError::IdTaken);
        }
        let router_id = self.router_of(transport);
        let Some(leg) = self.table.publish_leg(transport) else {
            return Err(CommandError::TransportState(transport_id));
        };
        let codec = leg.codec_of(mid, source.kind()).map_err(bind_error)?;
        let layers = leg.layers_of(mid);
        let router = self.table.routers.get_mut(&router_id);
        let router = router.ok_or(CommandError::RouterNotFound(router_id))?;
        let transport_key = router_key(transport);
        let options = ProducerOptions { id: producer_id, transport: transport_key, codec, layers };
        let key = router.add_producer(options).map_err(|error| router_error(&error))?;
        if source == Source::Microphone {
            router.listen_to(key).map_err(|error| router_error(&error))?;
        }
        if paused {
            router.pause_producer(key).map_err(|error| router_error(&error))?;
        }
        if let Some(leg) = self.table.publish_leg(transport) {
            leg.bind(mid, key, codec);
        }
        let entry = ProducerEntry { key, router_id, transport, codec, source };
        self.table.producers.insert(producer_id, entry);
        Ok(CommandReply::Produced { codec })
    }

    pub(super) fn close_producer_by_id(&mut self, producer_id: ProducerId) -> Outcome {
        self.producer(producer_id)?;
        let consumers = self.close_producer(producer_id);
        Ok(CommandReply::Closed { producers: vec![producer_id], consumers })
    }

    /// Ends a producer and the consumers of it, which are returned.
    pub(super) fn close_producer(&mut self, producer_id: ProducerId) -> Vec<ConsumerId> {
        let Some(entry) = self.table.producers.remove(&producer_id) else { return Vec::new() };
        if let Some(leg) = self.table.publish_leg(entry.transport) {
            leg.unbind(entry.key);
        }
        let closed =
            self.with_router(entry.router_id, |router, _| router.remove_producer(entry.key));
        let mut consumers = Vec::new();
        for consumer in closed.into_iter().flatten() {
            let entry = self.table.consumers.remove(&consumer.id);
            if let Some(leg) = entry.and_then(|entry| self.table.receive_leg(entry.transport)) {
                leg.keep(consumer.id, consumer.continuation);
                leg.remove(consumer.id);
            }
            consumers.push(consumer.id);
        }
        consumers
    }

    pub(super) fn pause_producer(&mut self, producer_id: ProducerId) -> Outcome {
        let entry = self.producer(producer_id)?;
        self.with_router(entry.router_id, |router, _| router.pause_producer(entry.key));
        Ok(CommandReply::Done)
    }

    pub(super) fn resume_producer(&mut self, now: Instant, producer_id: ProducerId) -> Outcome {
        let entry = self.producer(producer_id)?;
        self.with_router(entry.router_id, |router, _| router.resume_producer(now, entry.key));
        Ok(CommandReply::Done)
    }

    pub(super) fn set_max_bitrate(
        &mut self,
        now: Instant,
        producer_id: ProducerId,
        bitrate: u32,
    ) -> Outcome {
        let entry = self.producer(producer_id)?;
        if !entry.codec.is_video() {
            return Ok(CommandReply::Done);
        }
        self.with_router(entry.router_id, |router, _| router.set_max_bitrate(entry.key, bitrate));
        if let Some(leg) = self.table.publish_leg(entry.transport) {
            leg.set_max_bitrate(now, entry.key, bitrate);
        }
        self.schedule_transport(entry.transport);
        Ok(CommandReply::Done)
    }

    pub(super) fn consume(
        &mut self,
        transport_id: TransportId,
        consumer_id: ConsumerId,
        producer_id: ProducerId,
        stream: String,
    ) -> Outcome {
        let transport = self.transport_key(transport_id)?;
        let producer = self.source_of(transport, consumer_id, producer_id)?;
        let router_id = producer.router_id;
        let leg = self.table.receive_leg(transport).filter(|leg| !leg.is_answering());
        let leg = leg.ok_or(CommandError::TransportState(transport_id))?;
        let track = leg
            .add(consumer_id, producer.codec, stream, producer_id.to_string())
            .map_err(|error| sdp_error(&error))?;
        let options = ConsumerOptions {
            id: consumer_id,
            producer: producer.key,
            transport: router_key(transport),
            ssrc: track.ssrc,
            rtx_ssrc: track.rtx_ssrc,
        };
        let router = self.table.routers.get_mut(&router_id);
        let added = router.map(|router| router.add_consumer(options));
        let key = match added {
            Some(Ok(key)) => key,
            Some(Err(error)) => {
                self.table
                    .receive_leg(transport)
                    .into_iter()
                    .for_each(|leg| leg.remove(consumer_id));
                return Err(router_error(&error));
            }
            None => return Err(CommandError::RouterNotFound(router_id)),
        };
        let entry =
            ConsumerEntry { key, router_id, transport, source: producer.source, wanted: false };
        self.table.consumers.insert(consumer_id, entry);
        let kind = if producer.codec.is_video() { MediaKind::Video } else { MediaKind::Audio };
        Ok(CommandReply::Consumed { mid: track.mid.as_str().to_owned(), kind })
    }

    /// The producer that a new consumer on a transport is to receive: one of the same room.
    pub(super) fn source_of(
        &self,
        transport: usize,
        consumer_id: ConsumerId,
        producer_id: ProducerId,
    ) -> Result<ProducerEntry, CommandError> {
        if self.table.consumers.contains_key(&consumer_id) {
            return Err(CommandError::IdTaken);
        }
        let producer = self.producer(producer_id)?;
        let is_here = producer.router_id == self.router_of(transport);
        is_here.then_some(producer).ok_or(CommandError::ProducerNotFound(producer_id))
    }

    pub(super) fn resume_consumer(&mut self, now: Instant, consumer_id: ConsumerId) -> Outcome {
        let transport = self.want(consumer_id, true)?.transport;
        self.allocate(now, transport);
        self.start_wanted(now, transport, Some(consumer_id));
        Ok(CommandReply::Done)
    }

    pub(super) fn pause_consumer(&mut self, consumer_id: ConsumerId) -> Outcome {
        let entry = self.want(consumer_id, false)?;
        self.with_router(entry.router_id, |router, _| router.pause_consumer(entry.key));
        Ok(CommandReply::Done)
    }

    pub(super) fn set_preferred_layers(
        &mut self,
        now: Instant,
        consumers: &[PreferredLayers],
    ) -> Outcome {
        let mut transport = None;
        for PreferredLayers { consumer_id, viewing } in consumers {
            let Some(entry) = self.table.consumers.get(consumer_id).copied() else { continue };
            self.with_router(entry.router_id, |router, _| {
                router.set_viewing(now, entry.key, *viewing)
            });
            transport = Some(entry.transport);
        }
        // What one tile needs less, others may have.
        if let Some(transport) = transport {
            self.allocate(now, transport);
        }
        Ok(CommandReply::Done)
    }

    /// Takes a viewer's word on retransmissions and redundant audio.
    pub(super) fn accept_streams(&mut self, id: ConsumerId, rtx: bool, red: bool) {
        if let Some(entry) = self.table.consumers.get(&id).copied() {
            self.with_router(entry.router_id, |router, _| {
                router.accept_retransmissions(entry.key, rtx);
                router.accept_redundancy(entry.key, red);
            });
        }
    }

    /// Notes whether the viewer wants a consumer's flow.
    fn want(&mut self, id: ConsumerId, wanted: bool) -> Result<ConsumerEntry, CommandError> {
        let entry = self.table.consumers.get_mut(&id).ok_or(CommandError::ConsumerNotFound(id))?;
        entry.wanted = wanted;
        Ok(*entry)
    }

    /// Starts the consumers of a transport that its client wants, or `only` one of them, once it is
    /// connected: earlier, the key frame they start at would be sent into the void.
    pub(in crate::worker) fn start_wanted(
        &mut self,
        now: Instant,
        key: usize,
        only: Option<ConsumerId>,
    ) {
        let Some(transport) = self.table.transports.get_mut(key) else { return };
        if !transport.connection.is_connected() {
            return;
        }
        let Some(leg) = transport.receive_leg() else { return };
        let consumers = leg.consumers().filter(|id| only.is_none_or(|only| only == *id));
        for consumer_id in consumers.collect::<Vec<_>>() {
            let entry = self.table.consumers.get(&consumer_id).copied();
            if let Some(entry) = entry.filter(|entry| entry.wanted) {
                self.with_router(entry.router_id, |router, _| {
                    router.resume_consumer(now, entry.key)
                });
            }
        }
    }

    pub(super) fn close_consumer_by_id(&mut self, consumer_id: ConsumerId) -> Outcome {
        self.consumer(consumer_id)?;
        self.close_consumer(consumer_id);
        Ok(CommandReply::Done)
    }

    pub(super) fn close_consumer(&mut self, consumer_id: ConsumerId) {
        let Some(entry) = self.table.consumers.remove(&consumer_id) else { return };
        let removed =
            self.with_router(entry.router_id, |router, _| router.remove_consumer(entry.key));
        if let Some(leg) = self.table.receive_leg(entry.transport) {
            if let Some(Ok(continuation)) = removed {
                leg.keep(consumer_id, continuation);
            }
            leg.remove(consumer_id);
        }
    }
}

const fn bind_error(error: BindError) -> CommandError {
    match error {
        BindError::UnknownMid => CommandError::UnknownMid,
        BindError::NoCodec => CommandError::NoCodec,
    }
}
