//! What hosts do to the room and to those in it: the lock, the lobby, removal, the end.

use std::time::{Instant, SystemTime};

use shared::{
    error::ErrorCode,
    ids::ParticipantId,
    rest::UpdateRoomRequest,
    signaling::{CloseCode, Event, Remove, Right, RoomChanged},
};

use super::{Actor, Life, LinkState, Room, Seat};
use crate::{
    invites::{Grant, TICKET_LIFETIME, unix_seconds},
    rooms::{MediaCommand, record::RemovedParticipant},
};

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
        for right in lock.into_iter().chain(lobby.map(|_| Right::KeepDoor)) {
            self.check_right(actor, right)?;
        }
        let RoomChanged { locked: was_locked, lobby: had_lobby } = self.rules();
        let locked = locked.unwrap_or(was_locked);
        let lobby = lobby.unwrap_or(had_lobby);
        self.set_rules(RoomChanged { locked, lobby });
        self.empty_lobby(now, token);
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
        self.withdraw_role(participant_id);
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
