//! One spatial layer of a stream: the stream itself, or one of several that share its numbering.

use std::time::{Duration, Instant};

use crate::bandwidth::meter::RateMeter;

use super::layer::MAX_TEMPORAL_LAYERS;

/// How long a layer may send nothing before it counts as switched off. Publishers stop layers when
/// their processor or their uplink is short; a picture every second is the slowest of a live one.
const MAX_SILENCE: Duration = Duration::from_millis(1500);

/// What came of a spatial layer.
#[derive(Debug, Default)]
pub(super) struct SpatialLayer {
    /// How much there is of each temporal layer.
    rates: [RateMeter; MAX_TEMPORAL_LAYERS],
    /// Width and height of its pictures, once the publisher has told.
    pub(super) size: Option<(u16, u16)>,
    last_packet: Option<Instant>,
}

/// Whether a layer's packet is the first after a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Liveness {
    /// It was live before.
    GoesOn,
    /// It begins, or begins again.
    Begins,
}

impl SpatialLayer {
    /// Bits per second of each temporal layer, as of the last packet: so much will come of a layer
    /// that is switched off when it is wanted again.
    pub(super) fn rates(&self) -> [u32; MAX_TEMPORAL_LAYERS] {
        let rate = |meter: &RateMeter| self.last_packet.map_or(0, |at| meter.rate(at));
        self.rates.each_ref().map(|meter| u32::try_from(rate(meter)).unwrap_or(u32::MAX))
    }

    /// Notes that a packet of so many bytes came.
    pub(super) fn note_life(&mut self, now: Instant, temporal: u8, bytes: usize) -> Liveness {
        let liveness = if self.is_live(now) { Liveness::GoesOn } else { Liveness::Begins };
        self.last_packet = Some(now);
        if liveness == Liveness::Begins {
            self.rates.iter_mut().for_each(|meter| meter.resume(now));
        }
        if let Some(meter) = self.rates.get_mut(usize::from(temporal)) {
            meter.add(now, bytes);
        }
        liveness
    }

    /// Notes that the publisher says that it sends the layer, as if it had sent something; or does
    /// not.
    pub(super) const fn announce(&mut self, sent: Option<Instant>) {
        self.last_packet = sent;
    }

    /// Whether packets come.
    pub(super) fn is_live(&self, now: Instant) -> bool {
        let silence = self.last_packet.map(|last| now.saturating_duration_since(last));
        silence.is_some_and(|silence| silence < MAX_SILENCE)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::epoch;

    use super::*;

    #[test]
    fn a_layer_that_is_silent_for_long_is_switched_off() {
        let mut layer = SpatialLayer::default();
        let at = |millis| epoch() + Duration::from_millis(millis);
        assert!(!layer.is_live(at(0)));
        assert_eq!(layer.note_life(at(0), 0, 0), Liveness::Begins);
        assert_eq!(layer.note_life(at(1000), 0, 0), Liveness::GoesOn);
        assert!(layer.is_live(at(2400)));
        assert!(!layer.is_live(at(2500)));
        assert_eq!(layer.note_life(at(2500), 0, 0), Liveness::Begins);
        layer.announce(Some(at(5000)));
        assert!(layer.is_live(at(5000)));
        layer.announce(None);
        assert!(!layer.is_live(at(5000)));
    }
}
