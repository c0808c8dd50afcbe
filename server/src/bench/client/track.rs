//! A track that a light client sends.

use sfu::{
    extension::Extension,
    rtp::{RtpFields, RtpWriter},
    transport::srtp::{MAX_RTP_OVERHEAD, OutboundStream, SrtpError},
};

use super::{ClientError, LightClient, LocalTrack};

/// The longest payload of a packet.
pub const MAX_PAYLOAD: usize = 1200;
/// Fixed header and one block of extensions.
const MAX_HEADER: usize = 32;

/// One SSRC of a connected [`LightClient`], with its counters.
#[derive(Debug)]
pub struct SendTrack {
    stream: OutboundStream,
    fields: RtpFields,
    transport_sequence: u16,
    ticks_per_packet: u32,
    level: Option<u8>,
    buffer: [u8; MAX_HEADER + MAX_PAYLOAD + MAX_RTP_OVERHEAD],
}

impl SendTrack {
    /// Begins to send a track that was offered; its clock advances by `ticks_per_packet`.
    ///
    /// # Errors
    ///
    /// When the client is not connected, or has begun the track before.
    pub fn new(
        client: &mut LightClient,
        track: LocalTrack,
        ticks_per_packet: u32,
    ) -> Result<Self, ClientError> {
        let outbound = client.leg.outbound().ok_or(ClientError::NotConnected)?;
        let payload_type = track.codec.payload_type();
        Ok(Self {
            stream: outbound.stream(track.ssrc)?,
            fields: RtpFields {
                marker: true,
                payload_type,
                ssrc: track.ssrc,
                ..RtpFields::default()
            },
            transport_sequence: 0,
            ticks_per_packet,
            level: None,
            buffer: [0; MAX_HEADER + MAX_PAYLOAD + MAX_RTP_OVERHEAD],
        })
    }

    /// Sets by how much its clock advances from one packet to the next.
    pub const fn set_pace(&mut self, ticks_per_packet: u32) {
        self.ticks_per_packet = ticks_per_packet;
    }

    /// Says from now on how loud its sound is: 0 is the loudest, 127 silence (RFC 6464, -dBov).
    pub const fn set_level(&mut self, level: u8) {
        self.level = Some(level);
    }

    /// Lets the time of a packet pass without one.
    pub const fn pause(&mut self) {
        self.fields.timestamp = self.fields.timestamp.wrapping_add(self.ticks_per_packet);
    }

    /// Sends one packet, a frame of its own, with at most [`MAX_PAYLOAD`] bytes.
    ///
    /// # Errors
    ///
    /// When the payload is too long, the client is not connected, or its socket fails.
    pub fn send(&mut self, client: &mut LightClient, payload: &[u8]) -> Result<(), ClientError> {
        let mut writer =
            RtpWriter::new(&mut self.buffer, self.fields).ok_or(SrtpError::TooShort)?;
        if let Some(level) = self.level {
            writer.extension(Extension::AudioLevel.id(), &[level]).ok_or(SrtpError::TooShort)?;
        }
        let number = self.transport_sequence.to_be_bytes();
        writer.extension(Extension::TransportCc.id(), &number).ok_or(SrtpError::TooShort)?;
        let (header_len, len) = writer.finish(payload).ok_or(SrtpError::TooShort)?;
        self.transport_sequence = self.transport_sequence.wrapping_add(1);
        self.fields.sequence = self.fields.sequence.wrapping_add(1);
        self.pause();
        let outbound = client.leg.outbound().ok_or(ClientError::NotConnected)?;
        let len = outbound.seal_rtp(&mut self.stream, &mut self.buffer, len, header_len)?;
        client.socket().send(self.buffer.get(..len).unwrap_or_default())?;
        Ok(())
    }
}

/// The payload of one VP8 packet that is a whole frame (RFC 7741, RFC 6386 section 9.1), as far
/// as an SFU looks: descriptor, frame tag, and for a key frame its start code and size.
///
/// Returns the length of what was written to the front of `payload`.
pub fn write_vp8(payload: &mut [u8], key_frame: bool) -> usize {
    /// No extensions; begins partition 0.
    const DESCRIPTOR: u8 = 0x10;
    const KEY_FRAME: [u8; 11] =
        [DESCRIPTOR, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00];
    const DELTA_FRAME: [u8; 4] = [DESCRIPTOR, 0x11, 0x02, 0x00];
    let head: &[u8] = if key_frame { &KEY_FRAME } else { &DELTA_FRAME };
    let len = head.len().min(payload.len());
    let (front, head) = (payload.split_at_mut(len).0, head.get(..len).unwrap_or_default());
    front.copy_from_slice(head);
    len
}
