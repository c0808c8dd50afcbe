//! Whole workers in virtual time: real STUN, DTLS and SRTP between a [`sfu::Worker`] and fake
//! browsers, over links that lose, delay and reorder by a seed. An oracle checks every packet that
//! reaches a viewer. The same seed replays the same run.
//!
//! | module | what it holds |
//! |---|---|
//! | `clock` | virtual time |
//! | `network` | links between clients and the worker |
//! | `leg`, `browser` | fake browsers: a publisher's and a viewer's leg |
//! | `oracle` | what must hold of every packet a viewer receives |
//! | `world` | one worker, its clients and the network between them |
//! | the rest | the stories |

#![expect(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a simulation fails by panicking"
)]

mod browser;
mod clock;
mod leg;
mod losses;
mod network;
mod oracle;
mod world;

mod anything;
mod downlink;
mod front_door;
mod joining;
mod meetings;
mod odd_clients;
mod overload;
mod replay;
mod restarts;
mod steady_state;
mod viewing;
mod voices;
