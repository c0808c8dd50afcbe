//! Datagrams on their way from one worker to another.

use std::sync::mpsc::SyncSender;

use sfu::command::Path;

/// Datagrams in one parcel at most.
pub(super) const PARCEL_DATAGRAMS: usize = 64;
/// Bytes in one parcel at most.
pub(super) const PARCEL_BYTES: usize = 64 << 10;

/// Datagrams on their way to another worker; its memory goes back to the sender.
#[derive(Debug)]
pub(super) struct Parcel {
    sender: SyncSender<Self>,
    bytes: Vec<u8>,
    datagrams: Vec<(Path, usize)>,
}

impl Parcel {
    /// An empty one that goes back to `sender`.
    pub(super) const fn new(sender: SyncSender<Self>) -> Self {
        Self { sender, bytes: Vec::new(), datagrams: Vec::new() }
    }

    /// Datagrams in it.
    pub(super) const fn len(&self) -> usize {
        self.datagrams.len()
    }

    /// Whether it holds one more.
    pub(super) fn has_room_for(&self, datagram: &[u8]) -> bool {
        self.datagrams.len() < PARCEL_DATAGRAMS && self.bytes.len() + datagram.len() <= PARCEL_BYTES
    }

    /// Puts a datagram in.
    pub(super) fn add(&mut self, path: Path, datagram: &[u8]) {
        self.bytes.extend_from_slice(datagram);
        self.datagrams.push((path, datagram.len()));
    }

    /// Shows what is in it, and gives it back.
    pub(super) fn open(self, mut take: impl FnMut(Path, &mut [u8])) {
        // It goes back also when `take` panics.
        let mut opened = Opened(Some(self));
        let Some(parcel) = &mut opened.0 else { return };
        let mut rest = parcel.bytes.as_mut_slice();
        for (path, len) in &parcel.datagrams {
            let (datagram, after) = rest.split_at_mut((*len).min(rest.len()));
            take(*path, datagram);
            rest = after;
        }
    }

    /// Returns it, emptied, to the worker whose it is.
    pub(super) fn give_back(mut self) {
        self.bytes.clear();
        self.datagrams.clear();
        let sender = self.sender.clone();
        // The channel has room for all parcels of the sender; a sender that is gone needs none.
        let _ = sender.try_send(self);
    }
}

/// Whether [`super::Exchange::receive`] had anything to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::media) enum ReceivedParcel {
    /// There was none.
    None,
    /// There may be more.
    One,
}

/// A parcel that is being read.
struct Opened(Option<Parcel>);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Parcel::give_back);
    }
}
