//! The menu behind "More": what the bar has no room for.
//!
//! Entries are [`MenuItem`]s, in groups ([`MenuGroup`]). A button of the bar that does not fit
//! narrow windows has the class `fold` (or `fold-late`, which folds on the narrowest only) and an
//! entry with the same [`Fold`], so that one of the two is always there.

use leptos::prelude::*;

use crate::{
    components::icon::{Glyph, Icon},
    text::{Text, stage as text},
};

/// The id of the menu.
pub const MORE_ID: &str = "more";

/// The button that opens it, as a CSS selector.
pub const MORE: &str = ".controls .more";

/// When an entry is in the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fold {
    /// Always.
    #[default]
    Always,
    /// When the window is narrow, and the bar has it no more.
    Narrow,
    /// When it is so narrow that hardly anything fits.
    Narrowest,
}

/// The button, and the menu that it opens above the bar.
#[component]
pub fn More(
    /// The groups of entries.
    children: Children,
) -> impl IntoView {
    view! {
        <button
            class="toggle toggle-quiet more"
            type="button"
            title=text::MORE
            aria-label=text::MORE
            popovertarget=MORE_ID
        >
            <Icon of=Glyph::More/>
        </button>
        <div id=MORE_ID class="menu" popover="auto" role="group" aria-label=text::MORE>
            {children()}
        </div>
    }
}

/// Entries that belong together.
#[component]
pub fn MenuGroup(
    /// The entries.
    children: Children,
) -> impl IntoView {
    view! { <div class="menu-group">{children()}</div> }
}

/// One entry; pressing it closes the menu.
#[component]
pub fn MenuItem(
    /// What it does.
    #[prop(into)]
    label: Signal<&'static str>,
    /// What that looks like.
    #[prop(into)]
    glyph: Signal<Glyph>,
    /// Does it.
    press: Callback<()>,
    /// For an entry that is a switch or one of several: whether it is on.
    #[prop(optional, into)]
    pressed: Option<Signal<bool>>,
    /// When it is there.
    #[prop(optional)]
    fold: Fold,
) -> impl IntoView {
    let class = match fold {
        Fold::Always => "menu-item",
        Fold::Narrow => "menu-item unfold",
        Fold::Narrowest => "menu-item unfold-late",
    };
    view! {
        <button
            class=class
            type="button"
            popovertarget=MORE_ID
            popovertargetaction="hide"
            aria-pressed=pressed.map(|pressed| move || pressed.get().to_string())
            on:click=move |_| press.run(())
        >
            <Icon of=glyph/>
            <span>{move || label.get()}</span>
            {pressed.map(|_| view! { <span class="menu-tick"><Icon of=Glyph::Check/></span> })}
        </button>
    }
}

impl From<Text> for Signal<&'static str> {
    fn from(text: Text) -> Self {
        Self::stored(text.get())
    }
}
