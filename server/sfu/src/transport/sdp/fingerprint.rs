//! A certificate's digest as text.

use std::fmt;

/// A SHA-256 certificate fingerprint (RFC 8122 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Parses.
    ///
    /// # Errors
    /// Not SHA-256.
    pub fn parse(text: &str) -> Result<Self, ()> {
        let hex = text
            .split_once(' ')
            .filter(|(hash, _)| hash.eq_ignore_ascii_case("sha-256"))
            .ok_or(())?
            .1;
        let bytes: Vec<_> = hex.split(':').collect();
        let ok = bytes.len() == 32
            && bytes.iter().all(|b| b.len() == 2 && u8::from_str_radix(b, 16).is_ok());
        ok.then(|| Self(format!("sha-256 {hex}"))).ok_or(())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
