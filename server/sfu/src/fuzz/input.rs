//! Bytes read as choices.

/// What is left of a fuzzer's input. Past its end everything reads as zero or empty, so that every
/// input is a whole run.
pub(super) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// The next byte, none at the end.
    pub(super) fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.next().unwrap_or(0)
    }

    pub(super) fn wide(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    /// At most 250 bytes, or up to a datagram's worth after a length byte above.
    pub(super) fn chunk(&mut self) -> &'a [u8] {
        let short = usize::from(self.byte());
        let wanted = if short <= 250 { short } else { usize::from(self.wide()) % 1_600 };
        let (chunk, rest) = self.rest.split_at(wanted.min(self.rest.len()));
        self.rest = rest;
        chunk
    }

    /// Everything that is left.
    pub(super) fn remainder(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }
}
