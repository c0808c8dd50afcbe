//! What goes out: effects in order, and requests with what their replies are for.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use shared::{
    ids::ProducerId,
    media::Source,
    signaling::{ClientMessage, Direction, Request},
};

use super::effect::{Effect, Instant};

/// How long a request may take before the connection is taken for broken.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Join,
    CreateTransport(Direction),
    SendOffer,
    RecvOffer,
    RecvAnswer,
    Produce(Source),
    Mute(Source),
    Consume(ProducerId),
    ResumeConsumer(ProducerId),
    SetPreferredLayers,
    /// A message of one's own, by its key.
    Chat(u32),
    /// Something whose refusal is told, and nothing else.
    Asked,
    ListInvites,
    ChangeInvites,
    Ping,
    Leave,
}

/// Effects to be done and requests that wait for their replies.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    effects: VecDeque<Effect>,
    last_id: u32,
    waiting: BTreeMap<u32, Waiting>,
    /// Of whose transports nobody knows how a request ended.
    uncertain: Vec<Direction>,
}

#[derive(Debug)]
struct Waiting {
    purpose: Purpose,
    deadline: Instant,
}

impl Outbox {
    /// Adds an effect.
    pub(super) fn effect(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    /// Takes the next effect.
    pub(super) fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Sends a request whose reply [`Self::answered`] will recognise.
    pub(super) fn request(&mut self, now: Instant, request: Request, purpose: Purpose) {
        self.last_id = self.last_id.wrapping_add(1);
        let id = self.last_id;
        self.waiting.insert(id, Waiting { purpose, deadline: now + REPLY_TIMEOUT });
        self.effect(Effect::Send(ClientMessage { id, request }));
    }

    /// What the reply with this id is for; nothing when nobody waits for it any more.
    pub(super) fn answered(&mut self, id: u32) -> Option<Purpose> {
        self.waiting.remove(&id).map(|waiting| waiting.purpose)
    }

    /// When the first of the waiting requests has waited too long.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting.values().map(|waiting| waiting.deadline).min()
    }

    /// Forgets what waits: the socket that would have brought the replies is gone.
    pub(super) fn forget_requests(&mut self) {
        let waiting = std::mem::take(&mut self.waiting).into_values();
        let unsure = waiting.filter(|waiting| !waiting.purpose.is_said_again());
        self.uncertain.extend(unsure.filter_map(|waiting| waiting.purpose.direction()));
    }

    /// Whether nobody knows how a request about one direction's transport ended.
    pub(super) fn is_uncertain(&self, direction: Direction) -> bool {
        self.uncertain.contains(&direction)
    }

    /// Forgets what is uncertain: all of it starts over.
    pub(super) fn settle(&mut self) {
        self.uncertain.clear();
    }

    /// Forgets what waits for one direction's transport: it is given up.
    pub(super) fn forget_transport(&mut self, direction: Direction) {
        self.waiting.retain(|_, waiting| waiting.purpose.direction() != Some(direction));
    }
}

impl Purpose {
    /// Whether what was asked is asked again on the next socket, whatever became of it.
    const fn is_said_again(self) -> bool {
        matches!(self, Self::SetPreferredLayers)
    }

    /// The direction whose transport the request was about.
    const fn direction(self) -> Option<Direction> {
        match self {
            Self::CreateTransport(direction) => Some(direction),
            Self::SendOffer | Self::Produce(_) | Self::Mute(_) => Some(Direction::Send),
            Self::RecvOffer
            | Self::RecvAnswer
            | Self::Consume(_)
            | Self::ResumeConsumer(_)
            | Self::SetPreferredLayers => Some(Direction::Recv),
            Self::Join
            | Self::Chat(_)
            | Self::Asked
            | Self::ListInvites
            | Self::ChangeInvites
            | Self::Ping
            | Self::Leave => None,
        }
    }
}
