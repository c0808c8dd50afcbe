//! Signaling over real sockets, with the real media workers behind it.
//!
//! | module | what it shows |
//! |---|---|
//! | `joining` | who comes in, as whom, and what they find |
//! | `returning` | who comes back, and what the others see meanwhile |
//! | `media` | transports, producers, consumers, and who may touch them |
//! | `layers` | how much of a video is received and sent |
//! | `rights` | who may do what, and that nothing happens when somebody may not |
//! | `talk` | chat, raised hands, reactions |
//! | `hosting` | lock, mute, remove, hand over, end: what the others see of it |
//! | `lobby` | who knocks, who is let in |
//! | `invites` | links that are counted, expire and are withdrawn |
//! | `rest` | the same over HTTP |
//! | `meeting` | a host, a co-host and two guests |
//! | `metrics` | what the host can read of it in numbers |
//! | `bounds` | each bound, filled |
//! | `client` | a server and its clients |

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail as tests do")]

mod bounds;
mod client;
mod hosting;
mod invites;
mod joining;
mod layers;
mod lobby;
mod media;
mod meeting;
mod metrics;
#[path = "../whip/requests.rs"]
#[expect(dead_code, reason = "the tests of WHIP use the rest")]
mod requests;
mod rest;
mod returning;
mod rights;
mod talk;
