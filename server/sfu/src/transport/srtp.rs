//! SRTP and SRTCP in place: one packet, one buffer, no allocation.
//!
//! | type | what it is |
//! |---|---|
//! | [`SrtpKeys`] | master keys and salts of both directions, as the DTLS exporter gave them |
//! | [`SrtpInbound`] | opens what the peer sends; rejects forgeries and replays |
//! | [`SrtpOutbound`] | seals what we send |
//! | [`OutboundStream`] | one SSRC's packet indices; makes it impossible to use one twice |
//!
//! `rtc_srtp` does the same with an allocation and a copy per packet; the tests hold this module
//! against it in both directions.

mod cipher;
mod derive;
mod replay;

use std::fmt;

use rtc_crypto::{CryptoError, SecretVec};

use self::{
    cipher::{PacketCipher, PacketId},
    derive::Purpose,
    replay::{ReplayWindow, StreamTable},
};

/// The most bytes that [`SrtpOutbound::seal_rtp`] adds behind a packet: a GCM tag.
pub const MAX_RTP_OVERHEAD: usize = 16;
/// The most bytes that [`SrtpOutbound::seal_rtcp`] adds: a GCM tag and the SRTCP index.
pub const MAX_RTCP_OVERHEAD: usize = 20;
/// SSRCs of one peer that are remembered; the one not heard of for longest makes room. A busy
/// sender has about twenty (audio, three layers and a screen, each with its RTX).
pub const MAX_INBOUND_STREAMS: usize = 128;
/// SSRCs we may ever seal under one set of keys. They are remembered for good, four bytes each,
/// because starting one anew would repeat its nonces.
pub const MAX_OUTBOUND_STREAMS: usize = 16_384;

/// Bytes of the RTP header before CSRCs and extensions (RFC 3550 §5.1).
const RTP_FIXED_HEADER: usize = 12;
/// Most packets that one master key may protect as SRTCP (RFC 3711 §9.2).
const MAX_SRTCP_INDEX: u32 = 0x7FFF_FFFF;

/// The protection profiles we negotiate, cheapest first.
///
/// Per 1200-byte packet GCM costs about 0.17 µs, counter mode with SHA-1 about 0.9 µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpProfile {
    /// `AEAD_AES_128_GCM` (RFC 7714).
    AeadAes128Gcm,
    /// `AEAD_AES_256_GCM` (RFC 7714).
    AeadAes256Gcm,
    /// `AES_CM_128_HMAC_SHA1_80` (RFC 3711), which every WebRTC client has.
    Aes128CmSha1,
}

impl SrtpProfile {
    /// In the order in which we choose among a client's offers.
    pub const PREFERENCE: [Self; 3] =
        [Self::AeadAes128Gcm, Self::AeadAes256Gcm, Self::Aes128CmSha1];

    /// The code point in the `use_srtp` extension (RFC 5764 §4.1.2, RFC 7714 §14.2).
    #[must_use]
    pub const fn code_point(self) -> u16 {
        match self {
            Self::Aes128CmSha1 => 0x0001,
            Self::AeadAes128Gcm => 0x0007,
            Self::AeadAes256Gcm => 0x0008,
        }
    }

    /// Bytes of a master key.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128CmSha1 | Self::AeadAes128Gcm => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of a master salt.
    #[must_use]
    pub const fn salt_len(self) -> usize {
        match self {
            Self::Aes128CmSha1 => 14,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
        }
    }

    /// Bytes to take from the DTLS exporter: two keys and two salts (RFC 5764 §4.2).
    #[must_use]
    pub const fn keying_material_len(self) -> usize {
        2 * (self.key_len() + self.salt_len())
    }
}

/// The keys of one association, for both directions. Wiped from memory when dropped.
#[derive(Clone)]
pub struct SrtpKeys {
    profile: SrtpProfile,
    client: MasterKey,
    server: MasterKey,
}

#[derive(Clone)]
struct MasterKey {
    key: SecretVec,
    salt: SecretVec,
}

