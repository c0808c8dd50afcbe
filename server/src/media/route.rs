//! What worker threads hand each other: datagrams that arrived on the wrong socket, and the news
//! of which addresses are whose.
//!
//! | from → to | capacity | when full |
//! |---|---|---|
//! | parcels of datagrams, worker → worker | as many as [`Seat::connect`] is told, a pair | the datagrams are dropped and counted |
//! | route changes, worker → worker | [`CHANGES_IN_FLIGHT`], then [`CHANGES_PENDING`] at the sender | waits at the sender in order; past that dropped, counted and logged |
//!
//! A worker may die. Its [`Seat`] stays, and who comes after it takes up what waits there.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
};

use sfu::command::{Command, Path, WorkerIndex};

use super::{lock, wake::Waker};

/// Parcels a worker may have under way to one other: one that hangs with all of them does not keep
/// datagrams from a third.
pub(super) const PARCELS_IN_FLIGHT: usize = 16;
/// Datagrams in one parcel at most.
const PARCEL_DATAGRAMS: usize = 64;
/// Bytes in one parcel at most.
const PARCEL_BYTES: usize = 64 << 10;
/// Route changes that wait at their receiver.
const CHANGES_IN_FLIGHT: usize = 1024;
/// Route changes that wait at their sender for a receiver that does not keep up.
const CHANGES_PENDING: usize = 16 * 1024;

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

/// Which path is whose, for a worker that starts when the others have long announced theirs.
type RouteBook = HashMap<Path, WorkerIndex>;

/// The way to a worker.
#[derive(Debug, Clone)]
struct Way {
    parcels: SyncSender<Parcel>,
    changes: SyncSender<RouteChange>,
    waker: Waker,
}

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

/// An address begins or ceases to be a worker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RouteChange {
    /// Datagrams of this path belong to that worker.
    Add(Path, WorkerIndex),
    /// They do no more; by now they may belong to a third.
    Remove(Path, WorkerIndex),
}

impl From<RouteChange> for Command {
    fn from(change: RouteChange) -> Self {
        match change {
            RouteChange::Add(path, worker) => Self::AddRoute { path, worker },
            RouteChange::Remove(path, worker) => Self::RemoveRoute { path, worker },
        }
    }
}

/// Datagrams on their way to another worker; its memory goes back to the sender.
#[derive(Debug)]
struct Parcel {
    sender: SyncSender<Self>,
    bytes: Vec<u8>,
    datagrams: Vec<(Path, usize)>,
}

impl Parcel {
    fn has_room_for(&self, datagram: &[u8]) -> bool {
        self.datagrams.len() < PARCEL_DATAGRAMS && self.bytes.len() + datagram.len() <= PARCEL_BYTES
    }
}

/// The way to another worker, with what is under way.
#[derive(Debug)]
struct Peer {
    way: Way,
    pending: VecDeque<RouteChange>,
    filling: Option<Parcel>,
    spare: Vec<Parcel>,
    returned: Receiver<Parcel>,
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
        parcels.iter().flat_map(Receiver::try_iter).for_each(give_back);
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
        if peer.filling.is_none() {
            peer.spare.extend(peer.returned.try_iter());
            peer.filling = peer.spare.pop();
        }
        match &mut peer.filling {
            Some(parcel) if parcel.has_room_for(datagram) => {
                parcel.bytes.extend_from_slice(datagram);
                parcel.datagrams.push((path, datagram.len()));
            }
            Some(_) | None => self.statistics.datagrams_dropped += 1,
        }
    }

    fn dispatch_if_full(&mut self, index: usize, datagram: &[u8]) {
        let filling = self.peers.get(index).and_then(|peer| peer.filling.as_ref());
        if filling.is_some_and(|parcel| !parcel.has_room_for(datagram)) {
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
        let Some(parcel) = peer.filling.take() else { return };
        let datagrams = parcel.datagrams.len() as u64;
        match peer.way.parcels.try_send(parcel) {
            Ok(()) => {
                self.statistics.datagrams_forwarded += datagrams;
                peer.way.waker.wake();
            }
            Err(TrySendError::Full(parcel) | TrySendError::Disconnected(parcel)) => {
                self.statistics.datagrams_dropped += datagrams;
                give_back(parcel);
            }
        }
    }

    /// Shows the datagrams of one parcel that came from another worker, if there is any.
    pub(super) fn receive(&self, mut take: impl FnMut(Path, &mut [u8])) -> ReceivedParcel {
        let parcel = lock(&self.parcels).as_ref().and_then(|parcels| parcels.try_recv().ok());
        let Some(parcel) = parcel else { return ReceivedParcel::None };
        // It goes back also when `take` panics.
        let mut opened = Opened(Some(parcel));
        let Some(parcel) = &mut opened.0 else { return ReceivedParcel::None };
        let mut rest = parcel.bytes.as_mut_slice();
        for (path, len) in &parcel.datagrams {
            let (datagram, after) = rest.split_at_mut((*len).min(rest.len()));
            take(*path, datagram);
            rest = after;
        }
        ReceivedParcel::One
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
        let mut book = lock(&self.book);
        match change {
            RouteChange::Add(path, worker) => {
                book.insert(path, worker);
            }
            RouteChange::Remove(path, worker) => {
                if book.get(&path) == Some(&worker) {
                    book.remove(&path);
                }
            }
        }
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
        self.peers.iter().map(|peer| peer.pending.len()).sum()
    }

    /// What was handed over so far.
    pub(super) const fn statistics(&self) -> ExchangeStatistics {
        self.statistics
    }
}

