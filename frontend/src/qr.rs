//! QR codes (ISO/IEC 18004) of links: bytes, error correction level L, versions 10 to 40, mask 0.
//!
//! Invites are long, so smaller versions are not needed; and being signed they look like noise,
//! so that one mask serves as well as another.

/// The smallest version made: it holds 271 bytes.
const FIRST_VERSION: usize = 10;

/// Error correction bytes of each block, from [`FIRST_VERSION`] on (ISO/IEC 18004, table 9).
const CORRECTION: [usize; 31] = [
    18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30,
    30, 30, 30, 30, 30, 30, 30,
];

/// Blocks, likewise.
const BLOCKS: [usize; 31] = [
    4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20,
    21, 22, 24, 25,
];

/// A QR code: a square of modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrCode {
    size: usize,
    modules: Vec<Module>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Module {
    dark: bool,
    /// Whether it is part of a pattern, and carries no data.
    fixed: bool,
}

/// How a version is laid out.
#[derive(Debug, Clone, Copy)]
struct Version {
    number: usize,
    correction: usize,
    blocks: usize,
}

impl QrCode {
    /// The code of a text; none for one of more than 2,953 bytes.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let version = Version::all().find(|version| version.holds() >= text.len())?;
        let size = version.number * 4 + 17;
        let mut code = Self { size, modules: vec![Module::default(); size * size] };
        code.draw_patterns(version);
        code.draw_data(&version.interleave(&version.encode(text.as_bytes())));
        Some(code)
    }

    /// Modules from side to side.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Whether a module is dark.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        self.modules.get(y * self.size + x).is_some_and(|module| module.dark)
    }

    /// The dark modules as SVG path data, one unit each.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for y in 0..self.size {
            let mut x = 0;
            while x < self.size {
                let run = (x..self.size).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    path.push_str(&format!("M{x} {y}h{run}v1h-{run}z"));
                }
                x += run.max(1);
            }
        }
        path
    }

    fn fix(&mut self, x: usize, y: usize, dark: bool) {
        if let Some(module) = self.modules.get_mut(y * self.size + x) {
            *module = Module { dark, fixed: true };
        }
    }

    /// Fixes the square of `radius` around a module: dark but for the rings at `light`.
    fn fix_rings(&mut self, (x, y): (usize, usize), radius: usize, light: &[usize]) {
        let (size, reach) = (self.size, 2 * radius + 1);
        for (i, j) in (0..reach).flat_map(|i| (0..reach).map(move |j| (i, j))) {
            let (column, row) = ((x + i).wrapping_sub(radius), (y + j).wrapping_sub(radius));
            if column < size && row < size {
                let ring = i.abs_diff(radius).max(j.abs_diff(radius));
                self.fix(column, row, !light.contains(&ring));
            }
        }
    }

    fn draw_patterns(&mut self, version: Version) {
        let size = self.size;
        for i in 0..size {
            self.fix(6, i, i % 2 == 0);
            self.fix(i, 6, i % 2 == 0);
        }
        for corner in [(3, 3), (size - 4, 3), (3, size - 4)] {
            self.fix_rings(corner, 4, &[2, 4]);
        }
        let places = version.alignments();
        let (first, last) = (6, size - 7);
        for (x, y) in places.iter().flat_map(|x| places.iter().map(move |y| (*x, *y))) {
            if ![(first, first), (first, last), (last, first)].contains(&(x, y)) {
                self.fix_rings((x, y), 2, &[1]);
            }
        }
        self.draw_format();
        self.draw_version(version.number);
    }

    /// Level L and mask 0, protected and masked (ISO/IEC 18004, section 7.9).
    fn draw_format(&mut self) {
        const FORMAT: usize = protected(0b01_000, 10, 0x537) ^ 0x5412;
        let size = self.size;
        for i in 0..15 {
            let dark = FORMAT >> i & 1 == 1;
            match i {
                0..=5 => self.fix(8, i, dark),
                6..=7 => self.fix(8, i + 1, dark),
                8 => self.fix(7, 8, dark),
                _ => self.fix(14 - i, 8, dark),
            }
            if i < 8 {
                self.fix(size - 1 - i, 8, dark);
            } else {
                self.fix(8, size - 15 + i, dark);
            }
        }
        self.fix(8, size - 8, true);
    }

    /// The version, protected (section 7.10).
    fn draw_version(&mut self, number: usize) {
        let bits = protected(number, 12, 0x1f25);
        for i in 0..18 {
            let (a, b, dark) = (self.size - 11 + i % 3, i / 3, bits >> i & 1 == 1);
            self.fix(a, b, dark);
            self.fix(b, a, dark);
        }
    }

    /// Fills what is not fixed, in columns of two from the right, up and down by turns
    /// (section 7.7.3), and applies the mask.
    fn draw_data(&mut self, bytes: &[u8]) {
        let mut bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |i| byte >> i & 1 == 1));
        let size = self.size;
        let columns = (0..size - 7).step_by(2).map(|i| size - 1 - i).chain([5, 3, 1]);
        for (turn, right) in columns.enumerate() {
            for step in 0..size {
                let y = if turn % 2 == 0 { size - 1 - step } else { step };
                for x in [right, right - 1] {
                    if let Some(module) = self.modules.get_mut(y * size + x)
                        && !module.fixed
                    {
                        module.dark = bits.next().unwrap_or(false) ^ ((x + y) % 2 == 0);
                    }
                }
            }
        }
    }
}

