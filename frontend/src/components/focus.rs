//! Where the focus goes when what had it is gone: whoever uses a keyboard would have to begin anew
//! at the top of the page.
//!
//! ```text
//! let hold = keep_focus(move || drop(rows.get()), |_| &[".row button", "#tab"]);
//! view! { <ul on:focusin=hold>… }
//! ```

use leptos::{ev::FocusEvent, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::{app::focus, passing::effect};

/// The meeting itself, for what is gone and has nothing in its place; the id is that of
/// [`crate::app::CONTENT_ID`].
pub const CONTENT: &str = "#content";

/// Watches over a part of the page whose controls come and go, as often as `change` reads something
/// new. When one that has the focus goes, the first that one of its `successors` (CSS selectors, in
/// order) finds takes it. What takes it may be pressed by a key that is still held down, so it must
/// not do what the one that went did not. To be given what has the focus in that part: its `focusin`
/// event.
pub fn keep_focus(
    change: impl Fn() + 'static,
    successors: fn(&Element) -> &'static [&'static str],
) -> impl Fn(FocusEvent) + Clone + 'static {
    let held = StoredValue::new_local(None::<Element>);
    effect(move || {
        change();
        request_animation_frame(move || {
            // Forgotten also when something else has the focus: that may lose it much later, for
            // reasons of its own.
            let gone = held.try_update_value(|held| held.take_if(|element| is_gone(element)));
            if let Some(gone) = gone.flatten().filter(|_| is_nowhere()) {
                focus_first(successors(&gone));
            }
        });
    });
    move |event| {
        let element = event.target().and_then(|target| target.dyn_into().ok());
        let _gone = held.try_set_value(element);
    }
}

/// Puts the focus on the first element that one of `selectors` finds, in their order, and that is
/// shown.
pub fn focus_first(selectors: &[&str]) {
    let find = |selector: &&str| {
        let found = document().query_selector(selector).ok().flatten();
        found.filter(|element| !is_gone(element))
    };
    if let Some(element) = selectors.iter().find_map(find) {
        focus(element);
    }
}

/// Whether it is not in the page any more, or hidden there.
fn is_gone(element: &Element) -> bool {
    !element.is_connected() || element.closest("[hidden]").is_ok_and(|hidden| hidden.is_some())
}

/// Whether nothing has the focus: then browsers name the page as a whole, and for a while yet, or
/// for good, what was hidden.
fn is_nowhere() -> bool {
    let body = document().body();
    let is_none = |element: &Element| {
        is_gone(element) || body.as_ref().is_some_and(|body| **body == *element)
    };
    document().active_element().as_ref().is_none_or(is_none)
}
