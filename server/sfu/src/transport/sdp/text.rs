//! Short names of m-lines and layers, kept inline because packets carry and compare them.

use std::fmt;

/// Longest name: what a one-byte header extension element holds (RFC 8285 4.2).
const MAX_BYTES: usize = 16;

/// Up to sixteen ASCII characters, without an allocation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct ShortText {
    bytes: [u8; MAX_BYTES],
    length: u8,
}

impl ShortText {
    fn new(text: &[u8], allowed: fn(u8) -> bool) -> Option<Self> {
        if text.is_empty() || !text.iter().copied().all(allowed) {
            return None;
        }
        let mut bytes = [0; MAX_BYTES];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self { bytes, length: u8::try_from(text.len()).ok()? })
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

macro_rules! short_text {
    ($(#[$doc:meta])* $name:ident, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(ShortText);

        impl $name {
            /// Takes the name as a description or a header extension has it; `None` when it is
            /// empty, longer than 16 bytes, or has a character such names do not have.
            #[must_use]
            pub fn new(text: &[u8]) -> Option<Self> {
                ShortText::new(text, $allowed).map(Self)
            }

            /// The name as a header extension carries it.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }

            /// The name as a description carries it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.as_str())
            }
        }
    };
}

short_text!(
    /// The name of an m-line (RFC 5888 4), a token.
    Mid, is_token_byte
);
short_text!(
    /// The name of a simulcast layer (RFC 8851 10), letters, digits, `-` and `_`.
    Rid, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
);

/// Whether `byte` may stand in a token (RFC 8866 9, `token-char`).
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'"' | b'('
                | b')'
                | b','
                | b'/'
                | b':'
                | b';'
                | b'<'
                | b'='
                | b'>'
                | b'?'
                | b'@'
                | b'['
                | b'\\'
                | b']'
        )
}
