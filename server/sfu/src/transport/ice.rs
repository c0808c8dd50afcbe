//! ICE-lite: answers authenticated connectivity checks and never sends one of its own.
//!
//! | type | what it is |
//! |---|---|
//! | [`IceCredentials`] | our username fragment and password for one transport |
//! | [`IceResponder`] | checks one binding request and writes the answer |
//! | [`ufrag_of`] | says whose request a datagram is, before it is authenticated |
//!
//! A lite agent has host candidates only, is always the controlled side, and learns the peer's
//! address from the checks it receives (RFC 8445 §2.5), so candidates the peer trickles can be
//! ignored and nobody can aim our checks at a third party.

mod stun;

use std::{fmt, net::SocketAddr};

use rtc_crypto::{HmacAlgorithm, constant_time_eq};
use rtc_stun::{
    attributes::AttrType,
    error_code::{CODE_ROLE_CONFLICT, CODE_UNKNOWN_ATTRIBUTE},
    fingerprint::FINGERPRINT,
    integrity::MessageIntegrity,
    message::{BINDING_ERROR, BINDING_SUCCESS, Message, Setter, TransactionId},
    uattrs::UnknownAttributes,
    xoraddr::XorMappedAddress,
};

use self::stun::{Request, attributes};
use super::crypto;

/// Bytes of randomness that [`IceCredentials::new`] consumes: one for each random character.
pub const CREDENTIAL_ENTROPY: usize = UFRAG_RANDOM_CHARS + PASSWORD_CHARS;

/// 48 random bits beside the prefix: enough that two transports of one server never meet.
const UFRAG_RANDOM_CHARS: usize = 8;
/// 144 random bits; RFC 8445 §5.3 asks for at least 128 and 22 characters.
const PASSWORD_CHARS: usize = 24;
/// Keeps the whole fragment far below the 256 characters of RFC 8445 §5.3.
const MAX_UFRAG_PREFIX: usize = 16;
/// `ice-char` of RFC 8839 §5.4: 64 characters, so six bits choose one without bias.
const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The largest answer to a binding request, in bytes: header 20, ERROR-CODE with its reason and
/// UNKNOWN-ATTRIBUTES, or XOR-MAPPED-ADDRESS for IPv6 (24), MESSAGE-INTEGRITY 24, FINGERPRINT 8.
///
/// The usual answer is 64 bytes over IPv4 and 76 over IPv6; browsers' requests have 92 to 120.
/// Nothing at all is sent for a request that does not authenticate, so a spoofed source address
/// gains nothing.
pub const MAX_RESPONSE: usize = 128;

/// What makes two ICE agents recognise each other: username fragment and password.
///
/// The fragment starts with a prefix of the caller's choice (the worker's index), so that a
/// datagram can be handed to the right worker before anything else is known about it.
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    ufrag: String,
    password: String,
}

impl IceCredentials {
    /// Builds credentials from a prefix and fresh random bytes.
    ///
    /// # Errors
    ///
    /// When the prefix is longer than 16 characters or has one outside `ice-char` (RFC 8839 §5.4).
    pub fn new(prefix: &str, entropy: &[u8; CREDENTIAL_ENTROPY]) -> Result<Self, InvalidPrefix> {
        let is_ice_text = prefix.bytes().all(|byte| ICE_CHARS.contains(&byte));
        if prefix.len() > MAX_UFRAG_PREFIX || !is_ice_text {
            return Err(InvalidPrefix);
        }
        let mut chars = entropy.iter().map(|byte| ice_char(*byte));
        let mut ufrag = String::from(prefix);
        ufrag.extend(chars.by_ref().take(UFRAG_RANDOM_CHARS));
        Ok(Self { ufrag, password: chars.collect() })
    }

    /// Our username fragment: `a=ice-ufrag`.
    #[must_use]
    pub fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// Our password: `a=ice-pwd`. A secret between us and this peer.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("IceCredentials").field("ufrag", &self.ufrag).finish_non_exhaustive()
    }
}

