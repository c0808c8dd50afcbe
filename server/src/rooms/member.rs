//! One participant of a room, with what they send and receive.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use sfu::{
    codec::Codec,
    command::{Command, Traffic},
};
use shared::{
    ids::{ConsumerId, ParticipantId, ProducerId, TransportId},
    limits,
    media::{MediaKind, MimeType, RtpCapabilities, Source},
    rest::{ParticipantDetails, ParticipantResponse},
    signaling::{CloseCode, Direction, OwnProducer, Participant, Presence, Producer, Role},
};

use super::{
    outbox::Outbox,
    room::{Arrival, Entrant},
    session::HttpSession,
};
use crate::pace::{Pace, PaceSettings};

/// Most offers of one transport in [`RENEGOTIATION_WINDOW`]: each costs the parsing or writing of
/// a session description.
pub const MAX_RENEGOTIATIONS: usize = 10;

/// What [`MAX_RENEGOTIATIONS`] is counted over.
pub const RENEGOTIATION_WINDOW: Duration = Duration::from_secs(10);

/// Names one socket of a participant, so that a replaced one cannot act any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub u64);

/// One participant of a room.
#[derive(Debug)]
pub struct Member {
    pub(super) id: ParticipantId,
    pub(super) display_name: String,
    pub(super) role: Role,
    pub(super) capabilities: RtpCapabilities,
    pub(super) link: Link,
    pub(super) media: MemberMedia,
    /// What a host said this one may send of each video source, where that differs from the room.
    pub(super) max_video_bitrate: Option<u32>,
    /// The invite they came by.
    pub(super) invite_id: Option<String>,
    pub(super) paces: Paces,
}

/// How often one participant may say something to all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paces {
    pub(super) chat: Pace,
    /// Of raised hands and reactions.
    pub(super) gestures: Pace,
}

/// Whether a participant can be told anything.
#[derive(Debug)]
pub(super) enum Link {
    /// A socket is up.
    Connected {
        /// Which.
        connection: ConnectionId,
        /// Where to put what it shall be sent.
        outbox: Outbox,
        /// What invite links begin with, as this one sees us.
        link_start: Box<str>,
    },
    /// The socket was lost; the place is kept.
    Reconnecting {
        /// When the place is given up.
        until: Instant,
    },
    /// There is no socket and nobody to be told anything: the participant came over HTTP, and
    /// stays for as long as its transport does.
    Http {
        /// What stands for the socket in the seat.
        connection: ConnectionId,
        /// Who may change and end it.
        session: HttpSession,
    },
    /// The transport of [`Link::Http`] has ended; the place is given up at the next tick.
    Over,
}

/// What one participant sends and receives.
#[derive(Debug, Default)]
pub(super) struct MemberMedia {
    send: Option<Leg>,
    recv: Option<Leg>,
    pub(super) producers: BTreeMap<ProducerId, Published>,
    /// Which layers of its videos somebody receives, as the participant was last told.
    pub(super) wanted: BTreeMap<ProducerId, Vec<u8>>,
    pub(super) consumers: HashMap<ConsumerId, ProducerId>,
}

/// One of the two transports.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) transport_id: TransportId,
    /// When the last offers were made, at most [`MAX_RENEGOTIATIONS`].
    offers: VecDeque<Instant>,
}

/// A producer, as its room knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Where it comes from.
    pub source: Source,
    /// What it is coded in.
    pub codec: Codec,
    /// Whether it is muted, or its camera off.
    pub paused: bool,
    /// Whether a host did that, and its owner has said nothing since.
    pub by_host: bool,
}

/// Whether another offer may be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renegotiation {
    /// It may, and was counted.
    Allowed,
    /// There were too many of late.
    TooMany,
}

/// As fast as people write, with a few lines at once.
const CHAT_PACE: PaceSettings =
    PaceSettings { per_second: 1 / limits::CHAT_INTERVAL_SECONDS, burst: limits::CHAT_BURST };

/// Applause comes in bursts.
const GESTURE_PACE: PaceSettings = PaceSettings { per_second: 2, burst: 10 };

impl Default for Paces {
    fn default() -> Self {
        Self { chat: Pace::new(CHAT_PACE), gestures: Pace::new(GESTURE_PACE) }
    }
}

