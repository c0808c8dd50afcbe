use proptest::prelude::*;

use super::*;

const FIELDS: RtpFields = RtpFields {
    marker: true,
    payload_type: 96,
    sequence: 0xFFFE,
    timestamp: 0x1234_5678,
    ssrc: 0xDEAD_BEEF,
};

fn written(extensions: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0xAA; 1500];
    let mut writer = RtpWriter::new(&mut buffer, FIELDS).unwrap();
    for (id, data) in extensions {
        writer.extension(*id, data).unwrap();
    }
    let (_, len) = writer.finish(payload).unwrap();
    buffer.truncate(len);
    buffer
}

#[test]
fn what_is_written_is_read_back() {
    let bytes = written(&[(3, &[1, 2]), (1, &[0x85]), (12, &[7; 16])], b"payload");
    let packet = RtpPacket::parse(&bytes).unwrap();
    assert!(packet.header.marker);
    assert_eq!(packet.header.payload_type, 96);
    assert_eq!(packet.header.sequence, 0xFFFE);
    assert_eq!(packet.header.timestamp, 0x1234_5678);
    assert_eq!(packet.header.ssrc, 0xDEAD_BEEF);
    assert_eq!(packet.header.extensions.get(3), Some(&[1, 2][..]));
    assert_eq!(packet.header.extensions.get(1), Some(&[0x85][..]));
    assert_eq!(packet.header.extensions.get(12), Some(&[7; 16][..]));
    assert_eq!(packet.header.extensions.get(4), None);
    assert_eq!(packet.payload, b"payload");
}

#[test]
fn a_packet_without_extensions_has_the_fixed_header_only() {
    let bytes = written(&[], b"x");
    let header = RtpHeader::parse(&bytes).unwrap();
    assert_eq!((header.len, header.extensions.count()), (FIXED_HEADER_LEN, 0));
}

#[test]
fn contributing_sources_and_padding_are_not_payload() {
    let mut bytes = written(&[], &[]);
    bytes[0] |= 0x20 | 2;
    bytes.extend([9; 8]);
    bytes.extend(b"abc");
    bytes.extend([0, 0, 3]);
    let packet = RtpPacket::parse(&bytes).unwrap();
    assert_eq!(packet.header.len, FIXED_HEADER_LEN + 8);
    assert_eq!(packet.payload, b"abc");
}

#[test]
fn a_packet_of_padding_alone_has_an_empty_payload() {
    let mut bytes = written(&[], &[0, 0, 0, 4]);
    bytes[0] |= 0x20;
    assert!(RtpPacket::parse(&bytes).unwrap().payload.is_empty());
}

#[test]
fn impossible_padding_is_an_error() {
    for body in [&[][..], &[0], &[1, 2, 9]] {
        let mut bytes = written(&[], body);
        bytes[0] |= 0x20;
        assert_eq!(RtpPacket::parse(&bytes), Err(RtpError::Padding));
    }
}

#[test]
fn other_versions_and_short_packets_are_errors() {
    let bytes = written(&[(3, &[0, 0])], &[]);
    for len in 0..bytes.len() {
        assert_eq!(RtpHeader::parse(&bytes[..len]), Err(RtpError::Truncated), "{len}");
    }
    let mut version_1 = bytes;
    version_1[0] = version_1[0] & 0x3F | 0x40;
    assert_eq!(RtpHeader::parse(&version_1), Err(RtpError::Version));
}

#[test]
fn two_byte_extensions_may_be_empty_and_long() {
    let mut bytes = FIELDS.to_bytes().to_vec();
    bytes[0] |= 0x10;
    bytes.extend([0x10, 0x03, 0, 6, 5, 0, 0, 12, 18]);
    bytes.extend([0x77; 18]);
    bytes.push(0);
    bytes.extend(b"payload");
    let packet = RtpPacket::parse(&bytes).unwrap();
    let found: Vec<_> = packet.header.extensions.collect();
    assert_eq!(found, [(5, &[][..]), (12, &[0x77; 18][..])]);
    assert_eq!(packet.payload, b"payload");
}

#[test]
fn id_fifteen_ends_a_one_byte_block_and_an_unknown_profile_is_empty() {
    let mut bytes = FIELDS.to_bytes().to_vec();
    bytes[0] |= 0x10;
    bytes.extend([0xBE, 0xDE, 0, 2, 0x10, 1, 0xF0, 1, 0x30, 2, 0, 0]);
    let header = RtpHeader::parse(&bytes).unwrap();
    assert_eq!(header.extensions.collect::<Vec<_>>(), [(1, &[1][..])]);
    bytes[12] = 0;
    let header = RtpHeader::parse(&bytes).unwrap();
    assert_eq!((header.len, header.extensions.count()), (24, 0));
}

