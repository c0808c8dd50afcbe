//! What worker threads hand each other: datagrams that arrived on the wrong socket, and the news
//! of which addresses are whose.
//!
//! | module | what it holds |
//! |---|---|
//! | [`parcel`] | datagrams on their way |
//! | [`change`] | which path is whose, and the news of it |
//! | [`peer`] | one worker's way to one other |
//!
//! | from → to | capacity | when full |
//! |---|---|---|
//! | parcels of datagrams, worker → worker | as many as [`Seat::connect`] is told, a pair | the datagrams are dropped and counted |
//! | route changes, worker → worker | [`CHANGES_IN_FLIGHT`], then [`peer::CHANGES_PENDING`] at the sender | waits at the sender in order; past that dropped, counted and logged |
//!
//! A worker may die. Its [`Seat`] stays, and who comes after it takes up what waits there.

use std::sync::{
    Arc, Mutex,
    mpsc::{Receiver, sync_channel},
};

use sfu::command::{Path, WorkerIndex};

use self::{
    change::RouteBook,
    parcel::Parcel,
    peer::{Peer, Way},
};
pub(super) use self::{change::RouteChange, parcel::ReceivedParcel};
use super::{lock, wake::Waker};

mod change;
mod parcel;
mod peer;

/// Parcels a worker may have under way to one other: one that hangs with all of them does not keep
/// datagrams from a third.
pub(super) const PARCELS_IN_FLIGHT: usize = 16;
/// Route changes that wait at their receiver.
const CHANGES_IN_FLIGHT: usize = 1024;

/// One worker's place in the traffic between all workers, whoever has it now.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    own: WorkerIndex,
    parcels_in_flight: usize,
    parcels: Inbox<Parcel>,
    changes: Inbox<RouteChange>,
    ways: Arc<[Way]>,
    book: Arc<Mutex<RouteBook>>,
}

/// The end of a queue that outlives its reader; there is one at a time, so nobody waits for the
/// lock. None when nobody will ever read again.
type Inbox<T> = Arc<Mutex<Option<Receiver<T>>>>;

/// One worker's side of the traffic between all workers.
#[derive(Debug)]
pub(super) struct Exchange {
    own: WorkerIndex,
    parcels: Inbox<Parcel>,
    changes: Inbox<RouteChange>,
    book: Arc<Mutex<RouteBook>>,
    /// By [`WorkerIndex`]; this worker's own place is unused.
    peers: Vec<Peer>,
    statistics: ExchangeStatistics,
}

/// What a worker handed to the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExchangeStatistics {
    /// Datagrams handed to the worker they belong to.
    pub datagrams_forwarded: u64,
    /// Datagrams dropped because the other worker did not keep up.
    pub datagrams_dropped: u64,
    /// Route changes dropped because the other worker has been stuck for long.
    pub changes_dropped: u64,
}

impl Seat {
    /// Connects as many threads as there are wakers, each with all others; each may have
    /// `parcels_in_flight` under way to each of the others.
    pub(super) fn connect(wakers: &[Waker], parcels_in_flight: usize) -> Vec<Self> {
        let mut ends = Vec::new();
        let mut ways = Vec::new();
        for waker in wakers {
            // Every other worker may have all its parcels under way to this one.
            let (parcels, parcels_in) = sync_channel(parcels_in_flight * wakers.len());
            let (changes, changes_in) = sync_channel(CHANGES_IN_FLIGHT);
            ends.push((inbox(parcels_in), inbox(changes_in)));
            ways.push(Way { parcels, changes, waker: waker.clone() });
        }
        let ways: Arc<[Way]> = ways.into();
        let book = Arc::<Mutex<RouteBook>>::default();
        let seats = ends.into_iter().zip(0_u8..).map(|((parcels, changes), own)| Self {
            own: WorkerIndex(own),
            parcels_in_flight,
            parcels,
            changes,
            ways: Arc::clone(&ways),
            book: Arc::clone(&book),
        });
        seats.collect()
    }

    /// Lets a worker sit down; the one before it, if any, is dead or will never be heard again.
    pub(super) fn take(&self) -> Exchange {
        Exchange {
            own: self.own,
            parcels: Arc::clone(&self.parcels),
            changes: Arc::clone(&self.changes),
            book: Arc::clone(&self.book),
            peers: self.ways.iter().map(|way| Peer::new(way, self.parcels_in_flight)).collect(),
            statistics: ExchangeStatistics::default(),
        }
    }

    /// Leaves the seat empty for good: the others get their parcels back, and send no more.
    pub(super) fn give_up(&self) {
        let parcels = lock(&self.parcels).take();
        parcels.iter().flat_map(Receiver::try_iter).for_each(Parcel::give_back);
        *lock(&self.changes) = None;
    }
}

