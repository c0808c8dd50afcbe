//! Room ids and invite links, as people paste them and as the page writes them.

use shared::ids::RoomId;

/// Where a link leads: a room, and perhaps the invite that lets one in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The room.
    pub room: RoomId,
    /// The invite, when the link has one.
    pub token: Option<String>,
}

impl Destination {
    /// Reads an invite link with or without its origin, a room's address, or a bare room id.
    ///
    /// The invite may stand in the fragment or, as older links have it, in the query; of two, the
    /// one in the fragment counts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let last_segment = path.trim_end_matches('/').rsplit('/').next();
        let room = parameter(query, "room").or(last_segment)?.parse().ok()?;
        let token = parameter(fragment, "token").or_else(|| parameter(query, "token"));
        Some(Self { room, token: token.map(str::to_owned) })
    }

    /// The address of the page before the meeting, with the invite out of the server's sight.
    #[must_use]
    pub fn join_path(&self) -> String {
        let path = join_path(&self.room);
        match &self.token {
            Some(token) => format!("{path}#token={token}"),
            None => path,
        }
    }
}

/// The address of the connection test.
pub const CHECK_PATH: &str = "/check";

/// The address of the page before the meeting in `room`.
#[must_use]
pub fn join_path(room: &RoomId) -> String {
    format!("/join?room={room}")
}

/// The address of the meeting in `room`.
#[must_use]
pub fn room_path(room: &RoomId) -> String {
    format!("/room/{room}")
}

/// The value of a parameter in `name=value&…`. Ids and invites are URL-safe, so nothing is decoded.
fn parameter<'a>(pairs: &'a str, name: &str) -> Option<&'a str> {
    pairs
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: &str = "room-MDEyMzQ1Njc4OWFiY2RlZg";

    fn parsed(text: &str) -> Option<(String, Option<String>)> {
        Destination::parse(text).map(|to| (to.room.to_string(), to.token))
    }

    #[test]
    fn every_form_people_paste_is_read() {
        let token = Some("a.b-c_d".to_owned());
        for (text, token) in [
            (ROOM.to_owned(), None),
            (format!("  {ROOM}\n"), None),
            (format!("/join?room={ROOM}"), None),
            (format!("https://meet.example/room/{ROOM}"), None),
            (format!("https://meet.example/room/{ROOM}/"), None),
            (format!("https://meet.example/join?room={ROOM}#token=a.b-c_d"), token.clone()),
            (format!("http://localhost:3000/join?room={ROOM}&token=a.b-c_d"), token.clone()),
            (format!("join?token=a.b-c_d&room={ROOM}"), token),
        ] {
            assert_eq!(parsed(&text), Some((ROOM.to_owned(), token)), "{text}");
        }
    }

    #[test]
    fn the_fragment_counts_before_the_query() {
        let link = format!("/join?room={ROOM}&token=query#token=fragment");
        assert_eq!(parsed(&link), Some((ROOM.to_owned(), Some("fragment".to_owned()))));
    }

    #[test]
    fn what_names_no_room_is_refused() {
        for text in
            ["", "   ", "hello", "https://meet.example/", "/join?room=", "room-1702156800000"]
        {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn a_written_link_is_read_back() {
        let to = Destination::parse(&format!("/join?room={ROOM}&token=t")).unwrap();
        assert_eq!(to.join_path(), format!("/join?room={ROOM}#token=t"));
        assert_eq!(Destination::parse(&to.join_path()), Some(to));
    }
}
