//! Connectivity checks of a controlling agent (RFC 8445 section 7.2.2).

use rtc_stun::{
    attributes::{
        ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, AttrType,
    },
    fingerprint::FINGERPRINT,
    integrity::MessageIntegrity,
    message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId},
    textattrs::TextAttribute,
};

use super::LegError;
use crate::transport::crypto;

/// The priority of a peer-reflexive candidate would be (RFC 8445 section 5.1.2.1): type 110, the
/// only address, component 1.
const PRIORITY: u32 = (110 << 24) | (0xffff << 8) | 255;
/// Compared only when both ends claim to control; the server never does.
const TIE_BREAKER: u64 = 1;

/// An attribute by its code.
struct Attribute(AttrType, Vec<u8>);

impl Setter for Attribute {
    fn add_to(&self, message: &mut Message) -> rtc_shared::error::Result<()> {
        message.add(self.0, &self.1);
        Ok(())
    }
}

/// A check that nominates its pair, signed for the server.
pub(super) fn binding_request(username: &str, password: &str) -> Result<Vec<u8>, LegError> {
    let mut transaction = [0; 12];
    let filled = crypto::random().fill(&mut transaction);
    filled.map_err(|error| LegError::Crypto(error.to_string()))?;
    let integrity = MessageIntegrity::new_raw_integrity_with_provider(
        password.as_bytes(),
        crypto::operations(),
    );
    let setters: Vec<Box<dyn Setter + '_>> = vec![
        Box::new(BINDING_REQUEST),
        Box::new(TransactionId(transaction)),
        Box::new(TextAttribute::new(ATTR_USERNAME, username.to_owned())),
        Box::new(Attribute(ATTR_PRIORITY, PRIORITY.to_be_bytes().to_vec())),
        Box::new(Attribute(ATTR_ICE_CONTROLLING, TIE_BREAKER.to_be_bytes().to_vec())),
        Box::new(Attribute(ATTR_USE_CANDIDATE, Vec::new())),
        Box::new(integrity),
        Box::new(FINGERPRINT),
    ];
    let mut message = Message::new();
    message.build(&setters).map_err(LegError::Handshake)?;
    Ok(message.raw)
}

/// Whether a datagram is the answer of a server that knows the password.
pub(super) fn is_authentic_success(datagram: &[u8], password: &str) -> bool {
    let mut message = Message::new();
    message.unmarshal_binary(datagram).is_ok()
        && message.typ == BINDING_SUCCESS
        && MessageIntegrity::check(&mut message, password.as_bytes(), crypto::operations()).is_ok()
}
