//! One room as a state machine that is told the time.
//!
//! A participant's life: [`Room::enter`], then any number of changes under its [`Seat`]; when the
//! socket goes [`Room::depart`], after which the place is kept for a while, until
//! [`Room::handle_timeout`] gives it up or [`Room::enter`] takes it again. The others are told of
//! each change through their outboxes, in the order in which it happened.

use std::{sync::Arc, time::Instant};

use sfu::command::Command;
use shared::{
    error::ErrorCode,
    ids::{ConsumerId, ParticipantId, ProducerId, RoomId, RouterId, TransportId},
    limits,
    media::{RtpCapabilities, Source},
    rest::ParticipantResponse,
    signaling::{
        CloseCode, Direction, Event, NewProducer, Participant, PeerLeft, PeerPresence, Presence,
        ProducerRef, Role, ServerMessage, TransportFailed,
    },
};
use tokio::sync::OnceCell;

use super::{
    Admission, MediaCommand, RoomSettings, RoomSummary,
    member::{ConnectionId, Leg, Link, Member, MemberMedia, Published, Renegotiation},
    outbox::{Outbox, written},
    store::RoomRecord,
};

/// One room and everyone in it.
#[derive(Debug)]
pub struct Room {
    record: RoomRecord,
    settings: RoomSettings,
    /// In order of arrival; at most [`RoomSettings::max_participants`].
    members: Vec<Member>,
    /// While somebody is in the room.
    router: Option<Arc<RouterSlot>>,
    life: Life,
}

/// Whether a room will last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Somebody is in it.
    Occupied,
    /// Nobody is in it.
    Idle {
        /// Since when.
        since: Instant,
    },
    /// It was empty for too long; nobody comes in any more.
    Ended,
}

/// A room's router, which the first to come in opens.
#[derive(Debug)]
pub struct RouterSlot {
    /// The router.
    pub router_id: RouterId,
    /// Filled when a worker has the router.
    pub opened: OnceCell<()>,
}

/// Who wants to come in.
#[derive(Debug)]
pub struct Entrant {
    /// New, or the one of a resume ticket.
    pub participant_id: ParticipantId,
    /// What they may do.
    pub role: Role,
    /// Checked before.
    pub display_name: String,
    /// What they can receive.
    pub capabilities: RtpCapabilities,
    /// Their socket.
    pub connection: ConnectionId,
    /// Where to put what it shall be sent.
    pub outbox: Outbox,
}

/// What a participant that came in finds.
#[derive(Debug)]
pub struct Entry {
    /// Whether the place was still kept.
    pub resumed: bool,
    /// The others, in order of arrival.
    pub others: Vec<Participant>,
    /// What is left of the participant's earlier connection, to be closed.
    pub discarded: Vec<MediaCommand>,
}

/// A participant's place, held by one socket. All that a socket asks is asked under its seat, so
/// that it ends when another socket takes the place over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Who.
    pub participant_id: ParticipantId,
    /// On which socket.
    pub connection: ConnectionId,
}

/// How a socket ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// The participant said goodbye.
    Left,
    /// The connection was closed without a word.
    Closed,
    /// Nothing was heard any more.
    Silent,
}

/// What a consumer is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerPlan {
    /// The receiver's transport.
    pub transport_id: TransportId,
    /// Whose stream it is.
    pub publisher: ParticipantId,
}

impl Room {
    /// A room with nobody in it.
    #[must_use]
    pub const fn new(record: RoomRecord, settings: RoomSettings, now: Instant) -> Self {
        let life = Life::Idle { since: now };
        Self { record, settings, members: Vec::new(), router: None, life }
    }

    /// The room's id.
    #[must_use]
    pub const fn id(&self) -> &RoomId {
        &self.record.room_id
    }

    /// Who opened it.
    #[must_use]
    pub fn host_name(&self) -> &str {
        &self.record.host_name
    }

    /// Who may come in.
    #[must_use]
    pub const fn admission(&self) -> Admission {
        self.record.admission
    }

    /// What anyone may know of it.
    #[must_use]
    pub fn summary(&self) -> RoomSummary {
        RoomSummary {
            room_id: self.record.room_id.clone(),
            host_name: self.record.host_name.clone(),
            participant_count: self.members.len(),
            created_at: self.record.created_at,
            admission: self.record.admission,
        }
    }

