//! `/manage`: the meetings one may manage, as they are now.

use std::time::Duration;

use leptos::{ev::SubmitEvent, html::Input, prelude::*, task::spawn_local};
use shared::{
    error::ErrorCode,
    rest::{RoomDetails, UpdateRoomRequest},
};

use crate::{
    api::{self, ApiError},
    browser::{
        clock::unix_milliseconds,
        recent::{self, Fault},
        storage,
    },
    components::{
        confirm::{Confirm, provide_confirm},
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
    /// What it is managed with.
    pub key: Key,
    /// What has flowed since the last look; none at the first.
    pub traffic: Option<Traffic>,
    /// When it was looked at: milliseconds since 1970.
    seen_at: u64,
}

/// A token that manages a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// The administrator's: it opens no meeting.
    Admin(String),
    /// The host's of the room.
    Host(String),
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
    fn new(details: RoomDetails, key: Key, before: Option<&Self>, seen_at: u64) -> Self {
        let traffic = before.and_then(|before| before.traffic_until(&details, seen_at));
        Self { details, key, traffic, seen_at }
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

impl Key {
    /// The token, for the server.
    const fn token(&self) -> &String {
        match self {
            Self::Admin(token) | Self::Host(token) => token,
        }
    }

    /// The token that lets its holder into the meeting, if it is one.
    #[must_use]
    pub fn invite(&self) -> Option<&str> {
        match self {
            Self::Admin(_) => None,
            Self::Host(token) => Some(token),
        }
    }
}

/// What went wrong: of the last look only until one succeeds, of what one did until the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Trouble {
    deed: Option<Text>,
    look: Option<Text>,
}

impl Trouble {
    fn told(self) -> Option<Text> {
        self.deed.or(self.look)
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
    provide_confirm();
    let rooms = RwSignal::new(None::<Vec<Managed>>);
    let trouble = RwSignal::new(Trouble::default());
    let refresh = move || spawn_local(look(rooms, trouble));
    Effect::new(move |_| {
        refresh();
        if let Ok(timer) = set_interval_with_handle(refresh, REFRESH) {
            on_cleanup(move || timer.clear());
        }
    });
    let act = Callback::new(move |(managed, deed): (Managed, Deed)| {
        spawn_local(async move {
            let failed = perform(&managed, deed).await.err().map(ApiError::text);
            let _unheard = trouble.try_update(|trouble| trouble.deed = failed);
            look(rooms, trouble).await;
        });
    });
    let is_empty = move || rooms.with(|rooms| rooms.as_ref().is_some_and(Vec::is_empty));
    view! {
        <Shell>
            <div class="manage">
                <h1>{manage::HEADING}</h1>
                <p class="manage-lead">{manage::LEAD}</p>
                <TokenForm refresh=Callback::new(move |()| refresh()) trouble=trouble/>
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
                <Confirm/>
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
fn TokenForm(refresh: Callback<()>, trouble: RwSignal<Trouble>) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(input) = input.get_untracked() {
            storage::save_admin_token(input.value().trim());
            input.set_value("");
            trouble.set(Trouble::default());
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
            <ErrorNote
                id="manage-error"
                text=Signal::derive(move || trouble.get().told())
            />
        </form>
    }
}

/// Gathers all rooms that the tokens of this device open, each once. What one hosts comes first:
/// the host's token opens the meeting, too, and the administrator's does not.
async fn look(rooms: RwSignal<Option<Vec<Managed>>>, trouble: RwSignal<Trouble>) {
    let hosted = recent::rooms().into_iter().filter(|room| room.is_host);
    let hosted = hosted.filter_map(|room| room.token).map(Key::Host);
    let admin = storage::admin_token().filter(|token| !token.is_empty()).map(Key::Admin);
    let before = rooms.try_get_untracked().flatten().unwrap_or_default();
    let mut found = Vec::<Managed>::new();
    for key in hosted.chain(admin) {
        match api::rooms(key.token()).await {
            Ok(seen) => take_in(&mut found, seen.rooms, &key, &before, unix_milliseconds()),
            // What is refused once is not asked again: the server counts wrong tokens.
            Err(refusal) if refusal.refuses_token() => match key {
                Key::Host(token) => recent::correct_token(&token, fault_of(refusal)),
                Key::Admin(_) => {
                    storage::save_admin_token("");
                    let wrong = Some(manage::WRONG_TOKEN);
                    let _unheard = trouble.try_update(|trouble| trouble.deed = wrong);
                }
            },
            Err(failure) => {
                let failure = Some(failure.text());
                let _unheard = trouble.try_update(|trouble| trouble.look = failure);
                return;
            }
        }
    }
    let _unheard = trouble.try_update(|trouble| trouble.look = None);
    let _unheard = rooms.try_set(Some(found));
}

/// Adds those of the rooms that a key opens which were not found before; `before` is what was found
/// at the last look.
fn take_in(
    found: &mut Vec<Managed>,
    seen: Vec<RoomDetails>,
    key: &Key,
    before: &[Managed],
    now: u64,
) {
    for details in seen {
        let is_it = |known: &&Managed| known.details.room.room_id == details.room.room_id;
        if !found.iter().any(|known| is_it(&known)) {
            let past = before.iter().find(is_it);
            found.push(Managed::new(details, key.clone(), past, now));
        }
    }
}

/// What is wrong with a host's token that was refused.
const fn fault_of(refusal: ApiError) -> Fault {
    match refusal {
        ApiError::Refused(ErrorCode::Forbidden) => Fault::NoHosts,
        ApiError::Refused(_) | ApiError::Unreachable => Fault::Void,
    }
}

async fn perform(managed: &Managed, deed: Deed) -> Result<(), ApiError> {
    let (id, token) = (&managed.details.room.room_id, managed.key.token());
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

    fn managed(room: RoomDetails, before: Option<&Managed>, seen_at: u64) -> Managed {
        Managed::new(room, Key::Admin(String::new()), before, seen_at)
    }

    #[test]
    fn a_room_is_opened_with_its_hosts_token_and_never_with_the_administrators() {
        let (host, admin) = (Key::Host("host".to_owned()), Key::Admin("admin".to_owned()));
        let mut found = Vec::new();
        for key in [&host, &admin] {
            take_in(&mut found, vec![room(&[])], key, &[], 0);
        }
        assert_eq!(found.iter().map(|it| &it.key).collect::<Vec<_>>(), [&host], "once each");
        assert_eq!(host.invite(), Some("host"));
        assert_eq!(admin.invite(), None);
    }

    #[test]
    fn a_look_that_succeeds_takes_back_what_the_last_one_said_and_nothing_else() {
        let (deed, look) = (Some(manage::WRONG_TOKEN), Some(crate::text::UNREACHABLE));
        let trouble = Trouble { deed: None, look };
        assert_eq!(trouble.told(), look);
        assert_eq!(Trouble { look: None, ..trouble }.told(), None);
        assert_eq!(Trouble { deed, look: None }.told(), deed);
    }

    #[test]
    fn bit_rates_are_what_flowed_since_the_last_look() {
        let first = managed(room(&[(1, 1000, 0), (2, 500, 8000)]), None, 1000);
        assert_eq!(first.traffic, None);
        // The second has made the connections anew, and a third came.
        let now = room(&[(1, 251_000, 0), (2, 125_500, 0), (3, 0, 500_000)]);
        let second = managed(now, Some(&first), 3000);
        assert_eq!(second.traffic, Some(Traffic { received: 1500, sent: 2000 }));
        let same_moment = managed(room(&[]), Some(&second), 3000);
        assert_eq!(same_moment.traffic, None);
    }
}
