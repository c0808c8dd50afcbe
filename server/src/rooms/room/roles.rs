//! Who may do what: roles that are given and taken, and how they last.

use std::time::SystemTime;

use shared::{
    error::ErrorCode,
    ids::ParticipantId,
    signaling::{Event, Right, Role, RoleChanged, SetRole},
};

use super::{Room, Seat};
use crate::{
    invites::{Invites, TICKET_LIFETIME, Ticket, unix_seconds},
    rooms::{
        member::Member,
        record::{GivenRole, InviteKind, Revocation},
    },
};

/// Most participants whose role a room remembers to be another than their ticket's, as long as
/// such a ticket counts; a further change is refused.
pub const MAX_GIVEN_ROLES: usize = 200;

impl Room {
    /// Makes a co-host or unmakes one, or hands the room over; everyone is told. Those concerned have
    /// another ticket from now on, and an invite of the new role to come anew by.
    ///
    /// # Errors
    ///
    /// The seat has no right to, the other is not here, or too many have other roles already.
    pub fn set_role(
        &mut self,
        seat: &Seat,
        SetRole { participant_id, role }: &SetRole,
        now: SystemTime,
        invites: &Invites,
    ) -> Result<(), ErrorCode> {
        let target = self.reach(seat, Right::SetRoles, participant_id)?;
        if *participant_id == seat.participant_id {
            return Err(ErrorCode::BadRequest);
        }
        let former = self.seated(seat).ok_or(ErrorCode::Replaced)?;
        let mut changes = vec![(target, participant_id.clone(), *role)];
        if *role == Role::Host {
            changes.push((former, seat.participant_id.clone(), Role::CoHost));
        }
        self.note_roles(&changes, unix_seconds(now))?;
        for (index, _, role) in changes {
            self.change_role(index, role, now, invites);
        }
        self.review_hosts();
        Ok(())
    }

    /// Gives a participant a ticket that does not name the invite they came by any more, if it is
    /// this one: it ends, and they stay.
    pub fn detach(&mut self, seat: &Seat, invite_id: &str, issue: impl Fn(&Ticket) -> String) {
        let Ok(member) = self.member_mut(seat) else { return };
        if member.invite_id.as_deref() == Some(invite_id) {
            member.invite_id = None;
            let (participant_id, role) = (member.id.clone(), member.role);
            if let Ok(member) = self.member(seat) {
                let resume_ticket = Some(issue(&self.ticket_of(member)));
                let changed = RoleChanged { participant_id, role, resume_ticket, invite: None };
                member.tell_event(Event::RoleChanged(changed));
            }
        }
    }

    /// What a host made of somebody.
    pub(super) fn given_role(&self, id: &ParticipantId) -> Option<Role> {
        self.record.roles.iter().find(|given| given.participant_id == *id).map(|given| given.role)
    }

    /// Keeps roles as long as tickets of others may count, and as there is an invite to withdraw with
    /// the role.
    fn note_roles(
        &mut self,
        changes: &[(usize, ParticipantId, Role)],
        at: u64,
    ) -> Result<(), ErrorCode> {
        let counts = |given: &GivenRole| {
            let invite = given.invite_id.as_deref().and_then(|id| self.invite(id));
            let lets_in = invite.is_some_and(|it| it.check().is_ok() && at < it.expires_at);
            lets_in || at < given.at.saturating_add(TICKET_LIFETIME.as_secs())
        };
        let kept = self.record.roles.iter().filter(|given| {
            counts(given) && changes.iter().all(|(_, id, _)| *id != given.participant_id)
        });
        let given = changes.iter().map(|(_, participant_id, role)| GivenRole {
            participant_id: participant_id.clone(),
            role: *role,
            at,
            invite_id: None,
        });
        let roles: Vec<GivenRole> = kept.cloned().chain(given).collect();
        if roles.len() > MAX_GIVEN_ROLES {
            return Err(ErrorCode::TooMany);
        }
        for (_, id, _) in changes {
            self.withdraw_role(id);
        }
        self.record.roles = roles;
        self.unsaved = true;
        Ok(())
    }

    fn change_role(&mut self, index: usize, role: Role, now: SystemTime, invites: &Invites) {
        let Some(member) = self.members.get_mut(index) else { return };
        let could_keep_door = member.role.may(Right::KeepDoor);
        member.role = role;
        let participant_id = member.id.clone();
        let changed = RoleChanged { participant_id, role, resume_ticket: None, invite: None };
        self.tell_others(&changed.participant_id, &Event::RoleChanged(changed.clone()));
        let invite = self.invite_of_role(index, role, now, invites);
        let Some(member) = self.members.get(index) else { return };
        let resume_ticket = Some(invites.issue_ticket(&self.ticket_of(member), now));
        member.tell_event(Event::RoleChanged(RoleChanged { resume_ticket, invite, ..changed }));
        if !could_keep_door {
            self.tell_knocks(member);
        }
    }

    /// What a member comes anew by who was given a role; none if there is no place for it. A guest has
    /// the link of all guests.
    fn invite_of_role(
        &mut self,
        index: usize,
        role: Role,
        now: SystemTime,
        invites: &Invites,
    ) -> Option<String> {
        let lifetime = invites.lifetime();
        if role == Role::Guest {
            let link = self.room_link(role, lifetime, now)?;
            let token = invites.token(link.grant);
            if link.is_new {
                self.tell_link(Some(&token), None);
            }
            return Some(token);
        }
        let member = self.members.get(index)?;
        let (id, name) = (member.id.clone(), member.display_name.clone());
        let invite = self.remember_invite(InviteKind::GivenRole, role, lifetime, now).ok()?;
        invite.label = Some(name);
        let invite = invite.clone();
        let mut roles = self.record.roles.iter_mut();
        if let Some(given) = roles.find(|given| given.participant_id == id) {
            given.invite_id = Some(invite.id.clone());
        }
        Some(invites.token(self.grant(&invite)))
    }

    /// Withdraws the invites of a role that somebody was given, and has no more: the last one, and the
    /// one they came anew by.
    pub(super) fn withdraw_role(&mut self, id: &ParticipantId) {
        let given = self.record.roles.iter().find(|given| given.participant_id == *id);
        let given = given.and_then(|given| given.invite_id.clone());
        let came_by = self.members.iter().find(|member| member.id == *id);
        let came_by = came_by.and_then(|member| member.invite_id.clone());
        for invite_id in given.into_iter().chain(came_by) {
            let of_role = self.invite(&invite_id).is_some_and(|invite| {
                invite.kind == InviteKind::GivenRole && invite.revocation == Revocation::Valid
            });
            if of_role {
                self.revoke(&invite_id, Revocation::Revoked);
            }
        }
    }

    fn ticket_of(&self, member: &Member) -> Ticket {
        Ticket {
            room: self.record.room_id.clone(),
            participant: member.id.clone(),
            role: member.role,
            display_name: member.display_name.clone(),
            invite_id: member.invite_id.clone(),
        }
    }
}
