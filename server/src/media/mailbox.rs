//! What goes to a worker thread from outside, and what comes out of it.
//!
//! | from → to | capacity | when full |
//! |---|---|---|
//! | commands, anyone → worker | [`MAILBOX_CAPACITY`] | the caller gets [`MediaError::Overloaded`] |
//! | events, all workers → signaling | [`EVENTS_CAPACITY`], then [`EVENTS_PENDING`] at each worker | waits at the worker in order; past that dropped, counted and logged |

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
};

use sfu::command::{Command, CommandError, CommandReply};
use tokio::sync::{mpsc, oneshot};

use super::{MediaError, MediaEvent, WorkerReport, wake::Waker};

/// Letters that wait for one worker.
pub(super) const MAILBOX_CAPACITY: usize = 256;
/// Events that wait for signaling.
pub(super) const EVENTS_CAPACITY: usize = 4096;
/// Events that wait at a worker while signaling does not keep up.
const EVENTS_PENDING: usize = 16 * 1024;

/// A message to a worker thread; a reply that nobody waits for is dropped.
#[derive(Debug)]
pub(super) enum Letter {
    /// Do this.
    Command {
        /// What.
        command: Command,
        /// How it went.
        reply: oneshot::Sender<Result<CommandReply, CommandError>>,
    },
    /// Count.
    Report(oneshot::Sender<WorkerReport>),
    /// Panic.
    #[cfg(test)]
    Panic,
    /// Hang until the other end is dropped.
    #[cfg(test)]
    Hang(Receiver<()>),
}

/// Where letters to a worker are dropped; clones lead to the same worker.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    letters: SyncSender<Letter>,
    waiting: Arc<AtomicUsize>,
    closing: Arc<AtomicBool>,
    waker: Waker,
}

/// The worker's end of its mailbox.
#[derive(Debug)]
pub(super) struct Letters {
    letters: Receiver<Letter>,
    waiting: Arc<AtomicUsize>,
    closing: Arc<AtomicBool>,
}

impl Mailbox {
    /// Makes both ends; `waker` wakes the thread that has the other.
    pub(super) fn new(waker: Waker) -> (Self, Letters) {
        let (sender, letters) = sync_channel(MAILBOX_CAPACITY);
        let closing = Arc::new(AtomicBool::new(false));
        let waiting = Arc::new(AtomicUsize::new(0));
        let ours = Letters { letters, waiting: waiting.clone(), closing: closing.clone() };
        (Self { letters: sender, waiting, closing, waker }, ours)
    }

    /// Leaves a letter and wakes the worker; never waits.
    ///
    /// # Errors
    ///
    /// [`MediaError::Overloaded`] when the mailbox is full, [`MediaError::WorkerGone`] when nobody
    /// reads it any more.
    pub(super) fn post(&self, letter: Letter) -> Result<(), MediaError> {
        // Counted before it can be read, so that the count is never below zero.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let posted = self.letters.try_send(letter).map_err(|error| match error {
            TrySendError::Full(_) => MediaError::Overloaded,
            TrySendError::Disconnected(_) => MediaError::WorkerGone,
        });
        match posted {
            Ok(()) => self.waker.wake(),
            Err(_) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
            }
        }
        posted
    }

    /// Asks the worker to end, however full its mailbox is.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl Letters {
    /// The next letter, if there is one.
    pub(super) fn next(&self) -> Option<Letter> {
        let letter = self.letters.try_recv().ok()?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(letter)
    }

    /// Letters that have not been read.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether the worker shall end.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }
}

/// A worker's way out for events: never waits, keeps the order.
#[derive(Debug)]
pub(super) struct Outbox {
    events: mpsc::Sender<MediaEvent>,
    pending: VecDeque<MediaEvent>,
    dropped: u64,
}

impl Outbox {
    /// Puts a worker's events into `events`.
    pub(super) const fn new(events: mpsc::Sender<MediaEvent>) -> Self {
        Self { events, pending: VecDeque::new(), dropped: 0 }
    }

    /// Sends an event as soon as there is room for it.
    pub(super) fn push(&mut self, event: MediaEvent) {
        if self.pending.len() < EVENTS_PENDING {
            self.pending.push_back(event);
        } else {
            self.dropped += 1;
            tracing::error!(dropped = self.dropped, "signaling does not take the media events");
        }
        self.flush();
    }

    /// Sends the events that found no room before. Returns whether some still wait.
    pub(super) fn flush(&mut self) -> bool {
        while !self.pending.is_empty() {
            match self.events.try_reserve() {
                Ok(place) => {
                    let Some(event) = self.pending.pop_front() else { break };
                    place.send(event);
                }
                Err(mpsc::error::TrySendError::Full(())) => break,
                // Nobody wants them: the server stops, or has no signaling.
                Err(mpsc::error::TrySendError::Closed(())) => self.pending.clear(),
            }
        }
        !self.pending.is_empty()
    }

    /// Events that wait for room.
    pub(super) fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Events that were dropped so far.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::TransportId;

    use super::*;

    const fn event(number: u64) -> MediaEvent {
        MediaEvent::TransportConnected { transport_id: TransportId(number) }
    }

    #[test]
    fn a_full_mailbox_refuses_at_once_and_takes_again_when_read() {
        let (mailbox, letters) = Mailbox::new(Waker::new().unwrap());
        let letter = || Letter::Report(oneshot::channel().0);
        for _ in 0..MAILBOX_CAPACITY {
            mailbox.post(letter()).unwrap();
        }
        assert_eq!(mailbox.post(letter()), Err(MediaError::Overloaded));
        assert!(letters.next().is_some());
        assert_eq!(mailbox.post(letter()), Ok(()));
        drop(letters);
        assert_eq!(mailbox.post(letter()), Err(MediaError::WorkerGone));
    }

    #[test]
    fn events_wait_in_order_while_signaling_is_slow() {
        let (sender, mut receiver) = mpsc::channel(2);
        let mut outbox = Outbox::new(sender);
        (0..5).for_each(|number| outbox.push(event(number)));
        for number in 0..5 {
            assert_eq!(receiver.try_recv(), Ok(event(number)));
            outbox.flush();
        }
        assert!(!outbox.flush());
    }

    #[test]
    fn events_past_the_bound_are_dropped_and_counted() {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut outbox = Outbox::new(sender);
        let all = EVENTS_PENDING as u64 + 3;
        (0..all).for_each(|number| outbox.push(event(number)));
        assert_eq!(outbox.dropped(), 2, "one is in the channel");
        assert_eq!(receiver.try_recv(), Ok(event(0)), "the oldest are kept");
    }
}
