//! What a router hands to the transports, and the form in which it keeps packets until then.

use crate::{
    extension::{Extension, ExtensionIds},
    rtp::{
        ExtensionForm, FIXED_HEADER_LEN, MAX_ONE_BYTE_EXTENSION_LEN, RtpFields, RtpHeader,
        RtpPacket, RtpWriter, extension_form,
    },
};

use super::{
    av1::{TargetField, TargetedDescriptor},
    modular::low16,
    vp8::Vp8Numbers,
};

/// The worker's name for the transport of a publisher or a viewer; the router only hands it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransportKey(pub u32);

/// Where the packets for viewers go: implemented by the worker.
pub trait Egress {
    /// Sends one packet; the worker copies it with [`OutgoingRtp::write_into`] and seals it.
    fn send_rtp(&mut self, transport: TransportKey, packet: OutgoingRtp<'_>);

    /// Sends one sender report, with the description of its source.
    fn send_sender_report(&mut self, transport: TransportKey, report: SenderReport);
}

/// One packet for one viewer: the shared canonical bytes, and what differs for this viewer.
///
/// An `(ssrc, index)` pair is handed out once, so sealing with a nonce made of it is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutgoingRtp<'a> {
    /// The packet as kept for all viewers; its fixed header is a placeholder.
    pub packet: &'a [u8],
    /// Length of the header with its extensions, in bytes.
    pub header_len: usize,
    /// The viewer's stream.
    pub ssrc: u32,
    /// What the payload is, in our offers.
    pub payload_type: u8,
    /// Roll-over counter and sequence number, 48 bits (RFC 3711 section 3.3.1).
    pub index: u64,
    /// Sampling instant on the viewer's timeline.
    pub timestamp: u32,
    /// The last packet of a frame, or the first after silence.
    pub marker: bool,
    /// Where the two bytes of the transport-wide sequence number are in `packet`.
    pub twcc_offset: Option<usize>,
    /// In a retransmission: the sequence number of the packet it repeats, which goes before the
    /// payload (RFC 4588 section 4).
    pub rtx_original_sequence: Option<u16>,
    /// Picture numbers of the viewer's own, where the packet's will not do.
    pub vp8: Option<Vp8Numbers>,
    /// Where the decode targets are named, and those that this viewer is sent, a bit each.
    pub targets: Option<(TargetField, u32)>,
    /// Bytes at the start of the payload that this viewer does not get: the frames that a packet of
    /// redundant audio repeats.
    pub omitted: usize,
}

impl OutgoingRtp<'_> {
    /// The sequence number on the wire.
    #[must_use]
    pub fn sequence(&self) -> u16 {
        low16(self.index)
    }

    /// Whether it is nothing but padding.
    #[must_use]
    pub fn is_padding(&self) -> bool {
        // Canonical packets of publishers have none.
        self.packet.first().is_some_and(|flags| flags & 0x20 != 0)
    }

    /// Length of the packet on the wire before sealing, in bytes.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        let added = if self.rtx_original_sequence.is_some() { 2 } else { 0 };
        (self.packet.len() + added).saturating_sub(self.omitted)
    }

    /// Where the media's payload begins on the wire.
    const fn payload_offset(&self) -> usize {
        self.header_len + if self.rtx_original_sequence.is_some() { 2 } else { 0 }
    }

    /// Length of the payload on the wire before sealing, in bytes.
    #[must_use]
    pub const fn payload_len(&self) -> usize {
        self.encoded_len().saturating_sub(self.header_len)
    }

    /// Writes the packet with the transport-wide sequence number `twcc` and returns its length; 0
    /// when `buffer` is shorter than [`OutgoingRtp::encoded_len`].
    pub fn write_into(&self, buffer: &mut [u8], twcc: Option<u16>) -> usize {
        self.try_write(buffer, twcc).unwrap_or(0)
    }

    fn try_write(&self, buffer: &mut [u8], twcc: Option<u16>) -> Option<usize> {
        let buffer = buffer.get_mut(..self.encoded_len())?;
        let (header, payload) = self.packet.split_at_checked(self.header_len)?;
        let (head, mut body) = buffer.split_at_mut_checked(self.header_len)?;
        head.copy_from_slice(header);
        if let Some(original) = self.rtx_original_sequence {
            let (number, rest) = body.split_first_chunk_mut::<2>()?;
            *number = original.to_be_bytes();
            body = rest;
        }
        body.copy_from_slice(payload.get(self.omitted..)?);
        self.patch_header(buffer.first_chunk_mut::<FIXED_HEADER_LEN>()?);
        if let Some((field, sent)) = self.targets {
            field.keep(sent, buffer);
        }
        if let Some(numbers) = self.vp8 {
            numbers.write_over(buffer.get_mut(self.payload_offset()..)?);
        }
        if let (Some(offset), Some(twcc)) = (self.twcc_offset, twcc) {
            buffer.get_mut(offset..offset + 2)?.copy_from_slice(&twcc.to_be_bytes());
        }
        Some(buffer.len())
    }

    fn patch_header(&self, header: &mut [u8; FIXED_HEADER_LEN]) {
        let flags = header[0];
        let fields = RtpFields {
            marker: self.marker,
            payload_type: self.payload_type,
            sequence: self.sequence(),
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        *header = fields.to_bytes();
        header[0] = flags;
    }
}

