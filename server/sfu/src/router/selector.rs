//! Which layer of a video one viewer is sent, and when it may change.

use shared::media::{Layer, Viewing};

use super::{
    frame::{Ascent, FrameInfo, LayerSet},
    modular::distance32,
};

/// How much larger than its pixels a picture may be shown, in tenths, before the next larger layer
/// is worth its bits.
const MAX_ENLARGEMENT_TENTHS: u32 = 13;

/// The size of the largest layer, for as long as no key frame has told it.
const USUAL_SIZE: (u16, u16) = (1280, 720);

/// Changes of the layer that are remembered, for packets of frames before them that come late.
const REMEMBERED: usize = 4;

/// How much of a video the viewer's link is given for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Allocation {
    /// Whatever is wanted.
    #[default]
    Unlimited,
    /// No layer above this one.
    UpTo(Layer),
    /// Nothing.
    Nothing,
}

/// What a selector sees of one of the source's layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LayerView {
    /// Width and height of its pictures, if known.
    pub(super) size: Option<(u16, u16)>,
    /// Whether packets come.
    pub(super) is_live: bool,
}

/// What becomes of a packet of the layer that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameDecision {
    Forward,
    /// The same, and nothing more of its picture is sent: the frames of larger layers are left out.
    ForwardLast,
    /// Its frame is left out.
    Skip,
}

/// Chooses the layer by what the viewer shows of the video and what its link carries.
///
/// [`LayerSelector::set_viewing`] and [`LayerSelector::set_allocation`] say what is wanted,
/// [`LayerSelector::retarget`] compares it with what the publisher sends. The owner changes to the
/// [`LayerSelector::target`] where a decoder can ([`LayerSelector::switch`]), and asks
/// [`LayerSelector::decide`] about each packet of the current layer.
///
/// A source has either a stream for each layer (simulcast), or all spatial layers in one stream, each
/// built upon the smaller ones (SVC). With these a viewer is sent the larger layers only from a frame
/// on where they can be decoded, and is without them from any picture on.
#[derive(Debug)]
pub(super) struct LayerSelector {
    /// How many streams the source has.
    streams: usize,
    /// The largest layer there is.
    top: u8,
    viewing: Option<Viewing>,
    allocation: Allocation,
    /// The stream that would be sent if the publisher sent all.
    desired: Option<u8>,
    /// The stream that is to be sent.
    target: Option<u8>,
    current: Layer,
    /// Timestamp of the newest picture that was decided on.
    frame: Option<u32>,
    /// The layers that were sent before `current`, each with the timestamp of the first picture that
    /// was not of them any more; oldest first.
    before: [Option<(u32, Layer)>; REMEMBERED],
    /// The highest temporal layer that the current stream has shown.
    top_temporal: u8,
}

impl LayerSelector {
    /// Wants the largest of `layers` streams.
    pub(super) fn new(layers: usize) -> Self {
        let top = u8::try_from(layers.saturating_sub(1)).unwrap_or_default();
        Self {
            streams: layers,
            top,
            before: [None; REMEMBERED],
            viewing: None,
            allocation: Allocation::Unlimited,
            desired: Some(top),
            target: Some(top),
            current: Layer { spatial: top, temporal: 0 },
            frame: None,
            top_temporal: 0,
        }
    }

    pub(super) const fn set_viewing(&mut self, viewing: Viewing) {
        self.viewing = Some(viewing);
    }

    pub(super) const fn set_allocation(&mut self, allocation: Allocation) {
        self.allocation = allocation;
    }

    /// What the viewer said it shows of the video.
    pub(super) const fn viewing(&self) -> Option<Viewing> {
        self.viewing
    }

    /// The stream that is to be sent; none when nothing is.
    pub(super) const fn target(&self) -> Option<u8> {
        self.target
    }

    /// The stream that the viewer could use, whether the publisher sends it or not.
    pub(super) const fn desired(&self) -> Option<u8> {
        self.desired
    }

    /// The largest layer there is.
    pub(super) const fn top(&self) -> u8 {
        self.top
    }

    /// The stream that has a layer.
    pub(super) const fn stream_of(&self, layer: u8) -> u8 {
        if self.is_simulcast() { layer } else { 0 }
    }

    /// The stream that is to be sent; none when nothing is.
    pub(super) fn target_stream(&self) -> Option<u8> {
        self.target.map(|layer| self.stream_of(layer))
    }