#[test]
fn the_writer_refuses_what_one_byte_extensions_cannot_carry() {
    let mut buffer = [0; 64];
    let mut writer = RtpWriter::new(&mut buffer, FIELDS).unwrap();
    assert_eq!(writer.extension(0, &[1]), None);
    assert_eq!(writer.extension(15, &[1]), None);
    assert_eq!(writer.extension(1, &[]), None);
    assert_eq!(writer.extension(1, &[0; 17]), None);
    assert_eq!(writer.extension(1, &[1]), Some(()));
    assert_eq!(writer.finish(&[0; 60]), None);
}

fn written_wide(extensions: &[(u8, &[u8])], payload: &[u8]) -> (Vec<u8>, usize) {
    let mut buffer = vec![0xAA; 1500];
    let form = ExtensionForm::TwoByte;
    let mut writer = RtpWriter::with_form(&mut buffer, FIELDS, form).unwrap();
    for (id, data) in extensions {
        writer.extension(*id, data).unwrap();
    }
    let (header_len, len) = writer.finish(payload).unwrap();
    buffer.truncate(len);
    (buffer, header_len)
}

#[test]
fn two_byte_extensions_are_written_and_read_back() {
    let long = [7; 255];
    let (bytes, _) = written_wide(&[(3, &[1, 2]), (5, &[]), (12, &long)], b"payload");
    let packet = RtpPacket::parse(&bytes).unwrap();
    let found: Vec<_> = packet.header.extensions.collect();
    assert_eq!(found, [(3, &[1, 2][..]), (5, &[]), (12, &long)]);
    assert_eq!(packet.payload, b"payload");
    let mut buffer = [0; 400];
    let mut writer = RtpWriter::with_form(&mut buffer, FIELDS, ExtensionForm::TwoByte).unwrap();
    assert_eq!(writer.extension(1, &[0; 256]), None);
    assert_eq!(writer.extension(15, &[0]), None, "which the one-byte form could not have");
}

#[test]
fn two_byte_extensions_become_one_byte_ones_without_what_is_too_long() {
    let (mut bytes, header_len) =
        written_wide(&[(3, &[1, 2]), (12, &[7; 17]), (5, &[]), (1, &[9; 16])], b"payload");
    let before = bytes.len();
    narrow_extensions(&mut bytes, header_len);
    let packet = RtpPacket::parse(&bytes).unwrap();
    let found: Vec<_> = packet.header.extensions.collect();
    assert_eq!(found, [(3, &[1, 2][..]), (1, &[9; 16])]);
    assert_eq!((packet.payload, bytes.len()), (&b"payload"[..], before));
    let narrow = bytes.clone();
    narrow_extensions(&mut bytes, header_len);
    assert_eq!(bytes, narrow, "there is nothing more to do");
}

#[test]
fn a_retransmission_starts_with_the_original_number() {
    assert_eq!(unwrap_rtx(&[0x12, 0x34, 5, 6]), Some((0x1234, &[5, 6][..])));
    assert_eq!(unwrap_rtx(&[0x12]), None);
}

proptest! {
    #[test]
    fn no_bytes_make_narrowing_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..60),
        header_len in 0..70usize,
    ) {
        if let Some(head) = bytes.first_chunk_mut::<14>() {
            head[0] = 0x90;
            [head[12], head[13]] = [0x10, 0];
        }
        narrow_extensions(&mut bytes, header_len);
    }

    #[test]
    fn no_bytes_make_the_parser_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
        plausible in any::<bool>(),
    ) {
        if plausible && bytes.len() > 16 {
            bytes[0] = bytes[0] & 0x3F | 0x80;
            let (profile, words) = (bytes[1] & 1, bytes[15] & 0x0F);
            let profile = if profile == 0 { [0xBE, 0xDE] } else { [0x10, 0] };
            bytes[12..14].copy_from_slice(&profile);
            bytes[14..16].copy_from_slice(&[0, words]);
        }
        if let Ok(packet) = RtpPacket::parse(&bytes) {
            prop_assert!(packet.header.len + packet.payload.len() <= bytes.len());
            for (id, data) in packet.header.extensions {
                prop_assert!(id > 0 && data.len() <= 255);
            }
        }
    }

    #[test]
    fn every_written_packet_is_read_back(
        extensions in proptest::collection::vec(
            (1u8..=14, proptest::collection::vec(any::<u8>(), 1..=16)), 0..5),
        payload in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let borrowed: Vec<_> = extensions.iter().map(|(id, data)| (*id, &data[..])).collect();
        let bytes = written(&borrowed, &payload);
        let packet = RtpPacket::parse(&bytes).unwrap();
        prop_assert_eq!(packet.header.extensions.collect::<Vec<_>>(), borrowed);
        prop_assert_eq!(packet.payload, &payload[..]);
    }
}
