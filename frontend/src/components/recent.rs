//! The rooms that were entered on this device, as far as they still exist.

use leptos::{prelude::*, task::spawn_local};
use shared::{error::ErrorCode, rest::RoomResponse};

use crate::{
    api::{self, ApiError},
    browser::{
        recent::{self, RecentRoom},
        storage,
    },
    components::icon::{Glyph, Icon},
    links,
    text::{join, landing},
};

/// A room, and what the server says of it.
#[derive(Debug, Clone)]
struct Known {
    room: RecentRoom,
    now: RoomResponse,
    /// How many were entered later.
    place: usize,
}

/// The rooms, each with the way back into it; nothing where there are none.
#[component]
pub fn RecentRooms() -> impl IntoView {
    let rooms = RwSignal::new(Vec::<Known>::new());
    Effect::new(move |_| {
        for (place, room) in recent::rooms().into_iter().enumerate() {
            spawn_local(look_up(place, room, rooms));
        }
    });
    let forget = move |room: &RecentRoom| {
        recent::forget(&room.room_id);
        rooms.update(|rooms| rooms.retain(|known| known.room.room_id != room.room_id));
    };
    view! {
        <section
            class="recent"
            aria-labelledby="recent-heading"
            hidden=move || rooms.with(Vec::is_empty)
        >
            <h2 id="recent-heading">{landing::RECENT_HEADING}</h2>
            <ul>
                {move || {
                    rooms
                        .get()
                        .into_iter()
                        .map(|known| view! { <Recent known=known forget=forget/> })
                        .collect_view()
                }}
            </ul>
        </section>
    }
}

#[component]
fn Recent<F>(known: Known, forget: F) -> impl IntoView
where
    F: Fn(&RecentRoom) + 'static,
{
    let Known { room, now, .. } = known;
    let path = links::join_path(&room.room_id);
    let name = join::WHOSE.with(&[&room.host_name]);
    let label = landing::FORGET.with(&[&name]);
    let enter = {
        let room = room.clone();
        move |_| {
            if let Some(token) = &room.token {
                storage::save_token(&room.room_id, token);
            }
        }
    };
    view! {
        <li>
            <a href=path on:click=enter>
                <strong>{name}</strong>
                <small>{join::inside(now.participant_count)}</small>
            </a>
            <button
                class="icon-button"
                type="button"
                aria-label=label
                on:click=move |_| forget(&room)
            >
                <Icon of=Glyph::Close/>
            </button>
        </li>
    }
}

/// Asks the server for a room, and forgets one that has ended.
async fn look_up(place: usize, room: RecentRoom, rooms: RwSignal<Vec<Known>>) {
    match api::room(&room.room_id).await {
        // Whoever has left the page meanwhile needs no answer.
        Ok(now) => drop(rooms.try_update(|rooms| insert(rooms, Known { room, now, place }))),
        Err(ApiError::Refused(ErrorCode::RoomNotFound)) => recent::forget(&room.room_id),
        Err(_) => {}
    }
}

/// Puts a room in its place: answers come in any order.
fn insert(rooms: &mut Vec<Known>, known: Known) {
    let index = rooms.partition_point(|other| other.place < known.place);
    rooms.insert(index, known);
}

#[cfg(test)]
mod tests {
    use shared::ids::RoomId;

    use super::*;

    fn known(place: usize) -> Known {
        let (room_id, host_name) = (RoomId::from_random([1; 16]), "Ada".to_owned());
        let now = serde_json::json!({
            "roomId": room_id, "hostName": "Ada", "participantCount": 0, "createdAt": "",
        });
        let now = serde_json::from_value(now).expect("a room");
        let room = RecentRoom { room_id, host_name, token: None, is_host: false };
        Known { room, now, place }
    }

    #[test]
    fn the_last_entered_comes_first_whoever_is_answered_first() {
        let mut rooms = Vec::new();
        for place in [2, 0, 3, 1] {
            insert(&mut rooms, known(place));
        }
        let places: Vec<_> = rooms.iter().map(|known| known.place).collect();
        assert_eq!(places, [0, 1, 2, 3]);
    }
}
