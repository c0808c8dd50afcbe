//! Writes our offers for a client's receive transport, and reads its answers.

use super::{
    Direction, LocalParameters, MAX_SEND_SLOTS, Mid, RemoteTransport, SdpError,
    format::{self, Feedback, our_fmtp},
    offer::{
        MIXED_EXTENSIONS, direction, extensions, is_stopped, mid, remote_transport,
        require_unique_mids,
    },
    parse::{Media, Session},
    text::is_token_byte,
    write::{CodecLine, Lines, Redundancy},
};
use crate::{
    codec::Codec,
    extension::{Extension, ExtensionIds},
};

/// Longest name in an `a=msid` (RFC 8830 2), and our bound for a CNAME too.
const MAX_NAME_BYTES: usize = 64;

/// The m-lines of one receive transport: one per consumer, used again when a consumer is gone.
///
/// Drive it with [`add`](Self::add) and [`remove`](Self::remove), then [`offer`](Self::offer), then
/// [`accept_answer`](Self::accept_answer). An m-line keeps its `mid` for life, unless the client
/// refuses it: then the next track in its place has a new one (RFC 9429 5.2.2).
#[derive(Debug, Default)]
pub struct SendSlots {
    slots: Vec<Slot>,
    version: u64,
    mids_given: u32,
    pending: Option<Vec<OfferedLine>>,
}

/// One track to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendTrack {
    /// The producer's codec, the only one offered.
    pub codec: Codec,
    /// Stream id of `a=msid`: the participant.
    pub stream: String,
    /// Track id of `a=msid`: the producer.
    pub track: String,
    /// SSRC of the media.
    pub ssrc: u32,
    /// SSRC of the retransmissions; ignored for a codec without RTX.
    pub rtx_ssrc: Option<u32>,
    /// The CNAME (RFC 3550 6.5.1) all tracks of one participant share, so that they play in step.
    pub cname: String,
}

#[derive(Debug)]
struct Slot {
    mid: Mid,
    /// The codec of the track, or of the last one.
    codec: Codec,
    state: SlotState,
}

#[derive(Debug)]
enum SlotState {
    Sending(SendTrack),
    Idle,
    /// The client refused the m-line; its transceiver is gone.
    Refused,
}

/// An m-line as it was last offered.
#[derive(Debug, Clone, Copy)]
struct OfferedLine {
    mid: Mid,
    codec: Codec,
    ssrc: Option<u32>,
}

/// The client's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAnswer {
    /// The client's end of the transport; `None` when it refused every m-line.
    pub transport: Option<RemoteTransport>,
    /// Whether one stream may have header extensions of both forms (RFC 8285 section 6): who can
    /// take that on one m-line can on all, and repeats need not be answered.
    pub mixed_extensions: bool,
    /// What became of each track that was offered.
    pub lines: Vec<AnsweredLine>,
}

/// What became of one offered track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnsweredLine {
    /// The m-line.
    pub mid: Mid,
    /// The SSRC that was offered on it: whose outcome this is.
    pub ssrc: u32,
    /// The outcome.
    pub outcome: LineOutcome,
}

/// Whether a client takes a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOutcome {
    /// It receives it.
    Accepted {
        /// Whether retransmissions may be sent on the RTX stream.
        rtx: bool,
        /// Whether audio may be sent with redundancy.
        red: bool,
        /// The extensions it understands, under our ids.
        extensions: ExtensionIds,
    },
    /// It knows the codec and does not want the track for now.
    Inactive,
    /// It cannot decode the codec. The track has lost its m-line.
    Refused,
}

impl SendSlots {
    /// Gives `track` an m-line: an idle one of its kind, else a refused one under a new name, else
    /// a new one. Nothing is sent on it before the next offer is answered.
    ///
    /// # Errors
    /// When all [`MAX_SEND_SLOTS`] are taken, or a name of the track is no token.
    pub fn add(&mut self, track: SendTrack) -> Result<Mid, SdpError> {
        let names = [&track.stream, &track.track, &track.cname];
        if !names.into_iter().all(|name| is_name(name)) {
            return Err(SdpError::Invalid("msid"));
        }
        let index = match self.free_slot(track.codec) {
            Some(index) => index,
            None if self.slots.len() >= MAX_SEND_SLOTS => {
                return Err(SdpError::TooMany("m-lines"));
            }
            None => self.slots.len(),
        };
        let kept = self.slots.get(index).filter(|slot| !matches!(slot.state, SlotState::Refused));
        let mid = kept.map(|slot| slot.mid);
        let mid = mid.unwrap_or_else(|| self.next_mid());
        let slot = Slot { mid, codec: track.codec, state: SlotState::Sending(track) };
        match self.slots.get_mut(index) {
            Some(free) => *free = slot,
            None => self.slots.push(slot),
        }
        Ok(mid)
    }

    /// Takes the track off its m-line, which is inactive from the next offer on. Returns whether
    /// there was one.
    pub fn remove(&mut self, mid: Mid) -> bool {
        let slot = self.slots.iter_mut().find(|slot| slot.mid == mid);
        let Some(slot) = slot.filter(|slot| slot.track().is_some()) else { return false };
        slot.state = SlotState::Idle;
        true
    }

