//! Who has the main area of the stage, and who is beside it.

use crate::meeting::view::TileKey;

/// Most tiles of the main area.
pub const MOST_IN_MAIN: usize = 4;

/// How the person wants to see the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ViewMode {
    /// All alike.
    #[default]
    Grid,
    /// Who speaks large, the others small.
    Speaker,
}

/// What the person asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wishes {
    /// How to see the others.
    pub mode: ViewMode,
    /// What shall stay large, the newest last; at most [`MOST_IN_MAIN`].
    pub pins: Vec<TileKey>,
    /// Whether their own tile is hidden while others are there.
    pub hides_self: bool,
}

/// Who is where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cast {
    /// Shown large; nobody, where all are alike.
    pub main: Vec<TileKey>,
    /// The others: screens, then people in the order of their seats.
    pub rest: Vec<TileKey>,
}

impl ViewMode {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Grid => Self::Speaker,
            Self::Speaker => Self::Grid,
        }
    }
}

impl Wishes {
    /// Pins a tile, or lets it go; one too many takes the place of the oldest.
    pub fn toggle_pin(&mut self, key: &TileKey) {
        let before = self.pins.len();
        self.pins.retain(|pinned| pinned != key);
        if self.pins.len() == before {
            self.pins.push(key.clone());
            self.pins.drain(..self.pins.len().saturating_sub(MOST_IN_MAIN));
        }
    }

    /// Casts those who are there. What is pinned is large, else the screens that are shared, else
    /// in the speaker view whoever is in focus.
    #[must_use]
    pub fn cast(&self, screens: &[TileKey], seats: &[TileKey], focus: Option<&TileKey>) -> Cast {
        let hides_self = self.hides_self && (seats.len() > 1 || !screens.is_empty());
        let people = seats.iter().filter(|key| !(hides_self && **key == TileKey::Me));
        let there: Vec<TileKey> = screens.iter().chain(people).cloned().collect();
        let mut main: Vec<TileKey> =
            self.pins.iter().filter(|key| there.contains(key)).cloned().collect();
        if main.is_empty() {
            main = screens.iter().take(MOST_IN_MAIN).cloned().collect();
        }
        if main.is_empty() && self.mode == ViewMode::Speaker {
            let focus = focus.filter(|key| there.contains(key)).or_else(|| there.last());
            main.extend(focus.cloned());
        }
        let rest = there.into_iter().filter(|key| !main.contains(key)).collect();
        Cast { main, rest }
    }
}
