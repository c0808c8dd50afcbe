//! What must hold of every packet a viewer receives, whatever the network does.

use std::collections::BTreeMap;

use sfu::codec::Codec;

use crate::{
    browser::{Arrival, Track},
    network::Link,
};

/// Says in each payload where it comes from, so that nothing can be mistaken for anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    pub(crate) room: u8,
    pub(crate) source: u8,
}

/// A payload read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub(crate) stamp: Stamp,
    pub(crate) frame: u64,
    pub(crate) part: u8,
    pub(crate) is_key: bool,
}

/// Bytes of a payload before its filling: a VP8 descriptor and frame tag, or as many of Opus.
const STAMP_BYTES: usize = 14;

impl Stamp {
    /// `filling`: bytes beside the stamp, none for what is usual.
    pub(crate) fn payload(
        self,
        codec: Codec,
        (frame, part): (u64, u8),
        is_key: bool,
        filling: Option<u32>,
    ) -> Vec<u8> {
        // VP8 (RFC 7741): S set on the first packet; the frame tag's lowest bit is 0 in a key frame.
        let start = if part == 0 { 0x10 } else { 0x00 };
        let tag = u8::from(!is_key);
        let mut payload = if codec.is_video() { vec![start, tag] } else { vec![0xfc, 0] };
        payload.extend([self.room, self.source, part, u8::from(is_key)]);
        payload.extend(frame.to_be_bytes());
        let usual = if codec.is_video() { 900 } else { 80 };
        let length = filling.unwrap_or(usual);
        let filling = (0..length).map(|n| (frame as u8).wrapping_mul(31).wrapping_add(n as u8));
        payload.extend(filling);
        payload
    }
}

impl Origin {
    pub(crate) fn read(payload: &[u8]) -> Self {
        let (head, filling) = payload.split_at(STAMP_BYTES);
        let frame = u64::from_be_bytes(head[6..14].try_into().unwrap());
        for (n, byte) in filling.iter().enumerate() {
            let expected = (frame as u8).wrapping_mul(31).wrapping_add(n as u8);
            assert_eq!(*byte, expected, "payloads are forwarded byte for byte");
        }
        Self {
            stamp: Stamp { room: head[2], source: head[3] },
            frame,
            part: head[4],
            is_key: head[5] == 1,
        }
    }
}

/// Checks everything that came on one track of a viewer in `stamp`'s room. Over a link that loses
/// the very first packets, the viewer cannot know of them, and begins in the middle of a frame.
pub(crate) fn check(track: &Track, stamp: Stamp, codec: Codec, link: Link) {
    let mut by_number: BTreeMap<u64, (&Arrival, Origin)> = BTreeMap::new();
    let mut extended = Extender::default();
    for arrival in &track.arrivals {
        let origin = Origin::read(&arrival.payload);
        assert_eq!(origin.stamp, stamp, "nothing reaches the wrong room or track");
        let number = extended.extend(arrival.sequence);
        if let Some((_, other)) = by_number.insert(number, (arrival, origin)) {
            assert_eq!(other, origin, "one sequence number is one packet");
        }
    }
    let Some((_, (_, first))) = by_number.first_key_value() else { return };
    if codec.is_video() && link.loss == 0.0 {
        assert!(first.is_key && first.part == 0, "video starts with a key frame: {first:?}");
    }
    check_continuity(&by_number, codec);
}

/// Neighbours in the viewer's numbering are neighbours at the source, and time does not run back.
fn check_continuity(by_number: &BTreeMap<u64, (&Arrival, Origin)>, codec: Codec) {
    let parts = if codec.is_video() { 3 } else { 1 };
    let place = |origin: &Origin| origin.frame * parts + u64::from(origin.part);
    let packets: Vec<_> = by_number.iter().collect();
    for pair in packets.windows(2) {
        let (before, (earlier, from)) = pair[0];
        let (after, (later, to)) = pair[1];
        let advance = later.timestamp.wrapping_sub(earlier.timestamp);
        assert!(advance < 0x8000_0000, "time runs back between {from:?} and {to:?}");
        // Where all layers begin at once, a larger one may begin with the same frame.
        if to.frame == from.frame && to.part == 0 && to.is_key && after - before == 1 {
            continue;
        }
        assert!(place(to) > place(from), "the order is kept between {from:?} and {to:?}");
        let (hole, missed) = (after - before, place(to) - place(from));
        // A stretch that the server withheld on purpose (a pause, a muted source) leaves no hole,
        // and ends with a key frame.
        let withheld = missed > hole && to.part == 0 && (to.is_key || !codec.is_video());
        assert!(
            hole == missed || withheld,
            "{missed} packets at the source between {from:?} and {to:?} became {hole}"
        );
    }
}

/// Extends sequence numbers by their distance to the highest so far.
#[derive(Default)]
struct Extender {
    highest: Option<u64>,
}

impl Extender {
    fn extend(&mut self, sequence: u16) -> u64 {
        let highest = *self.highest.get_or_insert_with(|| 0x1_0000 + u64::from(sequence));
        let distance = i64::from(sequence.wrapping_sub(highest as u16).cast_signed());
        let number = highest.checked_add_signed(distance).unwrap();
        self.highest = Some(highest.max(number));
        number
    }
}
