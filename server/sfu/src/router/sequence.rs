//! One consumer's own numbering: continuous sequence numbers and timestamps over pauses, restarts
//! of the source and changes of layer.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::modular::{distance16, distance32, low16, low32, ticks};

/// The most segments remembered; retransmissions and stragglers of older ones are not answered.
/// A viewer would have to pause 16 times within the second that packets are cached.
const MAX_SEGMENTS: usize = 16;

/// How far the publisher's clock may differ from ours over a pause before its timestamps are moved.
/// An unmoved timeline keeps earlier sender reports true; a source that held its frames back or
/// arrived with jitter is off by less than this, one with another timeline by more.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(1);

/// Maps the packets a consumer is sent to numbers of its own.
///
/// A *segment* is a run of consecutive input numbers that goes out as a run of consecutive output
/// numbers: a packet lost upstream stays a hole of the same place and width, and fills it when it
/// comes late. Segments follow each other in the output without a hole. Input numbers are extended
/// and never repeat, so no output number is used for two packets.
///
/// [`SequenceRewriter::begin`] starts a segment at a packet, [`SequenceRewriter::rewrite`] numbers
/// that packet and the following ones, [`SequenceRewriter::original`] finds what a number was.
#[derive(Debug)]
pub(super) struct SequenceRewriter {
    clock_rate: u32,
    /// Where the output starts.
    first_index: u64,
    /// Oldest first.
    segments: VecDeque<Segment>,
    last: Option<LastSent>,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    /// The first input number.
    input: u64,
    /// The highest input number sent so far.
    last_input: u64,
    /// The output number of `input`.
    output: u64,
    /// What is added to input timestamps, modulo 2^32.
    timestamp_offset: u32,
}

impl Segment {
    const fn last_output(&self) -> u64 {
        self.output + (self.last_input - self.input)
    }

    const fn rewritten(&self, sequence: u64, timestamp: u32) -> Rewritten {
        Rewritten {
            index: self.output + (sequence - self.input),
            timestamp: timestamp.wrapping_add(self.timestamp_offset),
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
pub(super) struct Position {
    /// The next output number.
    next_index: u64,
    last: Option<LastSent>,
}

/// A packet's place in the consumer's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rewritten {
    /// The sequence number, extended by the roll-over counter (RFC 3711 section 3.3.1).
    pub(super) index: u64,
    pub(super) timestamp: u32,
}

/// A packet that was sent, as [`SequenceRewriter::original`] finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Original {
    /// Its input number.
    pub(super) sequence: u64,
    /// Its output number, extended.
    pub(super) index: u64,
    /// What was added to its timestamp.
    pub(super) timestamp_offset: u32,
}

/// Why a segment cannot begin at a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AlreadyPassed;

impl SequenceRewriter {
    pub(super) const fn new(first_number: u16, clock_rate: u32) -> Self {
        let first_index = first_number as u64;
        Self { clock_rate, first_index, segments: VecDeque::new(), last: None }
    }

    /// Goes on where another rewriter of the same output stands.
    pub(super) const fn at(position: Position, clock_rate: u32) -> Self {
        let Position { next_index: first_index, last } = position;
        Self { clock_rate, first_index, segments: VecDeque::new(), last }
    }

    /// Where the output stands.
    pub(super) fn position(&self) -> Position {
        let last = self.segments.back().map(|segment| segment.last_output() + 1);
        Position { next_index: last.unwrap_or(self.first_index), last: self.last }
    }

    /// Starts a segment at the input packet `sequence`, which must be newer than all sent before.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        sequence: u64,
        timestamp: u32,
    ) -> Result<(), AlreadyPassed> {
        let previous = self.segments.back().copied();
        if previous.is_some_and(|previous| sequence <= previous.last_input) {
            return Err(AlreadyPassed);
        }
        let segment = Segment {
            input: sequence,
            last_input: sequence,
            output: previous.map_or(self.first_index, |previous| previous.last_output() + 1),
            timestamp_offset: self.offset_for(now, timestamp),
        };
        if self.segments.len() >= MAX_SEGMENTS {
            self.segments.pop_front();
        }
        self.segments.push_back(segment);
        self.last =
            Some(LastSent { at: now, timestamp: segment.rewritten(sequence, timestamp).timestamp });
        Ok(())
    }