impl SrtpKeys {
    /// Splits the output of the `EXTRACTOR-dtls_srtp` exporter: client key, server key, client
    /// salt, server salt (RFC 5764 §4.2).
    ///
    /// # Errors
    ///
    /// When `material` is not [`SrtpProfile::keying_material_len`] bytes long.
    pub fn from_exporter(profile: SrtpProfile, material: &[u8]) -> Result<Self, SrtpError> {
        if material.len() != profile.keying_material_len() {
            return Err(SrtpError::KeyLength);
        }
        let mut rest = material;
        let mut take = |length| {
            let (part, left) = rest.split_at_checked(length).ok_or(SrtpError::KeyLength)?;
            rest = left;
            Ok(SecretVec::new(part.to_vec()))
        };
        let (client_key, server_key) = (take(profile.key_len())?, take(profile.key_len())?);
        let (client_salt, server_salt) = (take(profile.salt_len())?, take(profile.salt_len())?);
        let client = MasterKey { key: client_key, salt: client_salt };
        let server = MasterKey { key: server_key, salt: server_salt };
        Ok(Self { profile, client, server })
    }

    /// The negotiated profile.
    #[must_use]
    pub fn profile(&self) -> SrtpProfile {
        self.profile
    }

    /// Derives the session keys of the side that was the DTLS server: ours.
    ///
    /// # Errors
    ///
    /// When the cryptography provider refuses a key.
    pub fn for_server(&self) -> Result<(SrtpInbound, SrtpOutbound), SrtpError> {
        self.derive(&self.client, &self.server)
    }

    /// Derives the session keys of the side that was the DTLS client: the bots and the tests.
    ///
    /// # Errors
    ///
    /// When the cryptography provider refuses a key.
    pub fn for_client(&self) -> Result<(SrtpInbound, SrtpOutbound), SrtpError> {
        self.derive(&self.server, &self.client)
    }

    fn derive(
        &self,
        remote: &MasterKey,
        local: &MasterKey,
    ) -> Result<(SrtpInbound, SrtpOutbound), SrtpError> {
        let cipher = |master, purpose| derive::session_cipher(self.profile, master, purpose);
        let inbound = SrtpInbound {
            rtp: cipher(remote, Purpose::Rtp)?,
            rtcp: cipher(remote, Purpose::Rtcp)?,
            rtp_streams: StreamTable::default(),
            rtcp_streams: StreamTable::default(),
        };
        let outbound = SrtpOutbound {
            rtp: cipher(local, Purpose::Rtp)?,
            rtcp: cipher(local, Purpose::Rtcp)?,
            next_rtcp_index: 0,
            issued: Vec::new(),
        };
        Ok((inbound, outbound))
    }
}

impl fmt::Debug for SrtpKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SrtpKeys").field("profile", &self.profile).finish_non_exhaustive()
    }
}

/// Opens the packets of one peer.
///
/// State for an SSRC comes into being only when one of its packets has authenticated, so a
/// stranger cannot fill the tables.
pub struct SrtpInbound {
    rtp: PacketCipher,
    rtcp: PacketCipher,
    rtp_streams: StreamTable,
    rtcp_streams: StreamTable,
}

impl SrtpInbound {
    /// Opens an RTP packet in place and returns its length without the tag.
    ///
    /// `header_len` is where the payload starts (CSRCs and extensions are authenticated, not
    /// encrypted); `ssrc` and `sequence` are the header's. After an error the payload's bytes
    /// are undefined. The rollover counter is guessed as in RFC 3711 §3.3.1; packets up to 1984
    /// behind the newest are taken, once.
    ///
    /// # Errors
    ///
    /// When the packet is forged, replayed, too old, or too short.
    pub fn open_rtp(
        &mut self,
        packet: &mut [u8],
        header_len: usize,
        ssrc: u32,
        sequence: u16,
    ) -> Result<usize, SrtpError> {
        let slot = self.rtp_streams.slot(ssrc);
        let index = self.rtp_streams.window(&slot).extend(sequence)?;
        self.rtp_streams.window(&slot).check(index)?;
        let length = self.rtp.open_rtp(packet, header_len, PacketId { ssrc, index })?;
        self.rtp_streams.accept(slot, ssrc, index);
        Ok(length)
    }

