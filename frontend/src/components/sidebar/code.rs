//! A link as a QR code, for those in the same room as this screen.

use leptos::prelude::*;

use crate::{qr::QrCode, text::invite as text};

/// Light modules around a QR code (ISO/IEC 18004, section 5.3.8).
const QUIET_ZONE: usize = 4;

/// A button, and the code that it shows.
#[component]
pub(super) fn LinkCode(
    /// The link.
    link: String,
    /// For those who do not see of what it is.
    #[prop(optional, into)]
    name: Option<String>,
) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let label = name.as_ref().map(|name| text::SHOW_QR_OF.with(&[name]));
    let drawing = move || {
        let code = is_open.get().then(|| QrCode::new(&link)).flatten()?;
        let side = code.size() + 2 * QUIET_ZONE;
        let label = name.as_ref().map(|name| text::QR_OF.with(&[name]));
        Some(view! {
            <svg
                class="qr"
                role="img"
                aria-label=label.unwrap_or_else(|| text::QR.to_string())
                viewBox=format!("-{QUIET_ZONE} -{QUIET_ZONE} {side} {side}")
                shape-rendering="crispEdges"
            >
                <path d=code.path()></path>
            </svg>
        })
    };
    view! {
        <button
            class="link-button"
            type="button"
            aria-label=label
            aria-expanded=move || if is_open.get() { "true" } else { "false" }
            on:click=move |_| is_open.update(|open| *open = !*open)
        >
            {text::SHOW_QR}
        </button>
        {drawing}
    }
}
