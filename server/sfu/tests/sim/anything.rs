//! A client with valid keys sends whatever it likes, and its signaling says whatever it likes.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};
use sfu::{Command, codec::Codec};
use shared::{
    ids::{ConsumerId, ProducerId, TransportId},
    media::Source,
};

use crate::{
    clock::millis,
    network::Link,
    world::{Client, Published, World},
};

/// Packet types of RTCP, known and unknown ones.
const RTCP_TYPES: [u8; 9] = [192, 200, 201, 202, 203, 204, 205, 206, 207];

#[test]
fn whatever_a_client_with_keys_sends_the_worker_neither_panics_nor_spins_nor_leaks() {
    for seed in 0..12 {
        let mut world = World::new(seed, Link::PERFECT);
        let mut random = StdRng::seed_from_u64(seed);
        let room = world.room();
        let (publisher, published) = world.publish(room, &[Codec::Opus, Codec::Vp8]);
        let (viewer, receive) = world.watch(room, &published);
        world.run_for(millis(500));
        let send = TransportId(2);
        let offer = {
            let browser = world.publisher(publisher);
            let tracks: Vec<_> = browser.cameras.iter().map(|camera| camera.track).collect();
            browser.leg.offer(&tracks)
        };
        for _ in 0..400 {
            match random.random_range(0..10) {
                0..4 => send_rtp(&mut world, &mut random, publisher),
                4..8 => {
                    let client = if random.random() { viewer } else { publisher };
                    send_rtcp(&mut world, &mut random, client);
                }
                _ => say(&mut world, &mut random, (send, receive), (&published, &offer)),
            }
            step(&mut world, Duration::from_millis(random.random_range(0..30)));
        }
        world.command(Command::CloseRouter { router_id: room });
        let statistics = world.worker.statistics();
        assert!(statistics.rtp_received > 0 && statistics.rtp_unclaimed > 0);
        let left = [statistics.transports, statistics.producers, statistics.consumers];
        assert_eq!((left, statistics.demux_entries), ([0; 3], 0));
    }
}

/// Lets the worker alone have its time: the browsers would not bear what is done in their names.
fn step(world: &mut World, time: Duration) {
    world.now += time;
    world.worker.handle_timeout(world.now);
    while world.worker.poll_output().is_some() {}
    let due = world.worker.poll_timeout();
    assert!(due.is_none_or(|due| due > world.now), "the worker would spin");
}

fn deliver(world: &mut World, client: usize, mut datagram: Vec<u8>) {
    world.worker.handle_datagram(world.now, World::path(client), &mut datagram);
    while world.worker.poll_output().is_some() {}
}

fn send_rtp(world: &mut World, random: &mut StdRng, client: usize) {
    let mut packet = vec![0; random.random_range(12..1_600)];
    random.fill(packet.as_mut_slice());
    let mid = [0x10, 0x40][random.random_range(0..2)] | random.random_range(0..4);
    let flags = [0x80, 0x90, 0xa0, 0xb0, 0x81][random.random_range(0..5)];
    let payload_type = [96, 97, 111, 98, 0, 127][random.random_range(0..6)];
    packet[0] = flags;
    packet[1] = payload_type | (random.random::<u8>() & 0x80);
    // Sequence numbers that jump, creep and repeat; SSRCs that were announced, and others.
    let sequence =
        [random.random(), random.random_range(0..100), 65_500][random.random_range(0..3)];
    packet[2..4].copy_from_slice(&u16::to_be_bytes(sequence));
    let ssrc = [7_u32, 8, 17, 18, 19, random.random()][random.random_range(0..6)];
    packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
    if flags & 0x10 != 0 && packet.len() > 40 {
        let profile = [0xbede_u16, 0x1000, random.random()][random.random_range(0..3)];
        packet[12..14].copy_from_slice(&profile.to_be_bytes());
        packet[14..16].copy_from_slice(&random.random_range(0..5_u16).to_be_bytes());
        packet[16..18].copy_from_slice(&[mid, b'0']);
    }
    let Client::Publisher(browser) = &mut world.clients[client] else { unreachable!() };
    if browser.leg.seal_rtp(&mut packet).is_ok() {
        deliver(world, client, packet);
    }
}

