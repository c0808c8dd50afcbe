//! One consumer's own numbering: continuous sequence numbers, timestamps and picture ids over pauses,
//! restarts of the source, changes of layer, and frames that are left out.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{
    frame::FrameInfo,
    modular::{distance16, distance32, low16, low32, ticks},
    vp8::Vp8Numbers,
};

/// The most segments remembered; retransmissions and stragglers of older ones are not answered.
/// Where every other frame is left out, these are the last second of 30 frames.
const MAX_SEGMENTS: usize = 32;

/// How far the publisher's clock may differ from ours over a pause before its timestamps are moved.
/// An unmoved timeline keeps earlier sender reports true; a source that held its frames back or
/// arrived with jitter is off by less than this, one with another timeline by more.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(1);

/// Maps the packets a consumer is sent to numbers of its own.
///
/// A *segment* is a run of consecutive input numbers of one stream that goes out as a run of
/// consecutive output numbers: a packet lost upstream stays a hole of the same place and width, and
/// fills it when it comes late. Segments follow each other in the output without a hole. Input
/// numbers are extended and never repeat, so no output number is used for two packets.
///
/// [`SequenceRewriter::begin`] starts a segment at a packet, [`SequenceRewriter::rewrite`] numbers
/// that packet and the following ones, [`SequenceRewriter::skip`] leaves one out,
/// [`SequenceRewriter::original`] finds what a number was.
#[derive(Debug)]
pub(super) struct SequenceRewriter {
    clock_rate: u32,
    /// Where the output starts.
    first_index: u64,
    /// Oldest first.
    segments: VecDeque<Segment>,
    /// Where the newest segment ends because packets were left out: the first number after them.
    resumes_at: Option<u64>,
    last: Option<LastSent>,
    pictures: Pictures,
}

/// One packet, as its stream numbers it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// Which of the producer's streams it is of.
    pub(super) layer: u8,
    /// Its extended sequence number.
    pub(super) sequence: u64,
    pub(super) timestamp: u32,
    pub(super) frame: FrameInfo,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    layer: u8,
    /// The first input number.
    input: u64,
    /// The highest input number that belongs to it so far.
    last_input: u64,
    /// The output number of `input`.
    output: u64,
    /// What is added to input timestamps, modulo 2^32.
    timestamp_offset: u32,
    /// How much of that is only so that time moves on, modulo 2^32.
    slip: u32,
    pictures: PictureOffset,
}

/// What is subtracted from a stream's picture numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PictureOffset {
    id: u16,
    base_index: u8,
}

impl PictureOffset {
    /// The numbers of a frame for the viewer; none where its own will do.
    pub(super) fn numbers(self, frame: FrameInfo) -> Option<Vp8Numbers> {
        if self == Self::default() {
            return None;
        }
        let base_layer_index = frame.base_index.map(|index| index.wrapping_sub(self.base_index));
        Some(Vp8Numbers { picture_id: frame.picture_id?.minus(self.id), base_layer_index })
    }
}

/// The picture numbers that went out last, and those that were left out since.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Pictures {
    last_id: Option<u16>,
    last_base_index: Option<u8>,
    /// Pictures left out since the newest segment began.
    skipped: u16,
    last_skipped: Option<u16>,
}

impl Segment {
    const fn last_output(&self) -> u64 {
        self.output + (self.last_input - self.input)
    }

    const fn contains(&self, layer: u8, sequence: u64) -> bool {
        self.layer == layer && self.input <= sequence && sequence <= self.last_input
    }

    const fn rewritten(&self, sequence: u64, timestamp: u32) -> Rewritten {
        Rewritten {
            index: self.output + (sequence - self.input),
            timestamp: timestamp.wrapping_add(self.timestamp_offset),
            pictures: self.pictures,
        }
    }
}

/// The newest packet that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LastSent {
    at: Instant,
    /// Its output timestamp.
    timestamp: u32,
}

/// Where an output stands that goes on with another input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// The next output number.
    next_index: u64,
    last: Option<LastSent>,
    pictures: Pictures,
}

