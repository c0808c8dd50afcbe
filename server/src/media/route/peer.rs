//! One worker's way to one other, with what is under way.

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
};

use super::{RouteChange, parcel::Parcel};
use crate::media::wake::Waker;

/// Route changes that wait at their sender for a receiver that does not keep up.
pub(super) const CHANGES_PENDING: usize = 16 * 1024;

/// The way to a worker.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) parcels: SyncSender<Parcel>,
    pub(super) changes: SyncSender<RouteChange>,
    pub(super) waker: Waker,
}

/// The way to another worker, with what is under way.
#[derive(Debug)]
pub(super) struct Peer {
    way: Way,
    pending: VecDeque<RouteChange>,
    filling: Option<Parcel>,
    spare: Vec<Parcel>,
    pub(super) returned: Receiver<Parcel>,
}

impl Peer {
    pub(super) fn new(way: &Way, parcels_in_flight: usize) -> Self {
        let (sender, returned) = sync_channel(parcels_in_flight);
        let spare = (0..parcels_in_flight).map(|_| Parcel::new(sender.clone())).collect();
        Self { way: way.clone(), pending: VecDeque::new(), filling: None, spare, returned }
    }

    /// The parcel that is being filled, if there is one to fill.
    pub(super) fn parcel(&mut self) -> Option<&mut Parcel> {
        if self.filling.is_none() {
            self.spare.extend(self.returned.try_iter());
            self.filling = self.spare.pop();
        }
        self.filling.as_mut()
    }

    /// Whether the parcel that is being filled has to leave before it takes a datagram.
    pub(super) fn is_full_for(&self, datagram: &[u8]) -> bool {
        self.filling.as_ref().is_some_and(|parcel| !parcel.has_room_for(datagram))
    }

    /// Sends the parcel that is being filled. Returns how many datagrams left, and were dropped.
    pub(super) fn dispatch(&mut self) -> (u64, u64) {
        let Some(parcel) = self.filling.take() else { return (0, 0) };
        let datagrams = parcel.len() as u64;
        match self.way.parcels.try_send(parcel) {
            Ok(()) => {
                self.way.waker.wake();
                (datagrams, 0)
            }
            Err(TrySendError::Full(parcel) | TrySendError::Disconnected(parcel)) => {
                parcel.give_back();
                (0, datagrams)
            }
        }
    }

    /// Changes that wait for the other to have room.
    pub(super) fn changes_waiting(&self) -> usize {
        self.pending.len()
    }

    /// Puts a change behind those that wait. Returns whether there was room.
    pub(super) fn note(&mut self, change: RouteChange) -> bool {
        let has_room = self.pending.len() < CHANGES_PENDING;
        if has_room {
            self.pending.push_back(change);
        }
        has_room
    }

    /// Returns whether some still wait.
    pub(super) fn flush_changes(&mut self) -> bool {
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
