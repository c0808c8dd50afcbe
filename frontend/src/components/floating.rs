//! The picture that floats above other windows: of the screen that is shared, of who is pinned, or
//! of who speaks.

use leptos::{ev, html::Video, prelude::*, task::spawn_local};

use crate::{
    browser::display,
    components::staging::{Staging, use_staging},
    meeting::view::{MeetingView, TileKey},
    session::Session,
};

/// Where the floating picture stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Floating {
    /// There is none.
    #[default]
    Off,
    /// It is to float as soon as it is there.
    Wanted,
    /// It floats.
    On,
}

/// The element whose picture floats; it follows who is to be looked at. Of that tile the picture is
/// received even while the page is hidden.
#[component]
pub fn FloatingPicture(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    let staging = use_staging();
    let floating = staging.floating;
    let video = NodeRef::<Video>::new();
    let view = session.view();
    let tile = Memo::new(move |_| {
        let is_on = floating.get() != Floating::Off;
        is_on
            .then(|| staging.shown.with(|shown| view.with(|it| worth_floating(it, &shown.first))))
            .flatten()
    });
    Effect::new(move |_| {
        let tile = tile.get();
        session.float(tile.clone());
        let Some(video) = video.get() else { return };
        match tile {
            Some(tile) => session.attach(&tile, &video),
            // The next time the same picture has to be loaded anew, for that is what it floats at.
            None => video.set_src_object(None),
        }
    });
    let ready = move |_| {
        let Some(video) = video.get().filter(|_| floating.get_untracked() == Floating::Wanted)
        else {
            return;
        };
        spawn_local(async move {
            let floats = display::float(&video).await;
            let _over = floating.try_set(if floats { Floating::On } else { Floating::Off });
        });
    };
    on_cleanup(display::stop_floating);
    view! {
        <video
            node_ref=video
            class="floating"
            hidden=true
            autoplay=true
            playsinline=true
            on:loadedmetadata=ready
            on:leavepictureinpicture=move |_: ev::Event| floating.set(Floating::Off)
        ></video>
    }
}

/// Lets the picture float, or ends it; to be called from a click.
pub fn toggle_floating(staging: Staging) {
    if staging.floating.get_untracked() == Floating::Off {
        staging.floating.set(Floating::Wanted);
    } else {
        display::stop_floating();
        staging.floating.set(Floating::Off);
    }
}

/// Whether somebody can be seen at all.
#[must_use]
pub fn is_worth_floating(view: &MeetingView) -> bool {
    worth_floating(view, &[]).is_some()
}

/// The first of those who are looked at, or else of all, who has a picture.
fn worth_floating(view: &MeetingView, first: &[TileKey]) -> Option<TileKey> {
    let has_picture = |key: &&TileKey| {
        let screens = view.screens.iter().map(|screen| &screen.key);
        let people = view.tiles.iter().filter(|tile| tile.has_video).map(|tile| &tile.key);
        screens.chain(people).any(|there| there == *key)
    };
    let screens = view.screens.iter().map(|screen| &screen.key);
    let others = view.tiles.iter().skip(1).chain(view.tiles.first()).map(|tile| &tile.key);
    first.iter().chain(screens).chain(others).find(has_picture).cloned()
}
