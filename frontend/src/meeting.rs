//! A meeting as the page knows it: a state machine without I/O, told the time, tested on the host.
//!
//! | module | what it holds |
//! |---|---|
//! | [`view`] | what is shown |
//! | [`notice`] | what is told: notices, device errors, why a meeting ended |
//! | [`layout`] | the grid of tiles |

pub mod layout;
pub mod notice;
pub mod view;
