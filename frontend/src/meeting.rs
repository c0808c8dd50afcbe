//! A meeting as the page knows it: a state machine without I/O, told the time, tested on the host.
//!
//! [`Meeting`] is told what happens by its `handle_*` methods and what people want by `set_*`,
//! `leave` and the like; after each of them the page drains [`Meeting::poll_effect`], shows
//! [`Meeting::view`] and [`Meeting::received`], and calls [`Meeting::handle_wake`] at
//! [`Meeting::poll_timeout`].
//!
//! | module | what it holds |
//! |---|---|
//! | [`view`] | what is shown |
//! | [`intent`] | where someone wants to go, and what brings them back |
//! | [`notice`] | what is told: notices, device errors, why a meeting ended |
//! | [`layout`] | where the tiles go, and who is shown large |
//! | [`effect`] | what a meeting wants done |
//! | [`gear`], [`own_voice`] | the devices of the machine; what is heard of one's own microphone |
//! | `devices` | one's own devices during the meeting |
//! | `joining`, `server` | coming in and going; what the server says |
//! | `link` | the connection to the server, and coming back to it |
//! | `outbox` | effects in order, requests and what their replies are for |
//! | `leg` | a transport and its peer connection |
//! | `pulse`, `doubt` | whether media still comes, and what is done where it does not |
//! | `publishing`, `receiving` | what is sent and received, brought to what should be |
//! | `watching` | what is seen of the others' videos |
//! | [`encoding`] | in how many layers a video is sent, and how much of each |
//! | [`quality`] | how good the connection is, and what to ask less of |
//! | `roster` | the others |
//! | [`company`] | what people write and show each other, and what hosts do |
//! | [`chat`], [`hands`], [`invites`], `lobby` | the parts of that |
//! | [`rights`], [`hosted`] | what one may do to others, and what others did to one |
//! | `backoff` | when to try again |

use std::{net::SocketAddr, time::Duration};

use shared::{
    error::ErrorCode,
    ids::ParticipantId,
    media::{IceServer, RtpCapabilities, Source},
    signaling::{Direction, Presence, Producer, Request, Role, RoomInfo, ServerMessage},
};

pub use self::intent::{JoinIntent, Return};
use self::{
    company::Company,
    doubt::Doubt,
    effect::{Effect, Instant, PeerId, PeerNews, SocketId, SocketNews},
    encoding::Content,
    link::Link,
    notice::{EndReason, Notice},
    outbox::{Outbox, Purpose},
    publishing::Publishing,
    pulse::Pulse,
    quality::{Level, Quality},
    receiving::Receiving,
    roster::{Roster, tile_of},
    view::{Hindrance, MeetingView, Phase, TileKey, TileView},
    watching::{Video, Watching},
};

mod backoff;
pub mod chat;
pub mod company;
mod devices;
mod doubt;
pub mod effect;
pub mod encoding;
pub mod gear;
pub mod hands;
pub mod hosted;
pub mod intent;
pub mod invites;
mod joining;
pub mod layout;
mod leg;
mod link;
mod lobby;
pub mod notice;
mod outbox;
pub mod own_voice;
mod publishing;
mod pulse;
pub mod quality;
mod receiving;
pub mod rights;
mod roster;
mod server;
#[cfg(test)]
mod tests;
pub mod view;
mod watching;

/// How long a passing notice stays.
const NOTICE_TIME: Duration = Duration::from_secs(6);

/// Failures in a row after which people are told that media does not connect: one may be chance.
const TELLING_FAILURES: u32 = 2;

/// What a meeting starts with.
#[derive(Debug, Clone)]
pub struct Start {
    /// Where to, and as whom.
    pub intent: JoinIntent,
    /// Of an earlier visit from this tab.
    pub kept: Option<Return>,
    /// The devices that are open.
    pub open: Vec<Source>,
    /// What the browser can receive.
    pub capabilities: RtpCapabilities,
    /// Decides what is left to chance.
    pub seed: u64,
}

