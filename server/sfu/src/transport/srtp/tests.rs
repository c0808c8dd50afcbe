//! Held against `rtc_srtp`, an independent implementation, in both directions.

use proptest::prelude::*;
use rtc_srtp::{context::Context, protection_profile::ProtectionProfile};

use super::*;
use crate::transport::crypto;

const SSRC: u32 = 0x1234_5678;
const HEADER: usize = 12;

fn keys(profile: SrtpProfile) -> SrtpKeys {
    let material: Vec<u8> = (0_u8..).take(profile.keying_material_len()).collect();
    SrtpKeys::from_exporter(profile, &material).expect("the material has the exporter's length")
}

fn client(profile: SrtpProfile) -> (SrtpInbound, SrtpOutbound) {
    keys(profile).for_client().expect("the provider knows every profile")
}

fn server(profile: SrtpProfile) -> (SrtpInbound, SrtpOutbound) {
    keys(profile).for_server().expect("the provider knows every profile")
}

fn oracle(profile: SrtpProfile, master: &MasterKey) -> Context {
    let their_profile = match profile {
        SrtpProfile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        SrtpProfile::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
        SrtpProfile::Aes128CmSha1 => ProtectionProfile::Aes128CmHmacSha1_80,
    };
    let (key, salt) = (master.key.as_ref(), master.salt.as_ref());
    Context::new(key, salt, their_profile, None, None, crypto::operations())
        .expect("keys have the profile's lengths")
}

fn rtp(sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend(sequence.to_be_bytes());
    packet.extend(90_000_u32.to_be_bytes());
    packet.extend(SSRC.to_be_bytes());
    packet.extend(payload);
    packet
}

/// A receiver report that reports on nobody, and a BYE-sized tail.
fn rtcp() -> Vec<u8> {
    let mut packet = vec![0x80, 201, 0, 1];
    packet.extend(SSRC.to_be_bytes());
    packet.extend([0x81, 203, 0, 1]);
    packet.extend(SSRC.to_be_bytes());
    packet
}

fn seal(outbound: &mut SrtpOutbound, stream: &mut OutboundStream, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + MAX_RTP_OVERHEAD, 0);
    let length = outbound.seal_rtp(stream, &mut buffer, packet.len(), HEADER).expect("it is new");
    buffer.truncate(length);
    buffer
}

fn seal_rtcp(outbound: &mut SrtpOutbound) -> Vec<u8> {
    let mut buffer = rtcp();
    buffer.resize(rtcp().len() + MAX_RTCP_OVERHEAD, 0);
    let length = outbound.seal_rtcp(&mut buffer, rtcp().len()).expect("the index is new");
    buffer.truncate(length);
    buffer
}

fn open(inbound: &mut SrtpInbound, sealed: &[u8], sequence: u16) -> Result<Vec<u8>, SrtpError> {
    let mut packet = sealed.to_vec();
    let length = inbound.open_rtp(&mut packet, HEADER, SSRC, sequence)?;
    packet.truncate(length);
    Ok(packet)
}

fn open_rtcp(inbound: &mut SrtpInbound, sealed: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut packet = sealed.to_vec();
    let length = inbound.open_rtcp(&mut packet)?;
    packet.truncate(length);
    Ok(packet)
}

#[test]
fn rtc_srtp_reads_what_we_seal_across_a_rollover() {
    for profile in SrtpProfile::PREFERENCE {
        let (_, mut outbound) = server(profile);
        let mut stream = outbound.stream(SSRC).expect("the first of this SSRC");
        let mut oracle = oracle(profile, &keys(profile).server);
        for sequence in (65_500..=65_535).chain(0..40) {
            let plain = rtp(sequence, b"the payload of one packet");
            let sealed = seal(&mut outbound, &mut stream, &plain);
            let opened = oracle.decrypt_rtp(&sealed).expect("rtc_srtp reads it");
            assert_eq!(opened.as_ref(), plain, "{profile:?} {sequence}");
        }
        for _ in 0..3 {
            let opened = oracle.decrypt_rtcp(&seal_rtcp(&mut outbound)).expect("it reads it");
            assert_eq!(opened.as_ref(), rtcp(), "{profile:?}");
        }
    }
}

