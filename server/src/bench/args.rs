//! What `open-stream bench` is asked to measure.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use sfu::transport::srtp::SrtpProfile;

use super::{guests::link::InviteLink, load::message::Stream};

/// Pictures of a camera in a second.
const FRAME_RATE: u32 = 28;
/// A picture is cut into packets of so many bytes at most.
const MAX_FRAGMENT: u32 = 1150;
/// A voice: a packet every 20 ms.
pub(super) const VOICE: Stream = Stream { rate: 50, burst: 1, bytes: 100 };

/// What `open-stream bench` measures: everything in short, if no scenario is named.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// The scenario.
    #[command(subcommand)]
    pub scenario: Option<Scenario>,
    /// Seconds that each part is measured, if no scenario is named.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub seconds: u16,
    /// Share of the people, likewise.
    #[arg(long, hide = true, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=300))]
    pub percent: u16,
    /// Writes the report as JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// A thing to measure.
#[derive(Debug, Clone, Subcommand)]
pub enum Scenario {
    /// One publisher to many receivers: CPU time of the server per forwarded packet.
    Fanout(FanoutArgs),
    /// Rooms in which everyone sees and hears everyone.
    Rooms(RoomsArgs),
    /// One publisher with camera and voice, and many viewers.
    Viewers(ViewersArgs),
    /// Many join at once: how long it takes them, and what it costs.
    JoinStorm(JoinStormArgs),
    /// People come and go all the time.
    Churn(ChurnArgs),
    /// Guests for a meeting that goes on: try how your page and your server do in a full room.
    Guests(GuestsArgs),
    /// The clients of a scenario; the scenarios start it themselves.
    #[command(hide = true)]
    Load {
        /// Where they run.
        #[arg(long)]
        core: usize,
    },
}

/// Settings of `open-stream bench fanout`.
#[derive(Debug, Clone, Args)]
pub struct FanoutArgs {
    /// Receivers of the one publisher.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub receivers: u16,
    /// Packets the publisher sends in a second.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub rate: u32,
    /// Packets the publisher sends at a time, as the packets of a picture are.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub burst: u16,
    /// Bytes of media in a packet.
    #[arg(long, default_value_t = 1100, value_parser = clap::value_parser!(u16).range(32..=1200))]
    pub bytes: u16,
    #[command(flatten)]
    #[expect(missing_docs, reason = "it would replace the text of the command")]
    pub common: Common,
}

/// Settings of `open-stream bench rooms`.
#[derive(Debug, Clone, Args)]
pub struct RoomsArgs {
    /// Rooms at the same time.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub rooms: u16,
    /// People in each of them.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(2..=128))]
    pub size: u16,
    /// What each camera sends, in kbit/s; 0 for none.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(0..=4_000))]
    pub kbps: u32,
    #[command(flatten)]
    #[expect(missing_docs, reason = "it would replace the text of the command")]
    pub common: Common,
}

/// Settings of `open-stream bench viewers`.
#[derive(Debug, Clone, Args)]
pub struct ViewersArgs {
    /// How many watch.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub viewers: u16,
    /// What the camera sends, in kbit/s.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=4_000))]
    pub kbps: u32,
    #[command(flatten)]
    #[expect(missing_docs, reason = "it would replace the text of the command")]
    pub common: Common,
}

/// Settings of `open-stream bench join-storm`.
#[derive(Debug, Clone, Args)]
pub struct JoinStormArgs {
    /// How many join.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub joins: u16,
    /// Within how many milliseconds.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub over_ms: u32,
    /// People in each room.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(2..=50))]
    pub size: u16,
    /// Seconds that they then stay without sending anything, which is measured too.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub idle_seconds: u16,
    /// How media is protected.
    #[arg(long, value_enum, default_value_t = Profile::Gcm)]
    pub profile: Profile,
}

/// Settings of `open-stream bench churn`.
#[derive(Debug, Clone, Args)]
pub struct ChurnArgs {
    /// Joins in a second, and as many departures.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub rate: u32,
    /// Seconds that it goes on.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=36_000))]
    pub seconds: u16,
    /// How long everyone stays, in milliseconds.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..=60_000))]
    pub stay_ms: u32,
    /// People in each room.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(2..=50))]
    pub size: u16,
    /// How media is protected.
    #[arg(long, value_enum, default_value_t = Profile::Gcm)]
    pub profile: Profile,
}

/// Settings of `open-stream bench guests`.
#[derive(Debug, Clone, Args)]
pub struct GuestsArgs {
    /// The meeting's invite link, as people are given it.
    pub link: InviteLink,
    /// How many come, at most as many as a room takes.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub count: u16,
    /// Seconds that everyone stays before somebody else comes; without it, all stay to the end.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=3600))]
    pub stay: Option<u16>,
    /// Seconds until all leave; Ctrl-C ends it sooner.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u16).range(1..=36_000))]
    pub seconds: u16,
}

/// What all scenarios with media are asked.
#[derive(Debug, Clone, Copy, Args)]
pub struct Common {
    /// Seconds that are measured, after one to warm up.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=3600))]
    pub seconds: u16,
    /// How media is protected.
    #[arg(long, value_enum, default_value_t = Profile::Gcm)]
    pub profile: Profile,
}

/// How media is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// `AEAD_AES_128_GCM`, which browsers prefer.
    Gcm,
    /// `AES_CM_128_HMAC_SHA1_80`, which every client has.
    Sha1,
}

impl From<Profile> for SrtpProfile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Gcm => Self::AeadAes128Gcm,
            Profile::Sha1 => Self::Aes128CmSha1,
        }
    }
}

/// The packets of a camera of so many kbit/s: of a picture as few as possible, all of one length, as
/// browsers cut it. At 1 Mbit/s they are four.
pub(super) fn camera(kbps: u32) -> Option<Stream> {
    let picture_bytes = (kbps * 125).div_ceil(FRAME_RATE);
    let fragments = picture_bytes.div_ceil(MAX_FRAGMENT).max(1);
    let bytes = u16::try_from(picture_bytes / fragments).unwrap_or(u16::MAX).max(32);
    let burst = u16::try_from(fragments).unwrap_or(u16::MAX);
    (kbps > 0).then_some(Stream { rate: FRAME_RATE * fragments, burst, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_sends_whole_pictures_at_its_bit_rate() {
        assert_eq!(camera(1000), Some(Stream { rate: 112, burst: 4, bytes: 1116 }));
        assert_eq!(camera(250), Some(Stream { rate: 28, burst: 1, bytes: 1117 }));
        assert_eq!(camera(0), None);
    }
}
