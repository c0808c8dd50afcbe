//! A worker with a publisher and a viewer, for the targets to play on.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use shared::{
    ids::{ConsumerId, ProducerId, RouterId, TransportId},
    media::Source,
    signaling::Direction,
};

use crate::{
    Command, CommandReply, DEFAULT_MAX_CAMERAS, DtlsIdentity, Output, Path, Protocol, Worker,
    WorkerConfig, WorkerIndex,
    client::{ClientLeg, LocalTrack, OfferedTrack, offered_tracks},
    codec::Codec,
    extension::Extension,
    testing::epoch,
    transport::srtp::SrtpProfile,
};

/// Where the worker is reached.
const SERVER: ([u8; 4], u16) = ([203, 0, 113, 7], 40_000);

/// The tracks of the publisher, one of each codec.
pub(super) const TRACKS: [LocalTrack; 5] = [
    LocalTrack { codec: Codec::Opus, ssrc: 100 },
    LocalTrack { codec: Codec::Vp8, ssrc: 200 },
    LocalTrack { codec: Codec::Vp9, ssrc: 300 },
    LocalTrack { codec: Codec::H264, ssrc: 400 },
    LocalTrack { codec: Codec::Av1, ssrc: 500 },
];

pub(super) struct Stage {
    pub(super) worker: Worker,
    pub(super) now: Instant,
    pub(super) publisher: End,
    pub(super) viewer: End,
    /// What the viewer was offered, in the order of [`TRACKS`].
    pub(super) offered: Vec<OfferedTrack>,
}

/// One client.
pub(super) struct End {
    pub(super) leg: ClientLeg,
    pub(super) path: Path,
    pub(super) transport: TransportId,
}

/// One certificate for all runs: making one takes longer than a run.
pub(super) fn identity() -> &'static Arc<DtlsIdentity> {
    static IDENTITY: OnceLock<Arc<DtlsIdentity>> = OnceLock::new();
    IDENTITY.get_or_init(|| Arc::new(DtlsIdentity::generate().expect("there is randomness")))
}

pub(super) fn path(client: u8) -> Path {
    let remote = SocketAddr::from(([198, 51, 100, client], 50_000));
    Path { remote, local: None, protocol: Protocol::Udp }
}

/// The names of the layers of the VP8 track.
pub(super) const RIDS: [&str; 3] = ["q", "h", "f"];

/// A client's offer with every header extension we know, H.264 in the form that we take, and VP8 in
/// three layers.
pub(super) fn offer(leg: &ClientLeg) -> String {
    let further = [
        Extension::Mid,
        Extension::VideoOrientation,
        Extension::PlayoutDelay,
        Extension::Rid,
        Extension::RepairedRid,
        Extension::DependencyDescriptor,
    ];
    let lines = further.map(|one| format!("a=extmap:{} {}\r\n", one.id(), one.uri())).concat();
    let h264 = "a=rtpmap:102 H264/90000\r\n";
    let form = "a=fmtp:102 packetization-mode=1;profile-level-id=42e01f\r\n";
    let offer = leg.offer(&TRACKS).replace(h264, &[h264, form].concat());
    let vp8 = "a=rtpmap:96 VP8/90000\r\n";
    let layers = RIDS.map(|rid| format!("a=rid:{rid} send\r\n")).concat();
    let simulcast = format!("a=simulcast:send {}\r\n", RIDS.join(";"));
    let offer = offer.replace(vp8, &[vp8, &layers, &simulcast].concat());
    offer.replace("a=rtcp-mux\r\n", &["a=rtcp-mux\r\n", &lines].concat())
}