#[test]
fn we_read_what_rtc_srtp_seals_across_a_rollover() {
    for profile in SrtpProfile::PREFERENCE {
        let (mut inbound, _) = server(profile);
        let mut oracle = oracle(profile, &keys(profile).client);
        for sequence in (65_500..=65_535).chain(0..40) {
            let plain = rtp(sequence, b"the payload of one packet");
            let sealed = oracle.encrypt_rtp(&plain).expect("rtc_srtp seals it");
            assert_eq!(open(&mut inbound, &sealed, sequence), Ok(plain), "{profile:?}");
        }
        for _ in 0..3 {
            let sealed = oracle.encrypt_rtcp(&rtcp()).expect("rtc_srtp seals it");
            assert_eq!(open_rtcp(&mut inbound, &sealed), Ok(rtcp()), "{profile:?}");
        }
    }
}

#[test]
fn reordered_packets_open_on_both_sides_of_a_rollover() {
    let (_, mut outbound) = server(SrtpProfile::AeadAes128Gcm);
    let (mut inbound, _) = client(SrtpProfile::AeadAes128Gcm);
    let mut stream = outbound.stream(SSRC).expect("the first of this SSRC");
    for sequence in [65_530, 1, 65_535, 0, 65_531, 2] {
        let plain = rtp(sequence, b"payload");
        let sealed = seal(&mut outbound, &mut stream, &plain);
        assert_eq!(open(&mut inbound, &sealed, sequence), Ok(plain), "sequence {sequence}");
    }
}

