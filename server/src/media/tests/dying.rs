//! Workers that panic or hang: what others notice of it, and how their rooms come back.

use std::{
    sync::atomic::AtomicU64,
    thread,
    time::{Duration, Instant},
};

use sfu::{codec::Codec, rtp::RtpPacket, transport::srtp::SrtpProfile};
use shared::{media::Source, signaling::Direction};
use tokio::time::timeout;

use super::{bridge::Bridge, *};
use crate::bench::client::{ClientIdentity, Incoming, LightClient, LocalTrack, SendTrack, Woken};

/// What is not there after this long does not come.
const PATIENCE: Duration = Duration::from_secs(5);
/// From one packet to the next.
const PACE: Duration = Duration::from_millis(10);
/// Packets that show by which socket they come.
const PROBES: u64 = 20;
/// Until a dead worker is noticed and another is in its place.
const NOTICED_WITHIN: Duration = Duration::from_secs(2);
/// Until a room's clients have media again.
const BACK_WITHIN: Duration = Duration::from_secs(3);

const TRACK: LocalTrack = LocalTrack { codec: Codec::Opus, ssrc: 7 };

/// How clients reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Udp,
    /// By connections alone (RFC 6544).
    Tcp,
}

/// Two workers with a room each.
struct Stage {
    media: Media,
    events: mpsc::Receiver<MediaEvent>,
    identity: Arc<ClientIdentity>,
    way: Way,
    /// The place of the worker that is to die.
    victim: usize,
}

/// Alice speaks, Bob hears her.
struct Talk {
    alice: LightClient,
    bob: LightClient,
    voice: SendTrack,
    /// What carries them, where they have no UDP.
    bridges: Vec<Bridge>,
}

const BYSTANDERS: RouterId = RouterId(1);
const LOST: RouterId = RouterId(2);

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(100);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Stage {
    /// Also has two talk in the first room, and over UDP one of them come in by the second worker's
    /// socket.
    async fn set(way: Way) -> (Self, Talk) {
        let media = Media::start(config(0, 2)).unwrap();
        let events = media.events().unwrap();
        let identity = Arc::new(ClientIdentity::generate().unwrap());
        create(&media, BYSTANDERS.0).await.unwrap();
        create(&media, LOST.0).await.unwrap();
        let victim = lock(&media.0.placement).worker_of(LOST).unwrap();
        // The kernel picks the socket by the client's port.
        let bystander = loop {
            let mut talk = Talk::begin(&media, (&identity, way), BYSTANDERS).await;
            let before = forwarded(&media, victim).await;
            for number in 0..PROBES {
                talk.voice.send(&mut talk.alice, &number.to_be_bytes()).unwrap();
                assert_eq!(talk.hear(Instant::now() + PATIENCE), Some(number));
            }
            if way == Way::Tcp || forwarded(&media, victim).await >= before + PROBES {
                break talk;
            }
        };
        (Self { media, events, identity, way, victim }, bystander)
    }

    fn post_to_victim(&self, letter: Letter) {
        self.media.0.workers[self.victim].post(letter).unwrap();
    }

    /// The rooms that are lost, and how long it took to hear of them.
    async fn loss(&mut self, since: Instant) -> (Vec<RouterId>, Duration) {
        loop {
            let event = timeout(PATIENCE, self.events.recv()).await.unwrap().unwrap();
            if let MediaEvent::WorkerGone { routers } = event {
                return (routers, since.elapsed());
            }
        }
    }

    /// Has a new room opened on the place of the dead worker, and people talk there.
    async fn come_back(&self) {
        let mut router = RouterId(next_id());
        while create(&self.media, router.0).await.is_err()
            || lock(&self.media.0.placement).worker_of(router) != Some(self.victim)
        {
            router = RouterId(next_id());
        }
        let mut talk = self.talk(router).await;
        talk.voice.send(&mut talk.alice, &1_u64.to_be_bytes()).unwrap();
        assert_eq!(talk.hear(Instant::now() + PATIENCE), Some(1));
    }

    async fn talk(&self, router: RouterId) -> Talk {
        Talk::begin(&self.media, (&self.identity, self.way), router).await
    }
}

