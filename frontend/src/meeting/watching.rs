//! What the person sees of the others' videos, and what the server was told of it and does.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    ids::ConsumerId,
    media::{Layer, Viewing},
    signaling::{PreferredLayers, Request, SetPreferredLayers},
};

use super::{
    effect::Instant,
    outbox::{Outbox, Purpose},
    view::TileKey,
};

/// How long changes are gathered before the server is told: a window that is dragged larger
/// changes with every frame.
const SETTLING: Duration = Duration::from_millis(200);

/// How long to wait after the server would not hear it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a video may be missing before the person is told: switching takes a moment.
const MISSING: Duration = Duration::from_secs(2);

/// Width and height in device pixels of a picture that floats above other windows: browsers do not
/// tell.
const FLOATING: (u16, u16) = (640, 360);

/// How the others' videos are watched.
#[derive(Debug, Default)]
pub(super) struct Watching {
    /// In device pixels; a tile that is not here has not been measured.
    sizes: BTreeMap<TileKey, (u16, u16)>,
    is_page_hidden: bool,
    /// The tile whose picture floats above other windows.
    floating: Option<TileKey>,
    /// The tiles that the person keeps large.
    pins: Vec<TileKey>,
    /// The largest layer to ask for.
    max_layer: Option<u8>,
    /// Whether the largest picture only is wanted.
    is_thrifty: bool,
    videos: BTreeMap<ConsumerId, Watched>,
    /// When changes that wait are to be told.
    due_at: Option<Instant>,
}

/// A video that the server sends, or would.
#[derive(Debug, Clone)]
pub(super) struct Video {
    pub(super) consumer_id: ConsumerId,
    pub(super) tile: TileKey,
    /// Whether its publisher has turned it off.
    pub(super) paused: bool,
}

/// What is known of one video.
#[derive(Debug, Default)]
struct Watched {
    /// What the server was told.
    told: Option<Viewing>,
    flow: Flow,
    /// Since when it should be seen, and is not sent.
    missing_since: Option<Instant>,
    is_held_back: bool,
    /// Whether it is left out for the sake of the largest.
    is_left_out: bool,
}

/// What the server said that it forwards.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Flow {
    #[default]
    Unknown,
    Something,
    Nothing,
}

impl Watching {
    /// A tile has this size in device pixels, or none where it cannot be seen.
    pub(super) fn set_size(&mut self, tile: TileKey, size: (u16, u16)) {
        self.sizes.insert(tile, size);
    }

    /// A tile is gone.
    pub(super) fn forget_tile(&mut self, tile: &TileKey) {
        self.sizes.remove(tile);
    }

    /// The page was brought to the front, or hidden.
    pub(super) const fn set_page_hidden(&mut self, hidden: bool) {
        self.is_page_hidden = hidden;
    }

    /// The picture of this tile floats above other windows, or none does.
    pub(super) fn set_floating(&mut self, tile: Option<TileKey>) {
        self.floating = tile;
    }

    /// These tiles are kept large from now on, and no others.
    pub(super) fn set_pins(&mut self, pins: Vec<TileKey>) {
        self.pins = pins;
    }

    /// Less is to be asked for, or everything again.
    pub(super) const fn set_thrift(&mut self, max_layer: Option<u8>, is_thrifty: bool) {
        self.max_layer = max_layer;
        self.is_thrifty = is_thrifty;
    }

    /// The server said what it forwards of a video.
    pub(super) fn handle_layer(&mut self, consumer_id: ConsumerId, layer: Option<Layer>) {
        if let Some(video) = self.videos.get_mut(&consumer_id) {
            video.flow = if layer.is_some() { Flow::Something } else { Flow::Nothing };
        }
    }

    /// The server did not hear what it was told, for a video that ended meanwhile.
    pub(super) fn handle_refusal(&mut self, now: Instant) {
        for video in self.videos.values_mut() {
            video.told = None;
        }
        self.due_at = Some(now + PATIENCE);
    }

    /// Starts over: the server knows nothing any more.
    pub(super) fn reset(&mut self) {
        self.videos.clear();
        self.due_at = None;
    }

    /// Whether a video cannot be seen because the path is too narrow for it, or taken for that.
    pub(super) fn is_held_back(&self, consumer_id: ConsumerId) -> bool {
        let video = self.videos.get(&consumer_id);
        video.is_some_and(|video| video.is_held_back || video.is_left_out)
    }

