//! Virtual time: it moves when the simulation says so, and never otherwise.

use std::time::{Duration, Instant};

/// Where every simulation begins.
#[expect(clippy::disallowed_methods, reason = "virtual time has to start somewhere")]
pub(crate) fn epoch() -> Instant {
    Instant::now()
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
