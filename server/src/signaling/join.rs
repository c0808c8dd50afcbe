//! Coming in: who may, as whom, and what they find.

use std::time::{Instant, SystemTime};

use shared::{
    error::ErrorCode,
    ids::{RoomId, TransportId},
    media::RtpCapabilities,
    signaling::{CloseCode, Join, Joined, Knock, PROTOCOL_VERSION, Reply, Role, RoomInfo},
};

use super::session::{Answered, Place, Question, Refusal, Session, Waiting};
use crate::{
    App,
    invites::{Invite, Ticket},
    random,
    rooms::{
        SharedRoom, checked_name,
        member::router_capabilities,
        room::{Arrival, Door, Entrant, Entry, Pass, Room, Seat},
    },
};

/// Somebody at the door of a room: who they are, and what they show.
struct Visitor {
    room: SharedRoom,
    ticket: Ticket,
    pass: Pass,
}

impl Session {
    /// Takes the participant in and answers with a snapshot of the room, or has them wait in its
    /// lobby.
    pub(super) async fn join(
        &mut self,
        question: Question,
        join: Join,
    ) -> Result<Answered, Refusal> {
        if self.place.is_some() {
            return Err(ErrorCode::AlreadyJoined.into());
        }
        self.stop_waiting();
        let visitor = self.app.identify(&join, SystemTime::now()).map_err(refusal)?;
        let door = visitor.room.lock().door(visitor.pass, &visitor.ticket);
        match door.map_err(refusal)? {
            Door::Open => {
                self.come_in(question, visitor, (join.rtp_capabilities, join.transports)).await
            }
            Door::Lobby => self.knock(question, visitor),
        }
    }

    /// Gives up the wait in a lobby, if there is one.
    pub(super) fn stop_waiting(&mut self) {
        if let Some(Waiting { room, knock_id }) = self.waiting.take() {
            room.lock().end_knock(knock_id);
        }
    }

    fn knock(&mut self, question: Question, visitor: Visitor) -> Result<Answered, Refusal> {
        let Visitor { room, ticket, pass } = visitor;
        let limited = self.app.limits.knocks.take(self.client.0, Instant::now());
        limited.map_err(|_| ErrorCode::TooMany)?;
        let knock_id = self.app.rooms.next_knock_id();
        let knock = Knock { knock_id, display_name: ticket.display_name.clone() };
        let answered = {
            let mut room = room.lock();
            match room.door(pass, &ticket)? {
                Door::Lobby => {}
                // The lobby was closed this very moment: the next try finds it.
                Door::Open => return Err(ErrorCode::ServerBusy.into()),
            }
            let knocking = room.knock(knock, self.outbox.clone())?;
            question.answer(Reply::Knocking(knocking))
        };
        tracing::info!(%knock_id, room_id = %ticket.room, "[ROOM] {knock_id} waits");
        self.waiting = Some(Waiting { room, knock_id });
        Ok(answered)
    }

    async fn come_in(
        &mut self,
        question: Question,
        visitor: Visitor,
        (capabilities, transports): (RtpCapabilities, Vec<TransportId>),
    ) -> Result<Answered, Refusal> {
        let Visitor { room, ticket, pass } = visitor;
        let seat = Seat { participant_id: ticket.participant.clone(), connection: self.connection };
        let entrant = Entrant {
            ticket: ticket.clone(),
            pass,
            capabilities,
            connection: self.connection,
            transports,
            arrival: Arrival::Socket {
                outbox: self.outbox.clone(),
                link_start: self.base.invite_link(&ticket.room, "").into(),
            },
        };
        let app = self.app.clone();
        // Enters the room and answers, in one go: nothing that happens after the snapshot may be
        // told before it.
        let sit_down = |guard: &mut Room| {
            let mut entry = guard.enter(entrant)?;
            let (resumed, discarded) = (entry.resumed, std::mem::take(&mut entry.discarded));
            let link = guard.room_link(Role::Guest, app.invites.lifetime(), SystemTime::now());
            let link = link.map(|link| (app.invites.token(link.grant), link.is_new));
            let token = link.as_ref().map(|(token, _)| &**token);
            let joined = self.joined(guard, ticket, entry, token);
            app.rooms.keep(guard);
            let answered = question.answer(Reply::Join(Box::new(joined)));
            guard.tell_standing(&seat);
            if link.as_ref().is_some_and(|(_, is_new)| *is_new) {
                guard.tell_link(token, Some(&seat.participant_id));
            }
            Ok((answered, resumed, discarded))
        };
        let (answered, resumed, discarded) =
            app.bring_in(&room, sit_down).await.map_err(refusal)?;
        self.take_place(&room, seat, resumed);
        app.carry_out(discarded).await;
        Ok(answered)
    }