/// One meeting, from joining to its end.
#[derive(Debug)]
pub struct Meeting {
    intent: JoinIntent,
    ticket: Option<String>,
    capabilities: RtpCapabilities,
    link: Link,
    /// What the last snapshot said; kept while the connection is lost.
    place: Option<Place>,
    roster: Roster,
    publishing: Publishing,
    receiving: Receiving,
    watching: Watching,
    company: Company,
    pulse: Pulse,
    doubt: Option<Doubt>,
    quality: Quality,
    /// Where nobody's media arrives, as the server last said.
    unreachable: Option<SocketAddr>,
    told: Option<(Notice, Instant)>,
    /// When the server last said that one's own picture takes more than it may.
    exceeded_at: Option<Instant>,
    /// Whether the person holds the key that lets a muted microphone be heard.
    holds_to_talk: bool,
    /// Whether the microphone is on and gives nothing.
    microphone_is_silent: bool,
    sound: Sound,
    over: Option<EndReason>,
    outbox: Outbox,
}

/// Who one is, and where.
#[derive(Debug)]
struct Place {
    participant_id: ParticipantId,
    role: Role,
    room: RoomInfo,
    ice_servers: Vec<IceServer>,
    max_video_bitrate: u32,
}

/// Whether the browser lets the page play sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// It does.
    Allowed,
    /// It wants a click first.
    Blocked,
}

/// A track that arrives: the one of the m-line `mid` of `peer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Whose it is.
    pub tile: TileKey,
    /// Where it comes from.
    pub source: Source,
    /// On which peer connection.
    pub peer: PeerId,
    /// On which of its m-lines.
    pub mid: String,
}

/// What people want.
impl Meeting {
    /// Sets out to join.
    #[must_use]
    pub fn new(now: Instant, start: Start) -> Self {
        let ticket = start.kept.and_then(|kept| kept.ticket_for(&start.intent));
        let mut meeting = Self {
            intent: start.intent,
            ticket,
            capabilities: start.capabilities,
            link: Link::new(now, start.seed),
            place: None,
            roster: Roster::default(),
            publishing: Publishing::new(&start.open),
            receiving: Receiving::new(),
            watching: Watching::default(),
            company: Company::default(),
            pulse: Pulse::new(),
            doubt: None,
            quality: Quality::default(),
            unreachable: None,
            told: None,
            exceeded_at: None,
            holds_to_talk: false,
            microphone_is_silent: false,
            sound: Sound::Allowed,
            over: None,
            outbox: Outbox::default(),
        };
        meeting.link.open(now, &mut meeting.outbox);
        meeting
    }

    /// Unmutes or mutes the microphone, turns the camera on or off, shares the screen or stops.
    pub fn set_live(&mut self, now: Instant, source: Source, live: bool) {
        if self.over.is_none() {
            if source == Source::Microphone {
                self.holds_to_talk = false;
                self.told = self.told.filter(|(told, _)| *told != Notice::SpeaksMuted);
            }
            self.publishing.set_live(source, live, &mut self.outbox);
            self.reconcile(now);
        }
    }

    /// Has one's screen sent as is best for what it shows.
    pub fn set_screen_content(&mut self, now: Instant, content: Content) {
        self.publishing.set_content(content);
        self.reconcile(now);
    }

    /// Leaves for good.
    pub fn leave(&mut self, now: Instant) {
        if self.over.is_none() {
            if self.link.is_joined() {
                self.outbox.request(now, Request::Leave, Purpose::Leave);
            }
            self.end(EndReason::Left);
        }
    }

    /// Tries at once what waits: the next reconnect, the transports that failed.
    pub fn retry(&mut self, now: Instant) {
        self.publishing.leg.retry_now();
        self.receiving.leg.retry_now();
        self.link.hurry(now);
        self.handle_wake(now);
    }

    /// Takes the passing notice away.
    pub fn dismiss(&mut self) {
        self.told = None;
    }
}

/// What happens.
impl Meeting {
    /// The server answered a probe, or did not.
    pub fn handle_probe(&mut self, now: Instant, probe: SocketId, is_there: bool) {
        self.link.handle_probe(now, probe, is_there, &mut self.outbox);
        self.handle_wake(now);
    }

    /// A socket opened or closed.
    pub fn handle_socket(&mut self, now: Instant, socket: SocketId, news: &SocketNews) {
        if !self.link.is_current(socket) {
            return;
        }
        match news {
            SocketNews::Opened => self.join(now),
            SocketNews::Closed(code) => self.closed(now, *code),
        }
    }

    /// A message came in on a socket.
    pub fn handle_message(&mut self, now: Instant, socket: SocketId, message: ServerMessage) {
        if !self.link.is_current(socket) {
            return;
        }
        self.link.heard(now);
        self.doubt_paths_if_certain();
        self.take_in(now, message);
        self.reconcile(now);
    }

