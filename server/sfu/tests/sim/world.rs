//! One worker, its clients, and the network between them.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use sfu::{
    Command, CommandReply, DEFAULT_MAX_CAMERAS, DtlsIdentity, Event, Output, Path, Protocol,
    Worker, WorkerConfig, WorkerIndex, codec::Codec, extension::Extension,
    transport::srtp::SrtpProfile,
};
use shared::{
    ids::{ConsumerId, ProducerId, RouterId, TransportId},
    media::Source,
    signaling::Direction as Leg,
};

use crate::{
    browser::{Camera, Publisher, Viewer},
    clock::epoch,
    leg::Leg as BrowserLeg,
    network::{Datagram, Direction, Link, Network},
    oracle::{Stamp, check},
};

/// Where the worker is reached.
const SERVER: ([u8; 4], u16) = ([203, 0, 113, 7], 40_000);

/// A client of the world, by its number.
pub(crate) enum Client {
    Publisher(Publisher),
    Viewer(Viewer),
    /// Closed; what still comes for it is lost.
    Gone,
}

/// A consumer as the tests know it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watching {
    pub(crate) viewer: usize,
    pub(crate) consumer: ConsumerId,
    pub(crate) stamp: Stamp,
    pub(crate) codec: Codec,
    ssrc: Option<u32>,
}

/// A producer as the tests know it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Published {
    pub(crate) producer: ProducerId,
    pub(crate) stamp: Stamp,
    pub(crate) codec: Codec,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) started: Instant,
    pub(crate) worker: Worker,
    pub(crate) network: Network,
    pub(crate) clients: Vec<Client>,
    pub(crate) watching: Vec<Watching>,
    /// Everything that was published, and the client it is of.
    sources: Vec<(usize, Published)>,
    pub(crate) events: Vec<Event>,
    identity: Arc<DtlsIdentity>,
    next_id: u64,
}

impl World {
    pub(crate) fn new(seed: u64, link: Link) -> Self {
        Self::with_cameras(seed, link, DEFAULT_MAX_CAMERAS)
    }

    /// One whose viewers are sent at most so many cameras at once.
    pub(crate) fn with_cameras(seed: u64, link: Link, max_cameras: usize) -> Self {
        let now = epoch();
        let identity = Arc::new(DtlsIdentity::generate().unwrap());
        let mut worker_seed = [0; 32];
        worker_seed[..8].copy_from_slice(&seed.to_be_bytes());
        let worker = Worker::new(
            WorkerConfig {
                index: WorkerIndex(0),
                candidates: vec![SERVER.into()],
                identity: Arc::clone(&identity),
                max_cameras,
                seed: worker_seed,
            },
            now,
        );
        Self {
            now,
            started: now,
            worker,
            network: Network::new(link, seed),
            clients: Vec::new(),
            watching: Vec::new(),
            sources: Vec::new(),
            events: Vec::new(),
            identity,
            next_id: 0,
        }
    }

    pub(crate) fn command(&mut self, command: Command) -> CommandReply {
        let reply = self.worker.handle_command(self.now, command.clone());
        let reply = reply.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.drain_worker();
        reply
    }

    pub(crate) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(crate) fn room(&mut self) -> RouterId {
        let router_id = RouterId(self.id());
        self.command(Command::CreateRouter { router_id });
        router_id
    }

    pub(crate) fn leg(&self) -> BrowserLeg {
        let profiles = vec![SrtpProfile::Aes128CmSha1, SrtpProfile::AeadAes128Gcm];
        BrowserLeg::new(&self.identity, profiles)
    }

    pub(crate) fn transport(&mut self, room: RouterId, direction: Leg) -> TransportId {
        let transport_id = TransportId(self.id());
        self.command(Command::CreateTransport { router_id: room, transport_id, direction });
        transport_id
    }

