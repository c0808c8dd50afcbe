//! Those who came over HTTP, found by the id of their session.

use std::time::Instant;

use super::Room;
use crate::rooms::{MediaCommand, member::Member, session::HttpSession};

impl Room {
    /// The session of an id.
    #[must_use]
    pub fn session(&self, id: &str) -> Option<&HttpSession> {
        self.members.iter().filter_map(Member::session).find(|session| session.id() == id)
    }

    /// Ends a session, and with it the participant who came by it.
    pub fn end_session(&mut self, id: &str, now: Instant) -> Vec<MediaCommand> {
        let is_of = |member: &Member| member.session().is_some_and(|session| session.id() == id);
        let index = self.members.iter().position(is_of);
        index.map(|index| self.remove(index, now)).unwrap_or_default()
    }
}
