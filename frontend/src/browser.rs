//! Everything that touches the browser, and nothing else: the only module that calls `web-sys`
//! for media, sockets and storage.
//!
//! The module compiles for the server too, which renders pages without ever calling it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`devices`] | one's own camera and microphone |
//! | [`gear`] | which devices the machine has |
//! | [`echo`] | a test of the microphone |
//! | `hold` | the space bar, while it is held |
//! | `capture`, `ear` | opening devices; how loud the microphone is |
//! | [`recent`] | the rooms that were entered lately |
//! | [`check`] | trials of a connection |
//! | [`storage`] | what is remembered over a reload |
//! | `socket` | one WebSocket, and the probe before it |
//! | `peer` | one peer connection |
//! | `stats` | what a peer connection counts |
//! | `reading` | the fields of objects that have no types |
//! | `sound` | the others' sound |
//! | [`display`] | full screen, a floating picture, keeping the screen awake |
//! | `screen` | how one's screen is captured |
//! | `visibility` | how large an element is shown |
//! | `module` | the module of WebAssembly that shows meetings, and how it is fetched |
//! | [`clock`] | the time of day |
//! | `invite` | what an invite says of itself |
//! | [`sharing`] | the clipboard, and sharing with other programs |
//! | [`page`] | the time, chance, and what the page is told of the network and its end |

mod capture;
pub mod check;
pub mod clock;
pub mod devices;
pub mod display;
mod ear;
pub mod echo;
pub mod gear;
pub(crate) mod hold;
pub(crate) mod invite;
pub(crate) mod module;
pub mod page;
pub(crate) mod peer;
mod reading;
pub mod recent;
pub(crate) mod screen;
pub mod sharing;
pub(crate) mod socket;
pub(crate) mod sound;
mod stats;
pub mod storage;
pub(crate) mod visibility;