    /// The stream whose next key frame is waited for while another layer is sent.
    pub(super) fn awaited_stream(&self) -> Option<u8> {
        let target = self.target?;
        let awaits = if self.is_simulcast() {
            target != self.current.spatial
        } else {
            target > self.current.spatial
        };
        awaits.then(|| self.stream_of(target))
    }

    /// The stream of the packets that are sent, once they are.
    pub(super) const fn stream(&self) -> u8 {
        self.stream_of(self.current.spatial)
    }

    const fn is_simulcast(&self) -> bool {
        self.streams > 1
    }

    /// The layer that is sent.
    pub(super) fn layer(&self) -> Layer {
        let temporal = self.current.temporal.min(self.top_temporal);
        Layer { spatial: self.current.spatial, temporal }
    }

    /// The largest stream the viewer can use whatever its link carries; none when it sees nothing.
    pub(super) fn useful(&self, layers: &[LayerView]) -> Option<u8> {
        let top = u8::try_from(layers.len()).unwrap_or(u8::MAX).saturating_sub(1);
        let Some(viewing) = self.viewing else { return Some(top) };
        if viewing.is_hidden() {
            return None;
        }
        let enough = layers.iter().zip(0..).find(|(layer, index)| {
            let size = layer.size.unwrap_or_else(|| usual_size(top.saturating_sub(*index)));
            is_enough(size, viewing)
        });
        let by_size = enough.map_or(top, |(_, index)| index);
        Some(viewing.max_layer.map_or(by_size, |max| max.spatial.min(by_size)))
    }

    /// Chooses the target anew.
    pub(super) fn retarget(&mut self, layers: &[LayerView]) {
        self.top = u8::try_from(layers.len()).unwrap_or(u8::MAX).saturating_sub(1);
        self.desired = self.useful(layers).and_then(|useful| match self.allocation {
            Allocation::Unlimited => Some(useful),
            Allocation::UpTo(layer) => Some(useful.min(layer.spatial)),
            Allocation::Nothing => None,
        });
        self.target = self.desired.map(|desired| self.nearest_live(layers, desired));
    }

    /// The largest live stream that is not above `desired`. A larger one only if there is no
    /// smaller one and the link may carry it; if none is live, the desired one is waited for.
    fn nearest_live(&self, layers: &[LayerView], desired: u8) -> u8 {
        let live = || layers.iter().zip(0_u8..).filter(|(layer, _)| layer.is_live);
        let below = live().filter(|(_, index)| *index <= desired).last();
        let above = || live().next().filter(|_| self.allocation == Allocation::Unlimited);
        below.or_else(above).map_or(desired, |(_, index)| index)
    }

    /// The highest temporal layer that is wanted.
    fn max_temporal(&self) -> u8 {
        let allowed = match self.allocation {
            // Of a smaller layer than is given for, all frames fit.
            Allocation::UpTo(layer) if self.current.spatial == layer.spatial => layer.temporal,
            Allocation::Unlimited | Allocation::UpTo(_) | Allocation::Nothing => u8::MAX,
        };
        let wanted = self.viewing.and_then(|viewing| viewing.max_layer);
        wanted.map_or(allowed, |max| max.temporal.min(allowed))
    }

    /// Sends the stream `stream` from here on, from a frame that needs no other.
    pub(super) fn switch(&mut self, stream: u8, frame: FrameInfo) {
        let spatial = if self.is_simulcast() { stream } else { self.target.unwrap_or_default() };
        self.current = Layer { spatial, temporal: 0 };
        self.before = [None; REMEMBERED];
        // A key frame is a place to move up to any temporal layer (RFC 7741 section 4.2).
        self.current.temporal = self.max_temporal().max(frame.temporal);
        self.top_temporal = frame.temporal;
        self.frame = None;
    }

