//! Whether anybody's media reaches the server: clients that signal, and of whom no datagram ever
//! comes, mean that the addresses they were told are wrong, or a firewall is in between.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
};

/// So many transports in a row that nothing came for are no coincidence: those of two clients, or
/// the second try of one.
const SUSPICIOUS: u32 = 4;

/// Counts the transports that nothing came for, since the last that connected.
#[derive(Debug, Default)]
pub(super) struct Reach {
    unreached: AtomicU32,
}

/// What one more failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// One client may have its own trouble.
    Nothing,
    /// Now is the time to say that nobody reaches us.
    NobodyReachesUs,
}

impl Reach {
    /// A transport connected: the addresses are right.
    pub(super) fn note_connected(&self) {
        self.unreached.store(0, Ordering::Relaxed);
    }

    /// A transport failed and nothing ever came for it. The finding is made once, until another
    /// transport has connected.
    pub(super) fn note_unreached(&self) -> Finding {
        let before = self.unreached.load(Ordering::Relaxed);
        self.unreached.store(before.saturating_add(1), Ordering::Relaxed);
        if before.saturating_add(1) == SUSPICIOUS {
            Finding::NobodyReachesUs
        } else {
            Finding::Nothing
        }
    }
}

/// The line of the log that names what to look at.
pub(super) fn unreachable(addresses: &[SocketAddr]) -> String {
    let addresses: Vec<String> =
        addresses.iter().map(|address| format!("{address}/udp+tcp")).collect();
    let addresses = addresses.join(", ");
    format!("Nobody's media reaches {addresses}: PUBLIC_IP or the firewall is wrong.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_failures_in_a_row_are_said_once_until_somebody_connects() {
        let reach = Reach::default();
        let findings = |count: u32| {
            let made = (0..count).map(|_| reach.note_unreached());
            made.filter(|finding| *finding == Finding::NobodyReachesUs).count()
        };
        assert_eq!(findings(SUSPICIOUS - 1), 0);
        reach.note_connected();
        assert_eq!(findings(SUSPICIOUS - 1), 0);
        assert_eq!(findings(20), 1);
        reach.note_connected();
        assert_eq!(findings(SUSPICIOUS), 1);
    }

    #[test]
    fn the_line_names_the_addresses_and_the_setting() {
        let line = unreachable(&["203.0.113.7:40000".parse().unwrap()]);
        let expected = "Nobody's media reaches 203.0.113.7:40000/udp+tcp: PUBLIC_IP or the \
                        firewall is wrong.";
        assert_eq!(line, expected);
    }
}
