//! What the person sends: devices, m-lines, producers; what is is brought to what should be.

use std::collections::BTreeMap;

use shared::{
    error::ErrorCode,
    ids::{ProducerId, TransportId},
    media::{SessionDescription, Source},
    signaling::{ConnectTransport, Direction, Request},
};

pub(super) use self::outgoing::Cause;
use self::outgoing::{Device, Outgoing, Quality, Sent};
use super::{
    backoff::{Allowance, Insistence},
    effect::{Change, Effect, Instant, PeerNews},
    encoding::Content,
    leg::{Ends, Leg},
    outbox::{Outbox, Purpose},
    view::DeviceState,
};

mod hosted;
mod outgoing;

/// The sending side of a meeting.
#[derive(Debug)]
pub(super) struct Publishing {
    pub(super) leg: Leg,
    sources: BTreeMap<Source, Outgoing>,
    negotiation: Negotiation,
    allowance: Allowance,
    insistence: Insistence,
    /// What one's screen shows.
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Negotiation {
    Idle,
    /// The browser makes the offer.
    Offering,
    /// The server answers it.
    Waiting {
        mids: Vec<(Source, String)>,
    },
    /// The browser applies the answer.
    Applying {
        mids: Vec<(Source, String)>,
    },
}

impl Publishing {
    /// Has `open` devices, which the person wants to be heard and seen by.
    pub(super) fn new(open: &[Source]) -> Self {
        let outgoing = |source: Source| {
            let is_open = open.contains(&source);
            let device = if is_open { Device::Open } else { Device::Closed };
            let (sent, wanted, encoded) = (Sent::Nothing, None, None);
            (source, Outgoing { device, live: is_open, sent, wanted, encoded })
        };
        use Source::{Camera, Microphone, Screen, ScreenAudio};
        Self {
            leg: Leg::new(Direction::Send),
            sources: [Microphone, Camera, Screen, ScreenAudio].map(outgoing).into(),
            negotiation: Negotiation::Idle,
            allowance: Allowance::of_negotiations(),
            insistence: Insistence::new(),
            content: Content::default(),
        }
    }

    /// What one's screen shows.
    pub(super) const fn content(&self) -> Content {
        self.content
    }

    /// One's screen shows something else from now on.
    pub(super) const fn set_content(&mut self, content: Content) {
        self.content = content;
    }

    /// What a device of the person does.
    pub(super) fn state(&self, source: Source) -> DeviceState {
        match self.sources.get(&source) {
            Some(Outgoing { live: true, device: Device::Opening, .. }) => DeviceState::Opening,
            Some(outgoing) if outgoing.live && outgoing.is_open() => DeviceState::On,
            _ => DeviceState::Off,
        }
    }

    /// Whether the microphone is open, and muted.
    pub(super) fn is_muted(&self) -> bool {
        let microphone = self.sources.get(&Source::Microphone);
        microphone.is_some_and(|microphone| microphone.is_open() && !microphone.live)
    }

    /// The person wants to be heard, or seen, or no longer.
    pub(super) fn set_live(&mut self, source: Source, live: bool, outbox: &mut Outbox) {
        let Some(outgoing) = self.sources.get_mut(&source) else { return };
        outgoing.live = live;
        match outgoing.device {
            Device::Closed if live => {
                outgoing.device = Device::Opening;
                outbox.effect(Effect::OpenDevice(source));
            }
            Device::Open | Device::Changing { .. } => outgoing.apply_live(source, outbox),
            Device::Closed | Device::Opening => {}
        }
        self.follow_screen(outbox);
    }

    /// The person chose another device; one that is not open is opened when it is wanted.
    pub(super) fn change(&mut self, source: Source, outbox: &mut Outbox) {
        if let Some(outgoing) = self.sources.get_mut(&source) {
            outgoing.change(source, Cause::Chosen, outbox);
        }
    }

    /// A device was changed, or was not; returns why it was to be.
    pub(super) fn handle_device_changed(
        &mut self,
        source: Source,
        change: Change,
        outbox: &mut Outbox,
    ) -> Option<Cause> {
        self.sources.get_mut(&source)?.handle_changed(source, change, outbox)
    }

    /// A device is open, or could not be opened.
    pub(super) fn handle_device(&mut self, source: Source, opened: bool, outbox: &mut Outbox) {
        let Some(outgoing) = self.sources.get_mut(&source) else { return };
        if opened {
            // Nobody asks for the sound of a screen: it comes with it.
            outgoing.live |= source == Source::ScreenAudio;
            outgoing.device = Device::Open;
            outgoing.apply_live(source, outbox);
        } else {
            outgoing.device = Device::Closed;
            outgoing.live = false;
        }
        self.follow_screen(outbox);
    }

