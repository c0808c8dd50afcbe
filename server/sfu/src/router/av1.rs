//! AV1 in RTP (AV1 RTP specification 1.0): the aggregation header of a payload, and the dependency
//! descriptor, a header extension that says which frames a viewer of fewer layers can do without.

mod bits;
mod targets;

use super::vp9::Resolution;
use bits::BitReader;

pub use targets::{TargetField, TargetedDescriptor};

/// The most frame templates of a structure: their ids have six bits.
pub const MAX_TEMPLATES: usize = 64;

/// The most decode targets of a structure: their number has five bits.
pub const MAX_TARGETS: usize = 32;

/// The most spatial layers: an OBU's `spatial_id` has two bits (AV1 specification section 5.3.3).
pub const MAX_SPATIAL_LAYERS: usize = 4;

/// The most temporal layers: an OBU's `temporal_id` has three bits.
const MAX_TEMPORAL_LAYERS: u8 = 8;

/// The first byte of every payload (AV1 RTP specification section 4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AggregationHeader {
    /// The first element continues an OBU of the packet before (Z).
    pub continues: bool,
    /// The last element is continued in the next packet (Y).
    pub continued: bool,
    /// How many elements there are, 1 to 3; none when each has its length before it (W).
    pub elements: Option<u8>,
    /// The packet is the first one of a coded video sequence (N).
    pub new_sequence: bool,
}

impl AggregationHeader {
    /// Reads the header at the start of `payload`; `None` when that is empty.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let byte = *payload.first()?;
        Some(Self {
            continues: byte & 0x80 != 0,
            continued: byte & 0x40 != 0,
            elements: Some(byte >> 4 & 0x03).filter(|count| *count > 0),
            new_sequence: byte & 0x08 != 0,
        })
    }
}

/// Whether `payload` is the first packet of a coded video sequence, which cannot continue an OBU.
#[must_use]
pub fn starts_key_frame(payload: &[u8]) -> bool {
    AggregationHeader::parse(payload).is_some_and(|header| header.new_sequence && !header.continues)
}

/// What a frame is to the viewers of one decode target (AV1 RTP specification table A.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indication {
    /// The target is without this frame.
    NotPresent,
    /// No other frame of the target needs this one.
    Discardable,
    /// A viewer of a lower target may move up to this one here.
    Switch,
    /// Others need it, and it is no place to move up at.
    Required,
}

/// What the dependency descriptor of one packet says (AV1 RTP specification appendix A.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameDependencies {
    /// The packet starts a frame: one spatial layer's picture.
    pub starts_frame: bool,
    /// The packet ends a frame; frames of higher spatial layers may follow at the same instant.
    pub ends_frame: bool,
    /// Counts frames in the order of decoding, modulo 2^16.
    pub frame_number: u16,
    /// The frame's spatial layer, below [`MAX_SPATIAL_LAYERS`].
    pub spatial: u8,
    /// The frame's temporal layer, 0 to 7.
    pub temporal: u8,
    /// A structure came with it, as it does with the first packet of a coded video sequence.
    pub has_structure: bool,
    /// Bit `n` tells whether the sender still makes what target `n` needs.
    pub active_targets: u32,
    /// Two bits for each target, that of target 0 lowest.
    indications: u64,
    /// One for each chain.
    chain_distances: [u8; MAX_TARGETS],
}

impl FrameDependencies {
    /// What the frame is to the viewers of `target`.
    #[must_use]
    pub const fn indication(&self, target: u8) -> Indication {
        match self.indications.unbounded_shr(2 * target as u32) & 0b11 {
            0 => Indication::NotPresent,
            1 => Indication::Discardable,
            2 => Indication::Switch,
            _ => Indication::Required,
        }
    }

    /// How many frames back the last one of `chain` is, which must have arrived for the targets it
    /// protects to be decodable; none when no frame before this one is needed.
    #[must_use]
    pub fn chain_distance(&self, chain: u8) -> Option<u8> {
        self.chain_distances.get(usize::from(chain)).copied().filter(|distance| *distance > 0)
    }
}

/// What one decode target consists of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DecodeTarget {
    /// Its highest spatial layer.
    pub spatial: u8,
    /// Its highest temporal layer.
    pub temporal: u8,
    /// The chain that protects it.
    pub chain: Option<u8>,
}

/// The layers of a coded video sequence, and the kinds of frames it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateStructure {
    id_offset: u8,
    template_count: usize,
    templates: [Template; MAX_TEMPLATES],
    target_count: usize,
    targets: [DecodeTarget; MAX_TARGETS],
    chain_count: usize,
    spatial_layers: usize,
    resolutions: Option<[Resolution; MAX_SPATIAL_LAYERS]>,
}

