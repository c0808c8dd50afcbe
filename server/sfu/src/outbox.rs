//! Datagrams waiting for the shell, sealed back to back in one buffer that is used again.

use std::ops::Range;

use crate::command::{Path, Transmit};

/// Most bytes of one run: the kernel's limit of a segmented send (UDP GSO) is 65,535 with headers.
const MAX_RUN_BYTES: usize = 60_000;
/// Most datagrams of one run (`UDP_MAX_SEGMENTS` of Linux).
const MAX_RUN_DATAGRAMS: usize = 64;

/// A buffer of datagrams in the order they were sealed.
///
/// Neighbours to one path with equal lengths leave as one run, which the kernel takes in one call.
/// Fill it with [`Outbox::push_with`], drain it with [`Outbox::pop`]; once it is empty the buffer
/// starts over, so that in steady state nothing is allocated.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// As long as it ever had to be, so that nothing is cleared before it is written.
    bytes: Vec<u8>,
    /// Bytes of it that hold datagrams.
    used: usize,
    runs: Vec<Run>,
    /// The next run to go.
    next: usize,
}

#[derive(Debug)]
struct Run {
    path: Path,
    range: Range<usize>,
    /// Length of each datagram but the last.
    segment: usize,
    datagrams: usize,
    /// A datagram shorter than the others ends its run.
    is_closed: bool,
}

impl Outbox {
    /// Appends one datagram to `path`: `write` gets `room` bytes of any content and returns how many
    /// of them it wrote; an error leaves nothing behind.
    pub(crate) fn push_with<E>(
        &mut self,
        path: Path,
        room: usize,
        write: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<(), E> {
        let start = self.used;
        let length = write(self.reserve(room))?.min(room);
        self.used = start.saturating_add(length);
        if length > 0 {
            self.append(path, start..self.used);
        }
        Ok(())
    }

    /// Appends a copy of a finished datagram.
    pub(crate) fn push(&mut self, path: Path, datagram: &[u8]) {
        let start = self.used;
        self.reserve(datagram.len()).copy_from_slice(datagram);
        self.used = start.saturating_add(datagram.len());
        self.append(path, start..self.used);
    }

    /// The next `room` bytes of the buffer.
    fn reserve(&mut self, room: usize) -> &mut [u8] {
        let end = self.used.saturating_add(room);
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes.get_mut(self.used..end).expect("the buffer reaches to `end`")
    }

    fn append(&mut self, path: Path, range: Range<usize>) {
        let length = range.len();
        if let Some(run) = self.runs.get_mut(self.next..).and_then(|waiting| waiting.last_mut())
            && run.path == path
            && !run.is_closed
            && length <= run.segment
            && run.datagrams < MAX_RUN_DATAGRAMS
            && range.end.saturating_sub(run.range.start) <= MAX_RUN_BYTES
        {
            run.range.end = range.end;
            run.datagrams = run.datagrams.saturating_add(1);
            run.is_closed = length < run.segment;
            return;
        }
        self.runs.push(Run { path, range, segment: length, datagrams: 1, is_closed: false });
    }

    /// Takes the next run.
    pub(crate) fn pop(&mut self) -> Option<Transmit<'_>> {
        let Some(run) = self.runs.get(self.next) else {
            self.clear();
            return None;
        };
        self.next = self.next.saturating_add(1);
        Some(Transmit {
            path: run.path,
            contents: self.bytes.get(run.range.clone()).unwrap_or_default(),
            segment_size: (run.datagrams > 1).then_some(run.segment),
        })
    }

    /// Whether every run has been taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.next >= self.runs.len()
    }

    pub(crate) fn clear(&mut self) {
        self.used = 0;
        self.runs.clear();
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Protocol;

    fn path(port: u16) -> Path {
        Path { remote: ([192, 0, 2, 1], port).into(), local: None, protocol: Protocol::Udp }
    }

    fn drain(outbox: &mut Outbox) -> Vec<(u16, usize, Option<usize>)> {
        let mut runs = Vec::new();
        while let Some(run) = outbox.pop() {
            runs.push((run.path.remote.port(), run.contents.len(), run.segment_size));
        }
        runs
    }

    #[test]
    fn neighbours_of_equal_length_to_one_path_make_a_run_that_a_shorter_one_ends() {
        let mut outbox = Outbox::default();
        for (port, length) in [(1, 100), (1, 100), (1, 40), (1, 40), (2, 40), (1, 40)] {
            outbox.push(path(port), &vec![0; length]);
        }
        assert_eq!(
            drain(&mut outbox),
            [(1, 240, Some(100)), (1, 40, None), (2, 40, None), (1, 40, None)]
        );
    }

    #[test]
    fn a_longer_datagram_starts_a_new_run() {
        let mut outbox = Outbox::default();
        outbox.push(path(1), &[0; 40]);
        outbox.push(path(1), &[0; 100]);
        assert_eq!(drain(&mut outbox), [(1, 40, None), (1, 100, None)]);
    }

    #[test]
    fn a_run_stays_within_what_the_kernel_takes() {
        let mut outbox = Outbox::default();
        for _ in 0..130 {
            outbox.push(path(1), &[0; 1200]);
        }
        let runs = drain(&mut outbox);
        assert!(runs.iter().all(|(_, bytes, _)| *bytes <= MAX_RUN_BYTES));
        assert_eq!(runs.iter().map(|(_, bytes, _)| bytes).sum::<usize>(), 130 * 1200);
        for _ in 0..130 {
            outbox.push(path(1), &[0; 10]);
        }
        assert_eq!(drain(&mut outbox), [(1, 640, Some(10)), (1, 640, Some(10)), (1, 20, Some(10))]);
    }

    #[test]
    fn a_datagram_has_its_own_bytes_whatever_was_there_before() {
        let mut outbox = Outbox::default();
        for round in 0..3 {
            outbox.push(path(1), &[round; 30]);
            let write = |buffer: &mut [u8]| {
                buffer[..20].fill(round + 100);
                Ok::<_, ()>(20)
            };
            outbox.push_with(path(2), 500, write).unwrap();
            outbox.push(path(3), &[round + 200; 10]);
            let mut contents = Vec::new();
            while let Some(run) = outbox.pop() {
                contents.extend_from_slice(run.contents);
            }
            let expected = [vec![round; 30], vec![round + 100; 20], vec![round + 200; 10]];
            assert_eq!(contents, expected.concat());
        }
    }

    #[test]
    fn what_fails_to_be_written_leaves_nothing_behind() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.push_with(path(1), 100, |_| Err("no key")), Err("no key"));
        assert_eq!(outbox.push_with::<()>(path(1), 100, |_| Ok(60)), Ok(()));
        assert_eq!(outbox.push_with::<()>(path(2), 50, |_| Ok(50)), Ok(()));
        assert_eq!(drain(&mut outbox), [(1, 60, None), (2, 50, None)]);
        assert!(outbox.is_empty());
    }
}
