//! The one box that takes a room id or an invite link.

use leptos::{ev::SubmitEvent, html::Input, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{components::shell::ErrorNote, links::Destination, text::landing};

/// A form that leads to the page before the meeting; without scripts it asks the server for it.
#[component]
pub fn JoinBox() -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let (unreadable, set_unreadable) = signal(false);
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(input) = input.get_untracked() else { return };
        let destination = Destination::parse(&input.value());
        set_unreadable.set(destination.is_none());
        match destination {
            Some(destination) => navigate(&destination.join_path(), NavigateOptions::default()),
            // A field that cannot be focused still has its error beside it.
            None => drop(input.focus()),
        }
    };
    view! {
        <form class="join-box" action="/join" method="get" on:submit=submit>
            <div class="field">
                <label for="room">{landing::JOIN_LABEL}</label>
                <input
                    node_ref=input
                    id="room"
                    name="room"
                    type="text"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    placeholder=landing::JOIN_PLACEHOLDER
                    required=true
                    aria-describedby="room-error"
                    aria-invalid=move || unreadable.get().then_some("true")
                    on:input=move |_| set_unreadable.set(false)
                />
            </div>
            <button class="button" type="submit">
                {landing::JOIN}
            </button>
            <ErrorNote
                id="room-error"
                text=Signal::derive(move || {
                    unreadable.get().then_some(landing::UNREADABLE)
                })
            />
        </form>
    }
}
