//! Equal tiles in an area: how many columns, and of which shape.

use super::Rect;

/// Space between neighbours, in CSS pixels.
pub const GAP: f64 = 12.0;

/// The same where space is scarce: in narrow areas, and between many tiles.
const SMALL_GAP: f64 = 8.0;
const NARROW: f64 = 640.0;
const MANY: usize = 16;

/// A tile is never smaller than this, in CSS pixels: a face and a name are still told apart. Narrow
/// areas have height to spare.
pub const LEAST_TILE: (f64, f64) = (120.0, 68.0);
const LEAST_HEIGHT_IF_NARROW: f64 = 90.0;

/// Width divided by height that tiles may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// The least.
    pub narrowest: f64,
    /// The most.
    pub widest: f64,
}

/// Equal tiles, row by row, every row centred.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Tiles of one full row; at least one.
    pub columns: usize,
    /// Width of a tile in whole CSS pixels.
    pub tile_width: f64,
    /// Height of a tile in whole CSS pixels.
    pub tile_height: f64,
    /// Space between neighbours.
    pub gap: f64,
}

impl Grid {
    /// The columns and the shape that show most of `count` pictures in an area of this size. An
    /// area without room gives tiles of no size, never a negative one.
    #[must_use]
    pub fn best(count: usize, area: (f64, f64), shape: Shape) -> Self {
        let count = count.max(1);
        let first = Self::with_columns(count, 1, area, shape);
        let rank = |grid: &Self| (grid.is_ample(area), grid.seen(shape));
        (2..=count)
            .map(|columns| Self::with_columns(count, columns, area, shape))
            .fold(first, |best, grid| if rank(&grid) > rank(&best) { grid } else { best })
    }

    /// How many of at most `most` tiles an area holds while none is smaller than
    /// [`LEAST_TILE`]; at least one.
    #[must_use]
    pub fn capacity(most: usize, area: (f64, f64), shape: Shape) -> usize {
        let holds = |count: &usize| Self::best(*count, area, shape).is_ample(area);
        (1..=most).rev().find(holds).unwrap_or(1)
    }

    /// Where the first `count` tiles go in an area, in whole pixels.
    pub fn places(self, count: usize, area: Rect) -> impl Iterator<Item = Rect> {
        let rows = count.div_ceil(self.columns);
        let height = extent(self.tile_height, rows, self.gap);
        let top = area.top + ((area.height - height) / 2.0).max(0.0).floor();
        (0..count).map(move |index| {
            let (row, column) = (index / self.columns, index % self.columns);
            let in_row = self.columns.min(count - row * self.columns);
            let width = extent(self.tile_width, in_row, self.gap);
            let left = area.left + ((area.width - width) / 2.0).max(0.0).floor();
            Rect {
                left: left + offset(self.tile_width, column, self.gap),
                top: top + offset(self.tile_height, row, self.gap),
                width: self.tile_width,
                height: self.tile_height,
            }
        })
    }

    /// Width and height of `count` tiles together.
    #[must_use]
    pub fn extent(self, count: usize) -> (f64, f64) {
        let rows = count.div_ceil(self.columns);
        let columns = self.columns.min(count);
        (extent(self.tile_width, columns, self.gap), extent(self.tile_height, rows, self.gap))
    }

    fn with_columns(count: usize, columns: usize, area: (f64, f64), shape: Shape) -> Self {
        let gap = if area.0 < NARROW || count > MANY { SMALL_GAP } else { GAP };
        let across = share(area.0, columns, gap);
        let down = share(area.1, count.div_ceil(columns), gap);
        let tile_width = across.min(down * shape.widest).floor();
        let tile_height = down.min(across / shape.narrowest).floor();
        // What is too high is cut by the one, what is too wide by the other.
        Self { columns, tile_width, tile_height, gap }
    }

    fn is_ample(self, area: (f64, f64)) -> bool {
        let (width, height) = LEAST_TILE;
        let height = if area.0 < NARROW { height.max(LEAST_HEIGHT_IF_NARROW) } else { height };
        self.tile_width >= width && self.tile_height >= height
    }

    /// How much of a picture is seen in a tile: one of the widest shape is cut to the tile's, which
    /// counts half, for faces are in the middle.
    fn seen(self, shape: Shape) -> f64 {
        let aspect = self.tile_width / self.tile_height.max(1.0);
        let seen = (aspect / shape.widest).min(1.0);
        self.tile_width * self.tile_height * (1.0 + seen) / 2.0
    }
}

/// Length of so many tiles and the gaps between them.
fn extent(tile: f64, count: usize, gap: f64) -> f64 {
    (offset(tile, count, gap) - gap).max(0.0)
}

/// Where the tile of this index begins.
fn offset(tile: f64, index: usize, gap: f64) -> f64 {
    (tile + gap) * number(index)
}

/// What each of `parts` gets of `length` once the gaps between them are taken off.
fn share(length: f64, parts: usize, gap: f64) -> f64 {
    ((length - gap * (number(parts) - 1.0)) / number(parts)).max(0.0)
}

/// Rooms hold 50 people, so counts are exact as floating point numbers.
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