    /// Whether a video is asked for and does not come, because the path is too narrow for it.
    pub(super) fn is_missing(&self, consumer_id: ConsumerId) -> bool {
        self.videos.get(&consumer_id).is_some_and(|video| video.is_held_back)
    }

    /// Tells the server what is seen of `videos`, which are all there are, as far as that changed.
    pub(super) fn reconcile(
        &mut self,
        now: Instant,
        videos: impl Iterator<Item = Video>,
        outbox: &mut Outbox,
    ) {
        let mut former = std::mem::take(&mut self.videos);
        let mut news = Vec::new();
        let mut is_new = false;
        let videos: Vec<Video> = videos.collect();
        let largest = self.is_thrifty.then(|| self.largest(&videos));
        for Video { consumer_id, tile, paused } in videos {
            let mut video = former.remove(&consumer_id).unwrap_or_default();
            video.is_left_out = largest.is_some_and(|largest| largest != Some(consumer_id));
            let viewing = self.viewing(&tile, video.is_left_out);
            video.judge(now, paused || viewing.is_none_or(Viewing::is_hidden));
            if let Some(viewing) = viewing.filter(|viewing| video.told != Some(*viewing)) {
                is_new |= video.told.is_none();
                news.push(PreferredLayers { consumer_id, viewing });
            }
            self.videos.insert(consumer_id, video);
        }
        self.tell(now, news, is_new, outbox);
    }

    /// When [`Self::reconcile`] has something to do without being told anything.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let waits = self.videos.values().filter(|video| !video.is_held_back);
        let missing = waits.filter_map(|video| Some(video.missing_since? + MISSING));
        missing.chain(self.due_at).min()
    }

    /// A video that the server was told nothing of is told at once: it would be sent too large.
    fn tell(
        &mut self,
        now: Instant,
        news: Vec<PreferredLayers>,
        is_new: bool,
        outbox: &mut Outbox,
    ) {
        if news.is_empty() {
            self.due_at = None;
            return;
        }
        let is_waiting = self.due_at.is_some();
        let due_at = *self.due_at.get_or_insert(now + SETTLING);
        if now < due_at && (is_waiting || !is_new) {
            return;
        }
        self.due_at = None;
        for PreferredLayers { consumer_id, viewing } in &news {
            if let Some(video) = self.videos.get_mut(consumer_id) {
                video.told = Some(*viewing);
            }
        }
        let request = Request::SetPreferredLayers(SetPreferredLayers { consumers: news });
        outbox.request(now, request, Purpose::SetPreferredLayers);
    }

    /// The video that is shown largest, of those that are on.
    fn largest(&self, videos: &[Video]) -> Option<ConsumerId> {
        let area = |video: &&Video| {
            let size = self.sizes.get(&video.tile).copied().unwrap_or_default();
            u32::from(size.0) * u32::from(size.1)
        };
        let on = videos.iter().filter(|video| !video.paused);
        // The first of equals, who stays it when others come.
        on.rev().max_by_key(area).map(|video| video.consumer_id)
    }

    fn viewing(&self, tile: &TileKey, is_left_out: bool) -> Option<Viewing> {
        let is_hidden = self.is_page_hidden || is_left_out;
        let (width, height) = if is_hidden { (0, 0) } else { *self.sizes.get(tile)? };
        let floats = self.floating.as_ref() == Some(tile) && !is_left_out;
        let (least_width, least_height) = if floats { FLOATING } else { (0, 0) };
        let (width, height) = (width.max(least_width), height.max(least_height));
        let max_layer = self.max_layer.map(|spatial| Layer { spatial, temporal: u8::MAX });
        Some(Viewing { width, height, pinned: self.pins.contains(tile), max_layer })
    }
}

impl Watched {
    /// Decides whether the video is missing, given whether it need not be seen.
    fn judge(&mut self, now: Instant, is_needless: bool) {
        if is_needless || self.flow != Flow::Nothing {
            self.missing_since = None;
        } else {
            self.missing_since.get_or_insert(now);
        }
        self.is_held_back = self.missing_since.is_some_and(|since| since + MISSING <= now);
    }
}
