//! Watches over the workers: one that panics or hangs is replaced, and its rooms are told.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use sfu::command::WorkerIndex;
use shared::ids::RouterId;
use tokio::sync::mpsc::error::TrySendError;

use super::{
    MediaEvent,
    crew::{Berth, Crew, Incumbent, Notice, WorkerLink},
    lock,
    pulse::Watch,
};

/// How often the pulses are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// Found in the same turn this many times in a row, a worker hangs: 1 to 1.25 s, and on a machine so
/// busy that every look comes late still less than the 2 s in which it must be found. Turns take
/// milliseconds.
const LOOKS_UNTIL_HUNG: u32 = 5;
/// Replacements of one worker within [`RESTART_WINDOW`]; what fails more often fails again.
const MAX_RESTARTS: usize = 5;
/// See [`MAX_RESTARTS`].
const RESTART_WINDOW: Duration = Duration::from_secs(60);
/// Threads that hang at a time, of all workers. A thread cannot be ended from outside, and each may
/// take a core.
const MAX_ABANDONED: usize = 4;

/// What one worker died of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Panic,
    Hang,
}

/// The watch over all workers, on a thread of its own.
#[derive(Debug)]
pub(super) struct Supervisor {
    crew: Crew,
    posts: Vec<Post>,
    links: Arc<[WorkerLink]>,
    notices: Receiver<Notice>,
    closing: Arc<AtomicBool>,
    /// Threads that hung.
    abandoned: Vec<JoinHandle<()>>,
    /// Routers that are lost without signaling knowing it yet.
    untold: Vec<RouterId>,
}

/// A worker's berth, and how it went with its workers so far.
#[derive(Debug)]
struct Post {
    /// None when it was given up.
    berth: Option<Berth>,
    watch: Watch,
    /// When its workers were replaced, within the last [`RESTART_WINDOW`].
    restarts: VecDeque<Instant>,
}

impl Supervisor {
    /// Will watch the workers of `berths`, to which `links` lead.
    pub(super) fn new(
        crew: Crew,
        berths: Vec<Berth>,
        links: Arc<[WorkerLink]>,
        (notices, closing): (Receiver<Notice>, Arc<AtomicBool>),
    ) -> Self {
        let posts = berths.into_iter().map(Post::new).collect();
        let (abandoned, untold) = (Vec::new(), Vec::new());
        Self { crew, posts, links, notices, closing, abandoned, untold }
    }

    /// Watches until the workers are closed.
    pub(super) fn run(mut self) {
        while !self.closing.load(Ordering::SeqCst) {
            match self.notices.recv_timeout(LOOK_INTERVAL) {
                Ok(Notice::Died { worker, generation }) => {
                    self.replace(worker, generation, Cause::Panic);
                }
                Err(RecvTimeoutError::Timeout) => self.look_around(),
                Ok(Notice::Closing) | Err(RecvTimeoutError::Disconnected) => return,
            }
            self.tell();
        }
    }

    fn look_around(&mut self) {
        let mut hung = Vec::new();
        for (post, link) in self.posts.iter_mut().zip(self.links.iter()) {
            let Some(berth) = &post.berth else { continue };
            if post.watch.look(&link.pulse()) >= LOOKS_UNTIL_HUNG {
                hung.push((berth.index, berth.generation));
            }
        }
        for (worker, generation) in hung {
            self.replace(worker, generation, Cause::Hang);
        }
    }

    /// Gives up a worker, and puts another in its place if that promises anything.
    fn replace(&mut self, index: WorkerIndex, generation: u64, cause: Cause) {
        let place = usize::from(index.0);
        let (Some(post), Some(link)) = (self.posts.get_mut(place), self.links.get(place)) else {
            return;
        };
        if post.berth.as_ref().is_none_or(|berth| berth.generation != generation) {
            return;
        }
        // From here on commands to it fail, and so does what waits for its answer.
        let running = link.give_up();
        let lost = lock(&self.crew.placement).remove_worker(place);
        let worker = index.0;
        tracing::error!(worker, ?cause, rooms = lost.len(), "media worker {worker} died");
        self.untold.extend(lost);
        if cause == Cause::Hang {
            self.abandoned.extend(running.map(|running| running.thread));
        }
        self.abandoned.retain(|thread| !thread.is_finished());
        let is_hopeless = self.abandoned.len() > MAX_ABANDONED || !post.may_restart(Instant::now());
        if is_hopeless {
            tracing::error!(worker, "media worker {worker} keeps dying and is given up");
            post.give_up();
            return;
        }
        match post.restart(&self.crew) {
            Some(incumbent) => {
                link.replace(incumbent, &self.closing);
                lock(&self.crew.placement).restore_worker(place);
            }
            None => post.give_up(),
        }
    }

    /// Has signaling told what is lost; tried again while it has no room.
    fn tell(&mut self) {
        if self.untold.is_empty() {
            return;
        }
        match self.crew.events.try_reserve() {
            Ok(place) => {
                place.send(MediaEvent::WorkerGone { routers: std::mem::take(&mut self.untold) });
            }
            Err(TrySendError::Full(())) => {}
            // Nobody wants to know.
            Err(TrySendError::Closed(())) => self.untold.clear(),
        }
    }
}

impl Post {
    fn new(berth: Berth) -> Self {
        Self { berth: Some(berth), watch: Watch::default(), restarts: VecDeque::new() }
    }

    fn may_restart(&mut self, now: Instant) -> bool {
        while self.restarts.front().is_some_and(|at| now.duration_since(*at) > RESTART_WINDOW) {
            self.restarts.pop_front();
        }
        let may_restart = self.restarts.len() < MAX_RESTARTS;
        if may_restart {
            self.restarts.push_back(now);
        }
        may_restart
    }

    fn restart(&mut self, crew: &Crew) -> Option<Incumbent> {
        let berth = self.berth.as_mut()?;
        berth.generation += 1;
        self.watch = Watch::default();
        match crew.man(berth) {
            Ok(incumbent) => Some(incumbent),
            Err(error) => {
                tracing::error!(worker = berth.index.0, %error, "no other worker can be started");
                None
            }
        }
    }

    fn give_up(&mut self) {
        if let Some(berth) = self.berth.take() {
            berth.give_up();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_replaced_five_times_a_minute_at_most() {
        let now = Instant::now();
        let mut post = Post { berth: None, watch: Watch::default(), restarts: VecDeque::new() };
        for _ in 0..MAX_RESTARTS {
            assert!(post.may_restart(now));
        }
        assert!(!post.may_restart(now + RESTART_WINDOW));
        assert!(post.may_restart(now + RESTART_WINDOW + Duration::from_millis(1)));
    }
}
