//! A camera that sends three spatial and three temporal layers in one stream, and knows which frames
//! each of them needs.

use super::*;

/// The sizes of the spatial layers, the smallest first.
pub(super) const SIZES: [(u16, u16); 3] = [(320, 180), (640, 360), (1280, 720)];

/// The temporal layers of four pictures after a key picture.
const TEMPORAL: [u8; 4] = [0, 2, 1, 2];

/// Packets of one frame.
const PACKETS: usize = 2;

/// How layers are told of, and which of them need each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// VP9 in flexible mode, L3T3.
    Vp9,
    /// The same, `L3T3_KEY`.
    Vp9Key,
    /// VP9 in non-flexible mode, L3T3.
    Vp9Fixed,
    /// AV1 with dependency descriptors, L3T3.
    Av1,
    /// The same, `L3T3_KEY`.
    Av1Key,
}

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::Vp9, Self::Vp9Key, Self::Vp9Fixed, Self::Av1, Self::Av1Key];

    pub(super) const fn codec(self) -> Codec {
        match self {
            Self::Vp9 | Self::Vp9Key | Self::Vp9Fixed => Codec::Vp9,
            Self::Av1 | Self::Av1Key => Codec::Av1,
        }
    }

    /// Whether larger layers need the smaller ones in key pictures only.
    const fn is_key_mode(self) -> bool {
        matches!(self, Self::Vp9Key | Self::Av1Key)
    }
}

/// One spatial layer of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Frame {
    pub(super) picture: u32,
    /// Pictures since the key picture.
    pub(super) since_key: u32,
    pub(super) spatial: u8,
}

impl Frame {
    /// Reads what each payload ends with.
    pub(super) fn read(payload: &[u8]) -> Self {
        let tail = payload.last_chunk::<10>().unwrap();
        let number = |at: usize| u32::from_be_bytes(tail[at..at + 4].try_into().unwrap());
        Self { picture: number(0), since_key: number(4), spatial: tail[8] }
    }

    pub(super) const fn temporal(self) -> u8 {
        TEMPORAL[self.since_key as usize % TEMPORAL.len()]
    }

    const fn is_key(self) -> bool {
        self.since_key == 0
    }

    /// How many pictures back the one is that it needs.
    fn distance(self) -> Option<u32> {
        let back = [4, 1, 2, 1][self.since_key as usize % TEMPORAL.len()];
        (!self.is_key()).then_some(back)
    }
}

/// Whether a payload is the last of its frame.
pub(super) fn ends_frame(payload: &[u8]) -> bool {
    *payload.last().unwrap() == 1
}

pub(super) struct Camera {
    kind: Kind,
    pub(super) producer: ProducerKey,
    pub(super) picture: u32,
    since_key: u32,
    sequence: u16,
    frame_number: u16,
    base_index: u8,
    pub(super) wants_key_frame: bool,
    /// The largest layer that is sent.
    pub(super) top: u8,
    /// Per picture, how many pictures there were since the key picture, and the largest layer.
    history: BTreeMap<u32, (u32, u8)>,
}

impl Camera {
    pub(super) fn new(kind: Kind, producer: ProducerKey) -> Self {
        Self {
            kind,
            producer,
            picture: 0x7FF0,
            since_key: 0,
            sequence: 65_500,
            frame_number: 65_530,
            base_index: 250,
            wants_key_frame: true,
            top: 2,
            history: BTreeMap::new(),
        }
    }

    /// The packets of the next picture.
    pub(super) fn capture(&mut self) -> Vec<Vec<u8>> {
        self.picture += 1;
        self.since_key =
            if std::mem::take(&mut self.wants_key_frame) { 0 } else { self.since_key + 1 };
        self.history.insert(self.picture, (self.since_key, self.top));
        let mut packets = Vec::new();
        for spatial in 0..=self.top {
            let frame = Frame { picture: self.picture, since_key: self.since_key, spatial };
            if spatial == 0 && frame.temporal() == 0 {
                self.base_index = self.base_index.wrapping_add(1);
            }
            for part in 0..PACKETS {
                packets.push(self.packet(frame, part));
            }
            self.frame_number = self.frame_number.wrapping_add(1);
        }
        packets
    }

    /// The frames without which a frame cannot be decoded.
    pub(super) fn references(&self, frame: Frame) -> Vec<Frame> {
        let smaller = frame.spatial.checked_sub(1).filter(|_| self.needs_smaller(frame));
        let smaller = smaller.map(|spatial| Frame { spatial, ..frame });
        let earlier = frame.distance().map(|back| {
            let picture = frame.picture - back;
            let (since_key, top) = self.history[&picture];
            assert!(frame.spatial <= top, "the camera itself kept to that");
            Frame { picture, since_key, ..frame }
        });
        smaller.into_iter().chain(earlier).collect()
    }

    fn needs_smaller(&self, frame: Frame) -> bool {
        frame.spatial > 0 && (frame.is_key() || !self.kind.is_key_mode())
    }

    /// Bytes of an average picture with its headers.
    pub(super) fn bytes_per_picture(&mut self, pictures: u32) -> u32 {
        let sum: usize = (0..pictures).flat_map(|_| self.capture()).map(|one| one.len()).sum();
        u32::try_from(sum).unwrap() / pictures
    }

