//! RTCP: reports and requests between us and one peer (RFC 3550, RFC 4585, RFC 5104).
//!
//! | module | what it holds |
//! |---|---|
//! | this one | [`parse`] and the messages it gives |
//! | [`write`] | one function per packet we send |
//! | [`ntp`] | wall-clock time as RTCP has it |
//! | [`reception`] | what we report about a stream we receive |
//! | [`twcc`] | transport-wide feedback for the sender's bandwidth estimate |
//!
//! Packets are read and written in place; nothing here allocates per packet.

pub mod ntp;
pub mod reception;
#[cfg(test)]
mod tests;
pub mod twcc;
pub mod write;

use ntp::NtpTime;
use reception::ReportBlock;

/// Packet types (RFC 3550 12.1, RFC 4585 6.1, RFC 3611 2).
mod packet_type {
    pub(super) const SENDER_REPORT: u8 = 200;
    pub(super) const RECEIVER_REPORT: u8 = 201;
    pub(super) const SOURCE_DESCRIPTION: u8 = 202;
    pub(super) const BYE: u8 = 203;
    pub(super) const TRANSPORT_FEEDBACK: u8 = 205;
    pub(super) const PAYLOAD_FEEDBACK: u8 = 206;
    pub(super) const EXTENDED_REPORT: u8 = 207;
}

/// Formats of the two feedback packet types (RFC 4585 6.2 and 6.3, RFC 5104 4.3.1, transport-wide
/// congestion control draft 3.1).
mod feedback_format {
    pub(super) const NACK: u8 = 1;
    pub(super) const TRANSPORT_WIDE: u8 = 15;
    pub(super) const PLI: u8 = 1;
    pub(super) const FIR: u8 = 4;
    pub(super) const APPLICATION: u8 = 15;
}

/// Blocks of extended reports (RFC 3611 4.4 and 4.5).
mod extended_block {
    pub(super) const REFERENCE_TIME: u8 = 4;
    pub(super) const DELAY_SINCE_REFERENCE: u8 = 5;
}

/// Bytes of the header every packet starts with (RFC 3550 6.4).
const HEADER_BYTES: usize = 4;
/// Bytes of a report block (RFC 3550 6.4.1).
const REPORT_BLOCK_BYTES: usize = 24;

/// One packet of a compound.
#[derive(Debug, Clone)]
pub enum RtcpMessage<'a> {
    /// What a sender has sent, and the wall-clock time of its RTP time (RFC 3550 6.4.1).
    SenderReport {
        /// The sender.
        ssrc: u32,
        /// Wall-clock time of the report.
        ntp: NtpTime,
        /// The same instant on the stream's RTP clock.
        rtp_timestamp: u32,
        /// Packets sent.
        packet_count: u32,
        /// Payload bytes sent.
        octet_count: u32,
        /// What the sender receives.
        blocks: ReportBlocks<'a>,
    },
    /// What a receiver receives (RFC 3550 6.4.2).
    ReceiverReport {
        /// The receiver.
        ssrc: u32,
        /// One block per stream.
        blocks: ReportBlocks<'a>,
    },
    /// A request to send packets again (RFC 4585 6.2.1).
    Nack {
        /// Who asks.
        sender_ssrc: u32,
        /// Of which stream.
        media_ssrc: u32,
        /// Which sequence numbers.
        lost: LostSequences<'a>,
    },
    /// A request for a picture that can be decoded by itself (RFC 4585 6.3.1).
    Pli {
        /// Of which stream.
        media_ssrc: u32,
    },
    /// A command to send a key frame (RFC 5104 4.3.1).
    Fir {
        /// To which streams.
        requests: FirRequests<'a>,
    },
    /// Streams that end (RFC 3550 6.6).
    Bye {
        /// Which.
        sources: Sources<'a>,
    },
    /// The time at a receiver, who wants to know how long its way to us and back is, and asks for it
    /// to be echoed with [`write::delay_since_reference`] (RFC 3611 4.4).
    ReferenceTime {
        /// The receiver.
        ssrc: u32,
        /// Its wall-clock time.
        ntp: NtpTime,
    },
    /// Transport-wide feedback, the whole packet with its header, without its padding.
    TransportFeedback(&'a [u8]),
    /// Anything else, such as source descriptions and other extended reports.
    Other,
}

