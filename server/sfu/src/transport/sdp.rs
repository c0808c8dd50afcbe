//! Session descriptions: the only place that knows SDP (RFC 8866, used as RFC 9429 does).
//!
//! | leg of the client | who offers | entry point |
//! |---|---|---|
//! | send transport | the client | [`RemoteOffer::parse`], then [`Answerer::answer`] |
//! | receive transport, by WHEP | the client | [`ViewerAnswer::new`], then [`ViewerAnswer::write`] |
//! | receive transport | we | [`SendSlots::offer`], then [`SendSlots::accept_answer`] |
//!
//! Lines are split by a small parser of our own: `rtc-sdp` copies every line twice, has no bounds,
//! takes an unreadable line for the end of the text, and leaves `rid`, `simulcast`, `fmtp` and
//! `ssrc-group` as text anyway. It serves the tests as the second opinion on what we write.

mod answer;
mod format;
mod fragment;
mod offer;
mod parse;
mod slots;
#[cfg(test)]
mod tests;
mod text;
mod write;

use std::{fmt, net::SocketAddr};

pub use super::dtls::Fingerprint;
pub use answer::{
    Answer, Answerer, RejectedLine, Rejection, SendParameters, SendStream, ViewerAnswer,
};
pub use fragment::IceFragment;
pub(crate) use fragment::ice_lines;
pub use offer::{
    Direction, OfferedCodec, OfferedExtension, OfferedKind, OfferedMedia, RemoteOffer,
};
pub use slots::{AnsweredLine, LineOutcome, RemoteAnswer, SendSlots, SendTrack};
pub use text::{Mid, Rid};

use crate::{codec::Codec, extension::ExtensionIds};
use shared::media::MediaKind;

/// Most bytes of a description a peer sends us.
pub const MAX_SDP_BYTES: usize = shared::limits::MAX_MESSAGE_BYTES;

/// Most m-lines of a client's offer: eight sources at a time, and room for stopped ones.
pub const MAX_OFFERED_LINES: usize = 64;

/// Most m-lines of one receive transport; a stopped one is used again before a new one is made.
pub const MAX_SEND_SLOTS: usize = 256;

/// Most SSRCs one m-line may announce: three simulcast layers with their RTX, and two to spare.
pub const MAX_SSRCS: usize = 8;

/// Most simulcast layers of one m-line; browsers send no more.
pub const MAX_RIDS: usize = crate::router::MAX_LAYERS;

/// Why a description cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// The text is longer than [`MAX_SDP_BYTES`].
    #[error("the description is longer than {MAX_SDP_BYTES} bytes")]
    TooLong,
    /// There are more of something than this server takes.
    #[error("the description has too many {0}")]
    TooMany(&'static str),
    /// A line is not of the form `x=…`, or has a control character.
    #[error("line {0} is not SDP")]
    Syntax(usize),
    /// Something every WebRTC description has is missing.
    #[error("the description has no {0}")]
    Missing(&'static str),
    /// Something has a value it cannot have.
    #[error("the description has a {0} that is not valid")]
    Invalid(&'static str),
    /// The client must be able to take the DTLS role we leave to it.
    #[error("the DTLS role cannot be agreed")]
    DtlsRole,
    /// We are ICE-lite; two lite ends never check each other (RFC 8445 6.1.1).
    #[error("the peer is ICE-lite, and so are we")]
    BothIceLite,
    /// The m-line with this index changed its meaning, or went away (RFC 3264 8).
    #[error("m-line {0} is not what it was before")]
    LineChanged(usize),
    /// An answer came without an offer that waits for one.
    #[error("no offer waits for an answer")]
    NoOfferPending,
}

/// One end's ICE credentials (RFC 8839 5.4).
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// User name fragment, 4 to 256 characters.
    pub ufrag: String,
    /// Password, 22 to 256 characters.
    pub pwd: String,
}

impl fmt::Debug for IceCredentials {
    /// Names the fragment; the password stays out of every log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceCredentials").field("ufrag", &self.ufrag).finish_non_exhaustive()
    }
}

/// What the peer of one transport said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteTransport {
    /// The credentials its STUN requests are checked with.
    pub ice: IceCredentials,
    /// The digest its DTLS certificate must have.
    pub fingerprint: Fingerprint,
}

/// What we say about our end of one transport.
#[derive(Debug, Clone)]
pub struct LocalParameters {
    /// Session id of the `o=` line, unique per transport (RFC 9429 5.2.1).
    pub session_id: u32,
    /// Our credentials.
    pub ice: IceCredentials,
    /// The digest of our DTLS certificate.
    pub fingerprint: Fingerprint,
    /// Where we can be reached over UDP and TCP, the preferred address first.
    pub candidates: Vec<SocketAddr>,
}

/// What one accepted m-line of a publisher carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiveParameters {
    /// The m-line.
    pub mid: Mid,
    /// Sound or picture.
    pub kind: MediaKind,
    /// What the publisher may send, the preferred one first; never empty.
    pub codecs: Vec<NegotiatedCodec>,
    /// The publisher's header extension ids.
    pub extensions: ExtensionIds,
    /// Streams announced by SSRC, in their order; empty when only rids tell them apart.
    pub ssrcs: Vec<SsrcGroup>,
    /// Simulcast layers in the publisher's order; empty without simulcast.
    pub rids: Vec<Rid>,
}

/// A codec with the payload types of one m-line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NegotiatedCodec {
    /// Payload type of the media.
    pub payload_type: u8,
    /// What it means.
    pub codec: Codec,
    /// Payload type of the retransmissions (RFC 4588), when they are negotiated.
    pub rtx_payload_type: Option<u8>,
    /// Payload type of the media with redundancy (RFC 2198), when that is negotiated.
    pub red_payload_type: Option<u8>,
}

impl NegotiatedCodec {
    /// A codec without retransmissions or redundancy.
    #[must_use]
    pub const fn plain(payload_type: u8, codec: Codec) -> Self {
        Self { payload_type, codec, rtx_payload_type: None, red_payload_type: None }
    }
}

/// A media stream and its retransmission stream (RFC 5576 4.2, group FID).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SsrcGroup {
    /// SSRC of the media.
    pub primary: u32,
    /// SSRC of the retransmissions.
    pub rtx: Option<u32>,
}
