//! One question before what cannot be taken back.
//!
//! ```text
//! provide_confirm();                       // once, in the room, with <Confirm/> inside
//! use_confirm().ask(Question { … });       // anywhere in it
//! ```

use leptos::prelude::*;

use crate::{
    components::sheet::use_modal,
    text::{Text, host},
};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The question.
    pub heading: String,
    /// What it means.
    pub means: Text,
    /// The word on the button that does it.
    pub yes: Text,
    /// Something more that may be wanted with it.
    pub option: Option<Text>,
    /// Does it; with whether the option is wanted.
    pub run: Callback<bool>,
}

/// Asks questions in the one dialog of the room.
#[derive(Debug, Clone, Copy)]
pub struct Asking(RwSignal<Option<Question>>);

/// Lets everything inside the caller ask.
pub fn provide_confirm() {
    provide_context(Asking(RwSignal::new(None)));
}

/// The dialog of the room.
#[must_use]
pub fn use_confirm() -> Asking {
    use_context().unwrap_or_else(|| Asking(RwSignal::new(None)))
}

impl Asking {
    /// Asks; nothing happens unless the answer is yes.
    pub fn ask(self, question: Question) {
        self.0.set(Some(question));
    }
}

/// The dialog. The browser keeps the focus in it, and gives it back.
#[component]
pub fn Confirm() -> impl IntoView {
    let Asking(question) = use_confirm();
    let dialog = use_modal(Signal::derive(move || question.with(Option::is_some)));
    view! {
        <dialog
            node_ref=dialog
            class="confirm"
            aria-labelledby="confirm-heading"
            aria-describedby="confirm-means"
            on:close=move |_| question.set(None)
        >
            {move || question.get().map(|it| view! { <Asked question=it answered=question/> })}
        </dialog>
    }
}

#[component]
fn Asked(question: Question, answered: RwSignal<Option<Question>>) -> impl IntoView {
    let Question { heading, means, yes, option, run } = question;
    let wanted = RwSignal::new(false);
    let press = move |_| {
        answered.set(None);
        run.run(wanted.get_untracked());
    };
    view! {
        <h2 id="confirm-heading" dir="auto">{heading}</h2>
        <p id="confirm-means">{means}</p>
        {option
            .map(|label| {
                view! {
                    <label class="check">
                        <input
                            type="checkbox"
                            on:change=move |event| wanted.set(event_target_checked(&event))
                        />
                        {label}
                    </label>
                }
            })}
        <div class="confirm-actions">
            <button class="button" type="button" autofocus=true on:click=move |_| answered.set(None)>
                {host::CANCEL}
            </button>
            <button class="button button-danger" type="button" on:click=press>
                {yes}
            </button>
        </div>
    }
}