impl Version {
    fn all() -> impl Iterator<Item = Self> {
        let tables = CORRECTION.into_iter().zip(BLOCKS).enumerate();
        tables.map(|(index, (correction, blocks))| Self {
            number: FIRST_VERSION + index,
            correction,
            blocks,
        })
    }

    /// Bytes in all modules that carry data.
    const fn raw(self) -> usize {
        let Self { number, .. } = self;
        let alignments = number / 7 + 2;
        let modules = (16 * number + 128) * number + 64 - 36;
        (modules - ((25 * alignments - 10) * alignments - 55)) / 8
    }

    const fn data(self) -> usize {
        self.raw() - self.correction * self.blocks
    }

    /// Bytes of text: the mode takes four bits, the length sixteen, the end four.
    const fn holds(self) -> usize {
        self.data() - 3
    }

    /// Where alignment patterns are (annex E).
    fn alignments(self) -> Vec<usize> {
        let count = self.number / 7 + 2;
        let step = match self.number {
            32 => 26,
            number => (number * 4 + count * 2 + 1) / (count * 2 - 2) * 2,
        };
        let last = self.number * 4 + 10;
        (0..count - 1).map(|i| last - i * step).chain([6]).collect()
    }

    /// The text in byte mode, padded (section 7.4).
    fn encode(self, text: &[u8]) -> Vec<u8> {
        let mut nibbles = vec![4];
        let length = [text.len() >> 8, text.len() & 0xff].map(low_byte);
        for byte in length.iter().chain(text) {
            nibbles.extend([byte >> 4, byte & 0xf]);
        }
        nibbles.push(0);
        let bytes = nibbles.chunks(2).map(|pair| pair.iter().fold(0, |byte, it| byte << 4 | it));
        bytes.chain([0xec, 0x11].into_iter().cycle()).take(self.data()).collect()
    }

    /// The blocks with their error correction, interleaved (section 7.6).
    fn interleave(self, data: &[u8]) -> Vec<u8> {
        let Self { correction, blocks, .. } = self;
        let (short, longer) = (data.len() / blocks, data.len() % blocks);
        let (shorter, longer) = data.split_at(short * (blocks - longer));
        let blocks: Vec<&[u8]> = shorter.chunks(short).chain(longer.chunks(short + 1)).collect();
        let divisor = divisor(correction);
        let corrections: Vec<Vec<u8>> =
            blocks.iter().map(|block| remainder(block, &divisor)).collect();
        let column = |i: usize| blocks.iter().filter_map(move |block| block.get(i).copied());
        let check = |i: usize| corrections.iter().filter_map(move |block| block.get(i).copied());
        (0..=short).flat_map(column).chain((0..correction).flat_map(check)).collect()
    }
}

