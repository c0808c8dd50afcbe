//! Those who knock: they are not in the room, and see nothing of it but whether anyone is there who
//! could let them in.

use std::time::{Duration, SystemTime};

use shared::{
    error::ErrorCode,
    ids::KnockId,
    limits::{ADMISSION_SECONDS, MAX_KNOCKS},
    signaling::{
        Admitted, CloseCode, Event, HostPresent, Knock, KnockRef, Knocking, Right, Role,
        ServerMessage,
    },
};

use super::{Actor, Room, Seat};
use crate::{
    invites::Grant,
    rooms::{
        member::{Link, Member},
        outbox::{Outbox, written},
        record::InviteKind,
    },
};

/// Those who wait.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    /// In order of arrival; at most [`MAX_KNOCKS`].
    waiting: Vec<Waiting>,
    /// As those who wait were told.
    host_present: bool,
}

/// One who waits.
#[derive(Debug)]
struct Waiting {
    knock: Knock,
    outbox: Outbox,
}

impl Lobby {
    pub(super) const fn new() -> Self {
        Self { waiting: Vec::new(), host_present: false }
    }

    fn take(&mut self, id: KnockId) -> Result<Waiting, ErrorCode> {
        let index = self.waiting.iter().position(|waiting| waiting.knock.knock_id == id);
        index.map(|index| self.waiting.remove(index)).ok_or(ErrorCode::KnockNotFound)
    }

    fn tell(&self, event: &Event) {
        let text = written(&ServerMessage::Event(event.clone()));
        for waiting in &self.waiting {
            waiting.outbox.push_text(text.clone());
        }
    }
}

impl Room {
    /// Has somebody wait whom the door told so, and tells those who may admit.
    ///
    /// # Errors
    ///
    /// As many wait as may.
    pub fn knock(&mut self, knock: Knock, outbox: Outbox) -> Result<Knocking, ErrorCode> {
        if self.lobby.waiting.len() >= MAX_KNOCKS {
            return Err(ErrorCode::LobbyFull);
        }
        let knock_id = knock.knock_id;
        self.tell_doorkeepers(&Event::Knock(knock.clone()));
        self.lobby.waiting.push(Waiting { knock, outbox });
        Ok(Knocking { knock_id, host_present: self.lobby.host_present })
    }

    /// Those who wait, for somebody who may admit; for others there are none.
    #[must_use]
    pub fn knocks(&self, role: Role) -> Vec<Knock> {
        if !role.may(Right::KeepDoor) {
            return Vec::new();
        }
        self.lobby.waiting.iter().map(|waiting| waiting.knock.clone()).collect()
    }

    /// How many wait.
    #[must_use]
    pub const fn knock_count(&self) -> usize {
        self.lobby.waiting.len()
    }

    /// Whether a knock is still waiting.
    #[must_use]
    pub fn is_waiting(&self, id: KnockId) -> bool {
        self.lobby.waiting.iter().any(|waiting| waiting.knock.knock_id == id)
    }

    /// Lets somebody in who waits, by the token of an invite that is made for them.
    ///
    /// # Errors
    ///
    /// The seat has no right to, or nobody waits by that knock.
    pub fn admit(
        &mut self,
        seat: &Seat,
        id: KnockId,
        now: SystemTime,
        token: impl FnOnce(Grant) -> String,
    ) -> Result<(), ErrorCode> {
        self.check_right(Actor::Seat(seat), Right::KeepDoor)?;
        self.let_in(id, now, token)
    }

    /// Lets everyone in who waits, once nobody has to: the lobby is closed, and the room not locked.
    /// For whom there is no invite left, a host has to admit after all.
    pub(super) fn empty_lobby(&mut self, now: SystemTime, token: impl Fn(Grant) -> String) {
        if self.record.lobby || self.record.locked {
            return;
        }
        let waiting: Vec<_> = self.lobby.waiting.iter().map(|one| one.knock.knock_id).collect();
        for id in waiting {
            if let Err(code) = self.let_in(id, now, &token) {
                tracing::info!(knock_id = %id, %code, "[ROOM] {id} goes on waiting");
            }
        }
    }

    fn let_in(
        &mut self,
        id: KnockId,
        now: SystemTime,
        token: impl FnOnce(Grant) -> String,
    ) -> Result<(), ErrorCode> {
        if !self.is_waiting(id) {
            return Err(ErrorCode::KnockNotFound);
        }
        let lifetime = Duration::from_secs(ADMISSION_SECONDS.into());
        let invite = self.remember_invite(InviteKind::Admission, Role::Guest, lifetime, now)?;
        invite.max_uses = Some(1);
        let invite = invite.clone();
        let waiting = self.lobby.take(id)?;
        let token = token(self.grant(&invite));
        waiting.outbox.push(&ServerMessage::Event(Event::Admitted(Admitted { token })));
        self.tell_doorkeepers(&Event::KnockGone(KnockRef { knock_id: id }));
        Ok(())
    }

    /// Sends somebody away who waits.
    ///
    /// # Errors
    ///
    /// The seat has no right to, or nobody waits by that knock.
    pub fn refuse(&mut self, seat: &Seat, id: KnockId) -> Result<(), ErrorCode> {
        self.check_right(Actor::Seat(seat), Right::KeepDoor)?;
        self.lobby.take(id)?.outbox.close(CloseCode::KnockRefused);
        self.tell_doorkeepers(&Event::KnockGone(KnockRef { knock_id: id }));
        Ok(())
    }

    /// Takes it that somebody waits no more; one who was answered before ends without effect.
    pub fn end_knock(&mut self, id: KnockId) {
        if self.lobby.take(id).is_ok() {
            self.tell_doorkeepers(&Event::KnockGone(KnockRef { knock_id: id }));
        }
    }

    /// Sends everyone away who waits, for the room has ended.
    pub(super) fn close_lobby(&mut self, code: CloseCode) {
        for waiting in self.lobby.waiting.drain(..) {
            waiting.outbox.close(code);
        }
    }

    /// Tells somebody who may admit from now on of each who waits.
    pub(super) fn tell_knocks(&self, member: &Member) {
        for knock in self.knocks(member.role) {
            member.tell_event(Event::Knock(knock));
        }
    }

    /// Tells those who wait when the first who may admit has come, or the last gone.
    pub(super) fn review_hosts(&mut self) {
        let is_keeper = |member: &Member| {
            member.role.may(Right::KeepDoor) && matches!(member.link, Link::Connected { .. })
        };
        let host_present = self.members.iter().any(is_keeper);
        if host_present != self.lobby.host_present {
            self.lobby.host_present = host_present;
            self.lobby.tell(&Event::HostPresent(HostPresent { host_present }));
        }
    }

    fn tell_doorkeepers(&self, event: &Event) {
        let text = written(&ServerMessage::Event(event.clone()));
        for keeper in self.members.iter().filter(|member| member.role.may(Right::KeepDoor)) {
            keeper.tell(&text);
        }
    }
}
