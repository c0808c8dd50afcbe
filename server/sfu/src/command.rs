//! What the shell tells a worker, what the worker answers, and what it reports.

use std::net::{IpAddr, SocketAddr};

use shared::{
    ids::{ConsumerId, ProducerId, RouterId, TransportId},
    media::{Layer, MediaKind, Source},
    signaling::{Direction, PreferredLayers},
};

use crate::codec::Codec;

/// A change the shell wants; [`crate::Worker::handle_command`] answers it at once.
///
/// Ids are chosen by the shell and never used twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Opens a room on this worker. Reply: [`CommandReply::Done`].
    CreateRouter {
        /// The new router.
        router_id: RouterId,
    },
    /// Ends a room with everything in it. Reply: [`CommandReply::Done`].
    CloseRouter {
        /// The router.
        router_id: RouterId,
    },
    /// Makes a leg; it has [`crate::JOIN_DEADLINE`] to connect once it has a remote description.
    /// Reply: [`CommandReply::Done`].
    CreateTransport {
        /// The room it belongs to.
        router_id: RouterId,
        /// The new transport.
        transport_id: TransportId,
        /// Seen from the client: [`Direction::Send`] publishes.
        direction: Direction,
    },
    /// Ends a leg with its producers and consumers. Reply: [`CommandReply::Closed`].
    CloseTransport {
        /// The transport.
        transport_id: TransportId,
    },
    /// Begins a new ICE session on a transport, whose DTLS and SRTP go on: from now on descriptions
    /// have new credentials; the old ones count until the client has nominated with the new ones.
    /// Reply: [`CommandReply::Description`], the lines of it that are about ICE.
    RestartIce {
        /// The transport.
        transport_id: TransportId,
    },
    /// Takes the client's offer. Reply: [`CommandReply::Description`], our answer.
    ///
    /// On a receive transport that nothing was done with yet it is the only one there ever is, and
    /// its m-lines are filled with [`Command::Feed`].
    AcceptOffer {
        /// A transport of direction [`Direction::Send`], or of a client that receives by WHEP.
        transport_id: TransportId,
        /// SDP text.
        sdp: String,
    },
    /// Makes our offer on a receive transport, with an m-line for each of its consumers.
    /// Reply: [`CommandReply::Description`].
    CreateOffer {
        /// A transport of direction [`Direction::Recv`].
        transport_id: TransportId,
    },
    /// Takes the client's answer to our last offer. Reply: [`CommandReply::Answered`].
    AcceptAnswer {
        /// A transport of direction [`Direction::Recv`].
        transport_id: TransportId,
        /// SDP text.
        sdp: String,
    },
    /// Publishes what an m-line carries. Reply: [`CommandReply::Produced`].
    Produce {
        /// A transport of direction [`Direction::Send`] whose offer has been answered.
        transport_id: TransportId,
        /// The new producer.
        producer_id: ProducerId,
        /// The m-line.
        mid: String,
        /// Where it comes from.
        source: Source,
        /// Whether it starts muted.
        paused: bool,
    },
    /// Ends a producer and its consumers. Reply: [`CommandReply::Closed`].
    CloseProducer {
        /// The producer.
        producer_id: ProducerId,
    },
    /// Forwards nothing of a producer for now. Reply: [`CommandReply::Done`].
    PauseProducer {
        /// The producer.
        producer_id: ProducerId,
    },
    /// Forwards a producer again; video from a new key frame on. Reply: [`CommandReply::Done`].
    ResumeProducer {
        /// The producer.
        producer_id: ProducerId,
    },
    /// Holds a video to a bit rate from now on: while more of it comes, nothing of it is forwarded.
    /// Its client is told, too (REMB). Reply: [`CommandReply::Done`].
    SetMaxBitrate {
        /// The producer.
        producer_id: ProducerId,
        /// Bits per second.
        bitrate: u32,
    },
    /// Adds a consumer, paused. Reply: [`CommandReply::Consumed`].
    Consume {
        /// A transport of direction [`Direction::Recv`].
        transport_id: TransportId,
        /// The new consumer.
        consumer_id: ConsumerId,
        /// What it receives, in the same room.
        producer_id: ProducerId,
        /// Groups the tracks of one publisher for the client (`msid`, RFC 8830) and names their
        /// common clock (CNAME, RFC 3550 section 6.5.1): the publisher's participant id, in RFC
        /// 4566 token characters.
        stream: String,
    },
    /// Gives an m-line of a client that made the offer to a new consumer, which flows at once; the
    /// one before it ends. The client sees one stream go on. Reply: [`CommandReply::Consumed`].
    Feed {
        /// A transport of direction [`Direction::Recv`] whose offer was the client's.
        transport_id: TransportId,
        /// The m-line.
        mid: String,
        /// The new consumer.
        consumer_id: ConsumerId,
        /// What it receives, in the same room.
        producer_id: ProducerId,
    },
    /// Starts a consumer's flow; video from a new key frame on. Reply: [`CommandReply::Done`].
    ResumeConsumer {
        /// The consumer.
        consumer_id: ConsumerId,
    },
    /// Stops a consumer's flow for now. Reply: [`CommandReply::Done`].
    PauseConsumer {
        /// The consumer.
        consumer_id: ConsumerId,
    },
    /// Takes what a viewer shows of its videos, which decides the layers it is sent. A consumer that
    /// is gone is left out. Reply: [`CommandReply::Done`].
    SetPreferredLayers {
        /// Consumers of one client, and what can be seen of them.
        consumers: Vec<PreferredLayers>,
    },
    /// Ends a consumer. Reply: [`CommandReply::Done`].
    CloseConsumer {
        /// The consumer.
        consumer_id: ConsumerId,
    },
    /// Asks how much the transports of a room have carried. Reply: [`CommandReply::Measured`].
    MeasureRouter {
        /// The room.
        router_id: RouterId,
    },
    /// Tells that `source` authenticated itself with another worker, which from now on takes its
    /// datagrams. Reply: [`CommandReply::Done`].
    AddRoute {
        /// The client's address as seen here, and ours that it sends to.
        path: Path,
        /// The worker that owns its transport.
        worker: WorkerIndex,
    },
    /// Takes [`Command::AddRoute`] back, unless the path is another worker's by now. Reply:
    /// [`CommandReply::Done`].
    RemoveRoute {
        /// The pair of addresses.
        path: Path,
        /// The worker it belonged to.
        worker: WorkerIndex,
    },
}

