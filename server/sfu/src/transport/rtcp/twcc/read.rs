//! Reading transport-wide feedback: what the receiver of our packets says of each
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).

use super::super::HEADER_BYTES;

/// Bytes before the packet chunks: the header, two SSRCs, and the fixed fields.
const CHUNKS_AT: usize = HEADER_BYTES + 16;

/// The most statuses of one packet that are read: as many packets as are remembered. A run-length
/// chunk of two bytes stands for up to 8,191, so without a bound a small packet is much work.
const MAX_STATUSES: usize = 8192;

/// One feedback packet.
#[derive(Debug, Clone, Copy)]
pub struct TransportFeedback<'a> {
    /// The transport-wide number of the first packet it tells of.
    pub base: u16,
    /// Where its times start, in units of 64 ms of the receiver's clock, modulo 2^24.
    pub reference: u32,
    /// How many packets it tells of.
    count: usize,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

impl<'a> TransportFeedback<'a> {
    /// Reads the packet of an [`super::super::RtcpMessage::TransportFeedback`]; `None` when it ends
    /// too early.
    #[must_use]
    pub fn parse(packet: &'a [u8]) -> Option<Self> {
        let fields = packet.get(HEADER_BYTES + 8..)?.first_chunk::<8>()?;
        let [b0, b1, c0, c1, r0, r1, r2, _feedback_count] = *fields;
        let count = usize::from(u16::from_be_bytes([c0, c1])).min(MAX_STATUSES);
        let rest = packet.get(CHUNKS_AT..)?;
        let mut covered = 0_usize;
        let mut split = 0_usize;
        while covered < count {
            let (chunk, _) = rest.get(split..)?.split_first_chunk::<2>()?;
            covered = covered.saturating_add(Chunk::parse(*chunk).left);
            split = split.saturating_add(2);
        }
        let (chunks, deltas) = rest.split_at_checked(split)?;
        Some(Self {
            base: u16::from_be_bytes([b0, b1]),
            reference: u32::from_be_bytes([0, r0, r1, r2]),
            count,
            chunks,
            deltas,
        })
    }

    /// Each packet's number and, if it came, when: the time since the one before that came, the
    /// first since [`TransportFeedback::reference`], in ticks of 250 µs. Ends where the times do.
    #[must_use]
    pub const fn statuses(&self) -> Statuses<'a> {
        Statuses {
            number: self.base,
            left: self.count,
            chunk: Chunk { symbols: Symbols::Run(0), left: 0 },
            chunks: self.chunks,
            deltas: self.deltas,
        }
    }
}

/// See [`TransportFeedback::statuses`].
#[derive(Debug, Clone)]
pub struct Statuses<'a> {
    number: u16,
    left: usize,
    chunk: Chunk,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

impl Iterator for Statuses<'_> {
    type Item = (u16, Option<i16>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        while self.chunk.left == 0 {
            let (chunk, rest) = self.chunks.split_first_chunk::<2>()?;
            self.chunk = Chunk::parse(*chunk);
            self.chunks = rest;
        }
        let delta = match self.chunk.next_symbol() {
            1 => {
                let (delta, rest) = self.deltas.split_first()?;
                self.deltas = rest;
                Some(i16::from(*delta))
            }
            2 => {
                let (delta, rest) = self.deltas.split_first_chunk::<2>()?;
                self.deltas = rest;
                Some(i16::from_be_bytes(*delta))
            }
            _ => None,
        };
        let number = self.number;
        self.number = number.wrapping_add(1);
        Some((number, delta))
    }
}

/// A packet chunk (3.1.3, 3.1.4), and how many of its symbols have not been taken.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    symbols: Symbols,
    left: usize,
}

#[derive(Debug, Clone, Copy)]
enum Symbols {
    /// The same one again and again.
    Run(u16),
    /// One bit each, the next one in the highest bit.
    OneBit(u16),
    /// Two bits each, the next one in the highest bits.
    TwoBits(u16),
}

impl Chunk {
    const fn parse(chunk: [u8; 2]) -> Self {
        let bits = u16::from_be_bytes(chunk);
        match bits >> 14 {
            0b10 => Self { symbols: Symbols::OneBit(bits << 2), left: 14 },
            0b11 => Self { symbols: Symbols::TwoBits(bits << 2), left: 7 },
            _ => Self { symbols: Symbols::Run(bits >> 13 & 0b11), left: (bits & 0x1fff) as usize },
        }
    }

    const fn next_symbol(&mut self) -> u16 {
        self.left = self.left.saturating_sub(1);
        match &mut self.symbols {
            Symbols::Run(symbol) => *symbol,
            Symbols::OneBit(bits) => {
                let symbol = *bits >> 15;
                *bits <<= 1;
                symbol
            }
            Symbols::TwoBits(bits) => {
                let symbol = *bits >> 14;
                *bits <<= 2;
                symbol
            }
        }
    }
}
