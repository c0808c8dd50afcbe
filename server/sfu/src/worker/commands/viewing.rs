//! Viewers that made the offer (WHEP).

use std::time::Instant;

use shared::{
    ids::{ConsumerId, ProducerId, TransportId},
    media::MediaKind,
};

use super::{Outcome, router_error, sdp_error};
use crate::{
    command::{CommandError, CommandReply},
    router::ConsumerOptions,
    transport::{receive::FillError, sdp::RemoteOffer},
    worker::{
        Worker,
        table::{ConsumerEntry, ProducerEntry, router_key},
    },
};

impl Worker {
    /// Answers the offer of a client on the receive transport `key`.
    pub(super) fn answer_viewer(
        &mut self,
        now: Instant,
        key: usize,
        offer: RemoteOffer,
    ) -> Outcome {
        let local = self.local_parameters(key);
        let transport = self.table.transports.get_mut(key);
        let transport = transport.expect("a key of the table has a transport");
        let id = transport.id;
        let leg = transport.receive_leg().filter(|leg| leg.is_unused());
        let leg = leg.ok_or(CommandError::TransportState(id))?;
        let sdp = leg.answer(&offer, &local).map_err(|error| sdp_error(&error))?;
        self.expect(now, key, offer.transport);
        Ok(CommandReply::Description(sdp))
    }

    /// Gives an m-line to a new consumer, after the one that had it.
    pub(super) fn feed(
        &mut self,
        now: Instant,
        transport_id: TransportId,
        mid: &str,
        (consumer_id, producer_id): (ConsumerId, ProducerId),
    ) -> Outcome {
        let transport = self.transport_key(transport_id)?;
        let producer = self.source_of(transport, consumer_id, producer_id)?;
        let leg = self.table.receive_leg(transport).filter(|leg| leg.is_answering());
        let leg = leg.ok_or(CommandError::TransportState(transport_id))?;
        leg.accepts(mid, producer.codec).map_err(fill_error)?;
        if let Some(before) = leg.consumer_on(mid) {
            self.close_consumer(before);
        }
        self.put_on(transport, mid, consumer_id, producer)?;
        let kind = if producer.codec.is_video() { MediaKind::Video } else { MediaKind::Audio };
        self.resume_consumer(now, consumer_id)?;
        Ok(CommandReply::Consumed { mid: mid.to_owned(), kind })
    }

    fn put_on(
        &mut self,
        transport: usize,
        mid: &str,
        id: ConsumerId,
        producer: ProducerEntry,
    ) -> Result<(), CommandError> {
        let leg = self.table.receive_leg(transport).ok_or(CommandError::UnknownMid)?;
        let from = (producer.codec, router_key(producer.transport));
        let filled = leg.fill(mid, id, from).map_err(fill_error)?;
        let options = ConsumerOptions {
            id,
            producer: producer.key,
            transport: router_key(transport),
            ssrc: filled.ssrc,
            rtx_ssrc: filled.rtx_ssrc,
        };
        let router_id = producer.router_id;
        let router = self.table.routers.get_mut(&router_id);
        let router = router.ok_or(CommandError::RouterNotFound(router_id))?;
        let added = router.add_consumer(options);
        if let (Ok(key), Some(before)) = (&added, filled.continuation) {
            router.continue_consumer(*key, before);
        }
        match added {
            Ok(key) => {
                let source = producer.source;
                let entry = ConsumerEntry { key, router_id, transport, source, wanted: false };
                self.table.consumers.insert(id, entry);
                Ok(())
            }
            Err(error) => {
                self.table.receive_leg(transport).into_iter().for_each(|leg| leg.remove(id));
                Err(router_error(&error))
            }
        }
    }
}

const fn fill_error(error: FillError) -> CommandError {
    match error {
        FillError::UnknownMid => CommandError::UnknownMid,
        FillError::NoCodec => CommandError::NoCodec,
    }
}