/// What frames of one kind have in common.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Template {
    spatial: u8,
    temporal: u8,
    /// As in [`FrameDependencies`].
    indications: u64,
    /// Four bits for each chain, those of chain 0 lowest.
    chain_distances: u128,
}

impl TemplateStructure {
    /// The decode targets, by their index.
    #[must_use]
    pub fn targets(&self) -> &[DecodeTarget] {
        self.targets.get(..self.target_count).unwrap_or_default()
    }

    /// How many spatial layers there are, 1 to [`MAX_SPATIAL_LAYERS`].
    #[must_use]
    pub const fn spatial_layers(&self) -> usize {
        self.spatial_layers
    }

    /// The sizes of the spatial layers, the smallest first; empty when the sender does not say.
    #[must_use]
    pub fn resolutions(&self) -> &[Resolution] {
        self.resolutions.as_ref().and_then(|all| all.get(..self.spatial_layers)).unwrap_or_default()
    }

    /// The best of the `active` targets with no layers above these: the one with the highest
    /// spatial layer, and of those the one with the highest temporal layer.
    #[must_use]
    pub fn target_for(&self, spatial: u8, temporal: u8, active: u32) -> Option<u8> {
        let indexed = (0u8..).zip(self.targets());
        let eligible = indexed.filter(|(index, target)| {
            active.unbounded_shr(u32::from(*index)) & 1 == 1
                && target.spatial <= spatial
                && target.temporal <= temporal
        });
        eligible.max_by_key(|(_, target)| (target.spatial, target.temporal)).map(|(index, _)| index)
    }

    fn all_targets(&self) -> u32 {
        u32::MAX.unbounded_shr(u32::try_from(MAX_TARGETS - self.target_count).unwrap_or(0))
    }

    fn template(&self, id: u8) -> Option<&Template> {
        let index = usize::from(id.wrapping_sub(self.id_offset) & 0x3F);
        self.templates.get(..self.template_count)?.get(index)
    }

    /// Reads `template_dependency_structure()`.
    fn read(bits: &mut BitReader<'_>) -> Option<Self> {
        let mut structure = Self {
            id_offset: bits.small(6)?,
            target_count: usize::from(bits.small(5)?) + 1,
            template_count: 0,
            templates: [Template::default(); MAX_TEMPLATES],
            targets: [DecodeTarget::default(); MAX_TARGETS],
            chain_count: 0,
            spatial_layers: 1,
            resolutions: None,
        };
        structure.read_layers(bits)?;
        structure.read_indications(bits)?;
        for _ in 0..structure.template_count {
            while bits.flag()? {
                bits.small(4)?;
            }
        }
        structure.read_chains(bits)?;
        if bits.flag()? {
            structure.read_resolutions(bits)?;
        }
        Some(structure)
    }

    fn read_layers(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let (mut spatial, mut temporal) = (0, 0);
        loop {
            let template = self.templates.get_mut(self.template_count)?;
            (template.spatial, template.temporal) = (spatial, temporal);
            self.template_count += 1;
            self.spatial_layers = usize::from(spatial) + 1;
            match bits.small(2)? {
                0 => {}
                1 => temporal += 1,
                2 => (spatial, temporal) = (spatial + 1, 0),
                _ => return Some(()),
            }
            if usize::from(spatial) >= MAX_SPATIAL_LAYERS || temporal >= MAX_TEMPORAL_LAYERS {
                return None;
            }
        }
    }

    /// Reads what each kind of frame is to each target, and finds the targets' layers by it.
    fn read_indications(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        for template in self.templates.iter_mut().take(self.template_count) {
            template.indications = bits.indications(self.target_count)?;
            for (target, index) in self.targets.iter_mut().take(self.target_count).zip(0u32..) {
                if template.indications >> (2 * index) & 0b11 != 0 {
                    target.spatial = target.spatial.max(template.spatial);
                    target.temporal = target.temporal.max(template.temporal);
                }
            }
        }
        Some(())
    }

    fn read_chains(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let count = bits.non_symmetric(u32::try_from(self.target_count + 1).ok()?)?;
        if count == 0 {
            return Some(());
        }
        self.chain_count = usize::try_from(count).ok()?;
        for target in self.targets.iter_mut().take(self.target_count) {
            target.chain = Some(u8::try_from(bits.non_symmetric(count)?).ok()?);
        }
        for template in self.templates.iter_mut().take(self.template_count) {
            for chain in 0..count {
                template.chain_distances |= u128::from(bits.small(4)?) << (4 * chain);
            }
        }
        Some(())
    }

