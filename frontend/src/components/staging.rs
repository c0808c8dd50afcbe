//! What the person made of the stage, for everyone who shows or changes it: the stage itself, its
//! tiles, the menu, the keys.

use leptos::prelude::*;

use crate::{
    browser::storage,
    components::floating::Floating,
    meeting::{
        layout::{
            Arrangement, Rect,
            cast::{ViewMode, Wishes},
        },
        view::TileKey,
    },
    passing::memo,
};

/// Windows at least this wide and high, in CSS pixels, begin with the grid; on smaller ones it is
/// better to see one person well.
const GRID_FITS: (f64, f64) = (640.0, 420.0);

/// The stage as it is, and as it is wanted. A handle, found by [`use_staging`].
#[derive(Debug, Clone, Copy)]
pub struct Staging {
    /// What the person asked for.
    pub wishes: RwSignal<Wishes>,
    /// Which page they turned to.
    pub page: RwSignal<usize>,
    /// Who is where, and whom to look at first.
    pub shown: RwSignal<Shown>,
    /// Whether a picture floats above other windows.
    pub floating: RwSignal<Floating>,
}

/// What the stage shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shown {
    /// Where every tile is.
    pub arrangement: Arrangement,
    /// The tiles of the main area, or else whoever speaks.
    pub first: Vec<TileKey>,
}

impl Staging {
    /// Begins as the person left it last time, and is found by everything inside the caller.
    pub fn provide() -> Self {
        let wishes = Wishes { mode: initial_mode(), ..Wishes::default() };
        let (page, shown) = (RwSignal::new(0), RwSignal::default());
        let floating = RwSignal::default();
        let staging = Self { wishes: RwSignal::new(wishes), page, shown, floating };
        provide_context(staging);
        staging
    }

    /// Where a tile is shown, if it is.
    pub fn place(self, key: TileKey) -> Memo<Option<Rect>> {
        memo(move |_| self.shown.with(|shown| shown.arrangement.places.get(&key).copied()))
    }

    /// Whether a tile is pinned.
    pub fn is_pinned(self, key: TileKey) -> Memo<bool> {
        memo(move |_| self.wishes.with(|wishes| wishes.pins.contains(&key)))
    }

    /// Switches the view, and remembers it.
    pub fn set_mode(self, mode: ViewMode) {
        self.wishes.update(|wishes| wishes.mode = mode);
        storage::save_view(mode);
    }

    /// Turns so many pages on, or back.
    pub fn turn(self, by: isize) {
        let (page, pages) =
            self.shown.with_untracked(|it| (it.arrangement.page, it.arrangement.pages));
        self.page.set(page.saturating_add_signed(by).min(pages.saturating_sub(1)));
    }
}

/// The staging of the meeting one is in.
///
/// # Panics
/// Outside of a meeting there is none.
#[must_use]
pub fn use_staging() -> Staging {
    use_context().expect("tiles are inside of a meeting")
}

fn initial_mode() -> ViewMode {
    storage::view().unwrap_or_else(|| {
        let length = |length: Result<wasm_bindgen::JsValue, _>| {
            length.ok().and_then(|length| length.as_f64()).unwrap_or_default()
        };
        let (width, height) = (length(window().inner_width()), length(window().inner_height()));
        let fits = width >= GRID_FITS.0 && height >= GRID_FITS.1;
        if fits { ViewMode::Grid } else { ViewMode::Speaker }
    })
}
