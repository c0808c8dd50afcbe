//! One function per command of the shell.
//!
//! | module | what it has |
//! |---|---|
//! | this one | the dispatch, rooms, routes, look-ups |
//! | `transports` | transports, and the descriptions that connect them |
//! | `media` | producers and consumers |
//! | `viewing` | viewers that made the offer (WHEP) |

mod media;
mod transports;
mod viewing;

use std::time::Instant;

use shared::ids::{ConsumerId, ProducerId, RouterId, TransportId};

use self::transports::MAX_TRANSPORTS;
use super::{
    Worker,
    schedule::Timer,
    table::{ConsumerEntry, ProducerEntry},
};
use crate::{
    command::{Command, CommandError, CommandReply, Path, WorkerIndex},
    demux::Destination,
    router::{Router, RouterError},
    transport::sdp::SdpError,
};

/// Rooms of one worker: far above what its processor can carry.
const MAX_ROUTERS: usize = 10_000;
/// Paths that other workers own: all their transports', eight workers at most.
const MAX_ROUTES: usize = 8 * MAX_TRANSPORTS;

type Outcome = Result<CommandReply, CommandError>;

impl Worker {
    pub(super) fn execute(&mut self, now: Instant, command: Command) -> Outcome {
        match command {
            Command::CreateRouter { router_id } => self.create_router(router_id),
            Command::CloseRouter { router_id } => self.close_router(router_id),
            Command::CreateTransport { router_id, transport_id, direction } => {
                self.create_transport(router_id, transport_id, direction)
            }
            Command::CloseTransport { transport_id } => self.close_transport_by_id(transport_id),
            Command::RestartIce { transport_id } => self.restart_ice(transport_id),
            Command::AcceptOffer { transport_id, sdp } => {
                self.accept_offer(now, transport_id, &sdp)
            }
            Command::CreateOffer { transport_id } => self.create_offer(transport_id),
            Command::AcceptAnswer { transport_id, sdp } => {
                self.accept_answer(now, transport_id, &sdp)
            }
            Command::Produce { transport_id, producer_id, mid, source, paused } => {
                self.produce(transport_id, producer_id, &mid, (source, paused))
            }
            Command::CloseProducer { producer_id } => self.close_producer_by_id(producer_id),
            Command::PauseProducer { producer_id } => self.pause_producer(producer_id),
            Command::ResumeProducer { producer_id } => self.resume_producer(now, producer_id),
            Command::SetMaxBitrate { producer_id, bitrate } => {
                self.set_max_bitrate(now, producer_id, bitrate)
            }
            Command::Consume { transport_id, consumer_id, producer_id, stream } => {
                self.consume(transport_id, consumer_id, producer_id, stream)
            }
            Command::Feed { transport_id, mid, consumer_id, producer_id } => {
                self.feed(now, transport_id, &mid, (consumer_id, producer_id))
            }
            Command::ResumeConsumer { consumer_id } => self.resume_consumer(now, consumer_id),
            Command::PauseConsumer { consumer_id } => self.pause_consumer(consumer_id),
            Command::SetPreferredLayers { consumers } => self.set_preferred_layers(now, &consumers),
            Command::CloseConsumer { consumer_id } => self.close_consumer_by_id(consumer_id),
            Command::MeasureRouter { router_id } => self.measure_router(router_id),
            Command::AddRoute { path, worker } => self.add_route(path, worker),
            Command::RemoveRoute { path, worker } => self.remove_route(path, worker),
        }
    }

    fn measure_router(&self, router_id: RouterId) -> Outcome {
        if !self.table.routers.contains_key(&router_id) {
            return Err(CommandError::RouterNotFound(router_id));
        }
        let transports = self.table.transports.iter().map(|(_, transport)| transport);
        let of_room = transports.filter(|transport| transport.router_id == router_id);
        let measured = of_room.map(|transport| (transport.id, transport.traffic)).collect();
        Ok(CommandReply::Measured(measured))
    }

    fn create_router(&mut self, router_id: RouterId) -> Outcome {
        if self.table.routers.contains_key(&router_id) {
            return Err(CommandError::IdTaken);
        }
        if self.table.routers.len() >= MAX_ROUTERS {
            return Err(CommandError::Full("rooms"));
        }
        self.table.routers.insert(router_id, Router::new(router_id));
        Ok(CommandReply::Done)
    }

    fn close_router(&mut self, router_id: RouterId) -> Outcome {
        if !self.table.routers.contains_key(&router_id) {
            return Err(CommandError::RouterNotFound(router_id));
        }
        let of_router = self.table.transports.iter();
        let of_router = of_router.filter(|(_, transport)| transport.router_id == router_id);
        let keys: Vec<usize> = of_router.map(|(key, _)| key).collect();
        for key in keys {
            self.close_transport(key);
        }
        self.table.routers.remove(&router_id);
        self.schedule.set(Timer::Router(router_id), None);
        Ok(CommandReply::Done)
    }

    fn add_route(&mut self, path: Path, worker: WorkerIndex) -> Outcome {
        if self.demux.len() >= MAX_ROUTES {
            return Err(CommandError::Full("routes"));
        }
        if let Some(Destination::Here(key)) = self.demux.open(path, Destination::Elsewhere(worker))
            && let Some(transport) = self.table.transports.get_mut(key)
        {
            transport.connection.forget(path);
        }
        Ok(CommandReply::Done)
    }

    fn remove_route(&mut self, path: Path, worker: WorkerIndex) -> Outcome {
        self.demux.close(path, Destination::Elsewhere(worker));
        Ok(CommandReply::Done)
    }

    fn transport_key(&self, id: TransportId) -> Result<usize, CommandError> {
        let key = self.table.transport_keys.get(&id).copied();
        key.ok_or(CommandError::TransportNotFound(id))
    }

    fn router_of(&self, key: usize) -> RouterId {
        let transport = self.table.transports.get(key);
        transport.expect("a key of the table has a transport").router_id
    }

    fn producer(&self, id: ProducerId) -> Result<ProducerEntry, CommandError> {
        self.table.producers.get(&id).copied().ok_or(CommandError::ProducerNotFound(id))
    }

    fn consumer(&self, id: ConsumerId) -> Result<ConsumerEntry, CommandError> {
        self.table.consumers.get(&id).copied().ok_or(CommandError::ConsumerNotFound(id))
    }
}

fn sdp_error(error: &SdpError) -> CommandError {
    CommandError::Sdp(error.to_string())
}

const fn router_error(error: &RouterError) -> CommandError {
    match error {
        RouterError::TooManyProducers => CommandError::Full("producers"),
        RouterError::TooManyConsumers => CommandError::Full("consumers"),
        RouterError::UnknownProducer => CommandError::Full("producers of this name"),
        RouterError::UnknownConsumer => CommandError::Full("consumers of this name"),
    }
}
