//! Raising a hand and reacting: the buttons, and what everyone sees of it.

use leptos::prelude::*;
use shared::signaling::Reaction;

use crate::{
    components::{
        icon::{Glyph, Icon},
        menu::{Fold, MORE_ID, MenuItem},
        popover::Popover,
        rows::Rows,
        shortcuts::bind,
    },
    meeting::{hands::ReactionView, view::TileView},
    session::Session,
    text::chat as text,
};

/// The id of the palette.
const PALETTE_ID: &str = "reactions";

/// Most reactions that float over the stage at once.
const MAX_FLOATING: usize = 5;

/// Raises one's hand, or lowers it.
#[component]
pub fn HandToggle(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    let is_up = hand_is_up(session);
    let press = move || session.set_hand(!is_up.get_untracked());
    bind("H", text::RAISE_HAND, Callback::new(move |()| press()));
    view! {
        <button
            class="toggle toggle-quiet fold"
            type="button"
            title=text::RAISE_HAND
            aria-label=text::RAISE_HAND
            aria-pressed=move || if is_up.get() { "true" } else { "false" }
            on:click=move |_| press()
        >
            <Icon of=Glyph::Hand/>
        </button>
    }
}

/// The same in the menu, where the bar has no room for it.
#[component]
pub fn HandEntry(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    let is_up = hand_is_up(session);
    view! {
        <MenuItem
            label=text::RAISE_HAND
            glyph=Glyph::Hand
            fold=Fold::Narrow
            pressed=is_up
            press=Callback::new(move |()| session.set_hand(!is_up.get_untracked()))
        />
    }
}

/// Whether one's own hand is up.
fn hand_is_up(session: Session) -> Memo<bool> {
    let view = session.view();
    Memo::new(move |_| {
        view.with(|view| view.tiles.first().is_some_and(|me| me.is_me() && me.hand.is_some()))
    })
}

/// The choice of reactions.
#[component]
pub fn ReactionPalette(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    view! {
        <Popover
            id=PALETTE_ID
            class="toggle toggle-quiet fold"
            label=Signal::derive(|| text::REACT.to_string())
            glyph=Glyph::Smile
            box_class="palette"
        >
            <Reactions session=session within=PALETTE_ID/>
        </Popover>
    }
}

/// The same in the menu, where the bar has no room for it.
#[component]
pub fn ReactionEntries(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    view! {
        <div class="menu-reactions" role="group" aria-label=text::REACT>
            <Reactions session=session within=MORE_ID/>
        </div>
    }
}

/// A button for each reaction, in a box that it closes.
#[component]
fn Reactions(session: Session, within: &'static str) -> impl IntoView {
    let item = move |reaction: Reaction| {
        view! {
            <button
                class="palette-item"
                type="button"
                title=text::reaction(reaction)
                aria-label=text::reaction(reaction)
                popovertarget=within
                popovertargetaction="hide"
                on:click=move |_| session.react(reaction)
            >
                {reaction.emoji()}
            </button>
        }
    };
    Reaction::ALL.map(item).collect_view()
}

/// What a tile shows of its person's hand and reaction.
#[component]
pub fn TileMarks(
    /// The person.
    tile: Memo<TileView>,
) -> impl IntoView {
    let hand = move || {
        tile.with(|tile| tile.hand).map(|place| {
            view! {
                <p class="tile-hand" aria-hidden="true">
                    <Icon of=Glyph::Hand/>
                    {place}
                </p>
            }
        })
    };
    let reaction = Memo::new(move |_| tile.with(|tile| tile.reaction));
    let reaction = move || {
        let emoji = reaction.get()?.emoji();
        Some(view! { <p class="tile-reaction" aria-hidden="true">{emoji}</p> })
    };
    view! { {hand} {reaction} }
}

/// The reactions of the last seconds over the stage, with the names of those who may be on another
/// page of it.
#[component]
pub fn FloatingReactions(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    let view = session.view();
    let shown = Memo::new(move |_| {
        view.with(|view| {
            let reactions = &view.company.reactions;
            reactions[reactions.len().saturating_sub(MAX_FLOATING)..].to_vec()
        })
    });
    view! {
        <ul class="floating-reactions" aria-hidden="true">
            <Rows each=move || shown.get() key=|shown| shown.number let:shown>
                <Floating shown=shown/>
            </Rows>
        </ul>
    }
}

#[component]
fn Floating(shown: ReactionView) -> impl IntoView {
    let ReactionView { name, reaction, .. } = shown;
    view! {
        <li class="floating-reaction">
            <span class="floating-emoji">{reaction.emoji()}</span>
            <span class="floating-name" dir="auto">{name}</span>
        </li>
    }
}