impl Peer {
    fn new(way: &Way, parcels_in_flight: usize) -> Self {
        let (sender, returned) = sync_channel(parcels_in_flight);
        let spare = (0..parcels_in_flight)
            .map(|_| Parcel { sender: sender.clone(), bytes: Vec::new(), datagrams: Vec::new() })
            .collect();
        Self { way: way.clone(), pending: VecDeque::new(), filling: None, spare, returned }
    }

    /// Puts a change behind those that wait. Returns whether there was room.
    fn note(&mut self, change: RouteChange) -> bool {
        let has_room = self.pending.len() < CHANGES_PENDING;
        if has_room {
            self.pending.push_back(change);
        }
        has_room
    }

    /// Returns whether some still wait.
    fn flush_changes(&mut self) -> bool {
        let mut sent = false;
        while let Some(change) = self.pending.front() {
            match self.way.changes.try_send(*change) {
                Ok(()) => {
                    sent = true;
                    self.pending.pop_front();
                }
                Err(TrySendError::Full(_)) => break,
                // A dead worker needs no news; nobody will ever read them.
                Err(TrySendError::Disconnected(_)) => self.pending.clear(),
            }
        }
        if sent {
            self.way.waker.wake();
        }
        !self.pending.is_empty()
    }
}

/// Whether [`Exchange::receive`] had anything to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReceivedParcel {
    /// There was none.
    None,
    /// There may be more.
    One,
}

/// A parcel that is being read.
struct Opened(Option<Parcel>);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(give_back);
    }
}

fn inbox<T>(receiver: Receiver<T>) -> Inbox<T> {
    Arc::new(Mutex::new(Some(receiver)))
}

/// Returns an emptied parcel to the worker whose it is.
fn give_back(mut parcel: Parcel) {
    parcel.bytes.clear();
    parcel.datagrams.clear();
    let sender = parcel.sender.clone();
    // The channel has room for all parcels of the sender; a sender that is gone needs none.
    let _ = sender.try_send(parcel);
}

#[cfg(test)]
mod tests {
    use sfu::command::Protocol;

    use super::*;

    fn path(port: u16) -> Path {
        Path { remote: ([192, 0, 2, 1], port).into(), local: None, protocol: Protocol::Udp }
    }

    fn pair() -> (Exchange, Exchange) {
        let wakers = [Waker::new().unwrap(), Waker::new().unwrap()];
        let seats = Seat::connect(&wakers, PARCELS_IN_FLIGHT);
        (seats[0].take(), seats[1].take())
    }

    fn received(exchange: &Exchange) -> Vec<(Path, Vec<u8>)> {
        let mut all = Vec::new();
        while exchange.receive(|path, datagram| all.push((path, datagram.to_vec())))
            == ReceivedParcel::One
        {}
        all
    }

    #[test]
    fn datagrams_cross_in_order_with_their_paths() {
        let (mut first, second) = pair();
        first.forward(WorkerIndex(1), path(1), b"one");
        first.forward(WorkerIndex(1), path(2), b"");
        first.forward(WorkerIndex(1), path(3), b"three");
        assert_eq!(received(&second), [], "nothing leaves before the batch is dispatched");
        first.dispatch();
        let expected =
            [(path(1), b"one".to_vec()), (path(2), b"".to_vec()), (path(3), b"three".to_vec())];
        assert_eq!(received(&second), expected);
    }

    #[test]
    fn a_worker_that_does_not_read_costs_datagrams_but_no_memory() {
        let (mut first, second) = pair();
        let sent = 2 * PARCELS_IN_FLIGHT * PARCEL_DATAGRAMS;
        for _ in 0..sent {
            first.forward(WorkerIndex(1), path(1), &[7; 100]);
        }
        first.dispatch();
        let arrived = received(&second).len();
        let statistics = first.statistics();
        assert_eq!(arrived, PARCELS_IN_FLIGHT * PARCEL_DATAGRAMS);
        assert_eq!(statistics.datagrams_forwarded, arrived as u64);
        assert_eq!(statistics.datagrams_dropped, (sent - arrived) as u64);

        first.forward(WorkerIndex(1), path(1), b"again");
        first.dispatch();
        assert_eq!(received(&second), [(path(1), b"again".to_vec())], "the memory came back");
    }