/// A number with the remainder of its division by a polynomial behind it.
const fn protected(number: usize, degree: usize, polynomial: usize) -> usize {
    let mut remainder = number;
    let mut i = 0;
    while i < degree {
        remainder = (remainder << 1) ^ ((remainder >> (degree - 1)) * polynomial);
        i += 1;
    }
    number << degree | remainder
}

/// A product in the field of 256 elements modulo 0x11d.
fn multiply(a: u8, b: u8) -> u8 {
    let mut product = 0_usize;
    for i in (0..8).rev() {
        product = (product << 1) ^ ((product >> 7) * 0x11d);
        product ^= usize::from(b >> i & 1) * usize::from(a);
    }
    low_byte(product)
}

/// The Reed-Solomon generator polynomial of a degree, the highest power left out.
fn divisor(degree: usize) -> Vec<u8> {
    let mut result = vec![0; degree];
    result[degree - 1] = 1;
    let mut root = 1;
    for _ in 0..degree {
        for i in 0..degree {
            let next = result.get(i + 1).copied().unwrap_or_default();
            result[i] = multiply(result[i], root) ^ next;
        }
        root = multiply(root, 2);
    }
    result
}

/// The error correction of a block.
fn remainder(data: &[u8], divisor: &[u8]) -> Vec<u8> {
    let mut result = vec![0; divisor.len()];
    for byte in data {
        let factor = byte ^ result[0];
        result.rotate_left(1);
        result[divisor.len() - 1] = 0;
        for (value, coefficient) in result.iter_mut().zip(divisor) {
            *value ^= multiply(*coefficient, factor);
        }
    }
    result
}

#[expect(clippy::cast_possible_truncation, reason = "it is masked")]
const fn low_byte(number: usize) -> u8 {
    (number & 0xff) as u8
}

#[cfg(test)]
mod tests {
    use qrcodegen::{Mask, QrCode as Reference, QrCodeEcc, QrSegment, Version as Number};

    use super::*;

    #[test]
    fn every_version_is_as_another_implementation_has_it() {
        let text: String = ('!'..'~').cycle().take(2953).collect();
        for version in Version::all() {
            let text = &text[..version.holds()];
            let segments = [QrSegment::make_bytes(text.as_bytes())];
            let number = Number::new(u8::try_from(version.number).unwrap());
            let reference = Reference::encode_segments_advanced(
                &segments,
                QrCodeEcc::Low,
                number,
                Number::MAX,
                Some(Mask::new(0)),
                false,
            )
            .unwrap();
            let code = QrCode::new(text).unwrap();
            assert_eq!(code.size(), usize::try_from(reference.size()).unwrap());
            for (x, y) in (0..code.size()).flat_map(|x| (0..code.size()).map(move |y| (x, y))) {
                let (column, row) = (i32::try_from(x).unwrap(), i32::try_from(y).unwrap());
                assert_eq!(
                    code.is_dark(x, y),
                    reference.get_module(column, row),
                    "version {}, module {x} {y}",
                    version.number
                );
            }
        }
    }

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert!(QrCode::new(&"x".repeat(2953)).is_some());
        assert_eq!(QrCode::new(&"x".repeat(2954)), None);
    }

    #[test]
    fn a_path_draws_the_dark_modules_in_runs() {
        let code = QrCode::new("https://meet.example").unwrap();
        assert!(code.path().starts_with("M0 0h7v1h-7z"), "{}", &code.path()[..40]);
    }
}
