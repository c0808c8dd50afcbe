//! Key frames: finding where one starts, and asking a publisher for one.

use std::time::{Duration, Instant};

use crate::codec::Codec;

use super::{av1, vp8, vp9};

/// The shortest time between two requests to one publisher. A key frame costs as much as five to
/// ten others, and no viewer that joins waits longer than this for the second one.
pub const MIN_REQUEST_INTERVAL: Duration = Duration::from_millis(500);

/// When an unanswered request is made again. Longer than a round trip plus the encoding of a frame
/// on any link that can carry a meeting, shorter than a viewer's patience.
pub const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Whether a decoder that has seen nothing can start at this packet: any of audio, the first one of
/// a key frame for video.
#[must_use]
pub fn is_entry_point(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Opus => true,
        Codec::Vp8 => vp8::starts_key_frame(payload),
        Codec::Vp9 => vp9::starts_key_frame(payload),
        Codec::H264 => h264_start(payload).is_some(),
        Codec::Av1 => av1::starts_key_frame(payload),
    }
}

/// What of a key frame of H.264 a packet starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum H264Start {
    /// Its first slice. Where the parameter sets are part of the stream, that is too late to start:
    /// the decoder would have none, or another layer's.
    Picture,
    /// The sequence parameter set, which precedes it.
    Parameters,
}

/// Finds a sequence parameter set, or the start of an IDR picture (RFC 6184 sections 5.6 to 5.8).
#[must_use]
pub fn h264_start(payload: &[u8]) -> Option<H264Start> {
    const STAP_A: u8 = 24;
    const FU_A: u8 = 28;
    let (first, rest) = payload.split_first()?;
    match (first & 0x1F, rest) {
        (STAP_A, rest) => aggregated_units(rest).filter_map(unit_start).max(),
        (FU_A, [header, slice @ ..]) if header & 0x80 != 0 => unit_start((*header, slice)),
        (FU_A, _) => None,
        _ => unit_start((*first, rest)),
    }
}

/// What the unit with this header byte starts. The first slice of a picture begins with macroblock
/// 0, which is a 1 as Exp-Golomb code (ITU-T H.264 sections 7.3.3 and 9.1).
fn unit_start((header, slice): (u8, &[u8])) -> Option<H264Start> {
    const IDR: u8 = 5;
    const SPS: u8 = 7;
    match header & 0x1F {
        SPS => Some(H264Start::Parameters),
        IDR => slice.first().filter(|byte| **byte & 0x80 != 0).map(|_| H264Start::Picture),
        _ => None,
    }
}

/// The units in a STAP-A, header bytes and what follows, each of which comes after its 16-bit length.
fn aggregated_units(mut rest: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (len, units) = rest.split_first_chunk::<2>()?;
        let (unit, next) = units.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        rest = next;
        unit.split_first().map(|(header, unit)| (*header, unit))
    })
}

/// When to ask one publisher for a key frame: at once on the first wish, then at most once per
/// [`MIN_REQUEST_INTERVAL`], and again every [`RETRY_INTERVAL`] while someone waits.
///
/// [`KeyFrameRequester::request`] notes a wish; the owner calls [`KeyFrameRequester::poll`] at
/// [`KeyFrameRequester::due`] and sends a request when it says so.
#[derive(Debug, Default)]
pub struct KeyFrameRequester {
    last: Option<Instant>,
    due: Option<Instant>,
}

/// What a [`KeyFrameRequester`] wants now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestDecision {
    /// Send a request.
    Send,
    /// Nothing, until [`KeyFrameRequester::due`].
    Wait,
}

impl KeyFrameRequester {
    /// Notes that a key frame is wanted.
    pub fn request(&mut self, now: Instant) {
        let earliest = self.last.map_or(now, |last| now.max(last + MIN_REQUEST_INTERVAL));
        self.due = Some(self.due.map_or(earliest, |due| due.min(earliest)));
    }

    /// Decides whether to send a request now; `still_wanted` tells whether to repeat it later.
    pub fn poll(&mut self, now: Instant, still_wanted: bool) -> RequestDecision {
        if self.due.is_none_or(|due| now < due) {
            return RequestDecision::Wait;
        }
        self.last = Some(now);
        self.due = still_wanted.then(|| now + RETRY_INTERVAL);
        RequestDecision::Send
    }

