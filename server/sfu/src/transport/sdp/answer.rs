//! Answers a client's offers for its send transport.

mod viewer;

pub use viewer::{SendParameters, SendStream, ViewerAnswer};

use super::{
    Direction, LocalParameters, Mid, NegotiatedCodec, OfferedCodec, OfferedExtension, OfferedKind,
    OfferedMedia, ReceiveParameters, RemoteOffer, Rid, SdpError,
    format::{answered_fmtp, is_constrained_baseline},
    offer::MIXED_EXTENSIONS,
    write::{CodecLine, Lines, ROUND_TRIP, Redundancy},
};
use crate::{
    codec::Codec,
    extension::{Extension, ExtensionIds},
};
use shared::media::MediaKind;

/// Answers the offers of one transport, one after the other, and holds them to one order of
/// m-lines (RFC 3264 8, RFC 9429 5.2.2).
#[derive(Debug, Default)]
pub struct Answerer {
    version: u64,
    known: Vec<KnownLine>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct KnownLine {
    mid: Option<Mid>,
    kind: OfferedKind,
    given_up: bool,
}

/// Our answer and what it agreed on.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The text for `setRemoteDescription`.
    pub sdp: String,
    /// Every m-line that carries media to us.
    pub receive: Vec<ReceiveParameters>,
    /// Every m-line that was refused.
    pub rejected: Vec<RejectedLine>,
    /// The header extension ids of all m-lines together, to read the `mid` of a packet before its
    /// m-line is known (RFC 8843 9.2).
    pub extensions: ExtensionIds,
}

/// An m-line that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RejectedLine {
    /// The m-line.
    pub mid: Mid,
    /// Why.
    pub reason: Rejection,
}

/// Why an m-line was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// It is neither audio nor video.
    Kind,
    /// It has no codec this server forwards.
    Codec,
    /// It does not share the one transport.
    NotBundled,
}

/// What becomes of one m-line.
#[derive(Debug)]
enum Decision<'a> {
    /// It carries media to us.
    Receive(Agreement<'a>),
    /// It is kept, and carries nothing for now.
    Idle(Agreement<'a>),
    Reject(Rejection),
    /// The client gave it up.
    Stopped,
}

/// What both ends have of one m-line.
#[derive(Debug)]
struct Agreement<'a> {
    mid: Mid,
    kind: MediaKind,
    /// The preferred codec first; never empty.
    codecs: Vec<&'a OfferedCodec>,
    extensions: Vec<OfferedExtension>,
    rids: &'a [Rid],
}

impl Agreement<'_> {
    fn negotiated(&self) -> Vec<NegotiatedCodec> {
        let codecs = self.codecs.iter().map(|offered| NegotiatedCodec {
            payload_type: offered.payload_type,
            codec: offered.codec,
            rtx_payload_type: offered.rtx_payload_type,
            red_payload_type: offered.red_payload_type,
        });
        codecs.collect()
    }

    fn extension_ids(&self) -> ExtensionIds {
        let mut ids = ExtensionIds::none();
        for offered in &self.extensions {
            ids.insert(offered.id, offered.extension);
        }
        ids
    }
}

impl Answerer {
    /// Answers `offer`. Every accepted m-line is `recvonly`; payload types and header extension
    /// ids are the client's own.
    ///
    /// # Errors
    /// When the offer changed an earlier m-line, or uses one header extension id for two things;
    /// the state is then as before the call.
    pub fn answer(
        &mut self,
        offer: &RemoteOffer,
        local: &LocalParameters,
    ) -> Result<Answer, SdpError> {
        require_same_lines(&self.known, &offer.media)?;
        let decisions: Vec<_> = offer.media.iter().map(decide).collect();
        let extensions = common_extensions(&decisions)?;
        self.known = offer.media.iter().zip(&decisions).map(KnownLine::of).collect();
        self.version = self.version.saturating_add(1);
        let media = || offer.media.iter().zip(&decisions);
        Ok(Answer {
            sdp: write(offer, &decisions, local, self.version),
            receive: media().filter_map(|(media, decision)| decision.receive(media)).collect(),
            rejected: media().filter_map(|(media, decision)| decision.rejected(media)).collect(),
            extensions,
        })
    }
}

