//! The invites of the room, as a host sees and makes them.

use std::sync::Arc;

use shared::{
    error::ErrorCode,
    limits::{MAX_INVITES, MAX_ROLE_INVITES},
    signaling::{CreateInvite, Invite, InviteList, Request, RevokeInvite},
};

use super::{Meeting, effect::Instant, outbox::Purpose};

/// Most invites of a list: those that were made, the room's own links, and those of given roles.
const MAX_LISTED: usize = MAX_INVITES + MAX_ROLE_INVITES;

/// The list of invites as it was told last.
#[derive(Debug, Default)]
pub(super) struct Invites {
    list: Arc<Vec<Invite>>,
    made: Option<String>,
    busy: bool,
    failed: Option<ErrorCode>,
}

/// What of the invites is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InvitesView {
    /// Those that let in, the oldest first.
    pub list: Arc<Vec<Invite>>,
    /// The id of the one that was made last.
    pub made: Option<String>,
    /// Whether one is being made or revoked.
    pub busy: bool,
    /// Why the last one could not be made or revoked.
    pub failed: Option<ErrorCode>,
}

impl Invites {
    /// The server told which there are.
    pub(super) fn listed(&mut self, list: InviteList) {
        let live = list.invites.into_iter().filter(|invite| !invite.revoked);
        self.list = Arc::new(live.take(MAX_LISTED).collect());
    }

    /// The server made one.
    pub(super) fn made(&mut self, invite: Invite) {
        self.settled(None);
        self.made = Some(invite.invite_id.clone());
        let list = Arc::make_mut(&mut self.list);
        if list.len() < MAX_LISTED {
            list.push(invite);
        }
    }

    /// The server did what it was asked, or did not.
    pub(super) const fn settled(&mut self, failed: Option<ErrorCode>) {
        self.busy = false;
        self.failed = failed;
    }

    /// One may not see them any more, or the connection was lost while one was being made.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// What is shown.
    pub(super) fn view(&self) -> InvitesView {
        let Self { list, made, busy, failed } = self;
        InvitesView { list: Arc::clone(list), made: made.clone(), busy: *busy, failed: *failed }
    }

    fn begin(&mut self) {
        self.busy = true;
        self.failed = None;
        self.made = None;
    }
}

/// What hosts do with invites.
impl Meeting {
    /// Asks anew which invites there are.
    pub fn list_invites(&mut self, now: Instant) {
        self.ask(now, Request::ListInvites, Purpose::ListInvites);
    }

    /// Makes an invite.
    pub fn create_invite(&mut self, now: Instant, invite: CreateInvite) {
        if self.ask(now, Request::CreateInvite(invite), Purpose::ChangeInvites) {
            self.company.invites.begin();
        }
    }

    /// Withdraws an invite.
    pub fn revoke_invite(&mut self, now: Instant, revoke: RevokeInvite) {
        if self.ask(now, Request::RevokeInvite(revoke), Purpose::ChangeInvites) {
            self.company.invites.begin();
        }
    }

    /// An invite was revoked: the list is another one.
    pub(super) fn invite_revoked(&mut self, now: Instant) {
        self.company.invites.settled(None);
        self.list_invites(now);
    }
}

#[cfg(test)]
mod tests {
    use shared::signaling::Role;

    use super::*;

    fn invite(id: &str, revoked: bool) -> Invite {
        Invite {
            invite_id: id.to_owned(),
            role: Role::Guest,
            label: None,
            link: None,
            created_at: 0,
            expires_at: 1,
            uses: 0,
            max_uses: None,
            revoked,
            is_room_link: false,
        }
    }

    #[test]
    fn only_invites_that_let_in_are_shown_and_a_new_one_comes_last() {
        let mut invites = Invites::default();
        let list = vec![invite("a", false), invite("b", true)];
        invites.listed(InviteList { invites: list });
        invites.begin();
        invites.made(invite("c", false));
        let view = invites.view();
        let ids: Vec<_> = view.list.iter().map(|invite| invite.invite_id.as_str()).collect();
        assert_eq!(ids, ["a", "c"]);
        assert_eq!((view.made.as_deref(), view.busy), (Some("c"), false));
    }

    #[test]
    fn those_of_given_roles_have_room_beside_the_others_and_no_list_is_endless() {
        let many = |count: usize| (0..count).map(|number| invite(&number.to_string(), false));
        let mut invites = Invites::default();
        invites.listed(InviteList { invites: many(MAX_INVITES + MAX_ROLE_INVITES - 1).collect() });
        for id in ["last", "past"] {
            invites.made(invite(id, false));
        }
        let list = invites.view().list;
        assert_eq!(list.len(), MAX_INVITES + MAX_ROLE_INVITES);
        assert_eq!(list.last().map(|invite| &*invite.invite_id), Some("last"));
        invites.listed(InviteList { invites: many(1000).collect() });
        assert_eq!(invites.view().list.len(), MAX_INVITES + MAX_ROLE_INVITES);
    }

    #[test]
    fn a_refusal_is_told_until_the_next_try() {
        let mut invites = Invites::default();
        invites.begin();
        invites.settled(Some(ErrorCode::TooMany));
        assert_eq!(invites.view().failed, Some(ErrorCode::TooMany));
        invites.begin();
        assert_eq!((invites.view().failed, invites.view().busy), (None, true));
    }
}
