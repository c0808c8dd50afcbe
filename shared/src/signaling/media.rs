//! Transports, and what is sent and received on them.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ConsumerId, ParticipantId, ProducerId, TransportId},
    media::{MediaKind, SessionDescription, Source, Viewing},
};

/// Data of `createTransport`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateTransport {
    /// Which of the two.
    pub direction: Direction,
}

/// A transport's direction, seen from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The client publishes on it: the client offers.
    Send,
    /// The client receives on it: the server offers.
    Recv,
}

/// Data of `connectTransport`.
///
/// | transport | description | reply carries |
/// |---|---|---|
/// | send | the client's offer | the server's answer |
/// | recv | none | the server's offer |
/// | recv | the client's answer | nothing |
///
/// A new path (ICE restart, RFC 8445 section 9) begins, on a send transport, with an offer of new
/// credentials, and on a receive transport with [`Self::ice_restart`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectTransport {
    /// One of the participant's transports.
    pub transport_id: TransportId,
    /// The client's description, or none to ask for the server's offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<SessionDescription>,
    /// Without a description: the server's offer shall have new ICE credentials.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub ice_restart: bool,
}

/// Data of `produce`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Produce {
    /// The participant's send transport.
    pub transport_id: TransportId,
    /// The `mid` of the m-line (RFC 9143) in the last offer that was answered.
    pub mid: String,
    /// Where it comes from; one producer for each.
    pub source: Source,
    /// Whether it starts muted.
    #[serde(default)]
    pub paused: bool,
}

/// Names a producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProducerRef {
    /// The producer.
    pub producer_id: ProducerId,
}

/// Names a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerRef {
    /// The consumer.
    pub consumer_id: ConsumerId,
}

/// Data of `setPreferredLayers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetPreferredLayers {
    /// Those that changed: 1 to [`crate::limits::MAX_CONSUMERS_PER_PARTICIPANT`].
    pub consumers: Vec<PreferredLayers>,
}

/// What the client shows of one video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreferredLayers {
    /// One of the client's own consumers of a video.
    pub consumer_id: ConsumerId,
    /// How it is shown.
    #[serde(flatten)]
    pub viewing: Viewing,
}

/// Data of `setMaxBitrate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetMaxBitrate {
    /// Whom it limits; none: everyone in the room, and all who come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant_id: Option<ParticipantId>,
    /// Bits per second of one video source: [`crate::limits::MIN_VIDEO_BITRATE`] to
    /// [`crate::limits::MAX_VIDEO_BITRATE`].
    pub max_video_bitrate: u32,
}

/// Data of the reply to `createTransport`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransportCreated {
    /// The transport.
    pub transport_id: TransportId,
}

/// Data of the reply to `connectTransport`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransportConnected {
    /// The server's answer or offer, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<SessionDescription>,
    /// Consumers that ended because the client's answer refused their m-line: it cannot show
    /// their codec after all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_consumers: Vec<ConsumerId>,
}

/// Data of the reply to `consume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consumed {
    /// The new consumer, paused.
    pub consumer_id: ConsumerId,
    /// What it receives.
    pub producer_id: ProducerId,
    /// Sound or picture.
    pub kind: MediaKind,
    /// The `mid` of its m-line in the next offer of the server.
    pub mid: String,
}
