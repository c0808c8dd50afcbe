//! Writes RTCP packets. Each function appends one or more whole packets to `out`, so that calls
//! after one another make a compound; a compound starts with a report (RFC 3550 6.1).

use super::{
    HEADER_BYTES, extended_block, feedback_format, ntp::NtpTime, packet_type,
    reception::ReportBlock,
};

/// Most report blocks of one packet: the count has five bits (RFC 3550 6.4.1).
const MAX_BLOCKS: usize = 31;

/// The SDES item of the canonical name (RFC 3550 6.5.1).
const SDES_CNAME: u8 = 1;

/// What a sender report says about a stream of ours (RFC 3550 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport {
    /// The stream.
    pub ssrc: u32,
    /// Wall-clock time of the report.
    pub ntp: NtpTime,
    /// The same instant on the stream's RTP clock.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packet_count: u32,
    /// Payload bytes sent.
    pub octet_count: u32,
}

/// Appends a sender report and the canonical name of its stream, a compound by themselves. Of the
/// name the first 255 bytes are written.
pub fn sender_report(out: &mut Vec<u8>, report: &SenderReport, cname: &str) {
    packet(out, packet_type::SENDER_REPORT, 0, |out| {
        put_u32(out, report.ssrc);
        out.extend_from_slice(&report.ntp.0.to_be_bytes());
        put_u32(out, report.rtp_timestamp);
        put_u32(out, report.packet_count);
        put_u32(out, report.octet_count);
    });
    source_description(out, report.ssrc, cname);
}

/// Appends a source description with one chunk (RFC 3550 6.5): a list of items ends with at least
/// one zero octet, up to the next word.
fn source_description(out: &mut Vec<u8>, ssrc: u32, cname: &str) {
    let name = cname.as_bytes();
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    packet(out, packet_type::SOURCE_DESCRIPTION, 1, |out| {
        put_u32(out, ssrc);
        out.extend_from_slice(&[SDES_CNAME, length]);
        out.extend(name.iter().take(usize::from(length)));
        let item = usize::from(length).saturating_add(2);
        let zeros = 4_usize.saturating_sub(item % 4);
        out.extend(std::iter::repeat_n(0, zeros));
    });
}

/// Appends receiver reports from `ssrc`: one packet for up to 31 blocks, an empty one for none.
pub fn receiver_report(out: &mut Vec<u8>, ssrc: u32, blocks: &[ReportBlock]) {
    if blocks.is_empty() {
        packet(out, packet_type::RECEIVER_REPORT, 0, |out| put_u32(out, ssrc));
    }
    for blocks in blocks.chunks(MAX_BLOCKS) {
        packet(out, packet_type::RECEIVER_REPORT, block_count(blocks.len()), |out| {
            put_u32(out, ssrc);
            for block in blocks {
                out.extend_from_slice(&block.to_bytes());
            }
        });
    }
}

/// Appends an extended report that echoes the `reference` time of the receiver `of`, answered at once
/// (RFC 3611 4.5).
pub fn delay_since_reference(out: &mut Vec<u8>, ssrc: u32, of: u32, reference: NtpTime) {
    const SUB_BLOCK_WORDS: u8 = 3;
    packet(out, packet_type::EXTENDED_REPORT, 0, |out| {
        put_u32(out, ssrc);
        out.extend_from_slice(&[extended_block::DELAY_SINCE_REFERENCE, 0, 0, SUB_BLOCK_WORDS]);
        put_u32(out, of);
        put_u32(out, reference.compact());
        put_u32(out, 0);
    });
}

/// Appends a picture loss indication (RFC 4585 6.3.1).
pub fn pli(out: &mut Vec<u8>, sender_ssrc: u32, media_ssrc: u32) {
    packet(out, packet_type::PAYLOAD_FEEDBACK, feedback_format::PLI, |out| {
        put_u32(out, sender_ssrc);
        put_u32(out, media_ssrc);
    });
}

/// Appends a full intra request (RFC 5104 4.3.1). A new request has the next `command` number, a
/// repetition the same.
pub fn fir(out: &mut Vec<u8>, sender_ssrc: u32, media_ssrc: u32, command: u8) {
    packet(out, packet_type::PAYLOAD_FEEDBACK, feedback_format::FIR, |out| {
        put_u32(out, sender_ssrc);
        put_u32(out, 0);
        put_u32(out, media_ssrc);
        out.extend_from_slice(&[command, 0, 0, 0]);
    });
}

/// Appends a receiver estimated maximum bit rate for everything the client sends
/// (draft-alvestrand-rmcat-remb-03 section 2.2): 18 bits of mantissa, rounded down.
pub fn remb(out: &mut Vec<u8>, sender_ssrc: u32, bitrate: u64, media_ssrc: u32) {
    let bits = 64 - bitrate.leading_zeros();
    let exponent = bits.saturating_sub(18);
    let mantissa = u32::try_from(bitrate >> exponent).unwrap_or(u32::MAX);
    packet(out, packet_type::PAYLOAD_FEEDBACK, feedback_format::APPLICATION, |out| {
        put_u32(out, sender_ssrc);
        put_u32(out, 0);
        out.extend_from_slice(b"REMB");
        put_u32(out, 1 << 24 | exponent << 18 | mantissa);
        put_u32(out, media_ssrc);
    });
}

/// Appends a generic NACK for `lost` (RFC 4585 6.2.1), sorted by sequence as it wraps. Nothing is
/// appended when there is none.
pub fn nack(out: &mut Vec<u8>, sender_ssrc: u32, media_ssrc: u32, lost: &[u16]) {
    let Some((&first, rest)) = lost.split_first() else { return };
    packet(out, packet_type::TRANSPORT_FEEDBACK, feedback_format::NACK, |out| {
        put_u32(out, sender_ssrc);
        put_u32(out, media_ssrc);
        let (mut pid, mut blp) = (first, 0_u16);
        for &sequence in rest {
            match sequence.wrapping_sub(pid) {
                0 => {}
                offset @ 1..=16 => blp |= 1 << offset.wrapping_sub(1),
                _ => {
                    put_nack_entry(out, pid, blp);
                    (pid, blp) = (sequence, 0);
                }
            }
        }
        put_nack_entry(out, pid, blp);
    });
}

/// Appends a BYE for up to 31 streams (RFC 3550 6.6); the rest is left out.
pub fn bye(out: &mut Vec<u8>, ssrcs: &[u32]) {
    let ssrcs = ssrcs.get(..MAX_BLOCKS).unwrap_or(ssrcs);
    packet(out, packet_type::BYE, block_count(ssrcs.len()), |out| {
        ssrcs.iter().for_each(|ssrc| put_u32(out, *ssrc));
    });
}

/// Appends a header and what `body` writes, a whole number of words.
pub(super) fn packet(out: &mut Vec<u8>, kind: u8, count: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0x80 | count, kind, 0, 0]);
    body(out);
    let words = out.len().saturating_sub(start).saturating_sub(HEADER_BYTES) / 4;
    let length = u16::try_from(words).expect("every writer here is bounded").to_be_bytes();
    if let Some(field) = out.get_mut(start.saturating_add(2)..start.saturating_add(4)) {
        field.copy_from_slice(&length);
    }
}

/// The count of a slice already cut to what the header's five bits hold.
fn block_count(length: usize) -> u8 {
    u8::try_from(length.min(MAX_BLOCKS)).unwrap_or_default()
}

pub(super) fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

fn put_nack_entry(out: &mut Vec<u8>, pid: u16, blp: u16) {
    out.extend_from_slice(&pid.to_be_bytes());
    out.extend_from_slice(&blp.to_be_bytes());
}
