//! Reads a client's offer for its send transport.

use super::{
    Fingerprint, IceCredentials, MAX_OFFERED_LINES, MAX_RIDS, MAX_SSRCS, Mid, RemoteTransport, Rid,
    SdpError, SsrcGroup,
    format::{self, Feedback},
    parse::{Attributes, Media, Session},
};
use crate::{codec::Codec, extension::Extension};

/// A client's offer, reduced to what this server can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteOffer {
    /// The client's end of the transport; `None` when every m-line is stopped.
    pub transport: Option<RemoteTransport>,
    /// The m-lines, in their order.
    pub media: Vec<OfferedMedia>,
}

/// One m-line of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedMedia {
    /// Its name; only a stopped m-line may have none.
    pub mid: Option<Mid>,
    /// What it carries.
    pub kind: OfferedKind,
    /// Which way, seen from the client.
    pub direction: Direction,
    /// Whether the client gave it up for good (port 0 and not `bundle-only`, RFC 9429 5.2.2).
    pub stopped: bool,
    /// Whether it shares the one transport: in the BUNDLE group, over SRTP, with `rtcp-mux`.
    pub bundled: bool,
    /// Whether RTCP packets may be sent without a compound (RFC 5506 5).
    pub reduced_size_rtcp: bool,
    /// Whether receivers may measure the round trip by extended reports (RFC 3611 5.1).
    pub round_trip_reports: bool,
    /// Whether one stream may have header extensions of both forms (RFC 8285 section 6).
    pub mixed_extensions: bool,
    /// The codecs this server forwards, in the client's order.
    pub codecs: Vec<OfferedCodec>,
    /// The header extensions this server understands.
    pub extensions: Vec<OfferedExtension>,
    /// Announced streams, in their order.
    pub ssrcs: Vec<SsrcGroup>,
    /// Offered simulcast layers, in their order (RFC 8853).
    pub rids: Vec<Rid>,
    /// The media field and the protocol, to be repeated when the m-line is rejected.
    pub(super) head: (String, String),
    /// The first format, likewise.
    pub(super) first_format: String,
}

/// What an m-line carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferedKind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
    /// A data channel.
    Application,
    /// Something else, which is rejected.
    Other,
}

/// Which way an m-line carries media, seen from the one who wrote it (RFC 8866 6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both ways, also when nothing is said.
    SendRecv,
    /// Only from the writer.
    SendOnly,
    /// Only to the writer.
    RecvOnly,
    /// Not at all.
    Inactive,
}

/// One codec of an m-line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedCodec {
    /// Payload type of the media.
    pub payload_type: u8,
    /// What it means.
    pub codec: Codec,
    /// Payload type of its retransmissions.
    pub rtx_payload_type: Option<u8>,
    /// Payload type of the codec with redundancy (RFC 2198), which audio may have.
    pub red_payload_type: Option<u8>,
    /// Its format parameters.
    pub fmtp: Option<String>,
    pub(super) feedback: Feedback,
}

/// One header extension of an m-line (RFC 8285 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferedExtension {
    /// Its id on the wire, 1 to 14.
    pub id: u8,
    /// What it is.
    pub extension: Extension,
    /// Which way the client would use it.
    pub direction: Direction,
}

/// The attribute of [`OfferedMedia::mixed_extensions`].
pub(super) const MIXED_EXTENSIONS: &str = "extmap-allow-mixed";

impl RemoteOffer {
    /// Reads an offer.
    ///
    /// # Errors
    /// Whatever makes the offer unusable as a whole; an m-line this server cannot serve is no
    /// error, it is rejected by the answer.
    pub fn parse(sdp: &str) -> Result<Self, SdpError> {
        let session = Session::parse(sdp, MAX_OFFERED_LINES)?;
        let bundle = bundle_group(&session);
        let media: Vec<_> = session
            .media
            .iter()
            .map(|media| OfferedMedia::parse(media, &session.attributes, &bundle))
            .collect::<Result<_, _>>()?;
        require_unique_mids(media.iter().filter_map(|media| media.mid))?;
        let transport = remote_transport(&session, &["actpass", "active"])?;
        Ok(Self { transport, media })
    }
}