    /// Who is in it, in order of arrival.
    #[must_use]
    pub fn participant_responses(&self) -> Vec<ParticipantResponse> {
        self.members.iter().map(Member::to_response).collect()
    }

    /// Whether it was empty for too long.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self.life, Life::Ended)
    }

    /// The room's router, if there is one.
    #[must_use]
    pub fn router_id(&self) -> Option<RouterId> {
        self.router.as_ref().map(|slot| slot.router_id)
    }

    /// The room's router, made by `new_id` if there is none.
    pub fn router_or_insert_with(&mut self, new_id: impl FnOnce() -> RouterId) -> Arc<RouterSlot> {
        let slot = self.router.get_or_insert_with(|| {
            Arc::new(RouterSlot { router_id: new_id(), opened: OnceCell::new() })
        });
        Arc::clone(slot)
    }

    /// Gives the router up if nobody came in.
    pub fn discard_unused_router(&mut self) -> Vec<MediaCommand> {
        let unused = self.members.is_empty().then(|| self.router.take()).flatten();
        unused.map(|slot| slot.close()).into_iter().collect()
    }
}

/// Coming and going.
impl Room {
    /// Takes a participant in, who must have found the router opened. If the place is kept for
    /// them, or held by another socket of theirs, they take it over with new media state.
    ///
    /// # Errors
    ///
    /// The room has ended, or every place is taken.
    pub fn enter(&mut self, entrant: Entrant) -> Result<Entry, ErrorCode> {
        if self.has_ended() {
            return Err(ErrorCode::RoomNotFound);
        }
        let index = self.members.iter().position(|member| member.id == entrant.participant_id);
        let discarded = match index {
            Some(index) => self.take_over(index, entrant),
            None if self.members.len() >= self.settings.max_participants => {
                return Err(ErrorCode::RoomFull);
            }
            None => {
                self.members.push(Member::from(entrant));
                Vec::new()
            }
        };
        self.life = Life::Occupied;
        let entered = index.unwrap_or(self.members.len().saturating_sub(1));
        Ok(Entry { resumed: index.is_some(), others: self.introduce(entered), discarded })
    }

    /// Takes a socket's end. One that was replaced before ends without effect.
    pub fn depart(&mut self, seat: &Seat, how: Departure, now: Instant) -> Vec<MediaCommand> {
        let Some(index) = self.seated(seat) else { return Vec::new() };
        let grace = match how {
            Departure::Left => return self.remove(index, now),
            Departure::Closed => self.settings.closed_grace,
            Departure::Silent => self.settings.reconnect_grace,
        };
        if let Some(member) = self.members.get_mut(index) {
            member.link = Link::Reconnecting { until: now + grace };
        }
        self.tell_others(
            &seat.participant_id,
            &Event::PeerPresence(PeerPresence {
                participant_id: seat.participant_id.clone(),
                presence: Presence::Reconnecting,
            }),
        );
        Vec::new()
    }

    /// Gives up the places whose grace is over, and the room if it was empty for too long.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<MediaCommand> {
        let mut media = Vec::new();
        let is_over = |member: &Member| member.kept_until().is_some_and(|until| until <= now);
        while let Some(index) = self.members.iter().position(is_over) {
            media.extend(self.remove(index, now));
        }
        if let Life::Idle { since } = self.life
            && now.saturating_duration_since(since) >= self.settings.idle_timeout
        {
            self.life = Life::Ended;
        }
        media
    }

    fn take_over(&mut self, index: usize, entrant: Entrant) -> Vec<MediaCommand> {
        let discarded = self.discard_media(index);
        if let Some(member) = self.members.get_mut(index) {
            if let Link::Connected { outbox, .. } = &member.link {
                outbox.close(CloseCode::Replaced);
            }
            *member = Member::from(entrant);
        }
        discarded
    }

    /// Tells the others of a participant, and gives what it is told of them.
    fn introduce(&self, index: usize) -> Vec<Participant> {
        if let Some(entered) = self.members.get(index) {
            self.tell_others(&entered.id, &Event::PeerJoined(entered.to_participant()));
        }
        let others = self.members.iter().enumerate().filter(|(other, _)| *other != index);
        others.map(|(_, member)| member.to_participant()).collect()
    }

    fn remove(&mut self, index: usize, now: Instant) -> Vec<MediaCommand> {
        let mut media = self.discard_media(index);
        let member = self.members.remove(index);
        self.tell_others(
            &member.id,
            &Event::PeerLeft(PeerLeft { participant_id: member.id.clone() }),
        );
        if self.members.is_empty() {
            self.life = Life::Idle { since: now };
            media.extend(self.discard_unused_router());
        }
        media
    }

    /// Ends all that a participant sends and receives; the others are told of each producer.
    fn discard_media(&mut self, index: usize) -> Vec<MediaCommand> {
        let both = [Direction::Send, Direction::Recv];
        both.into_iter().filter_map(|direction| self.discard_leg(index, direction)).collect()
    }

    fn discard_leg(&mut self, index: usize, direction: Direction) -> Option<MediaCommand> {
        let member = self.members.get_mut(index)?;
        let owner = member.id.clone();
        let (command, producers) = member.media.take_leg(direction)?;
        self.forget_producers(&owner, &producers);
        self.router_id().map(|router_id| MediaCommand { router_id, command })
    }
}

