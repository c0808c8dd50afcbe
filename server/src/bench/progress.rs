//! How far a scenario is, for someone who looks at a terminal.

use std::{
    io::{self, IsTerminal, Write},
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How often the bar is drawn.
const INTERVAL: Duration = Duration::from_millis(250);
/// Characters of the bar.
const WIDTH: usize = 30;

/// A bar that grows until this is dropped; nothing where standard error is no terminal.
pub(super) struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    /// Shows `title`, and how much of `expected` has passed.
    pub(super) fn start(title: &str, expected: Duration) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let (stop, stopped) = channel();
        let (title, begun) = (title.to_owned(), Instant::now());
        let draw = move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let line = bar(&title, begun.elapsed(), expected);
                let _ = write!(io::stderr(), "\r{line}\x1b[K");
            }
            let _ = write!(io::stderr(), "\r\x1b[K");
        };
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(draw);
        Self(thread.ok().map(|thread| (stop, thread)))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

fn bar(title: &str, elapsed: Duration, expected: Duration) -> String {
    let parts = elapsed.as_millis() * WIDTH as u128 / expected.as_millis().max(1);
    let done = usize::try_from(parts).unwrap_or(WIDTH).min(WIDTH);
    let (full, empty) = ("█".repeat(done), "░".repeat(WIDTH - done));
    format!("{full}{empty} {:>3} s  {title}", elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_grows_to_its_width_and_no_further() {
        let at = |seconds| bar("x", Duration::from_secs(seconds), Duration::from_secs(10));
        assert_eq!(at(0).matches('█').count(), 0);
        assert_eq!(at(5).matches('█').count(), WIDTH / 2);
        assert_eq!(at(99).matches('█').count(), WIDTH);
    }
}
