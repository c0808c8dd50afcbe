//! Session keys from master keys: the AES-CM pseudo-random function of RFC 3711 §4.3.

use rtc_crypto::{
    AeadAlgorithm, BlockCipherAlgorithm, HmacAlgorithm, SecretVec, StreamCipherAlgorithm,
};

use super::{MasterKey, PacketCipher, SrtpError, SrtpProfile};
use crate::transport::crypto;

/// AES block.
const BLOCK: usize = 16;
/// Where the label meets the salt (RFC 3711 §4.3.1: label ‖ 48-bit r with r = 0, XOR salt).
const LABEL_POSITION: usize = 7;
/// HMAC-SHA1 key (RFC 3711 §4.2.1).
const SHA1_KEY_LEN: usize = 20;

/// Which packets a session key is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Rtp,
    Rtcp,
}

/// RFC 3711 §4.3.2.
#[derive(Debug, Clone, Copy)]
struct Labels {
    encryption: u8,
    authentication: u8,
    salt: u8,
}

impl Purpose {
    const fn labels(self) -> Labels {
        match self {
            Self::Rtp => Labels { encryption: 0, authentication: 1, salt: 2 },
            Self::Rtcp => Labels { encryption: 3, authentication: 4, salt: 5 },
        }
    }
}

/// Derives the cipher of one direction and one kind of packet.
pub(super) fn session_cipher(
    profile: SrtpProfile,
    master: &MasterKey,
    purpose: Purpose,
) -> Result<PacketCipher, SrtpError> {
    let labels = purpose.labels();
    let key = derive(master, labels.encryption, profile.key_len())?;
    let salt = derive(master, labels.salt, profile.salt_len())?;
    match profile {
        SrtpProfile::AeadAes128Gcm => gcm(AeadAlgorithm::Aes128Gcm, &key, &salt),
        SrtpProfile::AeadAes256Gcm => gcm(AeadAlgorithm::Aes256Gcm, &key, &salt),
        SrtpProfile::Aes128CmSha1 => {
            let authentication = derive(master, labels.authentication, SHA1_KEY_LEN)?;
            counter_sha1(&key, &salt, &authentication)
        }
    }
}

/// Makes a GCM cipher from session key and salt.
pub(super) fn gcm(
    algorithm: AeadAlgorithm,
    key: &SecretVec,
    salt: &SecretVec,
) -> Result<PacketCipher, SrtpError> {
    Ok(PacketCipher::Gcm {
        cipher: crypto::operations()
            .new_aead(algorithm, key.as_ref())
            .map_err(SrtpError::Crypto)?,
        salt: number::<12>(salt)?,
    })
}

fn counter_sha1(
    key: &SecretVec,
    salt: &SecretVec,
    authentication: &SecretVec,
) -> Result<PacketCipher, SrtpError> {
    let operations = crypto::operations();
    Ok(PacketCipher::CounterSha1 {
        cipher: operations
            .new_stream_cipher(StreamCipherAlgorithm::Aes128Ctr, key.as_ref())
            .map_err(SrtpError::Crypto)?,
        mac: operations
            .new_hmac(HmacAlgorithm::Sha1, authentication.as_ref())
            .map_err(SrtpError::Crypto)?,
        salt: number::<14>(salt)?,
    })
}

/// A salt of `LENGTH` bytes as a number.
fn number<const LENGTH: usize>(salt: &SecretVec) -> Result<u128, SrtpError> {
    let bytes: [u8; LENGTH] = salt.as_ref().try_into().map_err(|_| SrtpError::KeyLength)?;
    Ok(bytes.iter().fold(0, |number, byte| (number << 8) | u128::from(*byte)))
}

/// `length` bytes of AES-CM keystream at (master salt XOR label): RFC 3711 §4.3.3; AES-256 for
/// 32-byte keys, and a 12-byte salt padded on the right, by RFC 7714 §11.
fn derive(master: &MasterKey, label: u8, length: usize) -> Result<SecretVec, SrtpError> {
    let algorithm = match master.key.len() {
        16 => BlockCipherAlgorithm::Aes128,
        32 => BlockCipherAlgorithm::Aes256,
        _ => return Err(SrtpError::KeyLength),
    };
    let mut input = [0; BLOCK];
    for (byte, salt) in input.iter_mut().zip(master.salt.as_ref()) {
        *byte = *salt;
    }
    if let Some(byte) = input.get_mut(LABEL_POSITION) {
        *byte ^= label;
    }
    let mut output = SecretVec::new(vec![0; length]);
    for (counter, chunk) in (0_u16..).zip(output.as_mut().chunks_mut(BLOCK)) {
        let mut block = input;
        if let Some(tail) = block.last_chunk_mut::<2>() {
            *tail = counter.to_be_bytes();
        }
        crypto::operations()
            .block_encrypt(algorithm, master.key.as_ref(), &mut block)
            .map_err(SrtpError::Crypto)?;
        for (byte, key) in chunk.iter_mut().zip(block) {
            *byte = key;
        }
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex
            .chars()
            .filter_map(|digit| digit.to_digit(16))
            .map(|digit| u8::try_from(digit).expect("a hexadecimal digit is below 16"))
            .collect();
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
    }

    fn master(key: &str, salt: &str) -> MasterKey {
        MasterKey { key: SecretVec::new(bytes(key)), salt: SecretVec::new(bytes(salt)) }
    }

    #[test]
    fn derives_the_keys_of_rfc_3711_appendix_b3() {
        let master = master("E1F97A0D3E018BE0D64FA32C06DE4139", "0EC675AD498AFEEBB6960B3AABE6");
        let cases = [
            (0, "C61E7A93744F39EE10734AFE3FF7A087"),
            (2, "30CBBC08863D8C85D49DB34A9AE1"),
            (1, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"),
        ];
        for (label, expected) in cases {
            let expected = bytes(expected);
            let derived = derive(&master, label, expected.len()).expect("the key has 16 bytes");
            assert_eq!(derived.as_ref(), expected, "label {label}");
        }
    }

    #[test]
    fn derives_the_keys_of_rfc_6188_section_7_2() {
        let master = master(
            "F0F04914B513F2763A1B1FA130F10E2998F6F6E43E4309D1E622A0E332B9F1B6",
            "3B04803DE51EE7C96423AB5B78D2",
        );
        let cases = [
            (0, "5BA1064E30EC51613CAD926C5A28EF731EC7FB397F70A960653CAF06554CD8C4"),
            (2, "FA31791685CA444A9E07C6C64E93"),
            (1, "FD9C32D39ED5FBB5A9DC96B30818454D1313DC05"),
        ];
        for (label, expected) in cases {
            let expected = bytes(expected);
            let derived = derive(&master, label, expected.len()).expect("the key has 32 bytes");
            assert_eq!(derived.as_ref(), expected, "label {label}");
        }
    }
}