    /// News of a peer connection.
    pub fn handle_peer(&mut self, now: Instant, peer: PeerId, news: PeerNews) {
        let outbox = &mut self.outbox;
        match peer.direction {
            Direction::Send => {
                if let Some(ends) = self.publishing.leg.ends().filter(|ends| ends.peer == peer) {
                    self.publishing.handle_peer(now, ends, news, outbox);
                }
            }
            Direction::Recv => {
                if let Some(ends) = self.receiving.leg.ends().filter(|ends| ends.peer == peer) {
                    self.receiving.handle_peer(now, ends, news, outbox);
                }
            }
        }
        self.reconcile(now);
    }

    /// The browser lets the page play sound, or wants a click first.
    pub const fn handle_sound(&mut self, sound: Sound) {
        self.sound = sound;
    }

    /// A tile has this size in device pixels, zeros where nothing of it can be seen; or it is gone.
    pub fn handle_size(&mut self, now: Instant, tile: TileKey, size: Option<(u16, u16)>) {
        match size {
            Some(size) => self.watching.set_size(tile, size),
            None => self.watching.forget_tile(&tile),
        }
        self.reconcile(now);
    }

    /// The picture of this tile floats above other windows from now on, or none does.
    pub fn handle_floating(&mut self, now: Instant, tile: Option<TileKey>) {
        self.watching.set_floating(tile);
        self.reconcile(now);
    }

    /// These tiles are pinned from now on, and no others: they go before others where bandwidth is
    /// short.
    pub fn handle_pins(&mut self, now: Instant, pins: Vec<TileKey>) {
        self.watching.set_pins(pins);
        self.reconcile(now);
    }

    /// The page was hidden, or can be seen again.
    pub fn handle_page_hidden(&mut self, now: Instant, hidden: bool) {
        self.watching.set_page_hidden(hidden);
        self.reconcile(now);
    }

    /// Does what is due.
    pub fn handle_wake(&mut self, now: Instant) {
        if self.over.is_some() {
            return;
        }
        if self.outbox.deadline().is_some_and(|deadline| deadline <= now) {
            self.link.lose(now, &mut self.outbox);
        }
        self.link.handle_wake(now, &mut self.outbox);
        if self.link.is_hopeless(now) {
            return self.end(EndReason::Unreachable);
        }
        if self.told.is_some_and(|(_, until)| until <= now) {
            self.told = None;
        }
        self.company.handle_wake(now);
        self.reconcile(now);
    }
}