impl OfferedMedia {
    fn parse(
        media: &Media<'_>,
        session: &Attributes<'_>,
        bundle: &[&str],
    ) -> Result<Self, SdpError> {
        let attributes = &media.attributes;
        let stopped = is_stopped(media);
        let mid = mid(media)?;
        if mid.is_none() && !stopped {
            return Err(SdpError::Missing("mid"));
        }
        let in_group = mid.is_some_and(|mid| bundle.contains(&mid.as_str()));
        let is_srtp = media.protocol.ends_with("RTP/SAVPF");
        let first_format = media.formats.first().copied().unwrap_or("0");
        Ok(Self {
            mid,
            kind: kind(media),
            direction: direction(attributes)
                .or_else(|| direction(session))
                .unwrap_or(Direction::SendRecv),
            stopped,
            bundled: in_group && is_srtp && attributes.has("rtcp-mux"),
            reduced_size_rtcp: attributes.has("rtcp-rsize"),
            round_trip_reports: attributes.all("rtcp-xr").any(|it| it.contains("rcvr-rtt=")),
            mixed_extensions: [attributes, session].iter().any(|it| it.has(MIXED_EXTENSIONS)),
            codecs: format::codecs(media),
            extensions: extensions(attributes),
            ssrcs: ssrcs(attributes)?,
            rids: simulcast_rids(attributes),
            head: (media.kind.to_owned(), media.protocol.to_owned()),
            first_format: first_format.to_owned(),
        })
    }
}

/// Whether the writer has given the m-line up. An m-line that is offered with port 0 only because
/// it relies on the group says so (RFC 8843 6, `bundle-only`).
pub(super) fn is_stopped(media: &Media<'_>) -> bool {
    media.port == 0 && !media.attributes.has("bundle-only")
}

/// The name of an m-line, if it has one.
pub(super) fn mid(media: &Media<'_>) -> Result<Option<Mid>, SdpError> {
    let text = media.attributes.first("mid");
    text.map(|text| Mid::new(text.as_bytes()).ok_or(SdpError::Invalid("mid"))).transpose()
}

/// Fails when two m-lines have one name; nothing could tell their packets apart.
pub(super) fn require_unique_mids(mids: impl Iterator<Item = Mid>) -> Result<(), SdpError> {
    let mut mids: Vec<_> = mids.collect();
    mids.sort_unstable();
    let repeated = mids.windows(2).any(|pair| matches!(pair, [one, other] if one == other));
    if repeated { Err(SdpError::Invalid("mid")) } else { Ok(()) }
}

/// The m-line names of the first BUNDLE group (RFC 8843 7).
fn bundle_group<'a>(session: &Session<'a>) -> Vec<&'a str> {
    let mut groups = session.attributes.all("group").map(str::split_ascii_whitespace);
    let bundle = groups.find_map(|mut words| (words.next() == Some("BUNDLE")).then_some(words));
    bundle.map(Iterator::collect).unwrap_or_default()
}

fn kind(media: &Media<'_>) -> OfferedKind {
    match media.kind {
        "audio" => OfferedKind::Audio,
        "video" => OfferedKind::Video,
        "application" => OfferedKind::Application,
        _ => OfferedKind::Other,
    }
}

/// The direction attributes among `attributes`, if there is one.
pub(super) fn direction(attributes: &Attributes<'_>) -> Option<Direction> {
    let all = [
        ("sendrecv", Direction::SendRecv),
        ("sendonly", Direction::SendOnly),
        ("recvonly", Direction::RecvOnly),
        ("inactive", Direction::Inactive),
    ];
    all.into_iter().find_map(|(name, direction)| attributes.has(name).then_some(direction))
}

/// The `a=extmap` lines we understand (RFC 8285 8): `id[/direction] URI [attributes]`.
pub(super) fn extensions(attributes: &Attributes<'_>) -> Vec<OfferedExtension> {
    let mut known: Vec<OfferedExtension> = Vec::new();
    for value in attributes.all("extmap") {
        if let Some(offered) = extension(value)
            && known.iter().all(|k| k.id != offered.id && k.extension != offered.extension)
        {
            known.push(offered);
        }
    }
    known
}

fn extension(value: &str) -> Option<OfferedExtension> {
    let mut fields = value.split_ascii_whitespace();
    let head = fields.next()?;
    let extension = Extension::from_uri(fields.next()?)?;
    let (id, direction) = head.split_once('/').unwrap_or((head, "sendrecv"));
    let id = id.parse().ok().filter(|id| (1..=14).contains(id))?;
    let direction = match direction {
        "sendrecv" => Direction::SendRecv,
        "sendonly" => Direction::SendOnly,
        "recvonly" => Direction::RecvOnly,
        _ => Direction::Inactive,
    };
    Some(OfferedExtension { id, extension, direction })
}

