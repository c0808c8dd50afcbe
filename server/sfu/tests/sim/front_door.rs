//! Strangers get no answer and do no harm.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};
use sfu::{Output, codec::Codec};

use crate::{
    network::{Direction, Link},
    world::World,
};

/// A DTLS 1.2 ClientHello with nothing of ours in it (RFC 6347 section 4.2).
fn forged_client_hello() -> Vec<u8> {
    let mut body = vec![0xfe, 0xfd];
    body.extend([7; 32]);
    // No session id, no cookie, one cipher suite, no compression, no extensions.
    body.extend([0, 0, 0, 2, 0xc0, 0x2b, 1, 0]);
    handshake(1, &body)
}

/// A HelloVerifyRequest, which only a server sends.
fn forged_hello_verify_request() -> Vec<u8> {
    let mut body = vec![0xfe, 0xff, 20];
    body.extend([9; 20]);
    handshake(3, &body)
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let mut message = vec![kind, length[1], length[2], length[3], 0, 0, 0, 0, 0];
    message.extend(&length[1..]);
    message.extend(body);
    let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0];
    record.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
    record.extend(message);
    record
}

fn answers(world: &mut World, mut datagram: Vec<u8>, stranger: usize) -> usize {
    world.worker.handle_datagram(world.now, World::path(stranger), &mut datagram);
    let mut bytes = 0;
    while let Some(output) = world.worker.poll_output() {
        if let Output::Transmit(transmit) = output {
            bytes += transmit.contents.len();
        }
    }
    bytes
}

#[test]
fn strangers_get_no_byte_back() {
    let mut world = World::new(1, Link::PERFECT);
    let room = world.room();
    let (_, published) = world.publish(room, &[Codec::Vp8]);
    world.watch(room, &published);
    world.run_for(Duration::from_secs(1));
    let mut random = StdRng::seed_from_u64(1);
    for round in 0..20_000_u32 {
        let mut datagram = vec![0; random.random_range(0..200)];
        random.fill(datagram.as_mut_slice());
        if let Some(first) = datagram.first_mut() {
            // Every kind of first byte, all of them often.
            *first = [0, 1, 20, 22, 63, 128, 144, 191, *first][round as usize % 9];
        }
        assert_eq!(answers(&mut world, datagram, 700), 0);
    }
    assert_eq!(answers(&mut world, forged_client_hello(), 700), 0);
    assert_eq!(answers(&mut world, forged_hello_verify_request(), 700), 0);
}

#[test]
fn forged_handshakes_change_nothing_for_those_who_join() {
    for seed in 0..100 {
        let mut world = World::new(seed, Link::PERFECT);
        let room = world.room();
        // The forger even hits the joining client's own address.
        let mut random = StdRng::seed_from_u64(seed);
        let (publisher, _) = world.publish(room, &[Codec::Opus]);
        let forged = [forged_client_hello(), forged_hello_verify_request()];
        let begun = world.now;
        while !world.is_connected(publisher) {
            assert!(world.now - begun < Duration::from_millis(70), "seed {seed}");
            let mut bytes = forged[random.random_range(0..2)].clone();
            world.worker.handle_datagram(world.now, World::path(publisher), &mut bytes);
            world.drain_worker();
            world.run_for(Duration::from_millis(1));
        }
        let statistics = world.worker.statistics();
        assert_eq!(statistics.transports, 1);
    }
}

#[test]
fn media_that_is_forged_replayed_or_from_elsewhere_is_not_forwarded() {
    let mut world = World::new(3, Link::PERFECT);
    let room = world.room();
    let (publisher, published) = world.publish(room, &[Codec::Opus]);
    world.watch(room, &published);
    world.run_for(Duration::from_secs(1));
    // Everything the publisher sends from now on is also sent by a stranger, and twice by itself.
    let copies = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let tap = std::rc::Rc::clone(&copies);
    world.network.censor = Box::new(move |datagram| {
        if datagram.direction == Direction::ToWorker && datagram.client == publisher {
            tap.borrow_mut().push(datagram.bytes.clone());
        }
        false
    });
    world.run_for(Duration::from_secs(1));
    let before = world.worker.statistics();
    let mut copies = copies.take();
    // The last ones may still be under way to the worker.
    copies.truncate(copies.len() - 5);
    for bytes in copies {
        let mut damaged = bytes.clone();
        if let Some(last) = damaged.last_mut() {
            *last ^= 1;
        }
        for (mut datagram, client) in
            [(bytes.clone(), 700), (bytes.clone(), publisher), (damaged, publisher)]
        {
            if matches!(datagram.first(), Some(128..=191)) {
                world.worker.handle_datagram(world.now, World::path(client), &mut datagram);
                world.drain_worker();
            }
        }
    }
    let after = world.worker.statistics();
    assert_eq!(after.rtp_sent, before.rtp_sent);
    assert!(after.srtp_refused > before.srtp_refused + 80);
    assert!(after.datagrams_refused > before.datagrams_refused + 40);
}
