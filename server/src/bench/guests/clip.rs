//! What guests show and say: recorded frames, which any browser decodes.
//!
//! Each frame stands behind its length in two bytes, little-endian. `end2end/media/guests.mjs` has a
//! browser draw, record and write them.

/// A recording that is played over and over.
#[derive(Debug)]
pub(super) struct Clip(Vec<&'static [u8]>);

impl Clip {
    /// Heads before walls of [`Self::COLOURS`] colours: VP8 key frames (RFC 6386) of 320 by 180, for
    /// each colour [`Self::POSES`].
    pub(super) fn pictures() -> Self {
        Self::read(include_bytes!("pictures.vp8"))
    }

    /// Four seconds of something like a voice: Opus packets (RFC 6716) of 20 ms.
    pub(super) fn voice() -> Self {
        Self::read(include_bytes!("voice.opus"))
    }

    /// Colours of the walls.
    pub(super) const COLOURS: usize = 6;
    /// Pictures of a head, turned one way and the other.
    pub(super) const POSES: usize = 2;

    fn read(mut bytes: &'static [u8]) -> Self {
        let mut frames = Vec::new();
        while let Some((length, rest)) = bytes.split_first_chunk() {
            let length = usize::from(u16::from_le_bytes(*length));
            let (frame, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            frames.push(frame);
            bytes = rest;
        }
        Self(frames)
    }

    /// A frame by its number, from the beginning again after the last.
    pub(super) fn frame(&self, number: usize) -> &'static [u8] {
        self.0.get(number % self.0.len().max(1)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::client::MAX_PAYLOAD;

    #[test]
    fn every_picture_is_a_key_frame_of_one_packet() {
        let pictures = Clip::pictures();
        assert_eq!(pictures.0.len(), Clip::COLOURS * Clip::POSES);
        for picture in pictures.0 {
            // RFC 6386 section 9.1: the tag's lowest bit is 0, then the start code and the size.
            assert_eq!(picture[0] & 1, 0);
            assert_eq!(picture[3..10], [0x9d, 0x01, 0x2a, 64, 1, 180, 0]);
            assert!(picture.len() < MAX_PAYLOAD);
        }
    }

    #[test]
    fn the_voice_is_four_seconds_of_packets_of_20_ms() {
        let voice = Clip::voice();
        assert_eq!(voice.0.len(), 200);
        for packet in voice.0 {
            // RFC 6716 section 3.1: one frame (code 0); wideband SILK of 20 ms is configuration 9,
            // the hybrids and CELT of 20 ms are 13, 15, 19, 23, 27, 31.
            assert_eq!(packet[0] & 3, 0);
            assert!([1, 5, 9, 13, 15, 19, 23, 27, 31].contains(&(packet[0] >> 3)));
        }
    }

    #[test]
    fn a_clip_begins_anew_after_its_end() {
        let clip = Clip::read(&[1, 0, 7, 2, 0, 8, 9]);
        assert_eq!([clip.frame(0), clip.frame(1), clip.frame(2)], [&[7][..], &[8, 9], &[7]]);
    }

    #[test]
    fn a_clip_that_was_cut_off_ends_with_what_is_there() {
        assert_eq!(Clip::read(&[9, 0, 1, 2]).frame(0), [1, 2]);
    }
}
