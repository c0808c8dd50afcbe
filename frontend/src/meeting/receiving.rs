//! What the person receives: a consumer for every producer of the others.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    error::ErrorCode,
    ids::{ConsumerId, ProducerId, TransportId},
    media::SessionDescription,
    signaling::{
        ConnectTransport, Consumed, ConsumerRef, Direction, ProducerRef, Request,
        TransportConnected,
    },
};

use super::{
    backoff::{Allowance, Insistence},
    effect::{Effect, Instant, PeerNews},
    leg::{Ends, Leg},
    outbox::{Outbox, Purpose},
    publishing::is_of_transport,
};

/// Most consumers asked for before the next negotiation: a full room comes in a few of these, and
/// stays within the burst of messages that the server takes.
const MAX_BATCH: usize = 40;

/// The receiving side of a meeting.
#[derive(Debug)]
pub(super) struct Receiving {
    pub(super) leg: Leg,
    consumers: BTreeMap<ProducerId, Incoming>,
    negotiation: Negotiation,
    allowance: Allowance,
    insistence: Insistence,
}

/// How far the receipt of one producer has come.
#[derive(Debug)]
enum Incoming {
    /// The server was asked for a consumer.
    Asked,
    /// There is one, with no m-line yet.
    Waiting(Line),
    /// Its m-line is being negotiated.
    Offered(Line),
    /// It has an m-line, and was told to flow.
    Flowing(Line),
    /// The same, but the server was too busy; it is told again.
    Held(Line),
    /// The server was too busy to make a consumer; it is asked again.
    PutOff,
    /// The server has none of it.
    Refused,
    /// The browser has none of its codecs.
    NoCodec,
}

#[derive(Debug, Clone)]
struct Line {
    consumer_id: ConsumerId,
    mid: String,
}

