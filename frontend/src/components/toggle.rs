//! The round switch of a device.

use leptos::prelude::*;

use crate::{
    components::icon::{Glyph, Icon},
    text::Text,
};

/// A button that is pressed while its device is on.
#[component]
pub fn Toggle(
    /// The device.
    label: Text,
    /// Whether it is on.
    on: Signal<bool>,
    /// Whether it is being opened; it cannot be pressed then.
    busy: Signal<bool>,
    /// What it looks like, on or off.
    glyph: fn(bool) -> Glyph,
    /// What pressing it does.
    press: Callback<()>,
    /// Whether off is how it usually is, and on what one has to be reminded of; it goes into the
    /// menu where the bar is narrow.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView {
    let press_when_ready = move |_| {
        if !busy.get_untracked() {
            press.run(());
        }
    };
    view! {
        <button
            class=if quiet { "toggle toggle-quiet fold" } else { "toggle" }
            type="button"
            title=label
            aria-label=label
            aria-pressed=move || if on.get() { "true" } else { "false" }
            // Not `disabled`, which would take the focus away from whoever has just pressed it.
            aria-disabled=move || if busy.get() { "true" } else { "false" }
            on:click=press_when_ready
        >
            <Icon of=Signal::derive(move || glyph(on.get()))/>
        </button>
    }
}
