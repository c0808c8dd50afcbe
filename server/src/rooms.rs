//! Who is where: every room of this server, and everyone in it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`room`] | one room as a state machine that is told the time |
//! | [`member`] | one participant of a room, with what they send and receive |
//! | [`outbox`] | what waits to be sent to one participant, bounded |
//! | [`session`] | what stands for a socket when somebody comes over HTTP |
//! | [`viewer`] | one who watches a room over HTTP |
//! | [`record`] | what a room is apart from who is in it |
//! | [`store`] | the rooms on disk, so that they survive a restart |
//!
//! A room is changed under its lock, which is never held over an `await`. What a change means for
//! the media worker comes back as a list of [`MediaCommand`]s, to be carried out after the lock
//! is released.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use sfu::command::Command;
use shared::{
    error::ErrorCode,
    ids::{ConsumerId, KnockId, ProducerId, RoomId, RouterId, TransportId},
    limits,
    rest::ParticipantResponse,
    signaling::RoomChanged,
};

use self::{
    record::RoomRecord,
    room::{Room, RouterSlot},
    store::RoomStore,
};
use crate::random;

pub mod member;
pub mod outbox;
pub mod record;
pub mod room;
pub mod session;
pub mod store;
pub mod viewer;

/// Every room of this server.
///
/// Cheap to share; all methods take `&self`.
#[derive(Debug)]
pub struct RoomRegistry {
    rooms: Mutex<HashMap<RoomId, SharedRoom>>,
    /// Where each transport belongs: the media workers report by transport.
    transports: Mutex<HashMap<TransportId, SharedRoom>>,
    /// And by router.
    routers: Mutex<HashMap<RouterId, SharedRoom>>,
    store: RoomStore,
    settings: RoomSettings,
    last_number: AtomicU64,
}

/// One room, and the lock that is never held over an `await`.
#[derive(Debug, Clone)]
pub struct SharedRoom(Arc<Mutex<Room>>);

impl SharedRoom {
    /// The room, for as short as possible.
    pub fn lock(&self) -> MutexGuard<'_, Room> {
        lock(&self.0)
    }
}

/// The bounds and times of rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomSettings {
    /// Most rooms at once.
    pub max_rooms: usize,
    /// Most participants of one room.
    pub max_participants: usize,
    /// Most who watch one room without being in it.
    pub max_viewers: usize,
    /// How long a room lasts with nobody in it.
    pub idle_timeout: Duration,
    /// How long a place is kept when the other end closed the connection without `leave`.
    pub closed_grace: Duration,
    /// How long a place is kept when the connection fell silent.
    pub reconnect_grace: Duration,
    /// Bits per second to send of each video source, in rooms that do not say otherwise.
    pub max_video_bitrate: u32,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            max_rooms: 10_000,
            max_participants: limits::MAX_PARTICIPANTS,
            max_viewers: limits::MAX_VIEWERS,
            // As long as an invite: a link that still lets in has a room to let into.
            idle_timeout: Duration::from_hours(24),
            closed_grace: Duration::from_secs(limits::CLOSED_GRACE_SECONDS.into()),
            reconnect_grace: Duration::from_secs(limits::RECONNECT_GRACE_SECONDS.into()),
            max_video_bitrate: limits::DEFAULT_VIDEO_BITRATE,
        }
    }
}

/// Who may come into a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Whoever knows the room's id, as a guest, and whoever has an invite.
    BareIdAllowed,
    /// Whoever has an invite.
    InviteOnly,
}

/// What anyone who knows a room's id may know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomSummary {
    /// The room.
    pub room_id: RoomId,
    /// Who opened it.
    pub host_name: String,
    /// Participants now in it.
    pub participant_count: usize,
    /// Those who watch without being in it.
    pub viewer_count: usize,
    /// When it was created.
    pub created_at: SystemTime,
    /// Who may come in.
    pub admission: Admission,
    /// Whether it is locked, and has a lobby.
    pub rules: RoomChanged,
}

/// What somebody who opens a room says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoom {
    /// Who opens it.
    pub host_name: String,
    /// Who may come in.
    pub admission: Admission,
    /// Whether those who know only the room's id have to knock.
    pub lobby: bool,
    /// Bits per second to send of each video source; none: as the server is set.
    pub max_video_bitrate: Option<u32>,
}

/// Why a room was not created.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    /// [`RoomSettings::max_rooms`] exist.
    #[error("the server has as many rooms as it may")]
    Full,
    /// The data folder did not take it.
    #[error("the room could not be written to the data folder: {0}")]
    Store(#[from] std::io::Error),
}

