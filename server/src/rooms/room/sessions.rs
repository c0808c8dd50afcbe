//! Those who came over HTTP, found by the id of their session.

use std::time::Instant;

use super::Room;
use crate::rooms::{MediaCommand, member::Member, session::HttpSession};

impl Room {
    /// The session of an id.
    #[must_use]
    pub fn session(&self, id: &str) -> Option<&HttpSession> {
        let mut of_members = self.members.iter().filter_map(Member::session);
        let of_member = of_members.find(|session| session.id() == id);
        of_member.or_else(|| self.viewer(id).map(|viewer| &viewer.session))
    }

    /// Ends a session, and with it the participant or the viewer who came by it.
    pub fn end_session(&mut self, id: &str, now: Instant) -> Vec<MediaCommand> {
        let is_of = |member: &Member| member.session().is_some_and(|session| session.id() == id);
        let index = self.members.iter().position(is_of);
        match index {
            Some(index) => self.remove(index, now),
            None => self.remove_viewer(id, now),
        }
    }
}
