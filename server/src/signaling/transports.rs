//! Transports, and the session descriptions that connect them.

use std::time::Instant;

use sfu::command::{Command, CommandReply};
use shared::{
    error::ErrorCode,
    ids::{ConsumerId, RouterId, TransportId},
    media::{DescriptionKind, SessionDescription},
    signaling::{
        ConnectTransport, CreateTransport, Direction, Reply, TransportConnected, TransportCreated,
    },
};

use super::{
    media_code,
    session::{Answered, Place, Question, Refusal},
};
use crate::rooms::{MediaCommand, room::RouterSlot};

impl Place {
    /// Makes a transport; an earlier one of the same direction ends.
    pub(super) async fn create_transport(
        &self,
        question: Question,
        CreateTransport { direction }: CreateTransport,
    ) -> Result<Answered, Refusal> {
        let transport_id = self.open_transport(direction).await?;
        Ok(question.answer(Reply::CreateTransport(TransportCreated { transport_id })))
    }

    /// Makes a transport; an earlier one of the same direction ends.
    pub(crate) async fn open_transport(
        &self,
        direction: Direction,
    ) -> Result<TransportId, ErrorCode> {
        let rooms = &self.app.rooms;
        let transport_id = rooms.next_transport_id();
        let (replaced, slot) = {
            let mut room = self.room.lock();
            let replaced = room.add_transport(&self.seat, direction, transport_id)?;
            (replaced, rooms.router_of(&self.room, &mut room))
        };
        rooms.index_transport(transport_id, &self.room);
        self.app.carry_out(replaced).await;
        if let Err(code) = self.make_transport(&slot, direction, transport_id).await {
            self.room.lock().remove_transport(transport_id);
            rooms.forget_transport(transport_id);
            return Err(code);
        }
        tracing::info!(%transport_id, ?direction, "[TRANSPORT] {transport_id} created");
        if self.room.lock().has_transport(transport_id) {
            return Ok(transport_id);
        }
        // The place was taken over meanwhile, perhaps before the worker knew the transport.
        let command = Command::CloseTransport { transport_id };
        let router_id = slot.router_id;
        self.app.carry_out([MediaCommand { router_id, command }]).await;
        Err(ErrorCode::TransportNotFound)
    }

    async fn make_transport(
        &self,
        slot: &RouterSlot,
        direction: Direction,
        transport_id: TransportId,
    ) -> Result<(), ErrorCode> {
        let opened = self.app.open_router(slot).await;
        opened.map_err(|error| media_code(&error))?;
        let router_id = slot.router_id;
        let create = Command::CreateTransport { router_id, transport_id, direction };
        self.command(router_id, create).await.map(drop)
    }

    /// Carries a session description to the worker, and its own back.
    pub(super) async fn connect_transport(
        &self,
        question: Question,
        ConnectTransport { transport_id, description, ice_restart }: ConnectTransport,
    ) -> Result<Answered, Refusal> {
        let direction = self.room.lock().direction_of(&self.seat, transport_id)?;
        let connected = match (direction, description) {
            (Direction::Send, Some(SessionDescription { kind: DescriptionKind::Offer, sdp })) => {
                self.plan_offer(direction)?;
                let command = Command::AcceptOffer { transport_id, sdp };
                self.described(command, DescriptionKind::Answer).await?
            }
            (Direction::Recv, None) => {
                self.plan_offer(direction)?;
                if ice_restart {
                    self.media(Command::RestartIce { transport_id }).await?;
                }
                let command = Command::CreateOffer { transport_id };
                self.described(command, DescriptionKind::Offer).await?
            }
            (Direction::Recv, Some(SessionDescription { kind: DescriptionKind::Answer, sdp })) => {
                self.answered(Command::AcceptAnswer { transport_id, sdp }).await?
            }
            (Direction::Send, _) => {
                return Err(Refusal::bad_request("a send transport takes an offer"));
            }
            (Direction::Recv, Some(_)) => {
                return Err(Refusal::bad_request(
                    "a receive transport takes an answer, or nothing",
                ));
            }
        };
        Ok(question.answer(Reply::ConnectTransport(connected)))
    }

    /// Answers a client's offer on a send transport.
    pub(crate) async fn answer_offer(
        &self,
        transport_id: TransportId,
        sdp: String,
    ) -> Result<String, ErrorCode> {
        self.plan_offer(Direction::Send)?;
        self.description(Command::AcceptOffer { transport_id, sdp }).await
    }

    fn plan_offer(&self, direction: Direction) -> Result<(), ErrorCode> {
        self.room.lock().plan_offer(&self.seat, direction, Instant::now())
    }

    async fn described(
        &self,
        command: Command,
        kind: DescriptionKind,
    ) -> Result<TransportConnected, ErrorCode> {
        let sdp = self.description(command).await?;
        let description = Some(SessionDescription { kind, sdp });
        Ok(TransportConnected { description, ..TransportConnected::default() })
    }

    async fn description(&self, command: Command) -> Result<String, ErrorCode> {
        match self.media(command).await? {
            CommandReply::Description(sdp) => Ok(sdp),
            other => Err(unexpected(&other)),
        }
    }

    async fn answered(&self, command: Command) -> Result<TransportConnected, ErrorCode> {
        match self.media(command).await? {
            CommandReply::Answered { refused } => {
                self.forget_refused(&refused);
                Ok(TransportConnected { description: None, refused_consumers: refused })
            }
            other => Err(unexpected(&other)),
        }
    }

    fn forget_refused(&self, refused: &[ConsumerId]) {
        let mut room = self.room.lock();
        for consumer_id in refused {
            tracing::info!(%consumer_id, "[CONSUME] {consumer_id} refused by the client");
            room.remove_consumer(&self.seat, *consumer_id);
        }
    }

    /// Has the worker of the room's router do something.
    pub(super) async fn media(&self, command: Command) -> Result<CommandReply, ErrorCode> {
        self.app.command_in(&self.room, command).await
    }

    async fn command(
        &self,
        router_id: RouterId,
        command: Command,
    ) -> Result<CommandReply, ErrorCode> {
        let done = self.app.media.command(router_id, command).await;
        done.map_err(|error| media_code(&error))
    }
}

/// A worker answered one command as if it were another.
pub(super) fn unexpected(reply: &CommandReply) -> ErrorCode {
    let kind = std::mem::discriminant(reply);
    tracing::error!(?kind, "[TRANSPORT] a media worker gave the answer to another command");
    ErrorCode::Internal
}