/// The prefix of a username fragment is too long or has a character ICE does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a username fragment's prefix has at most 16 letters, digits, '+' or '/'")]
pub struct InvalidPrefix;

/// Answers the binding requests of one peer.
///
/// Drive it with [`handle_binding_request`](Self::handle_binding_request) for every STUN datagram
/// whose [`ufrag_of`] is ours. `Ok` opens the source address; [`Nomination::Nominated`] makes it
/// the address to send to, and the latest nomination wins.
#[derive(Debug)]
pub struct IceResponder {
    credentials: IceCredentials,
}

impl IceResponder {
    /// Creates the responder for one transport.
    #[must_use]
    pub fn new(credentials: IceCredentials) -> Self {
        Self { credentials }
    }

    /// The credentials to put into our SDP.
    #[must_use]
    pub fn credentials(&self) -> &IceCredentials {
        &self.credentials
    }

    /// Authenticates a binding request and appends the answer, if there is one, to `response`.
    ///
    /// Send `response` to `source` whenever it is not empty, also beside an error: a role
    /// conflict and an unknown attribute are answered, but only to a peer that knows our
    /// password. Every other error leaves `response` as it was. At most [`MAX_RESPONSE`] bytes.
    ///
    /// # Errors
    ///
    /// When the datagram is not an authentic binding request for us, or cannot be granted.
    pub fn handle_binding_request(
        &self,
        datagram: &[u8],
        source: SocketAddr,
        response: &mut Vec<u8>,
    ) -> Result<BindingRequest, StunError> {
        let request = Request::parse(datagram)?;
        self.authenticate(&request)?;
        if !request.unknown.is_empty() {
            let unknown = request.unknown.iter().map(|code| AttrType(*code)).collect();
            let setters: [Box<dyn Setter>; 2] =
                [Box::new(CODE_UNKNOWN_ATTRIBUTE), Box::new(UnknownAttributes(unknown))];
            self.refuse(&request, setters, response)?;
            return Err(StunError::UnknownAttributes);
        }
        if request.controlled {
            self.refuse::<1>(&request, [Box::new(CODE_ROLE_CONFLICT)], response)?;
            return Err(StunError::RoleConflict);
        }
        self.accept(&request, source, response)?;
        let nomination =
            if request.use_candidate { Nomination::Nominated } else { Nomination::NotYet };
        Ok(BindingRequest { nomination, priority: request.priority })
    }

    /// USERNAME names us, MESSAGE-INTEGRITY proves our password: RFC 8489 §9.1.3, RFC 8445 §7.3.
    fn authenticate(&self, request: &Request<'_>) -> Result<(), StunError> {
        let local = request.username.split(|byte| *byte == b':').next().unwrap_or_default();
        if local != self.credentials.ufrag.as_bytes() || local.len() == request.username.len() {
            return Err(StunError::UnknownUser);
        }
        let mut expected = [0; stun::INTEGRITY_BYTES];
        crypto::operations()
            .new_hmac(HmacAlgorithm::Sha1, self.credentials.password.as_bytes())
            .and_then(|mut mac| mac.sign(&request.signed_parts(), &mut expected))
            .map_err(|_| StunError::Encoding)?;
        if constant_time_eq(&expected, request.integrity) {
            Ok(())
        } else {
            Err(StunError::BadIntegrity)
        }
    }

    fn accept(
        &self,
        request: &Request<'_>,
        source: SocketAddr,
        response: &mut Vec<u8>,
    ) -> Result<(), StunError> {
        // A dual-stack socket reports IPv4 peers as ::ffff:a.b.c.d; they know only a.b.c.d.
        let mapped = XorMappedAddress { ip: source.ip().to_canonical(), port: source.port() };
        let setters: [Box<dyn Setter>; 1] = [Box::new(mapped)];
        self.answer(Box::new(BINDING_SUCCESS), request, setters, response)
    }

