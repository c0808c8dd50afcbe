//! In steady state, forwarding allocates nothing.

use std::time::Duration;

use allocation_counter::measure;
use sfu::{Output, codec::Codec};

use crate::{
    network::Link,
    world::{Client, World},
};

#[test]
fn forwarding_to_twenty_viewers_allocates_nothing_per_packet() {
    let mut world = World::new(1, Link::PERFECT);
    let room = world.room();
    let (publisher, published) = world.publish(room, &[Codec::Opus, Codec::Vp8]);
    for _ in 0..20 {
        world.watch(room, &published);
    }
    // Long enough for caches, rings and buffers to have reached their sizes.
    world.run_for(Duration::from_secs(20));
    let before = world.worker.statistics().rtp_sent;
    let (mut packets, mut allocations) = (0, 0);
    for round in 0..120 {
        world.now += Duration::from_millis(20);
        let Client::Publisher(browser) = &mut world.clients[publisher] else { unreachable!() };
        let mut datagrams = browser.handle_timeout(world.now);
        datagrams.retain(|datagram| matches!(datagram[..], [128..=191, 0..=191 | 224.., ..]));
        for datagram in &mut datagrams {
            let counted = measure(|| {
                world.worker.handle_datagram(world.now, World::path(publisher), datagram);
                while world.worker.poll_output().is_some() {}
            });
            // What was under way at the end of the warm-up is a loss here, and is noted as one.
            if round >= 20 {
                packets += 1;
                allocations += counted.count_total;
            }
        }
        // Reports and feedback are not per packet, and may allocate.
        world.worker.handle_timeout(world.now);
        world.drain_worker();
    }
    let forwarded = world.worker.statistics().rtp_sent - before;
    assert!(packets > 200 && forwarded >= packets * 20, "{packets} in, {forwarded} out");
    assert_eq!(allocations, 0, "{packets} packets in, {forwarded} out");
}

#[test]
fn the_packets_of_a_frame_leave_as_one_run_per_viewer() {
    let mut world = World::new(2, Link::PERFECT);
    let room = world.room();
    let (publisher, published) = world.publish(room, &[Codec::Vp8]);
    for _ in 0..5 {
        world.watch(room, &published);
    }
    world.run_for(Duration::from_secs(2));
    world.now += Duration::from_millis(40);
    let Client::Publisher(browser) = &mut world.clients[publisher] else { unreachable!() };
    let mut frame = browser.handle_timeout(world.now);
    frame.retain(|datagram| matches!(datagram[..], [128..=191, 0..=191 | 224.., ..]));
    assert_eq!(frame.len(), 3);
    for datagram in &mut frame {
        world.worker.handle_datagram(world.now, World::path(publisher), datagram);
    }
    let mut runs = Vec::new();
    while let Some(output) = world.worker.poll_output() {
        if let Output::Transmit(transmit) = output {
            let size = transmit.segment_size.expect("more than one packet");
            runs.push((transmit.path, transmit.contents.len() / size));
        }
    }
    runs.sort_unstable();
    runs.dedup();
    assert_eq!(runs.len(), 5, "one run for each viewer");
    assert!(runs.iter().all(|(_, packets)| *packets == 3));
}