impl KnownLine {
    fn of((media, decision): (&OfferedMedia, &Decision<'_>)) -> Self {
        Self { mid: media.mid, kind: media.kind, given_up: decision.agreement().is_none() }
    }
}

/// A stopped or refused m-line may come back as a new one (RFC 9429 5.2.2); any other keeps its
/// name and its kind.
fn require_same_lines(before: &[KnownLine], after: &[OfferedMedia]) -> Result<(), SdpError> {
    for (index, known) in before.iter().enumerate() {
        let same = after.get(index).is_some_and(|line| {
            known.given_up || (line.kind == known.kind && (line.stopped || line.mid == known.mid))
        });
        if !same {
            return Err(SdpError::LineChanged(index));
        }
    }
    Ok(())
}

fn decide(media: &OfferedMedia) -> Decision<'_> {
    let has_rid = |extensions: &[OfferedExtension]| {
        extensions.iter().any(|offered| offered.extension == Extension::Rid)
    };
    let sends = matches!(media.direction, Direction::SendRecv | Direction::SendOnly);
    match agree(media, accepted_extensions(media)) {
        Ok(mut agreement) => {
            if has_rid(&agreement.extensions) {
                agreement.rids = media.rids.as_slice();
            }
            if sends { Decision::Receive(agreement) } else { Decision::Idle(agreement) }
        }
        Err(decision) => decision,
    }
}

/// What both ends have of an m-line, with header extensions that were chosen before; else what
/// becomes of it.
fn agree(
    media: &OfferedMedia,
    extensions: Vec<OfferedExtension>,
) -> Result<Agreement<'_>, Decision<'_>> {
    let kind = match media.kind {
        _ if media.stopped => return Err(Decision::Stopped),
        OfferedKind::Audio => MediaKind::Audio,
        OfferedKind::Video => MediaKind::Video,
        OfferedKind::Application | OfferedKind::Other => {
            return Err(Decision::Reject(Rejection::Kind));
        }
    };
    let Some(mid) = media.mid.filter(|_| media.bundled) else {
        return Err(Decision::Reject(Rejection::NotBundled));
    };
    let codecs = accepted_codecs(media);
    if codecs.is_empty() {
        return Err(Decision::Reject(Rejection::Codec));
    }
    Ok(Agreement { mid, kind, codecs, extensions, rids: &[] })
}

/// One payload type per codec, in the order of our preference.
fn accepted_codecs(media: &OfferedMedia) -> Vec<&OfferedCodec> {
    let best = |codec| {
        let offered = media.codecs.iter().filter(move |offered| offered.codec == codec);
        offered.min_by_key(|offered| !is_widest_profile(offered))
    };
    Codec::ALL.into_iter().filter_map(best).collect()
}

/// Whether, among the payload types of one codec, this is the one most viewers decode.
fn is_widest_profile(offered: &OfferedCodec) -> bool {
    offered.codec != Codec::H264 || offered.fmtp.as_deref().is_some_and(is_constrained_baseline)
}

/// The extensions the client sends and we use.
fn accepted_extensions(media: &OfferedMedia) -> Vec<OfferedExtension> {
    let video = media.kind == OfferedKind::Video;
    let sent =
        media.extensions.iter().copied().filter(|offered| {
            matches!(offered.direction, Direction::SendRecv | Direction::SendOnly)
        });
    sent.filter(|offered| match offered.extension {
        Extension::TransportCc | Extension::Mid => true,
        Extension::AudioLevel => !video,
        // Where it is refused the sender turns the picture itself (TS 26.114 7.4.5): Firefox,
        // which does not know this extension, would show a phone's video on its side.
        Extension::VideoOrientation => false,
        Extension::PlayoutDelay
        | Extension::Rid
        | Extension::RepairedRid
        | Extension::DependencyDescriptor => video,
    })
    .collect()
}

/// The ids of all m-lines in one table; within a group an id has one meaning (RFC 8843 9.2).
fn common_extensions(decisions: &[Decision<'_>]) -> Result<ExtensionIds, SdpError> {
    let mut ids = ExtensionIds::none();
    let agreements = decisions.iter().filter_map(Decision::agreement);
    for offered in agreements.flat_map(|agreement| &agreement.extensions) {
        if ids.get(offered.id).is_some_and(|known| known != offered.extension) {
            return Err(SdpError::Invalid("extmap"));
        }
        ids.insert(offered.id, offered.extension);
    }
    Ok(ids)
}

impl<'a> Decision<'a> {
    fn agreement(&self) -> Option<&Agreement<'a>> {
        match self {
            Self::Receive(agreement) | Self::Idle(agreement) => Some(agreement),
            Self::Reject(_) | Self::Stopped => None,
        }
    }

    fn receive(&self, media: &OfferedMedia) -> Option<ReceiveParameters> {
        let Self::Receive(agreement) = self else { return None };
        Some(ReceiveParameters {
            mid: agreement.mid,
            kind: agreement.kind,
            codecs: agreement.negotiated(),
            extensions: agreement.extension_ids(),
            ssrcs: media.ssrcs.clone(),
            rids: agreement.rids.to_vec(),
        })
    }

    fn rejected(&self, media: &OfferedMedia) -> Option<RejectedLine> {
        let Self::Reject(reason) = *self else { return None };
        media.mid.map(|mid| RejectedLine { mid, reason })
    }
}