/// What is to be done and shown.
impl Meeting {
    /// Takes the next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.outbox.poll_effect()
    }

    /// When [`Self::handle_wake`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.over.is_some() {
            return None;
        }
        let media = [self.publishing.wake_at(), self.receiving.wake_at(), self.watching.wake_at()];
        let written = self.company.chat.wake_at();
        let media = media.into_iter().chain([self.pulse.wake_at(self.looked_at()), written]);
        let media = media.filter(|_| self.link.is_joined());
        let told = self.told.map(|(_, until)| until);
        let others = [self.link.wake_at(), self.outbox.deadline(), told, self.company.wake_at()];
        media.chain(others).flatten().min()
    }

    /// What is to be shown.
    #[must_use]
    pub fn view(&self) -> MeetingView {
        let hindrance = |it: &Producer| {
            if self.receiving.lacks_codec(it.producer_id) {
                return Some(Hindrance::NoCodec(it.mime_type));
            }
            let consumer_id = self.receiving.consumer(it.producer_id)?;
            self.watching.is_held_back(consumer_id).then_some(Hindrance::HeldBack)
        };
        let mut tiles: Vec<TileView> =
            std::iter::once(self.my_tile()).chain(self.roster.tiles(hindrance)).collect();
        for tile in &mut tiles {
            tile.quality = self.quality.level(&tile.key);
        }
        let company = self.company_view(&mut tiles);
        MeetingView {
            phase: self.phase(),
            refused_invite: self.refused_invite(),
            room: self.place.as_ref().map(|place| place.room.clone()),
            role: self.place.as_ref().map(|place| place.role),
            microphone: self.publishing.state(Source::Microphone),
            camera: self.publishing.state(Source::Camera),
            holds_to_talk: self.holds_to_talk,
            screen: self.publishing.state(Source::Screen),
            screen_content: self.publishing.content(),
            screens: self.roster.screens(hindrance).collect(),
            tiles,
            notice: self.notice(),
            company,
        }
    }

    /// Every track that arrives.
    pub fn received(&self) -> impl Iterator<Item = Received> {
        let peer = self.receiving.leg.ends().map(|ends| ends.peer);
        peer.into_iter().flat_map(move |peer| {
            self.roster.producers().filter_map(move |(participant_id, producer)| {
                let mid = self.receiving.mid(producer.producer_id)?.to_owned();
                let tile = tile_of(participant_id, producer.source);
                Some(Received { tile, source: producer.source, peer, mid })
            })
        })
    }

    fn phase(&self) -> Phase {
        match (self.over, &self.place, self.company.lobby.waiting()) {
            (Some(reason), _, _) => Phase::Ended(reason),
            (None, Some(_), _) if self.link.is_joined() => Phase::InMeeting,
            (None, Some(_), _) => Phase::Reconnecting { attempt: self.link.attempt() },
            (None, None, Some(host_present)) => Phase::Waiting { host_present },
            (None, None, None) => Phase::Connecting,
        }
    }

    fn my_tile(&self) -> TileView {
        TileView {
            key: TileKey::Me,
            name: self.intent.display_name.clone(),
            role: self.place.as_ref().map_or(Role::Guest, |place| place.role),
            has_audio: self.publishing.state(Source::Microphone) == view::DeviceState::On,
            has_video: self.publishing.state(Source::Camera) == view::DeviceState::On,
            has_screen: self.publishing.state(Source::Screen) == view::DeviceState::On,
            is_speaking: self
                .place
                .as_ref()
                .is_some_and(|place| self.roster.is_speaking(&place.participant_id)),
            hindrance: None,
            presence: Presence::Connected,
            hand: None,
            reaction: None,
            quality: Level::Good,
        }
    }

    /// The most pressing thing to tell.
    fn notice(&self) -> Option<Notice> {
        let failures = self.publishing.leg.failures().max(self.receiving.leg.failures());
        match self.phase() {
            Phase::Ended(_) => None,
            Phase::Reconnecting { attempt } => Some(Notice::Reconnecting(attempt)),
            Phase::Waiting { .. } => None,
            Phase::Connecting | Phase::InMeeting if failures >= TELLING_FAILURES => {
                let mine = Notice::Server(ErrorCode::IceNoPath);
                Some(self.unreachable.map_or(mine, Notice::Unreachable))
            }
            Phase::Connecting | Phase::InMeeting => {
                let told = self.told.map(|(notice, _)| notice);
                let blocked = (self.sound == Sound::Blocked).then_some(Notice::Autoplay);
                let silent = self.microphone_is_silent && self.is_heard();
                let silent = silent.then_some(Notice::MicSilent);
                told.or(blocked).or(silent).or_else(|| self.trouble())
            }
        }
    }
}

/// What all of the above share.
impl Meeting {
    /// Brings what is sent and received to what should be.
    fn reconcile(&mut self, now: Instant) {
        let Some(place) = self.place.as_ref().filter(|_| self.link.is_joined()) else { return };
        let max_video_bitrate = self.quality.bitrate(place.max_video_bitrate);
        self.publishing.reconcile(now, max_video_bitrate, &mut self.outbox);
        let wanted = self.roster.producers().map(|(_, producer)| producer.producer_id);
        self.receiving.reconcile(now, wanted, &mut self.outbox);
        let videos = self.roster.videos().filter_map(|(tile, producer)| {
            let consumer_id = self.receiving.consumer(producer.producer_id)?;
            Some(Video { consumer_id, tile, paused: producer.paused })
        });
        self.watching.set_thrift(self.quality.max_layer(), self.quality.is_thrifty);
        self.watching.reconcile(now, videos, &mut self.outbox);
        self.pulse.reconcile(now, self.looked_at(), &mut self.outbox);
        self.send_written(now);
    }

    fn is_me(&self, id: &ParticipantId) -> bool {
        self.place.as_ref().is_some_and(|place| place.participant_id == *id)
    }

    fn tell(&mut self, now: Instant, notice: Notice) {
        self.told = Some((notice, now + NOTICE_TIME));
    }
}