    /// Someone starts to publish one track of each codec; returns their number and producers.
    pub(crate) fn publish(&mut self, room: RouterId, codecs: &[Codec]) -> (usize, Vec<Published>) {
        let transport_id = self.transport(room, Leg::Send);
        let number = self.clients.len();
        let mut cameras = Vec::new();
        for (index, codec) in codecs.iter().enumerate() {
            let stamp = Stamp { room: room.0 as u8, source: (number * 4 + index) as u8 };
            let ssrc = (number as u32) * 1000 + (index as u32) * 10 + 7;
            cameras.push(Camera::new(self.now, *codec, ssrc, stamp));
        }
        let mut leg = self.leg();
        let tracks: Vec<_> = cameras.iter().map(|camera| camera.track).collect();
        let offer = Command::AcceptOffer { transport_id, sdp: leg.offer(&tracks) };
        let CommandReply::Description(answer) = self.command(offer) else { unreachable!() };
        leg.accept_answer(self.now, &answer);
        let mut published = Vec::new();
        for (mid, camera) in cameras.iter().enumerate() {
            let producer_id = ProducerId(self.id());
            let codec = camera.track.codec;
            let source = if codec.is_video() { Source::Camera } else { Source::Microphone };
            let mid = mid.to_string();
            let produce =
                Command::Produce { transport_id, producer_id, mid, source, paused: false };
            assert_eq!(self.command(produce), CommandReply::Produced { codec });
            published.push(Published { producer: producer_id, stamp: camera.stamp, codec });
        }
        self.clients.push(Client::Publisher(Publisher::new(self.now, leg, cameras)));
        self.sources.extend(published.iter().map(|one| (number, *one)));
        (number, published)
    }

    /// Someone starts to publish a voice and a picture in three layers of 120, 270 and 630 kbit/s;
    /// returns their number and producers.
    pub(crate) fn publish_layers(&mut self, room: RouterId) -> (usize, Vec<Published>) {
        let transport_id = self.transport(room, Leg::Send);
        let number = self.clients.len();
        let base = (number as u32) * 1000;
        let stamp = |index| Stamp { room: room.0 as u8, source: (number * 4 + index) as u8 };
        let mut cameras = vec![Camera::new(self.now, Codec::Opus, base + 7, stamp(0))];
        for (ssrc, filling) in [(17, 150), (27, 400), (37, 1000)] {
            let mut layer = Camera::new(self.now, Codec::Vp8, base + ssrc, stamp(1));
            layer.filling = Some(filling);
            cameras.push(layer);
        }
        let mut leg = self.leg();
        let tracks: Vec<_> = cameras.iter().map(|camera| camera.track).collect();
        let mut sdp = leg.offer(&tracks[..2]);
        for track in &tracks[2..] {
            let (ssrc, rtx) = (track.ssrc, track.rtx_ssrc().unwrap());
            sdp += &format!("a=ssrc-group:FID {ssrc} {rtx}\r\na=ssrc:{ssrc} cname:l\r\n");
            sdp += &format!("a=ssrc:{rtx} cname:l\r\n");
        }
        let rid = Extension::Rid;
        sdp += &format!("a=extmap:{} {}\r\n", rid.id(), rid.uri());
        sdp += "a=rid:l send\r\na=rid:m send\r\na=rid:h send\r\na=simulcast:send l;m;h\r\n";
        let CommandReply::Description(answer) =
            self.command(Command::AcceptOffer { transport_id, sdp })
        else {
            unreachable!()
        };
        leg.accept_answer(self.now, &answer);
        let mut published = Vec::new();
        for (mid, source) in [("0", Source::Microphone), ("1", Source::Camera)] {
            let (producer_id, mid) = (ProducerId(self.id()), mid.to_owned());
            self.command(Command::Produce {
                transport_id,
                producer_id,
                mid,
                source,
                paused: false,
            });
            let Camera { track, stamp, .. } = cameras[published.len()];
            published.push(Published { producer: producer_id, stamp, codec: track.codec });
        }
        self.clients.push(Client::Publisher(Publisher::new(self.now, leg, cameras)));
        self.sources.extend(published.iter().map(|one| (number, *one)));
        (number, published)
    }