impl Stage {
    /// Both have exchanged descriptions with the worker and know nothing of each other's addresses;
    /// everything is published, and watched.
    pub(super) fn new() -> Self {
        let now = epoch();
        let config = WorkerConfig {
            index: WorkerIndex(0),
            candidates: vec![SERVER.into()],
            identity: Arc::clone(identity()),
            max_cameras: DEFAULT_MAX_CAMERAS,
            seed: [7; 32],
        };
        let end = |number: u8| End {
            leg: ClientLeg::new(identity(), SrtpProfile::AeadAes128Gcm).expect("randomness"),
            path: path(number),
            transport: TransportId(u64::from(number)),
        };
        let (publisher, viewer) = (end(1), end(2));
        let worker = Worker::new(config, now);
        let mut stage = Self { worker, now, publisher, viewer, offered: Vec::new() };
        let router_id = RouterId(1);
        stage.must(Command::CreateRouter { router_id });
        for (number, direction) in [(1, Direction::Send), (2, Direction::Recv)] {
            let transport_id = TransportId(number);
            stage.must(Command::CreateTransport { router_id, transport_id, direction });
        }
        stage.publish();
        stage.watch();
        stage
    }

    fn publish(&mut self) {
        let transport_id = self.publisher.transport;
        let sdp = offer(&self.publisher.leg);
        let reply = self.must(Command::AcceptOffer { transport_id, sdp });
        let CommandReply::Description(answer) = reply else { return };
        self.publisher.leg.set_server(self.now, &answer).expect("our answers can be read");
        let sources =
            [Source::Microphone, Source::Camera, Source::Screen, Source::Camera, Source::Screen];
        for (number, source) in (0..).zip(sources) {
            let (producer_id, mid) = (ProducerId(number), number.to_string());
            let produce =
                Command::Produce { transport_id, producer_id, mid, source, paused: false };
            self.must(produce);
        }
    }

    fn watch(&mut self) {
        let transport_id = self.viewer.transport;
        for number in 0..TRACKS.len() as u64 {
            self.must(Command::Consume {
                transport_id,
                consumer_id: ConsumerId(number),
                producer_id: ProducerId(number),
                stream: "publisher".to_owned(),
            });
        }
        let reply = self.must(Command::CreateOffer { transport_id });
        let CommandReply::Description(offer) = reply else { return };
        self.viewer.leg.set_server(self.now, &offer).expect("our offers can be read");
        self.offered = offered_tracks(&offer);
        let sdp = self.viewer.leg.answer(&offer);
        self.must(Command::AcceptAnswer { transport_id, sdp });
        for number in 0..TRACKS.len() as u64 {
            self.must(Command::ResumeConsumer { consumer_id: ConsumerId(number) });
        }
    }

    fn must(&mut self, command: Command) -> CommandReply {
        self.worker.handle_command(self.now, command).expect("the stage can be set")
    }

    /// The client that `number` chooses.
    pub(super) const fn end(&mut self, number: u8) -> &mut End {
        if number.is_multiple_of(2) { &mut self.publisher } else { &mut self.viewer }
    }

    /// Hands a datagram to the worker; it may be any.
    pub(super) fn deliver(&mut self, path: Path, mut bytes: Vec<u8>) {
        self.worker.handle_datagram(self.now, path, &mut bytes);
    }

    /// Lets time pass, at most half a minute, and the worker do what is due on the way.
    pub(super) fn pass(&mut self, duration: Duration, mut act: impl FnMut(&mut Self)) {
        let end = self.now + duration.min(Duration::from_secs(30));
        while let Some(due) = self.worker.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.worker.handle_timeout(self.now);
            act(self);
            let next = self.worker.poll_timeout();
            assert!(next.is_none_or(|next| next > self.now), "a timer that is due stays due");
        }
        self.now = end;
    }

    /// Takes what the worker sends, datagram by datagram.
    pub(super) fn drain(&mut self, mut take: impl FnMut(Path, &[u8])) {
        while let Some(output) = self.worker.poll_output() {
            let Output::Transmit(transmit) = output else { continue };
            let size = transmit.segment_size.unwrap_or(transmit.contents.len());
            for datagram in transmit.contents.chunks(size.max(1)) {
                take(transmit.path, datagram);
            }
        }
    }
}