impl Exchange {
    /// What a worker has to know when it sits down: the paths of the others. They are told that
    /// those of its predecessor are nobody's.
    pub(super) fn inherit(&mut self) -> Vec<RouteChange> {
        for change in self.orphans() {
            self.announce(change);
        }
        let book = lock(&self.book);
        book.iter().map(|(path, worker)| RouteChange::Add(*path, *worker)).collect()
    }

    /// The paths of a worker's predecessor, to be told as nobody's.
    pub(super) fn orphans(&self) -> Vec<RouteChange> {
        let book = lock(&self.book);
        let own = book.iter().filter(|(_, worker)| **worker == self.own);
        own.map(|(path, worker)| RouteChange::Remove(*path, *worker)).collect()
    }

    /// Puts a datagram into the parcel for `worker`; [`Self::dispatch`] sends it.
    pub(super) fn forward(&mut self, worker: WorkerIndex, path: Path, datagram: &[u8]) {
        let index = usize::from(worker.0);
        self.dispatch_if_full(index, datagram);
        let Some(peer) = self.peers.get_mut(index) else { return };
        match peer.parcel() {
            Some(parcel) if parcel.has_room_for(datagram) => parcel.add(path, datagram),
            Some(_) | None => self.statistics.datagrams_dropped += 1,
        }
    }

    fn dispatch_if_full(&mut self, index: usize, datagram: &[u8]) {
        if self.peers.get(index).is_some_and(|peer| peer.is_full_for(datagram)) {
            self.dispatch_to(index);
        }
    }

    /// Sends the parcels that were filled since the last call.
    pub(super) fn dispatch(&mut self) {
        for index in 0..self.peers.len() {
            self.dispatch_to(index);
        }
    }

    fn dispatch_to(&mut self, index: usize) {
        let Some(peer) = self.peers.get_mut(index) else { return };
        let (forwarded, dropped) = peer.dispatch();
        self.statistics.datagrams_forwarded += forwarded;
        self.statistics.datagrams_dropped += dropped;
    }

    /// Shows the datagrams of one parcel that came from another worker, if there is any.
    pub(super) fn receive(&self, take: impl FnMut(Path, &mut [u8])) -> ReceivedParcel {
        let parcel = lock(&self.parcels).as_ref().and_then(|parcels| parcels.try_recv().ok());
        match parcel {
            Some(parcel) => {
                parcel.open(take);
                ReceivedParcel::One
            }
            None => ReceivedParcel::None,
        }
    }

    /// Tells all other workers.
    pub(super) fn announce(&mut self, change: RouteChange) {
        self.write_down(change);
        for (index, peer) in self.peers.iter_mut().enumerate() {
            if index != usize::from(self.own.0) && !peer.note(change) {
                self.statistics.changes_dropped += 1;
            }
        }
        self.flush_changes();
    }

    /// Tells one other thread.
    pub(super) fn tell(&mut self, other: WorkerIndex, change: RouteChange) {
        self.write_down(change);
        let Some(peer) = self.peers.get_mut(usize::from(other.0)) else { return };
        if !peer.note(change) {
            self.statistics.changes_dropped += 1;
        }
        peer.flush_changes();
    }

    /// Before anybody is told, so that who reads the book and then what waits for it misses nothing.
    fn write_down(&self, change: RouteChange) {
        change.write_down(&mut lock(&self.book));
    }

    /// Sends the announcements that found no room before. Returns whether some still wait.
    pub(super) fn flush_changes(&mut self) -> bool {
        let mut waiting = false;
        for peer in &mut self.peers {
            waiting |= peer.flush_changes();
        }
        waiting
    }

    /// What the other workers have announced until now; no more than fits the queue, so that it
    /// ends.
    pub(super) fn changes(&self) -> impl Iterator<Item = RouteChange> {
        let next = || lock(&self.changes).as_ref().and_then(|changes| changes.try_recv().ok());
        std::iter::from_fn(next).take(CHANGES_IN_FLIGHT)
    }

    /// Route changes that wait for others to have room.
    pub(super) fn changes_waiting(&self) -> usize {
        self.peers.iter().map(Peer::changes_waiting).sum()
    }

    /// What was handed over so far.
    pub(super) const fn statistics(&self) -> ExchangeStatistics {
        self.statistics
    }
}

fn inbox<T>(receiver: Receiver<T>) -> Inbox<T> {
    Arc::new(Mutex::new(Some(receiver)))
}

#[cfg(test)]
mod tests;