#[test]
fn a_replayed_packet_is_refused() {
    for profile in SrtpProfile::PREFERENCE {
        let (_, mut outbound) = server(profile);
        let (mut inbound, _) = client(profile);
        let mut stream = outbound.stream(SSRC).expect("the first of this SSRC");
        let sealed = seal(&mut outbound, &mut stream, &rtp(7, b"payload"));
        assert!(open(&mut inbound, &sealed, 7).is_ok());
        assert_eq!(open(&mut inbound, &sealed, 7), Err(SrtpError::Replayed));
        let report = seal_rtcp(&mut outbound);
        assert!(open_rtcp(&mut inbound, &report).is_ok());
        assert_eq!(open_rtcp(&mut inbound, &report), Err(SrtpError::Replayed));
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refused_and_leaves_no_trace() {
    for profile in SrtpProfile::PREFERENCE {
        let (_, mut outbound) = server(profile);
        let (mut inbound, _) = client(profile);
        let mut stream = outbound.stream(SSRC).expect("the first of this SSRC");
        let sealed = seal(&mut outbound, &mut stream, &rtp(7, b"payload"));
        for position in 0..sealed.len() {
            let mut forged = sealed.clone();
            forged[position] ^= 1;
            let refused = open(&mut inbound, &forged, 7);
            assert_eq!(refused, Err(SrtpError::AuthenticationFailed), "byte {position}");
        }
        assert_eq!(open(&mut inbound, &sealed, 7), Ok(rtp(7, b"payload")), "{profile:?}");
    }
}

#[test]
fn an_index_never_seals_twice_not_even_the_same_bytes() {
    let (_, mut outbound) = server(SrtpProfile::AeadAes128Gcm);
    let mut stream = outbound.stream(SSRC).expect("the first of this SSRC");
    seal(&mut outbound, &mut stream, &rtp(7, b"payload"));
    for payload in [b"payload", b"another"] {
        let mut buffer = rtp(7, payload);
        let length = buffer.len();
        buffer.extend([0; MAX_RTP_OVERHEAD]);
        let refused = outbound.seal_rtp(&mut stream, &mut buffer, length, HEADER);
        assert_eq!(refused, Err(SrtpError::IndexReused));
        assert_eq!(buffer.get(..length), Some(rtp(7, payload).as_slice()), "nothing was sealed");
    }
}

#[test]
fn an_ssrc_lives_once_under_one_set_of_keys() {
    let (_, mut outbound) = server(SrtpProfile::AeadAes128Gcm);
    assert!(outbound.stream(SSRC).is_ok());
    assert_eq!(outbound.stream(SSRC).err(), Some(SrtpError::SsrcReused));
}

#[test]
fn the_outbound_streams_are_bounded() {
    let (_, mut outbound) = server(SrtpProfile::AeadAes128Gcm);
    let bound = u32::try_from(MAX_OUTBOUND_STREAMS).expect("the bound is small");
    assert!((0..bound).all(|ssrc| outbound.stream(ssrc).is_ok()));
    assert_eq!(outbound.stream(bound).err(), Some(SrtpError::TooManyStreams));
}

#[test]
fn a_packet_seals_only_with_the_stream_of_its_ssrc() {
    let (_, mut outbound) = server(SrtpProfile::AeadAes128Gcm);
    let mut stream = outbound.stream(SSRC + 1).expect("the first of this SSRC");
    let mut buffer = rtp(7, &[0; 100]);
    let refused = outbound.seal_rtp(&mut stream, &mut buffer, 50, HEADER);
    assert_eq!(refused, Err(SrtpError::WrongSsrc));
}

#[test]
fn of_too_many_ssrcs_the_one_not_heard_of_for_longest_is_forgotten() {
    let profile = SrtpProfile::AeadAes128Gcm;
    let (mut inbound, _) = server(profile);
    let (_, mut outbound) = client(profile);
    let mut sealed = |ssrc: u32| {
        let mut stream = outbound.stream(ssrc).expect("the first of this SSRC");
        let mut buffer = rtp(1, b"payload");
        buffer[8..12].copy_from_slice(&ssrc.to_be_bytes());
        let length = buffer.len();
        buffer.extend([0; MAX_RTP_OVERHEAD]);
        outbound.seal_rtp(&mut stream, &mut buffer, length, HEADER).expect("it is new");
        buffer
    };
    let packets: Vec<_> = (0..=128).map(&mut sealed).collect();
    let mut open = |ssrc: u32| {
        let mut packet = packets[ssrc as usize].clone();
        inbound.open_rtp(&mut packet, HEADER, ssrc, 1)
    };
    for ssrc in 0..=128 {
        assert!(open(ssrc).is_ok(), "SSRC {ssrc}");
    }
    // The bound is kept by giving up the memory of the first one alone.
    assert_eq!(open(1), Err(SrtpError::Replayed));
    assert_eq!(open(128), Err(SrtpError::Replayed));
    assert!(open(0).is_ok());
}

#[test]
fn forged_packets_of_many_ssrcs_take_no_room() {
    let (mut inbound, _) = server(SrtpProfile::AeadAes128Gcm);
    for ssrc in 0..1_000 {
        let refused = inbound.open_rtp(&mut rtp(1, &[0; 40]), HEADER, ssrc, 1);
        assert_eq!(refused, Err(SrtpError::AuthenticationFailed));
    }
    assert!(matches!(inbound.rtp_streams.slot(SSRC), replay::Slot::New));
}

#[test]
fn unencrypted_rtcp_is_refused() {
    for profile in SrtpProfile::PREFERENCE {
        let (mut inbound, _) = server(profile);
        let mut packet = rtcp();
        packet.extend([0; MAX_RTCP_OVERHEAD]);
        assert_eq!(inbound.open_rtcp(&mut packet), Err(SrtpError::NotEncrypted));
    }
}

#[test]
fn keys_do_not_show_in_debug_output() {
    let shown = format!("{:?}", keys(SrtpProfile::AeadAes128Gcm));
    assert_eq!(shown, "SrtpKeys { profile: AeadAes128Gcm, .. }");
}

#[test]
fn keying_material_of_another_length_is_refused() {
    let refused = SrtpKeys::from_exporter(SrtpProfile::AeadAes256Gcm, &[0; 56]);
    assert_eq!(refused.err(), Some(SrtpError::KeyLength));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_open_and_never_panic(
        packet in proptest::collection::vec(any::<u8>(), 0..200),
        header_len in 0_usize..300,
    ) {
        for profile in SrtpProfile::PREFERENCE {
            let (mut inbound, mut outbound) = server(profile);
            prop_assert!(inbound.open_rtp(&mut packet.clone(), header_len, SSRC, 1).is_err());
            prop_assert!(inbound.open_rtcp(&mut packet.clone()).is_err());
            let mut stream = outbound.stream(SSRC).expect("the first of this SSRC");
            let mut buffer = packet.clone();
            let _ = outbound.seal_rtp(&mut stream, &mut buffer, header_len, header_len);
            let _ = outbound.seal_rtcp(&mut buffer, header_len);
        }
    }
}
