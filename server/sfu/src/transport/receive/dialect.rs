//! A client's own numbers for what our packets say.

use crate::{
    rtp::{ExtensionForm, RtpWriter, extension_form},
    transport::sdp::{NegotiatedCodec, SendParameters},
};

/// How one m-line of a client that made the offer names payloads and header extensions. Packets
/// are kept for all viewers under the numbers of our own offers, and put into a viewer's when they
/// have been copied for it.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    /// Ours and theirs.
    payload_types: Vec<(u8, u8)>,
    /// Theirs, by ours; 0 for what the client does not know.
    extensions: [u8; 16],
}

impl Dialect {
    pub(super) fn of(line: &SendParameters) -> Self {
        let mut extensions = [0; 16];
        for (ours, theirs) in
            (1..15).filter_map(|theirs| Some((line.extensions.get(theirs)?, theirs)))
        {
            if let Some(place) = extensions.get_mut(usize::from(ours.id())) {
                *place = theirs;
            }
        }
        Self { payload_types: line.codecs.iter().flat_map(payload_types).collect(), extensions }
    }

    /// Puts a packet whose header has `header_len` bytes into the client's numbers. An extension
    /// that it does not know becomes padding.
    pub(super) fn translate(&self, packet: &mut [u8], header_len: usize) {
        let Some([_, kind]) = packet.first_chunk_mut::<2>() else { return };
        let ours = *kind & 0x7F;
        if let Some((_, theirs)) = self.payload_types.iter().find(|(known, _)| *known == ours) {
            *kind = *kind & 0x80 | theirs;
        }
        let Some(form) = extension_form(packet) else { return };
        let mut rest = packet.get_mut(RtpWriter::FIRST_ELEMENT..header_len).unwrap_or_default();
        while let Some((id, len)) = element(form, rest) {
            let theirs = self.extensions.get(usize::from(id)).copied().unwrap_or(0);
            let Some((element, behind)) = rest.split_at_mut_checked(len) else { return };
            match element {
                element if theirs == 0 => element.fill(0),
                [head, ..] if form == ExtensionForm::OneByte => *head = theirs << 4 | *head & 0x0F,
                [head, ..] => *head = theirs,
                [] => {}
            }
            rest = behind;
        }
    }
}

/// The id of the first element of a block, and its length with its head; 1 for padding.
fn element(form: ExtensionForm, block: &[u8]) -> Option<(u8, usize)> {
    match *block {
        [] => None,
        [0, ..] => Some((0, 1)),
        [head, ..] if form == ExtensionForm::OneByte => {
            Some((head >> 4, usize::from(head & 0x0F).saturating_add(2)))
        }
        [id, len, ..] => Some((id, usize::from(len).saturating_add(2))),
        [_] => None,
    }
}

fn payload_types(codec: &NegotiatedCodec) -> impl Iterator<Item = (u8, u8)> + use<> {
    let media = (codec.codec.payload_type(), codec.payload_type);
    let rtx = codec.codec.rtx_payload_type().zip(codec.rtx_payload_type);
    [Some(media), rtx].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use shared::media::MediaKind;

    use crate::{
        codec::Codec,
        extension::{Extension, ExtensionIds},
        rtp::{RtpFields, RtpPacket},
        transport::sdp::Mid,
    };

    use super::*;

    fn dialect() -> Dialect {
        let mut extensions = ExtensionIds::none();
        extensions.insert(9, Extension::TransportCc);
        extensions.insert(1, Extension::PlayoutDelay);
        let codec = NegotiatedCodec {
            rtx_payload_type: Some(124),
            ..NegotiatedCodec::plain(120, Codec::Vp8)
        };
        let mid = Mid::new(b"0").unwrap();
        Dialect::of(&SendParameters {
            mid,
            kind: MediaKind::Video,
            codecs: vec![codec],
            extensions,
        })
    }

    fn packet(payload_type: u8, form: ExtensionForm) -> ([u8; 100], usize, usize) {
        let mut buffer = [0; 100];
        let fields = RtpFields { payload_type, marker: true, ..RtpFields::default() };
        let mut writer = RtpWriter::with_form(&mut buffer, fields, form).unwrap();
        writer.extension(Extension::TransportCc.id(), &[7, 8]).unwrap();
        writer.extension(Extension::VideoOrientation.id(), &[3]).unwrap();
        writer.extension(Extension::PlayoutDelay.id(), &[1, 2, 3]).unwrap();
        let (header_len, len) = writer.finish(b"payload").unwrap();
        (buffer, header_len, len)
    }

    #[test]
    fn a_packet_says_the_same_in_the_clients_numbers() {
        for (ours, theirs) in [(96, 120), (97, 124), (111, 111)] {
            for form in [ExtensionForm::OneByte, ExtensionForm::TwoByte] {
                let (mut buffer, header_len, len) = packet(ours, form);
                dialect().translate(&mut buffer[..len], header_len);
                let packet = RtpPacket::parse(&buffer[..len]).unwrap();
                assert_eq!((packet.header.payload_type, packet.header.marker), (theirs, true));
                let found: Vec<_> = packet.header.extensions.collect();
                assert_eq!(found, [(9, &[7, 8][..]), (1, &[1, 2, 3])]);
                assert_eq!(packet.payload, b"payload");
            }
        }
    }

    #[test]
    fn what_is_no_packet_of_ours_is_left_within_its_bounds() {
        for len in 0..30 {
            let mut bytes = vec![0xFF; len];
            dialect().translate(&mut bytes, 28);
            assert_eq!(bytes.len(), len);
        }
    }
}