    /// Writes the offer of everything as it is now. A later offer replaces one that was not
    /// answered.
    pub fn offer(&mut self, local: &LocalParameters) -> String {
        self.version = self.version.saturating_add(1);
        self.pending = Some(self.slots.iter().map(OfferedLine::of).collect());
        let live = self.slots.iter().filter(|slot| !matches!(slot.state, SlotState::Refused));
        let mut lines = Lines::session(local, self.version, live.map(|slot| slot.mid));
        lines.transport(local);
        let mut with_candidates: Vec<Codec> = Vec::new();
        for slot in &self.slots {
            slot.write(&mut lines);
            // The candidates of the first accepted m-line count, and a client refuses m-lines for
            // their codec only: so the first m-line of each codec has them.
            if !matches!(slot.state, SlotState::Refused) && !with_candidates.contains(&slot.codec) {
                with_candidates.push(slot.codec);
                lines.candidates(&local.candidates);
            }
        }
        lines.finish()
    }

    /// Reads the answer to the last offer.
    ///
    /// # Errors
    /// When no offer waits, the text is no answer to it, or leaves us the wrong DTLS role; the
    /// offer then still waits.
    pub fn accept_answer(&mut self, sdp: &str) -> Result<RemoteAnswer, SdpError> {
        let pending = self.pending.as_ref().ok_or(SdpError::NoOfferPending)?;
        let session = Session::parse(sdp, MAX_SEND_SLOTS)?;
        require_same_mids(pending, &session)?;
        let transport = remote_transport(&session, &["active"])?;
        let pending = self.pending.take().unwrap_or_default();
        let of_lines = session.media.iter().map(|media| &media.attributes);
        let mut all = of_lines.chain([&session.attributes]);
        let mixed_extensions = all.any(|attributes| attributes.has(MIXED_EXTENSIONS));
        let lines = pending.iter().zip(&session.media);
        let lines = lines.filter_map(|(line, media)| self.settle(*line, media)).collect();
        Ok(RemoteAnswer { transport, mixed_extensions, lines })
    }

    fn free_slot(&self, codec: Codec) -> Option<usize> {
        let find = |wanted: fn(&SlotState) -> bool| {
            self.slots.iter().position(|slot| {
                slot.codec.is_video() == codec.is_video()
                    && wanted(&slot.state)
                    && !self.is_in_flight(slot.mid)
            })
        };
        find(|state| matches!(state, SlotState::Idle))
            .or_else(|| find(|state| matches!(state, SlotState::Refused)))
    }

    /// Whether an offer with a track on this m-line is out: the answer may refuse the m-line, and
    /// that must not hit another track.
    fn is_in_flight(&self, mid: Mid) -> bool {
        let mut pending = self.pending.iter().flatten();
        pending.any(|line| line.mid == mid && line.ssrc.is_some())
    }

    fn next_mid(&mut self) -> Mid {
        let mid = Mid::new(self.mids_given.to_string().as_bytes());
        self.mids_given = self.mids_given.wrapping_add(1);
        mid.expect("digits of a u32 are a short token")
    }

    /// Notes what the answer says about one m-line. A track that got the m-line after the offer
    /// shares its fate when the m-line is gone for good.
    fn settle(&mut self, line: OfferedLine, media: &Media<'_>) -> Option<AnsweredLine> {
        let outcome = outcome(line.codec, media);
        let slot = self.slots.iter_mut().find(|slot| slot.mid == line.mid)?;
        let current = slot.track().map(|track| track.ssrc);
        if is_stopped(media) {
            slot.state = SlotState::Refused;
        } else if outcome == LineOutcome::Refused && current == line.ssrc {
            slot.state = SlotState::Idle;
        }
        let lost = current.filter(|_| is_stopped(media));
        line.ssrc.or(lost).map(|ssrc| AnsweredLine { mid: line.mid, ssrc, outcome })
    }
}

impl Slot {
    fn track(&self) -> Option<&SendTrack> {
        match &self.state {
            SlotState::Sending(track) => Some(track),
            SlotState::Idle | SlotState::Refused => None,
        }
    }

    fn write(&self, lines: &mut Lines) {
        let kind = if self.codec.is_video() { "video" } else { "audio" };
        match &self.state {
            SlotState::Sending(track) => {
                self.write_head(lines, kind, "a=sendonly");
                write_track(lines, track);
            }
            SlotState::Idle => self.write_head(lines, kind, "a=inactive"),
            SlotState::Refused => {
                let (protocol, format) = (super::write::PROTOCOL, self.codec.payload_type());
                lines.push(format_args!("m={kind} 0 {protocol} {format}"));
                lines.push("c=IN IP4 0.0.0.0");
                lines.push(format_args!("a=mid:{}", self.mid));
                lines.push("a=inactive");
            }
        }
    }

