//! Seals and opens single packets; knows nothing of streams, order or replays.

use rtc_crypto::{AeadCipher, Mac, StreamCipher, constant_time_eq};

use super::SrtpError;

const GCM_TAG: usize = 16;
/// HMAC-SHA1 is sent cut to 80 bits (RFC 3711 §5.2).
const SHA1_TAG: usize = 10;
const SHA1_OUTPUT: usize = 20;
/// The SRTCP trailer: encryption flag and 31-bit index (RFC 3711 §3.4).
const RTCP_INDEX: usize = 4;
/// The part of RTCP that stays readable: first header word and sender SSRC.
const RTCP_CLEAR: usize = 8;
const ENCRYPTED: u32 = 0x8000_0000;

/// What the nonce is made of. `index` has 48 bits: rollover counter and sequence number for RTP,
/// the 31-bit SRTCP index for RTCP.
#[derive(Debug, Clone, Copy)]
pub(super) struct PacketId {
    pub(super) ssrc: u32,
    pub(super) index: u64,
}

/// The cipher of one direction, for RTP or for RTCP. Salts are numbers, as the RFCs' formulas have
/// them: of 96 bits for GCM, of 112 for counter mode.
pub(super) enum PacketCipher {
    Gcm { cipher: Box<dyn AeadCipher>, salt: u128 },
    CounterSha1 { cipher: Box<dyn StreamCipher>, mac: Box<dyn Mac>, salt: u128 },
}

impl PacketCipher {
    /// Seals `buffer[..packet_len]` and returns the length with the tag.
    pub(super) fn seal_rtp(
        &mut self,
        buffer: &mut [u8],
        packet_len: usize,
        header_len: usize,
        id: PacketId,
    ) -> Result<usize, SrtpError> {
        let (packet, rest) =
            buffer.split_at_mut_checked(packet_len).ok_or(SrtpError::BufferTooSmall)?;
        let (header, payload) =
            packet.split_at_mut_checked(header_len).ok_or(SrtpError::TooShort)?;
        match self {
            Self::Gcm { cipher, salt } => {
                let tag = rest.get_mut(..GCM_TAG).ok_or(SrtpError::BufferTooSmall)?;
                let nonce = gcm_nonce(*salt, id);
                cipher.seal_in_place(&nonce, header, payload, tag).map_err(SrtpError::Crypto)?;
                Ok(packet_len.saturating_add(GCM_TAG))
            }
            Self::CounterSha1 { cipher, mac, salt } => {
                let tag = rest.get_mut(..SHA1_TAG).ok_or(SrtpError::BufferTooSmall)?;
                let counter = initial_counter(*salt, id);
                cipher.apply_keystream(&counter, payload).map_err(SrtpError::Crypto)?;
                let full = sha1_tag(mac, &[packet, &rollover(id)])?;
                copy_prefix(&full, tag);
                Ok(packet_len.saturating_add(SHA1_TAG))
            }
        }
    }

    /// Opens a packet and returns the length without the tag.
    pub(super) fn open_rtp(
        &mut self,
        packet: &mut [u8],
        header_len: usize,
        id: PacketId,
    ) -> Result<usize, SrtpError> {
        let (body, tag) = split_tail(packet, self.tag_len())?;
        let (header, payload) = body.split_at_mut_checked(header_len).ok_or(SrtpError::TooShort)?;
        match self {
            Self::Gcm { cipher, salt } => cipher
                .open_in_place(&gcm_nonce(*salt, id), header, payload, tag)
                .map_err(|_| SrtpError::AuthenticationFailed)?,
            Self::CounterSha1 { cipher, mac, salt } => {
                verify_sha1(mac, &[header, payload, &rollover(id)], tag)?;
                let counter = initial_counter(*salt, id);
                cipher.apply_keystream(&counter, payload).map_err(SrtpError::Crypto)?;
            }
        }
        Ok(body.len())
    }

    /// Seals `buffer[..packet_len]` and returns the length with index and tag.
    ///
    /// GCM puts the tag before the index (RFC 7714 §9), counter mode behind it (RFC 3711 §3.4).
    pub(super) fn seal_rtcp(
        &mut self,
        buffer: &mut [u8],
        packet_len: usize,
        id: PacketId,
    ) -> Result<usize, SrtpError> {
        let trailer = rtcp_trailer(id);
        let total = packet_len.saturating_add(self.tag_len()).saturating_add(RTCP_INDEX);
        let buffer = buffer.get_mut(..total).ok_or(SrtpError::BufferTooSmall)?;
        let (packet, tail) =
            buffer.split_at_mut_checked(packet_len).ok_or(SrtpError::BufferTooSmall)?;
        let (head, payload) =
            packet.split_first_chunk_mut::<RTCP_CLEAR>().ok_or(SrtpError::TooShort)?;
        match self {
            Self::Gcm { cipher, salt } => {
                let (tag, index) = split_tail(tail, RTCP_INDEX)?;
                cipher
                    .seal_in_place(&gcm_nonce(*salt, id), &rtcp_aad(head, trailer), payload, tag)
                    .map_err(SrtpError::Crypto)?;
                index.copy_from_slice(&trailer);
            }
            Self::CounterSha1 { cipher, mac, salt } => {
                let counter = initial_counter(*salt, id);
                cipher.apply_keystream(&counter, payload).map_err(SrtpError::Crypto)?;
                let (index, tag) =
                    tail.split_at_mut_checked(RTCP_INDEX).ok_or(SrtpError::BufferTooSmall)?;
                index.copy_from_slice(&trailer);
                let full = sha1_tag(mac, &[packet, &trailer])?;
                copy_prefix(&full, tag);
            }
        }
        Ok(total)
    }

