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

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It opens nothing any more.
    Void,
    /// It lets in, but is no host's.
    NoHosts,
}

/// Forgets what is wrong with a token, and not the rooms it is for.
pub fn correct_token(token: &str, fault: Fault) {
    let mut rooms = rooms();
    correct(&mut rooms, token, fault);
    save(rooms);
}

fn correct(rooms: &mut [RecentRoom], token: &str, fault: Fault) {
    for room in rooms.iter_mut().filter(|room| room.token.as_deref() == Some(token)) {
        room.is_host = false;
        if fault == Fault::Void {
            room.token = None;
        }
    }
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
    fn an_invite_that_is_no_hosts_still_lets_in_and_a_void_one_is_forgotten() {
        let hosted = |number, token: &str| RecentRoom {
            token: Some(token.to_owned()),
            is_host: true,
            ..room(number)
        };
        let mut rooms = [hosted(1, "guest"), hosted(2, "void"), hosted(3, "host")];
        correct(&mut rooms, "guest", Fault::NoHosts);
        correct(&mut rooms, "void", Fault::Void);
        let invited = RecentRoom { is_host: false, ..hosted(1, "guest") };
        assert_eq!(rooms, [invited, room(2), hosted(3, "host")]);
    }

    #[test]
    fn the_last_entered_comes_first_and_no_room_twice() {
        let rooms = (0..=6).chain([4]).map(room).fold(Vec::new(), entered);
        assert_eq!(rooms, [4, 6, 5, 3, 2].map(room));
    }
}
