//! Everything that touches the browser, and nothing else: the only module that calls `web-sys`
//! for media, sockets and storage.
//!
//! The module compiles for the server too, which renders pages without ever calling it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`devices`] | one's own camera and microphone |
//! | [`storage`] | what is remembered over a reload |

pub mod devices;
pub mod storage;