    /// Numbers the input packet `sequence`; `None` when it belongs to no segment.
    pub(super) fn rewrite(
        &mut self,
        now: Instant,
        sequence: u64,
        timestamp: u32,
    ) -> Option<Rewritten> {
        let current = self.segments.back_mut()?;
        if sequence < current.input {
            return self.rewrite_straggler(sequence, timestamp);
        }
        let rewritten = current.rewritten(sequence, timestamp);
        if sequence > current.last_input {
            current.last_input = sequence;
            self.last = Some(LastSent { at: now, timestamp: rewritten.timestamp });
        }
        Some(rewritten)
    }

    /// What went out with the recent output number `number`.
    pub(super) fn original(&self, number: u16) -> Option<Original> {
        let newest = self.segments.back()?.last_output();
        let back = distance16(number, low16(newest));
        let index = newest.checked_sub(u64::try_from(back).ok()?)?;
        let segment = self.segments.iter().rev().find(|segment| segment.output <= index)?;
        Some(Original {
            sequence: segment.input + (index - segment.output),
            index,
            timestamp_offset: segment.timestamp_offset,
        })
    }

    /// What is added to the newest segment's timestamps.
    pub(super) fn timestamp_offset(&self) -> Option<u32> {
        self.segments.back().map(|segment| segment.timestamp_offset)
    }

    fn rewrite_straggler(&self, sequence: u64, timestamp: u32) -> Option<Rewritten> {
        self.segments
            .iter()
            .rev()
            .find(|segment| (segment.input..=segment.last_input).contains(&sequence))
            .map(|segment| segment.rewritten(sequence, timestamp))
    }