    fn refuse<const N: usize>(
        &self,
        request: &Request<'_>,
        attributes: [Box<dyn Setter>; N],
        response: &mut Vec<u8>,
    ) -> Result<(), StunError> {
        self.answer(Box::new(BINDING_ERROR), request, attributes, response)
    }

    fn answer<const N: usize>(
        &self,
        class: Box<dyn Setter>,
        request: &Request<'_>,
        attributes: [Box<dyn Setter>; N],
        response: &mut Vec<u8>,
    ) -> Result<(), StunError> {
        let integrity = MessageIntegrity::new_raw_integrity_with_provider(
            self.credentials.password.as_bytes(),
            crypto::operations(),
        );
        let mut setters: Vec<Box<dyn Setter + '_>> =
            vec![class, Box::new(TransactionId(request.transaction_id))];
        setters.extend(attributes.into_iter().map(|setter| setter as Box<dyn Setter + '_>));
        setters.push(Box::new(integrity));
        setters.push(Box::new(FINGERPRINT));
        let mut message = Message::new();
        message.build(&setters).map_err(|_| StunError::Encoding)?;
        response.extend_from_slice(&message.raw);
        Ok(())
    }
}

/// An authentic binding request that has been answered with success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingRequest {
    /// Whether the peer chose this address pair for media.
    pub nomination: Nomination,
    /// PRIORITY: what the peer thinks this pair is worth (RFC 8445 §7.1.1); larger is better.
    pub priority: Option<u32>,
}

/// Whether a check carried USE-CANDIDATE (RFC 8445 §7.3.1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nomination {
    /// Send media to the source of this check.
    Nominated,
    /// The address is verified, and may answer the checks of a later nomination.
    NotYet,
}

/// Why a STUN datagram was not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StunError {
    /// Not a STUN binding request.
    #[error("not a binding request")]
    NotBindingRequest,
    /// Lengths do not add up, or USERNAME or MESSAGE-INTEGRITY is missing.
    #[error("malformed binding request")]
    Malformed,
    /// USERNAME is not `<our fragment>:<anything>`.
    #[error("binding request for another username fragment")]
    UnknownUser,
    /// MESSAGE-INTEGRITY was not made with our password.
    #[error("binding request with wrong integrity")]
    BadIntegrity,
    /// FINGERPRINT is present and wrong.
    #[error("binding request with wrong fingerprint")]
    BadFingerprint,
    /// The peer also says that it is controlled; answered with 487 (RFC 8445 §7.3.1.1).
    #[error("the peer says it is controlled, as we are")]
    RoleConflict,
    /// A comprehension-required attribute is unknown; answered with 420 (RFC 8489 §6.3.1).
    #[error("binding request with an unknown required attribute")]
    UnknownAttributes,
    /// The answer could not be built.
    #[error("the answer could not be encoded")]
    Encoding,
}

/// Says whether a datagram is STUN: two zero bits and the magic cookie (RFC 8489 §5).
#[must_use]
pub fn is_stun(datagram: &[u8]) -> bool {
    stun::header(datagram).is_some()
}

/// The local username fragment a binding request is addressed to, for routing only: nothing in
/// it is authenticated. Allocates nothing.
#[must_use]
pub fn ufrag_of(datagram: &[u8]) -> Option<&str> {
    let header = stun::header(datagram)?;
    if header.kind != stun::BINDING_REQUEST {
        return None;
    }
    let username = attributes(header.attributes)
        .map_while(Result::ok)
        .find(|attribute| attribute.kind == stun::USERNAME)?
        .value;
    let local = username.split(|byte| *byte == b':').next()?;
    if local.len() == username.len() {
        return None;
    }
    str::from_utf8(local).ok()
}

/// Chooses one of 64 characters by the low six bits.
fn ice_char(byte: u8) -> char {
    let index = usize::from(byte & 0b11_1111);
    char::from(ICE_CHARS.get(index).copied().unwrap_or(b'A'))
}

#[cfg(test)]
mod tests;