/// Bytes of padding in one packet of it; the last of them counts them.
const PADDING_BYTES: usize = 224;

/// Length of [`PADDING`] with its header.
pub const PADDING_PACKET_LEN: usize = FIXED_HEADER_LEN + 8 + PADDING_BYTES;

/// A packet of nothing but padding in canonical form (RFC 3550 section 5.1): version 2, the P bit,
/// one word of one-byte extensions with room for the transport-wide number.
pub(super) const PADDING: [u8; PADDING_PACKET_LEN] = {
    let mut packet = [0; PADDING_PACKET_LEN];
    packet[0] = 0xB0;
    packet[FIXED_HEADER_LEN] = 0xBE;
    packet[FIXED_HEADER_LEN + 1] = 0xDE;
    packet[FIXED_HEADER_LEN + 3] = 1;
    packet[FIXED_HEADER_LEN + 4] = Extension::TransportCc.id() << 4 | 1;
    packet[PADDING_PACKET_LEN - 1] = 224;
    packet
};

/// What a sender report says (RFC 3550 section 6.4.1); the worker serialises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport {
    /// The transport of the publisher. All reports of one publisher carry one canonical name
    /// (CNAME), which tells viewers that its streams belong together.
    pub publisher: TransportKey,
    /// The viewer's stream.
    pub ssrc: u32,
    /// Now, on the publisher's wall clock: seconds and fraction, 32 bits each.
    pub ntp: u64,
    /// Now, on the viewer's timeline of this stream.
    pub rtp_timestamp: u32,
    /// Packets sent, without retransmissions, modulo 2^32.
    pub packets: u32,
    /// Payload bytes sent, without retransmissions, modulo 2^32.
    pub octets: u32,
}

/// The header extensions a viewer receives as they are, beside the dependency descriptor; the others
/// concern the publisher's transport alone.
const FORWARDED: [Extension; 3] =
    [Extension::AudioLevel, Extension::VideoOrientation, Extension::PlayoutDelay];

/// The most bytes a canonical header has without a descriptor: each forwarded extension at its
/// longest, the transport-wide sequence number, and what makes it whole words.
const MAX_PLAIN_HEADER_LEN: usize =
    RtpWriter::FIRST_ELEMENT + 4 + FORWARDED.len() * (2 + MAX_ONE_BYTE_EXTENSION_LEN) + 3;

/// What of a publisher's packet viewers are sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Content<'a> {
    /// The media, with what its codec puts before it.
    pub(super) payload: &'a [u8],
    /// What redundant audio is marked with: a payload type of our offers.
    pub(super) redundancy: Option<u8>,
    /// The dependency descriptor.
    pub(super) descriptor: Option<Descriptor<'a>>,
}

/// A dependency descriptor as viewers are sent it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Descriptor<'a> {
    /// The publisher's own.
    Plain(&'a [u8]),
    /// One that names the targets which the viewer is sent.
    Targeted(&'a TargetedDescriptor),
}

impl<'a> Descriptor<'a> {
    fn data(self) -> &'a [u8] {
        match self {
            Self::Plain(data) => data,
            Self::Targeted(targeted) => targeted.as_slice(),
        }
    }

    /// Where in a canonical packet the targets are named: the descriptor is the second element.
    fn field(self, form: ExtensionForm) -> Option<TargetField> {
        let Self::Targeted(targeted) = self else { return None };
        targeted.field.behind(RtpWriter::FIRST_ELEMENT + 2 * form.head_len() + 2)
    }
}

