//! What the page before the meeting hands to the meeting: who comes, and with which devices open.
//!
//! Devices cannot travel in an address, and opening them anew would ask the person again.

use std::cell::RefCell;

use shared::ids::RoomId;

use crate::{
    browser::{devices::LocalMedia, storage},
    session::JoinIntent,
};

/// Someone at the door of a room.
#[derive(Debug)]
pub struct Arrival {
    /// Where they want to go, and as whom.
    pub intent: JoinIntent,
    /// The devices they opened on the way.
    pub media: LocalMedia,
}

thread_local! {
    static ARRIVAL: RefCell<Option<Arrival>> = const { RefCell::new(None) };
}

/// Leaves `arrival` for the page of the meeting.
pub fn hand_over(arrival: Arrival) {
    if let Some(forgotten) = ARRIVAL.replace(Some(arrival)) {
        forgotten.media.close_all();
    }
}

/// Takes the arrival at `room`, once.
#[must_use]
pub fn take(room: &RoomId) -> Option<Arrival> {
    ARRIVAL.with_borrow_mut(|arrival| {
        arrival.take_if(|arrival| arrival.intent.room.as_ref() == Some(room))
    })
}

/// As whom someone comes back who was in `room` when the page was reloaded.
#[must_use]
pub fn come_back(room: &RoomId) -> Option<JoinIntent> {
    storage::resume_ticket(room)?;
    Some(JoinIntent {
        room: Some(room.clone()),
        token: storage::token(room),
        display_name: storage::display_name()?,
    })
}
