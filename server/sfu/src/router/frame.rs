//! What a packet says of the frame it belongs to.

use crate::codec::Codec;

use super::{
    av1::{FrameDependencies, Indication, TemplateStructure},
    vp8::{PictureId, Vp8Descriptor},
    vp9::Vp9Descriptor,
};

/// A packet's place among the frames of its stream, as far as its codec tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FrameInfo {
    /// The spatial layer; 0 where there is but one in the stream.
    pub(super) spatial: u8,
    /// The temporal layer; 0 where there is but one.
    pub(super) temporal: u8,
    /// The packet is the last one of its spatial layer's frame, where there are several.
    pub(super) ends_frame: bool,
    /// Where a viewer may move up to at this frame.
    pub(super) ascent: Ascent,
    /// Counts frames, where viewers are sent numbers of their own.
    pub(super) picture_id: Option<PictureId>,
    /// Counts frames of the lowest temporal layer, likewise (TL0PICIDX).
    pub(super) base_index: Option<u8>,
}

/// The layers that can be decoded from a frame on, although they were left out before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Ascent {
    /// None.
    #[default]
    None,
    /// The frame's own temporal layer: it depends on the lowest alone (RFC 7741 section 4.2, Y).
    Own,
    /// All temporal layers above the frame's: what follows of them does not depend on anything of
    /// them before it (RFC 9628 section 4.2, U).
    Above,
    /// These, if the frame itself can be decoded (AV1 RTP specification section A.7).
    To(LayerSet),
    /// All: the frame is the lowest of a key picture.
    Any,
}

/// Spatial layers with temporal layers up to one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LayerSet(u32);

impl LayerSet {
    const TEMPORAL: u8 = 8;
    const SPATIAL: u8 = 4;

    const fn bit((spatial, temporal): (u8, u8)) -> u32 {
        if spatial < Self::SPATIAL && temporal < Self::TEMPORAL {
            1 << (spatial * Self::TEMPORAL + temporal)
        } else {
            0
        }
    }

    /// The best of the set that has no layers above `spatial` and `temporal`.
    pub(super) fn best(self, spatial: u8, temporal: u8) -> Option<(u8, u8)> {
        let spatial = (0..=spatial.min(Self::SPATIAL - 1)).rev();
        let layers = spatial.flat_map(|spatial| {
            let temporal = (0..=temporal.min(Self::TEMPORAL - 1)).rev();
            temporal.map(move |temporal| (spatial, temporal))
        });
        layers.into_iter().find(|layer| self.0 & Self::bit(*layer) != 0)
    }

    fn switches(frame: &FrameDependencies, structure: &TemplateStructure) -> Self {
        let targets = structure.targets().iter().zip(0_u8..);
        let switches = targets.filter(|(_, index)| frame.indication(*index) == Indication::Switch);
        Self(
            switches.fold(0, |set, (target, _)| set | Self::bit((target.spatial, target.temporal))),
        )
    }
}

impl FrameInfo {
    /// Reads what precedes the media in a payload. Of AV1 that says nothing of layers.
    pub(super) fn of(codec: Codec, payload: &[u8]) -> Self {
        match codec {
            Codec::Vp8 => Vp8Descriptor::parse(payload).map(Self::of_vp8).unwrap_or_default(),
            Codec::Vp9 => {
                Vp9Descriptor::parse(payload).as_ref().map(Self::of_vp9).unwrap_or_default()
            }
            Codec::Opus | Codec::H264 | Codec::Av1 => Self::default(),
        }
    }

    fn of_vp8(descriptor: Vp8Descriptor) -> Self {
        let switch_up = descriptor.temporal.is_some_and(|layer| layer.switch_up);
        Self {
            temporal: descriptor.temporal.map_or(0, |layer| layer.id),
            ascent: if switch_up { Ascent::Own } else { Ascent::None },
            picture_id: descriptor.picture_id,
            base_index: descriptor.base_layer_index,
            ..Self::default()
        }
    }

    /// The numbers of pictures stay as they are: references count in them.
    pub(super) fn of_vp9(descriptor: &Vp9Descriptor) -> Self {
        let Some(layer) = descriptor.layer else { return Self::default() };
        let ascent = if layer.spatial == 0 && !descriptor.predicted {
            Ascent::Any
        } else if layer.switch_up {
            Ascent::Above
        } else {
            Ascent::None
        };
        Self {
            spatial: layer.spatial,
            temporal: layer.temporal,
            ends_frame: descriptor.ends_frame,
            ascent,
            ..Self::default()
        }
    }

    pub(super) fn of_av1(frame: &FrameDependencies, structure: &TemplateStructure) -> Self {
        Self {
            spatial: frame.spatial,
            temporal: frame.temporal,
            ends_frame: frame.ends_frame,
            ascent: Ascent::To(LayerSet::switches(frame, structure)),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_layers_of_a_set_are_the_highest_that_are_allowed() {
        let set = [(0, 0), (0, 1), (2, 1)];
        let set = LayerSet(set.into_iter().fold(0, |set, layer| set | LayerSet::bit(layer)));
        assert_eq!(set.best(2, 255), Some((2, 1)));
        assert_eq!(set.best(2, 0), Some((0, 0)));
        assert_eq!(set.best(1, 7), Some((0, 1)));
        assert_eq!(LayerSet::default().best(255, 255), None);
        assert_eq!(LayerSet(LayerSet::bit((4, 0)) | LayerSet::bit((0, 8))), LayerSet::default());
    }
}