    /// Someone starts to watch all of `published`; returns their number and transport.
    pub(crate) fn watch(
        &mut self,
        room: RouterId,
        published: &[Published],
    ) -> (usize, TransportId) {
        let transport_id = self.transport(room, Leg::Recv);
        let viewer = self.clients.len();
        let leg = self.leg();
        self.clients.push(Client::Viewer(Viewer::new(leg)));
        self.watch_more(viewer, transport_id, published);
        (viewer, transport_id)
    }

    /// A viewer adds consumers, negotiates once, and resumes them.
    pub(crate) fn watch_more(
        &mut self,
        viewer: usize,
        transport_id: TransportId,
        published: &[Published],
    ) -> Vec<ConsumerId> {
        let mut added = Vec::new();
        for Published { producer, stamp, codec } in published.iter().copied() {
            let consumer = ConsumerId(self.id());
            let stream = format!("publisher-{}", stamp.source / 4);
            let consume = Command::Consume {
                transport_id,
                consumer_id: consumer,
                producer_id: producer,
                stream,
            };
            let CommandReply::Consumed { mid, .. } = self.command(consume) else { unreachable!() };
            added.push((Watching { viewer, consumer, stamp, codec, ssrc: None }, mid));
        }
        let offer = self.command(Command::CreateOffer { transport_id });
        let CommandReply::Description(offer) = offer else { unreachable!() };
        let now = self.now;
        let browser = self.viewer(viewer);
        let (sdp, tracks) = browser.leg.answer(now, &offer);
        browser.offered(tracks.clone());
        let answered = self.command(Command::AcceptAnswer { transport_id, sdp });
        assert_eq!(answered, CommandReply::Answered { refused: Vec::new() });
        let mut consumers = Vec::new();
        for (mut watching, mid) in added {
            watching.ssrc = tracks.iter().find(|track| track.mid == mid).map(|track| track.ssrc);
            self.command(Command::ResumeConsumer { consumer_id: watching.consumer });
            consumers.push(watching.consumer);
            self.watching.push(watching);
        }
        consumers
    }

    pub(crate) fn viewer(&mut self, number: usize) -> &mut Viewer {
        match &mut self.clients[number] {
            Client::Viewer(viewer) => viewer,
            _ => panic!("client {number} is no viewer"),
        }
    }

    pub(crate) fn publisher(&mut self, number: usize) -> &mut Publisher {
        match &mut self.clients[number] {
            Client::Publisher(publisher) => publisher,
            _ => panic!("client {number} is no publisher"),
        }
    }

    pub(crate) fn address(client: usize) -> SocketAddr {
        SocketAddr::from(([198, 51, 100, (client / 250) as u8], 50_000 + (client % 250) as u16))
    }

    pub(crate) fn path(client: usize) -> Path {
        Path { remote: Self::address(client), local: None, protocol: Protocol::Udp }
    }

