//! Which transport a datagram belongs to, and the front door: until a client's address has shown
//! valid STUN credentials, nothing but STUN is read from it.
//!
//! | first byte (RFC 7983) | what | how it finds its transport |
//! |---|---|---|
//! | 0 to 3 | STUN | the user fragment of ours in USERNAME, then integrity |
//! | 20 to 63 | DTLS | the opened path |
//! | 128 to 191 | RTP and RTCP | the opened path |

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::command::{Path, WorkerIndex};

/// A hash map without random state: one seed replays one run. Its keys are either our own or, like
/// paths, were authenticated before they were inserted, a few for each client, so that nobody
/// outside can pick enough collisions; so a hash of a few instructions will do, which every packet
/// has to pay several times.
pub(crate) type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// What the first byte says a datagram is (RFC 7983 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatagramKind {
    Stun,
    Dtls,
    /// RTP or RTCP; [`is_rtcp`] tells which.
    Media,
    Unknown,
}

impl DatagramKind {
    pub(crate) fn of(datagram: &[u8]) -> Self {
        match datagram.first() {
            Some(0..=3) => Self::Stun,
            Some(20..=63) => Self::Dtls,
            Some(128..=191) => Self::Media,
            _ => Self::Unknown,
        }
    }
}

/// Whether a media datagram is RTCP: packet types 192 to 223 (RFC 5761 section 4).
pub(crate) fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram.get(1), Some(192..=223))
}

/// Where an opened path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A transport of this worker, by its place in the worker's table.
    Here(usize),
    /// Another worker, which owns the transport.
    Elsewhere(WorkerIndex),
}

/// The worker's table of opened paths and of its own user fragments.
#[derive(Debug, Default)]
pub(crate) struct Demux {
    by_path: Map<Path, Destination>,
    by_ufrag: Map<String, usize>,
}

impl Demux {
    pub(crate) fn destination(&self, path: Path) -> Option<Destination> {
        self.by_path.get(&path).copied()
    }

    pub(crate) fn by_ufrag(&self, ufrag: &str) -> Option<usize> {
        self.by_ufrag.get(ufrag).copied()
    }

    pub(crate) fn insert_ufrag(&mut self, ufrag: String, transport: usize) {
        self.by_ufrag.insert(ufrag, transport);
    }

    pub(crate) fn remove_ufrag(&mut self, ufrag: &str) {
        self.by_ufrag.remove(ufrag);
    }

    /// Opens `path`, and returns where it led before.
    pub(crate) fn open(&mut self, path: Path, destination: Destination) -> Option<Destination> {
        self.by_path.insert(path, destination)
    }

    /// Closes `path` if it still leads to `destination`; another may have taken it over since.
    pub(crate) fn close(&mut self, path: Path, destination: Destination) -> bool {
        let matches = self.by_path.get(&path) == Some(&destination);
        if matches {
            self.by_path.remove(&path);
        }
        matches
    }

    /// Entries of both tables; back to zero when every transport is gone.
    pub(crate) fn len(&self) -> usize {
        self.by_path.len().saturating_add(self.by_ufrag.len())
    }
}