/// Media. What a worker has to be asked first comes in two steps: a `plan` that checks, and an
/// `add` that checks again, for the place or the transport may have gone meanwhile.
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
        producers.get_mut(&producer_id).ok_or(ErrorCode::ProducerNotFound)?.paused = paused;
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
        let removed = self.member_mut(seat)?.media.producers.remove(&id);
        removed.ok_or(ErrorCode::ProducerNotFound)?;
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
        let Some((index, direction)) = self.owner_of(transport_id) else { return };
        self.discard_leg(index, direction);
        if let Some(owner) = self.members.get(index) {
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
        let lost: Vec<TransportId> = lost.collect();
        for transport_id in &lost {
            self.handle_transport_failure(*transport_id, ErrorCode::TransportNotFound);
        }
        lost
    }
}

/// Inner workings.
impl Room {
    fn seated(&self, seat: &Seat) -> Option<usize> {
        self.members
            .iter()
            .position(|member| member.id == seat.participant_id && member.is_on(seat.connection))
    }

    fn member(&self, seat: &Seat) -> Result<&Member, ErrorCode> {
        let index = self.seated(seat).ok_or(ErrorCode::Replaced)?;
        self.members.get(index).ok_or(ErrorCode::Replaced)
    }

    fn member_mut(&mut self, seat: &Seat) -> Result<&mut Member, ErrorCode> {
        let index = self.seated(seat).ok_or(ErrorCode::Replaced)?;
        self.members.get_mut(index).ok_or(ErrorCode::Replaced)
    }

    fn owner_of(&self, transport_id: TransportId) -> Option<(usize, Direction)> {
        self.members.iter().enumerate().find_map(|(index, member)| {
            member.media.direction_of(transport_id).map(|direction| (index, direction))
        })
    }

    /// Drops the consumers of producers that ended, and tells everyone but their owner.
    fn forget_producers(&mut self, owner: &ParticipantId, producers: &[ProducerId]) {
        if producers.is_empty() {
            return;
        }
        for member in &mut self.members {
            member.media.consumers.retain(|_, producer_id| !producers.contains(producer_id));
        }
        for producer_id in producers {
            let event = Event::ProducerClosed(ProducerRef { producer_id: *producer_id });
            self.tell_others(owner, &event);
        }
    }

    fn tell_others(&self, but: &ParticipantId, event: &Event) {
        let text = written(&ServerMessage::Event(event.clone()));
        for member in self.members.iter().filter(|member| member.id != *but) {
            member.tell(&text);
        }
    }
}

impl RouterSlot {
    fn close(&self) -> MediaCommand {
        let router_id = self.router_id;
        MediaCommand { router_id, command: Command::CloseRouter { router_id } }
    }
}

impl From<Entrant> for Member {
    fn from(entrant: Entrant) -> Self {
        Self {
            id: entrant.participant_id,
            display_name: entrant.display_name,
            role: entrant.role,
            capabilities: entrant.capabilities,
            link: Link::Connected { connection: entrant.connection, outbox: entrant.outbox },
            media: MemberMedia::default(),
        }
    }
}

#[cfg(test)]
mod tests;
