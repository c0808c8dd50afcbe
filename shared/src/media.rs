//! What is sent: kinds, sources, codecs, layers, session descriptions.

use serde::{Deserialize, Serialize};

/// Whether a stream is sound or picture (W3C `MediaStreamTrack.kind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
}

/// Where a stream comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// The participant's microphone.
    Microphone,
    /// The participant's camera.
    Camera,
    /// A shared screen or window.
    Screen,
    /// The sound of a shared screen or window.
    ScreenAudio,
}

impl Source {
    /// The kind of stream this source gives.
    #[must_use]
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Microphone | Self::ScreenAudio => MediaKind::Audio,
            Self::Camera | Self::Screen => MediaKind::Video,
        }
    }
}

/// What a stream is coded in, named as by W3C `RTCRtpCodec.mimeType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MimeType {
    /// Opus audio.
    #[serde(rename = "audio/opus")]
    Opus,
    /// VP8 video.
    #[serde(rename = "video/VP8")]
    Vp8,
    /// VP9 video.
    #[serde(rename = "video/VP9")]
    Vp9,
    /// H.264 video.
    #[serde(rename = "video/H264")]
    H264,
    /// AV1 video.
    #[serde(rename = "video/AV1")]
    Av1,
}

impl MimeType {
    /// The codec's name as people know it.
    #[must_use]
    pub const fn codec_name(self) -> &'static str {
        match self {
            Self::Opus => "Opus",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::H264 => "H.264",
            Self::Av1 => "AV1",
        }
    }
}

/// A session description (RFC 8829), as `RTCPeerConnection` reads and writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDescription {
    /// Whether it offers or answers.
    #[serde(rename = "type")]
    pub kind: DescriptionKind,
    /// The SDP text (RFC 8866); at most [`crate::limits::MAX_MESSAGE_BYTES`].
    pub sdp: String,
}

impl SessionDescription {
    /// An answer without what an answer to our server's offer need not repeat, so that one for a
    /// full room stays within [`crate::limits::MAX_MESSAGE_BYTES`]: transport attributes that stood
    /// before (all m-lines are bundled, RFC 8843 section 7.1.3), and attributes of codecs that the
    /// offer chose.
    #[must_use]
    pub fn compact(&self) -> Self {
        const NEEDLESS: [&str; 6] =
            ["a=rtcp-fb:", "a=fmtp:", "a=rtcp:", "a=candidate:", "a=msid:", "a=ssrc:"];
        const ONCE: [&str; 3] = ["a=ice-", "a=fingerprint:", "a=extmap-allow-mixed"];
        let mut sdp = String::with_capacity(self.sdp.len());
        for line in self.sdp.split_inclusive('\n') {
            let starts_with = |start: &&str| line.starts_with(*start);
            let is_repeated = ONCE.iter().any(starts_with) && sdp.contains(line);
            if !is_repeated && !NEEDLESS.iter().any(starts_with) {
                sdp.push_str(line);
            }
        }
        Self { kind: self.kind, sdp }
    }
}

/// W3C `RTCSdpType`, without the kinds this protocol has no use for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DescriptionKind {
    /// Proposes a session.
    Offer,
    /// Accepts an offer.
    Answer,
}

/// The codecs an end can receive, as `RTCRtpReceiver.getCapabilities` names them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RtpCapabilities {
    /// Media types such as `video/VP8`, compared without regard to case (RFC 4855).
    pub codecs: Vec<String>,
}

impl RtpCapabilities {
    /// Whether `mime_type` is among the codecs.
    #[must_use]
    pub fn supports(&self, mime_type: &str) -> bool {
        self.codecs.iter().any(|codec| codec.eq_ignore_ascii_case(mime_type))
    }
}

/// One of the qualities a video is sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Layer {
    /// Size of the picture, 0 the smallest: a simulcast stream, or a spatial layer of SVC.
    pub spatial: u8,
    /// Frame rate, 0 the lowest.
    pub temporal: u8,
}

/// What a viewer shows of a video.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Viewing {
    /// Width at which it is shown, in device pixels; 0 while it cannot be seen.
    pub width: u16,
    /// Height of the same.
    pub height: u16,
    /// Whether the person chose to see it large: it goes before others when bandwidth is short.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub pinned: bool,
    /// Not more than this, whatever its size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_layer: Option<Layer>,
}

impl Viewing {
    /// Whether nothing of the video can be seen.
    #[must_use]
    pub const fn is_hidden(self) -> bool {
        self.width == 0 || self.height == 0
    }
}

/// One STUN or TURN server (W3C `RTCIceServer`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IceServer {
    /// `stun:`, `turn:` and `turns:` URLs of the one server.
    pub urls: Vec<String>,
    /// User name, for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Password, for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_MESSAGE_BYTES;

    /// What Chromium writes for one m-line of an answer.
    fn media_section(mid: usize) -> String {
        [
            "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
            "c=IN IP4 0.0.0.0",
            "a=rtcp:9 IN IP4 0.0.0.0",
            "a=ice-ufrag:4ZcD",
            "a=ice-pwd:2/1muCWoOi3uLifh0NuRHlZT",
            "a=ice-options:trickle",
            "a=fingerprint:sha-256 75:74:5A:A6:A4:E5:52:F4:A7:67:4C:01:C7:EE:91:3F:21:3D:A2:E3:53:7B:6F:30:86:F2:30:AA:65:FB:04:24",
            "a=setup:active",
            &format!("a=mid:{mid}"),
            "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
            "a=extmap:5 urn:3gpp:video-orientation",
            "a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
            "a=recvonly",
            "a=rtcp-mux",
            "a=rtcp-rsize",
            "a=rtpmap:96 VP8/90000",
            "a=rtcp-fb:96 transport-cc",
            "a=rtcp-fb:96 nack pli",
            "a=rtpmap:97 rtx/90000",
            "a=fmtp:97 apt=96",
            "",
        ]
        .join("\r\n")
    }

    #[test]
    fn an_answer_for_a_room_of_fifty_fits_into_a_message() {
        let sections: String = (0..98).map(media_section).collect();
        let sdp = format!("v=0\r\ns=-\r\nt=0 0\r\n{sections}");
        let answer = SessionDescription { kind: DescriptionKind::Answer, sdp };
        let written = |answer: &SessionDescription| serde_json::to_string(answer).unwrap().len();
        assert!(written(&answer) > MAX_MESSAGE_BYTES, "else there is nothing to do");
        assert!(written(&answer.compact()) < MAX_MESSAGE_BYTES * 3 / 4);
    }

    #[test]
    fn what_the_server_reads_stays() {
        let sdp = [media_section(0), media_section(1)].concat();
        let answer = SessionDescription { kind: DescriptionKind::Answer, sdp }.compact();
        for (line, times) in [
            ("a=ice-ufrag:4ZcD", 1),
            ("a=fingerprint:", 1),
            ("a=setup:active", 2),
            ("a=recvonly", 2),
            ("a=rtpmap:96 VP8/90000", 2),
            ("a=extmap:3 ", 2),
            ("a=fmtp:", 0),
        ] {
            assert_eq!(answer.sdp.matches(line).count(), times, "{line}");
        }
    }
}
