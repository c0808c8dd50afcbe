//! What we report about a stream we receive (RFC 3550 6.4.1 and appendix A).

use std::time::{Duration, Instant};

use super::{
    REPORT_BLOCK_BYTES,
    ntp::{NtpTime, to_compact},
    take_u32,
};

/// A jump forward by less than this is loss; a larger one may be a restart (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3000;
/// A step back by at most this is reordering (RFC 3550 A.1, which says 100; video bursts and
/// retransmissions reach further back).
const MAX_MISORDER: u16 = 1000;

/// Where the first sequence number is put, so that one before it is still above zero.
const FIRST_CYCLE: u64 = 1 << 16;

/// One report block (RFC 3550 6.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream reported on.
    pub ssrc: u32,
    /// Share of packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; negative when duplicates outnumber losses. 24 bits.
    pub cumulative_lost: i32,
    /// Highest sequence number received, extended by the count of its cycles.
    pub highest_sequence: u32,
    /// Interarrival jitter, in units of the RTP clock.
    pub jitter: u32,
    /// Middle 32 bits of the last sender report's NTP time, 0 when there is none.
    pub last_sr: u32,
    /// Time since that report came, in 1/65536 s.
    pub delay_since_last_sr: u32,
}

impl ReportBlock {
    /// Reads a block.
    #[must_use]
    pub fn from_bytes(block: &[u8; REPORT_BLOCK_BYTES]) -> Self {
        let mut rest = block.as_slice();
        let mut next = || {
            let (word, after) = take_u32(rest).unwrap_or_default();
            rest = after;
            word
        };
        let ssrc = next();
        let [fraction_lost, lost @ ..] = next().to_be_bytes();
        let [high, middle, low] = lost;
        Self {
            ssrc,
            fraction_lost,
            // Shifted down again as a signed number, the upper bits repeat the sign.
            cumulative_lost: i32::from_be_bytes([high, middle, low, 0]) >> 8,
            highest_sequence: next(),
            jitter: next(),
            last_sr: next(),
            delay_since_last_sr: next(),
        }
    }

    /// Writes the block.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; REPORT_BLOCK_BYTES] {
        let [_, high, middle, low] =
            self.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff).to_be_bytes();
        let lost = u32::from_be_bytes([self.fraction_lost, high, middle, low]);
        let words = [
            self.ssrc,
            lost,
            self.highest_sequence,
            self.jitter,
            self.last_sr,
            self.delay_since_last_sr,
        ];
        let mut block = [0; REPORT_BLOCK_BYTES];
        for (bytes, word) in block.chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        block
    }
}

/// Follows one received SSRC. Drive it with [`on_packet`](Self::on_packet) for every authentic
/// packet and [`on_sender_report`](Self::on_sender_report); then ask for a
/// [`report`](Self::report) about once a second.
#[derive(Debug, Clone)]
pub struct ReceptionStatistics {
    ssrc: u32,
    clock_rate: u32,
    start: Instant,
    sequences: Option<Sequences>,
    /// Transit time of the last packet, in RTP units.
    transit: Option<u32>,
    /// Jitter in 1/16 RTP units.
    jitter_16: u32,
    last_sr: Option<(u32, Instant)>,
}

/// The counters of RFC 3550 A.1, with sequence numbers that do not wrap.
#[derive(Debug, Clone, Copy)]
struct Sequences {
    base: u64,
    highest: u64,
    received: u64,
    expected_prior: u64,
    received_prior: u64,
    /// The sequence number that would confirm a restart.
    restart_at: Option<u16>,
}

impl ReceptionStatistics {
    /// Begins at `now` to follow `ssrc`, whose RTP clock ticks `clock_rate` times a second.
    #[must_use]
    pub fn new(now: Instant, ssrc: u32, clock_rate: u32) -> Self {
        Self {
            ssrc,
            clock_rate,
            start: now,
            sequences: None,
            transit: None,
            jitter_16: 0,
            last_sr: None,
        }
    }

    /// Counts a packet. Returns its sequence number extended so that it never wraps, or `None`
    /// for one far from all others, which counts only if the next one follows it (RFC 3550 A.1).
    pub fn on_packet(&mut self, now: Instant, sequence: u16, rtp_timestamp: u32) -> Option<u64> {
        let extended = match &mut self.sequences {
            Some(sequences) => sequences.update(sequence)?,
            None => self.sequences.insert(Sequences::starting_at(sequence, FIRST_CYCLE)).highest,
        };
        self.update_jitter(now, rtp_timestamp);
        Some(extended)
    }

