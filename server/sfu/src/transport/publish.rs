//! A client's send leg: which of its packets belong to which producer, and the feedback that keeps
//! it sending well.

use std::time::{Duration, Instant};

use shared::media::MediaKind;

use super::{
    rtcp::{ntp::NtpTime, reception::ReceptionStatistics, twcc::TwccRecorder, write},
    sdp::{Answer, Answerer, Mid, NegotiatedCodec, ReceiveParameters},
};
use crate::{
    codec::Codec,
    demux::Map,
    extension::{Extension, ExtensionIds},
    router::{ProducerKey, StreamRole},
    rtp::RtpHeader,
};

/// Streams that may be bound at a time: [`super::sdp::MAX_SSRCS`] for each of the sources a
/// participant may have.
const MAX_STREAMS: usize = 64;

/// How often receiver reports are sent: RFC 3550 section 6.2 with the reduced minimum of 360 kbit
/// per second of session bandwidth.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// The receiving side of one client's send transport.
pub(crate) struct PublishLeg {
    pub(crate) answerer: Answerer,
    lines: Vec<Line>,
    extensions: ExtensionIds,
    streams: Map<u32, Stream>,
    twcc: TwccRecorder,
    /// Our SSRC in the RTCP we send.
    ssrc: u32,
    next_report: Option<Instant>,
}

/// An m-line that carries media to us.
struct Line {
    parameters: ReceiveParameters,
    producer: Option<ProducerKey>,
}

/// One SSRC of the client.
struct Stream {
    producer: ProducerKey,
    role: StreamRole,
    statistics: ReceptionStatistics,
}

/// Whose packet it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) producer: ProducerKey,
    pub(crate) role: StreamRole,
}

/// Why an m-line cannot be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BindError {
    /// None of this name was answered, it is of another kind, or it is published already.
    UnknownMid,
    /// It has no codec.
    NoCodec,
}

impl PublishLeg {
    pub(crate) fn new(ssrc: u32) -> Self {
        Self {
            answerer: Answerer::default(),
            lines: Vec::new(),
            extensions: ExtensionIds::none(),
            streams: Map::default(),
            twcc: TwccRecorder::default(),
            ssrc,
            next_report: None,
        }
    }

    /// The header extension ids of the client's packets.
    pub(crate) fn extensions(&self) -> &ExtensionIds {
        &self.extensions
    }

    /// Takes over what an answer agreed on; m-lines keep their producers.
    pub(crate) fn apply(&mut self, answer: Answer) {
        self.extensions = answer.extensions;
        let before = std::mem::take(&mut self.lines);
        let producer_of = |mid: Mid| {
            before.iter().find(|line| line.parameters.mid == mid).and_then(|line| line.producer)
        };
        self.lines = answer
            .receive
            .into_iter()
            .map(|parameters| Line { producer: producer_of(parameters.mid), parameters })
            .collect();
    }

    /// What an m-line that nothing is published on yet will carry.
    pub(crate) fn codec_of(&self, mid: &str, kind: MediaKind) -> Result<Codec, BindError> {
        let line = self
            .lines
            .iter()
            .find(|line| line.parameters.mid.as_str() == mid && line.parameters.kind == kind)
            .filter(|line| line.producer.is_none())
            .ok_or(BindError::UnknownMid)?;
        line.parameters.codecs.first().map(|codec| codec.codec).ok_or(BindError::NoCodec)
    }

    /// Binds an m-line to its producer.
    pub(crate) fn bind(&mut self, mid: &str, producer: ProducerKey) {
        let line = self.lines.iter_mut().find(|line| line.parameters.mid.as_str() == mid);
        if let Some(line) = line {
            line.producer = Some(producer);
        }
    }

    /// Unbinds a producer from its m-line and forgets its streams, whose SSRCs are returned.
    pub(crate) fn unbind(&mut self, producer: ProducerKey) -> Vec<u32> {
        for line in self.lines.iter_mut().filter(|line| line.producer == Some(producer)) {
            line.producer = None;
        }
        let ssrcs =
            |(ssrc, stream): (&u32, &Stream)| (stream.producer == producer).then_some(*ssrc);
        let mut gone: Vec<u32> = self.streams.iter().filter_map(ssrcs).collect();
        gone.sort_unstable();
        self.streams.retain(|_, stream| stream.producer != producer);
        gone
    }

    /// The SSRC of a producer's media, once a packet of it has come.
    fn media_ssrc(&self, producer: ProducerKey) -> Option<u32> {
        self.streams
            .iter()
            .find(|(_, stream)| stream.producer == producer && stream.role == StreamRole::Primary)
            .map(|(ssrc, _)| *ssrc)
    }

