//! The fields of objects for which the crates of the browser have no types.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// A field; `undefined` where there is none.
pub(super) fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// A number; zero where there is none.
pub(super) fn number(object: &JsValue, name: &str) -> f64 {
    field(object, name).as_f64().unwrap_or_default()
}

/// A text; empty where there is none.
pub(super) fn text(object: &JsValue, name: &str) -> String {
    field(object, name).as_string().unwrap_or_default()
}