    /// Notes a sender report of this stream.
    pub fn on_sender_report(&mut self, now: Instant, ntp: NtpTime) {
        self.last_sr = Some((ntp.compact(), now));
    }

    /// The report since the last one; `None` before the first packet.
    pub fn report(&mut self, now: Instant) -> Option<ReportBlock> {
        let sequences = self.sequences.as_mut()?;
        let (last_sr, delay_since_last_sr) = self.last_sr.map_or((0, 0), |(compact, at)| {
            (compact, to_compact(now.saturating_duration_since(at)))
        });
        Some(ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: sequences.fraction_lost(),
            cumulative_lost: sequences.cumulative_lost(),
            highest_sequence: low_32_bits(sequences.highest.saturating_sub(FIRST_CYCLE)),
            jitter: self.jitter_16 >> 4,
            last_sr,
            delay_since_last_sr,
        })
    }

    /// The smoothed difference of transit times (RFC 3550 A.8).
    fn update_jitter(&mut self, now: Instant, rtp_timestamp: u32) {
        let elapsed = now.saturating_duration_since(self.start);
        let transit = rtp_units(elapsed, self.clock_rate).wrapping_sub(rtp_timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let difference = transit.wrapping_sub(before).cast_signed().unsigned_abs();
            let smoothed = self.jitter_16.saturating_add(8) >> 4;
            self.jitter_16 = self.jitter_16.saturating_sub(smoothed).saturating_add(difference);
        }
    }
}

impl Sequences {
    fn starting_at(sequence: u16, cycle: u64) -> Self {
        let first = cycle.saturating_add(u64::from(sequence));
        Self {
            base: first,
            highest: first,
            received: 1,
            expected_prior: 0,
            received_prior: 0,
            restart_at: None,
        }
    }

    fn update(&mut self, sequence: u16) -> Option<u64> {
        let extended = extend(self.highest, sequence);
        let forward = extended.checked_sub(self.highest);
        let backward = self.highest.saturating_sub(extended);
        match forward {
            Some(step) if step < u64::from(MAX_DROPOUT) => self.highest = extended,
            None if backward <= u64::from(MAX_MISORDER) => {}
            _ if self.restart_at == Some(sequence) => {
                // The next whole cycle keeps the numbers rising.
                let cycle = (self.highest | 0xffff).saturating_add(1);
                *self = Self::starting_at(sequence, cycle);
                return Some(self.highest);
            }
            _ => {
                self.restart_at = Some(sequence.wrapping_add(1));
                return None;
            }
        }
        self.restart_at = None;
        self.received = self.received.saturating_add(1);
        Some(extended)
    }

    /// RFC 3550 A.3: the part of what was expected since the last call that did not come.
    fn fraction_lost(&mut self) -> u8 {
        let expected = self.expected();
        let expected_interval = expected.saturating_sub(self.expected_prior);
        let received_interval = self.received.saturating_sub(self.received_prior);
        (self.expected_prior, self.received_prior) = (expected, self.received);
        let lost = expected_interval.saturating_sub(received_interval);
        let fraction = lost.saturating_mul(256).checked_div(expected_interval).unwrap_or(0);
        u8::try_from(fraction).unwrap_or(u8::MAX)
    }

    /// RFC 3550 A.3: expected less received, held within 24 signed bits.
    fn cumulative_lost(&self) -> i32 {
        let lost = i128::from(self.expected()).saturating_sub(i128::from(self.received));
        i32::try_from(lost.clamp(-0x80_0000, 0x7f_ffff)).expect("clamped to 24 bits")
    }

    fn expected(&self) -> u64 {
        self.highest.saturating_sub(self.base).saturating_add(1)
    }
}

/// The number nearest to `near` whose low 16 bits are `sequence`; zero at the lower end.
pub(super) fn extend(near: u64, sequence: u16) -> u64 {
    let [.., high, low] = near.to_be_bytes();
    let offset = sequence.wrapping_sub(u16::from_be_bytes([high, low])).cast_signed();
    near.saturating_add_signed(i64::from(offset))
}

/// A duration in ticks of an RTP clock, wrapping as RTP timestamps do.
fn rtp_units(elapsed: Duration, clock_rate: u32) -> u32 {
    let nanoseconds = elapsed.as_nanos().saturating_mul(u128::from(clock_rate));
    let [.., a, b, c, d] = (nanoseconds / 1_000_000_000).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

fn low_32_bits(value: u64) -> u32 {
    let [.., a, b, c, d] = value.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