impl Line {
    /// Has the server let it flow.
    fn resume(&self, now: Instant, producer_id: ProducerId, outbox: &mut Outbox) {
        let resume = Request::ResumeConsumer(ConsumerRef { consumer_id: self.consumer_id });
        outbox.request(now, resume, Purpose::ResumeConsumer(producer_id));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Negotiation {
    Idle,
    /// The server makes the offer.
    Waiting,
    /// The browser applies and answers it.
    Answering,
    /// The server applies the answer.
    Acknowledging,
}

impl Receiving {
    pub(super) const fn new() -> Self {
        Self {
            leg: Leg::new(Direction::Recv),
            consumers: BTreeMap::new(),
            negotiation: Negotiation::Idle,
            allowance: Allowance::of_negotiations(),
            insistence: Insistence::new(),
        }
    }

    /// The `mid` of the m-line on which a producer arrives, once it does.
    pub(super) fn mid(&self, producer_id: ProducerId) -> Option<&str> {
        match self.consumers.get(&producer_id)? {
            Incoming::Flowing(line) | Incoming::Held(line) => Some(&line.mid),
            Incoming::Asked
            | Incoming::Waiting(_)
            | Incoming::Offered(_)
            | Incoming::PutOff
            | Incoming::Refused
            | Incoming::NoCodec => None,
        }
    }

    /// The consumer of a producer, once it is being negotiated.
    pub(super) fn consumer(&self, producer_id: ProducerId) -> Option<ConsumerId> {
        match self.consumers.get(&producer_id)? {
            Incoming::Offered(line) | Incoming::Flowing(line) | Incoming::Held(line) => {
                Some(line.consumer_id)
            }
            Incoming::Asked
            | Incoming::Waiting(_)
            | Incoming::PutOff
            | Incoming::Refused
            | Incoming::NoCodec => None,
        }
    }

    /// Whether the browser cannot decode what comes of a producer.
    pub(super) fn lacks_codec(&self, producer_id: ProducerId) -> bool {
        matches!(self.consumers.get(&producer_id), Some(Incoming::NoCodec))
    }

    /// Starts over: what was received is gone, and so is the transport.
    pub(super) fn reset(&mut self, outbox: &mut Outbox) {
        self.leg.close(outbox);
        self.forget_received();
    }

    /// The transport, if it may go on when the connection to the server does not.
    pub(super) fn lasting(&self) -> Option<TransportId> {
        let is_done = |it: &Incoming| {
            !matches!(it, Incoming::Asked | Incoming::Waiting(_) | Incoming::Offered(_))
        };
        let is_settled = self.negotiation == Negotiation::Idle;
        let transport_id = self.leg.lasting().filter(|_| is_settled);
        transport_id.filter(|_| self.consumers.values().all(is_done))
    }

    /// Goes on after the connection to the server was lost: what was refused is asked for again.
    pub(super) fn resume(&mut self) {
        self.consumers.retain(|_, incoming| !matches!(incoming, Incoming::Refused));
    }

    /// Gives the transport up, to be made anew after a while.
    pub(super) fn fail(&mut self, now: Instant, outbox: &mut Outbox) {
        self.leg.fail(now, outbox);
        self.forget_received();
    }

    /// Takes the next steps towards receiving every one of `wanted`, and nothing else.
    pub(super) fn reconcile(
        &mut self,
        now: Instant,
        wanted: impl Iterator<Item = ProducerId>,
        outbox: &mut Outbox,
    ) {
        let mut former = std::mem::take(&mut self.consumers);
        let may_ask = self.insistence.may_ask(now);
        let mut missing = BTreeSet::new();
        for producer_id in wanted {
            match former.remove(&producer_id) {
                Some(Incoming::PutOff) if may_ask => {
                    missing.insert(producer_id);
                }
                Some(incoming) => {
                    self.consumers.insert(producer_id, incoming);
                }
                None if !self.consumers.contains_key(&producer_id) => {
                    missing.insert(producer_id);
                }
                None => {}
            }
        }
        if missing.is_empty() && self.consumers.is_empty() {
            return self.leg.unwanted();
        }
        let Some(ends) = self.leg.wanted(now, outbox) else { return };
        if may_ask {
            self.release(now, outbox);
        }
        self.ask(now, &missing, outbox);
        self.negotiate(now, ends.transport_id, outbox);
    }

    /// News of the receive peer.
    pub(super) fn handle_peer(
        &mut self,
        now: Instant,
        ends: Ends,
        news: PeerNews,
        outbox: &mut Outbox,
    ) {
        match news {
            PeerNews::Answered(answer) => {
                let transport_id = ends.transport_id;
                let description = Some(answer.compact());
                let connect = ConnectTransport { transport_id, description, ice_restart: false };
                outbox.request(now, Request::ConnectTransport(connect), Purpose::RecvAnswer);
                self.negotiation = Negotiation::Acknowledging;
            }
            PeerNews::Connected => self.leg.connected(),
            PeerNews::Interrupted => self.leg.doubt(),
            PeerNews::Lost if self.leg.may_restart() => self.leg.doubt(),
            PeerNews::Lost | PeerNews::Failed | PeerNews::Offered { .. } | PeerNews::Accepted => {
                self.fail(now, outbox);
            }
        }
    }

    /// The server made a consumer.
    pub(super) fn handle_consumed(&mut self, consumed: Consumed) {
        self.insistence.heard();
        // One whose producer ended meanwhile ended with it.
        if let Some(incoming @ Incoming::Asked) = self.consumers.get_mut(&consumed.producer_id) {
            let Consumed { consumer_id, mid, .. } = consumed;
            *incoming = Incoming::Waiting(Line { consumer_id, mid });
        }
    }

    /// The server made its offer.
    pub(super) fn handle_offer(
        &mut self,
        now: Instant,
        offer: Option<SessionDescription>,
        outbox: &mut Outbox,
    ) {
        let (Some(ends), Some(offer)) = (self.leg.ends(), offer) else {
            return self.fail(now, outbox);
        };
        self.negotiation = Negotiation::Answering;
        outbox.effect(Effect::Answer { peer: ends.peer, offer });
    }

    /// The server applied the answer: what was negotiated may flow.
    pub(super) fn handle_acknowledged(
        &mut self,
        now: Instant,
        TransportConnected { refused_consumers, .. }: &TransportConnected,
        outbox: &mut Outbox,
    ) {
        self.negotiation = Negotiation::Idle;
        for (producer_id, incoming) in &mut self.consumers {
            let Incoming::Offered(line) = incoming else { continue };
            if refused_consumers.contains(&line.consumer_id) {
                *incoming = Incoming::NoCodec;
                continue;
            }
            let line = line.clone();
            line.resume(now, *producer_id, outbox);
            *incoming = Incoming::Flowing(line);
        }
    }

    /// The server lets a consumer flow.
    pub(super) const fn handle_resumed(&mut self) {
        self.insistence.heard();
    }

    /// The server did not do what one of this side's requests was for.
    pub(super) fn handle_error(
        &mut self,
        now: Instant,
        purpose: Purpose,
        code: ErrorCode,
        outbox: &mut Outbox,
    ) {
        match (purpose, code) {
            (Purpose::RecvOffer, ErrorCode::TooMany) => self.offer_later(now),
            (
                Purpose::Consume(producer) | Purpose::ResumeConsumer(producer),
                ErrorCode::ServerBusy,
            ) => self.put_off(now, producer),
            (Purpose::Consume(producer) | Purpose::ResumeConsumer(producer), code)
                if !is_of_transport(code) =>
            {
                if let Some(incoming) = self.consumers.get_mut(&producer) {
                    *incoming = match code {
                        ErrorCode::CodecMismatch => Incoming::NoCodec,
                        _ => Incoming::Refused,
                    };
                }
            }
            _ => self.fail(now, outbox),
        }
    }

    /// When [`Self::reconcile`] has something to do without being told anything.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let offer_at = self.is_ready().then(|| self.allowance.next());
        let is_late = |it: &Incoming| matches!(it, Incoming::Held(_) | Incoming::PutOff);
        let asks = self.leg.ends().is_some() && self.consumers.values().any(is_late);
        let ask_at = asks.then(|| self.insistence.next());
        [self.leg.wake_at(), offer_at, ask_at].into_iter().flatten().min()
    }

    /// The server was too busy for a consumer: it is asked again.
    fn put_off(&mut self, now: Instant, producer_id: ProducerId) {
        self.insistence.refused(now);
        if let Some(incoming) = self.consumers.get_mut(&producer_id) {
            *incoming = match incoming {
                Incoming::Flowing(line) => Incoming::Held(line.clone()),
                _ => Incoming::PutOff,
            };
        }
    }

    /// Has flow what the server was too busy for.
    fn release(&mut self, now: Instant, outbox: &mut Outbox) {
        for (producer_id, incoming) in &mut self.consumers {
            if let Incoming::Held(line) = incoming {
                let line = line.clone();
                line.resume(now, *producer_id, outbox);
                *incoming = Incoming::Flowing(line);
            }
        }
    }

    fn ask(&mut self, now: Instant, missing: &BTreeSet<ProducerId>, outbox: &mut Outbox) {
        let is_pending =
            |incoming: &&Incoming| matches!(incoming, Incoming::Asked | Incoming::Waiting(_));
        let pending = self.consumers.values().filter(is_pending).count();
        for producer_id in missing.iter().copied().take(MAX_BATCH.saturating_sub(pending)) {
            self.consumers.insert(producer_id, Incoming::Asked);
            let consume = Request::Consume(ProducerRef { producer_id });
            outbox.request(now, consume, Purpose::Consume(producer_id));
        }
    }

    fn negotiate(&mut self, now: Instant, transport_id: TransportId, outbox: &mut Outbox) {
        if !self.is_ready() || now < self.allowance.next() {
            return;
        }
        for incoming in self.consumers.values_mut() {
            if let Incoming::Waiting(line) = incoming {
                *incoming = Incoming::Offered(line.clone());
            }
        }
        self.allowance.spend(now);
        self.negotiation = Negotiation::Waiting;
        let ice_restart = self.leg.seek();
        let connect = ConnectTransport { transport_id, description: None, ice_restart };
        outbox.request(now, Request::ConnectTransport(connect), Purpose::RecvOffer);
    }

    /// Whether a negotiation may start as far as this side is concerned: all that were asked for
    /// have come, so that one negotiation serves them all. A new path waits for nobody.
    fn is_ready(&self) -> bool {
        let mut incoming = self.consumers.values();
        let has_come = !incoming.clone().any(|incoming| matches!(incoming, Incoming::Asked))
            && incoming.any(|incoming| matches!(incoming, Incoming::Waiting(_)));
        let is_used = self.leg.ends().is_some() && !self.consumers.is_empty();
        let is_doubted = self.leg.is_doubted() && is_used;
        self.negotiation == Negotiation::Idle && (has_come || is_doubted)
    }

    fn offer_later(&mut self, now: Instant) {
        self.negotiation = Negotiation::Idle;
        self.allowance.exhaust(now);
        for incoming in self.consumers.values_mut() {
            if let Incoming::Offered(line) = incoming {
                *incoming = Incoming::Waiting(line.clone());
            }
        }
    }

    fn forget_received(&mut self) {
        self.negotiation = Negotiation::Idle;
        self.allowance = Allowance::of_negotiations();
        self.consumers.clear();
    }
}
