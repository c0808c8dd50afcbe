//! Transport-wide feedback: when each packet of a publisher came, for its bandwidth estimate
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01).

mod read;

pub use read::{Statuses, TransportFeedback};

use std::{
    num::NonZeroU64,
    time::{Duration, Instant},
};

use super::{
    HEADER_BYTES, feedback_format, packet_type,
    reception::extend,
    write::{packet, put_u32},
};

/// Time between feedbacks: often enough for the estimator, which takes 50 to 250 ms.
const INTERVAL: Duration = Duration::from_millis(50);

/// How many sequence numbers are remembered; at 50 ms, 40,000 packets a second.
const WINDOW: u64 = 2048;

/// Most packet statuses of one feedback.
const MAX_STATUSES: usize = 1024;

/// Most arrivals of one feedback. With [`MAX_STATUSES`] it keeps the packet within 1,120 bytes:
/// two bytes for seven statuses, two for an arrival.
const MAX_ARRIVALS: usize = 400;

/// Where the first sequence number is put, so that reordering before it stays above zero.
const FIRST_CYCLE: u64 = 1 << 16;

/// Microseconds of an arrival tick (3.1.5).
const TICK_MICROSECONDS: u128 = 250;

/// Ticks of one unit of the reference time, 64 ms (3.1).
const TICKS_PER_REFERENCE: u64 = 256;

/// Longest run of a run-length chunk: 13 bits (3.1.3).
const MAX_RUN: usize = 0x1fff;

/// Statuses of a vector chunk of one-bit and of two-bit symbols (3.1.4).
const ONE_BIT_SYMBOLS: usize = 14;
const TWO_BIT_SYMBOLS: usize = 7;

/// Records the arrivals of one transport. Tell it every packet with a transport-wide sequence
/// number, then send what [`poll_feedback`](Self::poll_feedback) writes.
#[derive(Debug, Default)]
pub struct TwccRecorder {
    /// What arrival ticks count from.
    start: Option<Instant>,
    /// Arrival of the extended sequence number `n` at `n % WINDOW`, for `n` in the last `WINDOW`
    /// before `end`: one more than its tick. Empty before the first packet.
    arrivals: Box<[Option<NonZeroU64>]>,
    /// The first sequence number of the next feedback.
    begin: u64,
    /// One past the highest sequence number.
    end: u64,
    next_feedback: Option<Instant>,
    feedback_count: u8,
}

/// What a feedback says about one packet (3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    NotReceived = 0,
    /// Its delta fits an unsigned byte.
    SmallDelta = 1,
    /// Its delta, perhaps negative, needs two.
    LargeDelta = 2,
}

/// The statuses and the times of one feedback, before they are written.
struct Feedback {
    base: u64,
    statuses: [Status; MAX_STATUSES],
    count: usize,
    /// Arrival of the first received packet, rounded down, in units of 64 ms.
    reference: u64,
}

impl TwccRecorder {
    /// Notes that the packet with this transport-wide sequence number came `now`. Of a repeated
    /// one the first arrival counts; one further back than the window is ignored.
    pub fn record(&mut self, now: Instant, sequence: u16) {
        let start = *self.start.get_or_insert(now);
        let tick = now.saturating_duration_since(start).as_micros() / TICK_MICROSECONDS;
        let arrival = NonZeroU64::MIN.saturating_add(u64::try_from(tick).unwrap_or(u64::MAX));
        let extended = self.place(sequence);
        if extended.saturating_add(WINDOW) < self.end {
            return;
        }
        if let Some(slot) = self.slot_mut(extended)
            && slot.is_none()
        {
            *slot = Some(arrival);
            // A late packet is reported after all, with the ones since it (as libwebrtc does).
            self.begin = self.begin.min(extended);
            self.next_feedback = self.next_feedback.or_else(|| now.checked_add(INTERVAL));
        }
    }

