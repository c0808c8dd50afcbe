//! What the unit tests of several modules, and the fuzz targets, share.

use std::time::Instant;

/// The instant virtual time starts at.
#[expect(clippy::disallowed_methods, reason = "virtual time has to start somewhere")]
pub(crate) fn epoch() -> Instant {
    Instant::now()
}