impl Member {
    /// Somebody who comes in as `role`.
    pub(super) fn new(entrant: Entrant, role: Role) -> Self {
        let Entrant { ticket, capabilities, connection, arrival, .. } = entrant;
        Self {
            id: ticket.participant,
            display_name: ticket.display_name,
            role,
            capabilities,
            link: match arrival {
                Arrival::Socket { outbox, link_start } => {
                    Link::Connected { connection, outbox, link_start }
                }
                Arrival::Http { session } => Link::Http { connection, session },
            },
            media: MemberMedia::default(),
            max_video_bitrate: None,
            invite_id: ticket.invite_id,
            paces: Paces::default(),
        }
    }

    /// Ends the connection, if there is a socket.
    pub(super) fn close(&self, code: CloseCode) {
        if let Link::Connected { outbox, .. } = &self.link {
            outbox.close(code);
        }
    }

    /// Puts a message on its way, if there is a socket.
    pub(super) fn tell(&self, text: &Arc<str>) {
        if let Link::Connected { outbox, .. } = &self.link {
            outbox.push_text(Arc::clone(text));
        }
    }

    /// Whether this socket speaks for the participant.
    pub(super) fn is_on(&self, connection: ConnectionId) -> bool {
        match &self.link {
            Link::Connected { connection: current, .. }
            | Link::Http { connection: current, .. } => *current == connection,
            Link::Reconnecting { .. } | Link::Over => false,
        }
    }

    /// Whether the place is to be given up now.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        match self.link {
            Link::Connected { .. } | Link::Http { .. } => false,
            Link::Reconnecting { until } => until <= now,
            Link::Over => true,
        }
    }

    /// The HTTP session that the participant came by.
    pub(super) const fn session(&self) -> Option<&HttpSession> {
        match &self.link {
            Link::Http { session, .. } => Some(session),
            Link::Connected { .. } | Link::Reconnecting { .. } | Link::Over => None,
        }
    }

    /// The same, to be changed.
    pub(super) const fn session_mut(&mut self) -> Option<&mut HttpSession> {
        match &mut self.link {
            Link::Http { session, .. } => Some(session),
            Link::Connected { .. } | Link::Reconnecting { .. } | Link::Over => None,
        }
    }

    /// Takes the end of a transport: whoever came over HTTP goes with it.
    pub(super) fn lose_transport(&mut self) {
        if self.session().is_some() {
            self.link = Link::Over;
        }
    }

    /// The participant as the others see them.
    pub(super) fn to_participant(&self) -> Participant {
        Participant {
            id: self.id.clone(),
            display_name: self.display_name.clone(),
            role: self.role,
            presence: match self.link {
                Link::Connected { .. } | Link::Http { .. } => Presence::Connected,
                Link::Reconnecting { .. } | Link::Over => Presence::Reconnecting,
            },
            producers: self
                .media
                .producers
                .iter()
                .map(|(producer_id, published)| published.to_producer(*producer_id))
                .collect(),
        }
    }

    /// The participant as the REST interface shows them.
    pub(super) fn to_response(&self) -> ParticipantResponse {
        ParticipantResponse {
            id: self.id.clone(),
            display_name: self.display_name.clone(),
            has_audio: self.is_live(Source::Microphone),
            has_video: self.is_live(Source::Camera),
        }
    }

    /// The participant as the REST interface shows them to hosts.
    pub(super) fn to_details(&self, traffic: &HashMap<TransportId, Traffic>) -> ParticipantDetails {
        let of = |direction| {
            let leg = self.media.leg(direction);
            leg.and_then(|leg| traffic.get(&leg.transport_id)).copied().unwrap_or_default()
        };
        ParticipantDetails {
            participant: self.to_response(),
            role: self.role,
            bytes_in: of(Direction::Send).received,
            bytes_out: of(Direction::Recv).sent,
        }
    }

    fn is_live(&self, source: Source) -> bool {
        self.media.producers.values().any(|p| p.source == source && !p.paused)
    }
}

