//! Naming the active decode targets in a dependency descriptor: those that a viewer is sent all of.
//!
//! Who changes what is forwarded must tell the receiver which targets there still are (AV1 RTP
//! specification section A.4). So every descriptor of a stream of several targets is given the
//! field that names them when it comes, and per viewer only the bits of that field differ.

use super::{BitReader, DependencyReader, Extended, TemplateStructure};
use crate::rtp::MAX_TWO_BYTE_EXTENSION_LEN;

/// A descriptor that names the active targets.
#[derive(Debug, Clone)]
pub struct TargetedDescriptor {
    bytes: [u8; MAX_TWO_BYTE_EXTENSION_LEN],
    len: usize,
    /// Where the names are.
    pub field: TargetField,
}

/// Where bytes name the active targets: a bit for each, that of target 0 last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetField {
    /// The first bit, counted from the most significant of the first byte.
    pub at: u16,
    /// How many targets there are.
    pub count: u8,
}

impl TargetField {
    /// The field in bytes that begin with `bytes` others.
    #[must_use]
    pub fn behind(self, bytes: usize) -> Option<Self> {
        let at = u16::try_from(bytes.checked_mul(8)?).ok()?.checked_add(self.at)?;
        Some(Self { at, ..self })
    }

    /// Names no other targets than these, a bit each.
    pub fn keep(self, targets: u32, bytes: &mut [u8]) {
        for target in
            (0..self.count).filter(|target| targets.unbounded_shr((*target).into()) & 1 == 0)
        {
            let bit = usize::from(self.at) + usize::from(self.count - 1 - target);
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte &= !(0x80 >> (bit % 8));
            }
        }
    }
}

impl TargetedDescriptor {
    /// The descriptor.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl TemplateStructure {
    /// The targets that have no layers above these, a bit each.
    #[must_use]
    pub fn targets_up_to(&self, spatial: u8, temporal: u8) -> u32 {
        let targets = self.targets().iter().zip(0_u32..);
        let sent = targets.filter(|(one, _)| one.spatial <= spatial && one.temporal <= temporal);
        sent.fold(0, |set, (_, index)| set | 1 << index)
    }
}

impl DependencyReader {
    /// The descriptor that was just read, with the names of the `active` targets. `None` where there
    /// is but one, or no room for more.
    #[must_use]
    pub fn name_targets(&self, data: &[u8], active: u32) -> Option<TargetedDescriptor> {
        let count = u8::try_from(self.structure()?.targets().len()).ok().filter(|all| *all > 1)?;
        let mut bits = BitReader::new(data);
        let mut written = BitWriter::default();
        written.copy(&mut bits, Self::MANDATORY_LEN * 8)?;
        let extended = if data.len() > Self::MANDATORY_LEN {
            Extended::read(&mut bits)?
        } else {
            Extended::default()
        };
        let Extended { structure, active_targets, indications, references, chains } = extended;
        for flag in [structure, true, indications, references, chains] {
            written.flag(flag)?;
        }
        if structure {
            let mut behind = bits.clone();
            TemplateStructure::read(&mut behind)?;
            written.copy(&mut bits, behind.position() - written.position)?;
        }
        if active_targets {
            bits.bits(count.into())?;
        }
        let field = TargetField { at: u16::try_from(written.position).ok()?, count };
        for target in (0..u32::from(count)).rev() {
            written.flag(active >> target & 1 == 1)?;
        }
        let rest = (data.len() * 8).checked_sub(bits.position())?;
        written.copy(&mut bits, rest)?;
        let len = written.position.div_ceil(8);
        Some(TargetedDescriptor { bytes: written.bytes, len, field })
    }
}

struct BitWriter {
    bytes: [u8; MAX_TWO_BYTE_EXTENSION_LEN],
    /// In bits.
    position: usize,
}

impl Default for BitWriter {
    fn default() -> Self {
        Self { bytes: [0; MAX_TWO_BYTE_EXTENSION_LEN], position: 0 }
    }
}

impl BitWriter {
    fn flag(&mut self, set: bool) -> Option<()> {
        let byte = self.bytes.get_mut(self.position / 8)?;
        *byte |= u8::from(set) << (7 - self.position % 8);
        self.position += 1;
        Some(())
    }

    fn copy(&mut self, bits: &mut BitReader<'_>, count: usize) -> Option<()> {
        for _ in 0..count {
            self.flag(bits.flag()?)?;
        }
        Some(())
    }
}
