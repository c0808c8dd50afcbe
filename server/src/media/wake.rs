//! How a worker thread waits, and how others wake it.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
    thread,
    time::Duration,
};

use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::Errno,
};

/// How long a thread rests when waiting itself fails, lest it spin.
const WAIT_FAILURE_REST: Duration = Duration::from_millis(1);

/// Wakes one worker thread out of [`Waker::wait`]; clones wake the same thread.
#[derive(Debug, Clone)]
pub(super) struct Waker(Arc<OwnedFd>);

impl Waker {
    /// Makes the waker of a new thread.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)))
    }

    /// Ends the thread's current wait, or its next one if it does not wait now.
    pub(super) fn wake(&self) {
        // The only failure is a counter at its maximum: then a wake-up is pending anyway.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }

    /// Waits until `socket` can be read, the thread is woken, or `timeout` has passed.
    ///
    /// `poll(2)` rather than epoll: of two descriptors it costs the same, keeps no state in the
    /// kernel, and takes its timeout in nanoseconds where `epoll_wait` rounds to milliseconds.
    pub(super) fn wait(&self, socket: &impl AsFd, timeout: Option<Duration>) {
        let mut descriptors =
            [PollFd::new(socket, PollFlags::IN), PollFd::new(&*self.0, PollFlags::IN)];
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut descriptors, timeout.as_ref()) {
            Ok(_) if !descriptors[1].revents().is_empty() => self.reset(),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => {
                tracing::error!(%error, "a media worker cannot wait for its socket");
                thread::sleep(WAIT_FAILURE_REST);
            }
        }
    }

    /// Forgets the wake-ups until now, for those who do not wait by [`Self::wait`].
    pub(super) fn reset(&self) {
        // Nothing to read means that nothing is pending, which is what reset is for.
        let _ = rustix::io::read(&*self.0, &mut [0; size_of::<u64>()]);
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::{net::UdpSocket, time::Instant};

    use super::*;

    #[test]
    fn a_wake_up_before_the_wait_is_not_lost_and_counts_once() {
        let (waker, socket) = (Waker::new().unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        waker.wake();
        waker.wake();
        waker.wait(&socket, None);

        let begun = Instant::now();
        waker.wait(&socket, Some(Duration::from_millis(5)));
        assert!(begun.elapsed() >= Duration::from_millis(5), "the second wake-up was kept");
    }

    #[test]
    fn a_datagram_ends_the_wait() {
        let (waker, socket) = (Waker::new().unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        socket.send_to(b"x", socket.local_addr().unwrap()).unwrap();
        waker.wait(&socket, None);
    }
}
