//! Handing text to other programs: the clipboard, and what the device shares with.

use js_sys::Reflect;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::ShareData;

/// Puts `text` on the clipboard, which browsers offer to secure pages only: whether it is there.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window().filter(web_sys::Window::is_secure_context) else {
        return false;
    };
    JsFuture::from(window.navigator().clipboard().write_text(text)).await.is_ok()
}

/// Whether the device has other programs to share with.
#[must_use]
pub fn can_share() -> bool {
    web_sys::window().is_some_and(|window| {
        Reflect::has(&window.navigator(), &JsValue::from_str("share")) == Ok(true)
    })
}

/// Lets the person choose a program to share `url` with; to be called from a click.
pub async fn share(url: &str) {
    let Some(window) = web_sys::window() else { return };
    let data = ShareData::new();
    data.set_url(url);
    // Whoever chooses none knows that.
    drop(JsFuture::from(window.navigator().share_with_data(&data)).await);
}
