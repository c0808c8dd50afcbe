//! What hosts do to the room and to those in it: the lock, the lobby, roles, removal, the end.

use std::time::{Instant, SystemTime};

use shared::{
    error::ErrorCode,
    ids::ParticipantId,
    signaling::{CloseCode, Event, Remove, Right, Role, RoleChanged, RoomChanged, SetRole},
};

use super::{Actor, Life, LinkState, Room, Seat};
use crate::{
    invites::{TICKET_LIFETIME, Ticket, unix_seconds},
    rooms::{
        MediaCommand,
        member::Member,
        record::{GivenRole, RemovedParticipant},
    },
};

/// Most participants whose role a room remembers to be another than their ticket's, as long as
/// such a ticket counts; a further change is refused.
pub const MAX_GIVEN_ROLES: usize = 200;

/// Most removed participants that a room remembers; the oldest is forgotten.
pub const MAX_REMOVED: usize = 200;

impl Room {
    /// What everyone knows of the lock and the lobby.
    #[must_use]
    pub const fn rules(&self) -> RoomChanged {
        RoomChanged { locked: self.record.locked, lobby: self.record.lobby }
    }

    /// Lets nobody new in, or again; says whether those who know only the room's id have to knock. Who
    /// waits is let in when they need not any more, by the tokens that `token` makes.
    ///
    /// # Errors
    ///
    /// They have no right to, or their seat was taken over; nothing was changed.
    pub fn change_rules(
        &mut self,
        actor: Actor<'_>,
        UpdateRoomRequest { locked, lobby }: UpdateRoomRequest,
        now: SystemTime,
        token: impl Fn(Grant) -> String,
    ) -> Result<(), ErrorCode> {
        let lock = locked.map(|_| Right::Lock);
        self.empty_lobby(now, token);
        for right in lock.into_iter().chain(lobby.map(|_| Right::KeepDoor)) {
            self.check_right(actor, right)?;
        }
        let RoomChanged { locked: was_locked, lobby: had_lobby } = self.rules();
        let locked = locked.unwrap_or(was_locked);
        let lobby = lobby.unwrap_or(had_lobby);
        self.set_rules(RoomChanged { locked, lobby });
        Ok(())
    }

    fn set_rules(&mut self, rules: RoomChanged) {
        if rules != self.rules() {
            self.record.locked = rules.locked;
            self.record.lobby = rules.lobby;
            self.unsaved = true;
            self.tell_all(&Event::RoomChanged(rules));
        }
    }

    /// Makes a co-host or unmakes one, or hands the room over; everyone is told. `issue` makes the
    /// tickets that those concerned have from now on.
    ///
    /// # Errors
    ///
    /// The seat has no right to, the other is not here, or too many have other roles already.
    pub fn set_role(
        &mut self,
        seat: &Seat,
        SetRole { participant_id, role }: &SetRole,
        now: SystemTime,
        issue: impl Fn(&Ticket) -> String,
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
            self.change_role(index, role, &issue);
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
                let changed = RoleChanged { participant_id, role, resume_ticket };
                member.tell_event(Event::RoleChanged(changed));
            }
        }
    }

    /// What a host made of somebody.
    pub(super) fn given_role(&self, id: &ParticipantId) -> Option<Role> {
        self.record.roles.iter().find(|given| given.participant_id == *id).map(|given| given.role)
    }

    /// Keeps roles as long as tickets of others may count.
    fn note_roles(
        &mut self,
        changes: &[(usize, ParticipantId, Role)],
        at: u64,
    ) -> Result<(), ErrorCode> {
        let counts = |since: u64| at < since.saturating_add(TICKET_LIFETIME.as_secs());
        let kept = self.record.roles.iter().filter(|given| {
            counts(given.at) && changes.iter().all(|(_, id, _)| *id != given.participant_id)
        });
        let given = changes.iter().map(|(_, participant_id, role)| GivenRole {
            participant_id: participant_id.clone(),
            role: *role,
            at,
        });
        let roles: Vec<GivenRole> = kept.cloned().chain(given).collect();
        if roles.len() > MAX_GIVEN_ROLES {
            return Err(ErrorCode::TooMany);
        }
        self.record.roles = roles;
        self.unsaved = true;
        Ok(())
    }

    fn change_role(&mut self, index: usize, role: Role, issue: &impl Fn(&Ticket) -> String) {
        let Some(member) = self.members.get_mut(index) else { return };
        let could_keep_door = member.role.may(Right::KeepDoor);
        member.role = role;
        let participant_id = member.id.clone();
        let changed = RoleChanged { participant_id, role, resume_ticket: None };
        self.tell_others(&changed.participant_id, &Event::RoleChanged(changed.clone()));
        let Some(member) = self.members.get(index) else { return };
        let resume_ticket = Some(issue(&self.ticket_of(member)));
        member.tell_event(Event::RoleChanged(RoleChanged { resume_ticket, ..changed }));
        if !could_keep_door {
            self.tell_knocks(member);
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

    /// Removes somebody, whose ticket brings nobody back; with `block` the invites they know let in
    /// no more, and who knows only the room's id has to knock. Returns whether the link that everyone is shown has to be made anew, and what is to
    /// be closed.
    ///
    /// # Errors
    ///
    /// The seat has no right to, or the other is not here.
    pub fn expel_for(
        &mut self,
        seat: &Seat,
        Remove { participant_id, block }: &Remove,
        (now, wall_clock): (Instant, SystemTime),
    ) -> Result<(LinkState, Vec<MediaCommand>), ErrorCode> {
        let index = self.reach(seat, Right::Remove, participant_id)?;
        if *participant_id == seat.participant_id {
            return Err(ErrorCode::BadRequest);
        }
        self.note_removed(participant_id, unix_seconds(wall_clock));
        let invite_id = self.members.get(index).and_then(|member| member.invite_id.clone());
        let media = self.expel(index, CloseCode::Kicked, now);
        if !*block {
            return Ok((LinkState::Fresh, media));
        }
        self.revoke_known_to(invite_id.as_deref());
        self.set_rules(RoomChanged { lobby: true, ..self.rules() });
        Ok((LinkState::Stale, media))
    }

    fn note_removed(&mut self, id: &ParticipantId, at: u64) {
        let removed = &mut self.record.removed;
        removed.retain(|one| at < one.at.saturating_add(TICKET_LIFETIME.as_secs()));
        if removed.len() >= MAX_REMOVED {
            removed.remove(0);
        }
        removed.push(RemovedParticipant { participant_id: id.clone(), at });
        self.unsaved = true;
    }

    /// Ends the meeting for everyone; nobody comes in any more.
    ///
    /// # Errors
    ///
    /// They have no right to, or their seat was taken over.
    pub fn end(&mut self, actor: Actor<'_>, now: Instant) -> Result<Vec<MediaCommand>, ErrorCode> {
        self.check_right(actor, Right::EndMeeting)?;
        // All at first, so that nobody is told that the others leave one by one.
        self.members.iter().for_each(|member| member.close(CloseCode::MeetingEnded));
        let mut media = Vec::new();
        while !self.members.is_empty() {
            media.extend(self.remove(0, now));
        }
        media.extend(self.end_viewers(|_| true, now));
        self.close_lobby(CloseCode::MeetingEnded);
        self.life = Life::Ended;
        Ok(media)
    }

    /// Closes a participant's socket and gives the place up.
    pub(super) fn expel(
        &mut self,
        index: usize,
        code: CloseCode,
        now: Instant,
    ) -> Vec<MediaCommand> {
        if let Some(member) = self.members.get(index) {
            member.close(code);
        }
        self.remove(index, now)
    }
}
