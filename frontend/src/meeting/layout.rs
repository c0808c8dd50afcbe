//! Where everyone goes on the stage, and who is shown large: decisions only, no elements.
//!
//! | module | what it decides |
//! |---|---|
//! | [`cast`] | who has the main area, and who is beside it |
//! | [`director`] | who sits where, and who is in focus |
//! | [`grid`] | columns and shape of equal tiles |
//!
//! [`arrange`] brings them together: a rectangle for every tile that is shown. Tiles on other
//! pages have none; they are hidden, and nothing of them is received.

use std::collections::BTreeMap;

use self::{
    cast::Cast,
    grid::{Grid, Shape},
};
use super::view::TileKey;

pub mod cast;
pub mod director;
pub mod grid;
#[cfg(test)]
mod tests;

/// Most people of one page, however large the screen.
pub const MOST_PER_PAGE: usize = 49;

/// Height of the buttons that turn pages, in CSS pixels: a finger's.
const PAGER: f64 = 44.0;

/// The people beside the main area get this share of the stage, within bounds in CSS pixels.
const STRIP_SHARE: f64 = 0.2;
const STRIP_HEIGHT: (f64, f64) = (92.0, 190.0);
const STRIP_WIDTH: (f64, f64) = (150.0, 380.0);

/// A screen keeps the shape most screens have; what is left over is better used by people.
const SCREEN: Shape = Shape { narrowest: 1.6, widest: WIDE };

/// A person in the main area of a stage that is higher than wide, as on a phone held upright.
const PORTRAIT: Shape = Shape { narrowest: 2.0 / 3.0, widest: WIDE };

/// People on a stage that is wider than high, where faces need no more height than this.
const LANDSCAPE: Shape = Shape { narrowest: 4.0 / 3.0, widest: WIDE };

/// People on a stage that is higher than wide.
const UPRIGHT: Shape = Shape { narrowest: 1.0, widest: WIDE };

/// Where tiles may go.
#[derive(Debug, Clone, Copy)]
struct Space {
    area: Rect,
    shape: Shape,
    /// Where they stand if they do not fill it.
    stand: Stand,
}

/// Where tiles stand that leave some of their area's height over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Middle,
    /// So that those who are there stay where they are when others come.
    Top,
}

/// The shape of what cameras give.
const WIDE: f64 = 16.0 / 9.0;

/// A rectangle on the stage in CSS pixels, from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    /// From the left edge of the stage.
    pub left: f64,
    /// From its upper edge.
    pub top: f64,
    /// Inner width.
    pub width: f64,
    /// Inner height.
    pub height: f64,
}

/// What a stage shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arrangement {
    /// Every tile that is shown, in whole CSS pixels.
    pub places: BTreeMap<TileKey, Rect>,
    /// Which page of people it is, from zero.
    pub page: usize,
    /// How many pages there are; at least one.
    pub pages: usize,
    /// People of one page, at most.
    pub per_page: usize,
    /// Where the buttons go that turn pages, if there are several.
    pub pager: Option<Rect>,
}

/// Arranges a cast on a stage of this inner size, in CSS pixels, and shows the page that is asked
/// for, or the last one.
#[must_use]
pub fn arrange(cast: &Cast, (width, height): (f64, f64), page: usize) -> Arrangement {
    let stage = Rect { width, height, ..Rect::default() };
    let people_shape = if width > height { LANDSCAPE } else { UPRIGHT };
    let whole = Space { area: stage, shape: people_shape, stand: Stand::Middle };
    if cast.main.is_empty() {
        return seat(&cast.rest, whole, page);
    }
    let whole = Space { shape: main_shape(&cast.main, stage), ..whole };
    if cast.rest.is_empty() {
        return Arrangement { pages: 1, ..fill(&cast.main, cast.main.len(), whole) };
    }
    let (area, mut arrangement) = seated_beside(cast, stage, whole.shape, page);
    let main = Space { area, ..whole };
    arrangement.places.extend(fill(&cast.main, cast.main.len(), main).places);
    arrangement
}

fn main_shape(main: &[TileKey], stage: Rect) -> Shape {
    if main.iter().any(|key| matches!(key, TileKey::Screen(_))) {
        SCREEN
    } else if stage.width > stage.height {
        LANDSCAPE
    } else {
        PORTRAIT
    }
}

