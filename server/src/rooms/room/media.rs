//! What the participants of a room send and receive.
//!
//! What a worker has to be asked first comes in two steps: a `plan` that checks, and an `add` that
//! checks again, for the place or the transport may have gone meanwhile.

use std::time::Instant;

use shared::{
    error::ErrorCode,
    ids::{ConsumerId, ParticipantId, ProducerId, TransportId},
    limits,
    media::Source,
    signaling::{Direction, Event, NewProducer, ProducerRef, ServerMessage, TransportFailed},
};

use super::{Room, Seat};
use crate::rooms::{
    MediaCommand,
    member::{Leg, Published, Renegotiation},
    outbox::written,
};

/// What a consumer is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerPlan {
    /// The receiver's transport.
    pub transport_id: TransportId,
    /// Whose stream it is.
    pub publisher: ParticipantId,
}

impl Room {
    /// Records a new transport, before a worker makes it. One of the same direction is replaced.
    ///
    /// # Errors
    ///
    /// The seat was taken over.
    pub fn add_transport(
        &mut self,
        seat: &Seat,
        direction: Direction,
        transport_id: TransportId,
    ) -> Result<Option<MediaCommand>, ErrorCode> {
        let index = self.seated(seat).ok_or(ErrorCode::Replaced)?;
        let replaced = self.discard_leg(index, direction);
        *self.member_mut(seat)?.media.leg_mut(direction) = Some(Leg::new(transport_id));
        Ok(replaced)
    }

    /// Takes a transport back that no worker made.
    pub fn remove_transport(&mut self, transport_id: TransportId) {
        if let Some((index, direction)) = self.owner_of(transport_id) {
            self.discard_leg(index, direction);
        }
    }

    /// Whether a transport is still somebody's.
    #[must_use]
    pub fn has_transport(&self, transport_id: TransportId) -> bool {
        self.owner_of(transport_id).is_some()
    }

    /// The direction of one of the seat's transports.
    ///
    /// # Errors
    ///
    /// The transport is not the seat's.
    pub fn direction_of(
        &self,
        seat: &Seat,
        transport_id: TransportId,
    ) -> Result<Direction, ErrorCode> {
        let media = &self.member(seat)?.media;
        media.direction_of(transport_id).ok_or(ErrorCode::TransportNotFound)
    }

    /// Counts an offer on one of the seat's transports.
    ///
    /// # Errors
    ///
    /// The transport is not the seat's, or there were too many offers of late.
    pub fn plan_offer(
        &mut self,
        seat: &Seat,
        direction: Direction,
        now: Instant,
    ) -> Result<(), ErrorCode> {
        let leg = self.member_mut(seat)?.media.leg_mut(direction).as_mut();
        match leg.ok_or(ErrorCode::TransportNotFound)?.renegotiate(now) {
            Renegotiation::Allowed => Ok(()),
            Renegotiation::TooMany => Err(ErrorCode::TooMany),
        }
    }

    /// Checks that a source may be published.
    ///
    /// # Errors
    ///
    /// The transport is not the seat's, is for receiving, or the source is published already.
    pub fn plan_producer(
        &self,
        seat: &Seat,
        transport_id: TransportId,
        source: Source,
    ) -> Result<(), ErrorCode> {
        match self.direction_of(seat, transport_id)? {
            Direction::Send => {}
            Direction::Recv => return Err(ErrorCode::TransportState),
        }
        let producers = &self.member(seat)?.media.producers;
        if producers.values().any(|published| published.source == source) {
            return Err(ErrorCode::ProducerExists);
        }
        if producers.len() >= limits::MAX_PRODUCERS_PER_PARTICIPANT {
            return Err(ErrorCode::TooMany);
        }
        Ok(())
    }

    /// Records a producer that a worker made, and tells the others.
    ///
    /// # Errors
    ///
    /// The transport has gone meanwhile, and the producer with it.
    pub fn add_producer(
        &mut self,
        seat: &Seat,
        transport_id: TransportId,
        (producer_id, published): (ProducerId, Published),
    ) -> Result<(), ErrorCode> {
        self.plan_producer(seat, transport_id, published.source)?;
        self.member_mut(seat)?.media.producers.insert(producer_id, published);
        let producer = published.to_producer(producer_id);
        let participant_id = seat.participant_id.clone();
        let event = Event::NewProducer(NewProducer { participant_id, producer });
        self.tell_others(&seat.participant_id, &event);
        Ok(())
    }

