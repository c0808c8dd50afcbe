//! Pages that only a browser can show, above all the meeting at `/room/{id}`: fetches the module
//! that shows them and gives it a place on the page. The server says that they are coming.

use std::rc::Rc;

use leptos::{html::Div, prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use shared::{error::ErrorCode, ids::RoomId};
use web_sys::HtmlElement;

use crate::{
    arrival,
    browser::module::{Module, Page, Stay},
    components::{
        icon::Glyph,
        outcome::{Again, Outcome, OutcomePage},
        shell::{Coming, Connecting, use_hydrated},
    },
    text::{self, Text, check, error, manage, outcome, room},
};

/// The meeting in the room that the address names.
#[component]
pub fn RoomPage() -> impl IntoView {
    let params = use_params_map();
    let room = Memo::new(move |_| params.read().get("room")?.parse::<RoomId>().ok());
    let hydrated = use_hydrated();
    view! {
        <Title text=room::TITLE.get()/>
        {move || match room.get() {
            None => view! { <NoSuchRoom/> }.into_any(),
            Some(room) if hydrated.get() => view! { <Entrance room=room/> }.into_any(),
            Some(_) => view! { <Connecting/> }.into_any(),
        }}
    }
}

#[component]
fn NoSuchRoom() -> impl IntoView {
    view! {
        <OutcomePage outcome=Outcome {
            glyph: Glyph::Door,
            heading: outcome::NO_ENTRY,
            detail: error::of(ErrorCode::RoomNotFound).to_string(),
            code: ErrorCode::RoomNotFound.as_str(),
            again: None,
        }/>
    }
}

/// What became of the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fetching {
    Waiting,
    /// What it has is shown.
    Shown,
    Failed,
}

/// The meeting, which ends when one turns to another page.
#[component]
fn Entrance(room: RoomId) -> impl IntoView {
    let arrival = arrival::Waiting::of(&room);
    let enter =
        move |module: &Module, place: &HtmlElement| module.enter(place, &room, arrival.take());
    view! { <Elsewhere heading=room::CONNECTING show=Rc::new(enter)/> }
}

/// `/check`: tries whether media comes through. It takes a script, and is no part of the first pages.
#[component]
pub fn CheckRoute() -> impl IntoView {
    view! {
        <Title text=check::TITLE.get()/>
        <ScriptedRoute heading=check::HEADING page=Page::Check/>
    }
}

/// `/manage`: the meetings one may manage, likewise.
#[component]
pub fn ManageRoute() -> impl IntoView {
    view! {
        <Title text=manage::TITLE.get()/>
        <ScriptedRoute heading=manage::HEADING page=Page::Manage/>
    }
}

#[component]
fn ScriptedRoute(heading: Text, page: Page) -> impl IntoView {
    let hydrated = use_hydrated();
    let show = move |module: &Module, place: &HtmlElement| module.show_page(place, page);
    move || match hydrated.get() {
        true => view! { <Elsewhere heading=heading show=Rc::new(show)/> }.into_any(),
        false => view! { <Coming heading=heading/> }.into_any(),
    }
}

/// Has the other module show something in a place of this page.
type Show = Rc<dyn Fn(&Module, &HtmlElement) -> Stay>;

/// The place of what the other module shows; it goes when one turns to another page.
#[component]
fn Elsewhere(heading: Text, show: Show) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let fetching = RwSignal::new(Fetching::Waiting);
    let stay = StoredValue::new_local(None::<Stay>);
    on_cleanup(move || {
        if let Some(stay) = stay.try_update_value(Option::take).flatten() {
            stay.end();
        }
    });
    Effect::new(move |_| {
        let (Some(place), Fetching::Waiting) = (place.get(), fetching.get()) else { return };
        let show = Rc::clone(&show);
        spawn_local(async move {
            let module = Module::fetch().await;
            // Whoever has turned away meanwhile is shown nothing more.
            let Some(Fetching::Waiting) = fetching.try_get_untracked() else { return };
            match module {
                Ok(module) => {
                    stay.set_value(Some(show(&module, &place)));
                    fetching.set(Fetching::Shown);
                }
                Err(_) => fetching.set(Fetching::Failed),
            }
        });
    });
    let again = Callback::new(move |()| fetching.set(Fetching::Waiting));
    view! {
        <div node_ref=place class="meeting-place"></div>
        {move || match fetching.get() {
            Fetching::Shown => None,
            Fetching::Waiting => Some(view! { <Coming heading=heading/> }.into_any()),
            Fetching::Failed => Some(not_fetched(again).into_any()),
        }}
    }
}

fn not_fetched(again: Callback<()>) -> impl IntoView {
    let outcome = Outcome {
        glyph: Glyph::Door,
        heading: outcome::NO_ENTRY,
        detail: text::UNREACHABLE.to_string(),
        code: "unreachable",
        again: Some(Again { label: outcome::RETRY, run: again }),
    };
    view! { <OutcomePage outcome=outcome/> }
}
