//! The media plane over loopback, with real clients.
//!
//! | module | what it shows |
//! |---|---|
//! | `plane` | media crosses the workers unharmed, between the right people only |
//! | `restart` | it goes on when a client's address or its ICE credentials change |
//! | `tcp` | it does so over TCP, too |
//! | `front_door` | strangers change nothing and get nothing |
//! | `check` | it can be tried without a room |
//! | `meeting` | the same through the whole server: invite, signaling, media |
//!
//! The clients are the `webrtc` crate, a second and independent stack, and the light client of
//! `open-stream bench` where single datagrams matter.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail as tests do")]

mod check;
mod front_door;
mod meeting;
mod native;
mod participant;
mod plane;
mod restart;
mod room;
#[path = "../signaling/client.rs"]
#[expect(dead_code, reason = "the tests of signaling use the rest")]
mod signaling;
mod tcp;
