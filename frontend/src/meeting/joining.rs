//! Joining, coming back, being refused, and the end.

use shared::{
    error::ErrorCode,
    ids::{RoomId, TransportId},
    signaling::{CloseCode, Direction, Join, Joined, OwnProducer, PROTOCOL_VERSION, Request},
};

use super::{
    Meeting, Place,
    effect::{Effect, Instant},
    hosted::Hosted,
    leg::Leg,
    notice::{EndReason, Notice},
    outbox::Purpose,
    pulse::Pulse,
};

impl Meeting {
    pub(super) fn join(&mut self, now: Instant) {
        self.link.joining();
        let sending = (Direction::Send, self.publishing.lasting());
        let receiving = (Direction::Recv, self.receiving.lasting());
        let is_back = self.ticket.is_some() && !self.is_admitted();
        let lasting = [sending, receiving].into_iter().filter_map(|(direction, transport_id)| {
            transport_id.filter(|_| is_back && !self.outbox.is_uncertain(direction))
        });
        let transports = lasting.collect();
        let join = Join {
            protocol_version: PROTOCOL_VERSION,
            room_id: self.intent.room.clone(),
            token: self.token(),
            resume_ticket: self.ticket.clone().filter(|_| !self.is_admitted()),
            transports,
            display_name: self.intent.display_name.clone(),
            rtp_capabilities: self.capabilities.clone(),
        };
        self.outbox.request(now, Request::Join(join), Purpose::Join);
    }

    /// What lets one in: that one was admitted, or the invite, where no ticket brings one back.
    fn token(&self) -> Option<String> {
        let invite = self.intent.token.as_ref().filter(|_| self.ticket.is_none());
        self.company.lobby.admission().or(invite).cloned()
    }

    /// The invite that lets in nobody any more, if it was what a refused join showed.
    pub(super) fn refused_invite(&self) -> Option<String> {
        let is_refused = self.over.is_some_and(EndReason::refuses_invite) && !self.is_admitted();
        self.token().filter(|_| is_refused)
    }

    const fn is_admitted(&self) -> bool {
        self.company.lobby.admission().is_some()
    }

    /// Takes the snapshot over: whatever was known before is replaced, and media is made anew but
    /// for what goes on.
    pub(super) fn joined(&mut self, now: Instant, mut joined: Joined) {
        self.link.joined(now);
        self.resume_media(now, &joined.transports, &joined.producers);
        self.watching.reset();
        self.meet(&mut joined);
        self.roster.replace(joined.participants);
        let room = joined.room.room_id.clone();
        self.keep_ticket(room.clone(), joined.resume_ticket);
        self.intent.room = Some(room);
        let place = Place {
            participant_id: joined.participant_id,
            role: joined.role,
            room: joined.room,
            ice_servers: joined.ice_servers,
            max_video_bitrate: joined.max_video_bitrate,
        };
        if self.place.replace(place).is_some() {
            self.tell(now, Notice::Resumed);
        }
    }

    /// Has a newer ticket bring one back, also from a page that is loaded anew.
    pub(super) fn keep_ticket(&mut self, room: RoomId, ticket: String) {
        self.ticket = Some(ticket.clone());
        let kept = self.intent.return_by(ticket);
        self.outbox.effect(Effect::SaveTicket { room, kept });
    }

    fn resume_media(&mut self, now: Instant, kept: &[TransportId], producers: &[OwnProducer]) {
        let goes_on = |leg: &Leg| {
            let transport_id = leg.ends().map(|ends| ends.transport_id);
            transport_id.is_some_and(|transport_id| kept.contains(&transport_id))
        };
        let goes_on_sending = goes_on(&self.publishing.leg);
        for hosted in self.publishing.heed(producers, goes_on_sending, &mut self.outbox) {
            // Who holds the key is not heard by it any more.
            self.holds_to_talk &= !matches!(hosted, Hosted::Muted(_));
            self.company.telling.tell(now, hosted);
        }
        if !goes_on_sending {
            self.publishing.reset(&mut self.outbox);
        }
        if goes_on(&self.receiving.leg) {
            self.receiving.resume();
        } else {
            self.receiving.reset(&mut self.outbox);
        }
        self.outbox.settle();
        self.pulse = Pulse::new();
        if self.doubt.is_some() {
            self.doubt_paths();
        }
    }

    pub(super) fn join_refused(&mut self, now: Instant, code: ErrorCode) {
        let was_in = self.place.is_some();
        match (code, &self.ticket) {
            (ErrorCode::TicketInvalid, Some(_)) => {
                self.ticket = None;
                self.outbox.forget_requests();
                self.link.open(now, &mut self.outbox);
            }
            (ErrorCode::ServerShutdown | ErrorCode::TooMany | ErrorCode::Internal, _) => {
                self.link.lose(now, &mut self.outbox);
            }
            (ErrorCode::ServerBusy, _) if was_in => self.link.lose(now, &mut self.outbox),
            // The admission was for once, and that was before the connection was lost.
            (ErrorCode::InviteUsedUp | ErrorCode::InviteExpired, _) if self.is_admitted() => {
                self.company.lobby.leave_door();
                self.outbox.forget_requests();
                self.link.open(now, &mut self.outbox);
            }
            (ErrorCode::Kicked, _) => self.end(EndReason::Kicked),
            _ => self.end(EndReason::Refused(code)),
        }
    }

    pub(super) fn closed(&mut self, now: Instant, code: u16) {
        match CloseCode::from_u16(code) {
            Some(CloseCode::Unauthorized) if self.ticket.is_some() && !self.link.is_joined() => {
                self.join_refused(now, ErrorCode::TicketInvalid);
            }
            Some(code) if !code.allows_reconnect() => self.end(end_of(code)),
            _ => self.link.lose(now, &mut self.outbox),
        }
    }

    pub(super) fn end(&mut self, reason: EndReason) {
        self.publishing.close_devices(&mut self.outbox);
        self.publishing.reset(&mut self.outbox);
        self.receiving.reset(&mut self.outbox);
        self.link.end(&mut self.outbox);
        // Whoever was replaced may want the place back.
        let is_kept = reason == EndReason::Refused(ErrorCode::Replaced);
        if let Some(room) = self.intent.room.clone().filter(|_| !is_kept) {
            self.outbox.effect(Effect::ForgetTicket(room));
        }
        self.over = Some(reason);
    }
}

/// Why the server closed a socket for good.
const fn end_of(code: CloseCode) -> EndReason {
    match code {
        CloseCode::Normal => EndReason::Left,
        CloseCode::Kicked => EndReason::Kicked,
        CloseCode::Unauthorized => EndReason::Refused(ErrorCode::InviteInvalid),
        CloseCode::RoomNotFound => EndReason::Refused(ErrorCode::RoomNotFound),
        CloseCode::Replaced => EndReason::Refused(ErrorCode::Replaced),
        CloseCode::MeetingEnded => EndReason::Refused(ErrorCode::MeetingEnded),
        CloseCode::KnockRefused => EndReason::Refused(ErrorCode::KnockRefused),
        CloseCode::RoomFull => EndReason::Refused(ErrorCode::RoomFull),
        CloseCode::RoomLocked => EndReason::Refused(ErrorCode::RoomLocked),
        CloseCode::Unsupported
        | CloseCode::InvalidData
        | CloseCode::TooLarge
        | CloseCode::ServiceRestart
        | CloseCode::Timeout
        | CloseCode::Flood
        | CloseCode::SlowReader => EndReason::Refused(ErrorCode::BadRequest),
    }
}
