//! Which path is whose, and the news of it.

use std::collections::HashMap;

use sfu::command::{Command, Path, WorkerIndex};

/// Which path is whose, for a worker that starts when the others have long announced theirs.
pub(super) type RouteBook = HashMap<Path, WorkerIndex>;

/// An address begins or ceases to be a worker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::media) enum RouteChange {
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

impl RouteChange {
    /// Changes the book accordingly.
    pub(super) fn write_down(self, book: &mut RouteBook) {
        match self {
            Self::Add(path, worker) => {
                book.insert(path, worker);
            }
            Self::Remove(path, worker) => {
                if book.get(&path) == Some(&worker) {
                    book.remove(&path);
                }
            }
        }
    }
}