    fn packet(&mut self, frame: Frame, part: usize) -> Vec<u8> {
        let is_last = part + 1 == PACKETS;
        let descriptor = self.descriptor(frame, part);
        let mut payload = match self.kind.codec() {
            Codec::Vp9 => self.vp9(frame, part),
            // The aggregation header: N where a sequence begins.
            _ if frame.is_key() && frame.spatial == 0 && part == 0 => vec![0x18],
            _ => vec![0x10],
        };
        payload.resize(payload.len() + (100 << frame.spatial), 0xAA);
        payload.extend(frame.picture.to_be_bytes());
        payload.extend(frame.since_key.to_be_bytes());
        payload.extend([frame.spatial, u8::from(is_last)]);
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let fields = RtpFields {
            sequence,
            timestamp: frame.picture.wrapping_mul(3600),
            marker: is_last && frame.spatial == self.top,
            ..fields()
        };
        let extension = (Extension::DependencyDescriptor, descriptor.as_slice());
        let extensions: &[_] = if descriptor.is_empty() { &[] } else { &[extension] };
        wide_packet(fields, extensions, &payload)
    }

    /// The payload descriptor (RFC 9628 section 4.2).
    fn vp9(&self, frame: Frame, part: usize) -> Vec<u8> {
        let is_flexible = self.kind != Kind::Vp9Fixed;
        let has_structure = frame.is_key() && frame.spatial == 0 && part == 0;
        let flags = [
            (0x80, true),
            (0x40, !frame.is_key()),
            (0x20, true),
            (0x10, is_flexible),
            (0x08, part == 0),
            (0x04, part + 1 == PACKETS),
            (0x02, has_structure),
        ];
        let [high, low] = (u16::try_from(frame.picture & 0x7FFF).unwrap() | 0x8000).to_be_bytes();
        let flags = flags.iter().filter(|(_, set)| *set).map(|(flag, _)| flag).sum();
        let mut payload = vec![flags, high, low];
        let depends = u8::from(self.needs_smaller(frame));
        payload.push(frame.temporal() << 5 | 0x10 | frame.spatial << 1 | depends);
        if is_flexible {
            payload.extend(frame.distance().map(|back| u8::try_from(back << 1).unwrap()));
        } else {
            payload.push(self.base_index);
        }
        if has_structure {
            payload.push(self.top << 5 | 0x10);
            for (width, height) in &SIZES[..=usize::from(self.top)] {
                payload.extend(width.to_be_bytes());
                payload.extend(height.to_be_bytes());
            }
        }
        payload
    }

    /// The dependency descriptor (AV1 RTP specification section A.8): a template for every spatial
    /// and temporal layer, one more for each spatial layer of key pictures, and nine targets.
    fn descriptor(&self, frame: Frame, part: usize) -> Vec<u8> {
        if self.kind.codec() != Codec::Av1 {
            return Vec::new();
        }
        let mut bits = Bits::default();
        bits.push(1, u32::from(part == 0));
        bits.push(1, u32::from(part + 1 == PACKETS));
        let of_layer = u32::from(frame.spatial) * 4;
        let of_kind = if frame.is_key() { 0 } else { 1 + u32::from(frame.temporal()) };
        bits.push(6, of_layer + of_kind);
        bits.push(16, u32::from(self.frame_number));
        if frame.is_key() && frame.spatial == 0 && part == 0 {
            bits.push(5, 0b10000);
            self.structure(&mut bits);
        }
        bits.bytes()
    }

    fn structure(&self, bits: &mut Bits) {
        let spatial = u32::from(self.top) + 1;
        bits.push(6, 0);
        bits.push(5, spatial * 3 - 1);
        // Per spatial layer: a key picture, and one of each temporal layer.
        let templates: Vec<(u8, u8, bool)> = (0..=self.top)
            .flat_map(|spatial| {
                [(0, true), (0, false), (1, false), (2, false)]
                    .map(|(temporal, is_key)| (spatial, temporal, is_key))
            })
            .collect();
        for pair in templates.windows(2) {
            let (now, next) = (pair[0], pair[1]);
            let step = if now.0 != next.0 { 2 } else { u32::from(next.1 - now.1) };
            bits.push(2, step);
        }
        bits.push(2, 3);
        for template in &templates {
            for target in (0..=self.top).flat_map(|s| (0..3_u8).map(move |t| (s, t))) {
                bits.push(2, self.indication(*template, target));
            }
        }
        // References and chains are not looked at.
        templates.iter().for_each(|_| bits.push(1, 0));
        // ns(targets + 1) = 0: no chains.
        let width = u32::BITS - (spatial * 3 + 1).leading_zeros();
        bits.push(width - 1, 0);
        bits.push(1, 1);
        for (width, height) in &SIZES[..=usize::from(self.top)] {
            bits.push(16, u32::from(width - 1));
            bits.push(16, u32::from(height - 1));
        }
    }

    /// Absent, discardable, a place to switch at, or required (table A.1).
    fn indication(&self, (spatial, temporal, is_key): (u8, u8, bool), target: (u8, u8)) -> u32 {
        let is_other = self.kind.is_key_mode() && !is_key && spatial != target.0;
        match temporal {
            _ if spatial > target.0 || temporal > target.1 || is_other => 0,
            _ if is_key => 2,
            _ if spatial < target.0 => 3,
            0 => 2,
            1 if target.1 == 2 => 2,
            _ => 1,
        }
    }
}

#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn push(&mut self, count: u32, value: u32) {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
    }

    fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| (0..).zip(bits).map(|(n, bit)| u8::from(*bit) << (7 - n)).sum();
        self.0.chunks(8).map(byte).collect()
    }
}

fn wide_packet(fields: RtpFields, extensions: &[(Extension, &[u8])], payload: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; payload.len() + 400];
    let form = crate::rtp::ExtensionForm::TwoByte;
    let mut writer = RtpWriter::with_form(&mut buffer, fields, form).unwrap();
    for (extension, data) in extensions {
        writer.extension(extension.id(), data).unwrap();
    }
    let (_, len) = writer.finish(payload).unwrap();
    buffer.truncate(len);
    buffer
}
