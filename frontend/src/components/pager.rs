//! The buttons that turn the pages of people.

use leptos::prelude::*;

use crate::{
    components::{
        icon::{Glyph, Icon},
        shortcuts::bind_while,
        staging::use_staging,
    },
    text::{Text, stage as text},
};

/// Back, which page it is, on; nothing where there is one page.
#[component]
pub fn Pager() -> impl IntoView {
    let staging = use_staging();
    let pages = Memo::new(move |_| {
        staging.shown.with(|shown| (shown.arrangement.page, shown.arrangement.pages))
    });
    let place = Memo::new(move |_| staging.shown.with(|shown| shown.arrangement.pager));
    let place = move || place.get().unwrap_or_default();
    let has_pages = Signal::derive(move || pages.get().1 > 1);
    let turn = move |by| Callback::new(move |()| staging.turn(by));
    bind_while(has_pages, "PageUp", text::PREVIOUS_PAGE, turn(-1));
    bind_while(has_pages, "PageDown", text::NEXT_PAGE, turn(1));
    view! {
        <nav
            class="pager"
            aria-label=text::PAGES
            hidden=move || !has_pages.get()
            style:inset-inline-start=move || format!("{}px", place().left)
            style:inset-block-start=move || format!("{}px", place().top)
            style:inline-size=move || format!("{}px", place().width)
        >
            <Turn by=-1 label=text::PREVIOUS_PAGE glyph=Glyph::Back
                ended=Signal::derive(move || pages.get().0 == 0)/>
            <p role="status">
                <span class="pager-words">
                    {move || {
                        let (page, pages) = pages.get();
                        text::PAGE.with(&[&(page + 1).to_string(), &pages.to_string()])
                    }}
                </span>
                <span class="pager-numbers" aria-hidden="true">
                    {move || format!("{} / {}", pages.get().0 + 1, pages.get().1)}
                </span>
            </p>
            <Turn by=1 label=text::NEXT_PAGE glyph=Glyph::Forward
                ended=Signal::derive(move || pages.get().0 + 1 >= pages.get().1)/>
        </nav>
    }
}

#[component]
fn Turn(by: isize, label: Text, glyph: Glyph, ended: Signal<bool>) -> impl IntoView {
    let staging = use_staging();
    view! {
        <button
            class="icon-button"
            type="button"
            title=label
            aria-label=label
            // Not `disabled`, which would take the focus away from whoever has just pressed it.
            aria-disabled=move || ended.get().to_string()
            on:click=move |_| staging.turn(by)
        >
            <Icon of=glyph/>
        </button>
    }
}
