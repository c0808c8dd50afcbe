//! The frame of the pages outside a meeting.

use leptos::prelude::*;

use crate::{
    app::CONTENT_ID,
    components::icon::{Glyph, Icon, Logo},
    text::{self, Text},
};

/// A page with the product's name above its content.
#[component]
pub fn Shell(children: Children) -> impl IntoView {
    view! {
        <div class="shell">
            <header class="shell-header">
                <a class="brand" href="/">
                    <Logo/>
                    {text::PRODUCT}
                </a>
            </header>
            <main id=CONTENT_ID class="shell-content" tabindex="-1">
                <NeedsJavaScript/>
                {children()}
            </main>
        </div>
    }
}

/// Says, where no script runs, why nothing will happen.
#[component]
fn NeedsJavaScript() -> impl IntoView {
    // Markup and not elements: to a browser that runs scripts, the content of this one is text.
    let note = format!(r#"<p class="notice" role="note">{}</p>"#, text::NEEDS_JAVASCRIPT);
    view! { <noscript inner_html=note></noscript> }
}

/// What is shown until a meeting is.
#[component]
pub fn Connecting() -> impl IntoView {
    view! { <Coming heading=text::room::CONNECTING/> }
}

/// What is shown until a page is that takes a script.
#[component]
pub fn Coming(
    /// What comes.
    heading: Text,
) -> impl IntoView {
    view! {
        <Shell>
            <div class="connecting" role="status">
                <span class="spinner" aria-hidden="true"></span>
                <h1>{heading}</h1>
            </div>
        </Shell>
    }
}

/// One sentence about what went wrong, announced when it appears.
#[component]
pub fn ErrorNote(
    /// The sentence; nothing is shown without one.
    #[prop(into)]
    text: Signal<Option<Text>>,
    /// What the field's `aria-describedby` refers to.
    id: &'static str,
) -> impl IntoView {
    view! {
        <div id=id class="error-note" aria-live="polite">
            {move || {
                text.get()
                    .map(|text| {
                        view! {
                            <p>
                                <Icon of=Glyph::Warning/>
                                {text}
                            </p>
                        }
                    })
            }}
        </div>
    }
}

/// False on the server and while the page is taken over, then true: what only a browser can show
/// goes behind it, so that both render the same at first.
#[must_use]
pub fn use_hydrated() -> ReadSignal<bool> {
    let (hydrated, set_hydrated) = signal(false);
    Effect::new(move |_| set_hydrated.set(true));
    hydrated
}
