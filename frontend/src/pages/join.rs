//! `/join`: the page before a meeting. It looks the room up before it asks for devices.

use std::time::Duration;

use leptos::{ev::SubmitEvent, html::Input, prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate, use_query_map},
    location::Location,
};
use shared::{error::ErrorCode, ids::RoomId, rest::RoomResponse};

use crate::{
    api::{self, ApiError},
    app::focus_heading,
    arrival::{self, Arrival},
    browser::{module, storage},
    components::{
        devices::{Devices, Rig, Way},
        field::{NameField, read_name},
        icon::{Glyph, Icon},
        join_box::JoinBox,
        outcome::{Again, Outcome, OutcomePage},
        pickers::Pickers,
        preview::Preview,
        shell::{ErrorNote, Shell},
        verdict::ConnectionVerdict,
    },
    links::{self, Destination},
    session::JoinIntent,
    text::{devices as devices_text, error, join, outcome},
};

/// Joins the room that the address names, or asks for one.
#[component]
pub fn JoinPage() -> impl IntoView {
    let query = use_query_map();
    // The box of a page without scripts puts a whole link into `room`.
    let room = Memo::new(move |_| Some(Destination::parse(&query.read().get("room")?)?.room));
    view! {
        <Title text=join::TITLE.get()/>
        {move || match room.get() {
            Some(room) => view! { <Door room=room/> }.into_any(),
            None => view! { <WhichMeeting/> }.into_any(),
        }}
    }
}

/// Asks for the meeting, when the address names none.
#[component]
fn WhichMeeting() -> impl IntoView {
    view! {
        <Shell>
            <div class="card which-meeting">
                <h1>{join::WHICH_HEADING}</h1>
                <p>{join::WHICH}</p>
                <JoinBox/>
            </div>
        </Shell>
    }
}

/// What is known of the room.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Lookup {
    Looking,
    Found(RoomResponse),
    Failed(ApiError),
}

/// The door of one room: who is inside, one's name, one's devices.
#[component]
fn Door(room: RoomId) -> impl IntoView {
    keep_invite(room.clone());
    let lookup = RwSignal::new(Lookup::Looking);
    let devices = Devices::new();
    let look = {
        let room = room.clone();
        move || look_up(room.clone(), lookup, devices)
    };
    Effect::new({
        let look = look.clone();
        move |_| look()
    });
    let again = Callback::new(move |()| {
        lookup.set(Lookup::Looking);
        look();
    });
    let failure = Memo::new(move |_| match lookup.get() {
        Lookup::Failed(error) => Some(error),
        Lookup::Looking | Lookup::Found(_) => None,
    });
    Effect::new(move |_| {
        if failure.get().is_some() {
            request_animation_frame(focus_heading);
        }
    });
    move || match failure.get() {
        Some(error) => view! { <NoEntry error=error again=again/> }.into_any(),
        None => view! { <Foyer room=room.clone() lookup=lookup devices=devices/> }.into_any(),
    }
}

/// Who is in the room, as far as one may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Insiders {
    Named(Vec<String>),
    Counted(usize),
}

/// How often one who waits at the door is told anew who is inside.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Who is in the room: by name for whoever has an invite, which the names are kept for, until that
/// was refused.
async fn insiders(room: &RoomId, refused: StoredValue<bool>) -> Result<Insiders, ApiError> {
    let was_refused = refused.try_get_value().unwrap_or(true);
    if let Some(token) = storage::token(room).filter(|_| !was_refused) {
        match api::participants(room, &token).await {
            Ok(found) => {
                let names = found.participants.into_iter().map(|person| person.display_name);
                return Ok(Insiders::Named(names.collect()));
            }
            Err(refusal) if refusal.refuses_token() => drop(refused.try_set_value(true)),
            Err(_) => {}
        }
    }
    Ok(Insiders::Counted(api::room(room).await?.participant_count))
}

/// Looks the room up; once it is found, asks for the devices.
fn look_up(room: RoomId, lookup: RwSignal<Lookup>, devices: Devices) {
    spawn_local(async move {
        let found = api::room(&room).await;
        let is_there = found.is_ok();
        let unheard = lookup.try_set(found.map_or_else(Lookup::Failed, Lookup::Found));
        // Whoever has left the page meanwhile needs neither the answer nor the devices.
        if is_there && unheard.is_none() {
            spawn_local(module::prefetch());
            devices.open_both();
        }
    });
}

/// Remembers the invite in the address for this tab, and moves one that came in the query to where
/// neither logs nor other sites see it.
fn keep_invite(room: RoomId) {
    let location = use_location();
    let navigate = use_navigate();
    Effect::new(move |_| {
        let address = full_address(&location);
        let Some(Destination { token: Some(token), .. }) = Destination::parse(&address) else {
            return;
        };
        storage::save_token(&room, &token);
        let path = Destination { room: room.clone(), token: Some(token) }.join_path();
        if path != address {
            let quietly = NavigateOptions { replace: true, scroll: false, ..Default::default() };
            navigate(&path, quietly);
        }
    });
}

/// The address as the browser shows it, with the link inside `room` taken for the whole.
fn full_address(location: &Location) -> String {
    let room = location.query.read().get("room");
    room.filter(|room| room.contains(['#', '?'])).unwrap_or_else(|| {
        let (path, query) = (location.pathname.get(), location.search.get());
        format!("{path}?{query}{}", location.hash.get())
    })
}

