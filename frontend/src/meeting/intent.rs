//! Where someone wants to go, and what brings them back.

use serde::{Deserialize, Serialize};
use shared::ids::RoomId;

/// Where someone wants to go, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinIntent {
    /// The room; with a token it may be left out.
    pub room: Option<RoomId>,
    /// The host's token, or an invite; a room that is open needs none.
    pub token: Option<String>,
    /// 1 to 64 characters.
    pub display_name: String,
}

/// What brings this tab back to a room, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// The server's ticket.
    pub ticket: String,
    /// The name that was given at the door.
    pub display_name: String,
    /// What was shown there.
    pub token: Option<String>,
}

impl Return {
    /// The ticket, if it is for whom `intent` says: whoever gives another name, or shows another
    /// invite, is to come in as that.
    #[must_use]
    pub fn ticket_for(&self, intent: &JoinIntent) -> Option<String> {
        let is_same = self.display_name == intent.display_name && self.token == intent.token;
        is_same.then(|| self.ticket.clone())
    }
}

impl JoinIntent {
    /// The return of whoever is on the way there, once there is a ticket.
    #[must_use]
    pub fn return_by(&self, ticket: String) -> Return {
        let (display_name, token) = (self.display_name.clone(), self.token.clone());
        Return { ticket, display_name, token }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(display_name: &str, token: Option<&str>) -> JoinIntent {
        let (display_name, token) = (display_name.to_owned(), token.map(str::to_owned));
        JoinIntent { room: None, token, display_name }
    }

    #[test]
    fn a_ticket_brings_back_whom_it_is_for_and_nobody_else() {
        let guest = intent("Ada", Some("guest"));
        let kept = guest.return_by("ticket".to_owned());
        assert_eq!(kept.ticket_for(&guest).as_deref(), Some("ticket"));
        for other in [("Grace", Some("guest")), ("Ada", Some("host")), ("Ada", None)] {
            assert_eq!(kept.ticket_for(&intent(other.0, other.1)), None, "{other:?}");
        }
    }
}
