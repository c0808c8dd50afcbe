//! One function per command of the shell.

use std::time::Instant;

use shared::{
    ids::{ConsumerId, ProducerId, RouterId, TransportId},
    media::{MediaKind, Source},
    signaling::Direction,
};

use super::{
    Worker,
    schedule::Timer,
    table::{ConsumerEntry, Leg, ProducerEntry, Transport, router_key},
};
use crate::{
    command::{Command, CommandError, CommandReply, Path, WorkerIndex},
    demux::Destination,
    router::{ConsumerOptions, ProducerOptions, Router, RouterError},
    transport::{
        connection::Connection,
        ice::IceCredentials,
        publish::{BindError, PublishLeg},
        receive::ReceiveLeg,
        sdp::{self, LineOutcome, LocalParameters, RemoteOffer, SdpError},
    },
};

/// Rooms of one worker: far above what its processor can carry.
const MAX_ROUTERS: usize = 10_000;
/// Transports of one worker: two for each of 10,000 participants.
const MAX_TRANSPORTS: usize = 20_000;
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
            Command::Consume { transport_id, consumer_id, producer_id, stream } => {
                self.consume(transport_id, consumer_id, producer_id, stream)
            }
            Command::ResumeConsumer { consumer_id } => self.resume_consumer(now, consumer_id),
            Command::PauseConsumer { consumer_id } => self.pause_consumer(consumer_id),
            Command::CloseConsumer { consumer_id } => self.close_consumer_by_id(consumer_id),
            Command::AddRoute { path, worker } => self.add_route(path, worker),
            Command::RemoveRoute { path } => self.remove_route(path),
        }
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

    fn create_transport(
        &mut self,
        router_id: RouterId,
        transport_id: TransportId,
        direction: Direction,
    ) -> Outcome {
        if !self.table.routers.contains_key(&router_id) {
            return Err(CommandError::RouterNotFound(router_id));
        }
        if self.table.transport_keys.contains_key(&transport_id) {
            return Err(CommandError::IdTaken);
        }
        if self.table.transports.len() >= MAX_TRANSPORTS {
            return Err(CommandError::Full("transports"));
        }
        let credentials = self.entropy.credentials(self.config.index);
        let leg = match direction {
            Direction::Send => Leg::Publish(Box::new(PublishLeg::new(self.entropy.number()))),
            Direction::Recv => Leg::Receive(Box::new(ReceiveLeg::new(self.entropy.number()))),
        };
        let ufrag = credentials.ufrag().to_owned();
        let connection = Connection::new(transport_id, credentials, &self.config.identity)
            .map_err(|error| CommandError::Crypto(error.to_string()))?;
        let key = self.table.transports.insert(Transport {
            id: transport_id,
            router_id,
            session_id: self.entropy.number(),
            connection,
            leg,
        });
        self.table.transport_keys.insert(transport_id, key);
        self.demux.insert_ufrag(ufrag, key);
        Ok(CommandReply::Done)
    }

    fn close_transport_by_id(&mut self, transport_id: TransportId) -> Outcome {
        let key = self.transport_key(transport_id)?;
        let (producers, consumers) = self.close_transport(key);
        Ok(CommandReply::Closed { producers, consumers })
    }

    /// Ends a transport with all it carries, and returns what ended.
    pub(super) fn close_transport(&mut self, key: usize) -> (Vec<ProducerId>, Vec<ConsumerId>) {
        let mut producers: Vec<_> = self.table.producers.iter().collect();
        producers.retain(|(_, entry)| entry.transport == key);
        let mut producers: Vec<ProducerId> = producers.into_iter().map(|(id, _)| *id).collect();
        producers.sort_unstable();
        let mut consumers: Vec<ConsumerId> = match self.table.receive_leg(key) {
            Some(leg) => leg.consumers().collect(),
            None => Vec::new(),
        };
        for consumer_id in &consumers {
            self.close_consumer(*consumer_id);
        }
        for producer_id in &producers {
            consumers.extend(self.close_producer(*producer_id));
        }
        self.forget_transport(key);
        (producers, consumers)
    }

    fn forget_transport(&mut self, key: usize) {
        let Some(transport) = self.table.transports.try_remove(key) else { return };
        self.table.transport_keys.remove(&transport.id);
        self.demux.remove_ufrag(transport.connection.credentials().ufrag());
        for path in transport.connection.paths() {
            self.close_path(*path, key);
        }
        self.schedule.set(Timer::Transport(key), None);
    }

    fn accept_offer(&mut self, now: Instant, transport_id: TransportId, sdp: &str) -> Outcome {
        let offer = RemoteOffer::parse(sdp).map_err(|error| sdp_error(&error))?.without_layers();
        let key = self.transport_key(transport_id)?;
        let local = self.local_parameters(key)?;
        let Some(leg) = self.table.publish_leg(key) else {
            return Err(CommandError::TransportState(transport_id));
        };
        let mut answer = leg.answerer.answer(&offer, &local).map_err(|error| sdp_error(&error))?;
        let sdp = std::mem::take(&mut answer.sdp);
        leg.apply(answer);
        self.expect(now, key, offer.transport);
        Ok(CommandReply::Description(sdp))
    }

    fn create_offer(&mut self, transport_id: TransportId) -> Outcome {
        let key = self.transport_key(transport_id)?;
        let local = self.local_parameters(key)?;
        let leg = self.table.receive_leg(key);
        let leg = leg.ok_or(CommandError::TransportState(transport_id))?;
        Ok(CommandReply::Description(leg.slots.offer(&local)))
    }

    fn accept_answer(&mut self, now: Instant, transport_id: TransportId, sdp: &str) -> Outcome {
        let key = self.transport_key(transport_id)?;
        let leg = self.table.receive_leg(key);
        let leg = leg.ok_or(CommandError::TransportState(transport_id))?;
        let answer = leg.slots.accept_answer(sdp).map_err(|error| sdp_error(&error))?;
        let refused = answer.lines.iter().filter(|line| line.outcome == LineOutcome::Refused);
        let refused: Vec<_> = refused.filter_map(|line| leg.consumer_of(line.ssrc)).collect();
        for consumer_id in &refused {
            self.close_consumer(*consumer_id);
        }
        self.expect(now, key, answer.transport);
        Ok(CommandReply::Answered { refused })
    }

    /// Takes the client's certificate fingerprint; its handshake may begin.
    fn expect(&mut self, now: Instant, key: usize, remote: Option<sdp::RemoteTransport>) {
        let transport = self.table.transports.get_mut(key);
        let Some((transport, remote)) = transport.zip(remote) else { return };
        let event = transport.connection.expect(now, remote.fingerprint, &mut self.outbox);
        self.settle(now, key, event);
    }

    fn local_parameters(&self, key: usize) -> Result<LocalParameters, CommandError> {
        let transport = self.table.transports.get(key).expect("a key of the table has a transport");
        let ice: &IceCredentials = transport.connection.credentials();
        Ok(LocalParameters {
            session_id: transport.session_id,
            ice: sdp::IceCredentials {
                ufrag: ice.ufrag().to_owned(),
                pwd: ice.password().to_owned(),
            },
            fingerprint: self.config.identity.fingerprint(),
            candidates: self.config.candidates.clone(),
        })
    }

    fn produce(
        &mut self,
        transport_id: TransportId,
        producer_id: ProducerId,
        mid: &str,
        (source, paused): (Source, bool),
    ) -> Outcome {
        let transport = self.transport_key(transport_id)?;
        if self.table.producers.contains_key(&producer_id) {
            return Err(CommandError::IdTaken);
        }
        let router_id = self.router_of(transport)?;
        let Some(leg) = self.table.publish_leg(transport) else {
            return Err(CommandError::TransportState(transport_id));
        };
        let codec = leg.codec_of(mid, source.kind()).map_err(bind_error)?;
        let router = self.table.routers.get_mut(&router_id);
        let router = router.ok_or(CommandError::RouterNotFound(router_id))?;
        let options = ProducerOptions { id: producer_id, transport: router_key(transport), codec };
        let key = router.add_producer(options).map_err(|error| router_error(&error))?;
        if paused {
            router.pause_producer(key).map_err(|error| router_error(&error))?;
        }
        if let Some(leg) = self.table.publish_leg(transport) {
            leg.bind(mid, key, codec);
        }
        let entry = ProducerEntry { key, router_id, transport, codec };
        self.table.producers.insert(producer_id, entry);
        Ok(CommandReply::Produced { codec })
    }

    fn close_producer_by_id(&mut self, producer_id: ProducerId) -> Outcome {
        self.producer(producer_id)?;
        let consumers = self.close_producer(producer_id);
        Ok(CommandReply::Closed { producers: vec![producer_id], consumers })
    }

    /// Ends a producer and the consumers of it, which are returned.
    fn close_producer(&mut self, producer_id: ProducerId) -> Vec<ConsumerId> {
        let Some(entry) = self.table.producers.remove(&producer_id) else { return Vec::new() };
        if let Some(leg) = self.table.publish_leg(entry.transport) {
            leg.unbind(entry.key);
        }
        let closed =
            self.with_router(entry.router_id, |router, _| router.remove_producer(entry.key));
        let mut consumers = Vec::new();
        for consumer in closed.into_iter().flatten() {
            let entry = self.table.consumers.remove(&consumer.id);
            if let Some(leg) = entry.and_then(|entry| self.table.receive_leg(entry.transport)) {
                leg.remove(consumer.id);
            }
            consumers.push(consumer.id);
        }
        consumers
    }

    fn pause_producer(&mut self, producer_id: ProducerId) -> Outcome {
        let entry = self.producer(producer_id)?;
        self.with_router(entry.router_id, |router, _| router.pause_producer(entry.key));
        Ok(CommandReply::Done)
    }

    fn resume_producer(&mut self, now: Instant, producer_id: ProducerId) -> Outcome {
        let entry = self.producer(producer_id)?;
        self.with_router(entry.router_id, |router, _| router.resume_producer(now, entry.key));
        Ok(CommandReply::Done)
    }

    fn consume(
        &mut self,
        transport_id: TransportId,
        consumer_id: ConsumerId,
        producer_id: ProducerId,
        stream: String,
    ) -> Outcome {
        let transport = self.transport_key(transport_id)?;
        if self.table.consumers.contains_key(&consumer_id) {
            return Err(CommandError::IdTaken);
        }
        let router_id = self.router_of(transport)?;
        let producer = self.producer(producer_id)?;
        if producer.router_id != router_id {
            return Err(CommandError::ProducerNotFound(producer_id));
        }
        let leg = self.table.receive_leg(transport);
        let leg = leg.ok_or(CommandError::TransportState(transport_id))?;
        let track = leg
            .add(consumer_id, producer.codec, stream, producer_id.to_string())
            .map_err(|error| sdp_error(&error))?;
        let options = ConsumerOptions {
            id: consumer_id,
            producer: producer.key,
            transport: router_key(transport),
            ssrc: track.ssrc,
            rtx_ssrc: track.rtx_ssrc,
        };
        let router = self.table.routers.get_mut(&router_id);
        let added = router.map(|router| router.add_consumer(options));
        let key = match added {
            Some(Ok(key)) => key,
            Some(Err(error)) => {
                self.table
                    .receive_leg(transport)
                    .into_iter()
                    .for_each(|leg| leg.remove(consumer_id));
                return Err(router_error(&error));
            }
            None => return Err(CommandError::RouterNotFound(router_id)),
        };
        let entry = ConsumerEntry { key, router_id, transport, wanted: false };
        self.table.consumers.insert(consumer_id, entry);
        let kind = if producer.codec.is_video() { MediaKind::Video } else { MediaKind::Audio };
        Ok(CommandReply::Consumed { mid: track.mid.as_str().to_owned(), kind })
    }

    fn resume_consumer(&mut self, now: Instant, consumer_id: ConsumerId) -> Outcome {
        let transport = self.want(consumer_id, true)?.transport;
        self.start_wanted(now, transport, Some(consumer_id));
        Ok(CommandReply::Done)
    }

    fn pause_consumer(&mut self, consumer_id: ConsumerId) -> Outcome {
        let entry = self.want(consumer_id, false)?;
        self.with_router(entry.router_id, |router, _| router.pause_consumer(entry.key));
        Ok(CommandReply::Done)
    }

    /// Notes whether the viewer wants a consumer's flow.
    fn want(&mut self, id: ConsumerId, wanted: bool) -> Result<ConsumerEntry, CommandError> {
        let entry = self.table.consumers.get_mut(&id).ok_or(CommandError::ConsumerNotFound(id))?;
        entry.wanted = wanted;
        Ok(*entry)
    }

    /// Starts the consumers of a transport that its client wants, or `only` one of them, once it is
    /// connected: earlier, the key frame they start at would be sent into the void.
    pub(super) fn start_wanted(&mut self, now: Instant, key: usize, only: Option<ConsumerId>) {
        let Some(transport) = self.table.transports.get_mut(key) else { return };
        if !transport.connection.is_connected() {
            return;
        }
        let Some(leg) = transport.receive_leg() else { return };
        let consumers = leg.consumers().filter(|id| only.is_none_or(|only| only == *id));
        for consumer_id in consumers.collect::<Vec<_>>() {
            let entry = self.table.consumers.get(&consumer_id).copied();
            if let Some(entry) = entry.filter(|entry| entry.wanted) {
                self.with_router(entry.router_id, |router, _| {
                    router.resume_consumer(now, entry.key)
                });
            }
        }
    }

    fn close_consumer_by_id(&mut self, consumer_id: ConsumerId) -> Outcome {
        self.consumer(consumer_id)?;
        self.close_consumer(consumer_id);
        Ok(CommandReply::Done)
    }

    fn close_consumer(&mut self, consumer_id: ConsumerId) {
        let Some(entry) = self.table.consumers.remove(&consumer_id) else { return };
        self.with_router(entry.router_id, |router, _| router.remove_consumer(entry.key));
        if let Some(leg) = self.table.receive_leg(entry.transport) {
            leg.remove(consumer_id);
        }
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

    fn remove_route(&mut self, path: Path) -> Outcome {
        if let Some(route @ Destination::Elsewhere(_)) = self.demux.destination(path) {
            self.demux.close(path, route);
        }
        Ok(CommandReply::Done)
    }

    fn transport_key(&self, id: TransportId) -> Result<usize, CommandError> {
        let key = self.table.transport_keys.get(&id).copied();
        key.ok_or(CommandError::TransportNotFound(id))
    }

    fn router_of(&self, key: usize) -> Result<RouterId, CommandError> {
        let transport = self.table.transports.get(key);
        Ok(transport.expect("a key of the table has a transport").router_id)
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

const fn bind_error(error: BindError) -> CommandError {
    match error {
        BindError::UnknownMid => CommandError::UnknownMid,
        BindError::NoCodec => CommandError::NoCodec,
    }
}

const fn router_error(error: &RouterError) -> CommandError {
    match error {
        RouterError::TooManyProducers => CommandError::Full("producers"),
        RouterError::TooManyConsumers => CommandError::Full("consumers"),
        RouterError::UnknownProducer => CommandError::Full("producers of this name"),
        RouterError::UnknownConsumer => CommandError::Full("consumers of this name"),
    }
}
