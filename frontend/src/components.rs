//! What the pages are made of.

pub mod announcer;
pub mod awake;
pub mod banner;
pub mod field;
pub mod floating;
pub mod icon;
pub mod join_box;
pub mod managed_room;
pub mod menu;
pub mod outcome;
pub mod pager;
pub mod preview;
pub mod recent;
pub mod room_menu;
pub mod sharing;
pub mod shell;
pub mod shortcuts;
pub mod sidebar;
pub mod stage;
pub mod staging;
pub mod tile;
pub mod toggle;
