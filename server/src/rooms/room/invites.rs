//! The invites that a room remembers. What it does not remember any more has expired, but for
//! those whose sessions were ended: they are known until no ticket of theirs counts.

use std::time::{Duration, Instant, SystemTime};

use shared::{
    error::ErrorCode,
    ids::ParticipantId,
    limits::{
        MAX_INVITE_SECONDS, MAX_INVITE_USES, MAX_INVITES, MAX_ROLE_INVITES, MIN_INVITE_SECONDS,
    },
    signaling::{
        CloseCode, CreateInvite, Event, Invite, InviteLinkChanged, RevokeInvite, Right, Role,
    },
};

use super::{Actor, Room, Seat};
use crate::{
    invites::{Grant, TICKET_LIFETIME, unix_seconds},
    random,
    rooms::{
        MediaCommand, checked_name,
        member::{Link, Member},
        record::{InviteKind, InviteRecord, Revocation},
    },
};

/// Most invites of those who were admitted from the lobby whose time has not passed; they last a
/// minute.
pub const MAX_ADMISSIONS: usize = 100;

/// Which invites share one bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shelf {
    Listed,
    Admissions,
    Roles,
}

impl InviteKind {
    /// Where invites of this kind stand, and how many may.
    const fn shelf(self) -> (Shelf, usize) {
        match self {
            Self::Made | Self::RoomLink => (Shelf::Listed, MAX_INVITES),
            Self::Admission => (Shelf::Admissions, MAX_ADMISSIONS),
            Self::GivenRole => (Shelf::Roles, MAX_ROLE_INVITES),
        }
    }
}

/// An invite that can be made: every number is within its bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitePlan {
    role: Role,
    lifetime: Duration,
    max_uses: Option<u32>,
    label: Option<String>,
}

impl InvitePlan {
    /// Reads what somebody asks for; `lifetime` is the one where they say none.
    ///
    /// # Errors
    ///
    /// Says which number, or that the label, is out of bounds.
    pub fn parse(asked: &CreateInvite, lifetime: Duration) -> Result<Self, &'static str> {
        let lifetime = match asked.expires_in_seconds {
            None => lifetime,
            Some(seconds @ MIN_INVITE_SECONDS..=MAX_INVITE_SECONDS) => {
                Duration::from_secs(seconds.into())
            }
            Some(_) => return Err("an invite lasts 60 seconds to 30 days"),
        };
        if asked.max_uses.is_some_and(|uses| !(1..=MAX_INVITE_USES).contains(&uses)) {
            return Err("an invite is used 1 to 10000 times");
        }
        let label = asked.label.as_deref().map(checked_name).transpose();
        let label = label.map_err(|_| "a label has 1 to 64 characters")?.map(str::to_owned);
        Ok(Self { role: asked.role, lifetime, max_uses: asked.max_uses, label })
    }
}

impl InviteRecord {
    /// Checks that it still lets in, its time apart, which its token says itself.
    pub(super) fn check(&self) -> Result<(), ErrorCode> {
        if self.revocation != Revocation::Valid {
            return Err(ErrorCode::InviteRevoked);
        }
        if self.max_uses.is_some_and(|most| self.uses >= most) {
            return Err(ErrorCode::InviteUsedUp);
        }
        Ok(())
    }

    /// Until when it has to be known, in seconds since 1970.
    fn known_until(&self) -> u64 {
        match self.revocation {
            Revocation::Valid | Revocation::Revoked => self.expires_at,
            Revocation::WithSessions { at } => {
                self.expires_at.max(at.saturating_add(TICKET_LIFETIME.as_secs()))
            }
        }
    }

    /// Whether it shall go on being shared: half of its time is left.
    const fn is_fresh(&self, now: u64) -> bool {
        let lifetime = self.expires_at.saturating_sub(self.created_at);
        self.expires_at.saturating_sub(now) > lifetime / 2
    }

    fn to_invite(&self, link: Option<String>) -> Invite {
        Invite {
            invite_id: self.id.clone(),
            role: self.role,
            label: self.label.clone(),
            link,
            created_at: self.created_at.saturating_mul(1000),
            expires_at: self.expires_at.saturating_mul(1000),
            uses: self.uses,
            max_uses: self.max_uses,
            revoked: self.revocation != Revocation::Valid,
            is_room_link: self.kind == InviteKind::RoomLink,
        }
    }
}

