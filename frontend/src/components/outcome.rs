//! Pages that end something: one heading, one sentence, and where to go from here.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{
        icon::{Glyph, Icon},
        shell::Shell,
    },
    text::{self, Text, outcome},
};

/// How something ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What it looks like.
    pub glyph: Glyph,
    /// What happened.
    pub heading: Text,
    /// Why.
    pub detail: String,
    /// For programs, and for those who report it.
    pub code: &'static str,
    /// The button that tries again, when that can succeed.
    pub again: Option<Again>,
}

/// A button that tries again.
#[derive(Debug, Clone, Copy)]
pub struct Again {
    /// The words on it.
    pub label: Text,
    /// What it does.
    pub run: Callback<()>,
}

/// Shows an [`Outcome`] as a page.
#[component]
pub fn OutcomePage(
    /// What ended, and how.
    outcome: Outcome,
    /// What else can be done.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let Outcome { glyph, heading, detail, code, again } = outcome;
    let home_class = if again.is_some() { "button" } else { "button button-primary" };
    view! {
        <Title text=format!("{heading} · {}", text::PRODUCT)/>
        <Shell>
            <div class="outcome" data-outcome=code>
                <span class="outcome-glyph">
                    <Icon of=glyph/>
                </span>
                <h1>{heading}</h1>
                <p>{detail}</p>
                <div class="outcome-actions">
                    {again
                        .map(|Again { label, run }| {
                            view! {
                                <button
                                    class="button button-primary"
                                    type="button"
                                    on:click=move |_| run.run(())
                                >
                                    {label}
                                </button>
                            }
                        })}
                    <a class=home_class href="/">
                        {outcome::HOME}
                    </a>
                    {children.map(|children| children())}
                </div>
            </div>
        </Shell>
    }
}
