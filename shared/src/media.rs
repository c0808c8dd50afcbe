//! What is sent: kinds, sources, codecs, session descriptions.

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

/// A session description (RFC 8829), as `RTCPeerConnection` reads and writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDescription {
    /// Whether it offers or answers.
    #[serde(rename = "type")]
    pub kind: DescriptionKind,
    /// The SDP text (RFC 8866); at most [`crate::limits::MAX_MESSAGE_BYTES`].
    pub sdp: String,
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