    /// Decides on a packet of the current stream. A picture's layers are decided with its first
    /// packet: less from any picture on, more only from a frame that does not depend on what was
    /// left out. What follows may be more often from a frame of the largest layer that is sent on.
    pub(super) fn decide(&mut self, timestamp: u32, frame: FrameInfo) -> FrameDecision {
        let before = self.current;
        if self.frame.is_none_or(|newest| distance32(newest, timestamp) > 0) {
            self.frame = Some(timestamp);
            self.top_temporal = self.top_temporal.max(frame.temporal);
            self.descend();
            self.ascend(frame);
        } else if let Ascent::To(layers) = frame.ascent
            && self.frame == Some(timestamp)
            && frame.spatial == before.spatial
            && frame.temporal <= before.temporal
        {
            self.ascend_in_time(layers);
        }
        if self.current != before {
            self.before.rotate_left(1);
            if let Some(last) = self.before.last_mut() {
                *last = Some((timestamp, before));
            }
        }
        self.was_decided(timestamp, frame)
    }

    /// What became of a packet of a picture that was decided on.
    pub(super) fn was_decided(&self, timestamp: u32, frame: FrameInfo) -> FrameDecision {
        let layer = self.layer_at(timestamp);
        let spatial = if self.is_simulcast() { 0 } else { frame.spatial };
        if frame.temporal > layer.temporal || spatial > layer.spatial {
            FrameDecision::Skip
        } else if frame.ends_frame && spatial == layer.spatial && !self.is_simulcast() {
            FrameDecision::ForwardLast
        } else {
            FrameDecision::Forward
        }
    }

    /// The layers that are sent of a picture that was decided on.
    pub(super) fn layer_at(&self, timestamp: u32) -> Layer {
        let mut changes = self.before.iter().flatten();
        let sent = changes.find(|(end, _)| distance32(timestamp, *end) > 0);
        sent.map_or(self.current, |(_, layer)| *layer)
    }

    fn descend(&mut self) {
        if let Some(target) = self.target.filter(|_| !self.is_simulcast()) {
            self.current.spatial = self.current.spatial.min(target);
        }
        self.current.temporal = self.current.temporal.min(self.max_temporal());
    }

    fn ascend(&mut self, frame: FrameInfo) {
        let (max, current) = (self.max_temporal(), self.current);
        let is_sent = frame.spatial <= current.spatial && frame.temporal <= current.temporal;
        match frame.ascent {
            Ascent::Own if frame.temporal > current.temporal && frame.temporal <= max => {
                self.current.temporal = frame.temporal;
            }
            Ascent::Above if is_sent => self.current.temporal = max,
            Ascent::Any => {
                if let Some(target) = self.target.filter(|_| !self.is_simulcast()) {
                    self.current.spatial = target;
                }
                self.current.temporal = self.max_temporal();
            }
            Ascent::To(layers) if is_sent => self.ascend_to(layers),
            Ascent::None | Ascent::Own | Ascent::Above | Ascent::To(_) => {}
        }
    }

    /// Moves up to the best of `layers`.
    fn ascend_to(&mut self, layers: LayerSet) {
        let target = self.target.filter(|_| !self.is_simulcast());
        let best = target.and_then(|target| layers.best(target, u8::MAX));
        if let Some((spatial, _)) = best.filter(|(spatial, _)| *spatial > self.current.spatial) {
            self.current = Layer { spatial, temporal: 0 };
        }
        self.ascend_in_time(layers);
    }

    /// Moves up to the most temporal layers of the current spatial layer that are among `layers`.
    fn ascend_in_time(&mut self, layers: LayerSet) {
        let spatial = if self.is_simulcast() { 0 } else { self.current.spatial };
        let best = layers.best(spatial, self.max_temporal());
        if let Some((_, temporal)) = best.filter(|best| best.0 == spatial) {
            self.current.temporal = self.current.temporal.max(temporal);
        }
    }
}

/// Whether a picture of this size, shown as large as the viewer shows it, is not enlarged too much:
/// it fits into the tile, so the smaller of the two ratios counts.
fn is_enough((width, height): (u16, u16), viewing: Viewing) -> bool {
    let fits = |shown: u16, pixels: u16| {
        u32::from(shown) * 10 <= u32::from(pixels) * MAX_ENLARGEMENT_TENTHS
    };
    fits(viewing.width, width) || fits(viewing.height, height)
}