async fn forwarded(media: &Media, worker: usize) -> u64 {
    let reports = media.statistics().await.workers;
    let report = reports.iter().find(|report| report.index == worker);
    report.map_or(0, |report| report.exchange.datagrams_forwarded)
}

fn description(reply: CommandReply) -> String {
    match reply {
        CommandReply::Description(sdp) => sdp,
        other => panic!("not a description: {other:?}"),
    }
}

impl Talk {
    async fn begin(
        media: &Media,
        (identity, way): (&Arc<ClientIdentity>, Way),
        router_id: RouterId,
    ) -> Self {
        let server = media.candidates()[0];
        let mut bridges = Vec::new();
        let mut client = || {
            let server = match way {
                Way::Udp => server,
                Way::Tcp => {
                    bridges.push(Bridge::to(server));
                    bridges[bridges.len() - 1].address()
                }
            };
            LightClient::new(identity, SrtpProfile::AeadAes128Gcm, server).unwrap()
        };
        let (mut alice, mut bob) = (client(), client());
        let tell = async |command| media.command(router_id, command).await.unwrap();
        let [sends, receives] = [TransportId(next_id()), TransportId(next_id())];
        for (transport_id, direction) in [(sends, Direction::Send), (receives, Direction::Recv)] {
            tell(Command::CreateTransport { router_id, transport_id, direction }).await;
        }
        let sdp = alice.leg.offer(&[TRACK]);
        let answer = description(tell(Command::AcceptOffer { transport_id: sends, sdp }).await);
        alice.leg.set_server(Instant::now(), &answer).unwrap();
        alice.connect(PATIENCE).unwrap();

        let (producer_id, consumer_id) = (ProducerId(next_id()), ConsumerId(next_id()));
        let (mid, source) = ("0".to_owned(), Source::Microphone);
        tell(Command::Produce { transport_id: sends, producer_id, mid, source, paused: false })
            .await;
        let (transport_id, stream) = (receives, "alice".to_owned());
        tell(Command::Consume { transport_id, consumer_id, producer_id, stream }).await;
        let offer = description(tell(Command::CreateOffer { transport_id }).await);
        bob.leg.set_server(Instant::now(), &offer).unwrap();
        let sdp = bob.leg.answer(&offer);
        tell(Command::AcceptAnswer { transport_id, sdp }).await;
        bob.connect(PATIENCE).unwrap();
        tell(Command::ResumeConsumer { consumer_id }).await;
        let voice = SendTrack::new(&mut alice, TRACK, 960).unwrap();
        Self { alice, bob, voice, bridges }
    }

    /// The number of the next packet that Bob receives until `deadline`.
    fn hear(&mut self, deadline: Instant) -> Option<u64> {
        let mut number = None;
        while number.is_none() {
            let woken = self.bob.receive(deadline, |incoming| {
                if let Incoming::Rtp(packet) = incoming {
                    let payload = RtpPacket::parse(packet).unwrap().payload;
                    number = Some(u64::from_be_bytes(payload.try_into().unwrap()));
                }
            });
            if woken.unwrap() == Woken::Deadline {
                break;
            }
        }
        number
    }

    /// Speaks at an even pace until told to stop, and then for as long as Bob has not heard all.
    /// Returns how much was said, and what was heard.
    fn go_on(mut self, stop: &AtomicBool) -> (u64, Vec<u64>) {
        let (mut said, mut heard) = (0, Vec::new());
        while !stop.load(Ordering::Relaxed) {
            self.voice.send(&mut self.alice, &u64::to_be_bytes(said)).unwrap();
            said += 1;
            self.alice.keep_alive().unwrap();
            let next = Instant::now() + PACE;
            while let Some(number) = self.hear(next) {
                heard.push(number);
            }
        }
        let end = Instant::now() + PATIENCE;
        while heard.len() as u64 != said
            && let Some(number) = self.hear(end)
        {
            heard.push(number);
        }
        (said, heard)
    }
}