impl Content<'_> {
    /// The most bytes of the packet in canonical form.
    pub(super) fn max_len(&self) -> usize {
        let descriptor = self.descriptor.map_or(0, |one| 2 + one.data().len());
        MAX_PLAIN_HEADER_LEN + descriptor + self.payload.len()
    }

    /// One byte for the head of each element, unless one is too long for that.
    fn form(&self) -> ExtensionForm {
        match self.descriptor {
            Some(one) if one.data().len() > MAX_ONE_BYTE_EXTENSION_LEN => ExtensionForm::TwoByte,
            Some(_) | None => ExtensionForm::OneByte,
        }
    }
}

/// A packet in canonical form: no padding, no contributing sources, our extension ids, room for the
/// transport-wide sequence number. Viewers differ only in the fixed header and in that number.
#[derive(Debug, Clone, Copy)]
pub(super) struct CanonicalPacket<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) header_len: usize,
    pub(super) timestamp: u32,
    pub(super) marker: bool,
    /// What the payload is, in our offers, if it is redundant audio.
    pub(super) redundancy: Option<u8>,
    /// Where the transport-wide sequence number is: in the first element.
    pub(super) twcc_offset: usize,
    /// Where its descriptor names the active targets.
    pub(super) targets: Option<TargetField>,
}

impl<'a> CanonicalPacket<'a> {
    /// Writes what of `packet` is forwarded in canonical form; `None` when `buffer` is too short.
    /// Redundant audio is marked by its payload type, where others have none.
    pub(super) fn write(
        buffer: &mut [u8],
        packet: &RtpPacket<'_>,
        content: &Content<'_>,
        ids: &ExtensionIds,
    ) -> Option<usize> {
        let form = content.form();
        let targets = content.descriptor.and_then(|descriptor| descriptor.field(form));
        // Packed where each viewer's packets have their SSRC: of so many targets there is a place.
        let targets = targets.map_or(0, |field| u32::from(field.at) << 8 | u32::from(field.count));
        let fields = RtpFields {
            ssrc: targets,
            payload_type: content.redundancy.unwrap_or(0),
            marker: packet.header.marker,
            timestamp: packet.header.timestamp,
            ..RtpFields::default()
        };
        let mut writer = RtpWriter::with_form(buffer, fields, form)?;
        writer.extension(Extension::TransportCc.id(), &[0, 0])?;
        if let Some(descriptor) = content.descriptor {
            // One that is empty stays behind.
            let data = descriptor.data();
            if !data.is_empty() {
                writer.extension(Extension::DependencyDescriptor.id(), data)?;
            }
        }
        let mut written = [false; FORWARDED.len()];
        for (id, data) in packet.header.extensions {
            let place =
                ids.get(id).and_then(|found| FORWARDED.iter().position(|one| *one == found));
            let Some((place, done)) = place.and_then(|n| Some((n, written.get_mut(n)?))) else {
                continue;
            };
            let extension = FORWARDED.get(place)?;
            // What is longer than it should be is left out, and of duplicates the first counts.
            let is_short = data.len() <= MAX_ONE_BYTE_EXTENSION_LEN;
            if !*done && is_short && writer.extension(extension.id(), data).is_some() {
                *done = true;
            }
        }
        writer.finish(content.payload).map(|(_, len)| len)
    }