    /// Checks that a producer is the seat's own.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn own_producer(&self, seat: &Seat, id: ProducerId) -> Result<(), ErrorCode> {
        let is_own = self.member(seat)?.media.producers.contains_key(&id);
        is_own.then_some(()).ok_or(ErrorCode::ProducerNotFound)
    }

    /// Records that a producer was muted or is live again, and tells the others.
    ///
    /// # Errors
    ///
    /// The producer is not the seat's.
    pub fn set_paused(
        &mut self,
        seat: &Seat,
        producer_id: ProducerId,
        paused: bool,
    ) -> Result<(), ErrorCode> {
        let producers = &mut self.member_mut(seat)?.media.producers;
        let published = producers.get_mut(&producer_id).ok_or(ErrorCode::ProducerNotFound)?;
        (published.paused, published.by_host) = (paused, false);
        let named = ProducerRef { producer_id };
        let event =
            if paused { Event::ProducerPaused(named) } else { Event::ProducerResumed(named) };
        self.tell_others(&seat.participant_id, &event);
        Ok(())
    }

    /// Records that a producer ended, and tells the others.
    ///
    /// # Errors
    ///
    /// The producer is not the seat's.
    pub fn remove_producer(&mut self, seat: &Seat, id: ProducerId) -> Result<(), ErrorCode> {
        let media = &mut self.member_mut(seat)?.media;
        media.producers.remove(&id).ok_or(ErrorCode::ProducerNotFound)?;
        media.wanted.remove(&id);
        self.forget_producers(&seat.participant_id, &[id]);
        Ok(())
    }

    /// Checks that a producer may be received.
    ///
    /// # Errors
    ///
    /// There is no such producer in the room, the receiver lacks its codec or a transport to
    /// receive on, or receives too much already.
    pub fn plan_consumer(
        &self,
        seat: &Seat,
        producer_id: ProducerId,
    ) -> Result<ConsumerPlan, ErrorCode> {
        let receiver = self.member(seat)?;
        let (publisher, published) = self
            .members
            .iter()
            .find_map(|member| {
                member.media.producers.get(&producer_id).map(|found| (&member.id, found))
            })
            .ok_or(ErrorCode::ProducerNotFound)?;
        if !receiver.capabilities.supports(&published.mime_type()) {
            return Err(ErrorCode::CodecMismatch);
        }
        if receiver.media.consumers.len() >= limits::MAX_CONSUMERS_PER_PARTICIPANT {
            return Err(ErrorCode::TooMany);
        }
        let leg = receiver.media.leg(Direction::Recv).ok_or(ErrorCode::TransportNotFound)?;
        Ok(ConsumerPlan { transport_id: leg.transport_id, publisher: publisher.clone() })
    }

    /// Records a consumer that a worker made.
    ///
    /// # Errors
    ///
    /// The producer or the transport has gone meanwhile, and the consumer with it.
    pub fn add_consumer(
        &mut self,
        seat: &Seat,
        transport_id: TransportId,
        (consumer_id, producer_id): (ConsumerId, ProducerId),
    ) -> Result<(), ErrorCode> {
        if self.plan_consumer(seat, producer_id)?.transport_id != transport_id {
            return Err(ErrorCode::TransportNotFound);
        }
        self.member_mut(seat)?.media.consumers.insert(consumer_id, producer_id);
        Ok(())
    }

    /// Checks that a consumer is the seat's own.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn own_consumer(&self, seat: &Seat, id: ConsumerId) -> Result<(), ErrorCode> {
        let is_own = self.member(seat)?.media.consumers.contains_key(&id);
        is_own.then_some(()).ok_or(ErrorCode::ConsumerNotFound)
    }

    /// Forgets a consumer of the seat that has ended.
    pub fn remove_consumer(&mut self, seat: &Seat, id: ConsumerId) {
        if let Ok(member) = self.member_mut(seat) {
            member.media.consumers.remove(&id);
        }
    }

    /// Takes a worker's report that a transport has ended with all that it carried: its owner is
    /// told why, the others of its producers.
    pub fn handle_transport_failure(&mut self, transport_id: TransportId, code: ErrorCode) {
        let mut viewers = self.viewers.iter_mut();
        if let Some(viewer) = viewers.find(|viewer| viewer.transport_id == transport_id) {
            viewer.is_over = true;
            viewer.wake.notify_one();
        }
        let Some((index, direction)) = self.owner_of(transport_id) else { return };
        self.discard_leg(index, direction);
        if let Some(owner) = self.members.get_mut(index) {
            owner.lose_transport();
            let event = Event::TransportFailed(TransportFailed { transport_id, code });
            owner.tell(&written(&ServerMessage::Event(event)));
        }
    }

    /// Takes the loss of the router with its worker: everyone is told to make their transports
    /// anew, and the next transport opens a new router. Returns the transports that were lost.
    pub fn handle_router_loss(&mut self) -> Vec<TransportId> {
        self.router = None;
        let lost = self.members.iter().flat_map(|member| {
            let legs = [Direction::Send, Direction::Recv].map(|side| member.media.leg(side));
            legs.into_iter().flatten().map(|leg| leg.transport_id)
        });
        let of_viewers = self.viewers.iter().map(|viewer| viewer.transport_id);
        let lost: Vec<TransportId> = lost.chain(of_viewers).collect();
        for transport_id in &lost {
            self.handle_transport_failure(*transport_id, ErrorCode::TransportNotFound);
        }
        lost
    }
}
