//! What the fuzzers feed, as plain functions: each takes any bytes, makes of them what a hostile
//! client may send, and panics when something does not hold that must.
//!
//! | target | what it feeds |
//! |---|---|
//! | [`front_door`] | datagrams to a worker, of strangers and of clients that join |
//! | [`media`] | RTP and RTCP under valid keys, to routers, parsers and estimators |
//! | [`descriptions`] | offers and answers |
//!
//! The same functions run under `cargo fuzz` (`server/sfu/fuzz`) and, over the committed corpus and
//! made-up input, under `cargo test`.

mod descriptions;
mod front_door;
mod input;
mod media;
mod stage;
#[cfg(test)]
mod tests;

pub use descriptions::descriptions;
pub use front_door::front_door;
pub use media::media;
