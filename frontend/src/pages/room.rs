//! The meeting itself. Only the browser can show it, so it is no part of what the server renders,
//! and has a module of WebAssembly of its own: see [`crate::pages::entrance`].

use leptos::{either::Either, prelude::*};
use leptos_meta::provide_meta_context;
use shared::{error::ErrorCode, ids::RoomId, media::Source};

use crate::{
    app::{CONTENT_ID, focus_heading},
    arrival::{self, Arrival},
    browser::{
        devices::{self, LocalMedia},
        page,
        recent::{self, RecentRoom},
        storage,
    },
    components::{
        announcer::Announcer,
        awake::keep_awake,
        banner::Banner,
        floating::FloatingPicture,
        icon::{Glyph, Icon},
        menu::More,
        outcome::{Again, Outcome, OutcomePage},
        room_menu::RoomMenu,
        sharing::SharingCard,
        shell::Connecting,
        shortcuts::{ShortcutSheet, bind, provide_shortcuts},
        sidebar::{SIDEBAR_ID, SIDEBAR_TOGGLE_ID, Sidebar},
        stage::Stage,
        staging::Staging,
        toggle::Toggle,
    },
    links,
    meeting::{
        notice::EndReason,
        view::{DeviceState, MeetingView, Phase},
    },
    session::Session,
    text::{notice, outcome, room as text, stage},
};

/// The whole meeting for whoever stands at the door of `room`: lets in whoever comes from the page
/// before the meeting or comes back, and sends everyone else to that page.
#[component]
pub fn MeetingPage(
    /// The room that the address names.
    room: RoomId,
    /// Who comes from the page before the meeting; none for someone who may come back.
    arrival: Option<Arrival>,
) -> impl IntoView {
    provide_meta_context();
    match enter(&room, arrival) {
        Some(session) => Either::Left(view! { <Meeting room=room session=session/> }),
        None => {
            page::go_to_instead(&links::join_path(&room));
            Either::Right(view! { <Connecting/> })
        }
    }
}

fn enter(room: &RoomId, arrival: Option<Arrival>) -> Option<Session> {
    if let Some(Arrival { intent, media }) = arrival {
        return Some(Session::start(intent, media));
    }
    let session = Session::start(arrival::come_back(room)?, LocalMedia::new());
    let were_on = storage::devices(room);
    session.set_microphone(were_on.contains(&Source::Microphone));
    session.set_camera(were_on.contains(&Source::Camera));
    Some(session)
}

/// What of one's own is on, or about to be.
fn devices_on(view: &MeetingView) -> Vec<Source> {
    let microphone = (view.microphone != DeviceState::Off).then_some(Source::Microphone);
    let camera = (view.camera != DeviceState::Off).then_some(Source::Camera);
    microphone.into_iter().chain(camera).collect()
}

/// Which page a meeting shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Screen {
    Connecting,
    Inside,
    Ended(EndReason),
}

impl Screen {
    const fn of(view: &MeetingView) -> Self {
        match view.phase {
            Phase::Ended(reason) => Self::Ended(reason),
            Phase::InMeeting | Phase::Reconnecting { .. } => Self::Inside,
            Phase::Connecting => Self::Connecting,
        }
    }
}

#[component]
fn Meeting(room: RoomId, session: Session) -> impl IntoView {
    let view = session.view();
    let screen = Memo::new(move |_| view.with(Screen::of));
    Effect::new(move |former: Option<Screen>| {
        let screen = screen.get();
        if former.is_some_and(|former| former != screen) {
            request_animation_frame(focus_heading);
        }
        screen
    });
    remember_room(&room, session);
    let on = Memo::new(move |_| view.with(devices_on));
    Effect::new({
        let room = room.clone();
        move |_| {
            // Before one is in, nothing is on yet, whatever was.
            if screen.get() == Screen::Inside {
                storage::save_devices(&room, &on.read());
            }
        }
    });
    move || match screen.get() {
        Screen::Connecting => view! { <Connecting/> }.into_any(),
        Screen::Inside => view! { <Inside session=session/> }.into_any(),
        Screen::Ended(reason) => view! { <Ended room=room.clone() reason=reason/> }.into_any(),
    }
}

/// Once one is in, the landing page knows the room.
fn remember_room(room: &RoomId, session: Session) {
    let (room_id, view) = (room.clone(), session.view());
    let host =
        Memo::new(move |_| view.with(|view| view.room.as_ref().map(|room| room.host_name.clone())));
    Effect::new(move |_| {
        if let Some(host_name) = host.get() {
            let token = storage::token(&room_id);
            recent::remember(RecentRoom { room_id: room_id.clone(), host_name, token });
        }
    });
}

/// Why it is over, and the way back where there is one.
#[component]
fn Ended(room: RoomId, reason: EndReason) -> impl IntoView {
    let rejoin = Callback::new(move |()| page::go_to(&links::join_path(&room)));
    let again = reason.may_rejoin().then_some(Again { label: outcome::REJOIN, run: rejoin });
    let (heading, detail) = match reason {
        EndReason::Left => (outcome::LEFT, outcome::LEFT_DETAIL),
        EndReason::Kicked | EndReason::Unreachable | EndReason::Refused(ErrorCode::Replaced) => {
            (outcome::ENDED, notice::end(reason))
        }
        EndReason::Refused(_) => (outcome::NO_ENTRY, notice::end(reason)),
    };
    view! {
        <OutcomePage outcome=Outcome {
            glyph: Glyph::Door,
            heading,
            detail,
            code: reason.code(),
            again,
        }/>
    }
}

