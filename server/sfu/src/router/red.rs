//! Redundant audio (RED, RFC 2198): packets of a voice that repeat the frames before.

/// Length of the head of a repeated block: its payload type, time and length.
const BLOCK_HEAD_LEN: usize = 4;

/// The most blocks that a packet may repeat; browsers repeat one or two.
const MAX_REPEATED: usize = 8;

/// How many bytes precede the newest frame in a packet's payload: the heads of all blocks and the
/// repeated ones (RFC 2198 section 3). `None` when they are cut off, or too many.
#[must_use]
pub fn newest_frame(payload: &[u8]) -> Option<usize> {
    const FOLLOWED: u8 = 0x80;
    let mut repeated_len = 0;
    for blocks in 0..=MAX_REPEATED {
        let place = blocks * BLOCK_HEAD_LEN;
        let head = payload.get(place..)?;
        if head.first()? & FOLLOWED == 0 {
            let frame = place + 1 + repeated_len;
            return (frame <= payload.len()).then_some(frame);
        }
        // Seven bits of payload type, fourteen of time, ten of length.
        let [_, _, high, low] = *head.first_chunk::<BLOCK_HEAD_LEN>()?;
        repeated_len += usize::from(u16::from_be_bytes([high & 0x03, low]));
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A packet that repeats `blocks` before `newest`.
    fn packet(blocks: &[&[u8]], newest: &[u8]) -> Vec<u8> {
        let head = |block: &&[u8]| {
            let [high, low] = u16::try_from(block.len()).unwrap().to_be_bytes();
            [0x80 | 111, 0x0F, 0x03 << 2 | high, low]
        };
        let mut packet: Vec<u8> = blocks.iter().flat_map(head).collect();
        packet.push(111);
        packet.extend(blocks.concat());
        packet.extend(newest);
        packet
    }

    #[test]
    fn the_newest_frame_follows_the_repeated_ones() {
        let long = [7; 900];
        let cases: [&[&[u8]]; 4] = [&[], &[b"before"], &[b"", b"before"], &[b"long before", &long]];
        for blocks in cases {
            let packet = packet(blocks, b"now");
            assert_eq!(&packet[newest_frame(&packet).unwrap()..], b"now");
        }
    }

    #[test]
    fn an_empty_newest_frame_is_one() {
        assert_eq!(newest_frame(&packet(&[b"before"], b"")), Some(11));
    }

    #[test]
    fn what_is_cut_off_or_repeats_too_much_is_refused() {
        let whole = packet(&[b"before"], b"");
        for len in 0..whole.len() {
            assert_eq!(newest_frame(&whole[..len]), None, "{len}");
        }
        let many: [&[u8]; 9] = [b"x"; 9];
        assert!(newest_frame(&packet(&many[..8], b"now")).is_some());
        assert_eq!(newest_frame(&packet(&many, b"now")), None);
    }

    proptest! {
        #[test]
        fn no_payload_makes_the_parser_panic(
            payload in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            prop_assert!(newest_frame(&payload).is_none_or(|frame| frame <= payload.len()));
        }
    }
}
