//! A screen as its content wants it captured.

use js_sys::Reflect;
use wasm_bindgen::JsValue;
use web_sys::{ConstrainDoubleRange, MediaStreamTrack, MediaTrackConstraints};

use super::page;
use crate::meeting::encoding::Content;

/// Pictures a second asked of a screen with text: letters want to be sharp, and seldom move.
const TEXT_RATE: f64 = 8.0;

/// What is asked of a screen.
pub(crate) fn constraints(content: Content) -> MediaTrackConstraints {
    let most = f64::from(content.max_framerate());
    let pace = ConstrainDoubleRange::new();
    pace.set_ideal(if content == Content::Text { TEXT_RATE } else { most });
    pace.set_max(most);
    let picture = MediaTrackConstraints::new();
    picture.set_frame_rate(&pace);
    picture
}

/// Has a screen that is shared captured otherwise, and the browser save on what matters less (W3C
/// `mst-content-hint`).
pub(crate) fn suit(screen: &MediaStreamTrack, content: Content) {
    // A browser that does not know the hint has no use for it.
    let hint = JsValue::from_str(content.hint());
    drop(Reflect::set(screen, &JsValue::from_str("contentHint"), &hint));
    // One that cannot change its pace keeps it.
    let changed = screen.apply_constraints_with_constraints(&constraints(content));
    changed.into_iter().for_each(page::ignore);
}