/// Why a packet cannot be read. What came before it in the compound stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtcpError {
    /// The version is not 2.
    #[error("an RTCP packet of an unknown version")]
    Version,
    /// A length reaches past the end.
    #[error("an RTCP packet is longer than its datagram")]
    Truncated,
    /// The padding is longer than the packet, or empty.
    #[error("an RTCP packet has padding it cannot have")]
    Padding,
    /// The packet is too short for what its type has.
    #[error("an RTCP packet of type {0} is too short")]
    TooShort(u8),
}

/// Reads a decrypted RTCP datagram: a compound (RFC 3550 6.1) or reduced-size (RFC 5506) one.
/// The first error ends it.
#[must_use]
pub fn parse(datagram: &[u8]) -> Messages<'_> {
    Messages { rest: datagram }
}

/// The packets of one datagram.
#[derive(Debug, Clone)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<RtcpMessage<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let message = self.split_packet().and_then(|packet| packet.message());
        if message.is_err() {
            self.rest = &[];
        }
        Some(message)
    }
}

impl<'a> Messages<'a> {
    fn split_packet(&mut self) -> Result<Packet<'a>, RtcpError> {
        let (header, _) = self.rest.split_first_chunk().ok_or(RtcpError::Truncated)?;
        let [first, kind, high, low] = *header;
        if first >> 6 != 2 {
            return Err(RtcpError::Version);
        }
        // The length is in words, without the first (RFC 3550 6.4.1).
        let words = usize::from(u16::from_be_bytes([high, low]));
        let length = words.saturating_mul(4).saturating_add(HEADER_BYTES);
        let (packet, rest) = self.rest.split_at_checked(length).ok_or(RtcpError::Truncated)?;
        self.rest = rest;
        let unpadded = if first & 0x20 == 0 { packet } else { without_padding(packet)? };
        let body = unpadded.get(HEADER_BYTES..).ok_or(RtcpError::Padding)?;
        Ok(Packet { kind, count: first & 0x1f, whole: unpadded, body })
    }
}

/// The last octet of the padding counts it, itself included (RFC 3550 6.4.1).
fn without_padding(packet: &[u8]) -> Result<&[u8], RtcpError> {
    let padding = packet.last().copied().map_or(0, usize::from);
    let kept = packet.len().checked_sub(padding).filter(|_| padding > 0);
    kept.and_then(|kept| packet.get(..kept)).ok_or(RtcpError::Padding)
}

struct Packet<'a> {
    kind: u8,
    /// Report count, source count or feedback format.
    count: u8,
    whole: &'a [u8],
    body: &'a [u8],
}

