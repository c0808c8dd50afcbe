//! `/manage`: the meetings one may manage, as they are now.

use std::time::Duration;

use leptos::{ev::SubmitEvent, html::Input, prelude::*, task::spawn_local};
use shared::{
    error::ErrorCode,
    rest::{RoomDetails, UpdateRoomRequest},
};

use crate::{
    api::{self, ApiError},
    browser::{clock::unix_milliseconds, recent, storage},
    components::{
        managed_room::ManagedRoom,
        shell::{ErrorNote, Shell},
    },
    passing::memo,
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
    /// What has flowed since the last look; none at the first.
    pub traffic: Option<Traffic>,
    /// When it was looked at: milliseconds since 1970.
    seen_at: u64,
}

/// Bit rates of a room, in thousands of bits per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// From all its participants.
    pub received: u64,
    /// To all of them.
    pub sent: u64,
}

impl Managed {
    fn new(details: RoomDetails, token: &str, before: Option<&Self>, seen_at: u64) -> Self {
        let traffic = before.and_then(|before| before.traffic_until(&details, seen_at));
        Self { details, token: token.to_owned(), traffic, seen_at }
    }

    /// What has flowed since; whose connection is a new one counts from its beginning.
    fn traffic_until(&self, now: &RoomDetails, seen_at: u64) -> Option<Traffic> {
        let elapsed = seen_at.checked_sub(self.seen_at).filter(|elapsed| *elapsed > 0)?;
        let before = &self.details.participants;
        let (mut received, mut sent) = (0_u64, 0_u64);
        for one in &now.participants {
            let past = before.iter().find(|past| past.participant.id == one.participant.id);
            let (past_in, past_out) = past.map_or((0, 0), |past| (past.bytes_in, past.bytes_out));
            received += one.bytes_in.checked_sub(past_in).unwrap_or(one.bytes_in);
            sent += one.bytes_out.checked_sub(past_out).unwrap_or(one.bytes_out);
        }
        // Bits a millisecond are thousands of bits a second.
        Some(Traffic { received: received * 8 / elapsed, sent: sent * 8 / elapsed })
    }
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
    memo(move |last: Option<&Managed>| {
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
    let hosted =
        recent::rooms().into_iter().filter(|room| room.is_host).filter_map(|room| room.token);
    let before = rooms.try_get_untracked().flatten().unwrap_or_default();
    let mut found = Vec::<Managed>::new();
    for token in of_admin.chain(hosted) {
        match api::rooms(&token).await {
            Ok(seen) => {
                let new = seen.rooms.into_iter().filter(|room| {
                    found.iter().all(|known| known.details.room.room_id != room.room.room_id)
                });
                let now = unix_milliseconds();
                let new: Vec<_> = new
                    .map(|details| {
                        let is_it =
                            |past: &&Managed| past.details.room.room_id == details.room.room_id;
                        let past = before.iter().find(is_it);
                        Managed::new(details, &token, past, now)
                    })
                    .collect();
                found.extend(new);
            }
            // What is refused once is not asked again: the server counts wrong tokens.
            Err(refusal) if refusal.refuses_token() && admin.as_ref() == Some(&token) => {
                storage::save_admin_token("");
                let _unheard = error.try_set(Some(manage::WRONG_TOKEN));
            }
            Err(refusal) if refusal.refuses_token() => recent::forget_token(&token),
            Err(failure) => {
                let _unheard = error.try_set(Some(failure.text()));
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn room(people: &[(u8, u64, u64)]) -> RoomDetails {
        let people = people.iter().map(|(id, bytes_in, bytes_out)| {
            let id = shared::ids::ParticipantId::from_random([*id; 16]);
            json!({
                "id": id, "displayName": "Ada", "hasAudio": true, "hasVideo": true, "role": "guest",
                "bytesIn": bytes_in, "bytesOut": bytes_out,
            })
        });
        let room_id = shared::ids::RoomId::from_random([1; 16]);
        serde_json::from_value(json!({
            "roomId": room_id, "hostName": "Ada", "participantCount": 2, "createdAt": "",
            "participants": people.collect::<Vec<_>>(), "knockCount": 0,
        }))
        .unwrap()
    }

    #[test]
    fn bit_rates_are_what_flowed_since_the_last_look() {
        let first = Managed::new(room(&[(1, 1000, 0), (2, 500, 8000)]), "", None, 1000);
        assert_eq!(first.traffic, None);
        // The second has made the connections anew, and a third came.
        let now = room(&[(1, 251_000, 0), (2, 125_500, 0), (3, 0, 500_000)]);
        let second = Managed::new(now, "", Some(&first), 3000);
        assert_eq!(second.traffic, Some(Traffic { received: 1500, sent: 2000 }));
        let same_moment = Managed::new(room(&[]), "", Some(&second), 3000);
        assert_eq!(same_moment.traffic, None);
    }
}
