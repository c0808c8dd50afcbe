//! What the server tells of its own accord.

use serde::{Deserialize, Serialize};

use super::{
    Admitted, AskedToUnmute, ChatMessage, HandsRaised, HostPresent, InviteLinkChanged, Knock,
    KnockRef, MutedBy, Participant, Presence, Producer, ProducerRef, Reacted, RoleChanged,
    RoomChanged, StoppedBy,
};
use crate::{
    error::ErrorCode,
    ids::{ConsumerId, ParticipantId, ProducerId, TransportId},
    media::Layer,
};

/// News: `{"event": "peerJoined", "data": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "camelCase")]
pub enum Event {
    /// Someone came in, or came back with new media state.
    PeerJoined(Participant),
    /// Someone's connection was lost, or found again.
    PeerPresence(PeerPresence),
    /// Someone is gone for good.
    PeerLeft(PeerLeft),
    /// Someone publishes something new.
    NewProducer(NewProducer),
    /// A producer ended, and with it the consumers of it.
    ProducerClosed(ProducerRef),
    /// A producer was muted.
    ProducerPaused(ProducerRef),
    /// A producer is live again.
    ProducerResumed(ProducerRef),
    /// Media never connected, or was lost: make the transport anew.
    TransportFailed(TransportFailed),
    /// How much the client may send of a video has changed.
    MaxBitrate(MaxBitrate),
    /// More is sent of one of the client's own videos than may be, and is not forwarded for now.
    LimitExceeded(LimitExceeded),
    /// Which layers of one of the client's own videos somebody receives.
    LayersWanted(LayersWanted),
    /// What the client is sent of a video from now on.
    ConsumerLayer(ConsumerLayer),
    /// Who speaks.
    ActiveSpeakers(ActiveSpeakers),
    /// Someone wrote to everyone; also told to who did.
    ChatMessage(ChatMessage),
    /// Whose hands are up has changed.
    HandsRaised(HandsRaised),
    /// Someone shows a reaction; also told to who does.
    Reaction(Reacted),
    /// The room was locked, opened, or its lobby changed.
    RoomChanged(RoomChanged),
    /// The link that lets guests in is another one.
    InviteLinkChanged(InviteLinkChanged),
    /// One's own microphone or camera was paused by a host.
    MutedBy(MutedBy),
    /// One's own screen share was ended by a host.
    StoppedBy(StoppedBy),
    /// A host would like to hear one.
    AskedToUnmute(AskedToUnmute),
    /// Someone may do more now, or less.
    RoleChanged(RoleChanged),
    /// Someone waits to be let in; for those who may admit.
    Knock(Knock),
    /// They wait no more; for those who may admit.
    KnockGone(KnockRef),
    /// One may come in, after one knocked.
    Admitted(Admitted),
    /// Someone who may admit came, or the last of them went; for those who wait.
    HostPresent(HostPresent),
    /// Nobody's media reaches the server; for hosts and co-hosts.
    MediaUnreachable(MediaUnreachable),
    /// The server is about to stop; the client reconnects by itself.
    ServerShutdown,
}

/// Data of `peerPresence`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerPresence {
    /// Who.
    pub participant_id: ParticipantId,
    /// Here or not.
    pub presence: Presence,
}

/// Data of `peerLeft`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerLeft {
    /// Who.
    pub participant_id: ParticipantId,
}

/// Data of `newProducer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewProducer {
    /// Whose.
    pub participant_id: ParticipantId,
    /// What.
    #[serde(flatten)]
    pub producer: Producer,
}

/// Data of `transportFailed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransportFailed {
    /// Which.
    pub transport_id: TransportId,
    /// Why.
    pub code: ErrorCode,
}

/// Data of `mediaUnreachable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaUnreachable {
    /// Where the server told its clients to send media to: an IP address and a port.
    pub address: String,
}

/// Data of `maxBitrate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MaxBitrate {
    /// Bits per second to send of one video source at most.
    pub max_video_bitrate: u32,
}

/// Data of `limitExceeded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitExceeded {
    /// One of the client's own.
    pub producer_id: ProducerId,
    /// Bits per second to send of it at most.
    pub max_video_bitrate: u32,
}

/// Data of `layersWanted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LayersWanted {
    /// One of the client's own.
    pub producer_id: ProducerId,
    /// Its spatial layers that somebody receives, 0 the smallest; empty when nobody does. The
    /// others need not be sent.
    pub layers: Vec<u8>,
}

/// Data of `consumerLayer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerLayer {
    /// One of the client's own.
    pub consumer_id: ConsumerId,
    /// The layer that is forwarded; none: nothing is, for the video is hidden or the path too
    /// narrow for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
}

/// Data of `activeSpeakers`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActiveSpeakers {
    /// Who speaks, the loudest first; empty when it is quiet.
    pub participant_ids: Vec<ParticipantId>,
}