    /// Opens a compound RTCP packet in place and returns its length without index and tag.
    ///
    /// # Errors
    ///
    /// When the packet is forged, replayed, not encrypted, or too short.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = cipher::rtcp_sender(packet).ok_or(SrtpError::TooShort)?;
        let index = u64::from(self.rtcp.rtcp_index(packet)?);
        let slot = self.rtcp_streams.slot(ssrc);
        self.rtcp_streams.window(&slot).check(index)?;
        let length = self.rtcp.open_rtcp(packet, PacketId { ssrc, index })?;
        self.rtcp_streams.accept(slot, ssrc, index);
        Ok(length)
    }
}

impl fmt::Debug for SrtpInbound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SrtpInbound")
            .field("rtp_streams", &self.rtp_streams)
            .field("rtcp_streams", &self.rtcp_streams)
            .finish_non_exhaustive()
    }
}

/// Seals packets for one peer.
///
/// Take an [`OutboundStream`] for each SSRC with [`stream`](Self::stream), keep it beside the
/// consumer, and hand it to every [`seal_rtp`](Self::seal_rtp): no look-up on the send path.
pub struct SrtpOutbound {
    rtp: PacketCipher,
    rtcp: PacketCipher,
    next_rtcp_index: u32,
    issued: Vec<u32>,
}

impl SrtpOutbound {
    /// Begins an SSRC. Each may begin once under one set of keys: a second life would start
    /// again at rollover counter zero and repeat the nonces of the first.
    ///
    /// # Errors
    ///
    /// When the SSRC was used before, or there were [`MAX_OUTBOUND_STREAMS`] already.
    pub fn stream(&mut self, ssrc: u32) -> Result<OutboundStream, SrtpError> {
        let Err(position) = self.issued.binary_search(&ssrc) else {
            return Err(SrtpError::SsrcReused);
        };
        if self.issued.len() >= MAX_OUTBOUND_STREAMS {
            return Err(SrtpError::TooManyStreams);
        }
        self.issued.insert(position, ssrc);
        Ok(OutboundStream { ssrc, sealed: ReplayWindow::default() })
    }

    /// Seals the packet in `buffer[..packet_len]` in place, writes the tag behind it, and returns
    /// the length to send. [`MAX_RTP_OVERHEAD`] bytes of room are always enough.
    ///
    /// SSRC and sequence number are read from the packet itself, and the rollover counter follows
    /// from the stream, so they cannot disagree with what the receiver will see. Sequence numbers
    /// may come out of order, up to 1984 behind the newest.
    ///
    /// Each sequence number seals **once**. Sealing other bytes under the same index (a
    /// retransmission whose transport-wide sequence number differs is enough) would hand out
    /// GCM's authentication key, so it is refused. Retransmit over RTX, which has an SSRC
    /// and sequence numbers of its own, or send the kept sealed bytes again.
    ///
    /// # Errors
    ///
    /// When the index was used, is too old, or the 2⁴⁸ indices are used up; when the packet is
    /// of another SSRC, or the lengths do not fit the buffer.
    pub fn seal_rtp(
        &mut self,
        stream: &mut OutboundStream,
        buffer: &mut [u8],
        packet_len: usize,
        header_len: usize,
    ) -> Result<usize, SrtpError> {
        let (sequence, ssrc) = rtp_identity(buffer).ok_or(SrtpError::TooShort)?;
        if ssrc != stream.ssrc {
            return Err(SrtpError::WrongSsrc);
        }
        let index = stream.sealed.extend(sequence)?;
        stream.sealed.check(index).map_err(|error| match error {
            SrtpError::Replayed => SrtpError::IndexReused,
            other => other,
        })?;
        // Spent before it is used: whatever happens below, this index never seals again.
        stream.sealed.accept(index);
        self.rtp.seal_rtp(buffer, packet_len, header_len, PacketId { ssrc, index })
    }

