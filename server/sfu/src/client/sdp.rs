//! The few session descriptions a light client writes and reads.

use std::{fmt::Write as _, net::SocketAddr};

use super::LegError;
use crate::{codec::Codec, extension::Extension, transport::dtls::Fingerprint};

/// Lines of a server's description that are read at most.
const SERVER_LINES_MAX: usize = 16 * 1024;

/// What a client says about itself.
pub(super) struct ClientEnd<'a> {
    pub(super) ufrag: &'a str,
    pub(super) password: &'a str,
    pub(super) fingerprint: Fingerprint,
}

/// A track the client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTrack {
    /// What it carries.
    pub codec: Codec,
    /// The stream of its media; retransmissions of video have the next SSRC.
    pub ssrc: u32,
}

impl LocalTrack {
    /// The stream of its retransmissions (RFC 4588), which video has.
    #[must_use]
    pub const fn rtx_ssrc(self) -> Option<u32> {
        if self.codec.rtx_payload_type().is_some() { Some(self.ssrc.wrapping_add(1)) } else { None }
    }
}

/// A track that a server offers to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedTrack {
    /// Its m-line.
    pub mid: String,
    /// The stream of its media.
    pub ssrc: u32,
    /// The stream of its retransmissions, if it has one.
    pub rtx_ssrc: Option<u32>,
}

/// The tracks that a server's offer sends, in its order.
#[must_use]
pub fn offered_tracks(offer: &str) -> Vec<OfferedTrack> {
    let mut tracks = Vec::new();
    let (mut mid, mut ssrcs) = (String::new(), Vec::new());
    for line in offer.lines().take(SERVER_LINES_MAX).chain(["m="]) {
        if line.starts_with("m=") {
            let mid = std::mem::take(&mut mid);
            let ssrcs: Vec<u32> = std::mem::take(&mut ssrcs);
            if let Some(ssrc) = ssrcs.first().copied() {
                let rtx_ssrc = ssrcs.into_iter().find(|other| *other != ssrc);
                tracks.push(OfferedTrack { mid, ssrc, rtx_ssrc });
            }
        } else if let Some(value) = line.strip_prefix("a=mid:") {
            mid = value.to_owned();
        } else if let Some(value) = line.strip_prefix("a=ssrc:") {
            ssrcs.extend(value.split(' ').next().and_then(|ssrc| ssrc.parse::<u32>().ok()));
        }
    }
    tracks
}

/// What a server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEnd {
    /// Username fragment (RFC 8839 section 5.4).
    pub ufrag: String,
    /// Password.
    pub password: String,
    /// Hash of its certificate.
    pub fingerprint: Fingerprint,
    /// Its first candidate.
    pub address: SocketAddr,
}

impl ServerEnd {
    /// Reads a server's offer or answer.
    ///
    /// # Errors
    ///
    /// [`LegError::Description`] names what is missing.
    pub fn parse(sdp: &str) -> Result<Self, LegError> {
        let fingerprint = Fingerprint::parse(value(sdp, "fingerprint")?);
        let (ufrag, password) = credentials(sdp)?;
        let address = candidate(value(sdp, "candidate")?);
        Ok(Self {
            ufrag,
            password,
            fingerprint: fingerprint.map_err(|_| LegError::Description("fingerprint"))?,
            address: address.ok_or(LegError::Description("candidate"))?,
        })
    }
}

/// The user fragment and the password that a server says.
pub(super) fn credentials(sdp: &str) -> Result<(String, String), LegError> {
    Ok((value(sdp, "ice-ufrag")?.to_owned(), value(sdp, "ice-pwd")?.to_owned()))
}

