//! WHIP and WHEP over real sockets: the `webrtc` crate publishes and watches by single requests.
//!
//! | module | what it shows |
//! |---|---|
//! | `publishing` | who publishes by WHIP is a participant, until they go |
//! | `viewing` | who watches by WHEP is shown whoever is there |
//! | `foreign` | aiortc does both, with real encoders and decoders |
//! | `refusals` | what is refused, and how |
//! | `requests` | requests and answers of HTTP |

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail as tests do")]

#[path = "../signaling/client.rs"]
#[expect(dead_code, reason = "the tests of signaling use the rest")]
mod client;
mod foreign;
#[path = "../media/native.rs"]
mod native;
mod publishing;
mod refusals;
mod requests;
mod viewing;
