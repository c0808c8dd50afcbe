//! Random bytes of the operating system, as the ids and secrets that are made of them.

use shared::ids::{ParticipantId, RoomId};

/// Fills an array with random bytes.
///
/// # Panics
///
/// The operating system has no random bytes to give: nothing here is safe without them.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A new room id.
#[must_use]
pub fn room_id() -> RoomId {
    RoomId::from_random(bytes())
}

/// A new participant id.
#[must_use]
pub fn participant_id() -> ParticipantId {
    ParticipantId::from_random(bytes())
}

/// 128 random bits in hexadecimal: the id of a token, or a nonce.
#[must_use]
pub fn token_id() -> String {
    hex(&bytes::<16>())
}

/// `bytes` in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes everything");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_has_two_digits_a_byte() {
        assert_eq!(hex(&[0, 0x0f, 0xff]), "000fff");
    }

    #[test]
    fn ids_differ() {
        assert_ne!(room_id(), room_id());
        assert_ne!(token_id(), token_id());
    }
}
