//! The VP8 payload descriptor (RFC 7741 section 4.2).

/// What precedes the VP8 data in a packet's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp8Descriptor {
    /// The packet starts a partition (S).
    pub partition_start: bool,
    /// The partition the packet belongs to (PID); 0 has the frame header.
    pub partition: u8,
    /// Counts frames.
    pub picture_id: Option<PictureId>,
    /// Counts frames of the lowest temporal layer (TL0PICIDX).
    pub base_layer_index: Option<u8>,
    /// The frame's place in the temporal layers.
    pub temporal: Option<TemporalLayer>,
    /// Counts key frames, modulo 32 (KEYIDX).
    pub key_frame_index: Option<u8>,
    /// Length of the descriptor, in bytes.
    pub len: usize,
}

/// A frame number, in the width the sender chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureId {
    /// Seven bits.
    Short(u8),
    /// Fifteen bits.
    Long(u16),
}

/// Where a frame stands in the temporal layers (RFC 7741 section 4.2, TID and Y).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemporalLayer {
    /// The layer, 0 to 3.
    pub id: u8,
    /// The frame depends on the lowest layer alone, so a viewer may move up here.
    pub switch_up: bool,
}

impl PictureId {
    /// The number, whatever its width.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Short(number) => number as u16,
            Self::Long(number) => number,
        }
    }

    /// The number less `offset`, in the same width.
    #[must_use]
    pub const fn minus(self, offset: u16) -> Self {
        match self {
            Self::Short(number) => {
                let [_, low] = offset.to_be_bytes();
                Self::Short(number.wrapping_sub(low) & 0x7F)
            }
            Self::Long(number) => Self::Long(number.wrapping_sub(offset) & 0x7FFF),
        }
    }
}

/// The numbers of a frame as one viewer is to see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp8Numbers {
    /// Instead of the packet's own, and of the same width.
    pub picture_id: PictureId,
    /// Instead of the packet's own, if it has one.
    pub base_layer_index: Option<u8>,
}

impl Vp8Numbers {
    /// Where the picture id is: behind the two bytes of flags that announce it.
    const PICTURE_ID: usize = 2;

    /// Writes the numbers over those of a packet that has them.
    pub fn write_over(self, payload: &mut [u8]) {
        let numbers = payload.get_mut(Self::PICTURE_ID..).unwrap_or_default();
        let rest = match self.picture_id {
            PictureId::Short(number) => numbers.split_first_mut().map(|(byte, rest)| {
                *byte = number;
                rest
            }),
            PictureId::Long(number) => numbers.split_first_chunk_mut::<2>().map(|(bytes, rest)| {
                *bytes = (number | 0x8000).to_be_bytes();
                rest
            }),
        };
        if let (Some([byte, ..]), Some(index)) = (rest, self.base_layer_index) {
            *byte = index;
        }
    }
}

impl Vp8Descriptor {
    /// Reads the descriptor at the start of `payload`; `None` when it is cut off.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader { bytes: payload };
        let first = reader.byte()?;
        let extended = if first & 0x80 == 0 { 0 } else { reader.byte()? };
        let picture_id = if extended & 0x80 == 0 { None } else { Some(reader.picture_id()?) };
        let base_layer_index = if extended & 0x40 == 0 { None } else { Some(reader.byte()?) };
        let layers = if extended & 0x30 == 0 { 0 } else { reader.byte()? };
        let temporal = TemporalLayer { id: layers >> 6, switch_up: layers & 0x20 != 0 };
        Some(Self {
            partition_start: first & 0x10 != 0,
            partition: first & 0x07,
            picture_id,
            base_layer_index,
            temporal: (extended & 0x20 != 0).then_some(temporal),
            key_frame_index: (extended & 0x10 != 0).then_some(layers & 0x1F),
            len: payload.len() - reader.bytes.len(),
        })
    }
}

