//! Does what a [`Meeting`] wants done, tells it what came of it, and shows the result.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    rc::{Rc, Weak},
};

use gloo::timers::callback::{Interval, Timeout};
use leptos::{prelude::*, task::spawn_local};
use shared::{
    media::{IceServer, MediaKind, Source},
    signaling::Direction,
};
use web_sys::MediaStreamTrack;

use self::devices::Watching;
use super::pictures::{Pictures, pictures_of};
use crate::{
    browser::{
        devices::LocalMedia,
        page::{self, WindowListener},
        peer::{self, Peer, PeerRefused, Quality},
        socket::{self, Heard, Socket},
        sound::Loudspeaker,
        storage,
    },
    meeting::{
        JoinIntent, Meeting, Start,
        effect::{Effect, Instant, PeerId, PeerNews, SocketId, SocketNews},
        gear::{Gear, Kind},
        own_voice::OwnVoice,
        view::{MeetingView, TileKey},
    },
};

mod devices;

/// The signals that show a meeting.
#[derive(Clone, Copy)]
pub(super) struct Screens {
    pub(super) view: RwSignal<MeetingView>,
    pub(super) pictures: RwSignal<Pictures, LocalStorage>,
    /// The devices of the machine.
    pub(super) gear: RwSignal<Gear>,
    /// How far the meter of the microphone goes.
    pub(super) level: RwSignal<u8>,
}

/// What was plugged in at once.
type Newcomers = Vec<(Kind, String)>;

/// One meeting and everything of the browser it uses.
///
/// [`Self::tell`] is the only way in: it tells the meeting something, does what the meeting then
/// wants, shows it, and sets the timer. Nothing that is done calls back into it before it returns.
pub(super) struct Driver {
    meeting: RefCell<Meeting>,
    media: LocalMedia,
    screens: Screens,
    loudspeaker: Loudspeaker,
    voice: RefCell<OwnVoice>,
    newcomers: RefCell<Newcomers>,
    parts: RefCell<Parts>,
    /// For the callbacks, which must not keep the meeting alive.
    this: Weak<Self>,
    _listeners: [WindowListener; 3],
    _sampling: Interval,
    _watching: Watching,
}

/// Milliseconds between two looks at what the connections have counted.
const SAMPLING: u32 = 2_000;

/// What comes and goes.
#[derive(Default)]
struct Parts {
    socket: Option<(SocketId, Socket)>,
    sending: Option<Rc<Peer>>,
    receiving: Option<Rc<Peer>>,
    timer: Option<Timeout>,
}

impl Driver {
    /// Sets out to join.
    pub(super) fn start(intent: JoinIntent, media: LocalMedia, screens: Screens) -> Rc<Self> {
        let sources = [Source::Microphone, Source::Camera].into_iter();
        let start = Start {
            kept: intent.room.as_ref().and_then(storage::kept_return),
            open: sources.filter(|source| media.is_open(*source)).collect(),
            capabilities: peer::capabilities(),
            seed: page::seed(),
            intent,
        };
        let driver = Rc::new_cyclic(|this: &Weak<Self>| Self {
            meeting: RefCell::new(Meeting::new(page::now(), start)),
            screens,
            loudspeaker: Loudspeaker::new(hearing(this, |driver, sound| {
                driver.tell(|meeting, _| meeting.handle_sound(sound));
            })),
            voice: RefCell::default(),
            newcomers: RefCell::default(),
            parts: RefCell::default(),
            _watching: Watching::new(this),
            _listeners: [
                listening(this, "online", |driver| driver.tell(Meeting::handle_online)),
                listening(this, "pagehide", Self::hang_up),
                listening(this, "visibilitychange", Self::tell_visibility),
            ],
            _sampling: {
                let sample = hearing(this, |driver, ()| driver.sample());
                Interval::new(SAMPLING, move || sample(()))
            },
            this: this.clone(),
            media,
        });
        driver.watch_devices();
        driver.tell_visibility();
        driver
    }

    /// Tells the meeting something and does what it then wants.
    pub(super) fn tell(&self, what: impl FnOnce(&mut Meeting, Instant)) {
        let effects: Vec<Effect> = {
            let mut meeting = self.meeting.borrow_mut();
            what(&mut meeting, page::now());
            std::iter::from_fn(|| meeting.poll_effect()).collect()
        };
        for effect in effects {
            self.perform(effect);
        }
        self.show();
        self.set_timer();
    }

    fn tell_visibility(&self) {
        self.tell(|meeting, now| meeting.handle_page_hidden(now, page::is_hidden()));
    }

    /// Plays the sound that the browser held back.
    pub(super) fn retry_sound(&self) {
        self.loudspeaker.retry();
    }