impl MemberMedia {
    /// The transport of a direction.
    pub(super) const fn leg(&self, direction: Direction) -> Option<&Leg> {
        match direction {
            Direction::Send => self.send.as_ref(),
            Direction::Recv => self.recv.as_ref(),
        }
    }

    /// The place of the transport of a direction.
    pub(super) const fn leg_mut(&mut self, direction: Direction) -> &mut Option<Leg> {
        match direction {
            Direction::Send => &mut self.send,
            Direction::Recv => &mut self.recv,
        }
    }

    /// The direction of a transport of this participant.
    pub(super) fn direction_of(&self, transport_id: TransportId) -> Option<Direction> {
        [Direction::Send, Direction::Recv].into_iter().find(|direction| {
            self.leg(*direction).is_some_and(|leg| leg.transport_id == transport_id)
        })
    }

    /// The transports there are.
    pub(super) fn transports(&self) -> impl Iterator<Item = TransportId> {
        [&self.send, &self.recv].into_iter().flatten().map(|leg| leg.transport_id)
    }

    /// What is published, for its owner.
    pub(super) fn published(&self) -> impl Iterator<Item = OwnProducer> {
        self.producers.iter().map(|(producer_id, published)| published.to_own(*producer_id))
    }

    /// Takes a transport out with what it carried, to be closed.
    pub(super) fn take_leg(&mut self, direction: Direction) -> Option<(Command, Vec<ProducerId>)> {
        let leg = self.leg_mut(direction).take()?;
        let producers = match direction {
            Direction::Send => {
                self.wanted.clear();
                std::mem::take(&mut self.producers).into_keys().collect()
            }
            Direction::Recv => {
                self.consumers.clear();
                Vec::new()
            }
        };
        Some((Command::CloseTransport { transport_id: leg.transport_id }, producers))
    }
}

impl Leg {
    /// A transport that has not negotiated yet.
    pub(super) const fn new(transport_id: TransportId) -> Self {
        Self { transport_id, offers: VecDeque::new() }
    }

    /// Counts an offer, unless there were too many.
    pub(super) fn renegotiate(&mut self, now: Instant) -> Renegotiation {
        while self
            .offers
            .front()
            .is_some_and(|first| now.saturating_duration_since(*first) >= RENEGOTIATION_WINDOW)
        {
            self.offers.pop_front();
        }
        if self.offers.len() >= MAX_RENEGOTIATIONS {
            return Renegotiation::TooMany;
        }
        self.offers.push_back(now);
        Renegotiation::Allowed
    }
}

impl Published {
    /// What its owner publishes, live or not.
    #[must_use]
    pub const fn new(source: Source, codec: Codec, paused: bool) -> Self {
        Self { source, codec, paused, by_host: false }
    }

    /// The producer as the wire names it to its owner.
    const fn to_own(self, producer_id: ProducerId) -> OwnProducer {
        OwnProducer { producer: self.to_producer(producer_id), paused_by_host: self.by_host }
    }

    /// The producer as the wire names it.
    #[must_use]
    pub const fn to_producer(self, producer_id: ProducerId) -> Producer {
        let mime_type = match self.codec {
            Codec::Opus => MimeType::Opus,
            Codec::Vp8 => MimeType::Vp8,
            Codec::Vp9 => MimeType::Vp9,
            Codec::H264 => MimeType::H264,
            Codec::Av1 => MimeType::Av1,
        };
        Producer { producer_id, source: self.source, mime_type, paused: self.paused }
    }

    /// The media type a receiver needs, such as `video/VP8`.
    #[must_use]
    pub fn mime_type(self) -> String {
        mime_type(self.codec)
    }
}

/// The media type of a codec (RFC 4855).
#[must_use]
pub fn mime_type(codec: Codec) -> String {
    let kind = if codec.is_video() { "video" } else { "audio" };
    format!("{kind}/{}", codec.encoding_name())
}

/// What every router here can forward.
#[must_use]
pub fn router_capabilities() -> RtpCapabilities {
    RtpCapabilities { codecs: Codec::ALL.map(mime_type).to_vec() }
}

/// The kind of a codec's streams.
#[must_use]
pub const fn kind(codec: Codec) -> MediaKind {
    if codec.is_video() { MediaKind::Video } else { MediaKind::Audio }
}