    /// A camera or a microphone was unplugged, or taken away by the browser: another is looked for.
    /// A screen is no longer shared.
    pub(super) fn handle_device_lost(&mut self, source: Source, outbox: &mut Outbox) {
        let Some(outgoing) = self.sources.get_mut(&source) else { return };
        match source {
            Source::Microphone | Source::Camera => outgoing.change(source, Cause::Lost, outbox),
            Source::Screen | Source::ScreenAudio if outgoing.device == Device::Open => {
                outgoing.close(source, outbox);
                outgoing.live = false;
            }
            Source::Screen | Source::ScreenAudio => {}
        }
        self.follow_screen(outbox);
    }

    /// The server said which layers of a video somebody receives.
    pub(super) fn handle_layers_wanted(&mut self, producer_id: ProducerId, layers: Vec<u8>) {
        let is_it = |outgoing: &&mut Outgoing| matches!(outgoing.sent, Sent::Produced { producer_id: known, .. } if known == producer_id);
        if let Some(outgoing) = self.sources.values_mut().find(is_it) {
            outgoing.wanted = Some(layers);
        }
    }

    /// Closes every device: the meeting is over.
    pub(super) fn close_devices(&mut self, outbox: &mut Outbox) {
        for (source, outgoing) in &mut self.sources {
            outgoing.live = false;
            if outgoing.is_open() {
                outgoing.close(*source, outbox);
            }
        }
    }

    /// Starts over: what was sent is gone, and so is the transport.
    pub(super) fn reset(&mut self, outbox: &mut Outbox) {
        self.leg.close(outbox);
        self.forget_sent();
    }

    /// The transport, if it may go on when the connection to the server does not.
    pub(super) fn lasting(&self) -> Option<TransportId> {
        let is_done = |it: &Outgoing| {
            matches!(it.sent, Sent::Nothing | Sent::Produced { .. } | Sent::Stopped { .. })
        };
        let is_settled = self.negotiation == Negotiation::Idle;
        let transport_id = self.leg.lasting().filter(|_| is_settled);
        transport_id.filter(|_| self.sources.values().all(is_done))
    }

    /// Gives the transport up, to be made anew after a while.
    pub(super) fn fail(&mut self, now: Instant, outbox: &mut Outbox) {
        self.leg.fail(now, outbox);
        self.forget_sent();
    }

    /// Takes the next steps towards what should be sent.
    pub(super) fn reconcile(&mut self, now: Instant, max_video_bitrate: u32, outbox: &mut Outbox) {
        if !self.sources.values().any(Outgoing::wants_line) {
            return self.leg.unwanted();
        }
        let Some(ends) = self.leg.wanted(now, outbox) else { return };
        let may_ask = self.insistence.may_ask(now);
        for (source, outgoing) in &mut self.sources {
            if may_ask {
                outgoing.reconcile(now, *source, ends, outbox);
            }
            let quality = Quality {
                max_bitrate: max_video_bitrate,
                wanted: outgoing.wanted.clone(),
                content: self.content,
            };
            outgoing.encode(*source, ends, quality, outbox);
        }
        self.offer(now, ends, max_video_bitrate, outbox);
    }

    /// News of the send peer.
    pub(super) fn handle_peer(
        &mut self,
        now: Instant,
        ends: Ends,
        news: PeerNews,
        outbox: &mut Outbox,
    ) {
        match news {
            PeerNews::Offered { offer, mids } => self.send_offer(now, ends, (offer, mids), outbox),
            PeerNews::Accepted => self.accepted(),
            PeerNews::Connected => self.leg.connected(),
            PeerNews::Interrupted => self.leg.doubt(),
            PeerNews::Lost if self.leg.may_restart() => self.leg.doubt(),
            PeerNews::Lost | PeerNews::Failed | PeerNews::Answered(_) => self.fail(now, outbox),
        }
    }

    /// The server answered the offer.
    pub(super) fn handle_answer(
        &mut self,
        now: Instant,
        answer: Option<SessionDescription>,
        outbox: &mut Outbox,
    ) {
        let negotiation = std::mem::replace(&mut self.negotiation, Negotiation::Idle);
        match (self.leg.ends(), negotiation, answer) {
            (Some(ends), Negotiation::Waiting { mids }, Some(answer)) => {
                outbox.effect(Effect::Accept { peer: ends.peer, answer });
                self.negotiation = Negotiation::Applying { mids };
            }
            _ => self.fail(now, outbox),
        }
    }

    /// The server made a producer.
    pub(super) fn handle_produced(&mut self, source: Source, producer_id: ProducerId) {
        self.insistence.heard();
        if let Some(outgoing) = self.sources.get_mut(&source)
            && let Sent::Asked { mid, paused } = &mut outgoing.sent
        {
            let mid = std::mem::take(mid);
            outgoing.sent = Sent::Produced { mid, producer_id, paused: *paused };
        }
    }

    /// The server knows that a source is paused, or is not.
    pub(super) const fn handle_muted(&mut self) {
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
            (Purpose::Produce(source), ErrorCode::ServerBusy) => {
                self.insistence.refused(now);
                self.put_off(source);
            }
            (Purpose::Produce(source), code) if !is_of_transport(code) => self.refuse(source),
            (Purpose::Mute(source), code) => self.not_muted(now, source, code),
            _ => self.fail(now, outbox),
        }
    }