impl<'a> Packet<'a> {
    fn message(&self) -> Result<RtcpMessage<'a>, RtcpError> {
        let message = match (self.kind, self.count) {
            (packet_type::SENDER_REPORT, _) => self.sender_report(),
            (packet_type::RECEIVER_REPORT, _) => self.receiver_report(),
            (packet_type::BYE, count) => self.bye(count),
            (packet_type::TRANSPORT_FEEDBACK, feedback_format::NACK) => self.nack(),
            (packet_type::TRANSPORT_FEEDBACK, feedback_format::TRANSPORT_WIDE) => {
                Some(RtcpMessage::TransportFeedback(self.whole))
            }
            (packet_type::PAYLOAD_FEEDBACK, feedback_format::PLI) => self.pli(),
            (packet_type::PAYLOAD_FEEDBACK, feedback_format::FIR) => self.fir(),
            (packet_type::EXTENDED_REPORT, _) => self.extended_report(),
            _ => Some(RtcpMessage::Other),
        };
        message.ok_or(RtcpError::TooShort(self.kind))
    }

    fn sender_report(&self) -> Option<RtcpMessage<'a>> {
        let (ssrc, rest) = take_u32(self.body)?;
        let (ntp_seconds, rest) = take_u32(rest)?;
        let (ntp_fraction, rest) = take_u32(rest)?;
        let (rtp_timestamp, rest) = take_u32(rest)?;
        let (packet_count, rest) = take_u32(rest)?;
        let (octet_count, rest) = take_u32(rest)?;
        let ntp = NtpTime::from_parts(ntp_seconds, ntp_fraction);
        let blocks = self.blocks(rest)?;
        Some(RtcpMessage::SenderReport {
            ssrc,
            ntp,
            rtp_timestamp,
            packet_count,
            octet_count,
            blocks,
        })
    }

    fn receiver_report(&self) -> Option<RtcpMessage<'a>> {
        let (ssrc, rest) = take_u32(self.body)?;
        Some(RtcpMessage::ReceiverReport { ssrc, blocks: self.blocks(rest)? })
    }

    /// The report blocks at the start of `rest`; what follows them is a profile's own.
    fn blocks(&self, rest: &'a [u8]) -> Option<ReportBlocks<'a>> {
        let length = usize::from(self.count).checked_mul(REPORT_BLOCK_BYTES)?;
        Some(ReportBlocks { rest: rest.get(..length)? })
    }

    fn bye(&self, count: u8) -> Option<RtcpMessage<'a>> {
        let length = usize::from(count).checked_mul(4)?;
        Some(RtcpMessage::Bye { sources: Sources { rest: self.body.get(..length)? } })
    }

    fn nack(&self) -> Option<RtcpMessage<'a>> {
        let (sender_ssrc, rest) = take_u32(self.body)?;
        let (media_ssrc, rest) = take_u32(rest)?;
        let lost = LostSequences { entries: rest, pid: 0, mask: 0 };
        Some(RtcpMessage::Nack { sender_ssrc, media_ssrc, lost })
    }

    fn pli(&self) -> Option<RtcpMessage<'a>> {
        let (_sender_ssrc, rest) = take_u32(self.body)?;
        let (media_ssrc, _) = take_u32(rest)?;
        Some(RtcpMessage::Pli { media_ssrc })
    }

    /// The media SSRC of the common header is not used (RFC 5104 4.3.1.2).
    fn fir(&self) -> Option<RtcpMessage<'a>> {
        let (_sender_ssrc, rest) = take_u32(self.body)?;
        let (_unused, rest) = take_u32(rest)?;
        Some(RtcpMessage::Fir { requests: FirRequests { rest } })
    }

    /// Of the blocks, which start with a type, a byte of its own and a length in words without the
    /// first (RFC 3611 3), only the reference time is of interest.
    fn extended_report(&self) -> Option<RtcpMessage<'a>> {
        let (ssrc, mut rest) = take_u32(self.body)?;
        while let Some(([kind, _, high, low], blocks)) = rest.split_first_chunk() {
            let words = usize::from(u16::from_be_bytes([*high, *low]));
            let (block, others) = blocks.split_at_checked(words.saturating_mul(4))?;
            if *kind == extended_block::REFERENCE_TIME {
                let (ntp, _) = block.split_first_chunk()?;
                let ntp = NtpTime(u64::from_be_bytes(*ntp));
                return Some(RtcpMessage::ReferenceTime { ssrc, ntp });
            }
            rest = others;
        }
        Some(RtcpMessage::Other)
    }
}

/// The report blocks of one report.
#[derive(Debug, Clone)]
pub struct ReportBlocks<'a> {
    rest: &'a [u8],
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(ReportBlock::from_bytes(block))
    }
}

/// The sequence numbers of one NACK, in the order they stand there.
#[derive(Debug, Clone)]
pub struct LostSequences<'a> {
    entries: &'a [u8],
    /// The sequence number that bit 0 of `mask` stands for.
    pid: u16,
    /// The sequence numbers not given yet, relative to `pid`.
    mask: u32,
}

impl Iterator for LostSequences<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if self.mask == 0 {
            let ([a, b, c, d], rest) = self.entries.split_first_chunk()?;
            self.entries = rest;
            self.pid = u16::from_be_bytes([*a, *b]);
            // Bit i of the BLP is packet PID + i + 1 (RFC 4585 6.2.1).
            self.mask = (u32::from(u16::from_be_bytes([*c, *d])) << 1) | 1;
        }
        let offset = self.mask.trailing_zeros();
        self.mask &= self.mask.wrapping_sub(1);
        Some(self.pid.wrapping_add(u16::try_from(offset).unwrap_or_default()))
    }
}

/// The entries of one FIR.
#[derive(Debug, Clone)]
pub struct FirRequests<'a> {
    rest: &'a [u8],
}

/// One entry of a FIR (RFC 5104 4.3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirRequest {
    /// The stream that should send a key frame.
    pub ssrc: u32,
    /// Number of the command; a repetition has the same.
    pub command: u8,
}

impl Iterator for FirRequests<'_> {
    type Item = FirRequest;

    fn next(&mut self) -> Option<FirRequest> {
        let ([a, b, c, d, command, _, _, _], rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(FirRequest { ssrc: u32::from_be_bytes([*a, *b, *c, *d]), command: *command })
    }
}

/// The SSRCs of one BYE.
#[derive(Debug, Clone)]
pub struct Sources<'a> {
    rest: &'a [u8],
}

impl Iterator for Sources<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (ssrc, rest) = take_u32(self.rest)?;
        self.rest = rest;
        Some(ssrc)
    }
}

fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (first, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*first), rest))
}