/// From this width on, in CSS pixels, the side panel has a place of its own and starts open; the
/// style has the same number.
const SIDEBAR_FITS: f64 = 960.0;

/// The meeting while one is in it.
#[component]
fn Inside(session: Session) -> impl IntoView {
    let width = window().inner_width().ok().and_then(|width| width.as_f64());
    let panel = RwSignal::new(width.is_some_and(|width| width >= SIDEBAR_FITS));
    let view = session.view();
    let phase = move || {
        view.with(|view| match view.phase {
            Phase::InMeeting => "in-meeting",
            Phase::Reconnecting { .. } => "reconnecting",
            Phase::Connecting => "connecting",
            Phase::Ended(_) => "ended",
        })
    };
    let sheet = RwSignal::new(false);
    Staging::provide();
    provide_shortcuts();
    keep_awake();
    view! {
        <div class="room" data-phase=phase>
            <main id=CONTENT_ID class="room-main" tabindex="-1">
                <h1 class="visually-hidden">{text::HEADING}</h1>
                <Banner session=session/>
                <SharingCard session=session/>
                <Stage session=session/>
                <Alone session=session/>
            </main>
            <Sidebar session=session open=panel/>
            <Controls session=session panel=panel sheet=sheet/>
            <Announcer session=session/>
            <FloatingPicture session=session/>
            <ShortcutSheet open=sheet/>
        </div>
    }
}

/// Says what to do when nobody else is there.
#[component]
fn Alone(session: Session) -> impl IntoView {
    let view = session.view();
    let alone = Memo::new(move |_| view.with(|view| view.tiles.len() <= 1));
    view! {
        <p class="alone" hidden=move || !alone.get()>
            {text::ALONE}
        </p>
    }
}

/// The bar of buttons.
#[component]
fn Controls(session: Session, panel: RwSignal<bool>, sheet: RwSignal<bool>) -> impl IntoView {
    let toggle_panel = move || panel.update(|open| *open = !*open);
    bind("P", stage::TOGGLE_PEOPLE, Callback::new(move |()| toggle_panel()));
    view! {
        <div class="controls" role="group" aria-label=text::CONTROLS>
            <DeviceToggle session=session source=Source::Microphone/>
            <DeviceToggle session=session source=Source::Camera/>
            {devices::can_share_screen().then(|| view! { <ShareToggle session=session/> })}
            <button
                id=SIDEBAR_TOGGLE_ID
                class="toggle toggle-quiet"
                type="button"
                title=text::PEOPLE
                aria-label=text::PEOPLE
                aria-expanded=move || if panel.get() { "true" } else { "false" }
                aria-controls=SIDEBAR_ID
                on:click=move |_| toggle_panel()
            >
                <Icon of=Glyph::People/>
            </button>
            <More>
                <RoomMenu session=session sheet=sheet/>
            </More>
            <button
                class="button button-danger leave"
                type="button"
                title=text::LEAVE
                on:click=move |_| session.leave()
            >
                <Icon of=Glyph::Leave/>
                <span>{text::LEAVE}</span>
            </button>
        </div>
    }
}

#[component]
fn DeviceToggle(session: Session, source: Source) -> impl IntoView {
    let view = session.view();
    let is_camera = source == Source::Camera;
    let state =
        Memo::new(move |_| view.with(|view| if is_camera { view.camera } else { view.microphone }));
    let press = move |()| {
        let on = state.get_untracked() == DeviceState::Off;
        if is_camera { session.set_camera(on) } else { session.set_microphone(on) }
    };
    let (key, what) =
        if is_camera { ("V", stage::TOGGLE_CAMERA) } else { ("M", stage::TOGGLE_MICROPHONE) };
    bind(key, what, Callback::new(press));
    view! {
        <Toggle
            label=if is_camera { text::CAMERA } else { text::MICROPHONE }
            on=Signal::derive(move || state.get() == DeviceState::On)
            busy=Signal::derive(move || state.get() == DeviceState::Opening)
            glyph=if is_camera { Glyph::camera } else { Glyph::microphone }
            press=Callback::new(press)
        />
    }
}

#[component]
fn ShareToggle(session: Session) -> impl IntoView {
    let view = session.view();
    let state = Memo::new(move |_| view.with(|view| view.screen));
    let press = move |()| session.set_screen(state.get_untracked() == DeviceState::Off);
    bind("S", stage::TOGGLE_SHARE, Callback::new(press));
    view! {
        <Toggle
            label=text::SHARE
            on=Signal::derive(move || state.get() == DeviceState::On)
            busy=Signal::derive(move || state.get() == DeviceState::Opening)
            glyph=Glyph::share
            press=Callback::new(press)
            quiet=true
        />
    }
}