impl RoomError {
    /// The code on the wire.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Full => ErrorCode::ServerBusy,
            Self::Store(_) => ErrorCode::Internal,
        }
    }
}

/// A change that the media worker of a room has to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaCommand {
    /// The room's router.
    pub router_id: RouterId,
    /// What to do.
    pub command: Command,
}

impl RoomRegistry {
    /// The rooms that `store` kept; their idle time starts anew.
    #[must_use]
    pub fn open(store: RoomStore, settings: RoomSettings, now: Instant) -> Self {
        let records = store.load(settings.max_rooms);
        let rooms = records.into_iter().map(|record| {
            let room = Room::new(record, settings, now);
            (room.id().clone(), SharedRoom(Arc::new(Mutex::new(room))))
        });
        Self {
            rooms: Mutex::new(rooms.collect()),
            transports: Mutex::default(),
            routers: Mutex::default(),
            store,
            settings,
            last_number: AtomicU64::new(0),
        }
    }

    /// Opens a new room with nobody in it, as rooms are where nothing else is said.
    ///
    /// # Errors
    ///
    /// Those of [`Self::open_room`].
    pub fn create(
        &self,
        host_name: &str,
        admission: Admission,
        now: SystemTime,
    ) -> Result<RoomSummary, RoomError> {
        let host_name = host_name.to_owned();
        self.open_room(NewRoom { host_name, admission, lobby: false, max_video_bitrate: None }, now)
    }

    /// Opens a new room with nobody in it.
    ///
    /// # Errors
    ///
    /// There are too many rooms, or the data folder does not take another file.
    pub fn open_room(&self, new: NewRoom, now: SystemTime) -> Result<RoomSummary, RoomError> {
        let record = RoomRecord {
            admission: new.admission,
            lobby: new.lobby,
            max_video_bitrate: new.max_video_bitrate,
            ..RoomRecord::new(random::room_id(), new.host_name, now)
        };
        let mut rooms = lock(&self.rooms);
        if rooms.len() >= self.settings.max_rooms {
            return Err(RoomError::Full);
        }
        self.store.save(&record)?;
        let room = Room::new(record, self.settings, Instant::now());
        let summary = room.summary();
        rooms.insert(room.id().clone(), SharedRoom(Arc::new(Mutex::new(room))));
        tracing::info!(room_id = %summary.room_id, "[ROOM] {} created", summary.room_id);
        Ok(summary)
    }

    /// Writes what changed of a room, here `locked`, so that a later change is written later; where
    /// that fails the room goes on, and forgets it when the server is restarted.
    pub fn keep(&self, locked: &mut Room) {
        if locked.has_ended() {
            return;
        }
        let Some(record) = locked.take_unsaved() else { return };
        let room_id = &record.room_id;
        if let Err(error) = self.store.save(record) {
            tracing::warn!(%room_id, %error, "[ROOM] the file of {room_id} could not be written");
        }
    }

    /// What anyone may know of a room.
    #[must_use]
    pub fn summary(&self, room_id: &RoomId) -> Option<RoomSummary> {
        self.find(room_id).map(|room| room.lock().summary())
    }

    /// Who is in a room, in order of arrival.
    #[must_use]
    pub fn participants(&self, room_id: &RoomId) -> Option<Vec<ParticipantResponse>> {
        self.find(room_id).map(|room| room.lock().participant_responses())
    }

    /// Every room.
    #[must_use]
    pub fn all(&self) -> Vec<SharedRoom> {
        lock(&self.rooms).values().cloned().collect()
    }