impl Room {
    /// The invites that somebody may know of, the oldest first; `link` makes the link of one.
    ///
    /// # Errors
    ///
    /// They have no right to any, or their seat was taken over.
    pub fn list_invites(
        &self,
        actor: Actor<'_>,
        now: SystemTime,
        link: impl Fn(Grant) -> String,
    ) -> Result<Vec<Invite>, ErrorCode> {
        self.check_right(actor, Right::Invite)?;
        let (role, now) = (self.role_of(actor)?, unix_seconds(now));
        let shown = self.record.invites.iter().filter(|invite| {
            invite.kind != InviteKind::Admission
                && invite.expires_at > now
                && role.may(invite.role.right_to_invite())
        });
        let to_invite = |invite: &InviteRecord| {
            let link = invite.check().is_ok().then(|| link(self.grant(invite)));
            invite.to_invite(link)
        };
        Ok(shown.map(to_invite).collect())
    }

    /// Makes an invite.
    ///
    /// # Errors
    ///
    /// They have no right to, their seat was taken over, or there are too many.
    pub fn create_invite(
        &mut self,
        actor: Actor<'_>,
        plan: InvitePlan,
        now: SystemTime,
        link: impl FnOnce(Grant) -> String,
    ) -> Result<Invite, ErrorCode> {
        self.check_right(actor, plan.role.right_to_invite())?;
        let invite = self.remember_invite(InviteKind::Made, plan.role, plan.lifetime, now)?;
        invite.label = plan.label;
        invite.max_uses = plan.max_uses;
        let invite = invite.clone();
        let link = link(self.grant(&invite));
        Ok(invite.to_invite(Some(link)))
    }

    /// Withdraws an invite. Who came by it is removed if asked, all but the one who asks. Returns
    /// whether the link that everyone is shown has to be made anew, and what is to be closed.
    ///
    /// # Errors
    ///
    /// They have no right to, their seat was taken over, or there is no such invite.
    pub fn revoke_invite(
        &mut self,
        actor: Actor<'_>,
        revoke: &RevokeInvite,
        (now, wall_clock): (Instant, SystemTime),
    ) -> Result<(LinkState, Vec<MediaCommand>), ErrorCode> {
        self.check_right(actor, Right::Invite)?;
        let id = &*revoke.invite_id;
        let found = self.invite(id).filter(|invite| invite.kind != InviteKind::Admission);
        let found = found.ok_or(ErrorCode::InviteNotFound)?;
        let is_shown = found.kind == InviteKind::RoomLink && found.role == Role::Guest;
        self.check_right(actor, found.role.right_to_invite())?;
        let revocation = if revoke.end_sessions {
            Revocation::WithSessions { at: unix_seconds(wall_clock) }
        } else {
            Revocation::Revoked
        };
        self.revoke(id, revocation);
        let ended = if revoke.end_sessions { self.end_sessions_of(id, actor, now) } else { vec![] };
        Ok((if is_shown { LinkState::Stale } else { LinkState::Fresh }, ended))
    }

    /// The room's own link for a role, which is made when there is none that is fresh; none if
    /// there is no place for it.
    pub fn room_link(
        &mut self,
        role: Role,
        lifetime: Duration,
        now: SystemTime,
    ) -> Option<RoomLink> {
        let seconds = unix_seconds(now);
        let shared = self.record.invites.iter().find(|invite| {
            invite.kind == InviteKind::RoomLink
                && invite.role == role
                && invite.check().is_ok()
                && invite.is_fresh(seconds)
        });
        if let Some(invite) = shared {
            return Some(RoomLink { grant: self.grant(invite), is_new: false });
        }
        let invite = self.remember_invite(InviteKind::RoomLink, role, lifetime, now);
        let invite = invite.ok()?.clone();
        Some(RoomLink { grant: self.grant(&invite), is_new: true })
    }

    /// Whether anyone is there who is shown the link that lets guests in.
    pub fn shows_link(&self) -> bool {
        self.members.iter().any(|member| matches!(member.link, Link::Connected { .. }))
    }

    /// What invite links to this room begin with, up to the token, as a participant sees us; nothing
    /// for one who came over HTTP.
    ///
    /// # Errors
    ///
    /// The seat was taken over.
    pub fn link_start(&self, seat: &Seat) -> Result<Box<str>, ErrorCode> {
        match &self.member(seat)?.link {
            Link::Connected { link_start, .. } => Ok(link_start.clone()),
            Link::Reconnecting { .. } | Link::Http { .. } | Link::Over => Ok(Box::default()),
        }
    }

    /// Tells everyone, but for one who knows it, the token of the link that lets guests in from now
    /// on.
    pub fn tell_link(&self, token: Option<&str>, but: Option<&ParticipantId>) {
        for member in self.members.iter().filter(|member| Some(&member.id) != but) {
            if let Link::Connected { link_start, .. } = &member.link {
                let invite_link = token.map(|token| format!("{link_start}{token}"));
                member.tell_event(Event::InviteLinkChanged(InviteLinkChanged { invite_link }));
            }
        }
    }

