//! Reads binding requests where they lie, without allocating and without trusting a length.

use rtc_stun::{attributes as codes, fingerprint::fingerprint_value, message::MAGIC_COOKIE};

use super::StunError;

/// Message type of a binding request (RFC 8489 §5).
pub(super) const BINDING_REQUEST: u16 = 0x0001;
/// The attribute that says whose request it is.
pub(super) const USERNAME: u16 = codes::ATTR_USERNAME.0;
/// HMAC-SHA1 (RFC 8489 §14.5).
pub(super) const INTEGRITY_BYTES: usize = 20;

const HEADER_BYTES: usize = 20;
const ATTRIBUTE_HEADER_BYTES: usize = 4;
const ALIGNMENT: usize = 4;
/// Codes below this one must be understood or the request refused (RFC 8489 §14).
const FIRST_OPTIONAL: u16 = 0x8000;
/// How many unknown attributes we name in a refusal; the peer needs one to understand it.
const MAX_NAMED_UNKNOWN: usize = 4;

/// Comprehension-required attributes that we know and that change nothing here.
const UNDERSTOOD: [u16; 5] = [
    codes::ATTR_MAPPED_ADDRESS.0,
    codes::ATTR_XORMAPPED_ADDRESS.0,
    codes::ATTR_REALM.0,
    codes::ATTR_NONCE.0,
    codes::ATTR_MESSAGE_INTEGRITY_SHA256.0,
];

/// The fixed part of a STUN message whose length agrees with the datagram.
pub(super) struct Header<'a> {
    pub(super) kind: u16,
    pub(super) transaction_id: [u8; 12],
    pub(super) attributes: &'a [u8],
}

/// Splits a STUN datagram; `None` when it is none, or not exactly one.
pub(super) fn header(datagram: &[u8]) -> Option<Header<'_>> {
    let (head, attributes) = datagram.split_first_chunk::<HEADER_BYTES>()?;
    let [k0, k1, l0, l1, c0, c1, c2, c3, transaction_id @ ..] = *head;
    let kind = u16::from_be_bytes([k0, k1]);
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let is_stun = kind & 0xC000 == 0 && u32::from_be_bytes([c0, c1, c2, c3]) == MAGIC_COOKIE;
    (is_stun && length == attributes.len()).then_some(Header { kind, transaction_id, attributes })
}

/// One attribute and the place where its header starts, counted from the first attribute.
pub(super) struct Attribute<'a> {
    pub(super) kind: u16,
    pub(super) value: &'a [u8],
    offset: usize,
}

/// Walks the attributes; ends after the first that does not fit.
pub(super) fn attributes(bytes: &[u8]) -> impl Iterator<Item = Result<Attribute<'_>, StunError>> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let current = rest.take().filter(|left| !left.is_empty())?;
        let offset = bytes.len().saturating_sub(current.len());
        let Some((kind, value, left)) = split_attribute(current) else {
            return Some(Err(StunError::Malformed));
        };
        rest = Some(left);
        Some(Ok(Attribute { kind, value, offset }))
    })
}

fn split_attribute(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (&[k0, k1, l0, l1], rest) = bytes.split_first_chunk::<ATTRIBUTE_HEADER_BYTES>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let (padded, left) = rest.split_at_checked(length.next_multiple_of(ALIGNMENT))?;
    Some((u16::from_be_bytes([k0, k1]), padded.get(..length)?, left))
}

