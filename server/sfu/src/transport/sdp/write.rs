//! Writes the lines that our offers and answers share.

use std::{
    fmt::{Display, Write as _},
    net::SocketAddr,
};

use super::{
    LocalParameters, Mid,
    format::{Feedback, RED_MAP},
};
use crate::codec::Codec;

/// The protocol of every m-line with media (RFC 5764 8).
pub(super) const PROTOCOL: &str = "UDP/TLS/RTP/SAVPF";

/// Receivers may ask how long the way to us and back is (RFC 3611 5.1), whether or not they send.
pub(super) const ROUND_TRIP: &str = "a=rtcp-xr:rcvr-rtt=all";

/// A description that grows by lines.
#[derive(Debug, Default)]
pub(super) struct Lines(String);

/// A codec as an m-line names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodecLine<'a> {
    pub(super) codec: Codec,
    pub(super) payload_type: u8,
    pub(super) rtx_payload_type: Option<u8>,
    pub(super) redundancy: Redundancy,
    pub(super) fmtp: Option<&'a str>,
    pub(super) feedback: Feedback,
}

/// The payload type of a codec with redundancy, if an m-line has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redundancy {
    None,
    /// The peer may use it.
    Known(u8),
    /// The peer is asked to use it: senders take the first format.
    Preferred(u8),
}

impl CodecLine<'_> {
    /// The payload types, the preferred one first.
    fn formats(&self) -> impl Iterator<Item = u8> {
        let plain = [Some(self.payload_type), self.rtx_payload_type];
        let (first, last) = match self.redundancy {
            Redundancy::None => (None, None),
            Redundancy::Known(payload_type) => (None, Some(payload_type)),
            Redundancy::Preferred(payload_type) => (Some(payload_type), None),
        };
        std::iter::once(first).chain(plain).chain([last]).flatten()
    }
}

impl Lines {
    /// Starts a description: everything before the first m-line. `bundled` names the m-lines that
    /// share the transport (RFC 8843 7).
    pub(super) fn session(
        local: &LocalParameters,
        version: u64,
        bundled: impl Iterator<Item = Mid>,
    ) -> Self {
        let mut lines = Self::default();
        lines.push("v=0");
        lines.push(format_args!("o=- {} {version} IN IP4 0.0.0.0", local.session_id));
        lines.push("s=-");
        lines.push("t=0 0");
        let mids: String = bundled.flat_map(|mid| [" ".to_owned(), mid.to_string()]).collect();
        lines.push(format_args!("a=group:BUNDLE{mids}"));
        lines.push("a=ice-lite");
        lines.push("a=msid-semantic:WMS *");
        lines
    }

    pub(super) fn push(&mut self, line: impl Display) {
        write!(self.0, "{line}\r\n").expect("a String takes any text");
    }

    /// Opens an m-line of ours, with the codecs' payload types.
    pub(super) fn media<'a>(&mut self, kind: &str, codecs: impl Iterator<Item = CodecLine<'a>>) {
        let formats: String = codecs
            .flat_map(|codec| codec.formats().collect::<Vec<_>>())
            .map(|payload_type| format!(" {payload_type}"))
            .collect();
        self.push(format_args!("m={kind} 9 {PROTOCOL}{formats}"));
        self.push("c=IN IP4 0.0.0.0");
    }

    /// Our ICE credentials and certificate (RFC 8839 5.4, RFC 8122 5).
    pub(super) fn transport(&mut self, local: &LocalParameters) {
        self.push(format_args!("a=ice-ufrag:{}", local.ice.ufrag));
        self.push(format_args!("a=ice-pwd:{}", local.ice.pwd));
        self.push(format_args!("a=fingerprint:{}", local.fingerprint));
    }

    /// Our addresses (RFC 8839 5.1), each over UDP and then, for clients whose UDP is blocked, over
    /// connections that they make (RFC 6544 4.5); and that there will be no others (RFC 8840 8.2).
    pub(super) fn candidates(&mut self, candidates: &[SocketAddr]) {
        for (index, address) in candidates.iter().enumerate() {
            let foundation = index.saturating_add(1);
            let (priority, ip, port) = (priority(index), address.ip(), address.port());
            self.push(format_args!(
                "a=candidate:{foundation} 1 udp {priority} {ip} {port} typ host"
            ));
        }
        for (index, address) in candidates.iter().enumerate() {
            let foundation = index.saturating_add(candidates.len()).saturating_add(1);
            let (priority, ip, port) = (tcp_priority(index), address.ip(), address.port());
            self.push(format_args!(
                "a=candidate:{foundation} 1 tcp {priority} {ip} {port} typ host tcptype passive"
            ));
        }
        self.push("a=end-of-candidates");
    }

    /// One codec with its feedback, parameters, RTX and redundancy.
    pub(super) fn codec(&mut self, line: &CodecLine<'_>) {
        let (payload_type, codec) = (line.payload_type, line.codec);
        let channels = if codec.is_video() { "" } else { "/2" };
        let (name, clock_rate) = (codec.encoding_name(), codec.clock_rate());
        self.push(format_args!("a=rtpmap:{payload_type} {name}/{clock_rate}{channels}"));
        for feedback in line.feedback.values() {
            self.push(format_args!("a=rtcp-fb:{payload_type} {feedback}"));
        }
        if let Some(fmtp) = line.fmtp {
            self.push(format_args!("a=fmtp:{payload_type} {fmtp}"));
        }
        if let Some(rtx) = line.rtx_payload_type {
            self.push(format_args!("a=rtpmap:{rtx} rtx/{clock_rate}"));
            self.push(format_args!("a=fmtp:{rtx} apt={payload_type}"));
        }
        if let Redundancy::Known(red) | Redundancy::Preferred(red) = line.redundancy {
            self.push(format_args!("a=rtpmap:{red} {RED_MAP}"));
            self.push(format_args!("a=fmtp:{red} {payload_type}/{payload_type}"));
        }
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// The priority of the host candidate at `index` of our list (RFC 8445 5.1.2.1): type preference
/// 126, local preference falling with the index, component 1.
fn priority(index: usize) -> u32 {
    let local = u32::from(u16::MAX.saturating_sub(u16::try_from(index).unwrap_or(u16::MAX)));
    (126 << 24) | (local << 8) | 255
}

/// The priority of the passive TCP candidate at `index` (RFC 6544 4.2): a type preference below
/// every one of UDP but a relay's, as browsers have it; in the local preference the direction 4,
/// which is passive, above the place in the list.
fn tcp_priority(index: usize) -> u32 {
    const TYPE_PREFERENCE: u32 = 90;
    const DIRECTION_PREFERENCE: u32 = 4;
    const LARGEST_OTHER_PREFERENCE: u32 = (1 << 13) - 1;
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    let local = (DIRECTION_PREFERENCE << 13) | LARGEST_OTHER_PREFERENCE.saturating_sub(index);
    (TYPE_PREFERENCE << 24) | (local << 8) | 255
}
