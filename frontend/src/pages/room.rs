//! The meeting itself. Only the browser can show it, so it is no part of what the server renders,
//! and has a module of WebAssembly of its own: see [`crate::pages::entrance`].

use leptos::{either::Either, prelude::*};
use shared::{error::ErrorCode, ids::RoomId, media::Source, signaling::Role};

use crate::{
    app::{CONTENT_ID, focus_heading},
    arrival::{self, Arrival},
    browser::{
        clock,
        devices::{self, LocalMedia},
        invite, page,
        recent::{self, Fault, RecentRoom},
        storage,
    },
    components::{
        announcer::Announcer,
        awake::keep_awake,
        banner::Banner,
        confirm::{Confirm, provide_confirm},
        floating::FloatingPicture,
        hands::{FloatingReactions, HandToggle, ReactionPalette},
        holding::Holding,
        hosted::{Doorbell, HostedNotice},
        icon::{Glyph, Icon},
        inspector::{DiagnosticsLink, Inspector},
        leave::Leave,
        menu::More,
        outcome::{Again, Outcome, OutcomePage},
        room_menu::RoomMenu,
        settings::{Settings, SettingsOpen},
        sharing::SharingCard,
        shell::Connecting,
        shortcuts::{ShortcutSheet, bind, provide_shortcuts},
        sidebar::{Panel, SIDEBAR_ID, Sidebar, Tab},
        stage::Stage,
        staging::Staging,
        toggle::Toggle,
        waiting::WaitingPage,
    },
    links,
    meeting::{
        notice::{EndReason, WayBack},
        view::{DeviceState, MeetingView, Phase},
    },
    session::Session,
    text::{Text, chat, host, notice, outcome, room as text, stage},
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
    Waiting,
    Inside,
    Ended(EndReason),
}

