//! `/manage`: the meetings one may manage, as they are now.

use std::time::Duration;

use leptos::{ev::SubmitEvent, html::Input, prelude::*, task::spawn_local};
use leptos_meta::Title;
use shared::{
    error::ErrorCode,
    rest::{RoomDetails, UpdateRoomRequest},
};

use crate::{
    api::{self, ApiError},
    browser::{recent, storage},
    components::{
        managed_room::ManagedRoom,
        shell::{ErrorNote, Shell},
    },
    text::{Text, manage},
};

/// How often the page looks again.
const REFRESH: Duration = Duration::from_secs(3);

/// A room, and the token with which it is managed.
#[derive(Debug, Clone, PartialEq)]
pub struct Managed {
    /// The room.
    pub details: RoomDetails,
    /// The administrator's token, or a host's.
    pub token: String,
}

/// What is done to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Let nobody new come in, or let them again.
    Lock(bool),
    /// End it for everyone.
    End,
}

/// The page.
#[component]
pub fn ManagePage() -> impl IntoView {
    let rooms = RwSignal::new(None::<Vec<Managed>>);
    let error = RwSignal::new(None::<Text>);
    let refresh = move || spawn_local(look(rooms, error));
    Effect::new(move |_| {
        refresh();
        if let Ok(timer) = set_interval_with_handle(refresh, REFRESH) {
            on_cleanup(move || timer.clear());
        }
    });
    let act = Callback::new(move |(managed, deed): (Managed, Deed)| {
        spawn_local(async move {
            if let Err(refusal) = perform(&managed, deed).await {
                error.set(Some(refusal.text()));
            }
            look(rooms, error).await;
        });
    });
    let is_empty = move || rooms.with(|rooms| rooms.as_ref().is_some_and(Vec::is_empty));
    view! {
        <Title text=manage::TITLE.get()/>
        <Shell>
            <div class="manage">
                <h1>{manage::HEADING}</h1>
                <p class="manage-lead">{manage::LEAD}</p>
                <TokenForm refresh=Callback::new(move |()| refresh()) error=error/>
                <p class="manage-none" hidden=move || !is_empty()>
                    {manage::NONE}
                </p>
                <ul class="manage-rooms">
                    <For
                        each=move || rooms.get().unwrap_or_default()
                        key=|managed| managed.details.room.room_id.clone()
                        let:managed
                    >
                        <ManagedRoom managed=watch(rooms, managed) act=act/>
                    </For>
                </ul>
            </div>
        </Shell>
    }
}

/// A room as it changes, and as it last was once it is gone.
fn watch(rooms: RwSignal<Option<Vec<Managed>>>, managed: Managed) -> Memo<Managed> {
    Memo::new(move |last: Option<&Managed>| {
        let id = &managed.details.room.room_id;
        let now = rooms.with(|rooms| {
            let found = rooms.iter().flatten().find(|now| now.details.room.room_id == *id);
            found.cloned()
        });
        now.or_else(|| last.cloned()).unwrap_or_else(|| managed.clone())
    })
}

#[component]
fn TokenForm(refresh: Callback<()>, error: RwSignal<Option<Text>>) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(input) = input.get_untracked() {
            storage::save_admin_token(input.value().trim());
            input.set_value("");
            error.set(None);
            refresh.run(());
        }
    };
    view! {
        <form class="join-box" on:submit=submit>
            <div class="field">
                <label for="admin-token">{manage::TOKEN}</label>
                <input
                    node_ref=input
                    id="admin-token"
                    type="password"
                    autocomplete="off"
                    aria-describedby="manage-error"
                />
            </div>
            <button class="button" type="submit">
                {manage::SHOW_ALL}
            </button>
            <ErrorNote id="manage-error" text=error/>
        </form>
    }
}

/// Gathers all rooms that the tokens of this device open, each once.
async fn look(rooms: RwSignal<Option<Vec<Managed>>>, error: RwSignal<Option<Text>>) {
    let admin = storage::admin_token().filter(|token| !token.is_empty());
    let of_admin = admin.clone().into_iter();
    let hosted = recent::rooms().into_iter().filter_map(|room| room.token);
    let mut found = Vec::<Managed>::new();
    for token in of_admin.chain(hosted) {
        match api::rooms(&token).await {
            Ok(seen) => {
                let new = seen.rooms.into_iter().filter(|room| {
                    found.iter().all(|known| known.details.room.room_id != room.room.room_id)
                });
                let new: Vec<_> =
                    new.map(|details| Managed { details, token: token.clone() }).collect();
                found.extend(new);
            }
            // A guest's token opens nothing here, and a host's ends with its room.
            Err(ApiError::Refused(_)) if admin.as_ref() == Some(&token) => {
                storage::save_admin_token("");
                let _unheard = error.try_set(Some(manage::WRONG_TOKEN));
            }
            Err(ApiError::Refused(_)) => {}
            Err(unreachable) => {
                let _unheard = error.try_set(Some(unreachable.text()));
                return;
            }
        }
    }
    let _unheard = rooms.try_set(Some(found));
}

async fn perform(managed: &Managed, deed: Deed) -> Result<(), ApiError> {
    let (id, token) = (&managed.details.room.room_id, &managed.token);
    let done = match deed {
        Deed::Lock(locked) => {
            let change = UpdateRoomRequest { locked: Some(locked), lobby: None };
            api::update_room(id, token, change).await.map(drop)
        }
        Deed::End => api::end_room(id, token).await,
    };
    match done {
        // What ended by itself meanwhile needs nothing done.
        Err(ApiError::Refused(ErrorCode::RoomNotFound)) => Ok(()),
        other => other,
    }
}
