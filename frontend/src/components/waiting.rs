//! At the door: what someone sees who waits to be let in.

use leptos::{html::Video, prelude::*};

use crate::{
    components::{shell::Shell, tile::Avatar},
    meeting::view::{DeviceState, Phase, TileKey},
    session::Session,
    text::host as text,
};

/// The page of someone who knocked.
#[component]
pub fn WaitingPage(
    /// The meeting, which is not entered yet.
    session: Session,
) -> impl IntoView {
    let view = session.view();
    let name = view
        .with_untracked(|view| view.tiles.first().map(|me| me.name.clone()).unwrap_or_default());
    let host_present = Memo::new(move |_| {
        view.with(|view| matches!(view.phase, Phase::Waiting { host_present: true }))
    });
    let words =
        move || if host_present.get() { text::WAIT_FOR_HOST.get() } else { text::NO_HOST.get() };
    view! {
        <Shell>
            <div
                class="waiting"
                data-phase="waiting"
                data-host=move || if host_present.get() { "here" } else { "away" }
            >
                <Myself session=session name=name.clone()/>
                <h1 dir="auto">{text::WAIT.with(&[&name])}</h1>
                <p role="status">{words}</p>
                <button class="button" type="button" on:click=move |_| session.leave()>
                    {text::WAIT_NO_MORE}
                </button>
            </div>
        </Shell>
    }
}

/// One's own picture, as the others will see it.
#[component]
fn Myself(session: Session, name: String) -> impl IntoView {
    let view = session.view();
    let video = NodeRef::<Video>::new();
    Effect::new(move |_| {
        if let Some(element) = video.get() {
            session.attach(&TileKey::Me, &element);
        }
    });
    let is_dark = Memo::new(move |_| view.with(|view| view.camera != DeviceState::On));
    view! {
        <div class="waiting-picture" aria-hidden="true">
            <Avatar name=Signal::stored(name)/>
            <video
                node_ref=video
                autoplay=true
                playsinline=true
                hidden=move || is_dark.get()
            ></video>
        </div>
    }
}
