//! The meeting, as a module of its own: [`enter`] is what it exports.
#![allow(unreachable_pub, reason = "what JavaScript calls is public")]

use frontend::MeetingOnPage;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::HtmlElement;

/// A meeting that is shown; JavaScript's `free()` leaves it and takes it off the page.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Stay {
    /// None if there can be no such room.
    _meeting: Option<MeetingOnPage>,
}

/// Shows the meeting in `room` inside of `place`, for the packed `arrival` or, if that is null, for
/// whoever comes back.
#[wasm_bindgen]
#[must_use]
pub fn enter(place: HtmlElement, room: &str, arrival: &JsValue) -> Stay {
    Stay { _meeting: MeetingOnPage::enter(place, room, arrival) }
}

fn main() {
    frontend::report_panics();
}