/// The size of a layer that is halved `times` from the largest.
fn usual_size(times: u8) -> (u16, u16) {
    let (width, height) = USUAL_SIZE;
    (width >> times.min(15), height >> times.min(15))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: LayerView = LayerView { size: None, is_live: true };
    const OFF: LayerView = LayerView { size: None, is_live: false };

    fn viewing(width: u16, height: u16) -> Viewing {
        Viewing { width, height, ..Viewing::default() }
    }

    fn target(selector: &mut LayerSelector, layers: &[LayerView]) -> Option<u8> {
        selector.retarget(layers);
        selector.target()
    }

    fn frame(temporal: u8, switch_up: bool) -> FrameInfo {
        let ascent = if switch_up { Ascent::Own } else { Ascent::None };
        FrameInfo { temporal, ascent, ..FrameInfo::default() }
    }

    #[test]
    fn a_tile_gets_the_smallest_layer_that_fills_it() {
        let mut selector = LayerSelector::new(3);
        assert_eq!(target(&mut selector, &[LIVE; 3]), Some(2), "before the viewer says a size");
        for (size, expected) in [
            ((0, 0), None),
            ((160, 90), Some(0)),
            ((416, 234), Some(0)),
            ((480, 270), Some(1)),
            ((640, 360), Some(1)),
            ((960, 540), Some(2)),
            ((3840, 2160), Some(2)),
            // A portrait tile shows the whole picture: its width limits it.
            ((300, 1200), Some(0)),
        ] {
            selector.set_viewing(viewing(size.0, size.1));
            assert_eq!(target(&mut selector, &[LIVE; 3]), expected, "{size:?}");
        }
        let mut selector = LayerSelector::new(2);
        let small = [80, 160].map(|width| LayerView { size: Some((width, width)), is_live: true });
        selector.set_viewing(viewing(300, 300));
        assert_eq!(target(&mut selector, &small), Some(1));
        selector.set_viewing(viewing(100, 100));
        assert_eq!(target(&mut selector, &small), Some(0));
    }

    #[test]
    fn what_the_viewer_or_its_link_does_not_take_is_not_chosen() {
        let mut selector = LayerSelector::new(3);
        let max_layer = Some(Layer { spatial: 1, temporal: 0 });
        selector.set_viewing(Viewing { max_layer, ..viewing(1280, 720) });
        assert_eq!(target(&mut selector, &[LIVE; 3]), Some(1));
        selector.set_allocation(Allocation::UpTo(Layer { spatial: 0, temporal: 2 }));
        assert_eq!(target(&mut selector, &[LIVE; 3]), Some(0));
        selector.set_allocation(Allocation::Nothing);
        assert_eq!(target(&mut selector, &[LIVE; 3]), None);
    }

    #[test]
    fn a_layer_that_is_switched_off_is_replaced_and_still_desired() {
        let mut selector = LayerSelector::new(3);
        assert_eq!(target(&mut selector, &[LIVE, LIVE, OFF]), Some(1));
        assert_eq!(selector.desired(), Some(2));
        assert_eq!(target(&mut selector, &[OFF, OFF, OFF]), Some(2));
        selector.set_viewing(viewing(100, 100));
        assert_eq!(target(&mut selector, &[OFF, LIVE, LIVE]), Some(1), "the next larger one");
        selector.set_allocation(Allocation::UpTo(Layer { spatial: 0, temporal: 3 }));
        assert_eq!(target(&mut selector, &[OFF, LIVE, LIVE]), Some(0), "which would not fit");
    }

    #[test]
    fn frames_are_left_out_at_once_and_come_back_where_they_depend_on_nothing_left_out() {
        let mut selector = LayerSelector::new(3);
        selector.switch(0, frame(0, false));
        assert_eq!(selector.decide(1, frame(2, false)), FrameDecision::Forward);
        selector.set_allocation(Allocation::UpTo(Layer { spatial: 0, temporal: 0 }));
        assert_eq!(selector.decide(1, frame(2, false)), FrameDecision::Forward, "it has begun");
        assert_eq!(selector.decide(2, frame(1, true)), FrameDecision::Skip);
        selector.set_allocation(Allocation::Unlimited);
        assert_eq!(selector.decide(2, frame(1, true)), FrameDecision::Skip, "it has begun");
        assert_eq!(selector.decide(3, frame(2, false)), FrameDecision::Skip);
        assert_eq!(selector.decide(4, frame(0, false)), FrameDecision::Forward);
        assert_eq!(selector.decide(5, frame(1, true)), FrameDecision::Forward);
        assert_eq!(selector.decide(6, frame(2, false)), FrameDecision::Skip);
        assert_eq!(selector.decide(7, frame(2, true)), FrameDecision::Forward);
    }
}
