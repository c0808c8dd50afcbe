//! Text fields.

use leptos::{html::Input, prelude::*};
use shared::limits::MAX_NAME_CHARS;

use crate::{browser::storage, text};

/// The person's name: remembered, and asked for in the same words everywhere.
#[component]
pub fn NameField(
    /// The input, to be read with [`read_name`].
    input: NodeRef<Input>,
    /// The element with the error that the name may be the cause of.
    error_id: &'static str,
) -> impl IntoView {
    Effect::new(move |_| {
        // What was typed before the page was taken over stays.
        if let Some(input) = input.get().filter(|input| input.value().is_empty()) {
            input.set_value(&storage::display_name().unwrap_or_default());
        }
    });
    view! {
        <div class="field">
            <label for="name">{text::join::NAME_LABEL}</label>
            <input
                node_ref=input
                id="name"
                name="name"
                type="text"
                autocomplete="name"
                placeholder=text::join::NAME_PLACEHOLDER
                maxlength=MAX_NAME_CHARS
                required=true
                aria-describedby=error_id
            />
        </div>
    }
}

/// The name in `input`, remembered for next time; none when it is blank.
#[must_use]
pub fn read_name(input: NodeRef<Input>) -> Option<String> {
    let name = input.get_untracked()?.value().trim().to_owned();
    if name.is_empty() {
        return None;
    }
    storage::save_display_name(&name);
    Some(name)
}