    /// Rooms that exist.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.rooms).len()
    }

    /// Whether there is no room.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Participants, and those who only watch, over all rooms.
    #[must_use]
    pub fn people(&self) -> (usize, usize) {
        let rooms = self.all();
        let summaries = rooms.iter().map(|room| room.lock().summary());
        summaries.fold((0, 0), |(participants, viewers), summary| {
            (participants + summary.participant_count, viewers + summary.viewer_count)
        })
    }

    /// Routers that exist, over all rooms.
    #[must_use]
    pub fn router_count(&self) -> usize {
        lock(&self.routers).len()
    }

    /// Transports that exist, over all rooms.
    #[must_use]
    pub fn transport_count(&self) -> usize {
        lock(&self.transports).len()
    }

    /// The room of an id.
    #[must_use]
    pub fn find(&self, room_id: &RoomId) -> Option<SharedRoom> {
        lock(&self.rooms).get(room_id).cloned()
    }

    /// The room that a transport belongs to.
    #[must_use]
    pub fn room_of_transport(&self, transport_id: TransportId) -> Option<SharedRoom> {
        lock(&self.transports).get(&transport_id).cloned()
    }

    /// The room whose media a router forwards.
    #[must_use]
    pub fn room_of_router(&self, router_id: RouterId) -> Option<SharedRoom> {
        lock(&self.routers).get(&router_id).cloned()
    }

    /// Forgets a router that was closed, or is lost.
    pub fn forget_router(&self, router_id: RouterId) {
        lock(&self.routers).remove(&router_id);
    }

    /// Remembers where a transport belongs, until [`Self::forget_transport`].
    pub fn index_transport(&self, transport_id: TransportId, room: &SharedRoom) {
        lock(&self.transports).insert(transport_id, room.clone());
    }

    /// Forgets a transport that was closed.
    pub fn forget_transport(&self, transport_id: TransportId) {
        lock(&self.transports).remove(&transport_id);
    }

    /// Tells every room the time: those whose grace is over lose their place, and rooms that were
    /// empty for too long end. Returns what the media workers have to close.
    pub fn handle_timeout(&self, now: Instant) -> Vec<MediaCommand> {
        let mut media = Vec::new();
        for shared in self.all() {
            let mut room = shared.lock();
            media.extend(room.handle_timeout(now));
            if room.has_ended() {
                let room_id = room.id().clone();
                drop(room);
                self.remove(&room_id);
                tracing::info!(%room_id, "[ROOM] {room_id} ended, it was empty for long");
            }
        }
        media
    }

    /// Tells every room that the router it uses may have gone with its worker: where `is_lost`
    /// says so, everyone is told to make their transports anew.
    pub fn handle_router_loss(&self, is_lost: impl Fn(RouterId) -> bool) {
        for shared in self.all() {
            let mut room = shared.lock();
            if let Some(router_id) = room.router_id().filter(|router_id| is_lost(*router_id)) {
                self.forget_router(router_id);
                for transport_id in room.handle_router_loss() {
                    self.forget_transport(transport_id);
                }
            }
        }
    }

    /// A fresh router id, of a router that is no room's.
    #[must_use]
    pub fn next_router_id(&self) -> RouterId {
        RouterId(self.next_number())
    }

    /// A fresh transport id.
    #[must_use]
    pub fn next_transport_id(&self) -> TransportId {
        TransportId(self.next_number())
    }

    /// A fresh producer id.
    #[must_use]
    pub fn next_producer_id(&self) -> ProducerId {
        ProducerId(self.next_number())
    }

    /// A fresh knock id.
    #[must_use]
    pub fn next_knock_id(&self) -> KnockId {
        KnockId(self.next_number())
    }

    /// A fresh consumer id.
    #[must_use]
    pub fn next_consumer_id(&self) -> ConsumerId {
        ConsumerId(self.next_number())
    }

    /// The router of a room, here `locked`, or a new one that somebody has to open. It leads to
    /// the room until [`Self::forget_router`].
    #[must_use]
    pub fn router_of(&self, room: &SharedRoom, locked: &mut Room) -> Arc<RouterSlot> {
        locked.router_or_insert_with(|| {
            let router_id = RouterId(self.next_number());
            lock(&self.routers).insert(router_id, room.clone());
            router_id
        })
    }

    /// Forgets a room that has ended, with its file.
    pub fn remove(&self, room_id: &RoomId) {
        lock(&self.rooms).remove(room_id);
        if let Err(error) = self.store.remove(room_id) {
            tracing::warn!(%room_id, %error, "[ROOM] the file of {room_id} could not be removed");
        }
    }

    /// One sequence for all kinds: an id that is mistaken for one of another kind names nothing.
    fn next_number(&self) -> u64 {
        self.last_number.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }
}

/// A name that can be shown: not blank, not too long, nothing invisible that breaks lines.
///
/// # Errors
///
/// [`ErrorCode::NameInvalid`].
pub fn checked_name(name: &str) -> Result<&str, ErrorCode> {
    let name = name.trim();
    let is_shown = !name.is_empty() && !name.chars().any(char::is_control);
    if is_shown && name.chars().count() <= limits::MAX_NAME_CHARS {
        Ok(name)
    } else {
        Err(ErrorCode::NameInvalid)
    }
}

/// Locks; a panic elsewhere under the same lock is that room's fault and no reason to stop all.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