/// The answer to a [`Command`] that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandReply {
    /// There is nothing to add.
    Done,
    /// SDP text: our offer or our answer.
    Description(String),
    /// The answer was taken; these consumers were refused by the client and are closed.
    Answered {
        /// Consumers whose m-line the client rejected: it has no codec for them.
        refused: Vec<ConsumerId>,
    },
    /// The producer exists.
    Produced {
        /// What it sends.
        codec: Codec,
    },
    /// The consumer exists, paused.
    Consumed {
        /// The m-line of its track in our next offer.
        mid: String,
        /// Sound or picture.
        kind: MediaKind,
    },
    /// How much each transport of the room has carried.
    Measured(Vec<(TransportId, Traffic)>),
    /// What ended.
    Closed {
        /// Producers that ended.
        producers: Vec<ProducerId>,
        /// Consumers that ended, of any participant of the room.
        consumers: Vec<ConsumerId>,
    },
}

/// How much media a transport has carried since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes of the datagrams with media that came from the client.
    pub received: u64,
    /// Bytes of those that were sent to the client.
    pub sent: u64,
}

/// Why a [`Command`] was not done; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No such router on this worker.
    #[error("{0} is not on this worker")]
    RouterNotFound(RouterId),
    /// No such transport on this worker.
    #[error("{0} is not on this worker")]
    TransportNotFound(TransportId),
    /// No such producer in the room.
    #[error("{0} is not in this room")]
    ProducerNotFound(ProducerId),
    /// No such consumer on this worker.
    #[error("{0} is not on this worker")]
    ConsumerNotFound(ConsumerId),
    /// An id was used before.
    #[error("the id is taken")]
    IdTaken,
    /// The transport's direction or state does not allow this.
    #[error("{0} is not ready for this")]
    TransportState(TransportId),
    /// The session description cannot be used.
    #[error("the session description cannot be used: {0}")]
    Sdp(String),
    /// No m-line of that `mid` was answered, or it carries another kind.
    #[error("no m-line of this mid and kind has been negotiated")]
    UnknownMid,
    /// The m-line's codec is none of ours.
    #[error("no common codec")]
    NoCodec,
    /// A bound was reached.
    #[error("no room for more {0}")]
    Full(&'static str),
    /// Randomness or cryptography failed.
    #[error("cryptography failed: {0}")]
    Crypto(String),
}

