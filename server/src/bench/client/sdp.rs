//! The few session descriptions a light client writes and reads.

use std::{fmt::Write as _, net::SocketAddr};

use sfu::{codec::Codec, extension::Extension};

use super::ClientError;

/// Lines of a server's description that are read at most.
const SERVER_LINES_MAX: usize = 16 * 1024;

/// What a client says about itself.
pub(super) struct ClientEnd<'a> {
    pub(super) ufrag: &'a str,
    pub(super) password: &'a str,
    pub(super) fingerprint: &'a str,
}

/// A track the client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTrack {
    /// What it carries.
    pub codec: Codec,
    /// Its only stream.
    pub ssrc: u32,
}

/// What a server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEnd {
    /// Username fragment (RFC 8839 section 5.4).
    pub ufrag: String,
    /// Password.
    pub password: String,
    /// SHA-256 of its certificate, in pairs of digits.
    pub fingerprint: String,
    /// Its first candidate.
    pub address: SocketAddr,
}

impl ServerEnd {
    /// Reads a server's offer or answer.
    ///
    /// # Errors
    ///
    /// [`ClientError::Description`] names what is missing.
    pub fn parse(sdp: &str) -> Result<Self, ClientError> {
        let value = |name: &'static str| {
            let mut lines = sdp.lines().take(SERVER_LINES_MAX);
            lines
                .find_map(|line| line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
                .map(str::trim)
                .ok_or(ClientError::Description(name))
        };
        let (_, fingerprint) =
            value("fingerprint")?.split_once(' ').ok_or(ClientError::Description("fingerprint"))?;
        Ok(Self {
            ufrag: value("ice-ufrag")?.to_owned(),
            password: value("ice-pwd")?.to_owned(),
            fingerprint: fingerprint.trim().to_owned(),
            address: candidate(value("candidate")?).ok_or(ClientError::Description("candidate"))?,
        })
    }
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
        line(&mut sdp, format_args!("m={kind} 9 UDP/TLS/RTP/SAVPF {payload_type}"));
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
        line(&mut sdp, format_args!("a=extmap:{} {}", transport_cc.id(), transport_cc.uri()));
        line(&mut sdp, format_args!("a=ssrc:{} cname:{}", track.ssrc, client.ufrag));
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
    line(&mut sdp, format_args!("a=fingerprint:sha-256 {}", client.fingerprint));
    line(&mut sdp, format_args!("a=setup:{setup}"));
    sdp
}

fn line(sdp: &mut String, text: std::fmt::Arguments<'_>) {
    write!(sdp, "{text}\r\n").expect("a string takes all text");
}

#[cfg(test)]
mod tests {
    use sfu::transport::sdp::RemoteOffer;

    use super::*;

    fn client() -> ClientEnd<'static> {
        ClientEnd {
            ufrag: "abcdefgh",
            password: "0123456789abcdef01234567",
            fingerprint: "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:\
                          10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F",
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
    fn what_is_missing_in_a_description_is_named() {
        let error = ServerEnd::parse("v=0\r\na=ice-ufrag:abcd\r\n").unwrap_err();
        assert_eq!(error.to_string(), "the server's description has no fingerprint");
    }

    #[test]
    fn the_first_candidate_is_where_the_server_is() {
        let sdp = "a=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:sha-256 AB:CD\r\n\
                   a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host\r\n\
                   a=candidate:2 1 udp 2130706430 2001:db8::1 40000 typ host\r\n";
        let server = ServerEnd::parse(sdp).unwrap();
        assert_eq!(server.address, SocketAddr::from(([192, 0, 2, 1], 40_000)));
        assert_eq!(server.fingerprint, "AB:CD");
    }
}
