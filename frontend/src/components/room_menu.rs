//! What the menu of a meeting has, and the keys that do the same.

use leptos::{ev, prelude::*};

use crate::{
    browser::{devices::can_share_screen, display},
    components::{
        floating::{Floating, is_worth_floating, toggle_floating},
        hands::{HandEntry, ReactionEntries},
        icon::Glyph,
        menu::{Fold, MenuGroup, MenuItem},
        settings::SettingsOpen,
        shortcuts::bind,
        staging::use_staging,
    },
    meeting::{layout::cast::ViewMode, view::DeviceState},
    session::Session,
    text::{Text, devices, quality, room, stage as text},
};

/// The entries of the menu, group by group.
#[component]
pub fn RoomMenu(
    /// The meeting.
    session: Session,
    /// Show the sheet of keys, and that of the connection.
    sheets: (RwSignal<bool>, RwSignal<bool>),
) -> impl IntoView {
    view! {
        <MenuGroup>
            <ReactionEntries session=session/>
            <HandEntry session=session/>
            {can_share_screen().then(|| view! { <ShareEntry session=session/> })}
        </MenuGroup>
        <ViewEntries/>
        <ScreenEntries session=session/>
        <MenuGroup>
            {use_context::<SettingsOpen>()
                .map(|settings| {
                    view! {
                        <MenuItem
                            label=devices::SETTINGS
                            glyph=Glyph::Sliders
                            press=Callback::new(move |()| settings.open())
                        />
                    }
                })}
            <MenuItem
                label=quality::CONNECTION
                glyph=Glyph::Signal
                press=Callback::new(move |()| sheets.1.set(true))
            />
            <MenuItem
                label=text::SHORTCUTS
                glyph=Glyph::Keyboard
                press=Callback::new(move |()| sheets.0.set(true))
            />
        </MenuGroup>
    }
}

/// Shares the screen, where the bar has no room for it.
#[component]
fn ShareEntry(session: Session) -> impl IntoView {
    let view = session.view();
    let state = Memo::new(move |_| view.with(|view| view.screen));
    view! {
        <MenuItem
            label=room::SHARE
            glyph=Glyph::Share
            fold=Fold::Narrow
            pressed=Signal::derive(move || state.get() == DeviceState::On)
            press=Callback::new(move |()| {
                session.set_screen(state.get_untracked() == DeviceState::Off);
            })
        />
    }
}

/// How to see the others.
#[component]
fn ViewEntries() -> impl IntoView {
    let staging = use_staging();
    let mode = Memo::new(move |_| staging.wishes.with(|wishes| wishes.mode));
    let hides_self = Memo::new(move |_| staging.wishes.with(|wishes| wishes.hides_self));
    let switch = move |()| staging.set_mode(mode.get_untracked().other());
    bind("G", text::SWITCH_VIEW, Callback::new(switch));
    let entry = move |label: Text, glyph: Glyph, own: ViewMode| {
        view! {
            <MenuItem
                label=label
                glyph=glyph
                pressed=Signal::derive(move || mode.get() == own)
                press=Callback::new(move |()| staging.set_mode(own))
            />
        }
    };
    let turn = move |()| staging.wishes.update(|wishes| wishes.hides_self = !wishes.hides_self);
    view! {
        <MenuGroup>
            {entry(text::GRID_VIEW, Glyph::Grid, ViewMode::Grid)}
            {entry(text::SPEAKER_VIEW, Glyph::Speaker, ViewMode::Speaker)}
            <MenuItem
                label=Signal::derive(move || {
                    if hides_self.get() { text::SHOW_SELF.get() } else { text::HIDE_SELF.get() }
                })
                glyph=Signal::derive(move || {
                    if hides_self.get() { Glyph::Eye } else { Glyph::Hidden }
                })
                press=Callback::new(turn)
            />
        </MenuGroup>
    }
}

/// What the browser can do with the screen, as far as it can.
#[component]
fn ScreenEntries(session: Session) -> impl IntoView {
    view! {
        <MenuGroup>
            {display::can_fill_screen().then(|| view! { <FullScreenEntry/> })}
            {display::can_float().then(|| view! { <FloatingEntry session=session/> })}
        </MenuGroup>
    }
}

#[component]
fn FullScreenEntry() -> impl IntoView {
    let fills = RwSignal::new(display::fills_screen());
    let changed = window_event_listener(ev::fullscreenchange, move |_| {
        fills.set(display::fills_screen());
    });
    on_cleanup(move || changed.remove());
    let press = Callback::new(|()| display::fill_screen(!display::fills_screen()));
    bind("F", text::FULL_SCREEN, press);
    view! {
        <MenuItem
            label=Signal::derive(move || {
                if fills.get() { text::LEAVE_FULL_SCREEN.get() } else { text::FULL_SCREEN.get() }
            })
            glyph=Glyph::FullScreen
            press=press
        />
    }
}

#[component]
fn FloatingEntry(session: Session) -> impl IntoView {
    let staging = use_staging();
    let view = session.view();
    let is_worth_it = Memo::new(move |_| view.with(is_worth_floating));
    view! {
        <MenuItem
            label=text::FLOATING
            glyph=Glyph::Floating
            pressed=Signal::derive(move || staging.floating.get() != Floating::Off)
            press=Callback::new(move |()| {
                if is_worth_it.get_untracked() {
                    toggle_floating(staging);
                }
            })
        />
    }
}