/// The value of the first attribute of a name.
fn value<'a>(sdp: &'a str, name: &'static str) -> Result<&'a str, LegError> {
    let mut lines = sdp.lines().take(SERVER_LINES_MAX);
    lines
        .find_map(|line| line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
        .map(str::trim)
        .ok_or(LegError::Description(name))
}

/// The address of an `a=candidate` (RFC 8839 section 5.1): foundation, component, transport,
/// priority, address, port.
fn candidate(value: &str) -> Option<SocketAddr> {
    let mut words = value.split_ascii_whitespace().skip(4);
    Some(SocketAddr::new(words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// An offer that sends `tracks`, each on an m-line named by its place.
pub(super) fn offer(client: &ClientEnd<'_>, tracks: &[LocalTrack]) -> String {
    let mids: Vec<String> = (0..tracks.len()).map(|mid| mid.to_string()).collect();
    let mut sdp = session(client, &mids, "actpass");
    for (track, mid) in tracks.iter().zip(&mids) {
        let (codec, payload_type) = (track.codec, track.codec.payload_type());
        let kind = if codec.is_video() { "video" } else { "audio" };
        let channels = if codec.is_video() { "" } else { "/2" };
        let (name, clock_rate) = (codec.encoding_name(), codec.clock_rate());
        let transport_cc = Extension::TransportCc;
        let rtx = codec.rtx_payload_type();
        let red = codec.red_payload_type();
        let further = rtx.or(red).map(|other| format!(" {other}")).unwrap_or_default();
        line(&mut sdp, format_args!("m={kind} 9 UDP/TLS/RTP/SAVPF {payload_type}{further}"));
        line(&mut sdp, format_args!("c=IN IP4 0.0.0.0"));
        line(&mut sdp, format_args!("a=mid:{mid}"));
        line(&mut sdp, format_args!("a=sendonly"));
        line(&mut sdp, format_args!("a=rtcp-mux"));
        line(&mut sdp, format_args!("a=rtcp-rsize"));
        line(&mut sdp, format_args!("a=rtpmap:{payload_type} {name}/{clock_rate}{channels}"));
        line(&mut sdp, format_args!("a=rtcp-fb:{payload_type} transport-cc"));
        if codec.is_video() {
            line(&mut sdp, format_args!("a=rtcp-fb:{payload_type} nack"));
            line(&mut sdp, format_args!("a=rtcp-fb:{payload_type} nack pli"));
        }
        if let Some(rtx) = rtx {
            line(&mut sdp, format_args!("a=rtpmap:{rtx} rtx/{clock_rate}"));
            line(&mut sdp, format_args!("a=fmtp:{rtx} apt={payload_type}"));
        }
        if let Some(red) = red {
            line(&mut sdp, format_args!("a=rtpmap:{red} red/{clock_rate}{channels}"));
            line(&mut sdp, format_args!("a=fmtp:{red} {payload_type}/{payload_type}"));
        }
        line(&mut sdp, format_args!("a=extmap:{} {}", transport_cc.id(), transport_cc.uri()));
        if !codec.is_video() {
            let level = Extension::AudioLevel;
            line(&mut sdp, format_args!("a=extmap:{} {}", level.id(), level.uri()));
        }
        if let Some(rtx) = track.rtx_ssrc() {
            line(&mut sdp, format_args!("a=ssrc-group:FID {} {rtx}", track.ssrc));
        }
        for ssrc in [Some(track.ssrc), track.rtx_ssrc()].into_iter().flatten() {
            line(&mut sdp, format_args!("a=ssrc:{ssrc} cname:{}", client.ufrag));
        }
    }
    sdp
}

/// An answer that receives everything that `offer` sends.
pub(super) fn answer(client: &ClientEnd<'_>, offer: &str) -> String {
    /// What an answer repeats of an m-line, because it agrees.
    const AGREED: [&str; 7] =
        ["a=mid:", "a=rtcp-mux", "a=rtcp-rsize", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:"];
    let mids = offer.lines().filter_map(|line| line.strip_prefix("a=mid:"));
    let mids: Vec<String> = mids.map(str::to_owned).collect();
    let mut sdp = session(client, &mids, "active");
    let lines = offer.lines().skip_while(|text| !text.starts_with("m="));
    for text in lines.take(SERVER_LINES_MAX) {
        if text.starts_with("m=") {
            line(&mut sdp, format_args!("{text}"));
            line(&mut sdp, format_args!("c=IN IP4 0.0.0.0"));
            line(&mut sdp, format_args!("a=recvonly"));
        } else if AGREED.iter().any(|prefix| text.starts_with(prefix)) {
            line(&mut sdp, format_args!("{text}"));
        }
    }
    sdp
}

/// The lines before the first m-line.
fn session(client: &ClientEnd<'_>, mids: &[String], setup: &str) -> String {
    let mut sdp = String::from("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n");
    line(&mut sdp, format_args!("a=group:BUNDLE {}", mids.join(" ")));
    line(&mut sdp, format_args!("a=ice-ufrag:{}", client.ufrag));
    line(&mut sdp, format_args!("a=ice-pwd:{}", client.password));
    line(&mut sdp, format_args!("a=fingerprint:{}", client.fingerprint));
    line(&mut sdp, format_args!("a=setup:{setup}"));
    sdp
}

fn line(sdp: &mut String, text: std::fmt::Arguments<'_>) {
    write!(sdp, "{text}\r\n").expect("a string takes all text");
}

#[cfg(test)]
mod tests {
    use crate::transport::sdp::RemoteOffer;

    use super::*;

    const FINGERPRINT: &str = "sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:\
                               10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";

    fn client() -> ClientEnd<'static> {
        ClientEnd {
            ufrag: "abcdefgh",
            password: "0123456789abcdef01234567",
            fingerprint: Fingerprint::parse(FINGERPRINT).unwrap(),
        }
    }

    #[test]
    fn the_server_reads_every_track_of_an_offer() {
        let tracks =
            [LocalTrack { codec: Codec::Opus, ssrc: 1 }, LocalTrack { codec: Codec::Vp8, ssrc: 2 }];
        let offer = RemoteOffer::parse(&offer(&client(), &tracks)).unwrap();
        let read: Vec<_> = offer
            .media
            .iter()
            .map(|media| (media.codecs[0].codec, media.ssrcs[0].primary, media.bundled))
            .collect();
        assert_eq!(read, [(Codec::Opus, 1, true), (Codec::Vp8, 2, true)]);
    }

    #[test]
    fn the_tracks_of_a_servers_offer_are_told_by_their_streams() {
        let offer = "v=0\r\nm=audio 9 x 111\r\na=mid:0\r\na=ssrc:5 cname:a\r\n\
                     m=video 0 x 96\r\na=mid:1\r\na=inactive\r\n\
                     m=video 9 x 96 97\r\na=mid:2\r\na=ssrc-group:FID 6 7\r\n\
                     a=ssrc:6 cname:a\r\na=ssrc:6 msid:a b\r\na=ssrc:7 cname:a\r\n";
        let track =
            |mid: &str, ssrc, rtx_ssrc| OfferedTrack { mid: mid.to_owned(), ssrc, rtx_ssrc };
        assert_eq!(offered_tracks(offer), [track("0", 5, None), track("2", 6, Some(7))]);
    }

    #[test]
    fn what_is_missing_in_a_description_is_named() {
        let error = ServerEnd::parse("v=0\r\na=ice-ufrag:abcd\r\n").unwrap_err();
        assert_eq!(error.to_string(), "the server's description has no fingerprint");
    }

    #[test]
    fn the_first_candidate_is_where_the_server_is() {
        let sdp = format!(
            "a=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:{FINGERPRINT}\r\n\
             a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host\r\n\
             a=candidate:2 1 udp 2130706430 2001:db8::1 40000 typ host\r\n"
        );
        let server = ServerEnd::parse(&sdp).unwrap();
        assert_eq!(server.address, SocketAddr::from(([192, 0, 2, 1], 40_000)));
        assert_eq!(server.fingerprint.to_string(), FINGERPRINT);
    }
}
