//! The examples of RFC 7714 §16 and §17, byte for byte.

use rtc_crypto::{AeadAlgorithm, SecretVec};

use super::{PacketCipher, PacketId};
use crate::transport::srtp::derive;

const RTP_HEADER: &str = "8040f17b8041f8d35501a0b2";
const GALLIA: &str = "47616c6c696120657374206f6d6e697320646976697361\
                      20696e207061727465732074726573";
const RTP_ID: PacketId = PacketId { ssrc: 0x5501_a0b2, index: 0xf17b };
const RTCP_PLAIN: &str = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61\
                          deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
const RTCP_ID: PacketId = PacketId { ssrc: 0x4d61_7273, index: 0x5d4 };

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| u8::try_from(digit).expect("a hexadecimal digit is below 16"))
        .collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

/// A cipher with the session key 00 01 02 … and the salt "Quid pro quo" of RFC 7714.
fn cipher(algorithm: AeadAlgorithm, key_len: u8) -> PacketCipher {
    let key = SecretVec::new((0..key_len).collect());
    let salt = SecretVec::new(b"Quid pro quo".to_vec());
    derive::gcm(algorithm, &key, &salt).expect("key and salt have the lengths of the profile")
}

fn aes_128() -> PacketCipher {
    cipher(AeadAlgorithm::Aes128Gcm, 16)
}

fn aes_256() -> PacketCipher {
    cipher(AeadAlgorithm::Aes256Gcm, 32)
}

#[track_caller]
fn assert_rtp(mut cipher: PacketCipher, sealed: &str) {
    let plain = bytes(&format!("{RTP_HEADER}{GALLIA}"));
    let mut buffer = plain.clone();
    buffer.extend([0; 16]);
    let length = cipher.seal_rtp(&mut buffer, plain.len(), 12, RTP_ID);
    assert_eq!(length, Ok(buffer.len()));
    assert_eq!(buffer, bytes(&format!("{RTP_HEADER}{sealed}")));
    assert_eq!(cipher.open_rtp(&mut buffer, 12, RTP_ID), Ok(plain.len()));
    assert_eq!(buffer.get(..plain.len()), Some(plain.as_slice()));
}

#[test]
fn seals_rtp_as_rfc_7714_section_16_1_1() {
    assert_rtp(
        aes_128(),
        "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833\
         899d7f27beb16a9152cf765ee4390cce",
    );
}

#[test]
fn seals_rtp_as_rfc_7714_section_16_2_1() {
    assert_rtp(
        aes_256(),
        "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b\
         7aa3db36dfffd6b0f9bb7878d7a76c13",
    );
}

#[test]
fn seals_rtcp_as_rfc_7714_section_17_1() {
    let plain = bytes(RTCP_PLAIN);
    let mut buffer = plain.clone();
    buffer.extend([0; 20]);
    let mut cipher = aes_128();
    assert_eq!(cipher.seal_rtcp(&mut buffer, plain.len(), RTCP_ID), Ok(buffer.len()));
    let sealed = "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32d\
                  c676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf872\
                  45d9eade800005d4";
    assert_eq!(buffer, bytes(sealed));
    assert_eq!(cipher.rtcp_index(&buffer), Ok(0x5d4));
    assert_eq!(cipher.open_rtcp(&mut buffer, RTCP_ID), Ok(plain.len()));
    assert_eq!(buffer.get(..plain.len()), Some(plain.as_slice()));
}