    #[test]
    fn a_datagram_too_large_for_any_parcel_is_dropped() {
        let (mut first, second) = pair();
        first.forward(WorkerIndex(1), path(1), &vec![0; PARCEL_BYTES + 1]);
        first.dispatch();
        assert_eq!(received(&second), []);
        assert_eq!(first.statistics().datagrams_dropped, 1);
    }

    #[test]
    fn route_changes_wait_in_order_for_a_busy_worker() {
        let (mut first, second) = pair();
        let ports = 0..=u16::try_from(CHANGES_IN_FLIGHT + 10).unwrap();
        for port in ports.clone() {
            first.announce(RouteChange::Add(path(port), WorkerIndex(0)));
        }
        assert!(first.flush_changes(), "some wait at the sender");
        for port in ports {
            let expected = RouteChange::Add(path(port), WorkerIndex(0));
            assert_eq!(second.changes().next(), Some(expected));
            first.flush_changes();
        }
        assert_eq!(second.changes().next(), None);
        assert_eq!(first.changes().next(), None, "a worker does not hear itself");
    }

    #[test]
    fn a_dead_worker_is_told_nothing_and_stops_nobody() {
        let (mut first, second) = pair();
        drop(second);
        first.forward(WorkerIndex(1), path(1), b"lost");
        first.dispatch();
        first.announce(RouteChange::Remove(path(1), WorkerIndex(0)));
        assert!(!first.flush_changes());
        assert_eq!(first.statistics().datagrams_dropped, 1);
    }

    #[test]
    fn who_comes_after_a_dead_worker_knows_the_paths_of_the_living_and_disowns_its_own() {
        let seats =
            Seat::connect(&[Waker::new().unwrap(), Waker::new().unwrap()], PARCELS_IN_FLIGHT);
        let (mut living, mut dead) = (seats[0].take(), seats[1].take());
        living.announce(RouteChange::Add(path(1), WorkerIndex(0)));
        living.announce(RouteChange::Add(path(2), WorkerIndex(0)));
        living.announce(RouteChange::Remove(path(2), WorkerIndex(0)));
        dead.announce(RouteChange::Add(path(3), WorkerIndex(1)));
        assert_eq!(dead.changes().count(), 3);
        assert_eq!(living.changes().count(), 1);
        living.forward(WorkerIndex(1), path(1), b"waits");
        living.dispatch();
        drop(dead);

        let mut next = seats[1].take();
        assert_eq!(next.inherit(), [RouteChange::Add(path(1), WorkerIndex(0))]);
        assert_eq!(living.changes().next(), Some(RouteChange::Remove(path(3), WorkerIndex(1))));
        assert_eq!(received(&next), [(path(1), b"waits".to_vec())]);
    }

    #[test]
    fn a_worker_that_hangs_does_not_keep_datagrams_from_a_third() {
        let wakers = [Waker::new().unwrap(), Waker::new().unwrap(), Waker::new().unwrap()];
        let seats = Seat::connect(&wakers, PARCELS_IN_FLIGHT);
        let (mut first, third) = (seats[0].take(), seats[2].take());
        for _ in 0..2 * PARCELS_IN_FLIGHT {
            first.forward(WorkerIndex(1), path(1), b"to nobody");
            first.dispatch();
        }
        first.forward(WorkerIndex(2), path(2), b"heard");
        first.dispatch();
        assert_eq!(received(&third), [(path(2), b"heard".to_vec())]);
    }

    #[test]
    fn a_seat_given_up_returns_the_parcels() {
        let seats =
            Seat::connect(&[Waker::new().unwrap(), Waker::new().unwrap()], PARCELS_IN_FLIGHT);
        let mut first = seats[0].take();
        for _ in 0..PARCELS_IN_FLIGHT {
            first.forward(WorkerIndex(1), path(1), b"lost");
            first.dispatch();
        }
        seats[1].give_up();
        assert_eq!(first.peers[1].returned.try_iter().count(), PARCELS_IN_FLIGHT);
        first.announce(RouteChange::Remove(path(1), WorkerIndex(0)));
        assert_eq!(first.changes_waiting(), 0);
    }

    #[test]
    fn a_parcel_comes_back_from_a_reader_that_panics() {
        let (mut first, second) = pair();
        first.forward(WorkerIndex(1), path(1), b"x");
        first.dispatch();
        let reading = std::panic::AssertUnwindSafe(|| second.receive(|_, _| panic!("the test's")));
        assert!(std::panic::catch_unwind(reading).is_err());
        assert_eq!(first.peers[1].returned.try_iter().count(), 1);
    }
}
