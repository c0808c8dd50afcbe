//! The codecs this server forwards, and the fixed payload types of our own offers.

/// A codec that can be negotiated. Nothing is ever transcoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// Opus audio, RFC 7587.
    Opus,
    /// VP8 video, RFC 7741.
    Vp8,
    /// VP9 video, RFC 9628.
    Vp9,
    /// H.264 video, constrained baseline, packetization mode 1, RFC 6184.
    H264,
    /// AV1 video, AV1 RTP specification 1.0.
    Av1,
}

impl Codec {
    /// Every codec, the preferred one of each kind first.
    pub const ALL: [Self; 5] = [Self::Opus, Self::Vp8, Self::Vp9, Self::H264, Self::Av1];

    /// The payload type this codec has in every offer of ours.
    #[must_use]
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Opus => 111,
            Self::Vp8 => 96,
            Self::Vp9 => 98,
            Self::H264 => 102,
            Self::Av1 => 45,
        }
    }

    /// The payload type of this codec's retransmissions (RFC 4588) in every offer of ours;
    /// audio has none.
    #[must_use]
    pub const fn rtx_payload_type(self) -> Option<u8> {
        match self {
            Self::Opus => None,
            Self::Vp8 => Some(97),
            Self::Vp9 => Some(99),
            Self::H264 => Some(103),
            Self::Av1 => Some(46),
        }
    }

    /// The payload type of this codec with redundancy (RFC 2198) in every offer of ours; only audio
    /// has it.
    #[must_use]
    pub const fn red_payload_type(self) -> Option<u8> {
        match self {
            Self::Opus => Some(63),
            Self::Vp8 | Self::Vp9 | Self::H264 | Self::Av1 => None,
        }
    }

    /// RTP clock rate in Hz.
    #[must_use]
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Vp8 | Self::Vp9 | Self::H264 | Self::Av1 => 90_000,
        }
    }

    /// Whether this is a video codec; the others are audio.
    #[must_use]
    pub const fn is_video(self) -> bool {
        !matches!(self, Self::Opus)
    }

    /// The encoding name of the codec's `a=rtpmap` line.
    #[must_use]
    pub const fn encoding_name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::H264 => "H264",
            Self::Av1 => "AV1",
        }
    }
}