    fn read_resolutions(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let mut resolutions = [Resolution::default(); MAX_SPATIAL_LAYERS];
        for resolution in resolutions.iter_mut().take(self.spatial_layers) {
            let (width, height) = (bits.bits(16)? + 1, bits.bits(16)? + 1);
            *resolution = Resolution { width, height };
        }
        self.resolutions = Some(resolutions);
        Some(())
    }
}

/// Reads the dependency descriptors of one stream, packet by packet, and keeps the structure that
/// the later ones refer to.
#[derive(Debug, Default)]
pub struct DependencyReader {
    structure: Option<Box<TemplateStructure>>,
    active_targets: u32,
}

/// The flags of `extended_descriptor_fields()`, all clear in a descriptor of three bytes.
#[derive(Default)]
struct Extended {
    structure: bool,
    active_targets: bool,
    indications: bool,
    references: bool,
    chains: bool,
}

impl DependencyReader {
    /// Length of a descriptor with nothing but the mandatory fields, in bytes.
    const MANDATORY_LEN: usize = 3;

    /// Reads the extension's data. `None` when it is malformed, or refers to a structure that has
    /// not come; what was known before is then kept.
    pub fn read(&mut self, data: &[u8]) -> Option<FrameDependencies> {
        let (dependencies, attached) = self.interpret(data)?;
        self.active_targets = dependencies.active_targets;
        if let Some(attached) = attached {
            self.keep(attached);
        }
        Some(dependencies)
    }

    /// Reads the data of a packet that was overtaken: what it says of others is old.
    #[must_use]
    pub fn read_overtaken(&self, data: &[u8]) -> Option<FrameDependencies> {
        self.interpret(data).map(|(dependencies, _)| dependencies)
    }

    fn interpret(&self, data: &[u8]) -> Option<(FrameDependencies, Option<TemplateStructure>)> {
        let mut bits = BitReader::new(data);
        let (starts_frame, ends_frame) = (bits.flag()?, bits.flag()?);
        let template_id = bits.small(6)?;
        let frame_number = u16::try_from(bits.bits(16)?).ok()?;
        let extended = if data.len() > Self::MANDATORY_LEN {
            Extended::read(&mut bits)?
        } else {
            Extended::default()
        };
        let attached =
            if extended.structure { Some(TemplateStructure::read(&mut bits)?) } else { None };
        let structure = attached.as_ref().or(self.structure.as_deref())?;
        let mut active_targets =
            if extended.structure { structure.all_targets() } else { self.active_targets };
        if extended.active_targets {
            active_targets = bits.bits(u32::try_from(structure.target_count).ok()?)?;
        }
        let template = structure.template(template_id)?;
        let (indications, chain_distances) = extended.definition(&mut bits, structure, template)?;
        let dependencies = FrameDependencies {
            starts_frame,
            ends_frame,
            frame_number,
            spatial: template.spatial,
            temporal: template.temporal,
            has_structure: extended.structure,
            active_targets,
            indications,
            chain_distances,
        };
        Some((dependencies, attached))
    }

    /// The structure that came last.
    #[must_use]
    pub fn structure(&self) -> Option<&TemplateStructure> {
        self.structure.as_deref()
    }

    fn keep(&mut self, attached: TemplateStructure) {
        match &mut self.structure {
            Some(kept) => **kept = attached,
            None => self.structure = Some(Box::new(attached)),
        }
    }
}

impl Extended {
    fn read(bits: &mut BitReader<'_>) -> Option<Self> {
        Some(Self {
            structure: bits.flag()?,
            active_targets: bits.flag()?,
            indications: bits.flag()?,
            references: bits.flag()?,
            chains: bits.flag()?,
        })
    }

    /// Reads `frame_dependency_definition()`: the frame's own indications and chain distances, or
    /// else its template's.
    fn definition(
        &self,
        bits: &mut BitReader<'_>,
        structure: &TemplateStructure,
        template: &Template,
    ) -> Option<(u64, [u8; MAX_TARGETS])> {
        let indications = if self.indications {
            bits.indications(structure.target_count)?
        } else {
            template.indications
        };
        if self.references {
            bits.skip_references()?;
        }
        let mut distances = [0; MAX_TARGETS];
        for (distance, chain) in distances.iter_mut().zip(0u32..).take(structure.chain_count) {
            *distance = if self.chains {
                bits.small(8)?
            } else {
                u8::try_from(template.chain_distances >> (4 * chain) & 0x0F).ok()?
            };
        }
        Some((indications, distances))
    }
}

#[cfg(test)]
mod tests;
