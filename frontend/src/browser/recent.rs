//! The rooms that were entered on this device lately.

use serde::{Deserialize, Serialize};
use shared::ids::RoomId;

use super::storage;

/// Most rooms that are remembered; the one that was entered longest ago goes first.
const MAX_ROOMS: usize = 5;

const KEY: &str = "open-stream.rooms";

/// A room that was entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentRoom {
    /// The room.
    pub room_id: RoomId,
    /// Whose it is: shown as text, never as markup.
    pub host_name: String,
    /// What let the person in: a host is let in as host again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Whether the person was its host.
    #[serde(default)]
    pub is_host: bool,
}

/// The rooms, the last entered first.
#[must_use]
pub fn rooms() -> Vec<RecentRoom> {
    let stored = storage::read(storage::local(), KEY);
    stored.and_then(|stored| serde_json::from_str(&stored).ok()).unwrap_or_default()
}

/// Remembers a room that was entered.
pub fn remember(room: RecentRoom) {
    save(entered(rooms(), room));
}

/// Forgets a room.
pub fn forget(room_id: &RoomId) {
    let mut rooms = rooms();
    rooms.retain(|room| room.room_id != *room_id);
    save(rooms);
}

/// Forgets a token that opens nothing any more, and not the rooms it was for.
pub fn forget_token(token: &str) {
    let mut rooms = rooms();
    for room in rooms.iter_mut().filter(|room| room.token.as_deref() == Some(token)) {
        (room.token, room.is_host) = (None, false);
    }
    save(rooms);
}

fn entered(mut rooms: Vec<RecentRoom>, room: RecentRoom) -> Vec<RecentRoom> {
    rooms.retain(|known| known.room_id != room.room_id);
    rooms.insert(0, room);
    rooms.truncate(MAX_ROOMS);
    rooms
}

fn save(rooms: Vec<RecentRoom>) {
    if let Ok(stored) = serde_json::to_string(&rooms) {
        storage::write(storage::local(), KEY, &stored);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(number: u8) -> RecentRoom {
        let room_id = RoomId::from_random([number; 16]);
        RecentRoom { room_id, host_name: format!("Host {number}"), token: None, is_host: false }
    }

    #[test]
    fn the_last_entered_comes_first_and_no_room_twice() {
        let rooms = (0..=6).chain([4]).map(room).fold(Vec::new(), entered);
        assert_eq!(rooms, [4, 6, 5, 3, 2].map(room));
    }
}