    fn perform(&self, effect: Effect) {
        match effect {
            Effect::Probe(socket) => self.probe(socket),
            Effect::OpenSocket(socket) => self.open_socket(socket),
            Effect::CloseSocket(socket) => self.close_socket(socket),
            Effect::Send(message) => {
                if let Some((_, socket)) = &self.parts.borrow().socket {
                    socket.send(&message);
                }
            }
            Effect::OpenPeer { peer, ice_servers } => self.open_peer(peer, &ice_servers),
            Effect::ClosePeer(peer) => self.close_peer(peer),
            Effect::Look(peer) => self.look(peer),
            Effect::Offer { peer, sources, max_video_bitrate, ice_restart } => {
                let media = self.media.clone();
                self.drive(peer, async move |peer| {
                    peer.add_lines(&media, &sources, max_video_bitrate).await;
                    peer.offer(&sources, ice_restart).await
                });
            }
            Effect::Encode { peer, source, max_bitrate, wanted, content } => {
                if source == Source::Screen {
                    self.media.set_screen_content(content);
                }
                if let Some(peer) = self.peer(peer) {
                    let quality = Quality { max_bitrate, wanted, content };
                    spawn_local(async move { peer.encode(source, quality).await });
                }
            }
            Effect::Accept { peer, answer } => {
                self.drive(peer, async move |peer| peer.accept(&answer).await);
            }
            Effect::Answer { peer, offer } => {
                self.drive(peer, async move |peer| peer.answer(&offer).await);
            }
            Effect::OpenDevice(source) => self.open_device(source),
            Effect::ChangeDevice(source) => self.change_device(source),
            Effect::CloseDevice(source) => self.close_device(source),
            Effect::EnableDevice { source, on } => self.media.enable(source, on),
            Effect::SaveTicket { room, kept } => storage::save_return(&room, &kept),
            Effect::SaveToken { room, token } => storage::save_token(&room, &token),
            Effect::ForgetTicket(room) => storage::forget_return(&room),
        }
    }
}

/// Sockets.
impl Driver {
    fn probe(&self, probe: SocketId) {
        let this = self.this.clone();
        spawn_local(async move {
            let is_there = socket::probe().await;
            if let Some(driver) = this.upgrade() {
                driver.tell(|meeting, now| meeting.handle_probe(now, probe, is_there));
            }
        });
    }

    fn open_socket(&self, id: SocketId) {
        let hear = hearing(&self.this, move |driver, heard| {
            driver.tell(|meeting, now| match heard {
                Heard::News(news) => meeting.handle_socket(now, id, &news),
                Heard::Message(message) => meeting.handle_message(now, id, *message),
            });
        });
        match Socket::open(hear.clone()) {
            Ok(socket) => self.parts.borrow_mut().socket = Some((id, socket)),
            Err(news) => spawn_local(async move { hear(Heard::News(news)) }),
        }
    }

    fn close_socket(&self, id: SocketId) {
        drop(self.parts.borrow_mut().socket.take_if(|(open, _)| *open == id));
    }

    /// The page is being left: closes the socket before the browser does, which some report as an
    /// error. The place in the room is kept for a reload; a page that is shown again reconnects.
    fn hang_up(&self) {
        let open = self.parts.borrow_mut().socket.take();
        if let Some((id, socket)) = open {
            drop(socket);
            let gone = SocketNews::Closed(GOING_AWAY);
            self.tell(|meeting, now| meeting.handle_socket(now, id, &gone));
        }
    }
}

/// The page goes away (RFC 6455 section 7.4.1).
const GOING_AWAY: u16 = 1001;

/// Peer connections.
impl Driver {
    fn open_peer(&self, id: PeerId, ice_servers: &[IceServer]) {
        let tell = hearing(&self.this, move |driver, news| {
            driver.tell(|meeting, now| meeting.handle_peer(now, id, news));
        });
        match Peer::new(id, ice_servers, tell.clone()) {
            Ok(peer) => {
                let former = self.parts.borrow_mut().peer(id.direction).replace(Rc::new(peer));
                former.iter().for_each(|peer| peer.close());
            }
            Err(PeerRefused) => spawn_local(async move { tell(PeerNews::Failed) }),
        }
    }

    fn close_peer(&self, id: PeerId) {
        let closed = self.parts.borrow_mut().peer(id.direction).take_if(|peer| peer.id() == id);
        if let Some(peer) = closed {
            peer.close();
        }
    }

    fn look(&self, id: PeerId) {
        let Some(peer) = self.peer(id) else { return };
        let this = self.this.clone();
        spawn_local(async move {
            let traffic = peer.traffic().await;
            if let (Some(driver), Ok(traffic)) = (this.upgrade(), traffic) {
                driver.tell(|meeting, now| meeting.handle_traffic(now, id, traffic));
            }
        });
    }

