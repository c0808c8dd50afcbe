//! One person in the list, and what one may do to them.

use leptos::prelude::*;
use shared::signaling::{Presence, Role};

use crate::{
    components::{
        confirm::{Question, use_confirm},
        icon::{Glyph, Icon},
        popover::Popover,
        tile::{Avatar, mark},
    },
    meeting::{
        rights::PersonAction,
        view::{TileKey, TileView},
    },
    passing::memo,
    session::Session,
    text::{Text, chat, host, room},
};

/// A line of the list.
#[component]
pub(super) fn Person(session: Session, tile: Memo<TileView>) -> impl IntoView {
    let mark = move || tile.with(mark).map(|mark| view! { <span class="mark">{mark}</span> });
    let has_audio = Signal::derive(move || tile.with(|tile| tile.has_audio));
    let has_video = Signal::derive(move || tile.with(|tile| tile.has_video));
    let away = move || tile.with(|tile| tile.presence == Presence::Reconnecting);
    view! {
        <li class="person" data-hand=move || tile.with(|tile| tile.hand)>
            <Avatar name=Signal::derive(move || tile.with(|tile| tile.name.clone()))/>
            <span class="person-name">
                <span dir="auto">{move || tile.with(|tile| tile.name.clone())}</span> {mark}
                <small hidden=move || !away()>{room::RECONNECTING}</small>
            </span>
            <HandMark hand=Signal::derive(move || tile.with(|tile| tile.hand))/>
            <Status on=has_audio glyph=Glyph::microphone words=(room::UNMUTED, room::MUTED)/>
            <Status on=has_video glyph=Glyph::camera words=(room::CAMERA_ON, room::CAMERA_OFF)/>
            <PersonMenu session=session tile=tile/>
        </li>
    }
}

/// A raised hand and its place in the queue.
#[component]
pub fn HandMark(
    /// The place, counted from one; nothing is shown without.
    hand: Signal<Option<usize>>,
) -> impl IntoView {
    move || {
        hand.get().map(|place| {
            let place = place.to_string();
            view! {
                <span class="hand-mark">
                    <Icon of=Glyph::Hand/>
                    <span aria-hidden="true">{place.clone()}</span>
                    <span class="visually-hidden">{chat::HAND_UP.with(&[&place])}</span>
                </span>
            }
        })
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

/// What one may do to a person; nothing where there is nothing.
#[component]
fn PersonMenu(session: Session, tile: Memo<TileView>) -> impl IntoView {
    let view = session.view();
    let role = memo(move |_| view.with(|view| view.role.unwrap_or(Role::Guest)));
    let actions = Memo::new(move |_| {
        tile.with(|tile| PersonAction::on(role.get(), tile).collect::<Vec<_>>())
    });
    let is_there = Memo::new(move |_| actions.with(|actions| !actions.is_empty()));
    let id = move || match tile.with_untracked(|tile| tile.key.clone()) {
        TileKey::Other(id) | TileKey::Screen(id) => format!("menu-{id}"),
        TileKey::Me => "menu-me".to_owned(),
    };
    let name = move || tile.with(|tile| tile.name.clone());
    move || {
        is_there.get().then(|| {
            view! {
                <Popover
                    id=id()
                    class="icon-button"
                    label=Signal::derive(move || host::MENU_OF.with(&[&name()]))
                    glyph=Glyph::More
                    box_class="choices"
                >
                    <For each=move || actions.get() key=|action| *action let:action>
                        <button
                            class="menu-item"
                            type="button"
                            class:menu-item-danger=matches!(action, PersonAction::Remove | PersonAction::Block)
                            popovertarget=id()
                            popovertargetaction="hide"
                            on:click=move |_| act(session, &tile.get_untracked(), action)
                        >
                            {host::action(action)}
                        </button>
                    </For>
                </Popover>
            }
        })
    }
}

/// Does it, after a question where it cannot be taken back.
fn act(session: Session, person: &TileView, action: PersonAction) {
    let key = person.key.clone();
    if !action.is_grave() {
        return session.act_on_person(&key, action);
    }
    let (heading, means) = host::question(action);
    use_confirm().ask(Question {
        heading: heading.with(&[&person.name]),
        means,
        yes: host::action(action),
        option: None,
        run: Callback::new(move |_| session.act_on_person(&key, action)),
    });
}
