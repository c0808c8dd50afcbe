//! The wish to stop, and what has to end first.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Shared by everything that has to end before the program does.
///
/// Long-lived work runs in [`Self::spawn`] and watches [`Self::begun`]; the program calls
/// [`Self::begin`] once and then [`Self::finish`].
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// Not begun, nothing to wait for.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everything to end.
    pub fn begin(&self) {
        self.token.cancel();
        self.tasks.close();
    }

    /// Whether everything was asked to end.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until everything is asked to end.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Runs work that [`Self::finish`] waits for. It must end by itself soon after
    /// [`Self::begun`].
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(work);
    }

    /// Keeps [`Self::finish`] waiting until the result of `work` is there; for work that something
    /// else runs.
    pub fn track<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        self.tasks.track_future(work)
    }

    /// Waits for the work to end, but no longer than `patience`.
    pub async fn finish(&self, patience: Duration) -> Finish {
        match tokio::time::timeout(patience, self.tasks.wait()).await {
            Ok(()) => Finish::Complete,
            Err(_) => Finish::Abandoned(self.tasks.len()),
        }
    }
}

/// How a shutdown ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// Everything ended by itself.
    Complete,
    /// So many tasks were still running.
    Abandoned(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_watches_ends_in_time() {
        let shutdown = Shutdown::new();
        let watching = shutdown.clone();
        shutdown.spawn(async move { watching.begun().await });
        shutdown.begin();
        assert_eq!(shutdown.finish(Duration::MAX).await, Finish::Complete);
    }

    #[tokio::test]
    async fn work_that_does_not_watch_is_abandoned() {
        let shutdown = Shutdown::new();
        shutdown.spawn(std::future::pending());
        shutdown.begin();
        assert_eq!(shutdown.finish(Duration::ZERO).await, Finish::Abandoned(1));
    }
}
