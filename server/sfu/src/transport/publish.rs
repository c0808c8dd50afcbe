//! A client's send leg: which of its packets belong to which producer, and the feedback that keeps
//! it sending well.

use std::time::{Duration, Instant};

use shared::media::MediaKind;

use super::{
    pace::Pace,
    rtcp::{
        ntp::NtpTime,
        reception::{ReceptionStatistics, ReportBlock},
        twcc::TwccRecorder,
        write,
    },
    sdp::{Answer, Answerer, Mid, ReceiveParameters},
};
use crate::{
    codec::Codec,
    extension::{Extension, ExtensionIds},
    router::{MAX_LAYERS, ProducerKey, StreamRole},
    rtp::RtpHeader,
};

/// How often receiver reports are sent: RFC 3550 section 6.2 with the reduced minimum of 360 kbit
/// per second of session bandwidth.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Blocks of one receiver report: the five-bit count of RFC 3550 section 6.4.2. A participant has
/// four sources, of two streams each.
const MAX_BLOCKS: usize = 31;

/// Room for headers and repairs beside the videos' bit rates, as part of them, and for voices, in
/// bits per second.
const HEADROOM: u64 = 10;
const VOICES: u64 = 200_000;

/// The receiving side of one client's send transport.
///
/// [`PublishLeg::apply`] takes over what an answer agreed on, [`PublishLeg::bind`] says which
/// producer an m-line is; then [`PublishLeg::classify`] knows whose a packet is. An m-line keeps its
/// producer until [`PublishLeg::unbind`], also while it carries nothing.
pub(crate) struct PublishLeg {
    pub(crate) answerer: Answerer,
    pub(crate) pace: Pace,
    /// The m-lines that carry media to us.
    lines: Vec<ReceiveParameters>,
    bindings: Vec<Binding>,
    extensions: ExtensionIds,
    /// The id of the transport-wide sequence number, which every packet is searched for.
    transport_cc: Option<u8>,
    /// At most one of each role for each layer of each binding.
    streams: Vec<Stream>,
    twcc: TwccRecorder,
    /// Our SSRC in the RTCP we send.
    ssrc: u32,
    next_report: Option<Instant>,
}

/// What is published on an m-line.
struct Binding {
    mid: Mid,
    producer: ProducerKey,
    /// What its packets are taken for; those of another payload type are nobody's.
    codec: Codec,
    /// The SSRC the media of each layer had last.
    media_ssrcs: [Option<u32>; MAX_LAYERS],
    /// Bits per second that may be sent of it, if that is limited.
    max_bitrate: Option<u32>,
}

/// One SSRC of the client.
struct Stream {
    ssrc: u32,
    payload_type: u8,
    /// Of media: the payload type it has with redundancy, in the same stream.
    red_payload_type: Option<u8>,
    producer: ProducerKey,
    role: StreamRole,
    layer: u8,
    statistics: ReceptionStatistics,
    /// What is lost on the way to the listeners, in 1/256.
    listener_loss: u8,
}

impl Stream {
    /// What a packet of this stream is, by its payload type.
    fn role_of(&self, payload_type: u8) -> Option<StreamRole> {
        match self.role {
            role if payload_type == self.payload_type => Some(role),
            StreamRole::Primary if self.red_payload_type == Some(payload_type) => {
                Some(StreamRole::Redundant)
            }
            _ => None,
        }
    }

    /// What the client is told of its stream: the loss that counts is the worse one, its own or
    /// that of its listeners. The count of lost packets, by which senders find their bit rate, is
    /// the client's own.
    fn report(&mut self, now: Instant) -> Option<ReportBlock> {
        let mut block = self.statistics.report(now)?;
        block.fraction_lost = block.fraction_lost.max(self.listener_loss);
        Some(block)
    }
}

