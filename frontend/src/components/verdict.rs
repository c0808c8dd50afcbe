//! Says, before a meeting, that media will not come through, or badly; says nothing otherwise.

use leptos::{prelude::*, task::spawn_local};

use crate::{
    browser::check::{Way, try_way},
    check::{State, Verdict},
    components::icon::{Glyph, Icon},
    links::CHECK_PATH,
    text::check as text,
};

/// A sentence about the connection, once there is reason for one.
#[component]
pub fn ConnectionVerdict() -> impl IntoView {
    let verdict = RwSignal::new(None::<Verdict>);
    Effect::new(move |_| {
        spawn_local(async move {
            // Whoever has left the page meanwhile needs no verdict.
            let _unheard = verdict.try_set(quick_verdict().await);
        });
    });
    view! {
        <div class="connection-verdict" aria-live="polite">
            {move || {
                verdict
                    .get()
                    .map(|verdict| {
                        view! {
                            <p class="notice">
                                <Icon of=Glyph::Warning/>
                                <span>{text::verdict(verdict)}</span>
                                <a class="button button-small" href=CHECK_PATH>
                                    {text::HEADING}
                                </a>
                            </p>
                        }
                    })
            }}
        </div>
    }
}

/// What is wrong, if anything is: TCP is tried where UDP fails only.
async fn quick_verdict() -> Option<Verdict> {
    let (State::Fails, _, servers) = try_way(Way::Udp, &[]).await else { return None };
    match try_way(Way::Tcp, &[]).await.0 {
        State::Works => Some(Verdict::TcpOnly),
        // A relay may help, which the test tells.
        State::Fails if servers.is_empty() => Some(Verdict::NoMedia),
        State::Fails | State::Skipped | State::Testing => None,
    }
}
