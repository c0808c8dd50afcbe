//! Coming in: who may, and what they find.

use shared::{
    error::ErrorCode,
    ids::{ParticipantId, TransportId},
    media::RtpCapabilities,
    signaling::{CloseCode, Event, OwnProducer, Participant, Right, Role},
};

use super::{Life, Room};
use crate::{
    invites::Ticket,
    rooms::{
        Admission, MediaCommand,
        member::{ConnectionId, Link, Member},
        outbox::Outbox,
        record::InviteKind,
        session::HttpSession,
    },
};

/// Who wants to come in.
#[derive(Debug)]
pub struct Entrant {
    /// Who they are: new, or the one of a resume ticket.
    pub ticket: Ticket,
    /// What they show at the door.
    pub pass: Pass,
    /// What they can receive.
    pub capabilities: RtpCapabilities,
    /// Their socket, or what stands for one.
    pub connection: ConnectionId,
    /// The transports that they still have, and that are to go on.
    pub transports: Vec<TransportId>,
    /// How they come.
    pub arrival: Arrival,
}

/// What somebody shows at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// A resume ticket: they were inside before.
    Ticket,
    /// The invite that the ticket names.
    Invite,
    /// Nothing: they know the room's id.
    BareId,
}

/// What somebody finds at the door who is not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// They may come in.
    Open,
    /// A host has to admit them first.
    Lobby,
}

/// How somebody comes in.
#[derive(Debug)]
pub enum Arrival {
    /// By a socket.
    Socket {
        /// Where to put what it shall be sent.
        outbox: Outbox,
        /// What invite links to this room begin with, up to the token, as this one sees us.
        link_start: Box<str>,
    },
    /// By a request of HTTP.
    Http {
        /// What is left of it.
        session: HttpSession,
    },
}

/// What a participant that came in finds.
#[derive(Debug)]
pub struct Entry {
    /// Whether the place was still kept.
    pub resumed: bool,
    /// What they may do, whatever the ticket said.
    pub role: Role,
    /// The transports that go on.
    pub transports: Vec<TransportId>,
    /// What they published until now, as hosts have left it.
    pub producers: Vec<OwnProducer>,
    /// The others, in order of arrival.
    pub others: Vec<Participant>,
    /// What is left of the participant's earlier connection, to be closed.
    pub discarded: Vec<MediaCommand>,
}

impl Room {
    /// Says whether somebody may come in, whose invite or ticket is genuine and of this room.
    ///
    /// # Errors
    ///
    /// The room has ended or is locked, they were removed, or what they show counts no more.
    pub fn door(&self, pass: Pass, ticket: &Ticket) -> Result<Door, ErrorCode> {
        if self.has_ended() {
            return Err(ErrorCode::RoomNotFound);
        }
        if self.is_removed(&ticket.participant) {
            return Err(ErrorCode::Kicked);
        }
        let invite_id = ticket.invite_id.as_deref();
        match pass {
            Pass::Ticket => self.check_session_of(invite_id).map(|()| Door::Open),
            Pass::Invite => self.check_invite(invite_id, ticket.role).map(|()| Door::Open),
            Pass::BareId if self.record.admission == Admission::InviteOnly => {
                Err(ErrorCode::InviteRequired)
            }
            Pass::BareId if self.record.locked => Err(ErrorCode::RoomLocked),
            Pass::BareId if self.record.lobby => Ok(Door::Lobby),
            Pass::BareId => Ok(Door::Open),
        }
    }

    /// Takes a participant in, who must have found the router opened. If the place is kept for
    /// them, or held by another socket of theirs, they take it over; of its media only those of
    /// [`Entrant::transports`] go on that are still there.
    ///
    /// # Errors
    ///
    /// Those of [`Self::door`], or every place is taken.
    pub fn enter(&mut self, entrant: Entrant) -> Result<Entry, ErrorCode> {
        match self.door(entrant.pass, &entrant.ticket)? {
            Door::Open => {}
            // The lobby was opened this very moment: the next try finds it.
            Door::Lobby => return Err(ErrorCode::ServerBusy),
        }
        let role = self.role_by(&entrant.ticket);
        let index = self.members.iter().position(|m| m.id == entrant.ticket.participant);
        if index.is_none() && self.members.len() >= self.settings.max_participants {
            return Err(ErrorCode::RoomFull);
        }
        if entrant.pass == Pass::Invite {
            self.count_use(entrant.ticket.invite_id.as_deref());
        }
        let former = index.and_then(|index| self.members.get(index));
        let producers = former.iter().flat_map(|member| member.media.published()).collect();
        let discarded = match index {
            Some(index) => self.take_over(index, entrant, role),
            None => {
                self.members.push(Member::new(entrant, role));
                Vec::new()
            }
        };
        self.life = Life::Occupied;
        let entered = index.unwrap_or_else(|| self.members.len().saturating_sub(1));
        let transports = self.members.get(entered).map(|member| member.media.transports());
        let transports = transports.into_iter().flatten().collect();
        let others = self.introduce(entered);
        self.review_hosts();
        Ok(Entry { resumed: index.is_some(), role, transports, producers, others, discarded })
    }

    /// Checks that an invite lets somebody of `role` in. One that the room does not remember was
    /// made without it, and counts for what it says.
    ///
    /// # Errors
    ///
    /// It was revoked or used up, or the room is locked.
    pub fn check_invite(&self, invite_id: Option<&str>, role: Role) -> Result<(), ErrorCode> {
        let invite = invite_id.and_then(|id| self.invite(id));
        if let Some(invite) = invite {
            invite.check()?;
        }
        // Who is admitted by name, or could open the lock, need not have it opened.
        let is_admitted = invite.is_some_and(|invite| invite.kind == InviteKind::Admission);
        if self.record.locked && !is_admitted && !role.may(Right::Lock) {
            return Err(ErrorCode::RoomLocked);
        }
        Ok(())
    }

    /// What somebody may do: what a host said of them, else what they come with.
    fn role_by(&self, ticket: &Ticket) -> Role {
        self.given_role(&ticket.participant).unwrap_or(ticket.role)
    }

    fn take_over(&mut self, index: usize, entrant: Entrant, role: Role) -> Vec<MediaCommand> {
        let discarded = self.discard_media(index, &entrant.transports);
        if let Some(member) = self.members.get_mut(index) {
            if let Link::Connected { outbox, .. } = &member.link {
                outbox.close(CloseCode::Replaced);
            }
            let media = std::mem::take(&mut member.media);
            let (max_video_bitrate, paces) = (member.max_video_bitrate, member.paces);
            *member = Member { media, max_video_bitrate, paces, ..Member::new(entrant, role) };
        }
        discarded
    }

    /// Tells the others of a participant, and gives what it is told of them.
    fn introduce(&self, index: usize) -> Vec<Participant> {
        if let Some(entered) = self.members.get(index) {
            self.tell_others(&entered.id, &Event::PeerJoined(entered.to_participant()));
        }
        let others = self.members.iter().enumerate().filter(|(other, _)| *other != index);
        others.map(|(_, member)| member.to_participant()).collect()
    }

    fn is_removed(&self, id: &ParticipantId) -> bool {
        self.record.removed.iter().any(|removed| removed.participant_id == *id)
    }
}