/// Whose packet it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) producer: ProducerKey,
    pub(crate) role: StreamRole,
    /// Which of the producer's streams, the smallest is 0.
    pub(crate) layer: u8,
    /// It is the first of an SSRC that takes the place of another: its numbers and its timeline
    /// have nothing to do with those before.
    pub(crate) is_successor: bool,
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
            pace: Pace::default(),
            lines: Vec::new(),
            bindings: Vec::new(),
            extensions: ExtensionIds::none(),
            transport_cc: None,
            streams: Vec::new(),
            twcc: TwccRecorder::default(),
            ssrc,
            next_report: None,
        }
    }

    /// The header extension ids of the client's packets.
    pub(crate) fn extensions(&self) -> &ExtensionIds {
        &self.extensions
    }

    /// Takes over what an answer agreed on. Streams that it gives to another m-line, or whose
    /// m-line has others now, are learned anew.
    pub(crate) fn apply(&mut self, answer: Answer) {
        self.extensions = answer.extensions;
        self.transport_cc = self.extensions.id_of(Extension::TransportCc);
        self.lines = answer.receive;
        let (lines, bindings) = (&self.lines, &self.bindings);
        self.streams.retain_mut(|stream| {
            let Some(binding) = bindings.iter().find(|one| one.producer == stream.producer) else {
                return false;
            };
            let Some(line) = lines.iter().find(|line| line.mid == binding.mid) else {
                // Idle; what still comes of it is its own, unless another m-line claims the SSRC.
                return lines.iter().all(|line| !announces(line, stream.ssrc));
            };
            stream.payload_type =
                payload_type(line, binding.codec, stream.role).unwrap_or(stream.payload_type);
            stream.red_payload_type = payload_type(line, binding.codec, StreamRole::Redundant);
            if stream.layer >= layer_count(line) {
                return false;
            }
            let announcer = lines.iter().find(|line| announces(line, stream.ssrc));
            announcer.map_or(line.ssrcs.is_empty(), |announcer| announcer.mid == line.mid)
        });
    }

    /// What an m-line that nothing is published on yet will carry.
    pub(crate) fn codec_of(&self, mid: &str, kind: MediaKind) -> Result<Codec, BindError> {
        let line = self.lines.iter().find(|line| line.mid.as_str() == mid && line.kind == kind);
        let line = line.filter(|line| self.bindings.iter().all(|one| one.mid != line.mid));
        let line = line.ok_or(BindError::UnknownMid)?;
        line.codecs.first().map(|codec| codec.codec).ok_or(BindError::NoCodec)
    }

    /// How many streams of one source an m-line carries, the smallest first: more than one is
    /// simulcast (RFC 8853).
    pub(crate) fn layers_of(&self, mid: &str) -> u8 {
        self.lines.iter().find(|line| line.mid.as_str() == mid).map_or(1, layer_count)
    }

    /// Binds an m-line to its producer, which is of the codec [`PublishLeg::codec_of`] named.
    pub(crate) fn bind(&mut self, mid: &str, producer: ProducerKey, codec: Codec) {
        if let Some(line) = self.lines.iter().find(|line| line.mid.as_str() == mid) {
            let media_ssrcs = [None; MAX_LAYERS];
            let binding =
                Binding { mid: line.mid, producer, codec, media_ssrcs, max_bitrate: None };
            self.bindings.push(binding);
        }
    }

    /// Limits what may be sent of a producer; the client is told with the next report, at once.
    pub(crate) fn set_max_bitrate(&mut self, now: Instant, producer: ProducerKey, bitrate: u32) {
        let binding = self.bindings.iter_mut().find(|binding| binding.producer == producer);
        if let Some(binding) = binding {
            binding.max_bitrate = Some(bitrate);
            self.next_report = self.next_report.map(|_| now);
        }
    }

    /// Bits per second that may be sent altogether, where each video is limited.
    fn max_bitrate(&self) -> Option<u64> {
        let videos = self.bindings.iter().filter(|binding| binding.codec.is_video());
        let limits = videos.map(|binding| binding.max_bitrate.map(u64::from));
        let sum = limits.sum::<Option<u64>>().filter(|sum| *sum > 0)?;
        Some(sum.saturating_add(sum / HEADROOM).saturating_add(VOICES))
    }

    /// Unbinds a producer from its m-line and forgets its streams.
    pub(crate) fn unbind(&mut self, producer: ProducerKey) {
        self.bindings.retain(|binding| binding.producer != producer);
        self.streams.retain(|stream| stream.producer != producer);
    }

    /// The SSRC of a layer's media: as its packets have it, before the first of them as the offer
    /// announced it.
    fn media_ssrc(&self, (producer, layer): (ProducerKey, u8)) -> Option<u32> {
        let mut of_media = self.streams.iter().filter(|one| one.role == StreamRole::Primary);
        let seen = of_media.find(|one| (one.producer, one.layer) == (producer, layer));
        seen.map(|stream| stream.ssrc).or_else(|| {
            let binding = self.bindings.iter().find(|binding| binding.producer == producer)?;
            let line = self.lines.iter().find(|line| line.mid == binding.mid)?;
            line.ssrcs.get(usize::from(layer)).map(|group| group.primary)
        })
    }

    /// Counts an authentic packet, for all feedback, and says whose it is. `None` for one that
    /// belongs to no producer (yet), or is of another payload type than its stream.
    pub(crate) fn classify(&mut self, now: Instant, header: &RtpHeader<'_>) -> Option<Source> {
        self.record_arrival(now, header);
        let known = self.streams.iter().position(|stream| stream.ssrc == header.ssrc);
        let (index, is_successor) = match known {
            Some(index) => (index, false),
            None => self.learn(now, header)?,
        };
        let stream = self.streams.get_mut(index)?;
        let role = stream.role_of(header.payload_type)?;
        stream.statistics.on_packet(now, header.sequence, header.timestamp);
        self.next_report.get_or_insert(now + REPORT_INTERVAL);
        let Stream { producer, layer, .. } = *stream;
        Some(Source { producer, role, layer, is_successor })
    }

    fn record_arrival(&mut self, now: Instant, header: &RtpHeader<'_>) {
        let transport_wide = self.transport_cc.and_then(|id| header.extensions.get(id));
        if let Some([high, low]) = transport_wide {
            self.twcc.record(now, u16::from_be_bytes([*high, *low]));
        }
    }

    /// Binds an SSRC seen for the first time: by the offer's `a=ssrc` lines, else by the `mid`
    /// extension (RFC 9143 section 15), the payload type, and with simulcast by the `rid` extensions
    /// (RFC 8852). A stream of the same role and layer makes room for it: browsers change an SSRC
    /// when they renegotiate. Returns its index, and whether it is a successor.
    fn learn(&mut self, now: Instant, header: &RtpHeader<'_>) -> Option<(usize, bool)> {
        let value = |extension| {
            let id = self.extensions.id_of(extension)?;
            header.extensions.get(id)
        };
        let mid = value(Extension::Mid);
        let announcer = self.lines.iter().find(|line| announces(line, header.ssrc));
        let named = || self.lines.iter().find(|line| mid == Some(line.mid.as_bytes()));
        let line = announcer.or_else(named)?;
        let binding = self.bindings.iter_mut().find(|binding| binding.mid == line.mid)?;
        let payload_type = |role| payload_type(line, binding.codec, role);
        let is_of = |role| payload_type(role) == Some(header.payload_type);
        let roles = [StreamRole::Primary, StreamRole::Redundant, StreamRole::Rtx];
        // Media is one stream, with redundancy or without.
        let (role, rid) = match roles.into_iter().find(|role| is_of(*role))? {
            StreamRole::Primary | StreamRole::Redundant => {
                (StreamRole::Primary, value(Extension::Rid))
            }
            StreamRole::Rtx => (StreamRole::Rtx, value(Extension::RepairedRid)),
        };
        let of_role = payload_type(role)?;
        let red_payload_type = payload_type(StreamRole::Redundant);
        let layer = layer_of(line, rid, header.ssrc)?;
        let before = match role {
            StreamRole::Rtx => None,
            StreamRole::Primary | StreamRole::Redundant => {
                binding.media_ssrcs.get_mut(usize::from(layer))?.replace(header.ssrc)
            }
        };
        let producer = binding.producer;
        let clock_rate = binding.codec.clock_rate();
        let place = (producer, role, layer);
        self.streams.retain(|stream| (stream.producer, stream.role, stream.layer) != place);
        self.streams.push(Stream {
            ssrc: header.ssrc,
            payload_type: of_role,
            red_payload_type,
            producer,
            role,
            layer,
            statistics: ReceptionStatistics::new(now, header.ssrc, clock_rate),
            listener_loss: 0,
        });
        let is_successor = before.is_some_and(|before| before != header.ssrc);
        Some((self.streams.len().saturating_sub(1), is_successor))
    }

    /// Notes a sender report, and says whose media it is of.
    pub(crate) fn handle_sender_report(
        &mut self,
        now: Instant,
        ssrc: u32,
        ntp: NtpTime,
    ) -> Option<(ProducerKey, u8)> {
        let stream = self.streams.iter_mut().find(|stream| stream.ssrc == ssrc)?;
        stream.statistics.on_sender_report(now, ntp);
        (stream.role == StreamRole::Primary).then_some((stream.producer, stream.layer))
    }

    /// Notes what is lost on the way to a producer's listeners, in 1/256.
    pub(crate) fn set_listener_loss(&mut self, producer: ProducerKey, fraction_lost: u8) {
        for stream in self.streams.iter_mut().filter(|stream| stream.producer == producer) {
            stream.listener_loss = fraction_lost;
        }
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
        let reports = self.streams.iter_mut().filter_map(|stream| stream.report(now));
        let blocks: Vec<_> = reports.take(MAX_BLOCKS).collect();
        write::receiver_report(out, self.ssrc, &blocks);
        if let Some(bitrate) = self.max_bitrate() {
            write::remb(out, self.ssrc, bitrate, self.any_ssrc());
        }
        true
    }

    pub(crate) fn write_key_frame_request(
        &self,
        stream: (ProducerKey, u8),
        out: &mut Vec<u8>,
    ) -> bool {
        let media = self.media_ssrc(stream);
        media.map(|ssrc| write::pli(out, self.ssrc, ssrc)).is_some()
    }

    pub(crate) fn write_nack(
        &self,
        stream: (ProducerKey, u8),
        lost: &[u16],
        out: &mut Vec<u8>,
    ) -> bool {
        let media = self.media_ssrc(stream);
        media.map(|ssrc| write::nack(out, self.ssrc, ssrc, lost)).is_some()
    }

    /// Transport-wide feedback names some media stream; clients do not look at which.
    fn any_ssrc(&self) -> u32 {
        self.streams.first().map_or(0, |stream| stream.ssrc)
    }
}

