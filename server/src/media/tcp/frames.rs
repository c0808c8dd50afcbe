//! The framing of RFC 4571: two bytes of length, most significant first, before each datagram.

/// The largest datagram that is taken: DTLS and RTP of browsers stay below the 1,500 bytes of an
/// Ethernet frame.
pub(super) const MAX_FRAME_BYTES: usize = 2048;

/// Bytes before each datagram.
pub(super) const HEADER_BYTES: usize = 2;

/// A stream that is not what a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameTooLong;

/// Puts a stream together to datagrams; keeps no more than one that is incomplete.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The beginning of a frame, its length first; empty between frames.
    partial: Vec<u8>,
}

impl Frames {
    /// Takes what came and shows each datagram that it completes.
    ///
    /// # Errors
    ///
    /// [`FrameTooLong`]; what came before it was shown.
    pub(super) fn push(
        &mut self,
        mut bytes: &mut [u8],
        mut take: impl FnMut(&mut [u8]),
    ) -> Result<(), FrameTooLong> {
        while !bytes.is_empty() {
            let between = self.partial.is_empty();
            let len = if between { frame_len(bytes)? } else { None };
            if let Some(len) = len.filter(|len| *len <= bytes.len()) {
                let (frame, rest) = bytes.split_at_mut(len);
                bytes = rest;
                show(frame, &mut take);
                continue;
            }
            let missing = frame_len(&self.partial)?.unwrap_or(HEADER_BYTES) - self.partial.len();
            let (part, rest) = bytes.split_at_mut(missing.min(bytes.len()));
            self.partial.extend_from_slice(part);
            bytes = rest;
            if frame_len(&self.partial)? == Some(self.partial.len()) {
                show(&mut self.partial, &mut take);
                self.partial.clear();
            }
        }
        Ok(())
    }
}

/// Bytes of the frame that begins here, with its header, once that is complete.
fn frame_len(bytes: &[u8]) -> Result<Option<usize>, FrameTooLong> {
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let len = usize::from(u16::from_be_bytes(*header));
    if len > MAX_FRAME_BYTES { Err(FrameTooLong) } else { Ok(Some(HEADER_BYTES + len)) }
}

/// Shows the datagram of a whole frame; a frame without one says only that its sender lives.
fn show(frame: &mut [u8], take: &mut impl FnMut(&mut [u8])) {
    if let Some(datagram) = frame.get_mut(HEADER_BYTES..).filter(|datagram| !datagram.is_empty()) {
        take(datagram);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(datagrams: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for datagram in datagrams {
            bytes.extend(u16::try_from(datagram.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(datagram);
        }
        bytes
    }

    #[test]
    fn datagrams_come_out_whole_however_the_stream_is_cut() {
        let long = vec![7; MAX_FRAME_BYTES];
        let datagrams: [&[u8]; 4] = [b"one", b"", &long, b"three"];
        let stream = framed(&datagrams);
        for cut in 1..40 {
            let (mut frames, mut seen) = (Frames::default(), Vec::new());
            for part in stream.clone().chunks_mut(cut) {
                frames.push(part, |datagram| seen.push(datagram.to_vec())).unwrap();
                assert!(frames.partial.len() <= HEADER_BYTES + MAX_FRAME_BYTES);
            }
            assert_eq!(seen, [b"one".to_vec(), long.clone(), b"three".to_vec()], "cut at {cut}");
            assert!(frames.partial.is_empty());
        }
    }

    #[test]
    fn a_frame_that_is_too_long_is_known_from_its_header() {
        let header = u16::try_from(MAX_FRAME_BYTES + 1).unwrap().to_be_bytes();
        let mut seen = 0;
        let mut frames = Frames::default();
        let mut bytes = framed(&[b"fine"]);
        bytes.extend(header);
        assert_eq!(frames.push(&mut bytes, |_| seen += 1), Err(FrameTooLong));
        assert_eq!(seen, 1);
        let mut frames = Frames::default();
        assert_eq!(frames.push(&mut [header[0]], |_| {}), Ok(()));
        assert_eq!(frames.push(&mut [header[1]], |_| {}), Err(FrameTooLong));
    }
}