    /// The media, with what its codec puts before it.
    pub(super) fn payload(&self) -> &'a [u8] {
        self.bytes.get(self.header_len..).unwrap_or_default()
    }

    /// The dependency descriptor, if there is one.
    pub(super) fn descriptor(&self) -> Option<&'a [u8]> {
        let header = RtpHeader::parse(self.bytes).ok()?;
        header.extensions.get(Extension::DependencyDescriptor.id())
    }

    /// Reads what [`CanonicalPacket::write`] wrote.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let [_, kind, _, _, t0, t1, t2, t3, _, a0, a1, count, _, _, w0, w1] =
            *bytes.first_chunk::<{ RtpWriter::FIRST_ELEMENT }>()?;
        let words = usize::from(u16::from_be_bytes([w0, w1]));
        let element = RtpWriter::FIRST_ELEMENT;
        let targets = TargetField { at: u16::from_be_bytes([a0, a1]), count };
        Some(Self {
            targets: Some(targets).filter(|field| field.count > 0),
            twcc_offset: element + extension_form(bytes)?.head_len(),
            bytes,
            header_len: RtpWriter::FIRST_ELEMENT + 4 * words,
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            marker: kind & 0x80 != 0,
            redundancy: Some(kind & 0x7F).filter(|payload_type| *payload_type != 0),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::router::vp8::PictureId;

    use super::*;

    /// A publisher whose ids are not ours.
    fn publisher_ids() -> ExtensionIds {
        let mut ids = ExtensionIds::none();
        ids.insert(9, Extension::AudioLevel);
        ids.insert(2, Extension::TransportCc);
        ids.insert(7, Extension::Mid);
        ids.insert(8, Extension::DependencyDescriptor);
        ids.insert(5, Extension::PlayoutDelay);
        ids
    }

    fn canonical(extensions: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
        let mut source = [0; 300];
        let fields = RtpFields { marker: true, timestamp: 777, ssrc: 5, ..RtpFields::default() };
        let form = if extensions.iter().any(|(_, data)| data.len() > 16) {
            ExtensionForm::TwoByte
        } else {
            ExtensionForm::OneByte
        };
        let mut writer = RtpWriter::with_form(&mut source, fields, form).unwrap();
        for (id, data) in extensions {
            writer.extension(*id, data).unwrap();
        }
        let (_, len) = writer.finish(payload).unwrap();
        let packet = RtpPacket::parse(&source[..len]).unwrap();
        let mut buffer = vec![0xEE; 400];
        let ids = publisher_ids();
        let of = |extension| ids.id_of(extension).and_then(|id| packet.header.extensions.get(id));
        let descriptor = of(Extension::DependencyDescriptor).map(Descriptor::Plain);
        let content = Content { payload: packet.payload, redundancy: None, descriptor };
        let len = CanonicalPacket::write(&mut buffer, &packet, &content, &ids).unwrap();
        assert!(len <= content.max_len());
        buffer.truncate(len);
        buffer
    }

    fn outgoing(bytes: &[u8], rtx_original_sequence: Option<u16>) -> OutgoingRtp<'_> {
        let packet = CanonicalPacket::read(bytes).unwrap();
        OutgoingRtp {
            packet: packet.bytes,
            header_len: packet.header_len,
            ssrc: 0xAABB_CCDD,
            payload_type: 97,
            index: 0x3_0102,
            timestamp: 0x0506_0708,
            marker: packet.marker,
            twcc_offset: Some(packet.twcc_offset),
            rtx_original_sequence,
            vp8: None,
            targets: None,
            omitted: 0,
        }
    }

    #[test]
    fn forwardable_extensions_get_our_ids_and_the_others_stay_behind() {
        let bytes = canonical(&[(7, b"0"), (9, &[0x85]), (2, &[1, 2]), (8, &[3; 16])], b"data");
        let packet = RtpPacket::parse(&bytes).unwrap();
        let found: Vec<_> = packet.header.extensions.collect();
        let expected = [(3, &[0, 0][..]), (12, &[3; 16]), (1, &[0x85])];
        assert_eq!(found, expected);
        assert_eq!(packet.payload, b"data");
    }

    #[test]
    fn a_repeated_extension_is_forwarded_once_and_an_unknown_id_never() {
        let bytes = canonical(&[(5, &[1, 1, 1]), (5, &[2, 2, 2]), (14, &[9])], b"");
        let header = RtpHeader::parse(&bytes).unwrap();
        assert_eq!(header.extensions.count(), 2);
        assert_eq!(header.extensions.get(6), Some(&[1, 1, 1][..]));
    }

    #[test]
    fn a_viewers_packet_differs_in_header_and_transport_number_alone() {
        let bytes = canonical(&[(9, &[0x85])], b"the payload");
        let outgoing = outgoing(&bytes, None);
        let mut buffer = [0; 100];
        let len = outgoing.write_into(&mut buffer, Some(0xBEEF));
        assert_eq!(len, outgoing.encoded_len());
        let packet = RtpPacket::parse(&buffer[..len]).unwrap();
        assert_eq!((packet.header.ssrc, packet.header.payload_type), (0xAABB_CCDD, 97));
        assert_eq!((packet.header.sequence, packet.header.timestamp), (0x0102, 0x0506_0708));
        assert!(packet.header.marker);
        assert_eq!(packet.header.extensions.get(3), Some(&[0xBE, 0xEF][..]));
        assert_eq!(packet.header.extensions.get(1), Some(&[0x85][..]));
        assert_eq!(packet.payload, b"the payload");
    }

    #[test]
    fn a_long_descriptor_is_forwarded_whole() {
        let descriptor = [3; 120];
        let bytes = canonical(&[(8, &descriptor), (5, &[1, 2, 3])], b"data");
        let mut buffer = [0; 300];
        let len = outgoing(&bytes, None).write_into(&mut buffer, Some(0xBEEF));
        let packet = RtpPacket::parse(&buffer[..len]).unwrap();
        let found: Vec<_> = packet.header.extensions.collect();
        assert_eq!(found, [(3, &[0xBE, 0xEF][..]), (12, &descriptor), (6, &[1, 2, 3])]);
        assert_eq!(packet.payload, b"data");
    }

    #[test]
    fn what_is_longer_than_it_should_be_stays_behind() {
        let bytes = canonical(&[(5, &[1; 17]), (9, &[0x85])], b"");
        let header = RtpHeader::parse(&bytes).unwrap();
        assert_eq!(header.extensions.collect::<Vec<_>>(), [(3, &[0, 0][..]), (1, &[0x85])]);
    }

    #[test]
    fn a_retransmission_carries_the_original_number_before_the_payload() {
        let bytes = canonical(&[(9, &[0x85])], b"the payload");
        let outgoing = outgoing(&bytes, Some(0x0304));
        let mut buffer = [0; 100];
        let len = outgoing.write_into(&mut buffer, Some(7));
        assert_eq!(len, bytes.len() + 2);
        let packet = RtpPacket::parse(&buffer[..len]).unwrap();
        assert_eq!(packet.header.extensions.get(3), Some(&[0, 7][..]));
        assert_eq!(packet.payload, b"\x03\x04the payload");
        assert_eq!(outgoing.payload_len(), packet.payload.len());
    }

    #[test]
    fn a_viewers_picture_numbers_replace_the_packets_own_in_their_width() {
        let long = [0x90, 0xE0, 0x80 | 0x12, 0x34, 7, 0x20, 0xAA];
        let short = [0x90, 0xC0, 0x12, 7, 0xAA];
        let cases = [
            (&long[..], PictureId::Long(0x7FFE), &[0x90, 0xE0, 0xFF, 0xFE, 9, 0x20, 0xAA][..]),
            (&short, PictureId::Short(0x7E), &[0x90, 0xC0, 0x7E, 9, 0xAA]),
        ];
        for (payload, picture_id, expected) in cases {
            let bytes = canonical(&[(9, &[0x85])], payload);
            for rtx in [None, Some(0x0304)] {
                let vp8 = Some(Vp8Numbers { picture_id, base_layer_index: Some(9) });
                let outgoing = OutgoingRtp { vp8, ..outgoing(&bytes, rtx) };
                let mut buffer = [0; 100];
                let len = outgoing.write_into(&mut buffer, None);
                let packet = RtpPacket::parse(&buffer[..len]).unwrap();
                assert!(packet.payload.ends_with(expected), "{:x?}", packet.payload);
            }
        }
    }

    #[test]
    fn nothing_is_written_to_a_buffer_that_is_too_short() {
        let bytes = canonical(&[], b"the payload");
        let outgoing = outgoing(&bytes, None);
        let mut buffer = vec![0; outgoing.encoded_len() - 1];
        assert_eq!(outgoing.write_into(&mut buffer, None), 0);
        assert!(buffer.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn the_longest_header_is_within_its_bound() {
        // `canonical` holds it against the bound.
        canonical(&[(9, &[0; 16]), (8, &[0; 16]), (5, &[0; 16]), (7, &[0; 16])], &[]);
        canonical(&[(9, &[0; 16]), (8, &[0; 200]), (5, &[0; 16]), (7, &[0; 16])], &[]);
    }
}