/// The announced streams: every SSRC that is not the RTX half of a FID group (RFC 5576).
fn ssrcs(attributes: &Attributes<'_>) -> Result<Vec<SsrcGroup>, SdpError> {
    let mut announced: Vec<u32> = Vec::new();
    for value in attributes.all("ssrc") {
        let ssrc = value.split(' ').next().and_then(|ssrc| ssrc.parse().ok());
        let ssrc = ssrc.ok_or(SdpError::Invalid("ssrc"))?;
        if !announced.contains(&ssrc) {
            if announced.len() >= MAX_SSRCS {
                return Err(SdpError::TooMany("SSRCs"));
            }
            announced.push(ssrc);
        }
    }
    let pairs: Vec<_> = attributes.all("ssrc-group").filter_map(fid_pair).collect();
    let primaries = announced.into_iter().filter(|ssrc| pairs.iter().all(|pair| pair.1 != *ssrc));
    let rtx_of = |ssrc| pairs.iter().find(|pair| pair.0 == ssrc).map(|pair| pair.1);
    Ok(primaries.map(|primary| SsrcGroup { primary, rtx: rtx_of(primary) }).collect())
}

fn fid_pair(value: &str) -> Option<(u32, u32)> {
    let mut words = value.split_ascii_whitespace();
    if words.next() != Some("FID") {
        return None;
    }
    let (primary, rtx) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    (primary != rtx && words.next().is_none()).then_some((primary, rtx))
}

/// The layers of `a=simulcast:send` that have an `a=rid:… send` (RFC 8853 5.1). Of alternatives
/// the first is taken; `~` marks a layer that starts paused.
fn simulcast_rids(attributes: &Attributes<'_>) -> Vec<Rid> {
    let sent: Vec<_> = attributes.all("rid").filter_map(sent_rid).take(MAX_RIDS).collect();
    let Some(value) = attributes.first("simulcast") else { return Vec::new() };
    let mut words = value.split_ascii_whitespace();
    let streams = words.find(|word| *word == "send").and_then(|_| words.next());
    let mut rids: Vec<Rid> = Vec::new();
    for stream in streams.unwrap_or_default().split(';') {
        let first = stream.split(',').next().unwrap_or_default().trim_start_matches('~');
        if let Some(rid) = Rid::new(first.as_bytes())
            && sent.contains(&rid)
            && !rids.contains(&rid)
        {
            rids.push(rid);
        }
    }
    rids
}

fn sent_rid(value: &str) -> Option<Rid> {
    let mut words = value.split_ascii_whitespace();
    let rid = Rid::new(words.next()?.as_bytes())?;
    (words.next() == Some("send")).then_some(rid)
}

/// What the writer says about its end of the transport: at the session, or at the first m-line
/// that has it (all m-lines of a group agree, RFC 8843 7.1.3). `None` when all are stopped.
///
/// `roles` are the `a=setup` values (RFC 8842 5) that leave us the role we take.
pub(super) fn remote_transport(
    session: &Session<'_>,
    roles: &[&str],
) -> Result<Option<RemoteTransport>, SdpError> {
    let live: Vec<_> = session.media.iter().filter(|media| !is_stopped(media)).collect();
    if live.is_empty() {
        return Ok(None);
    }
    let levels = || live.iter().map(|media| &media.attributes).chain([&session.attributes]);
    let first = |name| levels().find_map(|attributes| attributes.first(name));
    if session.attributes.has("ice-lite") {
        return Err(SdpError::BothIceLite);
    }
    let role = first("setup").ok_or(SdpError::Missing("setup"))?;
    if !roles.contains(&role) {
        return Err(SdpError::DtlsRole);
    }
    let ufrag = first("ice-ufrag").ok_or(SdpError::Missing("ice-ufrag"))?;
    let pwd = first("ice-pwd").ok_or(SdpError::Missing("ice-pwd"))?;
    let ice = ice_credentials(ufrag, pwd)?;
    let mut fingerprints = levels().flat_map(|attributes| attributes.all("fingerprint")).peekable();
    fingerprints.peek().ok_or(SdpError::Missing("fingerprint"))?;
    let fingerprint = fingerprints.find_map(|text| Fingerprint::parse(text).ok());
    let fingerprint = fingerprint.ok_or(SdpError::Invalid("fingerprint"))?;
    Ok(Some(RemoteTransport { ice, fingerprint }))
}

/// Checks the lengths and characters of RFC 8839 5.4.
pub(super) fn ice_credentials(ufrag: &str, pwd: &str) -> Result<IceCredentials, SdpError> {
    let are_ice_chars = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
    };
    if !(4..=256).contains(&ufrag.len()) || !are_ice_chars(ufrag) {
        return Err(SdpError::Invalid("ice-ufrag"));
    }
    if !(22..=256).contains(&pwd.len()) || !are_ice_chars(pwd) {
        return Err(SdpError::Invalid("ice-pwd"));
    }
    Ok(IceCredentials { ufrag: ufrag.to_owned(), pwd: pwd.to_owned() })
}
