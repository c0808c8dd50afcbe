//! What a packet says of the frame it belongs to.

use crate::codec::Codec;

use super::vp8::{PictureId, Vp8Descriptor};

/// A packet's place among the frames of its stream, as far as its codec tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FrameInfo {
    /// The temporal layer; 0 where there is but one.
    pub(super) temporal: u8,
    /// The frame depends on the lowest temporal layer alone, so a viewer may move up to it.
    pub(super) switch_up: bool,
    /// Counts frames, where viewers are sent numbers of their own.
    pub(super) picture_id: Option<PictureId>,
    /// Counts frames of the lowest temporal layer, likewise (TL0PICIDX).
    pub(super) base_index: Option<u8>,
}

impl FrameInfo {
    /// Reads what precedes the media in a payload.
    pub(super) fn of(codec: Codec, payload: &[u8]) -> Self {
        match codec {
            Codec::Vp8 => Vp8Descriptor::parse(payload).map(Self::of_vp8).unwrap_or_default(),
            Codec::Opus | Codec::Vp9 | Codec::H264 | Codec::Av1 => Self::default(),
        }
    }

    fn of_vp8(descriptor: Vp8Descriptor) -> Self {
        Self {
            temporal: descriptor.temporal.map_or(0, |layer| layer.id),
            switch_up: descriptor.temporal.is_some_and(|layer| layer.switch_up),
            picture_id: descriptor.picture_id,
            base_index: descriptor.base_layer_index,
        }
    }
}