    /// Has a peer connection do something, and tells the meeting what came of it.
    fn drive<F>(&self, id: PeerId, work: F)
    where
        F: AsyncFnOnce(&Peer) -> Result<PeerNews, PeerRefused> + 'static,
    {
        let Some(peer) = self.peer(id) else { return };
        let this = self.this.clone();
        spawn_local(async move {
            let news = work(&peer).await.unwrap_or(PeerNews::Failed);
            if let Some(driver) = this.upgrade() {
                driver.tell(|meeting, now| meeting.handle_peer(now, id, news));
            }
        });
    }

    /// Tells the meeting what its connections have counted, unless nobody sees the page.
    fn sample(&self) {
        for direction in [Direction::Send, Direction::Recv] {
            let peer = self.parts.borrow_mut().peer(direction).clone();
            let Some(peer) = peer.filter(|_| !page::is_hidden()) else { continue };
            let this = self.this.clone();
            spawn_local(async move {
                let Some(report) = peer.report().await else { return };
                if let Some(driver) = this.upgrade() {
                    let sent = peer.sent();
                    driver.tell(|meeting, now| meeting.handle_report(now, direction, sent, report));
                }
            });
        }
    }

    /// Looks at the meeting.
    pub(super) fn ask<T>(&self, what: impl FnOnce(&Meeting) -> T) -> T {
        what(&self.meeting.borrow())
    }

    fn peer(&self, id: PeerId) -> Option<Rc<Peer>> {
        let mut parts = self.parts.borrow_mut();
        parts.peer(id.direction).clone().filter(|peer| peer.id() == id)
    }
}

/// Showing.
impl Driver {
    fn show(&self) {
        let Screens { view: screen, pictures, .. } = self.screens;
        let meeting = self.meeting.borrow();
        let view = meeting.view();
        let is_news = screen.try_with_untracked(|shown| *shown != view) == Some(true);
        if is_news {
            drop(screen.try_set(view));
        }
        let (seen, heard) = self.tracks(&meeting);
        self.loudspeaker.play(&heard);
        let shown = pictures.try_with_untracked(|shown| (pictures_of(seen, shown), shown.clone()));
        if let Some((now, before)) = shown
            && now != before
        {
            drop(pictures.try_set(now));
        }
    }

    /// The tracks to be seen, by tile, and those to be heard.
    fn tracks(
        &self,
        meeting: &Meeting,
    ) -> (BTreeMap<TileKey, MediaStreamTrack>, Vec<MediaStreamTrack>) {
        let mine = self.media.track(Source::Camera);
        let mut seen: BTreeMap<_, _> = mine.map(|track| (TileKey::Me, track)).into_iter().collect();
        let mut heard = Vec::new();
        for received in meeting.received() {
            let peer = self.peer(received.peer);
            let Some(track) = peer.and_then(|peer| peer.arriving(&received.mid)) else { continue };
            match received.source.kind() {
                MediaKind::Audio => heard.push(track),
                MediaKind::Video => drop(seen.insert(received.tile, track)),
            }
        }
        (seen, heard)
    }

    fn set_timer(&self) {
        let wake_at = self.meeting.borrow().poll_timeout();
        let timer = wake_at.map(|at| {
            let wait = at.saturating_sub(page::now()).as_millis();
            // A timer that fires a little early would have to be set again.
            let wait = u32::try_from(wait).unwrap_or(u32::MAX).saturating_add(1);
            let wake = hearing(&self.this, |driver, ()| driver.tell(Meeting::handle_wake));
            Timeout::new(wait, move || wake(()))
        });
        let former = std::mem::replace(&mut self.parts.borrow_mut().timer, timer);
        drop(former);
    }
}

impl Parts {
    const fn peer(&mut self, direction: Direction) -> &mut Option<Rc<Peer>> {
        match direction {
            Direction::Send => &mut self.sending,
            Direction::Recv => &mut self.receiving,
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let parts = self.parts.get_mut();
        parts.sending.iter().chain(&parts.receiving).for_each(|peer| peer.close());
        self.media.close_all();
    }
}

/// A callback that does nothing once the driver is gone.
fn hearing<T>(
    this: &Weak<Driver>,
    hear: impl Fn(&Driver, T) + Clone + 'static,
) -> impl Fn(T) + Clone + 'static {
    let this = this.clone();
    move |news| {
        if let Some(driver) = this.upgrade() {
            hear(&driver, news);
        }
    }
}

fn listening(
    this: &Weak<Driver>,
    event: &'static str,
    hear: impl Fn(&Driver) + Clone + 'static,
) -> WindowListener {
    let hear = hearing(this, move |driver, ()| hear(driver));
    WindowListener::new(event, move || hear(()))
}