fn send_rtcp(world: &mut World, random: &mut StdRng, client: usize) {
    let ssrcs: Vec<u32> = match &world.clients[client] {
        Client::Viewer(browser) => browser.tracks.keys().copied().collect(),
        _ => vec![7, 8, 17, 18],
    };
    let mut packet = Vec::new();
    for _ in 0..random.random_range(1..6) {
        let words: u16 = random.random_range(1..20);
        let kind = RTCP_TYPES[random.random_range(0..RTCP_TYPES.len())];
        let mut part = vec![0; usize::from(words) * 4 + 4];
        random.fill(part.as_mut_slice());
        part[0] = 0x80 | (part[0] & if random.random() { 0x0f } else { 0x3f });
        part[1] = kind;
        let claimed = if random.random_range(0..20) == 0 { words + 3 } else { words };
        part[2..4].copy_from_slice(&claimed.to_be_bytes());
        for place in [4, 8, 12] {
            if part.len() >= place + 4 && random.random() {
                let ssrc = ssrcs[random.random_range(0..ssrcs.len())];
                part[place..place + 4].copy_from_slice(&ssrc.to_be_bytes());
            }
        }
        packet.extend(part);
    }
    match &mut world.clients[client] {
        Client::Viewer(browser) => browser.leg.seal_rtcp(&mut packet),
        Client::Publisher(browser) => browser.leg.seal_rtcp(&mut packet),
        Client::Gone => unreachable!(),
    }
    deliver(world, client, packet);
}

/// One command, with ids that exist or not; only what it leaves behind counts.
fn say(
    world: &mut World,
    random: &mut StdRng,
    (send, receive): (TransportId, TransportId),
    (published, offer): (&[Published], &str),
) {
    let transport_id = if random.random() { send } else { receive };
    let old = published[random.random_range(0..published.len())].producer;
    let producer_id = if random.random() { old } else { ProducerId(random.random_range(3..90)) };
    let consumer_id = ConsumerId(random.random_range(3..90));
    let command = match random.random_range(0..12) {
        0 | 1 => Command::AcceptOffer { transport_id, sdp: damaged(random, offer) },
        2 => Command::CreateOffer { transport_id },
        3 => Command::AcceptAnswer { transport_id, sdp: damaged(random, offer) },
        4 | 5 => {
            let source = if random.random() { Source::Camera } else { Source::Microphone };
            let mid = random.random_range(0..3).to_string();
            let producer_id = ProducerId(world.id());
            Command::Produce { transport_id, producer_id, mid, source, paused: random.random() }
        }
        6 => Command::CloseProducer { producer_id },
        7 => Command::PauseProducer { producer_id },
        8 => Command::ResumeProducer { producer_id },
        9 => {
            let (consumer_id, stream) = (ConsumerId(world.id()), "anyone".to_owned());
            Command::Consume { transport_id, consumer_id, producer_id, stream }
        }
        10 => Command::ResumeConsumer { consumer_id },
        _ => [Command::PauseConsumer { consumer_id }, Command::CloseConsumer { consumer_id }]
            [random.random_range(0..2)]
        .clone(),
    };
    let _refused = world.worker.handle_command(world.now, command);
    while world.worker.poll_output().is_some() {}
}

/// The description with lines lost, doubled, swapped, or with other directions and numbers.
fn damaged(random: &mut StdRng, sdp: &str) -> String {
    let mut lines: Vec<String> = sdp.lines().map(str::to_owned).collect();
    for _ in 0..random.random_range(0..3) {
        let place = random.random_range(0..lines.len());
        match random.random_range(0..4) {
            0 => drop(lines.remove(place)),
            1 => lines.insert(place, lines[place].clone()),
            2 => lines.swap(place, sdp.lines().count() / 2),
            _ => lines[place] = lines[place].replace("sendonly", "inactive").replace('7', "8"),
        }
    }
    lines.join("\r\n") + "\r\n"
}
