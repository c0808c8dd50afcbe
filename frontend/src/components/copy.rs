//! A button that copies a text, and says how that went.

use leptos::{html::Input, prelude::*, task::spawn_local};

use crate::{
    browser::sharing,
    components::icon::{Glyph, Icon},
    text::Text,
};

/// What the button says.
#[derive(Debug, Clone, Copy)]
pub struct CopyWords {
    /// Before it is pressed.
    pub copy: Text,
    /// Once the text is on the clipboard.
    pub copied: Text,
    /// Where the browser does not let the page copy.
    pub by_hand: Text,
}

/// How copying went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copying {
    NotYet,
    Copied,
    ByHand,
}

impl CopyWords {
    const fn of(self, copying: Copying) -> Text {
        match copying {
            Copying::NotYet => self.copy,
            Copying::Copied => self.copied,
            Copying::ByHand => self.by_hand,
        }
    }
}

/// The button.
#[component]
pub fn CopyButton(
    /// What is copied, as it is when the button is pressed.
    text: Callback<(), String>,
    /// What it says.
    words: CopyWords,
    /// Its style.
    class: &'static str,
    /// Its id.
    #[prop(optional, into)]
    id: Option<String>,
    /// For those who do not see of what it is.
    #[prop(optional, into)]
    name: Option<String>,
    /// What is selected for copying by hand.
    #[prop(optional)]
    input: NodeRef<Input>,
) -> impl IntoView {
    let copying = RwSignal::new(Copying::NotYet);
    let copy = move |_| {
        if let Some(input) = input.get_untracked() {
            input.select();
        }
        let text = text.run(());
        spawn_local(async move {
            let how = if sharing::copy(&text).await { Copying::Copied } else { Copying::ByHand };
            // Whoever has left the page meanwhile needs no answer.
            let _unheard = copying.try_set(how);
        });
    };
    let glyph = move || if copying.get() == Copying::Copied { Glyph::Check } else { Glyph::Copy };
    view! {
        <button id=id class=class type="button" aria-label=name on:click=copy>
            <Icon of=Signal::derive(glyph)/>
            <span aria-live="polite">{move || words.of(copying.get()).get()}</span>
        </button>
    }
}
