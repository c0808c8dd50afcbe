//! Those who came over HTTP, found by the id of their session.

use std::time::Instant;

use shared::{ids::TransportId, signaling::Direction};

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

    /// The transport of a session.
    #[must_use]
    pub fn transport_of_session(&self, id: &str) -> Option<TransportId> {
        let mut members = self.members.iter();
        let member = members.find(|member| member.session().is_some_and(|one| one.id() == id));
        let leg = member.and_then(|member| member.media.leg(Direction::Send));
        leg.map(|leg| leg.transport_id).or_else(|| Some(self.viewer(id)?.transport_id))
    }

    /// Notes that a session has a new ICE session, of the client's end `ufrag`. Returns its entity
    /// tag.
    pub fn restart_session(&mut self, id: &str, ufrag: &str) -> Option<String> {
        let of_members = self.members.iter_mut().filter_map(Member::session_mut);
        let of_viewers = self.viewers.iter_mut().map(|viewer| &mut viewer.session);
        let session = of_members.chain(of_viewers).find(|session| session.id() == id)?;
        session.restart(ufrag.to_owned());
        Some(session.etag())
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
