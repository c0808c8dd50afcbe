//! Where the focus goes when what had it is gone: whoever uses a keyboard would have to begin anew
//! at the top of the page.
//!
//! ```text
//! let hold = keep_focus(move || drop(rows.get()), &[".row button", "#tab"]);
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
/// new. When one that has the focus goes, the first that one of `successors` (CSS selectors, in
/// order) finds takes it. To be given what has the focus in that part: its `focusin` event.
pub fn keep_focus(
    change: impl Fn() + 'static,
    successors: &'static [&'static str],
) -> impl Fn(FocusEvent) + Clone + 'static {
    let held = StoredValue::new_local(None::<Element>);
    effect(move || {
        change();
        request_animation_frame(move || {
            let is_gone = held.try_with_value(|held| held.as_ref().is_some_and(is_out_of_page));
            if is_gone == Some(true) && is_nowhere() {
                held.set_value(None);
                focus_first(successors);
            }
        });
    });
    move |event| {
        let element = event.target().and_then(|target| target.dyn_into().ok());
        let _gone = held.try_set_value(element);
    }
}

/// Puts the focus on the first element that one of `selectors` finds, in their order.
pub fn focus_first(selectors: &[&str]) {
    let find = |selector: &&str| document().query_selector(selector).ok().flatten();
    if let Some(element) = selectors.iter().find_map(find) {
        focus(element);
    }
}

fn is_out_of_page(element: &Element) -> bool {
    !element.is_connected()
}

/// Whether nothing has the focus: then browsers name the page as a whole.
fn is_nowhere() -> bool {
    let body = document().body();
    document().active_element().is_none_or(|element| body.is_some_and(|body| *body == element))
}
