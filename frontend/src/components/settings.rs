//! The settings of the devices during a meeting.

use leptos::{ev::Targeted, prelude::*};
use web_sys::{Event, HtmlInputElement};

use crate::{
    browser::storage,
    components::{
        devices::Rig,
        icon::{Glyph, Icon},
        pickers::{Meter, Pickers},
        sheet::use_modal,
    },
    session::Session,
    text::devices as text,
};

/// Whether the settings are open, for everything that opens them: found in the context of the
/// meeting.
#[derive(Debug, Clone, Copy)]
pub struct SettingsOpen(pub RwSignal<bool>);

impl SettingsOpen {
    /// Has the settings closed, and gives itself to the components below.
    #[must_use]
    pub fn provide() -> Self {
        let open = Self(RwSignal::new(false));
        provide_context(open);
        open
    }

    /// Opens the settings.
    pub fn open(&self) {
        self.0.set(true);
    }
}

/// The settings: a dialog over the meeting while `open` says so.
#[component]
pub fn Settings(
    /// The meeting.
    session: Session,
    /// Whether it is open.
    open: SettingsOpen,
) -> impl IntoView {
    let SettingsOpen(open) = open;
    let dialog = use_modal(open.into());
    view! {
        <dialog
            node_ref=dialog
            class="settings"
            aria-labelledby="settings-heading"
            on:close=move |_| open.set(false)
        >
            <Show when=move || open.get()>
                <div class="settings-head">
                    <h2 id="settings-heading">{text::SETTINGS}</h2>
                    <button
                        class="icon-button"
                        type="button"
                        aria-label=text::CLOSE_SETTINGS
                        on:click=move |_| open.set(false)
                    >
                        <Icon of=Glyph::Close/>
                    </button>
                </div>
                <Pickers
                    rig=Rig::During(session)
                    below_microphone=move || view! { <Meter level=session.level()/> }
                />
                <NoiseSwitch session=session/>
                <p class="settings-hint">{text::HOLD_HINT}</p>
            </Show>
        </dialog>
    }
}

#[component]
fn NoiseSwitch(session: Session) -> impl IntoView {
    let switch = move |event: Targeted<Event, HtmlInputElement>| {
        session.suppress_noise(event.target().checked());
    };
    view! {
        <label class="settings-switch">
            <input
                type="checkbox"
                role="switch"
                prop:checked=storage::suppresses_noise()
                aria-describedby="noise-hint"
                on:change:target=switch
            />
            <span>
                {text::NOISE}
                <small id="noise-hint">{text::NOISE_HINT}</small>
            </span>
        </label>
    }
}
