//! How large the tiles of a meeting are, and in how many columns.

/// Where equal tiles go in a stage: row by row, the last row centred.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Tiles of one full row; at least one.
    pub columns: usize,
    /// Width of a tile, in the unit of the stage.
    pub tile_width: f64,
    /// Height of a tile, in the unit of the stage.
    pub tile_height: f64,
}

/// A stage to fill with tiles, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// Inner width.
    pub width: f64,
    /// Inner height.
    pub height: f64,
    /// Space between neighbouring tiles.
    pub gap: f64,
    /// Width of a tile divided by its height.
    pub aspect: f64,
}

/// The columns that make `count` tiles of the stage's aspect as large as they can be while all of
/// them fit. A stage without room gives tiles of no size, never a negative one.
#[must_use]
pub fn grid(count: usize, stage: Stage) -> Grid {
    let count = count.max(1);
    (2..=count).map(|columns| with_columns(count, columns, stage)).fold(
        with_columns(count, 1, stage),
        |best, grid| {
            if grid.tile_width > best.tile_width { grid } else { best }
        },
    )
}

fn with_columns(count: usize, columns: usize, stage: Stage) -> Grid {
    let across = share(stage.width, columns, stage.gap);
    let down = share(stage.height, count.div_ceil(columns), stage.gap);
    let tile_width = across.min(down * stage.aspect);
    Grid { columns, tile_width, tile_height: tile_width / stage.aspect }
}

/// What each of `parts` gets of `length` once the gaps between them are taken off.
fn share(length: f64, parts: usize, gap: f64) -> f64 {
    // Rooms hold 50 people, so the counts are exact as floating point numbers.
    let parts = f64::from(u32::try_from(parts).unwrap_or(u32::MAX));
    ((length - gap * (parts - 1.0)) / parts).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Stage = Stage { width: 1600.0, height: 900.0, gap: 0.0, aspect: 16.0 / 9.0 };
    const PHONE: Stage = Stage { width: 360.0, height: 640.0, gap: 8.0, aspect: 16.0 / 9.0 };

    #[test]
    fn one_tile_fills_a_stage_of_its_own_shape() {
        let grid = grid(1, WIDE);
        assert_eq!(grid.columns, 1);
        assert!((grid.tile_width - 1600.0).abs() < 1e-9 && (grid.tile_height - 900.0).abs() < 1e-9);
    }

    #[test]
    fn four_tiles_quarter_it() {
        let grid = grid(4, WIDE);
        assert_eq!(grid.columns, 2);
        assert!((grid.tile_width - 800.0).abs() < 1e-9);
    }

    #[test]
    fn a_phone_held_upright_stacks_them() {
        assert_eq!(grid(2, PHONE).columns, 1);
        assert_eq!(grid(3, PHONE).columns, 1);
    }

    #[test]
    fn every_tile_fits_whatever_the_stage() {
        for count in 1..=50 {
            for stage in [WIDE, PHONE, Stage { width: 3840.0, height: 2160.0, ..PHONE }] {
                let grid = grid(count, stage);
                let rows = count.div_ceil(grid.columns);
                let total =
                    |size: f64, parts: usize| size * parts as f64 + stage.gap * (parts - 1) as f64;
                assert!(total(grid.tile_width, grid.columns) <= stage.width + 1e-6, "{count}");
                assert!(total(grid.tile_height, rows) <= stage.height + 1e-6, "{count}");
            }
        }
    }

    #[test]
    fn a_stage_without_room_gives_tiles_of_no_size() {
        let none = Stage { width: 0.0, height: 10.0, gap: 8.0, aspect: 1.0 };
        assert!(grid(5, none).tile_width.abs() < 1e-9);
        assert_eq!(grid(0, none).columns, 1);
    }
}