    /// Appends one feedback packet to `out` if one is due, and returns whether it did. Call it
    /// until it does not: a burst may need several, each at most 1,120 bytes.
    pub fn poll_feedback(
        &mut self,
        now: Instant,
        sender_ssrc: u32,
        media_ssrc: u32,
        out: &mut Vec<u8>,
    ) -> bool {
        if self.next_feedback.is_none_or(|due| now < due) {
            return false;
        }
        let Some(feedback) = self.collect() else {
            self.next_feedback = None;
            return false;
        };
        packet(out, packet_type::TRANSPORT_FEEDBACK, feedback_format::TRANSPORT_WIDE, |out| {
            put_u32(out, sender_ssrc);
            put_u32(out, media_ssrc);
            self.write(&feedback, out);
        });
        self.feedback_count = self.feedback_count.wrapping_add(1);
        self.begin = feedback.end();
        true
    }

    /// When feedback is due; `None` while there is nothing to report.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next_feedback
    }

    /// Extends a sequence number and makes room for it.
    fn place(&mut self, sequence: u16) -> u64 {
        if self.end == 0 {
            self.arrivals = (0..WINDOW).map(|_| None).collect();
            self.begin = FIRST_CYCLE.saturating_add(u64::from(sequence));
            self.end = self.begin;
        }
        let extended = extend(self.end.saturating_sub(1), sequence);
        if extended >= self.end {
            let end = extended.saturating_add(1);
            let cleared = end.saturating_sub(self.end).min(WINDOW);
            for sequence in end.saturating_sub(cleared)..end {
                if let Some(slot) = self.slot_mut(sequence) {
                    *slot = None;
                }
            }
            self.end = end;
            self.begin = self.begin.max(end.saturating_sub(WINDOW));
        }
        extended
    }

    fn slot_mut(&mut self, sequence: u64) -> Option<&mut Option<NonZeroU64>> {
        self.arrivals.get_mut(usize::try_from(sequence % WINDOW).ok()?)
    }

    /// The tick at which a packet came.
    fn arrival(&self, sequence: u64) -> Option<u64> {
        let arrival = self.arrivals.get(usize::try_from(sequence % WINDOW).ok()?)?;
        arrival.map(|arrival| arrival.get().saturating_sub(1))
    }

    /// Takes the statuses of the next feedback: from `begin`, as far as one packet reaches.
    /// `None` when nothing came since the last one.
    fn collect(&self) -> Option<Feedback> {
        let first = (self.begin..self.end).find(|sequence| self.arrival(*sequence).is_some())?;
        // Of a gap longer than a packet's statuses only the end is reported.
        let lost_before = first.saturating_sub(self.begin).min(MAX_STATUSES as u64 / 2);
        let reference = self.arrival(first)? / TICKS_PER_REFERENCE;
        let base = first.saturating_sub(lost_before);
        let mut feedback =
            Feedback { base, statuses: [Status::NotReceived; MAX_STATUSES], count: 0, reference };
        let mut last = reference.saturating_mul(TICKS_PER_REFERENCE);
        let mut arrivals = 0_usize;
        for (sequence, slot) in (base..self.end).zip(0..MAX_STATUSES) {
            let arrival = self.arrival(sequence);
            let status = arrival.map_or(Some(Status::NotReceived), |tick| Status::of(last, tick));
            let Some(status) = status.filter(|_| arrivals < MAX_ARRIVALS) else { break };
            if let Some(tick) = arrival {
                last = tick;
                arrivals = arrivals.saturating_add(1);
            }
            if let Some(entry) = feedback.statuses.get_mut(slot) {
                *entry = status;
            }
            feedback.count = slot.saturating_add(1);
        }
        Some(feedback)
    }

    /// Writes what follows the two SSRCs (3.1).
    fn write(&self, feedback: &Feedback, out: &mut Vec<u8>) {
        let start = out.len();
        let [.., base_high, base_low] = feedback.base.to_be_bytes();
        let count = u16::try_from(feedback.count).expect("at most 1024 statuses");
        let [.., high, middle, low] = feedback.reference.to_be_bytes();
        out.extend_from_slice(&[base_high, base_low]);
        out.extend_from_slice(&count.to_be_bytes());
        out.extend_from_slice(&[high, middle, low, self.feedback_count]);
        write_chunks(feedback.statuses(), out);
        let mut last = feedback.reference.saturating_mul(TICKS_PER_REFERENCE);
        for tick in (feedback.base..feedback.end()).filter_map(|sequence| self.arrival(sequence)) {
            write_delta(last, tick, out);
            last = tick;
        }
        pad(start, out);
    }
}