/// A packet's place in the consumer's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rewritten {
    /// The sequence number, extended by the roll-over counter (RFC 3711 section 3.3.1).
    pub(super) index: u64,
    pub(super) timestamp: u32,
    pub(super) pictures: PictureOffset,
}

/// A packet that was sent, as [`SequenceRewriter::original`] finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Original {
    /// Which of the producer's streams it is of.
    pub(super) layer: u8,
    /// Its input number.
    pub(super) sequence: u64,
    /// Its output number, extended.
    pub(super) index: u64,
    /// What was added to its timestamp.
    pub(super) timestamp_offset: u32,
    pub(super) pictures: PictureOffset,
}

/// Why a segment cannot begin at a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AlreadyPassed;

impl SequenceRewriter {
    pub(super) const fn new(first_number: u16, clock_rate: u32) -> Self {
        let first_index = first_number as u64;
        Self {
            clock_rate,
            first_index,
            segments: VecDeque::new(),
            resumes_at: None,
            last: None,
            pictures: Pictures {
                last_id: None,
                last_base_index: None,
                skipped: 0,
                last_skipped: None,
            },
        }
    }

    /// Goes on where another rewriter of the same output stands.
    pub(super) const fn at(standing: Standing, clock_rate: u32) -> Self {
        let Standing { next_index: first_index, last, pictures } = standing;
        let segments = VecDeque::new();
        Self { clock_rate, first_index, segments, resumes_at: None, last, pictures }
    }

    /// Where the output stands.
    pub(super) fn standing(&self) -> Standing {
        Standing { next_index: self.next_output(), last: self.last, pictures: self.pictures }
    }

