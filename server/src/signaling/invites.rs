//! The invites of a room, for its hosts and co-hosts.

use std::time::{Instant, SystemTime};

use shared::signaling::{CreateInvite, InviteList, Reply, RevokeInvite};

use super::session::{Answered, Place, Question, Refusal};
use crate::{App, invites::Grant, rooms::room::InvitePlan};

impl Place {
    /// Answers with the invites there are.
    pub(super) fn list_invites(&self, question: Question) -> Result<Answered, Refusal> {
        let room = self.room.lock();
        let link = self.app.links(room.link_start(&self.seat)?);
        let invites = room.list_invites(self.actor(), SystemTime::now(), link)?;
        Ok(question.answer(Reply::ListInvites(InviteList { invites })))
    }

    /// Makes an invite.
    pub(super) fn create_invite(
        &self,
        question: Question,
        create: &CreateInvite,
    ) -> Result<Answered, Refusal> {
        let plan = InvitePlan::parse(create, self.app.invites.lifetime());
        let plan = plan.map_err(Refusal::bad_request)?;
        let mut room = self.room.lock();
        let link = self.app.links(room.link_start(&self.seat)?);
        let invite = room.create_invite(self.actor(), plan, SystemTime::now(), link)?;
        self.app.rooms.keep(&mut room);
        Ok(question.answer(Reply::CreateInvite(invite)))
    }

    /// Withdraws an invite.
    pub(super) async fn revoke_invite(
        &self,
        question: Question,
        revoke: &RevokeInvite,
    ) -> Result<Answered, Refusal> {
        let now = (Instant::now(), SystemTime::now());
        let ended = {
            let mut room = self.room.lock();
            let (link, ended) = room.revoke_invite(self.actor(), revoke, now)?;
            if revoke.end_sessions {
                let issue = |ticket: &_| self.app.invites.issue_ticket(ticket, now.1);
                room.detach(&self.seat, &revoke.invite_id, issue);
            }
            self.app.renew_link(&mut room, link, now.1);
            self.app.rooms.keep(&mut room);
            ended
        };
        self.app.carry_out(ended).await;
        Ok(question.answer(Reply::Done))
    }
}

impl App {
    /// Makes the links of grants, of which all but the token is `start`.
    pub(crate) fn links(&self, start: Box<str>) -> impl Fn(Grant) -> String + '_ {
        move |grant| format!("{start}{}", self.invites.token(grant))
    }
}