    /// Seals the compound RTCP packet in `buffer[..packet_len]` in place, writes index and tag
    /// behind it, and returns the length to send. [`MAX_RTCP_OVERHEAD`] bytes of room are
    /// always enough.
    ///
    /// # Errors
    ///
    /// When the packet has no header, the buffer no room, or the 2³¹ indices are used up.
    pub fn seal_rtcp(&mut self, buffer: &mut [u8], packet_len: usize) -> Result<usize, SrtpError> {
        let ssrc = cipher::rtcp_sender(buffer).ok_or(SrtpError::TooShort)?;
        let index = self.next_rtcp_index;
        if index > MAX_SRTCP_INDEX {
            return Err(SrtpError::KeysExhausted);
        }
        // One counter for all senders: indices of one SSRC then have gaps, which RFC 3711 §3.4
        // allows, and none is ever used twice.
        self.next_rtcp_index = index.saturating_add(1);
        self.rtcp.seal_rtcp(buffer, packet_len, PacketId { ssrc, index: u64::from(index) })
    }
}

impl fmt::Debug for SrtpOutbound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SrtpOutbound")
            .field("next_rtcp_index", &self.next_rtcp_index)
            .field("streams", &self.issued.len())
            .finish_non_exhaustive()
    }
}

/// One SSRC we send: which of its 48-bit packet indices have been used.
///
/// Not cloneable, and made only by [`SrtpOutbound::stream`], so that an index belongs to one
/// packet by construction.
#[derive(Debug)]
pub struct OutboundStream {
    ssrc: u32,
    sealed: ReplayWindow,
}

impl OutboundStream {
    /// The SSRC that its packets must carry.
    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }
}

/// Why a packet was not opened or sealed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    /// Shorter than its header, or than header and tag.
    #[error("packet too short")]
    TooShort,
    /// No room for the tag behind the packet, or lengths beyond the buffer.
    #[error("no room for the authentication tag")]
    BufferTooSmall,
    /// The tag does not match: forged, damaged, or sealed with other keys.
    #[error("authentication failed")]
    AuthenticationFailed,
    /// This packet was opened before.
    #[error("packet replayed")]
    Replayed,
    /// Older than the replay window.
    #[error("packet older than the replay window")]
    TooOld,
    /// SRTCP whose encryption flag is off; WebRTC always encrypts.
    #[error("RTCP packet not encrypted")]
    NotEncrypted,
    /// The bound on SSRCs is reached.
    #[error("too many SSRCs")]
    TooManyStreams,
    /// All packet indices of these keys are used up.
    #[error("SRTP keys exhausted")]
    KeysExhausted,
    /// This sequence number was sealed before.
    #[error("packet index used before")]
    IndexReused,
    /// This SSRC was sent before under these keys.
    #[error("SSRC used before")]
    SsrcReused,
    /// The packet is not of the stream it was handed in with.
    #[error("packet of another SSRC")]
    WrongSsrc,
    /// Keying material has the wrong length for the profile.
    #[error("keying material of the wrong length")]
    KeyLength,
    /// The cryptography provider refused.
    #[error("cryptography provider: {0}")]
    Crypto(CryptoError),
}

/// Sequence number and SSRC of an RTP packet (RFC 3550 §5.1).
fn rtp_identity(packet: &[u8]) -> Option<(u16, u32)> {
    let header = packet.first_chunk::<RTP_FIXED_HEADER>()?;
    let [_, _, s0, s1, _, _, _, _, i0, i1, i2, i3] = *header;
    Some((u16::from_be_bytes([s0, s1]), u32::from_be_bytes([i0, i1, i2, i3])))
}

#[cfg(test)]
mod tests;