    /// Opens an RTCP packet and returns the length without index and tag.
    pub(super) fn open_rtcp(
        &mut self,
        packet: &mut [u8],
        id: PacketId,
    ) -> Result<usize, SrtpError> {
        let trailer = rtcp_trailer(id);
        let (body, tail) = split_tail(packet, self.tag_len().saturating_add(RTCP_INDEX))?;
        let (head, payload) =
            body.split_first_chunk_mut::<RTCP_CLEAR>().ok_or(SrtpError::TooShort)?;
        match self {
            Self::Gcm { cipher, salt } => {
                let (tag, _) = split_tail(tail, RTCP_INDEX)?;
                cipher
                    .open_in_place(&gcm_nonce(*salt, id), &rtcp_aad(head, trailer), payload, tag)
                    .map_err(|_| SrtpError::AuthenticationFailed)?;
            }
            Self::CounterSha1 { cipher, mac, salt } => {
                let (_, tag) = tail.split_at_checked(RTCP_INDEX).ok_or(SrtpError::TooShort)?;
                verify_sha1(mac, &[head, payload, &trailer], tag)?;
                let counter = initial_counter(*salt, id);
                cipher.apply_keystream(&counter, payload).map_err(SrtpError::Crypto)?;
            }
        }
        Ok(body.len())
    }

    /// The 31-bit index a sealed RTCP packet carries; not authenticated yet.
    pub(super) fn rtcp_index(&self, packet: &[u8]) -> Result<u32, SrtpError> {
        let behind = match self {
            Self::Gcm { .. } => 0,
            Self::CounterSha1 { .. } => SHA1_TAG,
        };
        let end = packet.len().checked_sub(behind).ok_or(SrtpError::TooShort)?;
        let trailer = packet
            .get(..end)
            .and_then(|bytes| bytes.last_chunk::<RTCP_INDEX>())
            .ok_or(SrtpError::TooShort)?;
        let word = u32::from_be_bytes(*trailer);
        if word & ENCRYPTED == 0 { Err(SrtpError::NotEncrypted) } else { Ok(word & !ENCRYPTED) }
    }

    fn tag_len(&self) -> usize {
        match self {
            Self::Gcm { .. } => GCM_TAG,
            Self::CounterSha1 { .. } => SHA1_TAG,
        }
    }
}

/// The sender SSRC of an RTCP packet (RFC 3550 §6.4).
pub(super) fn rtcp_sender(packet: &[u8]) -> Option<u32> {
    let [_, _, _, _, ssrc @ ..] = *packet.first_chunk::<RTCP_CLEAR>()?;
    Some(u32::from_be_bytes(ssrc))
}

/// 00 00 ‖ SSRC ‖ 48-bit index, XOR salt: RFC 7714 §8.1 and §9.1, which agree byte for byte.
fn gcm_nonce(salt: u128, id: PacketId) -> [u8; 12] {
    let nonce = salt ^ (u128::from(id.ssrc) << 48) ^ u128::from(id.index);
    let [_, _, _, _, nonce @ ..] = nonce.to_be_bytes();
    nonce
}

/// salt·2¹⁶ XOR SSRC·2⁶⁴ XOR index·2¹⁶: RFC 3711 §4.1.1.
fn initial_counter(salt: u128, id: PacketId) -> [u8; 16] {
    let counter = (salt << 16) ^ (u128::from(id.ssrc) << 64) ^ (u128::from(id.index) << 16);
    counter.to_be_bytes()
}

/// The rollover counter, which the HMAC covers but the wire does not carry (RFC 3711 §4.2).
fn rollover(id: PacketId) -> [u8; 4] {
    let [_, _, roc @ .., _, _] = id.index.to_be_bytes();
    roc
}

/// Encryption flag and SRTCP index: the low 32 bits of the packet's index.
fn rtcp_trailer(id: PacketId) -> [u8; RTCP_INDEX] {
    let [_, _, _, _, flagged @ ..] = (id.index | u64::from(ENCRYPTED)).to_be_bytes();
    flagged
}

/// What GCM authenticates beside the ciphertext: RFC 7714 §9.2.
fn rtcp_aad(head: &[u8; RTCP_CLEAR], trailer: [u8; RTCP_INDEX]) -> [u8; 12] {
    let mut aad = [0; 12];
    for (byte, value) in aad.iter_mut().zip(head.iter().chain(&trailer)) {
        *byte = *value;
    }
    aad
}

fn sha1_tag(mac: &mut Box<dyn Mac>, parts: &[&[u8]]) -> Result<[u8; SHA1_OUTPUT], SrtpError> {
    let mut tag = [0; SHA1_OUTPUT];
    mac.sign(parts, &mut tag).map_err(SrtpError::Crypto)?;
    Ok(tag)
}

/// Compares the cut tag in constant time; `Mac::verify` would allocate and wants all 20 bytes.
fn verify_sha1(mac: &mut Box<dyn Mac>, parts: &[&[u8]], tag: &[u8]) -> Result<(), SrtpError> {
    let full = sha1_tag(mac, parts)?;
    let matches = full.get(..tag.len()).is_some_and(|expected| constant_time_eq(expected, tag));
    if matches && tag.len() == SHA1_TAG { Ok(()) } else { Err(SrtpError::AuthenticationFailed) }
}

fn copy_prefix(from: &[u8], to: &mut [u8]) {
    for (byte, value) in to.iter_mut().zip(from) {
        *byte = *value;
    }
}

fn split_tail(bytes: &mut [u8], tail: usize) -> Result<(&mut [u8], &mut [u8]), SrtpError> {
    let head = bytes.len().checked_sub(tail).ok_or(SrtpError::TooShort)?;
    bytes.split_at_mut_checked(head).ok_or(SrtpError::TooShort)
}

#[cfg(test)]
mod tests;
