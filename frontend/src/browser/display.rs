//! What a browser can do with the screen besides the page: full screen, a floating picture, and
//! keeping it awake. Each may be missing.

use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, HtmlVideoElement};

use super::{page, reading::field};

/// Whether the page can have the whole screen.
#[must_use]
pub fn can_fill_screen() -> bool {
    document().is_some_and(|document| document.fullscreen_enabled())
}

/// Whether it has.
#[must_use]
pub fn fills_screen() -> bool {
    document().is_some_and(|document| document.fullscreen_element().is_some())
}

/// Takes the whole screen for the page, or gives it back; to be called from a click or a key.
pub fn fill_screen(fill: bool) {
    let Some(document) = document() else { return };
    let root = document.document_element().filter(|_| fill);
    match root {
        Some(root) => attempt(&root, "requestFullscreen"),
        None => attempt(&document, "exitFullscreen"),
    }
}

/// Whether a picture can float above other windows.
#[must_use]
pub fn can_float() -> bool {
    document().is_some_and(|it| field(&it, "pictureInPictureEnabled").is_truthy())
}

/// Lets a video float; within seconds of a click or a key. Tells whether it does.
pub async fn float(video: &HtmlVideoElement) -> bool {
    match call(video, "requestPictureInPicture") {
        Some(floats) => JsFuture::from(floats).await.is_ok(),
        None => false,
    }
}

/// Ends the floating picture, if there is one.
pub fn stop_floating() {
    if let Some(document) = document() {
        attempt(&document, "exitPictureInPicture");
    }
}

/// Keeps the screen from going dark for as long as this exists and the page is seen.
#[derive(Debug)]
pub struct Awake(JsValue);

impl Awake {
    /// Asks for it; none where the browser cannot, or the battery is low.
    pub async fn ask() -> Option<Self> {
        let navigator = web_sys::window()?.navigator();
        let lock = Some(field(&navigator, "wakeLock")).filter(JsValue::is_object)?;
        let request: Function = field(&lock, "request").dyn_into().ok()?;
        let asked = request.call1(&lock, &JsValue::from_str("screen")).ok()?;
        JsFuture::from(asked.dyn_into::<Promise>().ok()?).await.ok().map(Self)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        attempt(&self.0, "release");
    }
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

/// Calls a method that may be missing, and may fail: all is as it was then.
fn attempt(object: &JsValue, name: &str) {
    call(object, name).into_iter().for_each(page::ignore);
}

/// Calls a method that may be missing and answers later.
fn call(object: &JsValue, name: &str) -> Option<Promise> {
    let method: Function = field(object, name).dyn_into().ok()?;
    method.call0(object).ok()?.dyn_into().ok()
}