#[component]
fn NoEntry(error: ApiError, again: Callback<()>) -> impl IntoView {
    let code = match error {
        ApiError::Refused(code) => code.as_str(),
        ApiError::Unreachable => "unreachable",
    };
    let again = error.may_pass().then_some(Again { label: outcome::RETRY, run: again });
    view! {
        <OutcomePage outcome=Outcome {
            glyph: Glyph::Door,
            heading: outcome::NO_ENTRY,
            detail: error.text().to_string(),
            code,
            again,
        }/>
    }
}

/// What stands before the meeting once the room may be there.
#[component]
fn Foyer(room: RoomId, lookup: RwSignal<Lookup>, devices: Devices) -> impl IntoView {
    let found = Memo::new(move |_| match lookup.get() {
        Lookup::Found(room) => Some(room),
        Lookup::Looking | Lookup::Failed(_) => None,
    });
    let form_room = room.clone();
    view! {
        <Shell>
            <div class="foyer">
                <Preview devices=devices/>
                <section class="foyer-form" aria-labelledby="foyer-heading">
                    <h1 id="foyer-heading">{join::HEADING}</h1>
                    <div class="foyer-room" aria-live="polite">
                        {move || match found.get() {
                            Some(found) => {
                                view! { <Inside room=room.clone() found=found/> }.into_any()
                            }
                            None => view! { <p>{join::LOOKING}</p> }.into_any(),
                        }}
                    </div>
                    <EnterForm
                        room=form_room
                        devices=devices
                        ready=Signal::derive(move || found.get().is_some())
                    />
                    <ConnectionVerdict/>
                </section>
                <section class="foyer-devices" aria-label=devices_text::PICKERS>
                    <Pickers rig=Rig::Before(devices)/>
                </section>
            </div>
        </Shell>
    }
}

/// Whose meeting it is, and who is in it now.
#[component]
fn Inside(room: RoomId, found: RoomResponse) -> impl IntoView {
    let inside = RwSignal::new(Insiders::Counted(found.participant_count));
    let refused = StoredValue::new(false);
    let look = move || {
        let room = room.clone();
        spawn_local(async move {
            // Who does not hear it now will be told next time.
            if let Ok(now) = insiders(&room, refused).await {
                drop(inside.try_set(now));
            }
        });
    };
    Effect::new(move |_| {
        look();
        if let Ok(timer) = set_interval_with_handle(look.clone(), LOOK_AGAIN) {
            on_cleanup(move || timer.clear());
        }
    });
    view! {
        <p>
            <strong>{join::WHOSE.with(&[&found.host_name])}</strong>
        </p>
        <p class="foyer-count">
            <Icon of=Glyph::People/>
            {move || match inside.get() {
                Insiders::Named(names) => join::inside_named(&names),
                Insiders::Counted(count) => join::inside(count),
            }}
        </p>
    }
}

/// How long one who is quick waits for the browser's devices; a question that is not answered by then
/// may be answered in the meeting.
const DEVICES_TAKE: Duration = Duration::from_secs(4);

/// Asks the name and goes in.
#[component]
fn EnterForm(room: RoomId, devices: Devices, ready: Signal<bool>) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let (nameless, set_nameless) = signal(false);
    // The button that submits the form is pressed before it is submitted; the Enter key presses
    // the first.
    let way = RwSignal::new(Way::AsShown);
    let entering = RwSignal::new(None::<JoinIntent>);
    go_in(entering, devices, way);
    let enter = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(display_name) = read_name(input) else {
            set_nameless.set(true);
            return;
        };
        let token = storage::token(&room);
        entering.set(Some(JoinIntent { room: Some(room.clone()), token, display_name }));
    };
    view! {
        <form class="enter-form" on:submit=enter>
            <NameField input=input error_id="name-error"/>
            <ErrorNote
                id="name-error"
                text=Signal::derive(move || {
                    nameless.get().then(|| error::of(ErrorCode::NameInvalid))
                })
            />
            <button
                class="button button-primary button-large"
                type="submit"
                disabled=move || !ready.get()
                aria-busy=move || entering.with(Option::is_some).then_some("true")
                on:click=move |_| way.set(Way::AsShown)
            >
                {join::JOIN}
            </button>
            <OtherWays way=way ready=ready/>
        </form>
    }
}

/// Goes in once somebody wants to, with the devices as they are then; those that are being opened
/// are waited for.
fn go_in(entering: RwSignal<Option<JoinIntent>>, devices: Devices, way: RwSignal<Way>) {
    let navigate = use_navigate();
    let is_late = RwSignal::new(false);
    Effect::new(move |_| {
        let Some(intent) = entering.get() else { return };
        let way = way.get_untracked();
        if way != Way::ListenOnly && devices.are_opening() && !is_late.get() {
            let give_up = move || {
                is_late.try_set(true);
            };
            set_timeout(give_up, DEVICES_TAKE);
            return;
        }
        let path = intent.room.as_ref().map(links::room_path).unwrap_or_default();
        arrival::hand_over(Arrival { intent, media: devices.hand_over(way) });
        navigate(&path, NavigateOptions::default());
    });
}

/// The buttons that go in with less than what is shown.
#[component]
fn OtherWays(way: RwSignal<Way>, ready: Signal<bool>) -> impl IntoView {
    view! {
        <div class="enter-otherwise">
            <button
                class="button"
                type="submit"
                disabled=move || !ready.get()
                on:click=move |_| way.set(Way::WithoutCamera)
            >
                {join::JOIN_WITHOUT_CAMERA}
            </button>
            <button
                class="button"
                type="submit"
                disabled=move || !ready.get()
                aria-describedby="listen-hint"
                on:click=move |_| way.set(Way::ListenOnly)
            >
                {join::LISTEN_ONLY}
            </button>
        </div>
        <p id="listen-hint" class="enter-hint">
            {join::LISTEN_ONLY_HINT}
        </p>
    }
}
