//! One room as a state machine that is told the time.
//!
//! A participant's life: [`Room::enter`], then any number of changes under its [`Seat`]; when the
//! socket goes [`Room::depart`], after which the place is kept for a while, until
//! [`Room::handle_timeout`] gives it up or [`Room::enter`] takes it again. The others are told of
//! each change through their outboxes, in the order in which it happened.
//!
//! | module | what it is about |
//! |---|---|
//! | [`entry`], [`lobby`], [`invites`] | who may come in, who waits, and by what |
//! | [`media`], [`muting`], [`limits`], [`news`] | what is sent and received |
//! | [`chat`], [`hands`] | what people say without speaking |
//! | [`rights`], [`roles`], [`hosting`] | who may do what, and what hosts do |
//! | [`sessions`], [`viewers`] | those who come over HTTP |

use std::{collections::HashMap, sync::Arc, time::Instant};

use sfu::command::{Command, Traffic};
use shared::{
    error::ErrorCode,
    ids::{ParticipantId, ProducerId, RoomId, RouterId, TransportId},
    rest::{ParticipantDetails, ParticipantResponse},
    signaling::{
        ActiveSpeakers, CloseCode, Direction, Event, PeerLeft, PeerPresence, Presence, ProducerRef,
        ServerMessage,
    },
};
use tokio::sync::OnceCell;

use self::{chat::Chat, lobby::Lobby, news::EarlyNews};
use super::{
    MediaCommand, RoomSettings, RoomSummary,
    member::{ConnectionId, Leg, Link, Member},
    outbox::written,
    record::RoomRecord,
    viewer::Viewer,
};

mod chat;
mod entry;
mod hands;
mod hosting;
mod invites;
mod limits;
mod lobby;
mod media;
mod muting;
mod news;
mod rights;
mod roles;
mod sessions;
mod viewers;

