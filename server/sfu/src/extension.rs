//! The RTP header extensions this server understands, and their fixed ids in our own offers.

/// A header extension (RFC 8285) that is negotiated, read or forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Extension {
    /// Client-to-mixer audio level, RFC 6464: one byte, V flag and level in -dBov.
    AudioLevel,
    /// Transport-wide sequence number for congestion control: two bytes,
    /// draft-holmer-rmcat-transport-wide-cc-extensions-01.
    TransportCc,
    /// Media identification of the m-line, RFC 9143: the `mid` as text.
    Mid,
    /// Coordination of video orientation, 3GPP TS 26.114: one byte.
    VideoOrientation,
    /// Playout delay bounds: three bytes.
    PlayoutDelay,
    /// RTP stream id of a simulcast layer, RFC 8852.
    Rid,
    /// Repaired RTP stream id, on a layer's RTX stream, RFC 8852.
    RepairedRid,
    /// AV1 dependency descriptor.
    DependencyDescriptor,
}

impl Extension {
    /// Every extension, by ascending id.
    pub const ALL: [Self; 8] = [
        Self::AudioLevel,
        Self::TransportCc,
        Self::Mid,
        Self::VideoOrientation,
        Self::PlayoutDelay,
        Self::Rid,
        Self::RepairedRid,
        Self::DependencyDescriptor,
    ];

    /// The id in every offer of ours; all fit the one-byte form of RFC 8285.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::AudioLevel => 1,
            Self::TransportCc => 3,
            Self::Mid => 4,
            Self::VideoOrientation => 5,
            Self::PlayoutDelay => 6,
            Self::Rid => 10,
            Self::RepairedRid => 11,
            Self::DependencyDescriptor => 12,
        }
    }

    /// Whether its data may be too long for the one-byte form of RFC 8285.
    #[must_use]
    pub const fn may_be_long(self) -> bool {
        matches!(self, Self::DependencyDescriptor)
    }

    /// The URI of the `a=extmap` line.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::AudioLevel => "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            Self::TransportCc => {
                "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
            }
            Self::Mid => "urn:ietf:params:rtp-hdrext:sdes:mid",
            Self::VideoOrientation => "urn:3gpp:video-orientation",
            Self::PlayoutDelay => "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
            Self::Rid => "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
            Self::RepairedRid => "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
            Self::DependencyDescriptor => {
                "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
            }
        }
    }

    /// The extension of an `a=extmap` URI, when it is one of ours.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|extension| extension.uri() == uri)
    }
}

/// One participant's negotiated extension ids: what each id of a received packet means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtensionIds {
    /// Indexed by the id on the wire, 1 to 14 (15 is reserved and 0 is padding, RFC 8285 4.2).
    by_id: [Option<Extension>; 15],
}

impl ExtensionIds {
    /// No extension negotiated.
    #[must_use]
    pub const fn none() -> Self {
        Self { by_id: [None; 15] }
    }

    /// The fixed ids of our own offers.
    #[must_use]
    pub fn ours() -> Self {
        let mut ids = Self::none();
        for extension in Extension::ALL {
            ids.insert(extension.id(), extension);
        }
        ids
    }

    /// Gives `id` a meaning; ids outside 1 to 14 are ignored.
    pub fn insert(&mut self, id: u8, extension: Extension) {
        if let Some(slot) = self.by_id.get_mut(usize::from(id)).filter(|_| id > 0) {
            *slot = Some(extension);
        }
    }

    /// What `id` means, if anything.
    #[must_use]
    pub fn get(&self, id: u8) -> Option<Extension> {
        self.by_id.get(usize::from(id)).copied().flatten()
    }

    /// The id `extension` was negotiated with, if it was.
    #[must_use]
    pub fn id_of(&self, extension: Extension) -> Option<u8> {
        (1..15).find(|id| self.get(*id) == Some(extension))
    }
}
