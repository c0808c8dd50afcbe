//! The side panel of a meeting: the invite, and who is there.

use leptos::{html::Input, prelude::*, task::spawn_local};
use shared::signaling::Presence;
use wasm_bindgen_futures::JsFuture;

use crate::{
    app::focus,
    components::{
        icon::{Glyph, Icon},
        stage::watch_tile,
        tile::{Avatar, mark},
    },
    meeting::view::TileView,
    session::Session,
    text::{Text, room},
};

/// The id of the panel, for the button that shows it.
pub const SIDEBAR_ID: &str = "sidebar";

/// The id of that button.
pub const SIDEBAR_TOGGLE_ID: &str = "sidebar-toggle";

/// The panel. The focus follows it: in when it opens, back to its button when it closes; hidden,
/// it cannot be reached by keyboard either.
#[component]
pub fn Sidebar(
    /// The meeting.
    session: Session,
    /// Whether it is shown.
    open: RwSignal<bool>,
) -> impl IntoView {
    Effect::new(move |was_open: Option<bool>| {
        let open = open.get();
        if was_open.is_some_and(|was_open| was_open != open) {
            let id = if open { SIDEBAR_ID } else { SIDEBAR_TOGGLE_ID };
            request_animation_frame(move || focus_id(id));
        }
        open
    });
    view! {
        <aside
            id=SIDEBAR_ID
            class="sidebar"
            tabindex="-1"
            aria-label=room::PEOPLE
            hidden=move || !open.get()
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    open.set(false);
                }
            }
        >
            <Invite session=session/>
            <Roster session=session/>
            <button
                class="icon-button sidebar-close"
                type="button"
                aria-label=room::CLOSE_PANEL
                on:click=move |_| open.set(false)
            >
                <Icon of=Glyph::Close/>
            </button>
        </aside>
    }
}

fn focus_id(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        focus(element);
    }
}

/// The link that lets others in.
#[component]
fn Invite(session: Session) -> impl IntoView {
    let view = session.view();
    let link = Memo::new(move |_| {
        view.with(|view| view.room.as_ref().and_then(|room| room.invite_link.clone()))
    });
    move || link.get().map(|link| view! { <InviteLink link=link/> })
}

/// How copying went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copying {
    NotYet,
    Copied,
    ByHand,
}

#[component]
fn InviteLink(link: String) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let copying = RwSignal::new(Copying::NotYet);
    let copy = {
        let link = link.clone();
        move |_| {
            if let Some(input) = input.get_untracked() {
                input.select();
            }
            copy_text(link.clone(), copying);
        }
    };
    let copied = move || copying.get() == Copying::Copied;
    view! {
        <div class="invite">
            <h2>
                <label for="invite-link">{room::INVITE}</label>
            </h2>
            <input
                node_ref=input
                id="invite-link"
                class="invite-link"
                type="text"
                readonly=true
                value=link
            />
            <button class="button" type="button" on:click=copy>
                <Icon of=Signal::derive(move || if copied() { Glyph::Check } else { Glyph::Copy })/>
                <span aria-live="polite">
                    {move || match copying.get() {
                        Copying::NotYet => room::COPY.get(),
                        Copying::Copied => room::COPIED.get(),
                        Copying::ByHand => room::COPY_BY_HAND.get(),
                    }}
                </span>
            </button>
        </div>
    }
}

/// Puts `text` on the clipboard, which browsers offer to secure pages only.
fn copy_text(text: String, outcome: RwSignal<Copying>) {
    if !window().is_secure_context() {
        outcome.set(Copying::ByHand);
        return;
    }
    let written = JsFuture::from(window().navigator().clipboard().write_text(&text));
    spawn_local(async move {
        let how = if written.await.is_ok() { Copying::Copied } else { Copying::ByHand };
        // Whoever has closed the page meanwhile needs no answer.
        let _unheard = outcome.try_set(how);
    });
}

/// Everyone in the meeting.
#[component]
fn Roster(session: Session) -> impl IntoView {
    let view = session.view();
    let tiles = Memo::new(move |_| view.with(|view| view.tiles.clone()));
    view! {
        <section class="roster" aria-labelledby="roster-heading">
            <h2 id="roster-heading">
                {room::PEOPLE} " " <span class="count">{move || tiles.with(Vec::len)}</span>
            </h2>
            <ul>
                <For each=move || tiles.get() key=|tile| tile.key.clone() let:tile>
                    <Person tile=watch_tile(session, tile)/>
                </For>
            </ul>
        </section>
    }
}

#[component]
fn Person(tile: Memo<TileView>) -> impl IntoView {
    let mark = move || tile.with(mark).map(|mark| view! { <span class="mark">{mark}</span> });
    let has_audio = Signal::derive(move || tile.with(|tile| tile.has_audio));
    let has_video = Signal::derive(move || tile.with(|tile| tile.has_video));
    let away = move || tile.with(|tile| tile.presence == Presence::Reconnecting);
    view! {
        <li class="person">
            <Avatar name=Signal::derive(move || tile.with(|tile| tile.name.clone()))/>
            <span class="person-name">
                {move || tile.with(|tile| tile.name.clone())} {mark}
                <small hidden=move || !away()>{room::RECONNECTING}</small>
            </span>
            <Status on=has_audio glyph=Glyph::microphone words=(room::UNMUTED, room::MUTED)/>
            <Status on=has_video glyph=Glyph::camera words=(room::CAMERA_ON, room::CAMERA_OFF)/>
        </li>
    }
}

/// Whether a device is on: an icon, and the same in words.
#[component]
fn Status(on: Signal<bool>, glyph: fn(bool) -> Glyph, words: (Text, Text)) -> impl IntoView {
    view! {
        <span class="status" data-on=move || if on.get() { "true" } else { "false" }>
            <Icon of=Signal::derive(move || glyph(on.get()))/>
            <span class="visually-hidden">
                {move || if on.get() { words.0.get() } else { words.1.get() }}
            </span>
        </span>
    }
}
