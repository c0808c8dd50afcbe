//! What a router's callers name things by, and what it answers.

use shared::{ids::ConsumerId, media::Layer};

use super::{Continuation, LostPackets, TransportKey, arena::Index};

/// One producer of one router. It stays valid for exactly as long as the producer lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProducerKey(pub(super) Index);

/// One consumer of one router. It stays valid for exactly as long as the consumer lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConsumerKey(pub(super) Index);

/// Why a router did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RouterError {
    /// The room has [`super::MAX_PRODUCERS`].
    #[error("the room has all the producers it can have")]
    TooManyProducers,
    /// The producer has [`super::MAX_CONSUMERS_PER_PRODUCER`], or the room [`super::MAX_CONSUMERS`].
    #[error("the producer or the room has all the consumers it can have")]
    TooManyConsumers,
    /// There is no such producer any more.
    #[error("the producer is gone")]
    UnknownProducer,
    /// There is no such consumer any more.
    #[error("the consumer is gone")]
    UnknownConsumer,
}

/// What a router wants of a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouterEvent {
    /// Send a picture loss indication.
    KeyFrame {
        /// The source.
        producer: ProducerKey,
        /// The publisher's transport.
        transport: TransportKey,
        /// Which of the source's streams.
        layer: u8,
    },
    /// Send a generic negative acknowledgement.
    Nack {
        /// The source.
        producer: ProducerKey,
        /// The publisher's transport.
        transport: TransportKey,
        /// Which of the source's streams.
        layer: u8,
        /// The packets.
        lost: LostPackets,
    },
    /// The publisher need send only these layers from now on.
    LayersWanted {
        /// The source.
        producer: ProducerKey,
        /// The layers, a bit each: the lowest for the smallest.
        layers: u8,
    },
    /// More is sent of a source than may be, and is not forwarded for now.
    LimitExceeded {
        /// The source.
        producer: ProducerKey,
    },
    /// Another layer is forwarded to a viewer now.
    ConsumerLayer {
        /// The viewer's receipt.
        consumer: ConsumerKey,
        /// The layer; none when nothing is.
        layer: Option<Layer>,
    },
    /// Protect the sound better, or less: tell of this loss in the reports.
    ListenerLoss {
        /// The source.
        producer: ProducerKey,
        /// The publisher's transport.
        transport: TransportKey,
        /// What is lost on the way to the listener that loses most, in 1/256.
        fraction_lost: u8,
    },
}

/// A consumer that ended with its producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedConsumer {
    /// Its key, which is no longer valid.
    pub key: ConsumerKey,
    /// Its name on the wire.
    pub id: ConsumerId,
    /// The transport it went out by.
    pub transport: TransportKey,
    /// Where its streams stand.
    pub continuation: Continuation,
}

/// Whether a router has more to forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarding {
    /// Ask again.
    More,
    /// Everything that was taken in has been forwarded.
    Idle,
}
