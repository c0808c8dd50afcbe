//! How a video is sent: in how many layers, and how much of each.

use shared::media::Source;

/// One layer of a video, in the words of `RTCRtpEncodingParameters` (W3C WebRTC section 5.2.8).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Encoding {
    /// Its name, where there are several.
    pub rid: Option<&'static str>,
    /// Width of what is captured divided by its own.
    pub scale_down_by: f32,
    /// Bits per second, at most.
    pub max_bitrate: u32,
    /// Whether it is sent now.
    pub active: bool,
}

/// What a screen that is shared shows, and so what its sender saves on when it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Content {
    /// Letters: sharp, and seldom moving.
    #[default]
    Text,
    /// A film, or a game: moving, and less sharp.
    Motion,
}

impl Content {
    /// Pictures a second, at most.
    #[must_use]
    pub const fn max_framerate(self) -> u32 {
        match self {
            Self::Text => 15,
            Self::Motion => 30,
        }
    }

    /// In the words of `MediaStreamTrack.contentHint` (W3C `mst-content-hint`).
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Text => "detail",
            Self::Motion => "motion",
        }
    }

    /// In the words of `RTCDegradationPreference` (W3C `mst-content-hint`).
    #[must_use]
    pub const fn preference(self) -> &'static str {
        match self {
            Self::Text => "maintain-resolution",
            Self::Motion => "maintain-framerate",
        }
    }
}

/// The names of the layers, the smallest first; the server counts them in this order.
const RIDS: [&str; 3] = ["l", "m", "h"];

/// Each layer's share of the bit rate in percent, by the number of layers. A quarter of the pixels
/// takes a little more than a quarter of the bits.
const SHARES: [&[u32]; 3] = [&[100], &[25, 75], &[10, 25, 65]];

/// Bits per second from which a second and a third layer are worth their bits.
const FEEDS_TWO: u32 = 150_000;
const FEEDS_THREE: u32 = 400_000;

/// Widths from which a capture is sent in two and three layers. Chromium sends no more than that
/// whatever it is told, and leaves out the largest.
const TWO_FROM: i32 = 480;
const THREE_FROM: i32 = 960;

/// In how many layers a source is sent that captures a picture of `width`, where that is known. A
/// screen has one: text that is scaled down cannot be read.
#[must_use]
pub const fn layer_count(source: Source, width: Option<i32>) -> usize {
    match (source, width) {
        (Source::Screen | Source::ScreenAudio | Source::Microphone, _) => 1,
        (Source::Camera, Some(width)) if width < TWO_FROM => 1,
        (Source::Camera, Some(width)) if width < THREE_FROM => 2,
        (Source::Camera, _) => 3,
    }
}

/// What each of `count` layers is sent with, the smallest first: together at most `max_bitrate`
/// bits per second, and only what is `wanted` (nothing was said: everything). A bit rate that does
/// not feed them all goes to the smaller ones, and the largest of these stands in for larger ones.
#[must_use]
pub fn encodings(count: usize, max_bitrate: u32, wanted: Option<&[u8]>) -> Vec<Encoding> {
    let count = count.clamp(1, RIDS.len());
    let fed = count.min(match max_bitrate {
        0..FEEDS_TWO => 1,
        FEEDS_TWO..FEEDS_THREE => 2,
        FEEDS_THREE.. => 3,
    });
    let is_wanted = |layer: usize| {
        let stands_in = layer + 1 == fed;
        let is_it = |wanted: &u8| {
            let wanted = usize::from(*wanted);
            wanted == layer || (stands_in && wanted > layer)
        };
        layer < fed && wanted.is_none_or(|wanted| wanted.iter().any(is_it))
    };
    let shares = SHARES.get(fed - 1).copied().unwrap_or_default();
    (0..count)
        .map(|layer| Encoding {
            rid: RIDS.get(layer).copied().filter(|_| count > 1),
            scale_down_by: [1.0, 2.0, 4.0].get(count - 1 - layer).copied().unwrap_or(1.0),
            max_bitrate: max_bitrate / 100 * shares.get(layer).copied().unwrap_or(100),
            active: is_wanted(layer),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn active(count: usize, max_bitrate: u32, wanted: &[u8]) -> Vec<bool> {
        encodings(count, max_bitrate, Some(wanted)).iter().map(|layer| layer.active).collect()
    }

    #[test]
    fn a_large_picture_has_three_layers_a_small_one_fewer_and_a_screen_one() {
        let camera = |width| layer_count(Source::Camera, width);
        assert_eq!([camera(Some(320)), camera(Some(640)), camera(Some(960))], [1, 2, 3]);
        assert_eq!(camera(None), 3);
        assert_eq!(layer_count(Source::Screen, Some(1920)), 1);
    }

    #[test]
    fn layers_double_in_size_and_share_the_bit_rate() {
        let layers = encodings(3, 1_000_000, None);
        assert_eq!(layers.iter().map(|layer| layer.rid).collect::<Vec<_>>(), RIDS.map(Some));
        let scales: Vec<f32> = layers.iter().map(|layer| layer.scale_down_by).collect();
        assert_eq!(scales, [4.0, 2.0, 1.0]);
        let bitrates: Vec<u32> = layers.iter().map(|layer| layer.max_bitrate).collect();
        assert_eq!(bitrates, [100_000, 250_000, 650_000]);
        assert!(layers.iter().all(|layer| layer.active), "nothing was said of what is wanted");
        assert_eq!(encodings(1, 1_000_000, None)[0].rid, None);
    }

    #[test]
    fn together_they_never_send_more_than_allowed() {
        for count in 1..=3 {
            for max_bitrate in (50_000..3_000_000).step_by(7_919) {
                let layers = encodings(count, max_bitrate, None);
                let sent = layers.iter().filter(|layer| layer.active);
                let sum: u32 = sent.map(|layer| layer.max_bitrate).sum();
                assert!((max_bitrate * 9 / 10..=max_bitrate).contains(&sum), "{max_bitrate}");
            }
        }
    }

    #[test]
    fn only_what_somebody_receives_is_sent() {
        assert_eq!(active(3, 1_000_000, &[0, 2]), [true, false, true]);
        assert_eq!(active(3, 1_000_000, &[]), [false; 3]);
        assert_eq!(active(1, 1_000_000, &[]), [false]);
    }

    #[test]
    fn a_bit_rate_too_small_for_a_layer_goes_to_the_ones_below_it() {
        assert_eq!(active(3, 300_000, &[2]), [false, true, false]);
        assert_eq!(active(3, 100_000, &[0, 1]), [true, false, false]);
        assert_eq!(encodings(3, 100_000, None)[0].max_bitrate, 100_000);
    }
}