    /// Starts a segment at a packet, which must be newer than all of its stream sent before.
    /// `offset` is what its timeline differs by from the viewer's, where that is known.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        position: Position,
        offset: Option<u32>,
    ) -> Result<(), AlreadyPassed> {
        let of_stream = self.segments.iter().rev().find(|segment| segment.layer == position.layer);
        if of_stream.is_some_and(|segment| position.sequence <= segment.last_input) {
            return Err(AlreadyPassed);
        }
        self.resumes_at = None;
        let timestamp_offset = self.offset_for(now, position.timestamp, offset);
        let segment = Segment {
            layer: position.layer,
            input: position.sequence,
            last_input: position.sequence,
            output: self.next_output(),
            timestamp_offset,
            slip: offset.map_or(0, |offset| self.slip(timestamp_offset, offset)),
            pictures: self.pictures.offset_for(position.frame),
        };
        self.push(segment);
        self.note_sent(now, position, segment.rewritten(position.sequence, position.timestamp));
        Ok(())
    }

    /// Numbers a packet; `None` when it belongs to no segment.
    pub(super) fn rewrite(&mut self, now: Instant, position: Position) -> Option<Rewritten> {
        let current = self.segments.back()?;
        if position.layer != current.layer || position.sequence < current.input {
            return self.rewrite_straggler(position);
        }
        match self.resumes_at {
            Some(_) if position.sequence <= current.last_input => {
                return self.rewrite_straggler(position);
            }
            // It was left out.
            Some(resumes_at) if position.sequence < resumes_at => return None,
            Some(resumes_at) => self.resume(resumes_at, position.sequence),
            None => {}
        }
        let current = self.segments.back_mut()?;
        let rewritten = current.rewritten(position.sequence, position.timestamp);
        if position.sequence > current.last_input || self.resumes_at.is_some() {
            current.last_input = current.last_input.max(position.sequence);
            self.resumes_at = None;
            self.note_sent(now, position, rewritten);
        }
        Some(rewritten)
    }

    /// Leaves a packet of the newest segment's stream out, so that no hole is where it would be.
    /// One that was overtaken has its number already, and leaves it unused.
    pub(super) fn skip(&mut self, position: Position) {
        let Some(current) = self.segments.back_mut().filter(|one| one.layer == position.layer)
        else {
            return;
        };
        let next = self.resumes_at.unwrap_or(current.last_input + 1);
        if position.sequence < next {
            return;
        }
        // What is missing before it may be of frames that are sent: it keeps its numbers.
        match self.resumes_at {
            Some(resumes_at) if position.sequence > next => {
                self.resume(resumes_at, position.sequence - 1);
            }
            Some(_) => {}
            None => current.last_input = position.sequence - 1,
        }
        self.resumes_at = Some(position.sequence + 1);
        self.pictures.note_skipped(position.frame);
    }

    /// What went out with the recent output number `number`.
    pub(super) fn original(&self, number: u16) -> Option<Original> {
        let newest = self.segments.back()?.last_output();
        let back = distance16(number, low16(newest));
        let index = newest.checked_sub(u64::try_from(back).ok()?)?;
        let segment = self.segments.iter().rev().find(|segment| segment.output <= index)?;
        Some(Original {
            layer: segment.layer,
            sequence: segment.input + (index - segment.output),
            index,
            timestamp_offset: segment.timestamp_offset,
            pictures: segment.pictures,
        })
    }

    /// The stream of the newest segment.
    pub(super) fn layer(&self) -> Option<u8> {
        self.segments.back().map(|segment| segment.layer)
    }

    /// What is added to the newest segment's timestamps.
    pub(super) fn timestamp_offset(&self) -> Option<u32> {
        self.segments.back().map(|segment| segment.timestamp_offset)
    }

    /// What would be added to them if time had not had to move on: the distance of the newest
    /// segment's timeline from the viewer's.
    pub(super) fn timeline_offset(&self) -> Option<u32> {
        self.segments.back().map(|segment| segment.timestamp_offset.wrapping_sub(segment.slip))
    }

    /// Begins a segment after packets that were left out, from the first number after them on.
    fn resume(&mut self, input: u64, last_input: u64) {
        let Some(previous) = self.segments.back().copied() else { return };
        let skipped = std::mem::take(&mut self.pictures.skipped);
        let id = previous.pictures.id.wrapping_add(skipped);
        let pictures = PictureOffset { id, ..previous.pictures };
        self.push(Segment { input, last_input, output: self.next_output(), pictures, ..previous });
    }

    fn push(&mut self, segment: Segment) {
        if self.segments.len() >= MAX_SEGMENTS {
            self.segments.pop_front();
        }
        self.segments.push_back(segment);
    }

    fn next_output(&self) -> u64 {
        self.segments.back().map_or(self.first_index, |newest| newest.last_output() + 1)
    }

    fn note_sent(&mut self, now: Instant, position: Position, rewritten: Rewritten) {
        self.last = Some(LastSent { at: now, timestamp: rewritten.timestamp });
        self.pictures.note_sent(position.frame, rewritten.pictures);
    }

    fn rewrite_straggler(&self, position: Position) -> Option<Rewritten> {
        let mut segments = self.segments.iter().rev();
        let segment =
            segments.find(|segment| segment.contains(position.layer, position.sequence))?;
        Some(segment.rewritten(position.sequence, position.timestamp))
    }

    /// The offset that lets the output's time go on from the last packet by what passed since: the
    /// known one if the publisher's clock agrees with ours, else a new one.
    fn offset_for(&self, now: Instant, timestamp: u32, known: Option<u32>) -> u32 {
        let Some(last) = self.last else {
            return 0;
        };
        let elapsed = ticks(now.saturating_duration_since(last.at), self.clock_rate);
        let tolerance = ticks(CLOCK_TOLERANCE, self.clock_rate);
        let expected = last.timestamp.wrapping_add(low32(elapsed));
        if let Some(offset) = known {
            let kept = timestamp.wrapping_add(offset);
            let forward = elapsed > tolerance || distance32(last.timestamp, kept) > 0;
            if forward && u64::from(distance32(expected, kept).unsigned_abs()) <= tolerance {
                return offset;
            }
        }
        last.timestamp.wrapping_add(low32(elapsed.max(1))).wrapping_sub(timestamp)
    }
}