    /// Forgets the wishes: a key frame came, or nobody wants one any more.
    pub const fn settle(&mut self) {
        self.due = None;
    }

    /// When to call [`KeyFrameRequester::poll`] next.
    #[must_use]
    pub const fn due(&self) -> Option<Instant> {
        self.due
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::testing::epoch;

    use super::*;

    fn after(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn the_first_wish_is_sent_at_once_and_a_burst_waits_for_the_interval() {
        let start = epoch();
        let mut requester = KeyFrameRequester::default();
        requester.request(start);
        assert_eq!(requester.poll(start, false), RequestDecision::Send);
        for millis in [1, 100, 499] {
            requester.request(after(start, millis));
            assert_eq!(requester.poll(after(start, millis), false), RequestDecision::Wait);
        }
        assert_eq!(requester.due(), Some(after(start, 500)));
        assert_eq!(requester.poll(after(start, 500), false), RequestDecision::Send);
        assert_eq!(requester.due(), None);
    }

    #[test]
    fn an_unanswered_request_is_repeated_until_it_is_settled() {
        let start = epoch();
        let mut requester = KeyFrameRequester::default();
        requester.request(start);
        assert_eq!(requester.poll(start, true), RequestDecision::Send);
        assert_eq!(requester.poll(after(start, 999), true), RequestDecision::Wait);
        assert_eq!(requester.poll(after(start, 1000), true), RequestDecision::Send);
        requester.settle();
        assert_eq!(requester.poll(after(start, 9000), true), RequestDecision::Wait);
    }

    #[test]
    fn h264_key_frames_are_found_in_every_packetization() {
        assert!(is_entry_point(Codec::H264, &[0x67, 0x42]), "SPS");
        assert!(is_entry_point(Codec::H264, &[0x65, 0x88]), "IDR slice");
        assert!(is_entry_point(Codec::H264, &[0x78, 0, 1, 0x68, 0, 2, 0x67, 1]), "STAP-A");
        assert!(
            is_entry_point(Codec::H264, &[0x7C, 0x85, 0x88]),
            "start of a fragmented IDR slice"
        );
        assert!(!is_entry_point(Codec::H264, &[0x7C, 0x05, 0x88]), "a later fragment");
        assert!(!is_entry_point(Codec::H264, &[0x65, 0x42]), "a later slice");
        let both = [0x78, 0, 2, 0x65, 0x88, 0, 2, 0x67, 1];
        assert_eq!(h264_start(&both), Some(H264Start::Parameters));
        assert!(!is_entry_point(Codec::H264, &[0x41, 0x9A]), "another slice");
        assert!(!is_entry_point(Codec::H264, &[0x78, 0, 1, 0x68, 0, 9, 0x67]), "cut off");
    }

    #[test]
    fn every_audio_packet_is_an_entry_point_and_no_empty_video_packet_is() {
        assert!(is_entry_point(Codec::Opus, &[]));
        for codec in Codec::ALL.into_iter().filter(|codec| codec.is_video()) {
            assert!(!is_entry_point(codec, &[]), "{codec:?}");
        }
    }

    proptest! {
        #[test]
        fn no_payload_makes_detection_panic(
            payload in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            for codec in Codec::ALL {
                let entry_point = is_entry_point(codec, &payload);
                prop_assert!(entry_point || codec != Codec::Opus);
            }
        }

        #[test]
        fn requests_keep_their_distance(wishes in proptest::collection::vec(0u64..400, 1..100)) {
            let mut now = epoch();
            let mut sent: Vec<Instant> = Vec::new();
            let mut requester = KeyFrameRequester::default();
            for gap in wishes {
                now += Duration::from_millis(gap);
                requester.request(now);
                if requester.poll(now, gap % 2 == 0) == RequestDecision::Send {
                    sent.push(now);
                }
            }
            for pair in sent.windows(2) {
                prop_assert!(pair[1] - pair[0] >= MIN_REQUEST_INTERVAL);
            }
        }
    }
}
