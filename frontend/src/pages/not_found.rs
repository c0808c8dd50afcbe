//! Any other address.

use leptos::prelude::*;
use shared::error::ErrorCode;

use crate::{
    components::{
        icon::Glyph,
        outcome::{Outcome, OutcomePage},
    },
    text::{error, outcome},
};

/// Says that nothing is here. The server gives it with status 404.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <OutcomePage outcome=Outcome {
            glyph: Glyph::Warning,
            heading: outcome::NOT_FOUND,
            detail: error::of(ErrorCode::NotFound).to_string(),
            code: ErrorCode::NotFound.as_str(),
            again: None,
        }/>
    }
}