impl Feedback {
    fn statuses(&self) -> &[Status] {
        self.statuses.get(..self.count).unwrap_or_default()
    }

    fn end(&self) -> u64 {
        self.base.saturating_add(self.count as u64)
    }
}

impl Status {
    /// The status of a packet that came at `tick`, after one at `last`; `None` when the difference
    /// does not fit two bytes (3.1.5), so that a new packet must begin.
    fn of(last: u64, tick: u64) -> Option<Self> {
        let delta = i16::try_from(tick.checked_signed_diff(last)?).ok()?;
        Some(if (0..=0xff).contains(&delta) { Self::SmallDelta } else { Self::LargeDelta })
    }

    const fn symbol(self) -> u16 {
        self as u16
    }
}

/// Writes an arrival as its difference to the one before, in ticks (3.1.5).
fn write_delta(last: u64, tick: u64, out: &mut Vec<u8>) {
    let delta = tick.checked_signed_diff(last).and_then(|delta| i16::try_from(delta).ok());
    let delta = delta.expect("collect() ends a feedback before a larger difference");
    match u8::try_from(delta) {
        Ok(small) => out.push(small),
        Err(_) => out.extend_from_slice(&delta.to_be_bytes()),
    }
}

/// Writes the statuses as packet chunks (3.1.3, 3.1.4): a run where it is longer than the vector
/// it replaces, else a vector of the narrowest symbols.
fn write_chunks(mut statuses: &[Status], out: &mut Vec<u8>) {
    while let Some(&first) = statuses.first() {
        let run = statuses.iter().take_while(|status| **status == first).count().min(MAX_RUN);
        let vector = statuses.get(..ONE_BIT_SYMBOLS.min(statuses.len())).unwrap_or_default();
        let one_bit = !vector.contains(&Status::LargeDelta);
        let vector_length = if one_bit { ONE_BIT_SYMBOLS } else { TWO_BIT_SYMBOLS };
        let (chunk, taken) = if run >= vector_length.min(statuses.len()) {
            (run_chunk(first, run), run)
        } else if one_bit {
            (0x8000 | vector_bits(vector, ONE_BIT_SYMBOLS, 1), vector.len())
        } else {
            let vector = vector.get(..TWO_BIT_SYMBOLS).unwrap_or(vector);
            (0xc000 | vector_bits(vector, TWO_BIT_SYMBOLS, 2), vector.len())
        };
        out.extend_from_slice(&chunk.to_be_bytes());
        statuses = statuses.get(taken..).unwrap_or_default();
    }
}

fn run_chunk(status: Status, run: usize) -> u16 {
    (status.symbol() << 13) | u16::try_from(run).expect("a run has 13 bits")
}

/// The symbols of a vector chunk, the first in the highest bits; a short one ends in zeros.
fn vector_bits(statuses: &[Status], symbols: usize, width: u32) -> u16 {
    let padded = statuses.iter().map(|status| status.symbol()).chain(std::iter::repeat(0));
    padded.take(symbols).fold(0, |bits, symbol| (bits << width) | symbol)
}

/// Fills the last word with padding (RFC 3550 6.4.1): zeros, their count, and the P bit of the
/// header, which is `HEADER_BYTES` and two SSRCs before `start`.
fn pad(start: usize, out: &mut Vec<u8>) {
    let used = out.len().saturating_sub(start) % 4;
    let padding: &[u8] = match used {
        0 => return,
        1 => &[0, 0, 3],
        2 => &[0, 2],
        _ => &[1],
    };
    out.extend_from_slice(padding);
    let header = start.checked_sub(HEADER_BYTES.saturating_add(8));
    if let Some(first) = header.and_then(|header| out.get_mut(header)) {
        *first |= 0x20;
    }
}

#[cfg(test)]
mod tests;