impl SequenceRewriter {
    /// How far `actual` is from `known`, if both are of one timeline.
    fn slip(&self, actual: u32, known: u32) -> u32 {
        let slip = distance32(known, actual);
        let tolerance = ticks(CLOCK_TOLERANCE, self.clock_rate);
        if u64::from(slip.unsigned_abs()) <= tolerance { slip.cast_unsigned() } else { 0 }
    }
}

impl Pictures {
    /// The offset that lets the viewer's picture numbers go on at a frame.
    fn offset_for(&mut self, frame: FrameInfo) -> PictureOffset {
        self.skipped = 0;
        self.last_skipped = None;
        let id = frame.picture_id.zip(self.last_id);
        let base_index = frame.base_index.zip(self.last_base_index);
        PictureOffset {
            id: id.map_or(0, |(id, last)| id.number().wrapping_sub(last.wrapping_add(1))),
            base_index: base_index
                .map_or(0, |(index, last)| index.wrapping_sub(last.wrapping_add(1))),
        }
    }

    fn note_sent(&mut self, frame: FrameInfo, offset: PictureOffset) {
        if let Some(id) = frame.picture_id {
            self.last_id = Some(id.minus(offset.id).number());
        }
        if let Some(index) = frame.base_index {
            self.last_base_index = Some(index.wrapping_sub(offset.base_index));
        }
    }