/// Whether `payload` is the first packet of a key frame: the start of partition 0 whose frame
/// header has the inverse key frame flag (P) clear (RFC 7741 sections 4.2 and 4.3).
#[must_use]
pub fn starts_key_frame(payload: &[u8]) -> bool {
    Vp8Descriptor::parse(payload).is_some_and(|descriptor| {
        let first = payload.get(descriptor.len);
        descriptor.partition_start
            && descriptor.partition == 0
            && first.is_some_and(|byte| byte & 0x01 == 0)
    })
}

/// Width and height of the pictures, in pixels, from the first packet of a key frame (RFC 6386
/// section 9.1).
#[must_use]
pub fn key_frame_size(payload: &[u8]) -> Option<(u16, u16)> {
    let descriptor = Vp8Descriptor::parse(payload)?;
    let [_, _, _, 0x9D, 0x01, 0x2A, width @ .., h0, h1] =
        *payload.get(descriptor.len..)?.first_chunk::<10>()?
    else {
        return None;
    };
    // The upper two bits are for scaling, which nobody uses.
    let size = |bytes: [u8; 2]| u16::from_le_bytes(bytes) & 0x3FFF;
    Some((size(width), size([h0, h1])))
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn picture_id(&mut self) -> Option<PictureId> {
        let first = self.byte()?;
        if first & 0x80 == 0 {
            return Some(PictureId::Short(first));
        }
        Some(PictureId::Long(u16::from_be_bytes([first & 0x7F, self.byte()?])))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_shortest_descriptor_is_one_byte() {
        let descriptor = Vp8Descriptor::parse(&[0x10, 0x00]).unwrap();
        assert!(descriptor.partition_start);
        assert_eq!((descriptor.partition, descriptor.len), (0, 1));
        assert_eq!((descriptor.picture_id, descriptor.temporal), (None, None));
    }

    #[test]
    fn every_field_of_a_full_descriptor_is_read() {
        // X, S; I, L, T, K; 15-bit picture id 0x1234; TL0PICIDX 7; TID 2, Y, KEYIDX 9.
        let payload = [0x90, 0xF0, 0x92, 0x34, 7, 0xA9, 0x01];
        let descriptor = Vp8Descriptor::parse(&payload).unwrap();
        assert_eq!(descriptor.picture_id, Some(PictureId::Long(0x1234)));
        assert_eq!(descriptor.base_layer_index, Some(7));
        assert_eq!(descriptor.temporal, Some(TemporalLayer { id: 2, switch_up: true }));
        assert_eq!(descriptor.key_frame_index, Some(9));
        assert_eq!(descriptor.len, 6);
        assert!(!starts_key_frame(&payload));
    }

    #[test]
    fn a_short_picture_id_has_seven_bits() {
        let descriptor = Vp8Descriptor::parse(&[0x80, 0x80, 0x55]).unwrap();
        assert_eq!((descriptor.picture_id, descriptor.len), (Some(PictureId::Short(0x55)), 3));
    }

    #[test]
    fn a_descriptor_that_is_cut_off_is_none() {
        let payload = [0x90, 0xF0, 0x92, 0x34, 7, 0xA9];
        for len in 0..payload.len() {
            assert_eq!(Vp8Descriptor::parse(&payload[..len]), None, "{len}");
        }
        assert!(!starts_key_frame(&payload), "no frame header follows");
    }

    #[test]
    fn only_the_start_of_partition_zero_of_a_key_frame_starts_a_key_frame() {
        assert!(starts_key_frame(&[0x10, 0x00]));
        assert!(!starts_key_frame(&[0x10, 0x01]), "P is set");
        assert!(!starts_key_frame(&[0x00, 0x00]), "not the start");
        assert!(!starts_key_frame(&[0x11, 0x00]), "partition 1");
        assert!(!starts_key_frame(&[]));
    }

    proptest! {
        #[test]
        fn no_payload_makes_the_parser_panic(
            payload in proptest::collection::vec(any::<u8>(), 0..12),
        ) {
            if let Some(descriptor) = Vp8Descriptor::parse(&payload) {
                prop_assert!((1..=payload.len()).contains(&descriptor.len));
            }
            prop_assert!(!starts_key_frame(&payload) || payload.len() > 1);
        }
    }
}