    /// Lets virtual time pass.
    pub(crate) fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        self.run_until(end, |_| false);
        self.now = end;
    }

    /// Lets virtual time pass until `done`, and returns how long it took.
    pub(crate) fn run_while(
        &mut self,
        patience: Duration,
        mut waiting: impl FnMut(&mut Self) -> bool,
    ) -> Duration {
        let begun = self.now;
        self.run_until(begun + patience, |world| !waiting(world));
        assert!(!waiting(self), "still waiting after {patience:?}");
        self.now - begun
    }

    fn run_until(&mut self, end: Instant, mut done: impl FnMut(&mut Self) -> bool) {
        while !done(self) {
            let Some(next) = self.next_instant().filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            self.step();
        }
    }

    fn next_instant(&self) -> Option<Instant> {
        let clients = self.clients.iter().filter_map(|client| match client {
            Client::Publisher(publisher) => publisher.poll_timeout(),
            Client::Viewer(viewer) => viewer.poll_timeout(),
            Client::Gone => None,
        });
        clients.chain(self.network.next()).chain(self.worker.poll_timeout()).min()
    }

    fn step(&mut self) {
        while let Some(datagram) = self.network.receive(self.now) {
            self.deliver(datagram);
        }
        for client in 0..self.clients.len() {
            let sent = match &mut self.clients[client] {
                Client::Publisher(publisher) => publisher.handle_timeout(self.now),
                Client::Viewer(viewer) => viewer.handle_timeout(self.now),
                Client::Gone => Vec::new(),
            };
            self.send_to_worker(client, sent);
        }
        if self.worker.poll_timeout().is_some_and(|due| due <= self.now) {
            self.worker.handle_timeout(self.now);
            self.drain_worker();
        }
    }

    fn deliver(&mut self, Datagram { client, direction, mut bytes }: Datagram) {
        if direction == Direction::ToWorker {
            self.worker.handle_datagram(self.now, Self::path(client), &mut bytes);
            self.drain_worker();
            return;
        }
        let sent = match &mut self.clients[client] {
            Client::Publisher(publisher) => publisher.handle_datagram(self.now, bytes),
            Client::Viewer(viewer) => viewer.handle_datagram(self.now, bytes),
            Client::Gone => Vec::new(),
        };
        self.send_to_worker(client, sent);
    }

    pub(crate) fn send_to_worker(&mut self, client: usize, datagrams: Vec<Vec<u8>>) {
        for bytes in datagrams {
            let datagram = Datagram { client, direction: Direction::ToWorker, bytes };
            self.network.send(self.now, datagram);
        }
    }

    /// Takes what the worker wants sent and told.
    pub(crate) fn drain_worker(&mut self) {
        while let Some(output) = self.worker.poll_output() {
            match output {
                Output::Transmit(transmit) => {
                    let client = (0..self.clients.len())
                        .find(|client| Self::address(*client) == transmit.path.remote)
                        .expect("the worker sends to clients only");
                    let size = transmit.segment_size.unwrap_or(transmit.contents.len());
                    for bytes in transmit.contents.chunks(size) {
                        let bytes = bytes.to_vec();
                        let datagram = Datagram { client, direction: Direction::ToClient, bytes };
                        self.network.send(self.now, datagram);
                    }
                }
                Output::Event(event) => {
                    if let Event::LayersWanted { producer_id, layers, .. } = &event {
                        self.send_layers(*producer_id, layers);
                    }
                    self.events.push(event);
                }
            }
        }
    }

    /// Has the publisher of a source do what it is told.
    fn send_layers(&mut self, producer_id: ProducerId, layers: &[u8]) {
        let source = self.sources.iter().find(|(_, one)| one.producer == producer_id);
        let Some((client, Published { stamp, .. })) = source.copied() else { return };
        if let Some(Client::Publisher(publisher)) = self.clients.get_mut(client) {
            publisher.send_layers(stamp, layers);
        }
    }

    /// Has the oracle look at everything every viewer received; returns the packets it saw.
    pub(crate) fn check(&mut self) -> usize {
        let mut seen = 0;
        for watching in self.watching.clone() {
            let ssrc = watching.ssrc.expect("every consumer was offered");
            let Client::Viewer(viewer) = &self.clients[watching.viewer] else { continue };
            let track = &viewer.tracks[&ssrc];
            check(track, watching.stamp, watching.codec, self.network.link);
            seen += track.arrivals.len();
        }
        seen
    }

    /// What a viewer has of the source with this stamp.
    pub(crate) fn track(&self, viewer: usize, stamp: Stamp) -> &crate::browser::Track {
        let mut watching = self.watching.iter();
        let found = watching.find(|one| one.viewer == viewer && one.stamp == stamp).unwrap();
        let Client::Viewer(browser) = &self.clients[viewer] else { panic!("no viewer") };
        &browser.tracks[&found.ssrc.unwrap()]
    }

    /// The SSRC under which a viewer has the source with this stamp.
    pub(crate) fn ssrc(&self, viewer: usize, stamp: Stamp) -> u32 {
        let mut watching = self.watching.iter();
        let found = watching.find(|one| one.viewer == viewer && one.stamp == stamp).unwrap();
        found.ssrc.unwrap()
    }

    pub(crate) fn is_connected(&self, client: usize) -> bool {
        match &self.clients[client] {
            Client::Publisher(publisher) => publisher.leg.is_connected(),
            Client::Viewer(viewer) => viewer.leg.is_connected(),
            Client::Gone => false,
        }
    }
}
