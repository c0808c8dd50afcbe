//! Talking for as long as one holds the space bar.

use leptos::prelude::*;

use crate::{
    components::{
        icon::{Glyph, Icon},
        shortcuts::describe,
    },
    session::Session,
    text::devices as text,
};

/// Says that one is heard for as long as one holds the key.
#[component]
pub fn Holding(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    describe(" ", text::HOLD_TO_TALK);
    let view = session.view();
    let holds = Memo::new(move |_| view.with(|view| view.holds_to_talk));
    view! {
        <p class="held" role="status" hidden=move || !holds.get()>
            <Icon of=Glyph::Microphone/>
            {text::HOLDING}
        </p>
    }
}
