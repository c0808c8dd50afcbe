//! Who is in the meeting, who waits at the door, and what hosts do to all.

use leptos::prelude::*;
use shared::signaling::{Knock, Right, Role};
use web_sys::Element;

use super::person::Person;
use crate::{
    components::{
        focus::keep_focus,
        icon::{Glyph, Icon},
        rows::Rows,
        stage::watch_tile,
    },
    meeting::{
        rights::RoomAction,
        view::{MeetingView, TileView},
    },
    session::Session,
    text::{Text, host, room},
};

/// Whether one has a right.
pub(super) fn may(session: Session, right: Right) -> Memo<bool> {
    let view = session.view();
    Memo::new(move |_| view.with(|view| view.role.is_some_and(|role| role.may(right))))
}

/// The tab.
#[component]
pub(super) fn People(session: Session) -> impl IntoView {
    view! {
        <div class="panel-scroll">
            <Knocks session=session/>
            <Roster session=session/>
        </div>
        <RoomActions session=session/>
    }
}

/// Who waits to be let in.
#[component]
fn Knocks(session: Session) -> impl IntoView {
    let view = session.view();
    let knocks = Memo::new(move |_| view.with(|view| view.company.knocks.clone()));
    let hold = keep_focus(move || knocks.track(), after_answer);
    let admit_all = move |_| {
        for knock in knocks.get_untracked() {
            session.act_on_room(RoomAction::Admit(knock.knock_id));
        }
    };
    view! {
        <section
            class="knocks"
            aria-labelledby="knocks-heading"
            hidden=move || knocks.with(Vec::is_empty)
            on:focusin=hold
        >
            <header>
                <h2 id="knocks-heading">{host::WAITING}</h2>
                <button
                    class="button button-small"
                    type="button"
                    hidden=move || knocks.with(Vec::len) < 2
                    on:click=admit_all
                >
                    {host::ADMIT_ALL}
                </button>
            </header>
            <ul>
                <Rows each=move || knocks.get() key=|knock| knock.knock_id let:knock>
                    <li class="knock">
                        <span class="knock-name" dir="auto">{knock.display_name.clone()}</span>
                        <AnswerKnock session=session knock=knock/>
                    </li>
                </Rows>
            </ul>
        </section>
    }
}

/// What takes the focus after an answer to a knock: the same answer to the next one. Whoever refused
/// one must not let in another by the same key.
fn after_answer(held: &Element) -> &'static [&'static str] {
    match held.get_attribute("data-answer").as_deref() {
        Some("refuse") => &[".knock [data-answer='refuse']", "#tab-people"],
        // Also after “Admit all”, which goes when one is left.
        _ => &[".knock [data-answer='admit']", "#tab-people"],
    }
}

/// The two answers to a knock, which `data-answer` tells apart.
#[component]
pub fn AnswerKnock(
    /// The meeting.
    session: Session,
    /// Who knocks.
    knock: Knock,
) -> impl IntoView {
    let Knock { knock_id, display_name } = knock;
    view! {
        <button
            class="button button-small button-primary"
            type="button"
            data-answer="admit"
            aria-label=host::ADMIT_WHOM.with(&[&display_name])
            on:click=move |_| session.act_on_room(RoomAction::Admit(knock_id))
        >
            {host::ADMIT}
        </button>
        <button
            class="button button-small"
            type="button"
            data-answer="refuse"
            aria-label=host::REFUSE_WHOM.with(&[&display_name])
            on:click=move |_| session.act_on_room(RoomAction::Refuse(knock_id))
        >
            {host::REFUSE}
        </button>
    }
}

/// Everyone in the meeting: oneself, then raised hands in their order, then the others.
#[component]
fn Roster(session: Session) -> impl IntoView {
    let view = session.view();
    let tiles = Memo::new(move |_| view.with(in_order));
    view! {
        <section class="roster" aria-labelledby="roster-heading">
            <h2 id="roster-heading" class="visually-hidden">
                {room::PEOPLE}
            </h2>
            <ul>
                <Rows each=move || tiles.get() key=|tile| tile.key.clone() let:tile>
                    <Person session=session tile=watch_tile(session, tile)/>
                </Rows>
            </ul>
        </section>
    }
}

fn in_order(view: &MeetingView) -> Vec<TileView> {
    let mut tiles = view.tiles.clone();
    // The sort is stable, so who has no hand up stays in order of arrival.
    tiles.sort_by_key(|tile| (!tile.is_me(), tile.hand.unwrap_or(usize::MAX)));
    tiles
}

/// What hosts do to all at once.
#[component]
fn RoomActions(session: Session) -> impl IntoView {
    let view = session.view();
    let is_host = may(session, Right::Lock);
    let of_room = move |what: fn(&shared::signaling::RoomInfo) -> bool| {
        Signal::derive(move || view.with(|view| view.room.as_ref().is_some_and(what)))
    };
    let others_can_be_heard = Memo::new(move |_| {
        let is_heard =
            |tile: &TileView| !tile.is_me() && tile.role == Role::Guest && tile.has_audio;
        view.with(|view| view.tiles.iter().any(is_heard))
    });
    view! {
        <section class="room-actions" hidden=move || !is_host.get()>
            <Switch
                label=host::LOBBY
                means=host::LOBBY_MEANS
                on=of_room(|room| room.lobby)
                set=Callback::new(move |on| session.act_on_room(RoomAction::SetLobby(on)))
            />
            <Switch
                label=host::LOCK
                means=host::LOCK_MEANS
                on=of_room(|room| room.locked)
                set=Callback::new(move |on| session.act_on_room(RoomAction::SetLocked(on)))
            />
            <button
                class="button button-small"
                type="button"
                disabled=move || !others_can_be_heard.get()
                on:click=move |_| session.act_on_room(RoomAction::MuteAll)
            >
                <Icon of=Glyph::MicrophoneOff/>
                {host::MUTE_ALL}
            </button>
        </section>
    }
}

#[component]
fn Switch(label: Text, means: Text, on: Signal<bool>, set: Callback<bool>) -> impl IntoView {
    view! {
        <button
            class="switch"
            type="button"
            role="switch"
            aria-checked=move || if on.get() { "true" } else { "false" }
            on:click=move |_| set.run(!on.get_untracked())
        >
            <span class="switch-label">
                {label} <small>{means}</small>
            </span>
            <span class="switch-track" aria-hidden="true"></span>
        </button>
    }
}
