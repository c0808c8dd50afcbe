//! What the pages are made of.

pub mod announcer;
pub mod banner;
pub mod field;
pub mod icon;
pub mod join_box;
pub mod outcome;
pub mod preview;
pub mod shell;
pub mod sidebar;
pub mod stage;
pub mod tile;
pub mod toggle;