    /// Counts an authentic packet, for all feedback, and says whose it is. `None` for one that
    /// belongs to no producer (yet).
    pub(crate) fn classify(&mut self, now: Instant, header: &RtpHeader<'_>) -> Option<Source> {
        self.record_arrival(now, header);
        if !self.streams.contains_key(&header.ssrc) {
            self.learn(now, header)?;
        }
        let stream = self.streams.get_mut(&header.ssrc)?;
        stream.statistics.on_packet(now, header.sequence, header.timestamp);
        self.next_report.get_or_insert(now + REPORT_INTERVAL);
        Some(Source { producer: stream.producer, role: stream.role })
    }

    fn record_arrival(&mut self, now: Instant, header: &RtpHeader<'_>) {
        let transport_wide = self.extension(header, Extension::TransportCc);
        if let Some([high, low]) = transport_wide {
            self.twcc.record(now, u16::from_be_bytes([*high, *low]));
        }
    }

    fn extension<'a>(&self, header: &RtpHeader<'a>, wanted: Extension) -> Option<&'a [u8]> {
        header.extensions.get(self.extensions.id_of(wanted)?)
    }

    /// Binds an SSRC seen for the first time: by the offer's `a=ssrc` lines, else by the `mid`
    /// extension (RFC 9143 section 15) and the payload type.
    fn learn(&mut self, now: Instant, header: &RtpHeader<'_>) -> Option<()> {
        if self.streams.len() >= MAX_STREAMS {
            return None;
        }
        let mid = self.extension(header, Extension::Mid);
        let line = self.lines.iter().find(|line| line.announces(header.ssrc)).or_else(|| {
            self.lines.iter().find(|line| mid == Some(line.parameters.mid.as_bytes()))
        })?;
        let producer = line.producer?;
        let (role, codec) = line.role_of(header.payload_type)?;
        let statistics = ReceptionStatistics::new(now, header.ssrc, codec.codec.clock_rate());
        self.streams.insert(header.ssrc, Stream { producer, role, statistics });
        Some(())
    }

    /// Notes a sender report, and says whose media it is of.
    pub(crate) fn handle_sender_report(
        &mut self,
        now: Instant,
        ssrc: u32,
        ntp: NtpTime,
    ) -> Option<ProducerKey> {
        let stream = self.streams.get_mut(&ssrc)?;
        stream.statistics.on_sender_report(now, ntp);
        (stream.role == StreamRole::Primary).then_some(stream.producer)
    }

    /// When [`PublishLeg::write_feedback`] has something to say.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.next_report.into_iter().chain(self.twcc.poll_timeout()).min()
    }

    /// Writes the reports and the transport-wide feedback that are due, one packet per call;
    /// returns whether there was one.
    pub(crate) fn write_feedback(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        if self.twcc.poll_feedback(now, self.ssrc, self.any_ssrc(), out) {
            return true;
        }
        if self.next_report.is_none_or(|due| now < due) {
            return false;
        }
        self.next_report = Some(now + REPORT_INTERVAL);
        let mut blocks: Vec<_> =
            self.streams.values_mut().filter_map(|stream| stream.statistics.report(now)).collect();
        // The five-bit count of RFC 3550 section 6.4.2; a client has fewer live streams.
        blocks.truncate(31);
        write::receiver_report(out, self.ssrc, &blocks);
        true
    }

    pub(crate) fn write_key_frame_request(&self, producer: ProducerKey, out: &mut Vec<u8>) -> bool {
        let media = self.media_ssrc(producer);
        media.map(|ssrc| write::pli(out, self.ssrc, ssrc)).is_some()
    }

    pub(crate) fn write_nack(
        &self,
        producer: ProducerKey,
        lost: &[u16],
        out: &mut Vec<u8>,
    ) -> bool {
        let media = self.media_ssrc(producer);
        media.map(|ssrc| write::nack(out, self.ssrc, ssrc, lost)).is_some()
    }

    /// Transport-wide feedback names some media stream; clients do not look at which.
    fn any_ssrc(&self) -> u32 {
        self.streams.keys().min().copied().unwrap_or(0)
    }
}

impl Line {
    fn announces(&self, ssrc: u32) -> bool {
        self.parameters.ssrcs.iter().any(|group| group.primary == ssrc || group.rtx == Some(ssrc))
    }

    fn role_of(&self, payload_type: u8) -> Option<(StreamRole, NegotiatedCodec)> {
        self.parameters.codecs.iter().find_map(|codec| {
            if codec.payload_type == payload_type {
                Some((StreamRole::Primary, *codec))
            } else if codec.rtx_payload_type == Some(payload_type) {
                Some((StreamRole::Rtx, *codec))
            } else {
                None
            }
        })
    }
}
