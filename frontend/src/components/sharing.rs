//! Reminds one that others see one's screen.

use leptos::prelude::*;

use crate::{
    components::icon::{Glyph, Icon},
    meeting::{encoding::Content, view::DeviceState},
    session::Session,
    text::{Text, stage as text},
};

/// A card while one's screen is shared: what it is sent best for, and the way out.
#[component]
pub fn SharingCard(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    let view = session.view();
    let shared = Memo::new(move |_| view.with(|view| view.screen == DeviceState::On));
    let content = Memo::new(move |_| view.with(|view| view.screen_content));
    let choice = move |label: Text, own: Content| {
        view! {
            <button
                class="segment"
                type="button"
                aria-pressed=move || (content.get() == own).to_string()
                on:click=move |_| session.set_screen_content(own)
            >
                {label}
            </button>
        }
    };
    view! {
        <section class="sharing" aria-label=text::SHARING hidden=move || !shared.get()>
            <Icon of=Glyph::Share/>
            <p>{text::SHARING}</p>
            <div class="segments" role="group" aria-label=text::SHARED_FOR>
                {choice(text::FOR_TEXT, Content::Text)}
                {choice(text::FOR_MOTION, Content::Motion)}
            </div>
            <button
                class="button button-danger button-small"
                type="button"
                on:click=move |_| session.set_screen(false)
            >
                {text::STOP_SHARING}
            </button>
        </section>
    }
}
