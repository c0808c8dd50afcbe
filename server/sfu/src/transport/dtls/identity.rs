//! Who we are and who the peer must be: a certificate and the hashes that SDP carries.

use std::{fmt, str::FromStr};

use rtc_crypto::HashAlgorithm;
use rtc_dtls::crypto::Certificate;

use super::DtlsError;
use crate::transport::crypto;

/// The subject of our certificate. Nobody looks at it: peers compare the fingerprint.
const SUBJECT: &str = "open-stream";
const SHA_256: &str = "sha-256";
const HASH_BYTES: usize = 32;

/// Our self-signed ECDSA P-256 certificate. One per process: a key per peer would cost each join
/// a key generation and gain nothing, since signaling vouches for the fingerprint either way.
pub struct DtlsIdentity {
    certificate: Certificate,
    fingerprint: Fingerprint,
}

impl DtlsIdentity {
    /// Makes a new key and certificate.
    ///
    /// # Errors
    ///
    /// When the cryptography provider cannot.
    pub fn generate() -> Result<Self, DtlsError> {
        let certificate =
            Certificate::generate_self_signed([SUBJECT.to_owned()], crypto::operations())
                .map_err(DtlsError::Handshake)?;
        let der = certificate.certificate.first().ok_or(DtlsError::NoCertificate)?;
        let fingerprint = Fingerprint::of_certificate(der).ok_or(DtlsError::NoCertificate)?;
        Ok(Self { certificate, fingerprint })
    }

    /// What to put into our SDP.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(crate) fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

impl fmt::Debug for DtlsIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DtlsIdentity")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// The SHA-256 hash of a certificate, as in `a=fingerprint` (RFC 8122 §5).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; HASH_BYTES]);

impl Fingerprint {
    /// Reads the value of `a=fingerprint`: `sha-256`, a space, 32 pairs of hexadecimal digits
    /// with colons between them. Either case, as RFC 5234 §2.3 has it.
    ///
    /// # Errors
    ///
    /// When it is anything else. WebRTC clients all hash with SHA-256 (RFC 8827 §6.5).
    pub fn parse(value: &str) -> Result<Self, InvalidFingerprint> {
        let (algorithm, hash) = value.split_once(' ').ok_or(InvalidFingerprint)?;
        let mut pairs = hash.split(':');
        let mut bytes = [0; HASH_BYTES];
        for byte in &mut bytes {
            *byte = pairs.next().and_then(hex_pair).ok_or(InvalidFingerprint)?;
        }
        if pairs.next().is_some() || !algorithm.eq_ignore_ascii_case(SHA_256) {
            return Err(InvalidFingerprint);
        }
        Ok(Self(bytes))
    }

    /// Hashes a DER-encoded certificate; `None` when the provider cannot.
    pub(crate) fn of_certificate(der: &[u8]) -> Option<Self> {
        let hash = crypto::operations().hash(HashAlgorithm::Sha256, der).ok()?;
        hash.try_into().ok().map(Self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(SHA_256)?;
        for (position, byte) in self.0.iter().enumerate() {
            let separator = if position == 0 { ' ' } else { ':' };
            write!(formatter, "{separator}{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        Self::parse(value)
    }
}

/// Not a SHA-256 fingerprint as SDP writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 'sha-256' and 32 hexadecimal bytes with colons between them")]
pub struct InvalidFingerprint;

fn hex_pair(pair: &str) -> Option<u8> {
    let is_hex = pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    u8::from_str_radix(pair, 16).ok().filter(|_| is_hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_survives_text_and_back() {
        let identity = DtlsIdentity::generate().expect("the provider makes P-256 keys");
        let text = identity.fingerprint().to_string();
        assert_eq!(text.len(), "sha-256 ".len() + 32 * 3 - 1);
        assert_eq!(Fingerprint::parse(&text), Ok(identity.fingerprint()));
        assert_eq!(text.to_lowercase().parse(), Ok(identity.fingerprint()));
    }

    #[test]
    fn anything_else_is_no_fingerprint() {
        let good = format!("sha-256 {}", ["AB"; 32].join(":"));
        assert!(Fingerprint::parse(&good).is_ok());
        let bad = [
            String::new(),
            good.replace("sha-256", "sha-1"),
            good.replace("sha-256 ", "sha-256  "),
            good.replace(':', ""),
            format!("{good}:AB"),
            format!("{good}:"),
            good.replacen("AB", "A", 1),
            good.replacen("AB", "+B", 1),
            good.replacen("AB", "é", 1),
            format!("sha-256 {}", ["AB"; 31].join(":")),
        ];
        for text in bad {
            assert_eq!(Fingerprint::parse(&text), Err(InvalidFingerprint), "{text:?}");
        }
    }
}
