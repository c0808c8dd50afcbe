//! Every type that crosses the wire between the Open Stream page and its server.
//!
//! No I/O and no clock; the crate builds for the host and for `wasm32`. The JSON of each message
//! is pinned by the examples of `docs/protocol.md`, which the contract tests read.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ids`] | the names of rooms, participants, transports, producers, consumers |
//! | [`signaling`] | the WebSocket protocol: requests, replies, events, close codes |
//! | [`media`] | kinds, sources, layers, session descriptions |
//! | [`error`] | the one list of error codes, with their texts |
//! | [`rest`] | the bodies of the REST interface |
//! | [`limits`] | the bounds both ends know |

pub mod error;
pub mod ids;
pub mod limits;
pub mod media;
pub mod rest;
pub mod signaling;

/// Whether a field may be left out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}