/// What a worker reports of its own accord.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// ICE and DTLS are done: media flows.
    TransportConnected {
        /// Which.
        transport_id: TransportId,
    },
    /// The transport has ended, with its producers and consumers.
    TransportFailed {
        /// Which.
        transport_id: TransportId,
        /// Why.
        reason: TransportFailure,
        /// Producers that ended with it.
        producers: Vec<ProducerId>,
        /// Consumers that ended with it, of any participant of the room.
        consumers: Vec<ConsumerId>,
    },
    /// The publisher need send no other layers of a video than these, until this is said again.
    LayersWanted {
        /// The room.
        router_id: RouterId,
        /// The video.
        producer_id: ProducerId,
        /// Its spatial layers that somebody receives, 0 the smallest; empty when nobody does.
        layers: Vec<u8>,
    },
    /// More is sent of a video than [`Command::SetMaxBitrate`] lets, and is not forwarded for now; said
    /// at most every five seconds.
    LimitExceeded {
        /// The room.
        router_id: RouterId,
        /// The video.
        producer_id: ProducerId,
    },
    /// Another layer of a video is forwarded now than before.
    ConsumerLayer {
        /// The room.
        router_id: RouterId,
        /// The viewer's receipt.
        consumer_id: ConsumerId,
        /// The layer; none while nothing is forwarded.
        layer: Option<Layer>,
    },
    /// Who speaks in a room has changed; said at most four times a second.
    ActiveSpeakers {
        /// The room.
        router_id: RouterId,
        /// Microphones, the loudest first; empty when it is quiet.
        producers: Vec<ProducerId>,
    },
    /// A client's address authenticated itself: the other workers shall send its datagrams here.
    /// It is said again every ten seconds of the address in use, so that a route that was lost heals.
    PathOpened {
        /// The pair of addresses.
        path: Path,
    },
    /// The address is no transport's any more.
    PathClosed {
        /// The pair of addresses.
        path: Path,
    },
}

/// Why a transport ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransportFailure {
    /// Not connected within [`crate::JOIN_DEADLINE`]: no authenticated STUN ever came.
    NoPath,
    /// STUN came, but DTLS did not complete in time.
    HandshakeTimeout,
    /// DTLS failed: another certificate than signaled, or no common parameters.
    HandshakeFailed,
    /// The client has been silent for [`crate::CONSENT_TIMEOUT`].
    ConsentExpired,
    /// The client ended the DTLS association.
    ClosedByPeer,
}

/// A client's address and the one of ours it talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// The client's address as we see it.
    pub remote: SocketAddr,
    /// Our address, when the shell knows it.
    pub local: Option<IpAddr>,
    /// What carries the datagrams between the two.
    pub protocol: Protocol,
}

/// What carries datagrams; to everything above they are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// One by one.
    Udp,
    /// Framed on a connection the client made (RFC 6544, RFC 4571).
    Tcp,
}

/// A worker's place among the workers of the process, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerIndex(pub u8);

/// What became of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It was this worker's, or nobody's.
    Consumed,
    /// It is another worker's: hand it over.
    Elsewhere(WorkerIndex),
}

/// What the shell shall do next.
#[derive(Debug)]
pub enum Output<'a> {
    /// Send this.
    Transmit(Transmit<'a>),
    /// Act on this.
    Event(Event),
}

/// Datagrams to one destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// Where to, and from which of our addresses.
    pub path: Path,
    /// The bytes of all datagrams, back to back.
    pub contents: &'a [u8],
    /// Bytes of each datagram but the last, which may be shorter; none when there is only one.
    pub segment_size: Option<usize>,
}
