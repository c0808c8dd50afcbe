//! `/room/{id}`: fetches the module that shows the meeting and gives it a place on the page. The
//! server says that the meeting is coming.

use std::rc::Rc;

use leptos::{html::Div, prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use shared::{error::ErrorCode, ids::RoomId};

use crate::{
    arrival,
    browser::module::{MeetingModule, Stay},
    components::{
        icon::Glyph,
        outcome::{Again, Outcome, OutcomePage},
        shell::{Connecting, use_hydrated},
    },
    text::{self, error, outcome, room},
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
            detail: error::of(ErrorCode::RoomNotFound),
            code: ErrorCode::RoomNotFound.as_str(),
            again: None,
        }/>
    }
}

/// What became of the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fetching {
    Waiting,
    /// The meeting is shown.
    Shown,
    Failed,
}

/// The place of the meeting, which ends when one turns to another page.
#[component]
fn Entrance(room: RoomId) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let fetching = RwSignal::new(Fetching::Waiting);
    let arrival = Rc::new(arrival::Waiting::of(&room));
    let stay = StoredValue::new_local(None::<Stay>);
    on_cleanup(move || {
        if let Some(stay) = stay.try_update_value(Option::take).flatten() {
            stay.end();
        }
    });
    Effect::new(move |_| {
        let (Some(place), Fetching::Waiting) = (place.get(), fetching.get()) else { return };
        let (room, arrival) = (room.clone(), Rc::clone(&arrival));
        spawn_local(async move {
            let module = MeetingModule::fetch().await;
            // Whoever has turned away meanwhile does not come in; their devices close.
            let Some(Fetching::Waiting) = fetching.try_get_untracked() else { return };
            match module {
                Ok(module) => {
                    stay.set_value(Some(module.enter(&place, &room, arrival.take())));
                    fetching.set(Fetching::Shown);
                }
                Err(_) => fetching.set(Fetching::Failed),
            }
        });
    });
    let again = Again {
        label: outcome::RETRY,
        run: Callback::new(move |()| fetching.set(Fetching::Waiting)),
    };
    view! {
        <div node_ref=place class="meeting-place"></div>
        {move || match fetching.get() {
            Fetching::Shown => None,
            Fetching::Waiting => Some(view! { <Connecting/> }.into_any()),
            Fetching::Failed => {
                let outcome = Outcome {
                    glyph: Glyph::Door,
                    heading: outcome::NO_ENTRY,
                    detail: text::UNREACHABLE,
                    code: "unreachable",
                    again: Some(again),
                };
                Some(view! { <OutcomePage outcome=outcome/> }.into_any())
            }
        }}
    }
}