fn write(
    offer: &RemoteOffer,
    decisions: &[Decision<'_>],
    local: &LocalParameters,
    version: u64,
) -> String {
    let bundled = || decisions.iter().filter_map(Decision::agreement).map(|agreed| agreed.mid);
    let mut lines = Lines::session(local, version, bundled());
    let tagged = bundled().next();
    for (media, decision) in offer.media.iter().zip(decisions) {
        match decision {
            Decision::Receive(agreement) => {
                write_accepted(&mut lines, media, agreement, (local, "recvonly"));
                write_simulcast(&mut lines, agreement.rids);
            }
            Decision::Idle(agreement) => {
                write_accepted(&mut lines, media, agreement, (local, "inactive"));
            }
            Decision::Reject(_) | Decision::Stopped => write_rejected(&mut lines, media),
        }
        // The first m-line of the group stands for the transport (RFC 8843 7.3.1).
        if decision.agreement().is_some_and(|agreement| tagged == Some(agreement.mid)) {
            lines.candidates(&local.candidates);
        }
    }
    lines.finish()
}

fn write_accepted(
    lines: &mut Lines,
    media: &OfferedMedia,
    agreement: &Agreement<'_>,
    (local, direction): (&LocalParameters, &str),
) {
    // Whom we answer that we send to is sent plain audio.
    let wanted =
        |offered: &OfferedCodec| offered.red_payload_type.filter(|_| direction == "recvonly");
    let redundancy = |offered| wanted(offered).map_or(Redundancy::None, Redundancy::Preferred);
    let fmtp = |offered: &&OfferedCodec| answered_fmtp(offered.codec, offered.fmtp.as_deref());
    let fmtps: Vec<Option<String>> = agreement.codecs.iter().map(fmtp).collect();
    let codecs = agreement.codecs.iter().zip(&fmtps).map(|(offered, fmtp)| CodecLine {
        codec: offered.codec,
        payload_type: offered.payload_type,
        rtx_payload_type: offered.rtx_payload_type,
        redundancy: redundancy(offered),
        fmtp: fmtp.as_deref(),
        feedback: offered.feedback,
    });
    lines.media(&media.head.0, codecs.clone());
    lines.push(format_args!("a=mid:{}", agreement.mid));
    lines.push(format_args!("a={direction}"));
    lines.push("a=rtcp-mux");
    if media.reduced_size_rtcp {
        lines.push("a=rtcp-rsize");
    }
    // Of whom we receive from we learn nothing that way.
    if media.round_trip_reports && direction == "sendonly" {
        lines.push(ROUND_TRIP);
    }
    lines.transport(local);
    lines.push("a=setup:passive");
    codecs.for_each(|codec| lines.codec(&codec));
    let is_long = |offered: &OfferedExtension| offered.extension.may_be_long();
    if media.mixed_extensions && agreement.extensions.iter().any(is_long) {
        lines.push(format_args!("a={MIXED_EXTENSIONS}"));
    }
    for OfferedExtension { id, extension, direction } in &agreement.extensions {
        let direction = match direction {
            Direction::SendOnly => "/recvonly",
            Direction::RecvOnly => "/sendonly",
            Direction::SendRecv | Direction::Inactive => "",
        };
        lines.push(format_args!("a=extmap:{id}{direction} {}", extension.uri()));
    }
}

/// Takes every offered layer (RFC 8853 5.3).
fn write_simulcast(lines: &mut Lines, rids: &[Rid]) {
    if rids.is_empty() {
        return;
    }
    for rid in rids {
        lines.push(format_args!("a=rid:{rid} recv"));
    }
    let layers: Vec<_> = rids.iter().map(Rid::as_str).collect();
    lines.push(format_args!("a=simulcast:recv {}", layers.join(";")));
}

/// Refuses an m-line, in its place and of its kind (RFC 3264 6).
fn write_rejected(lines: &mut Lines, media: &OfferedMedia) {
    let (kind, protocol) = &media.head;
    lines.push(format_args!("m={kind} 0 {protocol} {}", media.first_format));
    lines.push("c=IN IP4 0.0.0.0");
    if let Some(mid) = media.mid {
        lines.push(format_args!("a=mid:{mid}"));
    }
    lines.push("a=inactive");
}

#[cfg(test)]
mod tests;