/// All of these tiles, as large as if they were `count`.
fn fill(keys: &[TileKey], count: usize, Space { area, shape, stand }: Space) -> Arrangement {
    let grid = Grid::best(count, (area.width, area.height), shape);
    let (_, height) = grid.extent(keys.len());
    let area = match stand {
        Stand::Middle => area,
        Stand::Top => Rect { height, ..area },
    };
    let places = keys.iter().cloned().zip(grid.places(keys.len(), area)).collect();
    Arrangement { places, ..Arrangement::default() }
}

/// The main area, and the rest seated beside or below it: wherever the main tiles get larger.
fn seated_beside(cast: &Cast, stage: Rect, shape: Shape, page: usize) -> (Rect, Arrangement) {
    let with = |needs_pager: bool| {
        let picture = |(main, _): &(Rect, Rect)| {
            let grid = Grid::best(cast.main.len(), (main.width, main.height), shape);
            grid.tile_width * grid.tile_height
        };
        let (side, under) = (beside(stage), below(stage, needs_pager));
        let (main, people) = if picture(&side) >= picture(&under) { side } else { under };
        let (main, people) = snug(cast.main.len(), main, people, stage, shape);
        (main, seat(&cast.rest, strip(people), page))
    };
    let (main, arrangement) = with(false);
    if arrangement.pages > 1 { with(true) } else { (main, arrangement) }
}

/// How people sit beside or below the main area.
fn strip(area: Rect) -> Space {
    let is_below = area.top > 0.0;
    let is_upright = is_below && area.height >= area.width;
    Space {
        area,
        shape: if is_upright { UPRIGHT } else { LANDSCAPE },
        stand: if is_below { Stand::Middle } else { Stand::Top },
    }
}

/// Main area and people on the right of it.
fn beside(stage: Rect) -> (Rect, Rect) {
    let (least, most) = STRIP_WIDTH;
    let width = (stage.width * STRIP_SHARE).clamp(least, most).min(stage.width / 2.0);
    let main = Rect { width: (stage.width - width - grid::GAP).max(0.0), ..stage };
    (main, Rect { left: stage.width - width, width, ..stage })
}

/// Main area and people below it.
fn below(stage: Rect, needs_pager: bool) -> (Rect, Rect) {
    let (least, most) = STRIP_HEIGHT;
    let tiles = (stage.height * STRIP_SHARE).clamp(least, most);
    let pager = if needs_pager { PAGER + grid::GAP } else { 0.0 };
    let height = (tiles + pager).min(stage.height / 2.0);
    let main = Rect { height: (stage.height - height - grid::GAP).max(0.0), ..stage };
    (main, Rect { top: stage.height - height, height, ..stage })
}

/// Gives the people what the main tiles leave over.
fn snug(count: usize, main: Rect, people: Rect, stage: Rect, shape: Shape) -> (Rect, Rect) {
    let grid = Grid::best(count, (main.width, main.height), shape);
    let (width, height) = grid.extent(count);
    if people.top > 0.0 {
        let main = Rect { height, ..main };
        let top = height + grid::GAP;
        (main, Rect { top, height: (stage.height - top).max(0.0), ..people })
    } else {
        let main = Rect { width, ..main };
        let left = width + grid::GAP;
        (main, Rect { left, width: (stage.width - left).max(0.0), ..people })
    }
}

/// A page of people in an area: as few pages as leave every tile its least size, equally full.
fn seat(people: &[TileKey], space: Space, page: usize) -> Arrangement {
    let Space { area, shape, .. } = space;
    let fits = |area: Rect| {
        let most = people.len().clamp(1, MOST_PER_PAGE);
        Grid::capacity(most, (area.width, area.height), shape)
    };
    if people.len() <= fits(area) {
        let pages = 1;
        return Arrangement { pages, per_page: people.len(), ..fill(people, people.len(), space) };
    }
    let height = (area.height - PAGER - grid::GAP).max(0.0);
    let above = Rect { height, ..area };
    let pages = people.len().div_ceil(fits(above)).max(1);
    let per_page = people.len().div_ceil(pages).max(1);
    let page = page.min(people.len().div_ceil(per_page).saturating_sub(1));
    let shown: Vec<_> = people.iter().skip(page * per_page).take(per_page).cloned().collect();
    let filled = fill(&shown, per_page, Space { area: above, ..space });
    let pager = Rect { top: area.top + area.height - PAGER, height: PAGER, ..area };
    let pages = people.len().div_ceil(per_page);
    Arrangement { page, pages, per_page, pager: Some(pager), ..filled }
}