/// How many streams of one source an m-line carries.
fn layer_count(line: &ReceiveParameters) -> u8 {
    u8::try_from(line.rids.len()).unwrap_or(u8::MAX).max(1)
}

/// Which layer a stream is: by its name, or by its place among those announced.
fn layer_of(line: &ReceiveParameters, rid: Option<&[u8]>, ssrc: u32) -> Option<u8> {
    if line.rids.len() < 2 {
        return Some(0);
    }
    let named = line.rids.iter().position(|known| rid == Some(known.as_str().as_bytes()));
    let announced = || {
        let groups = line.ssrcs.iter().take(line.rids.len());
        groups
            .map(|group| [Some(group.primary), group.rtx])
            .position(|ssrcs| ssrcs.contains(&Some(ssrc)))
    };
    named.or_else(announced).and_then(|layer| u8::try_from(layer).ok())
}

/// Whether the offer gave `ssrc` to this m-line.
fn announces(line: &ReceiveParameters, ssrc: u32) -> bool {
    line.ssrcs.iter().any(|group| group.primary == ssrc || group.rtx == Some(ssrc))
}

/// The payload type of `codec` on an m-line.
fn payload_type(line: &ReceiveParameters, codec: Codec, role: StreamRole) -> Option<u8> {
    let negotiated = line.codecs.iter().find(|negotiated| negotiated.codec == codec)?;
    match role {
        StreamRole::Primary => Some(negotiated.payload_type),
        StreamRole::Redundant => negotiated.red_payload_type,
        StreamRole::Rtx => negotiated.rtx_payload_type,
    }
}

#[cfg(test)]
mod tests;
