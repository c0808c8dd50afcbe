//! Load clients, and what the server costs under them.

pub mod client;