    fn write_head(&self, lines: &mut Lines, kind: &str, direction: &str) {
        let codec = CodecLine {
            codec: self.codec,
            payload_type: self.codec.payload_type(),
            rtx_payload_type: self.codec.rtx_payload_type(),
            redundancy: self.codec.red_payload_type().map_or(Redundancy::None, Redundancy::Known),
            fmtp: our_fmtp(self.codec),
            feedback: Feedback::ours(self.codec),
        };
        lines.media(kind, std::iter::once(codec));
        lines.push(format_args!("a=mid:{}", self.mid));
        lines.push(direction);
        lines.push("a=rtcp-mux");
        lines.push("a=rtcp-rsize");
        lines.push(super::write::ROUND_TRIP);
        lines.push("a=setup:actpass");
        lines.codec(&codec);
        if offered_extensions(self.codec).any(Extension::may_be_long) {
            lines.push(format_args!("a={MIXED_EXTENSIONS}"));
        }
        for extension in offered_extensions(self.codec) {
            lines.push(format_args!("a=extmap:{} {}", extension.id(), extension.uri()));
        }
    }
}

impl OfferedLine {
    fn of(slot: &Slot) -> Self {
        let ssrc = slot.track().map(|track| track.ssrc);
        Self { mid: slot.mid, codec: slot.codec, ssrc }
    }
}

/// The track of an m-line and its SSRCs. Chromium shows no picture when the RTX SSRC is announced
/// before the primary one.
fn write_track(lines: &mut Lines, track: &SendTrack) {
    let SendTrack { codec, stream, track, ssrc, rtx_ssrc, cname } = track;
    lines.push(format_args!("a=msid:{stream} {track}"));
    let rtx_ssrc = rtx_ssrc.filter(|_| codec.rtx_payload_type().is_some());
    if let Some(rtx) = rtx_ssrc {
        lines.push(format_args!("a=ssrc-group:FID {ssrc} {rtx}"));
    }
    for ssrc in [Some(*ssrc), rtx_ssrc].into_iter().flatten() {
        lines.push(format_args!("a=ssrc:{ssrc} cname:{cname}"));
    }
}

/// The header extensions of our offers. The `mid` is not among them: every SSRC is announced.
fn offered_extensions(codec: Codec) -> impl Iterator<Item = Extension> {
    let of_kind: &'static [Extension] = if codec.is_video() {
        &[Extension::TransportCc, Extension::VideoOrientation, Extension::PlayoutDelay]
    } else {
        &[Extension::AudioLevel, Extension::TransportCc]
    };
    let of_codec = (codec == Codec::Av1).then_some(Extension::DependencyDescriptor);
    of_kind.iter().copied().chain(of_codec)
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_token_byte)
}

/// An answer has the offer's m-lines, in its order (RFC 3264 6). One that is refused may have lost
/// its name.
fn require_same_mids(pending: &[OfferedLine], session: &Session<'_>) -> Result<(), SdpError> {
    let shorter = pending.len().min(session.media.len());
    if pending.len() != session.media.len() {
        return Err(SdpError::LineChanged(shorter));
    }
    let mids: Vec<_> = session.media.iter().map(mid).collect::<Result<_, _>>()?;
    require_unique_mids(mids.iter().copied().flatten())?;
    for (index, (line, media)) in pending.iter().zip(&session.media).enumerate() {
        let named = mids.get(index).copied().flatten();
        let same = named.map_or_else(|| is_stopped(media), |named| named == line.mid);
        if !same {
            return Err(SdpError::LineChanged(index));
        }
    }
    Ok(())
}

fn outcome(codec: Codec, media: &Media<'_>) -> LineOutcome {
    let has =
        |payload_type: u8| media.formats.iter().any(|format| format.parse() == Ok(payload_type));
    let mut maps = media.attributes.of_format("rtpmap", codec.payload_type());
    let kept = has(codec.payload_type())
        && maps.next().is_some_and(|map| format::codec_of_map(map) == Some(codec));
    if is_stopped(media) || !kept {
        return LineOutcome::Refused;
    }
    match direction(&media.attributes).unwrap_or(Direction::SendRecv) {
        Direction::Inactive | Direction::SendOnly => return LineOutcome::Inactive,
        Direction::RecvOnly | Direction::SendRecv => {}
    }
    let mut ids = ExtensionIds::none();
    for answered in extensions(&media.attributes) {
        let receives = matches!(answered.direction, Direction::SendRecv | Direction::RecvOnly);
        if receives && answered.id == answered.extension.id() {
            ids.insert(answered.id, answered.extension);
        }
    }
    let rtx = codec.rtx_payload_type().is_some_and(has);
    LineOutcome::Accepted { rtx, red: takes_redundancy(codec, media), extensions: ids }
}

/// Whether an answer keeps the redundancy that we offered.
fn takes_redundancy(codec: Codec, media: &Media<'_>) -> bool {
    codec.red_payload_type().is_some_and(|payload_type| {
        let mut formats = media.formats.iter();
        let mut maps = media.attributes.of_format("rtpmap", payload_type);
        formats.any(|format| format.parse() == Ok(payload_type))
            && maps.next().is_some_and(|map| map.eq_ignore_ascii_case(format::RED_MAP))
    })
}

#[cfg(test)]
mod tests;
