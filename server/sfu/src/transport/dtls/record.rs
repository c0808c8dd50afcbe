//! DTLS records and handshake fragments, read where they lie and written from parts.

use super::{COOKIE_BYTES, COOKIE_LENGTH};

/// Record header: type, version, epoch, sequence number, length (RFC 6347 §4.1).
const RECORD_HEADER: usize = 13;
/// Handshake header: type, length, message sequence, fragment offset and length (RFC 6347 §4.2.2).
const FRAGMENT_HEADER: usize = 12;
/// DTLS 1.0, 1.2 and 1.3 all begin so.
const MAJOR_VERSION: u8 = 0xFE;
/// DTLS 1.2 on the wire.
const VERSION: [u8; 2] = [0xFE, 0xFD];
const CHANGE_CIPHER_SPEC_CONTENT: u8 = 20;
const HANDSHAKE_CONTENT: u8 = 22;
const HELLO_VERIFY_REQUEST: u8 = 3;
/// Header and 12 bytes of verify data (RFC 5246 §7.4.9), and a tag of 16 bytes; AES-GCM has
/// 8 bytes of nonce besides, ChaCha20-Poly1305 none.
const FINISHED_SIZES: [usize; 2] = [FRAGMENT_HEADER + 12 + 16 + 8, FRAGMENT_HEADER + 12 + 16];

/// What a record holds (RFC 5246 §6.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    ChangeCipherSpec,
    Alert,
    Handshake,
    ApplicationData,
    Other,
}

/// One record of a datagram.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) content: Content,
    pub(super) epoch: u16,
    /// Header and payload.
    pub(super) bytes: &'a [u8],
    pub(super) payload: &'a [u8],
}

impl Record<'_> {
    /// Whether an encrypted record is as long as a Finished is with the ciphers we allow.
    pub(super) fn has_size_of_finished(&self) -> bool {
        FINISHED_SIZES.contains(&self.payload.len())
    }
}

/// The records of a datagram; `None` once, at the first byte that does not belong to one.
pub(super) fn records(datagram: &[u8]) -> impl Iterator<Item = Option<Record<'_>>> {
    let mut rest = Some(datagram);
    std::iter::from_fn(move || {
        let current = rest.take().filter(|left| !left.is_empty())?;
        let Some((record, left)) = split_record(current) else {
            return Some(None);
        };
        rest = Some(left);
        Some(Some(record))
    })
}

fn split_record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let header = bytes.first_chunk::<RECORD_HEADER>()?;
    let [content, major, _, e0, e1, _, _, _, _, _, _, l0, l1] = *header;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let (bytes, left) = bytes.split_at_checked(RECORD_HEADER.checked_add(length)?)?;
    if major != MAJOR_VERSION || length == 0 {
        return None;
    }
    let content = match content {
        CHANGE_CIPHER_SPEC_CONTENT => Content::ChangeCipherSpec,
        21 => Content::Alert,
        HANDSHAKE_CONTENT => Content::Handshake,
        23 => Content::ApplicationData,
        _ => Content::Other,
    };
    let payload = bytes.get(RECORD_HEADER..)?;
    Some((Record { content, epoch: u16::from_be_bytes([e0, e1]), bytes, payload }, left))
}

/// A piece of a handshake message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment<'a> {
    pub(super) kind: u8,
    /// Length of the whole message.
    pub(super) length: usize,
    pub(super) message_sequence: u16,
    pub(super) offset: usize,
    pub(super) body: &'a [u8],
}

/// The fragments in the payload of a plaintext handshake record; ends at the first broken one.
pub(super) fn fragments(payload: &[u8]) -> impl Iterator<Item = Fragment<'_>> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let (fragment, left) = split_fragment(rest)?;
        rest = left;
        Some(fragment)
    })
}

fn split_fragment(bytes: &[u8]) -> Option<(Fragment<'_>, &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<FRAGMENT_HEADER>()?;
    let [kind, t0, t1, t2, s0, s1, o0, o1, o2, l0, l1, l2] = *header;
    let (body, left) = rest.split_at_checked(length24([l0, l1, l2])?)?;
    let (length, offset) = (length24([t0, t1, t2])?, length24([o0, o1, o2])?);
    let message_sequence = u16::from_be_bytes([s0, s1]);
    let is_inside = offset.checked_add(body.len())? <= length;
    is_inside.then_some((Fragment { kind, length, message_sequence, offset, body }, left))
}

fn length24([high, middle, low]: [u8; 3]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()
}

/// Writes a whole handshake message as one plaintext record.
///
/// `None` when the body is longer than a record can be.
pub(super) fn handshake_record(
    kind: u8,
    record_sequence: u16,
    message_sequence: u16,
    body: &[u8],
) -> Option<Vec<u8>> {
    let [_, length @ ..] = u32::try_from(body.len()).ok()?.to_be_bytes();
    let record_length = u16::try_from(body.len().checked_add(FRAGMENT_HEADER)?).ok()?;
    let mut record = vec![HANDSHAKE_CONTENT];
    record.extend(VERSION);
    record.extend([0; 6]);
    record.extend(record_sequence.to_be_bytes());
    record.extend(record_length.to_be_bytes());
    record.push(kind);
    record.extend(length);
    record.extend(message_sequence.to_be_bytes());
    record.extend([0; 3]);
    record.extend(length);
    record.extend(body);
    Some(record)
}

/// Writes a plaintext `ChangeCipherSpec`.
pub(super) fn change_cipher_spec_record(record_sequence: u16) -> Vec<u8> {
    let mut record = vec![CHANGE_CIPHER_SPEC_CONTENT];
    record.extend(VERSION);
    record.extend([0; 6]);
    record.extend(record_sequence.to_be_bytes());
    record.extend([0, 1, 1]);
    record
}

/// Writes the HelloVerifyRequest that carries our cookie: 48 bytes (RFC 6347 §4.2.1).
pub(super) fn hello_verify_request(cookie: &[u8; COOKIE_BYTES]) -> Vec<u8> {
    let mut body = VERSION.to_vec();
    body.push(COOKIE_LENGTH);
    body.extend(cookie);
    handshake_record(HELLO_VERIFY_REQUEST, 0, 0, &body).unwrap_or_default()
}

/// A handshake message on its way in, put together from fragments in any order.
#[derive(Debug, Default)]
pub(super) struct Message {
    body: Vec<u8>,
    received: Vec<bool>,
    missing: usize,
}

impl Message {
    /// An empty message of `length` bytes.
    pub(super) fn of_length(length: usize) -> Self {
        Self { body: vec![0; length], received: vec![false; length], missing: length }
    }

    /// Length of the whole message.
    pub(super) fn length(&self) -> usize {
        self.body.len()
    }

    /// Writes a fragment to its place; one of a message of another length is refused.
    pub(super) fn add(&mut self, fragment: &Fragment<'_>) {
        if fragment.length != self.length() {
            return;
        }
        let places = self.body.iter_mut().zip(&mut self.received).skip(fragment.offset);
        for ((place, received), byte) in places.zip(fragment.body) {
            *place = *byte;
            if !std::mem::replace(received, true) {
                self.missing = self.missing.saturating_sub(1);
            }
        }
    }

    /// The whole body, once every byte of it has come.
    pub(super) fn complete(&self) -> Option<&[u8]> {
        (self.missing == 0).then_some(self.body.as_slice())
    }
}
