//! Signaling over real sockets, with the real media workers behind it.
//!
//! | module | what it shows |
//! |---|---|
//! | `joining` | who comes in, as whom, and what they find |
//! | `returning` | who comes back, and what the others see meanwhile |
//! | `media` | transports, producers, consumers, and who may touch them |
//! | `layers` | how much of a video is received and sent |
//! | `metrics` | what the host can read of it in numbers |
//! | `bounds` | each bound, filled |
//! | `client` | a server and its clients |

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail as tests do")]

mod bounds;
mod client;
mod joining;
mod layers;
mod media;
mod metrics;
mod returning;
