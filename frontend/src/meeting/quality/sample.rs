//! What the browser counted, and what became of it since it counted last.

use std::time::Duration;

/// What one peer connection has counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// One for each m-line with media.
    pub streams: Vec<Counted>,
    /// The way to the server, once there is one.
    pub path: Option<PathReport>,
}

/// What was counted of one stream from its beginning, in the words of W3C webrtc-stats; layers of
/// one video are counted together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counted {
    /// The m-line.
    pub mid: String,
    /// `bytesReceived`, `bytesSent`.
    pub bytes: f64,
    /// `packetsReceived`, `packetsSent`.
    pub packets: f64,
    /// `packetsLost`, seen from the receiving end.
    pub lost: f64,
    /// `jitter`, in seconds, now.
    pub jitter: f64,
    /// `roundTripTime`, in seconds, now.
    pub round_trip: f64,
    /// `framesDecoded`, `framesEncoded` of the layer with most.
    pub frames: f64,
    /// `totalDecodeTime`, `totalEncodeTime`, in seconds.
    pub coding: f64,
    /// `totalFreezesDuration`, in seconds.
    pub frozen: f64,
    /// `frameWidth`, now.
    pub width: f64,
    /// `frameHeight`, now.
    pub height: f64,
    /// `qualityLimitationReason`, now.
    pub limit: Limit,
}

/// What keeps a video that is sent from being better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Limit {
    /// Nothing.
    #[default]
    None,
    /// The uplink.
    Bandwidth,
    /// The computer.
    Cpu,
}

/// The way to the server: the pair of candidates in use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathReport {
    /// `candidateType` of our end: `host`, `srflx`, `prflx`, `relay`.
    pub local: String,
    /// The same of the server's end.
    pub remote: String,
    /// `protocol`: `udp`, `tcp`; of a relay, what leads to it.
    pub protocol: String,
    /// `currentRoundTripTime`, in milliseconds.
    pub round_trip: u16,
    /// `availableOutgoingBitrate`, in bits per second; 0 where the browser does not say it.
    pub outgoing: u32,
}

/// What a stream did within one interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample {
    /// Bits per second.
    pub bitrate: u32,
    /// Packets that were sent to the receiving end.
    pub packets: u32,
    /// Packets of these that were lost.
    pub lost: u32,
    /// Milliseconds.
    pub jitter: u16,
    /// Milliseconds.
    pub round_trip: u16,
    /// Frames per second.
    pub frames: u16,
    /// Milliseconds for one frame to be encoded or decoded.
    pub coding: u16,
    /// Milliseconds that the picture stood still.
    pub frozen: u16,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// What keeps it from being better.
    pub limit: Limit,
}

impl Counted {
    /// What happened since `former` was counted.
    pub(super) fn since(&self, former: &Self, elapsed: Duration) -> Sample {
        let seconds = elapsed.as_secs_f64();
        let frames = self.frames - former.frames;
        let lost = whole(self.lost - former.lost);
        let packets = whole(self.packets - former.packets);
        // The receiving end counts what came, the sending end what was sent.
        let is_received = self.round_trip <= 0.0;
        Sample {
            bitrate: whole((self.bytes - former.bytes) * 8.0 / seconds),
            packets: if is_received { packets.saturating_add(lost) } else { packets },
            lost,
            jitter: small(self.jitter * 1e3),
            round_trip: small(self.round_trip * 1e3),
            frames: small(frames / seconds),
            coding: small((self.coding - former.coding) * 1e3 / frames.max(1.0)),
            frozen: small((self.frozen - former.frozen) * 1e3),
            width: small(self.width),
            height: small(self.height),
            limit: self.limit,
        }
    }
}

/// The nearest whole number; 0 for what is less, or none.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast ends at the bounds, and takes what is no number for 0"
)]
pub fn whole(number: f64) -> u32 {
    (number + 0.5) as u32
}

/// The same, as far as it is small.
#[must_use]
pub fn small(number: f64) -> u16 {
    u16::try_from(whole(number)).unwrap_or(u16::MAX)
}

/// `part` of `all` in per mille.
#[must_use]
pub fn per_mille(part: u32, all: u32) -> u16 {
    let share = u64::from(part) * 1000 / u64::from(all.max(1));
    u16::try_from(share.min(1000)).unwrap_or_default()
}
