//! The bit fields of a dependency descriptor (AV1 RTP specification appendix A.8.2).

/// Reads bits, the most significant of each byte first.
#[derive(Clone)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// In bits.
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Bits read so far.
    pub(super) const fn position(&self) -> usize {
        self.position
    }

    /// `f(1)`.
    pub(super) fn flag(&mut self) -> Option<bool> {
        let byte = *self.bytes.get(self.position / 8)?;
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        Some(bit == 1)
    }

    /// `f(count)`, at most 32 bits.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Some(value)
    }

    /// `f(count)`, at most 8 bits.
    pub(super) fn small(&mut self, count: u32) -> Option<u8> {
        u8::try_from(self.bits(count)?).ok()
    }

    /// `ns(n)`: one of the numbers 0 to n - 1, the lower ones in a bit less.
    pub(super) fn non_symmetric(&mut self, n: u32) -> Option<u32> {
        let width = u32::BITS - n.leading_zeros();
        let short = (1u32.checked_shl(width)?).checked_sub(n)?;
        let value = self.bits(width.checked_sub(1)?)?;
        if value < short {
            return Some(value);
        }
        Some((value << 1 | self.bits(1)?) - short)
    }

    /// An indication of two bits for each of `count` targets; that of the first ends up lowest.
    pub(super) fn indications(&mut self, count: usize) -> Option<u64> {
        let mut all = 0;
        for target in 0..u32::try_from(count).ok()? {
            all |= u64::from(self.bits(2)?) << (2 * target);
        }
        Some(all)
    }

    /// Reads past `frame_fdiffs()`: which frames a frame refers to follows from the indications and
    /// chains, as far as forwarding depends on it.
    pub(super) fn skip_references(&mut self) -> Option<()> {
        loop {
            match self.bits(2)? {
                0 => return Some(()),
                nibbles => self.bits(4 * nibbles)?,
            };
        }
    }
}