    fn note_skipped(&mut self, frame: FrameInfo) {
        let Some(id) = frame.picture_id.map(super::vp8::PictureId::number) else { return };
        if self.last_skipped != Some(id) {
            self.skipped = self.skipped.wrapping_add(1);
            self.last_skipped = Some(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{router::vp8::PictureId, testing::epoch};

    use super::*;

    const RATE: u32 = 90_000;

    fn after(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    fn place(sequence: u64, timestamp: u32) -> Position {
        Position { layer: 0, sequence, timestamp, frame: FrameInfo::default() }
    }

    /// The rewriter as most tests use it: one stream, without picture numbers.
    impl SequenceRewriter {
        fn begin_at(&mut self, now: Instant, n: u64, timestamp: u32) -> Result<(), AlreadyPassed> {
            self.begin(now, place(n, timestamp), self.timeline_offset())
        }

        fn number(&mut self, now: Instant, n: u64, timestamp: u32) -> Option<(u64, u32)> {
            self.rewrite(now, place(n, timestamp)).map(|found| (found.index, found.timestamp))
        }
    }

    fn begun(start: Instant, sequence: u64, timestamp: u32) -> SequenceRewriter {
        let mut rewriter = SequenceRewriter::new(1000, RATE);
        rewriter.begin_at(start, sequence, timestamp).unwrap();
        rewriter
    }

    #[test]
    fn a_hole_upstream_stays_a_hole_and_a_late_packet_fills_it() {
        let start = epoch();
        let mut rewriter = begun(start, 70_000, 0);
        let index = |rewriter: &mut SequenceRewriter, n| rewriter.number(start, n, 0).unwrap().0;
        assert_eq!(index(&mut rewriter, 70_000), 1000);
        assert_eq!(index(&mut rewriter, 70_003), 1003);
        assert_eq!(index(&mut rewriter, 70_001), 1001);
        assert_eq!(rewriter.number(start, 69_999, 0), None);
    }

    #[test]
    fn a_pause_leaves_no_hole_and_time_goes_on_with_the_publishers_clock() {
        let start = epoch();
        let mut rewriter = begun(start, 10, 5000);
        rewriter.number(start, 12, 5000).unwrap();
        // Two seconds and a little jitter later.
        rewriter.begin_at(after(start, 2040), 400, 5000 + 180_000).unwrap();
        let next = rewriter.number(after(start, 2040), 400, 5000 + 180_000);
        assert_eq!(next, Some((1003, 185_000)));
        // A packet that was on its way during the pause belongs nowhere, an older straggler does.
        assert_eq!(rewriter.number(after(start, 2041), 399, 0), None);
        assert_eq!(rewriter.number(after(start, 2041), 11, 5000).unwrap().0, 1001);
    }

    #[test]
    fn another_timeline_goes_on_where_the_last_one_was_plus_what_passed() {
        let start = epoch();
        for timestamp in [7, 0x8000_0000, 4000, u32::MAX] {
            let mut rewriter = begun(start, 10, 5000);
            rewriter.begin_at(after(start, 2000), 400, timestamp).unwrap();
            let next = rewriter.number(after(start, 2000), 400, timestamp).unwrap();
            assert_eq!(next.1, 185_000, "from {timestamp}");
        }
    }

    #[test]
    fn another_input_goes_on_where_the_one_before_stood() {
        let start = epoch();
        let mut before = begun(start, 10, 5000);
        before.number(start, 12, 5000).unwrap();
        let mut next = SequenceRewriter::at(before.standing(), RATE);
        // Smaller input numbers than before, and another clock.
        next.begin_at(after(start, 1000), 3, 77).unwrap();
        let rewritten = next.number(after(start, 1000), 3, 77);
        assert_eq!(rewritten, Some((1003, 95_000)));
        assert_eq!(next.original(1002), None, "what the other input was is not asked of this one");
        let unused = SequenceRewriter::new(7, RATE).standing();
        assert_eq!(SequenceRewriter::at(unused, RATE).standing().next_index, 7);
    }

    #[test]
    fn time_moves_on_even_when_none_passed() {
        let start = epoch();
        let mut rewriter = begun(start, 10, 5000);
        rewriter.begin_at(start, 11, 4999).unwrap();
        assert_eq!(rewriter.number(start, 11, 4999).unwrap().1, 5001);
    }

    #[test]
    fn a_segment_cannot_begin_at_what_was_passed() {
        let start = epoch();
        let mut rewriter = begun(start, 10, 0);
        rewriter.number(start, 15, 0).unwrap();
        assert_eq!(rewriter.begin_at(start, 15, 0), Err(AlreadyPassed));
        assert_eq!(rewriter.begin_at(start, 16, 0), Ok(()));
    }

    #[test]
    fn every_output_number_leads_back_to_its_packet_over_segments_and_wraps() {
        let start = epoch();
        let mut rewriter = SequenceRewriter::new(0xFFF0, RATE);
        let mut sent = Vec::new();
        let time = |sequence: u64| low32(sequence);
        for (first, count) in [(100, 10), (500, 20), (70_000, 5)] {
            rewriter.begin_at(start, first, time(first)).unwrap();
            for sequence in first..first + count {
                let rewritten = rewriter.number(start, sequence, time(sequence)).unwrap();
                sent.push((sequence, rewritten.0));
            }
        }
        for (sequence, index) in sent {
            let original = rewriter.original(low16(index)).unwrap();
            assert_eq!((original.sequence, original.index), (sequence, index));
        }
        assert_eq!(rewriter.original(0xFFEF), None, "before the first");
        assert_eq!(rewriter.original(0xFFF0u16.wrapping_add(35)), None, "after the last");
    }

    #[test]
    fn segments_are_bounded() {
        let start = epoch();
        let mut rewriter = SequenceRewriter::new(0, RATE);
        for n in 0..100 {
            rewriter.begin_at(after(start, n), n * 10, 0).unwrap();
        }
        assert_eq!(rewriter.segments.len(), MAX_SEGMENTS);
        assert_eq!(rewriter.original(99).map(|original| original.sequence), Some(990));
        assert_eq!(rewriter.original(50), None);
    }

    fn vp8(sequence: u64, temporal: u8, picture: u16, base_index: u8) -> Position {
        let frame = FrameInfo {
            temporal,
            picture_id: Some(PictureId::Long(picture)),
            base_index: Some(base_index),
            ..FrameInfo::default()
        };
        Position { layer: 0, sequence, timestamp: u32::from(picture) * 3000, frame }
    }

    /// A packet's number and its picture numbers, as the viewer sees them.
    fn seen(rewriter: &mut SequenceRewriter, place: Position) -> Option<(u64, u16, u8)> {
        let found = rewriter.rewrite(epoch(), place)?;
        let own = (place.frame.picture_id?.number(), place.frame.base_index?);
        let (id, base_index) = found.pictures.numbers(place.frame).map_or(own, |numbers| {
            (numbers.picture_id.number(), numbers.base_layer_index.unwrap())
        });
        Some((found.index, id, base_index))
    }

    #[test]
    fn what_is_left_out_leaves_no_hole_and_what_is_lost_does() {
        let mut rewriter = SequenceRewriter::new(100, RATE);
        rewriter.begin(epoch(), vp8(10, 0, 500, 7), None).unwrap();
        assert_eq!(seen(&mut rewriter, vp8(10, 0, 500, 7)), Some((100, 500, 7)));
        // A frame of two packets is left out; the next one is there.
        rewriter.skip(vp8(11, 1, 501, 7));
        rewriter.skip(vp8(12, 1, 501, 7));
        assert_eq!(seen(&mut rewriter, vp8(13, 0, 502, 8)), Some((101, 501, 8)));
        // Of what is left out now, the middle is lost, and so is the start of what follows.
        rewriter.skip(vp8(14, 1, 503, 8));
        rewriter.skip(vp8(16, 1, 503, 8));
        assert_eq!(seen(&mut rewriter, vp8(18, 0, 504, 9)), Some((104, 502, 9)));
        assert_eq!(seen(&mut rewriter, vp8(17, 0, 504, 9)), Some((103, 502, 9)), "it comes late");
        assert_eq!(rewriter.rewrite(epoch(), vp8(16, 1, 503, 8)), None, "it was left out");
        rewriter.skip(vp8(9, 0, 499, 6));
        assert_eq!(seen(&mut rewriter, vp8(19, 0, 505, 10)), Some((105, 503, 10)));
        for (number, sequence) in [(100, 10), (101, 13), (103, 17), (104, 18), (105, 19)] {
            assert_eq!(rewriter.original(number).map(|found| found.sequence), Some(sequence));
        }
    }

    #[test]
    fn another_layer_goes_on_with_the_numbers_of_the_one_before() {
        let start = epoch();
        let mut rewriter = SequenceRewriter::new(100, RATE);
        rewriter.begin(start, vp8(10, 0, 500, 7), None).unwrap();
        let other =
            |sequence, picture, base| Position { layer: 2, ..vp8(sequence, 0, picture, base) };
        rewriter.begin(start, other(70_000, 0x7FFF, 255), None).unwrap();
        assert_eq!(seen(&mut rewriter, other(70_000, 0x7FFF, 255)), Some((101, 501, 8)));
        assert_eq!(seen(&mut rewriter, other(70_001, 0, 0)), Some((102, 502, 9)));
        assert_eq!(seen(&mut rewriter, vp8(11, 0, 501, 8)), None, "that layer is over");
        assert_eq!(seen(&mut rewriter, vp8(10, 0, 500, 7)), Some((100, 500, 7)));
        assert_eq!(rewriter.original(100).map(|found| found.layer), Some(0));
        assert_eq!(rewriter.original(102).map(|found| found.layer), Some(2));
        assert_eq!(rewriter.begin(start, vp8(10, 0, 500, 7), None), Err(AlreadyPassed));
        assert_eq!(rewriter.begin(start, vp8(11, 0, 501, 8), None), Ok(()));
    }

    #[test]
    fn a_timeline_is_where_it_was_after_time_had_to_move_on() {
        let start = epoch();
        let mut rewriter = begun(start, 10, 90_000);
        // The same instant in another layer's time: the frame must come after the last one.
        let other = Position { layer: 1, ..place(5, 1_000) };
        rewriter.begin(start, other, Some(89_000)).unwrap();
        assert_eq!(rewriter.rewrite(start, other).unwrap().timestamp, 90_001);
        assert_eq!(rewriter.timeline_offset(), Some(89_000));
        rewriter.begin(after(start, 40), place(20, 93_600), Some(0)).unwrap();
        assert_eq!(
            rewriter.rewrite(after(start, 40), place(20, 93_600)).unwrap().timestamp,
            93_600
        );
    }
}
