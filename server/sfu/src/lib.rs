//! The media worker of Open Stream as one sans-I/O state machine.

pub mod codec;
pub mod command;
pub mod extension;
pub mod router;
pub mod rtp;
pub mod transport;
