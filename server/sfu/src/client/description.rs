//! Session descriptions of the shape that browsers write.

use std::{fmt::Write as _, net::SocketAddr};

use super::Remote;
use crate::{codec::Codec, extension::Extension, transport::dtls::Fingerprint};

/// The password in our descriptions. An ICE-lite server sends no checks, so nobody uses it.
const UNUSED_PASSWORD: &str = "theServerIsIceLite000000";

/// A track we send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentTrack {
    /// Its codec, under the payload type of our own table.
    pub codec: Codec,
    /// SSRC of the media.
    pub ssrc: u32,
    /// SSRC of the retransmissions, for video.
    pub rtx_ssrc: Option<u32>,
}

/// A track that the server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedTrack {
    /// Its m-line.
    pub mid: String,
    /// SSRC of the media.
    pub ssrc: u32,
    /// SSRC of the retransmissions, if it has them.
    pub rtx_ssrc: Option<u32>,
}

/// Why a server's description cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server's description has no usable {0}")]
pub struct DescriptionError(&'static str);

/// Writes the offer of a send transport: one m-line per track, its index as `mid`.
pub(super) fn offer(ufrag: &str, fingerprint: &Fingerprint, tracks: &[SentTrack]) -> String {
    let mids = (0..tracks.len()).map(|mid| mid.to_string());
    let mut sdp = session(mids);
    for (mid, track) in tracks.iter().enumerate() {
        media(&mut sdp, track.codec);
        transport(&mut sdp, ufrag, fingerprint, "actpass");
        line(&mut sdp, &format!("a=mid:{mid}\r\na=sendonly"));
        let extension = Extension::TransportCc;
        line(&mut sdp, &format!("a=extmap:{} {}", extension.id(), extension.uri()));
        codec(&mut sdp, track.codec);
        if let Some(rtx) = track.rtx_ssrc {
            line(&mut sdp, &format!("a=ssrc-group:FID {} {rtx}", track.ssrc));
        }
        for ssrc in [Some(track.ssrc), track.rtx_ssrc].into_iter().flatten() {
            line(&mut sdp, &format!("a=ssrc:{ssrc} cname:load"));
        }
    }
    sdp
}

/// Answers the server's offer: receives everything that is sent.
pub(super) fn answer(offer: &str, ufrag: &str, fingerprint: &Fingerprint) -> String {
    let lines: Vec<&str> = media_sections(offer).collect();
    let mids = lines.iter().filter_map(|section| attribute(section, "mid:")).map(str::to_owned);
    let mut sdp = session(mids);
    for section in lines {
        let first = section.lines().next().unwrap_or_default();
        let sends = section.lines().any(|line| line == "a=sendonly");
        line(&mut sdp, first);
        line(&mut sdp, "c=IN IP4 0.0.0.0\r\na=rtcp-mux");
        transport(&mut sdp, ufrag, fingerprint, "active");
        line(&mut sdp, if sends { "a=recvonly" } else { "a=inactive" });
        let kept = ["a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:", "a=rtcp-rsize"];
        for text in section.lines().filter(|text| kept.iter().any(|start| text.starts_with(start)))
        {
            line(&mut sdp, text);
        }
    }
    sdp
}

/// What a connection needs of the server's description.
pub(super) fn remote(sdp: &str) -> Result<Remote, DescriptionError> {
    let ufrag = attribute(sdp, "ice-ufrag:").ok_or(DescriptionError("ice-ufrag"))?;
    let password = attribute(sdp, "ice-pwd:").ok_or(DescriptionError("ice-pwd"))?;
    let candidate = sdp.lines().filter_map(|line| line.strip_prefix("a=candidate:"));
    let candidate = candidate.filter_map(address).next().ok_or(DescriptionError("candidate"))?;
    Ok(Remote { ufrag: ufrag.to_owned(), password: password.to_owned(), candidate })
}

/// The tracks of the server's offer that are being sent.
pub(super) fn tracks(sdp: &str) -> Vec<ReceivedTrack> {
    media_sections(sdp)
        .filter(|section| section.lines().any(|line| line == "a=sendonly"))
        .filter_map(|section| {
            let mid = attribute(section, "mid:")?.to_owned();
            let mut ssrcs = section.lines().filter_map(|line| {
                line.strip_prefix("a=ssrc:")?.split(' ').next()?.parse::<u32>().ok()
            });
            let ssrc = ssrcs.next()?;
            Some(ReceivedTrack { mid, ssrc, rtx_ssrc: ssrcs.find(|other| *other != ssrc) })
        })
        .collect()
}

/// `foundation component transport priority address port typ host` (RFC 8839 section 5.1).
fn address(candidate: &str) -> Option<SocketAddr> {
    let mut fields = candidate.split(' ').skip(4);
    let ip = fields.next()?.parse().ok()?;
    Some(SocketAddr::new(ip, fields.next()?.parse().ok()?))
}

fn session(mids: impl Iterator<Item = String>) -> String {
    let mids: Vec<String> = mids.collect();
    let mids = mids.join(" ");
    format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mids}\r\n")
}

fn media(sdp: &mut String, codec: Codec) {
    let kind = if codec.is_video() { "video" } else { "audio" };
    let rtx = codec.rtx_payload_type().map(|rtx| format!(" {rtx}")).unwrap_or_default();
    line(sdp, &format!("m={kind} 9 UDP/TLS/RTP/SAVPF {}{rtx}", codec.payload_type()));
    line(sdp, "c=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=rtcp-rsize");
}

fn transport(sdp: &mut String, ufrag: &str, fingerprint: &Fingerprint, setup: &str) {
    line(sdp, &format!("a=ice-ufrag:{ufrag}\r\na=ice-pwd:{UNUSED_PASSWORD}"));
    line(sdp, &format!("a=fingerprint:{fingerprint}\r\na=setup:{setup}"));
}

fn codec(sdp: &mut String, codec: Codec) {
    let (name, payload_type, rate) =
        (codec.encoding_name(), codec.payload_type(), codec.clock_rate());
    let channels = if codec.is_video() { "" } else { "/2" };
    line(sdp, &format!("a=rtpmap:{payload_type} {name}/{rate}{channels}"));
    line(sdp, &format!("a=rtcp-fb:{payload_type} transport-cc"));
    if let Some(rtx) = codec.rtx_payload_type() {
        for feedback in ["nack", "nack pli", "ccm fir"] {
            line(sdp, &format!("a=rtcp-fb:{payload_type} {feedback}"));
        }
        line(sdp, &format!("a=rtpmap:{rtx} rtx/{rate}\r\na=fmtp:{rtx} apt={payload_type}"));
    }
}

fn media_sections(sdp: &str) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> = sdp.match_indices("m=").map(|(index, _)| index).collect();
    let starts: Vec<usize> = starts
        .into_iter()
        .filter(|index| sdp.get(..*index).is_some_and(|head| head.ends_with('\n')))
        .collect();
    let ends: Vec<usize> = starts.iter().copied().skip(1).chain([sdp.len()]).collect();
    starts.into_iter().zip(ends).filter_map(|(start, end)| sdp.get(start..end))
}

fn attribute<'a>(sdp: &'a str, name: &str) -> Option<&'a str> {
    sdp.lines().find_map(|line| line.strip_prefix("a=")?.strip_prefix(name))
}

fn line(sdp: &mut String, text: &str) {
    write!(sdp, "{text}\r\n").expect("writing to a string cannot fail");
}