impl Screen {
    const fn of(view: &MeetingView) -> Self {
        match view.phase {
            Phase::Ended(reason) => Self::Ended(reason),
            Phase::InMeeting | Phase::Reconnecting { .. } => Self::Inside,
            Phase::Waiting { .. } => Self::Waiting,
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
        Screen::Waiting => view! { <WaitingPage session=session/> }.into_any(),
        Screen::Inside => view! { <Inside session=session/> }.into_any(),
        Screen::Ended(reason) => {
            view! { <Ended room=room.clone() reason=reason session=session/> }.into_any()
        }
    }
}

/// Once one is in, the landing page knows the room, and by what one gets in: with one's role comes the
/// invite of that role, which is stored before the role is shown.
fn remember_room(room: &RoomId, session: Session) {
    let (room_id, view) = (room.clone(), session.view());
    let entered = Memo::new(move |_| {
        view.with(|view| Some((view.room.as_ref()?.host_name.clone(), view.role)))
    });
    Effect::new(move |_| {
        if let Some((host_name, role)) = entered.get() {
            let (token, is_host) = (storage::token(&room_id), role == Some(Role::Host));
            recent::remember(RecentRoom { room_id: room_id.clone(), host_name, token, is_host });
        }
    });
}

/// Why it is over, and the way back where there is one.
#[component]
fn Ended(room: RoomId, reason: EndReason, session: Session) -> impl IntoView {
    let refused = session.view().with_untracked(|view| view.refused_invite.clone());
    let (heading, detail) = told(reason, refused.as_deref());
    let is_invite = refused.is_some();
    let run = Callback::new(move |()| {
        if let Some(token) = &refused {
            forget_invite(&room, token);
        }
        // This loads the page anew, too.
        page::go_to(&links::join_path(&room));
    });
    let way_back = reason.way_back().map(|way| match way {
        // What was refused was the ticket: there is an invite to show yet.
        WayBack::Knock if !is_invite => WayBack::Rejoin,
        way => way,
    });
    let again = way_back.map(|way| Again { label: outcome::way_back(way), run });
    view! {
        <OutcomePage outcome=Outcome {
            glyph: Glyph::Door,
            heading,
            detail,
            code: reason.code(),
            again,
        }>
            <DiagnosticsLink session=session/>
        </OutcomePage>
    }
}

/// The heading of an end, and its sentence.
fn told(reason: EndReason, refused_invite: Option<&str>) -> (Text, String) {
    let heading = match reason {
        EndReason::Left => return (outcome::LEFT, outcome::LEFT_DETAIL.to_string()),
        EndReason::Kicked | EndReason::Unreachable | EndReason::Refused(ErrorCode::Replaced) => {
            outcome::ENDED
        }
        EndReason::Refused(ErrorCode::MeetingEnded) => host::OVER,
        EndReason::Refused(_) => outcome::NO_ENTRY,
    };
    let expired = reason == EndReason::Refused(ErrorCode::InviteExpired);
    let expired_at = refused_invite.filter(|_| expired).and_then(invite::end_of);
    let detail = match expired_at {
        Some(time) => notice::EXPIRED_ON.with(&[&clock::date_and_time(time)]),
        None => notice::end(reason).to_string(),
    };
    (heading, detail)
}

/// Forgets an invite that was refused: it would be shown again, and whoever shows one does not knock.
/// One that was stored in its place meanwhile stays.
fn forget_invite(room: &RoomId, token: &str) {
    if storage::token(room).is_some_and(|stored| stored == token) {
        storage::forget_token(room);
    }
    recent::correct_token(token, Fault::Void);
}

/// From this width on, in CSS pixels, the side panel has a place of its own and starts open; the
/// style has the same number.
const SIDEBAR_FITS: f64 = 960.0;

/// The meeting while one is in it.
#[component]
fn Inside(session: Session) -> impl IntoView {
    let width = window().inner_width().ok().and_then(|width| width.as_f64());
    let view = session.view();
    // Who has just opened the room wants to bring others in first.
    let is_first =
        view.with_untracked(|view| view.role == Some(Role::Host) && view.tiles.len() == 1);
    let tab = if is_first { Tab::Invite } else { Tab::People };
    let panel = Panel::new(width.is_some_and(|width| width >= SIDEBAR_FITS), tab);
    provide_confirm();
    let phase = move || {
        view.with(|view| match view.phase {
            Phase::InMeeting => "in-meeting",
            Phase::Reconnecting { .. } => "reconnecting",
            Phase::Connecting | Phase::Waiting { .. } => "connecting",
            Phase::Ended(_) => "ended",
        })
    };
    let (sheet, inspector) = (RwSignal::new(false), RwSignal::new(false));
    let settings = SettingsOpen::provide();
    Staging::provide();
    provide_shortcuts();
    keep_awake();
    view! {
        <div class="room" data-phase=phase>
            <main id=CONTENT_ID class="room-main" tabindex="-1">
                <h1 class="visually-hidden">{text::HEADING}</h1>
                <Banner session=session/>
                <SharingCard session=session/>
                <HostedNotice session=session/>
                <Doorbell session=session panel=panel/>
                <Stage session=session/>
                <FloatingReactions session=session/>
                <Alone session=session/>
                <Holding session=session/>
            </main>
            <Sidebar session=session panel=panel/>
            <Controls session=session panel=panel sheets=(sheet, inspector)/>
            <Announcer session=session/>
            <FloatingPicture session=session/>
            <ShortcutSheet open=sheet/>
            <Inspector session=session open=inspector/>
            <Confirm/>
            <Settings session=session open=settings/>
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
fn Controls(
    session: Session,
    panel: Panel,
    /// Of keys, and of the connection.
    sheets: (RwSignal<bool>, RwSignal<bool>),
) -> impl IntoView {
    bind("P", stage::TOGGLE_PEOPLE, Callback::new(move |()| panel.toggle(Tab::People)));
    bind("C", chat::CHAT, Callback::new(move |()| panel.toggle(Tab::Chat)));
    view! {
        <div class="controls" role="region" aria-label=text::CONTROLS>
            <DeviceToggle session=session source=Source::Microphone/>
            <DeviceToggle session=session source=Source::Camera/>
            {devices::can_share_screen().then(|| view! { <ShareToggle session=session/> })}
            <HandToggle session=session/>
            <ReactionPalette session=session/>
            <PanelToggle session=session panel=panel tab=Tab::Chat glyph=Glyph::Chat/>
            <PanelToggle session=session panel=panel tab=Tab::People glyph=Glyph::People/>
            <More>
                <RoomMenu session=session sheets=sheets/>
            </More>
            <Leave session=session/>
        </div>
    }
}

/// Shows a tab of the side panel, with how much there is to see in it.
#[component]
fn PanelToggle(session: Session, panel: Panel, tab: Tab, glyph: Glyph) -> impl IntoView {
    let view = session.view();
    let name = if tab == Tab::Chat { chat::CHAT } else { text::PEOPLE };
    let waiting = Memo::new(move |_| {
        view.with(|view| match tab {
            Tab::Chat => view.company.chat.unread,
            Tab::People | Tab::Invite => view.company.knocks.len(),
        })
    });
    let label = move || match waiting.get() {
        0 => name.to_string(),
        count if tab == Tab::Chat => {
            format!("{name}, {}", chat::UNREAD.with(&[&count.to_string()]))
        }
        count => format!("{name}, {}", host::knocks_waiting(count)),
    };
    view! {
        <button
            id=tab.toggle_id()
            class="toggle toggle-quiet"
            type="button"
            title=name
            aria-label=label
            aria-expanded=move || if panel.shows(tab) { "true" } else { "false" }
            aria-controls=SIDEBAR_ID
            on:click=move |_| panel.toggle(tab)
        >
            <Icon of=glyph/>
            <span class="badge" aria-hidden="true" hidden=move || waiting.get() == 0>
                {move || waiting.get().min(99)}
            </span>
        </button>
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
