//! Whatever happens, and in whatever order: once it stops, everyone is received again.

use std::time::Duration;

use shared::{
    error::ErrorCode,
    ids::{ConsumerId, ProducerId, TransportId},
    media::{MimeType, Source},
    signaling::{
        CloseCode, ConsumerLayer, Direction, Event, LayersWanted, NewProducer, PeerLeft,
        PeerPresence, Presence, Producer, ProducerRef, Request, TransportFailed,
    },
};

use super::world::{Server, World, participant, participant_id};
use crate::meeting::{
    Meeting,
    backoff::Chance,
    effect::{PeerId, PeerNews},
    notice::DeviceError,
    view::Phase,
};

const STEPS: usize = 120;

/// Longer than anything waits: silence is noticed, transports are retried, offers allowed again.
const CALM: Duration = Duration::from_secs(60);

#[test]
fn whatever_happened_a_calm_minute_heals_it() {
    for seed in 0..300 {
        let mut chance = Chance::new(seed);
        let mut world = World::new();
        world.settle();
        for _ in 0..STEPS {
            disturb(&mut world, &mut chance);
        }
        heal(&mut world, seed);
    }
}

#[test]
fn one_seed_tells_one_story() {
    let story = |seed| {
        let mut chance = Chance::new(seed);
        let mut world = World::new();
        world.settle();
        for _ in 0..STEPS {
            disturb(&mut world, &mut chance);
        }
        format!("{:?}", world.effects)
    };
    assert_eq!(story(11), story(11));
    assert_ne!(story(11), story(12));
}

fn heal(world: &mut World, seed: u64) {
    world.server = Server::Up;
    world.path = PeerNews::Connected;
    world.refusals.clear();
    // A room that is known: what the disturbance said of it may be false.
    world.others = (1..=3)
        .map(|n| {
            participant(
                n,
                &[(u64::from(n) + 1000, Source::Camera), (u64::from(n), Source::Microphone)],
            )
        })
        .collect();
    if world.socket.is_some() {
        world.close(1006);
    }
    world.run(CALM);
    assert_eq!(world.meeting.view().phase, Phase::InMeeting, "seed {seed}");
    assert_eq!(world.meeting.received().count(), 6, "seed {seed}");
    assert_eq!(world.meeting.view().notice, None, "seed {seed}");
}

/// One of the many things that may happen, most of them more often than they would.
fn disturb(world: &mut World, chance: &mut Chance) {
    match pick(chance, 12) {
        0 => world.server = [Server::Up, Server::Silent, Server::Down][pick(chance, 3)],
        1 if world.socket.is_some() => world.close(reconnectable(chance)),
        2 => world.path = [PeerNews::Connected, PeerNews::Lost][pick(chance, 2)].clone(),
        3 => refuse(world, chance),
        4 | 5 => world.event(event(chance)),
        6 => toggle(world, chance),
        7 => peer_news(world, chance),
        8 => poke(world, chance),
        _ => world.run(Duration::from_millis(pick(chance, 4000) as u64)),
    }
    world.settle();
}

fn pick(chance: &mut Chance, below: usize) -> usize {
    let fraction = (chance.next() * 1_000_000.0).round();
    format!("{fraction}").parse::<usize>().expect("a whole number") % below
}

fn number(chance: &mut Chance) -> u64 {
    pick(chance, 12) as u64
}

fn reconnectable(chance: &mut Chance) -> u16 {
    let codes = [1006, CloseCode::ServiceRestart.as_u16(), CloseCode::Timeout.as_u16()];
    codes[pick(chance, codes.len())]
}

fn refuse(world: &mut World, chance: &mut Chance) {
    let kinds: [fn(&Request) -> bool; 6] = [
        |request| matches!(request, Request::CreateTransport(_)),
        |request| matches!(request, Request::ConnectTransport(_)),
        |request| matches!(request, Request::Consume(_)),
        |request| matches!(request, Request::Produce(_)),
        |request| matches!(request, Request::ResumeConsumer(_)),
        |request| !matches!(request, Request::Join(_)),
    ];
    let codes = [
        ErrorCode::TooMany,
        ErrorCode::TransportNotFound,
        ErrorCode::TransportState,
        ErrorCode::SdpInvalid,
        ErrorCode::ProducerNotFound,
        ErrorCode::ConsumerNotFound,
        ErrorCode::CodecMismatch,
        ErrorCode::NotJoined,
        ErrorCode::ServerBusy,
        ErrorCode::Internal,
    ];
    world.refusals.push((kinds[pick(chance, kinds.len())], codes[pick(chance, codes.len())]));
}

fn event(chance: &mut Chance) -> Event {
    let who = participant_id(u8::try_from(number(chance)).expect("small"));
    let producer = ProducerRef { producer_id: ProducerId(number(chance)) };
    match pick(chance, 11) {
        0 | 1 => Event::PeerJoined(participant(
            u8::try_from(number(chance)).expect("small"),
            &[(number(chance), Source::Camera), (number(chance), Source::Microphone)],
        )),
        2 => Event::PeerLeft(PeerLeft { participant_id: who }),
        3 => Event::PeerPresence(PeerPresence {
            participant_id: who,
            presence: Presence::Reconnecting,
        }),
        4 => Event::NewProducer(NewProducer {
            participant_id: who,
            producer: Producer {
                producer_id: producer.producer_id,
                source: Source::Camera,
                mime_type: MimeType::Vp8,
                paused: false,
            },
        }),
        5 => Event::ProducerClosed(producer),
        6 => Event::ProducerPaused(producer),
        7 => Event::ServerShutdown,
        8 => Event::ConsumerLayer(ConsumerLayer {
            consumer_id: ConsumerId(100 + number(chance)),
            layer: None,
        }),
        9 => Event::LayersWanted(LayersWanted {
            producer_id: ProducerId(100 + number(chance)),
            layers: vec![7],
        }),
        _ => Event::TransportFailed(TransportFailed {
            transport_id: TransportId(100 + number(chance)),
            code: ErrorCode::IceNoPath,
        }),
    }
}

fn toggle(world: &mut World, chance: &mut Chance) {
    let source = [Source::Microphone, Source::Camera][pick(chance, 2)];
    match pick(chance, 4) {
        0 => world.meeting.handle_device(world.now, source, Err(DeviceError::Busy)),
        1 => world.meeting.handle_device_lost(world.now, source),
        on => world.meeting.set_live(world.now, source, on == 2),
    }
}

/// News that the present state may not expect at all.
fn peer_news(world: &mut World, chance: &mut Chance) {
    let direction = [Direction::Send, Direction::Recv][pick(chance, 2)];
    let generation = u32::try_from(number(chance)).expect("small");
    use PeerNews::{Accepted, Connected, Failed, Interrupted, Lost};
    let news = [Accepted, Connected, Failed, Interrupted, Lost][pick(chance, 5)].clone();
    world.meeting.handle_peer(world.now, PeerId { direction, generation }, news);
}

fn poke(world: &mut World, chance: &mut Chance) {
    let pokes: [fn(&mut Meeting, Duration); 3] =
        [Meeting::retry, Meeting::handle_online, Meeting::handle_wake];
    pokes[pick(chance, 3)](&mut world.meeting, world.now);
    let stale = Event::ProducerClosed(ProducerRef { producer_id: ProducerId(u64::MAX) });
    world.event(stale);
}