/// A binding request that is well-formed; nothing in it is authenticated yet.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) transaction_id: [u8; 12],
    pub(super) username: &'a [u8],
    pub(super) integrity: &'a [u8],
    pub(super) use_candidate: bool,
    pub(super) controlled: bool,
    pub(super) priority: Option<u32>,
    pub(super) unknown: Vec<u16>,
    kind: &'a [u8],
    signed_length: [u8; 2],
    signed: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads a request and checks FINGERPRINT when it is there.
    ///
    /// Attributes behind MESSAGE-INTEGRITY are not covered by it and therefore not believed
    /// (RFC 8489 §14.5): only FINGERPRINT counts there, and it must be last (§14.7).
    pub(super) fn parse(datagram: &'a [u8]) -> Result<Self, StunError> {
        let header = header(datagram).ok_or(StunError::NotBindingRequest)?;
        if header.kind != BINDING_REQUEST {
            return Err(StunError::NotBindingRequest);
        }
        let mut found = Found::default();
        for attribute in attributes(header.attributes) {
            found.note(&attribute?, datagram)?;
        }
        let (integrity, offset) = found.integrity.ok_or(StunError::Malformed)?;
        // The length under the HMAC is the one of a message that ends with MESSAGE-INTEGRITY.
        let length = offset.saturating_add(ATTRIBUTE_HEADER_BYTES + INTEGRITY_BYTES);
        Ok(Self {
            transaction_id: header.transaction_id,
            username: found.username.ok_or(StunError::Malformed)?,
            integrity,
            use_candidate: found.use_candidate,
            controlled: found.controlled,
            priority: found.priority,
            unknown: found.unknown,
            kind: datagram.get(..2).ok_or(StunError::Malformed)?,
            signed_length: u16::try_from(length).map_err(|_| StunError::Malformed)?.to_be_bytes(),
            signed: datagram
                .get(4..offset.saturating_add(HEADER_BYTES))
                .ok_or(StunError::Malformed)?,
        })
    }

    /// What MESSAGE-INTEGRITY covers, in order: RFC 8489 §14.5.
    pub(super) fn signed_parts(&self) -> [&[u8]; 3] {
        [self.kind, &self.signed_length, self.signed]
    }
}

#[derive(Default)]
struct Found<'a> {
    username: Option<&'a [u8]>,
    integrity: Option<(&'a [u8], usize)>,
    use_candidate: bool,
    controlled: bool,
    priority: Option<u32>,
    unknown: Vec<u16>,
    finished: bool,
}

impl<'a> Found<'a> {
    fn note(&mut self, attribute: &Attribute<'a>, datagram: &[u8]) -> Result<(), StunError> {
        if self.finished {
            return Err(StunError::Malformed);
        }
        if attribute.kind == codes::ATTR_FINGERPRINT.0 {
            self.finished = true;
            return check_fingerprint(attribute, datagram);
        }
        if self.integrity.is_some() {
            return Ok(());
        }
        match AttributeKind::of(attribute.kind) {
            AttributeKind::Username => self.username = self.username.or(Some(attribute.value)),
            AttributeKind::Integrity if attribute.value.len() == INTEGRITY_BYTES => {
                self.integrity = Some((attribute.value, attribute.offset));
            }
            AttributeKind::Integrity => return Err(StunError::Malformed),
            AttributeKind::UseCandidate => self.use_candidate = true,
            AttributeKind::Controlled => self.controlled = true,
            AttributeKind::Priority => {
                let value = attribute.value.try_into().map_err(|_| StunError::Malformed)?;
                self.priority = Some(u32::from_be_bytes(value));
            }
            AttributeKind::UnknownRequired if self.unknown.len() < MAX_NAMED_UNKNOWN => {
                self.unknown.push(attribute.kind);
            }
            AttributeKind::UnknownRequired | AttributeKind::Ignorable => {}
        }
        Ok(())
    }
}

enum AttributeKind {
    Username,
    Integrity,
    UseCandidate,
    Controlled,
    Priority,
    UnknownRequired,
    Ignorable,
}

impl AttributeKind {
    fn of(code: u16) -> Self {
        match rtc_stun::attributes::AttrType(code) {
            codes::ATTR_USERNAME => Self::Username,
            codes::ATTR_MESSAGE_INTEGRITY => Self::Integrity,
            codes::ATTR_USE_CANDIDATE => Self::UseCandidate,
            codes::ATTR_ICE_CONTROLLED => Self::Controlled,
            codes::ATTR_PRIORITY => Self::Priority,
            _ if code < FIRST_OPTIONAL && !UNDERSTOOD.contains(&code) => Self::UnknownRequired,
            _ => Self::Ignorable,
        }
    }
}

fn check_fingerprint(attribute: &Attribute<'_>, datagram: &[u8]) -> Result<(), StunError> {
    let end = attribute.offset.saturating_add(HEADER_BYTES);
    let covered = datagram.get(..end).ok_or(StunError::Malformed)?;
    let expected = fingerprint_value(covered).to_be_bytes();
    if attribute.value == expected { Ok(()) } else { Err(StunError::BadFingerprint) }
}
