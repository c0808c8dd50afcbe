//! People who join rooms one by one and leave again, without a word: all their tracks are muted.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use shared::ids::{ProducerId, RouterId};
use tokio::time::Instant;

use super::{BenchError, load::message::Tracks, stage::Stage};

/// What everyone has.
const TRACKS: Tracks = Tracks { camera: true, voice: true };

/// Rooms, and what is published in them; clones are the same ones.
#[derive(Clone)]
pub(super) struct Lobby {
    stage: Stage,
    size: u16,
    published: Arc<Mutex<HashMap<RouterId, Vec<ProducerId>>>>,
}

/// Someone who is in.
pub(super) struct Guest {
    room: RouterId,
    legs: [u64; 2],
    producers: Vec<ProducerId>,
}

impl Lobby {
    /// Opens as many rooms as it takes for so many people at a time.
    pub(super) async fn open(stage: Stage, people: u16, size: u16) -> Result<Self, BenchError> {
        for room in 0..people.div_ceil(size) {
            stage.open(RouterId(room.into())).await?;
        }
        let rooms = (0..people.div_ceil(size)).map(|room| (RouterId(room.into()), Vec::new()));
        Ok(Self { stage, size, published: Arc::new(Mutex::new(rooms.collect())) })
    }

    /// Joins at `at`, with both legs and all that is published in the room; returns how long it
    /// took.
    pub(super) async fn join(
        &self,
        number: u32,
        at: Instant,
    ) -> Result<(Guest, Duration), BenchError> {
        let rooms = u64::try_from(lock(&self.published).len()).unwrap_or(1).max(1);
        let room = RouterId(u64::from(number) / u64::from(self.size) % rooms);
        tokio::time::sleep_until(at).await;
        let publication = self.stage.publish(room, TRACKS, true).await?;
        let others = self.others(room, &publication.producers);
        let sending = publication.leg;
        let mut legs = [sending, sending];
        if !others.is_empty() {
            let reception = self.stage.receive(room, &others).await?;
            legs[1] = reception.leg;
            self.stage.received(room, reception).await?;
        }
        let producers = self.stage.published(publication).await?;
        Ok((Guest { room, legs, producers }, at.elapsed()))
    }

    /// Leaves.
    pub(super) async fn leave(&self, guest: Guest) -> Result<(), BenchError> {
        if let Some(published) = lock(&self.published).get_mut(&guest.room) {
            published.retain(|producer| !guest.producers.contains(producer));
        }
        let [sending, receiving] = guest.legs;
        if receiving != sending {
            self.stage.leave(guest.room, receiving).await?;
        }
        self.stage.leave(guest.room, sending).await
    }

    /// What the others of a room publish, to which one's own is added.
    fn others(&self, room: RouterId, own: &[ProducerId]) -> Vec<ProducerId> {
        let mut rooms = lock(&self.published);
        let published = rooms.entry(room).or_default();
        let others = published.clone();
        published.extend(own);
        others
    }
}

/// Locks what is consistent after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
