//! The VP9 payload descriptor (RFC 9628 section 4.2).

use super::vp8::PictureId;

/// The most pictures a frame may be predicted from (RFC 9628 section 4.2, N).
const MAX_REFERENCES: usize = 3;

/// The most spatial layers: their number has three bits (`N_S`).
pub const MAX_SPATIAL_LAYERS: usize = 8;

/// What precedes the VP9 data in a packet's payload.
///
/// A *frame* here is one spatial layer's; the frames of one instant are a *picture*, whose last
/// packet has the RTP marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp9Descriptor {
    /// Counts pictures (I).
    pub picture_id: Option<PictureId>,
    /// The frame is predicted from earlier pictures (P).
    pub predicted: bool,
    /// The packet starts a frame (B).
    pub starts_frame: bool,
    /// The packet ends a frame (E).
    pub ends_frame: bool,
    /// No frame of a higher spatial layer of this picture is predicted from this one (Z).
    pub is_no_reference: bool,
    /// The frame's place in the layers (L); none in a stream without layers.
    pub layer: Option<Vp9Layer>,
    /// Counts pictures of the lowest temporal layer (TL0PICIDX); absent in flexible mode.
    pub base_layer_index: Option<u8>,
    /// How many pictures back those are that the frame is predicted from; flexible mode only.
    pub references: References,
    /// The layers of the stream, in the first packet of a picture that can start it (V).
    pub structure: Option<ScalabilityStructure>,
    /// Length of the descriptor, in bytes.
    pub len: usize,
}

/// Where a frame stands in the layers (RFC 9628 section 4.2, layer indices).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp9Layer {
    /// The temporal layer, 0 to 7 (TID).
    pub temporal: u8,
    /// The spatial layer, 0 to 7 (SID).
    pub spatial: u8,
    /// Higher temporal layers do not need pictures before this one: a viewer may move up here (U).
    pub switch_up: bool,
    /// The frame is predicted from the next lower spatial layer of its picture (D).
    pub depends_on_lower: bool,
}

/// The distances of a frame's references, in pictures (RFC 9628 section 4.2, `P_DIFF`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct References {
    distances: [u8; MAX_REFERENCES],
    count: usize,
}

impl References {
    /// The distances, in the sender's order.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.distances.get(..self.count).unwrap_or_default()
    }
}

/// The size of a layer's pictures, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// The spatial layers of a stream (RFC 9628 section 4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScalabilityStructure {
    count: usize,
    resolutions: Option<[Resolution; MAX_SPATIAL_LAYERS]>,
}

impl ScalabilityStructure {
    /// How many spatial layers there are, 1 to [`MAX_SPATIAL_LAYERS`].
    #[must_use]
    pub const fn spatial_layers(&self) -> usize {
        self.count
    }

    /// The sizes of the layers, the smallest layer first; empty when the sender does not say.
    #[must_use]
    pub fn resolutions(&self) -> &[Resolution] {
        self.resolutions.as_ref().and_then(|all| all.get(..self.count)).unwrap_or_default()
    }
}

impl Vp9Descriptor {
    const PICTURE_ID: u8 = 0x80;
    const PREDICTED: u8 = 0x40;
    const LAYERS: u8 = 0x20;
    const FLEXIBLE: u8 = 0x10;
    const STARTS: u8 = 0x08;
    const ENDS: u8 = 0x04;
    const STRUCTURE: u8 = 0x02;
    const NO_REFERENCE: u8 = 0x01;

    /// Reads the descriptor at the start of `payload`; `None` when it is cut off, or names more
    /// references than there can be.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader { bytes: payload };
        let flags = reader.byte()?;
        let has = |flag| flags & flag != 0;
        let picture_id = if has(Self::PICTURE_ID) { Some(reader.picture_id()?) } else { None };
        let layer = if has(Self::LAYERS) { Some(reader.layer()?) } else { None };
        let counted = layer.is_some() && !has(Self::FLEXIBLE);
        let base_layer_index = if counted { Some(reader.byte()?) } else { None };
        let references = if has(Self::FLEXIBLE) && has(Self::PREDICTED) {
            reader.references()?
        } else {
            References::default()
        };
        let structure = if has(Self::STRUCTURE) { Some(reader.structure()?) } else { None };
        Some(Self {
            picture_id,
            predicted: has(Self::PREDICTED),
            starts_frame: has(Self::STARTS),
            ends_frame: has(Self::ENDS),
            is_no_reference: has(Self::NO_REFERENCE),
            layer,
            base_layer_index,
            references,
            structure,
            len: payload.len() - reader.bytes.len(),
        })
    }

    /// Whether a decoder can start at this packet: it starts a frame of the lowest spatial layer
    /// that is not predicted from other pictures.
    #[must_use]
    pub fn starts_key_frame(&self) -> bool {
        self.starts_frame && !self.predicted && self.layer.is_none_or(|layer| layer.spatial == 0)
    }
}

/// Whether `payload` is the first packet of a key picture.
#[must_use]
pub fn starts_key_frame(payload: &[u8]) -> bool {
    Vp9Descriptor::parse(payload).is_some_and(|descriptor| descriptor.starts_key_frame())
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

    fn skip(&mut self, len: usize) -> Option<()> {
        self.bytes = self.bytes.get(len..)?;
        Some(())
    }

    fn wide(&mut self) -> Option<u32> {
        Some(u32::from(u16::from_be_bytes([self.byte()?, self.byte()?])))
    }

    fn picture_id(&mut self) -> Option<PictureId> {
        let first = self.byte()?;
        if first & 0x80 == 0 {
            return Some(PictureId::Short(first));
        }
        Some(PictureId::Long(u16::from_be_bytes([first & 0x7F, self.byte()?])))
    }

    fn layer(&mut self) -> Option<Vp9Layer> {
        let byte = self.byte()?;
        Some(Vp9Layer {
            temporal: byte >> 5,
            spatial: byte >> 1 & 0x07,
            switch_up: byte & 0x10 != 0,
            depends_on_lower: byte & 0x01 != 0,
        })
    }

    fn references(&mut self) -> Option<References> {
        let mut references = References::default();
        loop {
            let byte = self.byte()?;
            *references.distances.get_mut(references.count)? = byte >> 1;
            references.count += 1;
            if byte & 0x01 == 0 {
                return Some(references);
            }
        }
    }

    /// Reads the layers, and past the description of a group of pictures: every packet says itself
    /// what that tells.
    fn structure(&mut self) -> Option<ScalabilityStructure> {
        let head = self.byte()?;
        let count = usize::from(head >> 5) + 1;
        let resolutions = if head & 0x10 == 0 { None } else { Some(self.resolutions(count)?) };
        if head & 0x08 != 0 {
            for _ in 0..self.byte()? {
                let references = self.byte()? >> 2 & 0x03;
                self.skip(usize::from(references))?;
            }
        }
        Some(ScalabilityStructure { count, resolutions })
    }

    fn resolutions(&mut self, count: usize) -> Option<[Resolution; MAX_SPATIAL_LAYERS]> {
        let mut resolutions = [Resolution::default(); MAX_SPATIAL_LAYERS];
        for resolution in resolutions.iter_mut().take(count) {
            *resolution = Resolution { width: self.wide()?, height: self.wide()? };
        }
        Some(resolutions)
    }
}

#[cfg(test)]
mod tests;
