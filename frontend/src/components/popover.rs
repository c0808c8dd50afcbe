//! A small box beside the button that opens it. The browser keeps it above everything, closes it on
//! Escape and on a click elsewhere, and gives the focus back.

use leptos::{html::Div, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::{
    components::icon::{Glyph, Icon},
    text::Text,
};

/// Space between a box and its button, in CSS pixels.
const GAP: f64 = 8.0;

/// A button, and the box that it opens.
#[component]
pub fn Popover(
    /// Names the box in the document.
    #[prop(into)]
    id: String,
    /// Style of the button.
    class: &'static str,
    /// The button's name.
    #[prop(into)]
    label: Signal<String>,
    /// What it looks like.
    glyph: Glyph,
    /// Words beside that.
    #[prop(optional)]
    words: Option<Text>,
    /// Style of the box, beside `popover`.
    #[prop(optional)]
    box_class: &'static str,
    /// What is in the box; a button in it with `popovertarget` of `id` closes it.
    children: Children,
) -> impl IntoView {
    let popover = NodeRef::<Div>::new();
    let place = move |event: leptos::ev::MouseEvent| {
        let button = event.current_target().and_then(|it| it.dyn_into::<Element>().ok());
        if let (Some(button), Some(popover)) = (button, popover.get_untracked()) {
            place(&button, &popover);
        }
    };
    view! {
        <button
            class=class
            type="button"
            title=move || label.get()
            aria-label=move || label.get()
            popovertarget=id.clone()
            on:click=place
        >
            <Icon of=glyph/>
            {words.map(|words| view! { <span>{words}</span> })}
        </button>
        <div
            node_ref=popover
            id=id
            class=format!("popover {box_class}")
            popover="auto"
            role="group"
            aria-label=move || label.get()
        >
            {children()}
        </div>
    }
}

/// Puts the box where there is more room: below or above the button, and towards the middle.
fn place(button: &Element, popover: &HtmlElement) {
    let rect = button.get_bounding_client_rect();
    let inner = |size: Result<wasm_bindgen::JsValue, _>| {
        size.ok().and_then(|size| size.as_f64()).unwrap_or_default()
    };
    let (width, height) = (inner(window().inner_width()), inner(window().inner_height()));
    let is_low = rect.bottom() > height / 2.0;
    let is_right = (rect.left() + rect.right()) / 2.0 > width / 2.0;
    let (top, bottom) = if is_low {
        ("auto".to_owned(), format!("{}px", height - rect.top() + GAP))
    } else {
        (format!("{}px", rect.bottom() + GAP), "auto".to_owned())
    };
    let (left, right) = if is_right {
        ("auto".to_owned(), format!("{}px", (width - rect.right()).max(GAP)))
    } else {
        (format!("{}px", rect.left().max(GAP)), "auto".to_owned())
    };
    let style = popover.style();
    for (name, value) in [("top", top), ("bottom", bottom), ("left", left), ("right", right)] {
        // These are properties of every element.
        drop(style.set_property(name, &value));
    }
}
