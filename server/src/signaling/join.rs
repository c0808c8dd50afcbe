//! Coming in: who may, as whom, and what they find.

use std::time::SystemTime;

use shared::{
    error::ErrorCode,
    limits,
    media::RtpCapabilities,
    signaling::{CloseCode, Join, Joined, PROTOCOL_VERSION, Reply, Role, RoomInfo},
};

use super::session::{Answered, Place, Question, Refusal, Session};
use crate::{
    App,
    invites::Ticket,
    random,
    rooms::{
        Admission, SharedRoom, checked_name,
        member::router_capabilities,
        room::{Arrival, Entrant, Entry, Room, Seat},
    },
};

impl Session {
    /// Takes the participant in and answers with a snapshot of the room.
    pub(super) async fn join(
        &mut self,
        question: Question,
        join: Join,
    ) -> Result<Answered, Refusal> {
        if self.place.is_some() {
            return Err(ErrorCode::AlreadyJoined.into());
        }
        let (room, ticket) = self.app.admit(&join, SystemTime::now()).map_err(refusal)?;
        let capabilities = join.rtp_capabilities;
        let seat = Seat { participant_id: ticket.participant.clone(), connection: self.connection };
        let app = self.app.clone();
        // Enters the room and answers, in one go: nothing that happens after the snapshot may be
        // told before it.
        let sit_down = |guard: &mut Room| {
            let entry = guard.enter(self.entrant(&ticket, capabilities))?;
            let Entry { resumed, others, discarded } = entry;
            let mut joined = self.joined(guard.host_name(), ticket);
            joined.resumed = resumed;
            joined.participants = others;
            joined.max_video_bitrate = guard.max_video_bitrate(&seat.participant_id);
            let answered = question.answer(Reply::Join(Box::new(joined)));
            guard.tell_speakers(&seat);
            Ok((answered, resumed, discarded))
        };
        let (answered, resumed, discarded) =
            app.bring_in(&room, sit_down).await.map_err(refusal)?;
        self.take_place(&room, seat, resumed);
        app.carry_out(discarded).await;
        Ok(answered)
    }

    fn entrant(&self, ticket: &Ticket, capabilities: RtpCapabilities) -> Entrant {
        Entrant {
            participant_id: ticket.participant.clone(),
            role: ticket.role,
            display_name: ticket.display_name.clone(),
            capabilities,
            connection: self.connection,
            arrival: Arrival::Socket { outbox: self.outbox.clone() },
        }
    }

    /// The snapshot but for the others.
    fn joined(&self, host_name: &str, ticket: Ticket) -> Joined {
        let now = SystemTime::now();
        let app = &self.app;
        let guest_token = app.invites.issue(&ticket.room, Role::Guest, now);
        Joined {
            resume_ticket: app.invites.issue_ticket(&ticket, now),
            room: RoomInfo {
                invite_link: Some(self.base.invite_link(&ticket.room, &guest_token)),
                room_id: ticket.room,
                host_name: host_name.to_owned(),
            },
            ice_servers: app.signaling.ice_servers(ticket.participant.as_str(), now),
            participant_id: ticket.participant,
            role: ticket.role,
            resumed: false,
            participants: Vec::new(),
            router_rtp_capabilities: router_capabilities(),
            max_video_bitrate: limits::DEFAULT_VIDEO_BITRATE,
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
    /// Decides who comes in where.
    fn admit(&self, join: &Join, now: SystemTime) -> Result<(SharedRoom, Ticket), ErrorCode> {
        if join.protocol_version != PROTOCOL_VERSION {
            return Err(ErrorCode::ClientOld);
        }
        if self.shutdown.is_begun() {
            return Err(ErrorCode::ServerShutdown);
        }
        let ticket = match (&join.resume_ticket, &join.token) {
            (Some(ticket), _) => {
                self.invites.verify_ticket(ticket, now).map_err(|_| ErrorCode::TicketInvalid)?
            }
            (None, Some(token)) => {
                let invite = self.invites.verify(token, now).map_err(|error| error.code())?;
                newcomer(join, invite.room, invite.role)?
            }
            (None, None) => {
                let room = join.room_id.clone().ok_or(ErrorCode::BadRequest)?;
                newcomer(join, room, Role::Guest)?
            }
        };
        if join.room_id.as_ref().is_some_and(|room_id| *room_id != ticket.room) {
            let has_ticket = join.resume_ticket.is_some();
            return Err(if has_ticket {
                ErrorCode::TicketInvalid
            } else {
                ErrorCode::InviteInvalid
            });
        }
        let room = self.rooms.find(&ticket.room).ok_or(ErrorCode::RoomNotFound)?;
        let is_bare = join.resume_ticket.is_none() && join.token.is_none();
        let admission = room.lock().admission();
        match admission {
            Admission::InviteOnly if is_bare => Err(ErrorCode::InviteRequired),
            Admission::InviteOnly | Admission::BareIdAllowed => Ok((room, ticket)),
        }
    }
}

/// A new participant with the name from the request.
fn newcomer(join: &Join, room: shared::ids::RoomId, role: Role) -> Result<Ticket, ErrorCode> {
    let display_name = checked_name(&join.display_name)?.to_owned();
    Ok(Ticket { room, participant: random::participant_id(), role, display_name })
}

/// A join that can only fail again ends the connection.
fn refusal(code: ErrorCode) -> Refusal {
    use ErrorCode as E;

    match code {
        E::InviteInvalid | E::InviteExpired | E::InviteRevoked | E::InviteRequired => {
            Refusal::final_with(code, CloseCode::Unauthorized)
        }
        E::TicketInvalid | E::ClientOld => Refusal::final_with(code, CloseCode::Unauthorized),
        E::RoomNotFound => Refusal::final_with(code, CloseCode::RoomNotFound),
        E::RoomFull => Refusal::final_with(code, CloseCode::RoomFull),
        E::ServerShutdown => Refusal::final_with(code, CloseCode::ServiceRestart),
        other => other.into(),
    }
}
