//! The meeting, and other pages that only a browser can show, as a module of its own: [`enter`] and
//! [`show`] are what it exports.
#![allow(unreachable_pub, reason = "what JavaScript calls is public")]

use frontend::Shown;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::HtmlElement;

/// Something that is shown; JavaScript's `free()` takes it off the page, and leaves a meeting.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Stay {
    /// None if there is nothing of that name.
    _shown: Option<Shown>,
}

/// Shows the meeting in `room` inside of `place`, for the packed `arrival` or, if that is null, for
/// whoever comes back.
#[wasm_bindgen]
#[must_use]
pub fn enter(place: HtmlElement, room: &str, arrival: &JsValue) -> Stay {
    Stay { _shown: Shown::enter(place, room, arrival) }
}

/// Shows the page of that name inside of `place`.
#[wasm_bindgen]
#[must_use]
pub fn show(place: HtmlElement, page: &str) -> Stay {
    Stay { _shown: Shown::page(place, page) }
}

fn main() {
    frontend::report_panics();
}
