//! One component per route.

pub mod join;
pub mod landing;
pub mod not_found;
pub mod room;
