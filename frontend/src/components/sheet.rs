//! Dialogs over the page: the browser keeps the focus in them, and gives it back.

use leptos::{html::Dialog, prelude::*};

use crate::{
    components::icon::{Glyph, Icon},
    text::{Text, stage as text},
};

/// A `<dialog>` that is shown, with the page behind it out of reach, for as long as `open` says so.
/// The browser closes it by itself on Escape: have its `close` event make `open` false.
#[must_use]
pub fn use_modal(open: Signal<bool>) -> NodeRef<Dialog> {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        if !open.get() {
            dialog.close();
        } else if !dialog.open() {
            // It is in the document and not open: nothing else is refused.
            drop(dialog.show_modal());
        }
    });
    dialog
}

/// A dialog with a heading and a button that closes it.
#[component]
pub fn Sheet(
    /// The id of its heading.
    id: &'static str,
    /// Its heading.
    heading: Text,
    /// Whether it is shown.
    open: RwSignal<bool>,
    /// Its style.
    #[prop(default = "sheet")]
    class: &'static str,
    /// What stands under the heading.
    children: Children,
) -> impl IntoView {
    let dialog = use_modal(open.into());
    view! {
        <dialog
            node_ref=dialog
            class=class
            aria-labelledby=id
            on:close=move |_| open.set(false)
        >
            <header>
                <h2 id=id>{heading}</h2>
                <button
                    class="icon-button"
                    type="button"
                    aria-label=text::CLOSE
                    on:click=move |_| open.set(false)
                >
                    <Icon of=Glyph::Close/>
                </button>
            </header>
            {children()}
        </dialog>
    }
}
