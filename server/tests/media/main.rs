//! The media plane over loopback, with real clients.
//!
//! | module | what it shows |
//! |---|---|
//! | `plane` | media crosses the workers unharmed, between the right people only |
//! | `front_door` | strangers change nothing and get nothing |
//! | `churn` | who leaves, leaves nothing behind |
//!
//! The clients are the `webrtc` crate, a second and independent stack, and the light client of
//! `open-stream bench` where a thousand are needed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail as tests do")]

mod churn;
mod front_door;
mod native;
mod plane;
mod room;
