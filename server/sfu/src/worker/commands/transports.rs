//! Transports, and the descriptions that connect them.

use std::time::Instant;

use shared::{
    ids::{ConsumerId, ProducerId, RouterId, TransportId},
    signaling::Direction,
};

use super::{Outcome, sdp_error};
use crate::{
    command::{CommandError, CommandReply, Traffic},
    transport::{
        connection::Connection,
        ice::IceCredentials,
        publish::PublishLeg,
        receive::ReceiveLeg,
        sdp::{self, LineOutcome, LocalParameters, RemoteOffer},
    },
    worker::{
        Worker,
        schedule::Timer,
        table::{Leg, Transport},
    },
};

/// Transports of one worker: two for each of 10,000 participants.
pub(super) const MAX_TRANSPORTS: usize = 20_000;

impl Worker {
    pub(super) fn create_transport(
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
            traffic: Traffic::default(),
        });
        self.table.transport_keys.insert(transport_id, key);
        self.demux.insert_ufrag(ufrag, key);
        Ok(CommandReply::Done)
    }

    pub(super) fn close_transport_by_id(&mut self, transport_id: TransportId) -> Outcome {
        let key = self.transport_key(transport_id)?;
        let (producers, consumers) = self.close_transport(key);
        Ok(CommandReply::Closed { producers, consumers })
    }

    /// Ends a transport with all it carries, and returns what ended.
    pub(in crate::worker) fn close_transport(
        &mut self,
        key: usize,
    ) -> (Vec<ProducerId>, Vec<ConsumerId>) {
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
        transport.connection.ufrags().for_each(|ufrag| self.demux.remove_ufrag(ufrag));
        for path in transport.connection.paths() {
            self.close_path(*path, key);
        }
        self.schedule.set(Timer::Transport(key), None);
    }

    /// Begins a new ICE session on a transport, and says what our end of it is.
    pub(super) fn restart_ice(&mut self, transport_id: TransportId) -> Outcome {
        let key = self.transport_key(transport_id)?;
        let credentials = self.entropy.credentials(self.config.index);
        self.restart(key, credentials);
        Ok(CommandReply::Description(sdp::ice_lines(&self.local_parameters(key))))
    }

    fn restart(&mut self, key: usize, credentials: IceCredentials) {
        let ufrag = credentials.ufrag().to_owned();
        let transport = self.table.transports.get_mut(key);
        let transport = transport.expect("a key of the table has a transport");
        if let Some(forgotten) = transport.connection.restart(credentials) {
            self.demux.remove_ufrag(&forgotten);
        }
        self.demux.insert_ufrag(ufrag, key);
    }

    /// New credentials of ours when those of an offer are new (RFC 8839 section 4.4.1.1.1).
    fn credentials_if_restarted(
        &mut self,
        key: usize,
        remote: Option<&sdp::RemoteTransport>,
    ) -> Option<IceCredentials> {
        let connection = &self.table.transports.get(key)?.connection;
        let is_restart = connection.is_restarted_by(&remote?.ice.ufrag);
        is_restart.then(|| self.entropy.credentials(self.config.index))
    }

    pub(super) fn accept_offer(
        &mut self,
        now: Instant,
        transport_id: TransportId,
        sdp: &str,
    ) -> Outcome {
        let offer = RemoteOffer::parse(sdp).map_err(|error| sdp_error(&error))?;
        let key = self.transport_key(transport_id)?;
        let restart = self.credentials_if_restarted(key, offer.transport.as_ref());
        let mut local = self.local_parameters(key);
        if let Some(credentials) = &restart {
            local.ice = described(credentials);
        }
        let Some(leg) = self.table.publish_leg(key) else {
            return self.answer_viewer(now, key, offer);
        };
        let mut answer = leg.answerer.answer(&offer, &local).map_err(|error| sdp_error(&error))?;
        let sdp = std::mem::take(&mut answer.sdp);
        leg.apply(answer);
        if let Some(credentials) = restart {
            self.restart(key, credentials);
        }
        self.expect(now, key, offer.transport);
        Ok(CommandReply::Description(sdp))
    }

    pub(super) fn create_offer(&mut self, transport_id: TransportId) -> Outcome {
        let key = self.transport_key(transport_id)?;
        let local = self.local_parameters(key);
        let leg = self.table.receive_leg(key).filter(|leg| !leg.is_answering());
        let leg = leg.ok_or(CommandError::TransportState(transport_id))?;
        Ok(CommandReply::Description(leg.slots.offer(&local)))
    }

    pub(super) fn accept_answer(
        &mut self,
        now: Instant,
        transport_id: TransportId,
        sdp: &str,
    ) -> Outcome {
        let key = self.transport_key(transport_id)?;
        let leg = self.table.receive_leg(key);
        let leg = leg.ok_or(CommandError::TransportState(transport_id))?;
        let answer = leg.slots.accept_answer(sdp).map_err(|error| sdp_error(&error))?;
        leg.mix_extensions(answer.mixed_extensions);
        let outcomes = answer.lines.iter().map(|line| (leg.consumer_of(line.ssrc), line.outcome));
        let outcomes: Vec<_> = outcomes.filter_map(|(id, outcome)| Some((id?, outcome))).collect();
        let mut refused = Vec::new();
        for (consumer_id, outcome) in outcomes {
            match outcome {
                LineOutcome::Refused => {
                    self.close_consumer(consumer_id);
                    refused.push(consumer_id);
                }
                LineOutcome::Accepted { rtx, red, .. } => {
                    self.accept_streams(consumer_id, rtx, red);
                }
                LineOutcome::Inactive => {}
            }
        }
        self.expect(now, key, answer.transport);
        Ok(CommandReply::Answered { refused })
    }

    /// Takes the client's certificate fingerprint; its handshake may begin.
    pub(super) fn expect(
        &mut self,
        now: Instant,
        key: usize,
        remote: Option<sdp::RemoteTransport>,
    ) {
        let transport = self.table.transports.get_mut(key);
        let Some((transport, remote)) = transport.zip(remote) else { return };
        transport.connection.note_remote(&remote.ice.ufrag);
        let event = transport.connection.expect(now, remote.fingerprint, &mut self.outbox);
        self.settle(now, key, event);
    }

    pub(super) fn local_parameters(&self, key: usize) -> LocalParameters {
        let transport = self.table.transports.get(key).expect("a key of the table has a transport");
        LocalParameters {
            session_id: transport.session_id,
            ice: described(transport.connection.credentials()),
            fingerprint: self.config.identity.fingerprint(),
            candidates: self.config.candidates.clone(),
        }
    }
}

/// Credentials as a description has them.
fn described(credentials: &IceCredentials) -> sdp::IceCredentials {
    sdp::IceCredentials {
        ufrag: credentials.ufrag().to_owned(),
        pwd: credentials.password().to_owned(),
    }
}