    /// The offset that lets the output's time go on from the last packet by what passed since: the
    /// previous one if the publisher's clock agrees with ours, else a new one.
    fn offset_for(&self, now: Instant, timestamp: u32) -> u32 {
        let Some(last) = self.last else { return 0 };
        let elapsed = ticks(now.saturating_duration_since(last.at), self.clock_rate);
        let moved = last.timestamp.wrapping_add(low32(elapsed.max(1))).wrapping_sub(timestamp);
        let Some(offset) = self.timestamp_offset() else { return moved };
        let tolerance = ticks(CLOCK_TOLERANCE, self.clock_rate);
        let expected = last.timestamp.wrapping_add(low32(elapsed));
        let kept = timestamp.wrapping_add(offset);
        let forward = elapsed > tolerance || distance32(last.timestamp, kept) > 0;
        if forward && u64::from(distance32(expected, kept).unsigned_abs()) <= tolerance {
            offset
        } else {
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::epoch;

    use super::*;

    const RATE: u32 = 90_000;

    fn after(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    fn begun(start: Instant, sequence: u64, timestamp: u32) -> SequenceRewriter {
        let mut rewriter = SequenceRewriter::new(1000, RATE);
        rewriter.begin(start, sequence, timestamp).unwrap();
        rewriter
    }

    #[test]
    fn a_hole_upstream_stays_a_hole_and_a_late_packet_fills_it() {
        let start = epoch();
        let mut rewriter = begun(start, 70_000, 0);
        let index =
            |rewriter: &mut SequenceRewriter, n| rewriter.rewrite(start, n, 0).unwrap().index;
        assert_eq!(index(&mut rewriter, 70_000), 1000);
        assert_eq!(index(&mut rewriter, 70_003), 1003);
        assert_eq!(index(&mut rewriter, 70_001), 1001);
        assert_eq!(rewriter.rewrite(start, 69_999, 0), None);
    }

    #[test]
    fn a_pause_leaves_no_hole_and_time_goes_on_with_the_publishers_clock() {
        let start = epoch();
        let mut rewriter = begun(start, 10, 5000);
        rewriter.rewrite(start, 12, 5000).unwrap();
        // Two seconds and a little jitter later.
        rewriter.begin(after(start, 2040), 400, 5000 + 180_000).unwrap();
        let next = rewriter.rewrite(after(start, 2040), 400, 5000 + 180_000).unwrap();
        assert_eq!(next, Rewritten { index: 1003, timestamp: 185_000 });
        // A packet that was on its way during the pause belongs nowhere, an older straggler does.
        assert_eq!(rewriter.rewrite(after(start, 2041), 399, 0), None);
        assert_eq!(rewriter.rewrite(after(start, 2041), 11, 5000).unwrap().index, 1001);
    }

    #[test]
    fn another_timeline_goes_on_where_the_last_one_was_plus_what_passed() {
        let start = epoch();
        for timestamp in [7, 0x8000_0000, 4000, u32::MAX] {
            let mut rewriter = begun(start, 10, 5000);
            rewriter.begin(after(start, 2000), 400, timestamp).unwrap();
            let next = rewriter.rewrite(after(start, 2000), 400, timestamp).unwrap();
            assert_eq!(next.timestamp, 185_000, "from {timestamp}");
        }
    }

    #[test]
    fn another_input_goes_on_where_the_one_before_stood() {
        let start = epoch();
        let mut before = begun(start, 10, 5000);
        before.rewrite(start, 12, 5000).unwrap();
        let mut next = SequenceRewriter::at(before.position(), RATE);
        // Smaller input numbers than before, and another clock.
        next.begin(after(start, 1000), 3, 77).unwrap();
        let rewritten = next.rewrite(after(start, 1000), 3, 77);
        assert_eq!(rewritten, Some(Rewritten { index: 1003, timestamp: 95_000 }));
        assert_eq!(next.original(1002), None, "what the other input was is not asked of this one");
        let unused = SequenceRewriter::new(7, RATE).position();
        assert_eq!(SequenceRewriter::at(unused, RATE).position().next_index, 7);
    }

    #[test]
    fn time_moves_on_even_when_none_passed() {
        let start = epoch();
        let mut rewriter = begun(start, 10, 5000);
        rewriter.begin(start, 11, 4999).unwrap();
        assert_eq!(rewriter.rewrite(start, 11, 4999).unwrap().timestamp, 5001);
    }

    #[test]
    fn a_segment_cannot_begin_at_what_was_passed() {
        let start = epoch();
        let mut rewriter = begun(start, 10, 0);
        rewriter.rewrite(start, 15, 0).unwrap();
        assert_eq!(rewriter.begin(start, 15, 0), Err(AlreadyPassed));
        assert_eq!(rewriter.begin(start, 16, 0), Ok(()));
    }

    #[test]
    fn every_output_number_leads_back_to_its_packet_over_segments_and_wraps() {
        let start = epoch();
        let mut rewriter = SequenceRewriter::new(0xFFF0, RATE);
        let mut sent = Vec::new();
        let time = |sequence: u64| low32(sequence);
        for (first, count) in [(100, 10), (500, 20), (70_000, 5)] {
            rewriter.begin(start, first, time(first)).unwrap();
            for sequence in first..first + count {
                let rewritten = rewriter.rewrite(start, sequence, time(sequence)).unwrap();
                sent.push((sequence, rewritten.index));
            }
        }
        for (sequence, index) in sent {
            let original = Original { sequence, index, timestamp_offset: 0 };
            assert_eq!(rewriter.original(low16(index)), Some(original));
        }
        assert_eq!(rewriter.original(0xFFEF), None, "before the first");
        assert_eq!(rewriter.original(0xFFF0u16.wrapping_add(35)), None, "after the last");
    }

    #[test]
    fn segments_are_bounded() {
        let start = epoch();
        let mut rewriter = SequenceRewriter::new(0, RATE);
        for n in 0..100 {
            rewriter.begin(after(start, n), n * 10, 0).unwrap();
        }
        assert_eq!(rewriter.segments.len(), MAX_SEGMENTS);
        assert_eq!(rewriter.original(99).map(|original| original.sequence), Some(990));
        assert_eq!(rewriter.original(50), None);
    }
}