    /// The snapshot for somebody who has just come in; `token` is of the link that lets guests in.
    fn joined(&self, room: &Room, ticket: Ticket, entry: Entry, token: Option<&str>) -> Joined {
        let now = SystemTime::now();
        let app = &self.app;
        let ticket = Ticket { role: entry.role, ..ticket };
        let link = token.map(|token| self.base.invite_link(&ticket.room, token));
        let rules = room.rules();
        Joined {
            resume_ticket: app.invites.issue_ticket(&ticket, now),
            room: RoomInfo {
                invite_link: link,
                room_id: ticket.room,
                host_name: room.host_name().to_owned(),
                locked: rules.locked,
                lobby: rules.lobby,
            },
            ice_servers: app.signaling.ice_servers(ticket.participant.as_str(), now),
            max_video_bitrate: room.max_video_bitrate(&ticket.participant),
            participant_id: ticket.participant,
            role: entry.role,
            resumed: entry.resumed,
            transports: entry.transports,
            producers: entry.producers,
            participants: entry.others,
            chat: room.chat(),
            raised_hands: room.raised_hands().to_vec(),
            knocks: room.knocks(entry.role),
            router_rtp_capabilities: router_capabilities(),
        }
    }

    fn take_place(&mut self, room: &SharedRoom, seat: Seat, resumed: bool) {
        let participant_id = &seat.participant_id;
        tracing::info!(
            %participant_id,
            connection = self.connection.0,
            resumed,
            "[ROOM] {participant_id} came in"
        );
        let app = self.app.clone();
        self.place = Some(Place { app, room: room.clone(), seat });
    }
}

/// Admission.
impl App {
    /// Finds out who wants to come in where. Whether they may is for the room's door to say.
    fn identify(&self, join: &Join, now: SystemTime) -> Result<Visitor, ErrorCode> {
        if join.protocol_version != PROTOCOL_VERSION {
            return Err(ErrorCode::ClientOld);
        }
        if self.shutdown.is_begun() {
            return Err(ErrorCode::ServerShutdown);
        }
        let (pass, ticket) = match (&join.resume_ticket, &join.token) {
            (Some(ticket), _) => {
                let ticket = self.invites.verify_ticket(ticket, now);
                (Pass::Ticket, ticket.map_err(|_| ErrorCode::TicketInvalid)?)
            }
            (None, Some(token)) => {
                let invite = self.invites.verify(token, now).map_err(|error| error.code())?;
                let name = checked_name(&join.display_name)?;
                (Pass::Invite, Ticket::of_invite(invite, name))
            }
            (None, None) => {
                let room = join.room_id.clone().ok_or(ErrorCode::BadRequest)?;
                let name = checked_name(&join.display_name)?;
                (Pass::BareId, newcomer(room, Role::Guest, name))
            }
        };
        if join.room_id.as_ref().is_some_and(|room_id| *room_id != ticket.room) {
            return Err(match pass {
                Pass::Ticket => ErrorCode::TicketInvalid,
                Pass::Invite | Pass::BareId => ErrorCode::InviteInvalid,
            });
        }
        let room = self.rooms.find(&ticket.room).ok_or(ErrorCode::RoomNotFound)?;
        Ok(Visitor { room, ticket, pass })
    }
}

impl Ticket {
    /// A new participant who comes by an invite.
    pub(crate) fn of_invite(invite: Invite, display_name: &str) -> Self {
        let invite_id = Some(invite.id);
        Self { invite_id, ..newcomer(invite.room, invite.role, display_name) }
    }
}

fn newcomer(room: RoomId, role: Role, display_name: &str) -> Ticket {
    let display_name = display_name.to_owned();
    let participant = random::participant_id();
    Ticket { room, participant, role, display_name, invite_id: None }
}

/// A join that can only fail again ends the connection.
fn refusal(code: ErrorCode) -> Refusal {
    use ErrorCode as E;

    match code {
        E::InviteInvalid
        | E::InviteExpired
        | E::InviteRevoked
        | E::InviteUsedUp
        | E::InviteRequired
        | E::TicketInvalid
        | E::ClientOld => Refusal::final_with(code, CloseCode::Unauthorized),
        E::Kicked => Refusal::final_with(code, CloseCode::Kicked),
        E::RoomNotFound => Refusal::final_with(code, CloseCode::RoomNotFound),
        E::RoomFull => Refusal::final_with(code, CloseCode::RoomFull),
        E::RoomLocked => Refusal::final_with(code, CloseCode::RoomLocked),
        E::ServerShutdown => Refusal::final_with(code, CloseCode::ServiceRestart),
        other => other.into(),
    }
}
