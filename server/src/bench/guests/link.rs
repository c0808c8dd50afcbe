//! The link that leads into a meeting.

use std::str::FromStr;

use axum::http::Uri;
use shared::ids::RoomId;

/// An invite link, as people are given it: `http://localhost:3000/join?room=room-…#token=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteLink {
    /// Host and port.
    pub(super) authority: String,
    /// The path of the server's WebSocket.
    pub(super) path: String,
    /// The meeting.
    pub(super) room: RoomId,
    /// What lets in; without it one knocks, if the meeting has a lobby.
    pub(super) token: Option<String>,
}

/// Why a text is not a link that guests can follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It has another form.
    #[error("not an invite link such as http://localhost:3000/join?room=room-…#token=…")]
    Form,
    /// It asks for TLS, which these guests do not speak.
    #[error(
        "guests speak plain HTTP: run them on the server's own machine, with its address (such as \
         http://localhost:3000) in the place of https://…"
    )]
    Encrypted,
}

impl InviteLink {
    /// Host and port, the port of HTTP if it has none.
    pub(super) fn host_and_port(&self) -> String {
        const HTTP_PORT: u16 = 80;
        let port = self.authority.rsplit_once(':').map(|(_, port)| port);
        if port.is_some_and(|port| port.parse::<u16>().is_ok()) {
            self.authority.clone()
        } else {
            format!("{}:{HTTP_PORT}", self.authority)
        }
    }
}

impl FromStr for InviteLink {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
        let uri: Uri = address.parse().map_err(|_| LinkError::Form)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(LinkError::Encrypted),
            Some(_) | None => return Err(LinkError::Form),
        }
        let base = uri.path().strip_suffix("/join").ok_or(LinkError::Form)?;
        let room = value(uri.query().unwrap_or_default(), "room").ok_or(LinkError::Form)?;
        Ok(Self {
            authority: uri.authority().ok_or(LinkError::Form)?.to_string(),
            path: format!("{base}/ws"),
            room: room.parse().map_err(|_| LinkError::Form)?,
            token: value(fragment, "token").map(str::to_owned),
        })
    }
}

/// The value of a key in `key=value&…`, unless it is empty. Ids and tokens need no escapes.
fn value<'a>(pairs: &'a str, key: &str) -> Option<&'a str> {
    let mut pairs = pairs.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, value)| *name == key && !value.is_empty()).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: &str = "room-MDEyMzQ1Njc4OWFiY2RlZg";

    #[test]
    fn a_link_tells_the_server_the_room_and_what_lets_in() {
        let text = format!("http://localhost:3000/join?room={ROOM}#token=a.b.c");
        let link: InviteLink = text.parse().unwrap();
        assert_eq!((link.authority.as_str(), link.path.as_str()), ("localhost:3000", "/ws"));
        assert_eq!((link.room.to_string().as_str(), link.token.as_deref()), (ROOM, Some("a.b.c")));
        assert_eq!(link.host_and_port(), "localhost:3000");
    }

    #[test]
    fn a_server_may_be_below_a_path_and_at_the_port_of_http() {
        let text = format!("http://[::1]/meet/join?lang=de&room={ROOM}");
        let link: InviteLink = text.parse().unwrap();
        assert_eq!((link.path.as_str(), link.token.as_deref()), ("/meet/ws", None));
        assert_eq!(link.host_and_port(), "[::1]:80");
    }

    #[test]
    fn what_is_no_link_is_refused_with_the_reason() {
        let encrypted = format!("https://meet.example.org/join?room={ROOM}#token=a.b.c");
        assert_eq!(encrypted.parse::<InviteLink>(), Err(LinkError::Encrypted));
        for text in [
            "",
            "hello",
            ROOM,
            "http://localhost:3000/",
            "http://localhost:3000/join",
            "http://localhost:3000/join?room=",
            "http://localhost:3000/join?room=room-short#token=a",
            "ftp://localhost/join?room=room-MDEyMzQ1Njc4OWFiY2RlZg",
        ] {
            assert_eq!(text.parse::<InviteLink>(), Err(LinkError::Form), "{text:?}");
        }
    }
}
