//! One component per route; the meeting, which the browser mounts by itself, is in [`room`].

pub mod check;
pub mod entrance;
pub mod join;
pub mod landing;
pub mod manage;
pub mod not_found;
pub mod room;