    /// When [`Self::reconcile`] has something to do without being told anything.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let is_used = self.sources.values().any(Outgoing::wants_line);
        let has_to = self.unsent().next().is_some() || self.leg.is_doubted() && is_used;
        let offer_at = (self.negotiation == Negotiation::Idle && has_to)
            .then(|| self.leg.ends().map(|_| self.allowance.next()))
            .flatten();
        let asks = self.leg.ends().is_some() && self.sources.values().any(Outgoing::asks);
        let ask_at = asks.then(|| self.insistence.next());
        [self.leg.wake_at(), offer_at, ask_at].into_iter().flatten().min()
    }

    fn offer(&mut self, now: Instant, ends: Ends, max_video_bitrate: u32, outbox: &mut Outbox) {
        let sources: Vec<Source> = self.unsent().collect();
        let may_start = self.negotiation == Negotiation::Idle && self.allowance.next() <= now;
        if !may_start || (sources.is_empty() && !self.leg.is_doubted()) {
            return;
        }
        for source in &sources {
            if let Some(outgoing) = self.sources.get_mut(source) {
                outgoing.sent = Sent::Offered;
                // A line is made for text; what moves is said to its sender afterwards.
                outgoing.encoded = Some(Quality {
                    max_bitrate: max_video_bitrate,
                    wanted: None,
                    content: Content::Text,
                });
            }
        }
        self.allowance.spend(now);
        self.negotiation = Negotiation::Offering;
        let (peer, ice_restart) = (ends.peer, self.leg.seek());
        outbox.effect(Effect::Offer { peer, sources, max_video_bitrate, ice_restart });
    }

    fn send_offer(
        &mut self,
        now: Instant,
        ends: Ends,
        (offer, mids): (SessionDescription, Vec<(Source, String)>),
        outbox: &mut Outbox,
    ) {
        let description = Some(offer);
        let transport_id = ends.transport_id;
        // That it restarts can be seen in the offer.
        let connect = ConnectTransport { transport_id, description, ice_restart: false };
        outbox.request(now, Request::ConnectTransport(connect), Purpose::SendOffer);
        self.negotiation = Negotiation::Waiting { mids };
    }

    fn accepted(&mut self) {
        let Negotiation::Applying { mids } = &mut self.negotiation else { return };
        for (source, mid) in std::mem::take(mids) {
            if let Some(outgoing) = self.sources.get_mut(&source) {
                outgoing.sent = Sent::Negotiated { mid };
            }
        }
        self.negotiation = Negotiation::Idle;
    }

    /// The server was too busy to make a producer: it is asked again.
    fn put_off(&mut self, source: Source) {
        if let Some(outgoing) = self.sources.get_mut(&source)
            && let Sent::Asked { mid, .. } = &mut outgoing.sent
        {
            outgoing.sent = Sent::Negotiated { mid: std::mem::take(mid) };
        }
    }

    fn not_muted(&mut self, now: Instant, source: Source, code: ErrorCode) {
        match code {
            ErrorCode::ServerBusy => {
                self.insistence.refused(now);
                self.tell_again(source);
            }
            ErrorCode::ProducerNotFound => self.producer_missing(source),
            // The news of its transport's end will follow.
            _ => {}
        }
    }

    /// The server was too busy to pause a producer, or to resume it: it is told again.
    fn tell_again(&mut self, source: Source) {
        if let Some(outgoing) = self.sources.get_mut(&source)
            && let Sent::Produced { paused, .. } = &mut outgoing.sent
        {
            *paused = !*paused;
        }
    }

    fn refuse(&mut self, source: Source) {
        if let Some(outgoing) = self.sources.get_mut(&source) {
            outgoing.sent = Sent::Refused;
        }
    }

    /// The open devices that have no m-line.
    fn unsent(&self) -> impl Iterator<Item = Source> {
        let unsent =
            |outgoing: &Outgoing| outgoing.is_open() && matches!(outgoing.sent, Sent::Nothing);
        self.sources.iter().filter(move |(_, outgoing)| unsent(outgoing)).map(|(source, _)| *source)
    }

    fn forget_sent(&mut self) {
        self.negotiation = Negotiation::Idle;
        self.allowance = Allowance::of_negotiations();
        for outgoing in self.sources.values_mut() {
            outgoing.sent = Sent::Nothing;
            outgoing.wanted = None;
            outgoing.encoded = None;
        }
    }

    /// The sound of a screen ends with it.
    fn follow_screen(&mut self, outbox: &mut Outbox) {
        let is_shared =
            self.sources.get(&Source::Screen).is_some_and(|it| it.device != Device::Closed);
        if let Some(sound) = self.sources.get_mut(&Source::ScreenAudio)
            && sound.device == Device::Open
            && !is_shared
        {
            sound.close(Source::ScreenAudio, outbox);
            sound.live = false;
        }
    }
}

/// Whether an error says that the transport itself is of no more use.
pub(super) const fn is_of_transport(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::TransportNotFound | ErrorCode::TransportState)
}
