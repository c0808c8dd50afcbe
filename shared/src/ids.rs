//! The names of things, on the wire and in the logs.
//!
//! Rooms and participants have unguessable text ids that outlive a server restart. What lives in
//! one media worker (transports, producers, consumers) is numbered; the number is unique for the
//! life of the server process and travels as a prefixed string such as `producer-17`, because
//! JavaScript numbers lose 64-bit precision.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdError {
    /// The text lacks the prefix of its kind, such as `room-`.
    #[error("an id must start with {0:?}")]
    Prefix(&'static str),
    /// What follows the prefix has a character or a length no id has.
    #[error("what follows {0:?} is not an id")]
    Body(&'static str),
}

macro_rules! numbered_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let digits = text.strip_prefix($prefix).ok_or(ParseIdError::Prefix($prefix))?;
                let canonical = digits.bytes().all(|byte| byte.is_ascii_digit())
                    && (digits == "0" || !digits.starts_with('0'));
                let number = digits.parse().ok().filter(|_| canonical);
                number.map(Self).ok_or(ParseIdError::Body($prefix))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;

            fn try_from(text: String) -> Result<Self, ParseIdError> {
                text.parse()
            }
        }
    };
}

numbered_id!(
    /// The router of one room, on one worker. Never on the wire.
    RouterId, "router-"
);
numbered_id!(
    /// One ICE + DTLS + SRTP leg between a participant and the server.
    TransportId, "transport-"
);
numbered_id!(
    /// A source that a participant publishes.
    ProducerId, "producer-"
);
numbered_id!(
    /// One participant's receipt of one producer.
    ConsumerId, "consumer-"
);

numbered_id!(
    /// Someone who waits to be let in.
    KnockId, "knock-"
);

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The id of 128 random bits, in 22 characters of URL-safe base64 (RFC 4648 section 5).
            #[must_use]
            pub fn from_random(bits: [u8; 16]) -> Self {
                Self(format!(concat!($prefix, "{}"), base64url(&bits)))
            }

            /// The id as it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let body = text.strip_prefix($prefix).ok_or(ParseIdError::Prefix($prefix))?;
                if body.len() == RANDOM_ID_CHARS && body.bytes().all(|b| BASE64URL.contains(&b)) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(ParseIdError::Body($prefix))
                }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;

            fn try_from(text: String) -> Result<Self, ParseIdError> {
                text.parse()
            }
        }
    };
}

random_id!(
    /// A room: `room-` and 128 random bits, so that knowing it means having been told.
    RoomId, "room-"
);
random_id!(
    /// A participant, independent of its socket: it survives a reconnect and a server restart.
    ParticipantId, "participant-"
);

/// Characters of 128 bits in unpadded base64.
const RANDOM_ID_CHARS: usize = 22;

/// The URL-safe alphabet of RFC 4648 section 5.
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64url(bytes: &[u8; 16]) -> String {
    let bits = u128::from_be_bytes(*bytes);
    let mut text = String::with_capacity(RANDOM_ID_CHARS);
    // 21 characters carry 6 bits each; the last carries the remaining 2, shifted to the left.
    for shift in (2..=122).rev().step_by(6) {
        text.push(char::from(BASE64URL[(bits >> shift & 0x3f) as usize]));
    }
    text.push(char::from(BASE64URL[((bits & 0x03) << 4) as usize]));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_id_travels_as_prefixed_text() {
        let id = ProducerId(17);
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"producer-17\"");
        assert_eq!(serde_json::from_str::<ProducerId>("\"producer-17\"").unwrap(), id);
    }

    #[test]
    fn only_the_canonical_form_of_a_numbered_id_is_read() {
        for text in ["producer-", "producer-01", "producer-+1", "producer--1", "consumer-1", "1"] {
            assert!(text.parse::<ProducerId>().is_err(), "{text}");
        }
        assert!("producer-18446744073709551616".parse::<ProducerId>().is_err());
        assert_eq!("producer-0".parse(), Ok(ProducerId(0)));
    }

    #[test]
    fn a_random_id_carries_all_its_bits() {
        assert_eq!(RoomId::from_random([0; 16]).as_str(), "room-AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(RoomId::from_random([0xff; 16]).as_str(), "room-_____________________w");
        let id = RoomId::from_random(*b"0123456789abcdef");
        assert_eq!(id.as_str(), "room-MDEyMzQ1Njc4OWFiY2RlZg");
        assert_eq!(id.as_str().parse(), Ok(id));
    }

    #[test]
    fn a_room_id_of_another_shape_is_refused() {
        for text in
            ["room-1702156800000", "room-", "MDEyMzQ1Njc4OWFiY2RlZg", "room-MDEyMzQ1Njc4OWFiY2RlZ!"]
        {
            assert!(text.parse::<RoomId>().is_err(), "{text}");
        }
    }
}
