//! What worker threads hand each other: datagrams that arrived on the wrong socket, and the news
//! of which addresses are whose.
//!
//! | from → to | capacity | when full |
//! |---|---|---|
//! | parcels of datagrams, worker → worker | as many as [`Exchange::connect`] is told, a sender | the datagrams are dropped and counted |
//! | route changes, worker → worker | [`CHANGES_IN_FLIGHT`], then [`CHANGES_PENDING`] at the sender | waits at the sender in order; past that dropped, counted and logged |

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
};

use sfu::command::{Command, Path, WorkerIndex};

use super::wake::Waker;

/// Parcels a worker may have under way to all the other workers together.
pub(super) const PARCELS_IN_FLIGHT: usize = 16;
/// Datagrams in one parcel at most.
const PARCEL_DATAGRAMS: usize = 64;
/// Bytes in one parcel at most.
const PARCEL_BYTES: usize = 64 << 10;
/// Route changes that wait at their receiver.
const CHANGES_IN_FLIGHT: usize = 1024;
/// Route changes that wait at their sender for a receiver that does not keep up.
const CHANGES_PENDING: usize = 16 * 1024;

/// One worker's side of the traffic between all workers.
#[derive(Debug)]
pub(super) struct Exchange {
    parcels: Receiver<Parcel>,
    changes: Receiver<RouteChange>,
    returned: Receiver<Parcel>,
    spare: Vec<Parcel>,
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

/// The way to another worker.
#[derive(Debug)]
struct Peer {
    parcels: SyncSender<Parcel>,
    changes: SyncSender<RouteChange>,
    pending: VecDeque<RouteChange>,
    filling: Option<Parcel>,
    waker: Waker,
}

impl Exchange {
    /// Connects as many threads as there are wakers, each with all others; each may have
    /// `parcels_in_flight` under way to the others together.
    pub(super) fn connect(wakers: &[Waker], parcels_in_flight: usize) -> Vec<Self> {
        let mut ends = Vec::new();
        let mut ways = Vec::new();
        for waker in wakers {
            // Every other worker may have all its parcels under way to this one.
            let (parcels, parcels_in) = sync_channel(parcels_in_flight * wakers.len());
            let (changes, changes_in) = sync_channel(CHANGES_IN_FLIGHT);
            ends.push((parcels_in, changes_in));
            ways.push((parcels, changes, waker.clone()));
        }
        let ends = ends.into_iter();
        ends.map(|ends| Self::new(ends, &ways, parcels_in_flight)).collect()
    }

    fn new(
        (parcels, changes): (Receiver<Parcel>, Receiver<RouteChange>),
        ways: &[(SyncSender<Parcel>, SyncSender<RouteChange>, Waker)],
        parcels_in_flight: usize,
    ) -> Self {
        let (sender, returned) = sync_channel(parcels_in_flight);
        let spare = (0..parcels_in_flight)
            .map(|_| Parcel { sender: sender.clone(), bytes: Vec::new(), datagrams: Vec::new() })
            .collect();
        let peers = ways
            .iter()
            .map(|(parcels, changes, waker)| Peer {
                parcels: parcels.clone(),
                changes: changes.clone(),
                pending: VecDeque::new(),
                filling: None,
                waker: waker.clone(),
            })
            .collect();
        Self { parcels, changes, returned, spare, peers, statistics: ExchangeStatistics::default() }
    }

    /// Puts a datagram into the parcel for `worker`; [`Self::dispatch`] sends it.
    pub(super) fn forward(&mut self, worker: WorkerIndex, path: Path, datagram: &[u8]) {
        let index = usize::from(worker.0);
        self.dispatch_if_full(index, datagram);
        self.spare.extend(self.returned.try_iter());
        let Some(peer) = self.peers.get_mut(index) else { return };
        if peer.filling.is_none() {
            peer.filling = self.spare.pop();
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
        match peer.parcels.try_send(parcel) {
            Ok(()) => {
                self.statistics.datagrams_forwarded += datagrams;
                peer.waker.wake();
            }
            Err(TrySendError::Full(parcel) | TrySendError::Disconnected(parcel)) => {
                self.statistics.datagrams_dropped += datagrams;
                give_back(parcel);
            }
        }
    }

    /// Shows the datagrams of one parcel that came from another worker, if there is any.
    pub(super) fn receive(&self, mut take: impl FnMut(Path, &mut [u8])) -> ReceivedParcel {
        let Ok(mut parcel) = self.parcels.try_recv() else { return ReceivedParcel::None };
        let mut rest = parcel.bytes.as_mut_slice();
        for (path, len) in &parcel.datagrams {
            let (datagram, after) = rest.split_at_mut((*len).min(rest.len()));
            take(*path, datagram);
            rest = after;
        }
        give_back(parcel);
        ReceivedParcel::One
    }

    /// Tells all other workers.
    pub(super) fn announce(&mut self, own: WorkerIndex, change: RouteChange) {
        for (index, peer) in self.peers.iter_mut().enumerate() {
            if index != usize::from(own.0) && !peer.note(change) {
                self.statistics.changes_dropped += 1;
            }
        }
        self.flush_changes();
    }

    /// Tells one other thread.
    pub(super) fn tell(&mut self, other: WorkerIndex, change: RouteChange) {
        let Some(peer) = self.peers.get_mut(usize::from(other.0)) else { return };
        if !peer.note(change) {
            self.statistics.changes_dropped += 1;
        }
        peer.flush_changes();
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
        self.changes.try_iter().take(CHANGES_IN_FLIGHT)
    }

    /// What was handed over so far.
    pub(super) const fn statistics(&self) -> ExchangeStatistics {
        self.statistics
    }
}

impl Peer {
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
            match self.changes.try_send(*change) {
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
            self.waker.wake();
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
        let mut ends = Exchange::connect(&wakers, PARCELS_IN_FLIGHT);
        let second = ends.pop().unwrap();
        (ends.pop().unwrap(), second)
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
            first.announce(WorkerIndex(0), RouteChange::Add(path(port), WorkerIndex(0)));
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
        first.announce(WorkerIndex(0), RouteChange::Remove(path(1), WorkerIndex(0)));
        assert!(!first.flush_changes());
        assert_eq!(first.statistics().datagrams_dropped, 1);
    }
}
