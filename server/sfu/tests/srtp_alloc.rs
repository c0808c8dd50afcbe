//! Sealing and opening a packet allocates nothing once its SSRC is known.

use sfu::transport::srtp::{MAX_RTCP_OVERHEAD, MAX_RTP_OVERHEAD, SrtpKeys, SrtpProfile};

const SSRC: u32 = 0x1234_5678;
const HEADER: usize = 12;
const PAYLOAD: usize = 1_188;
const PACKETS: u16 = 1_000;

fn rtp(sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend(sequence.to_be_bytes());
    packet.extend(90_000_u32.to_be_bytes());
    packet.extend(SSRC.to_be_bytes());
    packet.resize(HEADER + PAYLOAD + MAX_RTP_OVERHEAD, 7);
    packet
}

/// An empty receiver report with room for index and tag.
fn rtcp() -> Vec<u8> {
    let mut packet = vec![0x80, 201, 0, 1];
    packet.extend(SSRC.to_be_bytes());
    packet.resize(8 + MAX_RTCP_OVERHEAD, 0);
    packet
}

#[test]
fn no_packet_allocates() {
    for profile in SrtpProfile::PREFERENCE {
        let material: Vec<u8> = (0..).take(profile.keying_material_len()).collect();
        let keys = SrtpKeys::from_exporter(profile, &material).expect("the exporter's length");
        let (_, mut outbound) = keys.for_server().expect("valid keys");
        let (mut inbound, _) = keys.for_client().expect("valid keys");
        let mut stream = outbound.stream(SSRC).expect("the first of this SSRC");
        let mut packets: Vec<Vec<u8>> = (0..=PACKETS).map(rtp).collect();
        let mut reports: Vec<Vec<u8>> = (0..=PACKETS).map(|_| rtcp()).collect();
        let mut round_trip = |sequence: u16| {
            let packet = &mut packets[usize::from(sequence)];
            let sealed = outbound.seal_rtp(&mut stream, packet, HEADER + PAYLOAD, HEADER);
            let sealed = sealed.expect("it is new");
            inbound.open_rtp(&mut packet[..sealed], HEADER, SSRC, sequence).expect("authentic");
            let report = &mut reports[usize::from(sequence)];
            let sealed = outbound.seal_rtcp(report, 8).expect("it is new");
            inbound.open_rtcp(&mut report[..sealed]).expect("authentic");
        };
        round_trip(0);
        let allocations = allocation_counter::measure(|| (1..=PACKETS).for_each(&mut round_trip));
        assert_eq!(allocations.count_total, 0, "{profile:?}");
    }
}