/// Has the victim die of `letter` while its room and others talk, and sees how it goes to the end.
async fn die_of(letter: Letter, way: Way) {
    let (mut stage, bystander) = Stage::set(way).await;
    let mut victims = stage.talk(LOST).await;
    victims.voice.send(&mut victims.alice, &1_u64.to_be_bytes()).unwrap();
    assert_eq!(victims.hear(Instant::now() + PATIENCE), Some(1));
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    let talking = thread::spawn(move || bystander.go_on(&stopping));
    tokio::time::sleep(20 * PACE).await;

    let died = Instant::now();
    stage.post_to_victim(letter);
    let media = stage.media.clone();
    let (transport_id, direction) = (TransportId(next_id()), Direction::Send);
    let waiting = Command::CreateTransport { router_id: LOST, transport_id, direction };
    let waiting = tokio::spawn(async move { media.command(LOST, waiting).await });
    let (lost, noticed) = stage.loss(died).await;
    assert_eq!(lost, [LOST]);
    assert!(noticed <= NOTICED_WITHIN, "{noticed:?}");
    let refused = timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap_err();
    // The second if it came after the death.
    let unknown = MediaError::from(CommandError::RouterNotFound(LOST));
    assert!(refused == MediaError::WorkerGone || refused == unknown, "{refused}");
    stage.come_back().await;
    assert!(died.elapsed() <= BACK_WITHIN, "{:?}", died.elapsed());
    assert!(stage.media.is_ready());
    let statistics = stage.media.statistics().await;
    assert_eq!(statistics.places[stage.victim], PlaceReport { lives: true, restarts: 1 });
    assert_eq!(statistics.places[1 - stage.victim], PlaceReport { lives: true, restarts: 0 });

    tokio::time::sleep(20 * PACE).await;
    stop.store(true, Ordering::Relaxed);
    let (said, heard) = tokio::task::spawn_blocking(|| talking.join().unwrap()).await.unwrap();
    assert_eq!(heard, (0..said).collect::<Vec<_>>(), "the others lost nothing");
    match way {
        Way::Udp => {
            let taken = forwarded(&stage.media, stage.victim).await;
            assert!(taken > 0, "the new worker knows the others' paths");
        }
        Way::Tcp => {
            let workers = stage.media.statistics().await.workers;
            let by_udp = workers.iter().map(|report| report.socket.datagrams_received);
            assert_eq!(by_udp.sum::<u64>(), 0, "all of it came by connections");
            assert_eq!(victims.bridges.len(), 2, "they are still there");
            while stage.media.statistics().await.tcp.proven > 0 {
                assert!(died.elapsed() < PATIENCE, "they still count as a dead worker's");
                tokio::time::sleep(PACE).await;
            }
        }
    }
    stage.media.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_panics_is_replaced_and_the_others_lose_nothing() {
    die_of(Letter::Panic, Way::Udp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_hangs_is_replaced_and_the_others_lose_nothing() {
    let (hold, held) = sync_channel(0);
    die_of(Letter::Hang(held), Way::Udp).await;
    drop(hold);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_have_only_tcp_come_back_as_soon_and_the_others_lose_nothing() {
    die_of(Letter::Panic, Way::Tcp).await;
    let (hold, held) = sync_channel(0);
    die_of(Letter::Hang(held), Way::Tcp).await;
    drop(hold);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_keeps_dying_is_given_up_and_the_server_is_not_ready() {
    let media = Media::start(config(0, 1)).unwrap();
    let mut events = media.events().unwrap();
    let mut deaths = 0;
    while media.is_ready() {
        assert!(deaths < 10, "it is replaced without end");
        let router = RouterId(next_id());
        create(&media, router.0).await.unwrap();
        media.0.workers[0].post(Letter::Panic).unwrap();
        let event = timeout(PATIENCE, events.recv()).await.unwrap();
        assert_eq!(event, Some(MediaEvent::WorkerGone { routers: vec![router] }));
        deaths += 1;
    }
    assert_eq!(create(&media, 1).await, Err(MediaError::WorkerGone));
    let places = media.statistics().await.places;
    assert_eq!(places, [PlaceReport { lives: false, restarts: deaths - 1 }]);
    media.close().await;
}