pub use self::{
    chat::ChatText,
    entry::{Arrival, Door, Entrant, Entry, Pass},
    hosting::MAX_REMOVED,
    invites::{InvitePlan, LinkState, MAX_ADMISSIONS, RoomLink},
    limits::LimitError,
    media::ConsumerPlan,
    rights::Actor,
    roles::MAX_GIVEN_ROLES,
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
    early: EarlyNews,
    /// As everyone was told.
    speakers: ActiveSpeakers,
    /// At most [`RoomSettings::max_viewers`].
    viewers: Vec<Viewer>,
    /// Who has spoken, the last first.
    heard: Vec<ParticipantId>,
    chat: Chat,
    /// Whose hands are up, who raised first at the front; only members.
    hands: Vec<ParticipantId>,
    lobby: Lobby,
    /// Whether the record has changed since it was written.
    unsaved: bool,
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
    /// It was empty for too long, or was ended; nobody comes in any more.
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

impl Room {
    /// A room with nobody in it.
    #[must_use]
    pub const fn new(record: RoomRecord, settings: RoomSettings, now: Instant) -> Self {
        let life = Life::Idle { since: now };
        let speakers = ActiveSpeakers { participant_ids: Vec::new() };
        Self {
            record,
            settings,
            members: Vec::new(),
            router: None,
            life,
            early: EarlyNews::new(),
            speakers,
            viewers: Vec::new(),
            heard: Vec::new(),
            chat: Chat::new(),
            hands: Vec::new(),
            lobby: Lobby::new(),
            unsaved: false,
        }
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

    /// What outlasts those who are in the room.
    #[must_use]
    pub const fn record(&self) -> &RoomRecord {
        &self.record
    }

    /// The record, if it has to be written; it counts as written then.
    pub fn take_unsaved(&mut self) -> Option<&RoomRecord> {
        std::mem::take(&mut self.unsaved).then_some(&self.record)
    }

    /// What anyone may know of it.
    #[must_use]
    pub fn summary(&self) -> RoomSummary {
        RoomSummary {
            room_id: self.record.room_id.clone(),
            host_name: self.record.host_name.clone(),
            participant_count: self.members.len(),
            viewer_count: self.viewers.len(),
            created_at: self.record.created_at,
            admission: self.record.admission,
            rules: self.rules(),
        }
    }

    /// Who is in it, in order of arrival.
    #[must_use]
    pub fn participant_responses(&self) -> Vec<ParticipantResponse> {
        self.members.iter().map(Member::to_response).collect()
    }

    /// The same as hosts see them, with what their transports have carried.
    #[must_use]
    pub fn participant_details(
        &self,
        traffic: &HashMap<TransportId, Traffic>,
    ) -> Vec<ParticipantDetails> {
        self.members.iter().map(|member| member.to_details(traffic)).collect()
    }

    /// Whether it was empty for too long, or was ended.
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
        let unused = self.is_deserted().then(|| self.router.take()).flatten();
        unused.map(|slot| slot.close()).into_iter().collect()
    }

    const fn is_deserted(&self) -> bool {
        self.members.is_empty() && self.viewers.is_empty()
    }

    /// Gives the router up, and lets the idle time begin, if nobody is left.
    fn rest_if_deserted(&mut self, now: Instant) -> Vec<MediaCommand> {
        if self.is_deserted() {
            self.life = Life::Idle { since: now };
        }
        self.discard_unused_router()
    }
}

/// Going.
impl Room {
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
        self.review_hosts();
        Vec::new()
    }

    /// Gives up the places whose grace is over, and the room if it was empty for too long.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<MediaCommand> {
        let mut media = Vec::new();
        while let Some(index) = self.members.iter().position(|member| member.is_over(now)) {
            media.extend(self.remove(index, now));
        }
        media.extend(self.forget_lost_viewers(now));
        if let Life::Idle { since } = self.life
            && now.saturating_duration_since(since) >= self.settings.idle_timeout
        {
            self.life = Life::Ended;
            self.close_lobby(CloseCode::RoomNotFound);
        }
        media
    }

    fn remove(&mut self, index: usize, now: Instant) -> Vec<MediaCommand> {
        let mut media = self.discard_media(index, &[]);
        let member = self.members.remove(index);
        self.speakers.participant_ids.retain(|id| *id != member.id);
        self.tell_others(
            &member.id,
            &Event::PeerLeft(PeerLeft { participant_id: member.id.clone() }),
        );
        self.put_hand_down(&member.id);
        if self.members.is_empty() {
            self.chat.clear();
        }
        self.review_hosts();
        media.extend(self.rest_if_deserted(now));
        media
    }

    /// Ends what a participant sends and receives but on the transports `kept`; the others are
    /// told of each producer.
    fn discard_media(&mut self, index: usize, kept: &[TransportId]) -> Vec<MediaCommand> {
        let leg_of = |direction| self.members.get(index)?.media.leg(direction);
        let is_kept = |leg: &Leg| kept.contains(&leg.transport_id);
        let mut gone = vec![Direction::Send, Direction::Recv];
        gone.retain(|direction| !leg_of(*direction).is_some_and(is_kept));
        gone.into_iter().filter_map(|direction| self.discard_leg(index, direction)).collect()
    }

    fn discard_leg(&mut self, index: usize, direction: Direction) -> Option<MediaCommand> {
        let member = self.members.get_mut(index)?;
        let owner = member.id.clone();
        let (command, producers) = member.media.take_leg(direction)?;
        self.forget_producers(&owner, &producers);
        self.router_id().map(|router_id| MediaCommand { router_id, command })
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
        self.hide(producers);
        for producer_id in producers {
            let event = Event::ProducerClosed(ProducerRef { producer_id: *producer_id });
            self.tell_others(owner, &event);
        }
    }

    fn tell_all(&self, event: &Event) {
        let text = written(&ServerMessage::Event(event.clone()));
        self.members.iter().for_each(|member| member.tell(&text));
    }

    fn tell_others(&self, but: &ParticipantId, event: &Event) {
        let text = written(&ServerMessage::Event(event.clone()));
        for member in self.members.iter().filter(|member| member.id != *but) {
            member.tell(&text);
        }
        self.wake_viewers();
    }
}

impl RouterSlot {
    fn close(&self) -> MediaCommand {
        let router_id = self.router_id;
        MediaCommand { router_id, command: Command::CloseRouter { router_id } }
    }
}

#[cfg(test)]
mod tests;
