//! The one cryptography provider of the media worker: `aws-lc-rs`, the fastest one measured.

use rtc_crypto::{RTCCrypto, RTCCryptoProvider, RTCRandom, providers::AwsLcRsProvider};

static PROVIDER: AwsLcRsProvider = AwsLcRsProvider::new();

/// Ciphers, hashes, signatures.
pub(crate) fn operations() -> &'static dyn RTCCrypto {
    PROVIDER.crypto()
}

/// Randomness fit for keys and cookies.
pub(crate) fn random() -> &'static dyn RTCRandom {
    PROVIDER.random()
}
