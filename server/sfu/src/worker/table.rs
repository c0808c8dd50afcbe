//! What lives on a worker: its routers and transports, and who publishes and receives what.

use std::time::Instant;

use shared::{
    ids::{ConsumerId, ProducerId, RouterId, TransportId},
    media::Source,
};
use slab::Slab;

use crate::{
    codec::Codec,
    command::Traffic,
    demux::Map,
    router::{ConsumerKey, ProducerKey, Router, TransportKey},
    transport::{connection::Connection, publish::PublishLeg, receive::ReceiveLeg},
};

/// Everything on one worker, by the ids of the shell.
#[derive(Default)]
pub(super) struct Table {
    pub(super) routers: Map<RouterId, Router>,
    pub(super) transports: Slab<Transport>,
    pub(super) transport_keys: Map<TransportId, usize>,
    pub(super) producers: Map<ProducerId, ProducerEntry>,
    pub(super) consumers: Map<ConsumerId, ConsumerEntry>,
}

/// One leg: its connection, and what goes over it.
pub(super) struct Transport {
    pub(super) id: TransportId,
    pub(super) router_id: RouterId,
    /// Session id of our descriptions.
    pub(super) session_id: u32,
    pub(super) connection: Connection,
    pub(super) leg: Leg,
    pub(super) traffic: Traffic,
}

/// What a transport is for.
pub(super) enum Leg {
    Publish(Box<PublishLeg>),
    Receive(Box<ReceiveLeg>),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ProducerEntry {
    pub(super) key: ProducerKey,
    pub(super) router_id: RouterId,
    pub(super) transport: usize,
    pub(super) codec: Codec,
    pub(super) source: Source,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ConsumerEntry {
    pub(super) key: ConsumerKey,
    pub(super) router_id: RouterId,
    pub(super) transport: usize,
    pub(super) source: Source,
    /// Whether its client has resumed it; it flows once the transport is connected, too.
    pub(super) wanted: bool,
}

impl Table {
    pub(super) fn publish_leg(&mut self, key: usize) -> Option<&mut PublishLeg> {
        self.transports.get_mut(key)?.publish_leg()
    }

    pub(super) fn receive_leg(&mut self, key: usize) -> Option<&mut ReceiveLeg> {
        self.transports.get_mut(key)?.receive_leg()
    }
}

impl Transport {
    pub(super) fn publish_leg(&mut self) -> Option<&mut PublishLeg> {
        match &mut self.leg {
            Leg::Publish(leg) => Some(leg),
            Leg::Receive(_) => None,
        }
    }

    pub(super) fn receive_leg(&mut self) -> Option<&mut ReceiveLeg> {
        match &mut self.leg {
            Leg::Receive(leg) => Some(leg),
            Leg::Publish(_) => None,
        }
    }

    pub(super) fn as_receive_leg(&self) -> Option<&ReceiveLeg> {
        match &self.leg {
            Leg::Receive(leg) => Some(leg),
            Leg::Publish(_) => None,
        }
    }

    pub(super) fn downlink_estimate(&self) -> Option<u64> {
        self.as_receive_leg()?.estimate()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let of_leg = match &self.leg {
            Leg::Publish(leg) => leg.poll_timeout(),
            Leg::Receive(leg) => leg.poll_timeout(),
        };
        self.connection.poll_timeout().into_iter().chain(of_leg).min()
    }
}

/// A transport's place in the table, as routers name it.
pub(super) fn router_key(key: usize) -> TransportKey {
    TransportKey(u32::try_from(key).expect("MAX_TRANSPORTS is far below 2^32"))
}

/// The place a router's name of a transport stands for.
pub(super) fn table_key(key: TransportKey) -> usize {
    key.0 as usize
}