    /// Checks that an invite was not withdrawn; it may be used up.
    ///
    /// # Errors
    ///
    /// It was.
    pub fn check_revoked(&self, invite_id: &str) -> Result<(), ErrorCode> {
        match self.invite(invite_id).map(|invite| invite.revocation) {
            Some(Revocation::Revoked | Revocation::WithSessions { .. }) => {
                Err(ErrorCode::InviteRevoked)
            }
            Some(Revocation::Valid) | None => Ok(()),
        }
    }

    /// Checks that those who came by an invite may come back.
    pub(super) fn check_session_of(&self, invite_id: Option<&str>) -> Result<(), ErrorCode> {
        match invite_id.and_then(|id| self.invite(id)).map(|invite| invite.revocation) {
            Some(Revocation::WithSessions { .. }) => Err(ErrorCode::InviteRevoked),
            Some(Revocation::Valid | Revocation::Revoked) | None => Ok(()),
        }
    }

    /// The invite of an id, if the room remembers it.
    pub(super) fn invite(&self, id: &str) -> Option<&InviteRecord> {
        self.record.invites.iter().find(|invite| invite.id == id)
    }

    pub(super) fn count_use(&mut self, id: Option<&str>) {
        let id = id.unwrap_or_default();
        if let Some(invite) = self.record.invites.iter_mut().find(|invite| invite.id == id) {
            invite.uses = invite.uses.saturating_add(1);
            self.unsaved = true;
        }
    }

    /// Withdraws what an id names and what everyone is shown, for somebody who shall not come back.
    pub(super) fn revoke_known_to(&mut self, invite_id: Option<&str>) {
        let shown = self.record.invites.iter().filter(|invite| {
            invite.revocation == Revocation::Valid
                && ((invite.kind == InviteKind::RoomLink && invite.role == Role::Guest)
                    || Some(&*invite.id) == invite_id)
        });
        for id in shown.map(|invite| invite.id.clone()).collect::<Vec<_>>() {
            self.revoke(&id, Revocation::Revoked);
        }
    }

    pub(super) fn grant(&self, invite: &InviteRecord) -> Grant {
        Grant {
            id: invite.id.clone(),
            room: self.record.room_id.clone(),
            role: invite.role,
            issued_at: invite.created_at,
            expires_at: invite.expires_at,
        }
    }

    /// Adds an invite, and forgets those whose time has passed.
    pub(super) fn remember_invite(
        &mut self,
        kind: InviteKind,
        role: Role,
        lifetime: Duration,
        now: SystemTime,
    ) -> Result<&mut InviteRecord, ErrorCode> {
        let created_at = unix_seconds(now);
        let invites = &mut self.record.invites;
        invites.retain(|invite| invite.known_until() > created_at);
        let (shelf, most) = kind.shelf();
        if invites.iter().filter(|invite| invite.kind.shelf().0 == shelf).count() >= most {
            return Err(ErrorCode::TooMany);
        }
        invites.push(InviteRecord {
            id: random::token_id(),
            role,
            label: None,
            kind,
            created_at,
            expires_at: created_at.saturating_add(lifetime.as_secs()),
            uses: 0,
            max_uses: None,
            revocation: Revocation::Valid,
        });
        self.unsaved = true;
        invites.last_mut().ok_or(ErrorCode::Internal)
    }

    pub(super) fn revoke(&mut self, id: &str, revocation: Revocation) {
        if let Some(invite) = self.record.invites.iter_mut().find(|invite| invite.id == id) {
            invite.revocation = revocation;
            self.unsaved = true;
        }
    }

    fn end_sessions_of(&mut self, id: &str, actor: Actor<'_>, now: Instant) -> Vec<MediaCommand> {
        let asks = |member: &Member| match actor {
            Actor::Seat(seat) => member.id == seat.participant_id,
            Actor::Bearer(_) => false,
        };
        let mut media = Vec::new();
        let came_by = |member: &Member| member.invite_id.as_deref() == Some(id) && !asks(member);
        while let Some(index) = self.members.iter().position(came_by) {
            media.extend(self.expel(index, CloseCode::Kicked, now));
        }
        media.extend(self.end_viewers(|viewer| viewer.invite_id == id, now));
        media
    }
}

/// The room's own link for a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomLink {
    /// What it grants.
    pub grant: Grant,
    /// Whether it was made just now: those who are shown another have to be told.
    pub is_new: bool,
}

/// Whether the link that everyone in a room is shown still lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It does.
    Fresh,
    /// It does not; another has to be made and told.
    Stale,
}
