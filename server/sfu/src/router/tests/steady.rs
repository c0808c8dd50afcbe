//! The packet path does not allocate.

use super::*;

/// An egress like the worker's: one reused buffer.
struct Arena {
    buffer: [u8; 2000],
    octets: usize,
}

impl Egress for Arena {
    fn send_rtp(&mut self, _: TransportKey, packet: OutgoingRtp<'_>) {
        self.octets += packet.write_into(&mut self.buffer, Some(1));
    }

    fn send_sender_report(&mut self, _: TransportKey, _: SenderReport) {}
}

#[test]
fn forwarding_repairing_and_reporting_allocate_nothing_in_steady_state() {
    let mut room = Room::new();
    let camera = room.producer(Codec::Vp8);
    let voice = room.producer(Codec::Opus);
    let viewers: Vec<_> = (2..52).map(|transport| room.consumer(camera, transport)).collect();
    for transport in 2..52 {
        room.consumer(voice, transport);
    }
    for producer in [camera, voice] {
        room.router.handle_sender_report(
            room.now,
            (producer, 0),
            SenderClock { ntp: 0, rtp_timestamp: 0 },
        );
    }
    let mut egress = Arena { buffer: [0; 2000], octets: 0 };
    let mut frames = (packet(0, 0, &vp8(true, &[7; 1100])), packet(0, 0, &[9; 80]));
    let Room { router, now, ids, .. } = &mut room;
    // Every tenth packet comes late as a retransmission, and every tenth is asked for.
    let mut second = |number: &mut u16, now: &mut Instant| {
        for _ in 0..250 {
            *now += Duration::from_millis(4);
            *number = number.wrapping_add(1);
            for (producer, bytes) in [(camera, &mut frames.0), (voice, &mut frames.1)] {
                bytes[2..4].copy_from_slice(&number.to_be_bytes());
                if !number.is_multiple_of(10) || producer == voice {
                    let role = StreamRole::Primary;
                    router.handle_rtp(
                        *now,
                        IncomingRtp { producer, role, layer: 0, packet: bytes, ids },
                        &mut egress,
                    );
                }
            }
            while router.forward_next(*now, &mut egress) == Forwarding::More {}
            if number.is_multiple_of(10) {
                let numbers = &[*number, *number + 1];
                let lost = Lost { numbers, copies: Copies::Two };
                router.handle_nack(*now, viewers[7], lost, &mut egress);
            }
            router.handle_timeout(*now, &mut egress);
            while router.poll_event().is_some() {}
        }
    };
    let mut number = 0;
    for _ in 0..30 {
        second(&mut number, now);
    }
    let counted = allocation_counter::measure(|| {
        for _ in 0..5 {
            second(&mut number, now);
        }
    });
    assert!(egress.octets > 35 * 225 * 50 * 1100, "{} bytes were forwarded", egress.octets);
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
