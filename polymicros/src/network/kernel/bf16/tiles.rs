//! Products of tiles.

use super::portable;
use std::array::from_fn;
use std::ops::Range;

/// Rows and columns of a tile of sums.
pub(in crate::network) const SIDE: usize = 16;
/// Values of a row of a left tile: how many products a step adds to each sum.
pub(in crate::network) const DEPTH: usize = 32;
/// Values of a right tile.
pub(in crate::network) const TILE: usize = SIDE * DEPTH;

/// Tiles of sums that a pass makes.
pub(super) const TILES: usize = 4;

/// Where the operands of a step lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(in crate::network) struct Step {
    pub left: usize,
    pub right: usize,
}

/// Sums of products of tiles: `sum over the steps of left · right`.
///
/// A left tile is [`SIDE`] rows of [`DEPTH`] values, `stride` apart. A right tile is contiguous:
/// pairs of its [`DEPTH`] rows, in each of which the two values of a column are neighbours.
pub(in crate::network) struct TileProduct<'a> {
    pub left: &'a [u16],
    pub stride: usize,
    pub right: &'a [u16],
    pub steps: &'a [Step],
}

/// Some rows and columns of tiles, as many as one pass makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::network) struct Pass {
    rows: Range<usize>,
    columns: Range<usize>,
}

/// The passes that make `rows` x `columns` tiles: of two by two, or of four below each other in a
/// column that is left over. Either way more products than loads are done.
pub(in crate::network) fn passes(rows: usize, columns: usize) -> impl Iterator<Item = Pass> {
    (0..columns).step_by(2).flat_map(move |column| {
        let columns = column..(column + 2).min(columns);
        let height = TILES / columns.len();
        (0..rows).step_by(height).map(move |row| Pass {
            rows: row..(row + height).min(rows),
            columns: columns.clone(),
        })
    })
}

/// Where the tiles of a pass lie, from those of each step on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    Tall { left: [usize; 4], right: usize },
    Square { left: [usize; 2], right: [usize; 2] },
}

impl Pass {
    /// What is missing of a whole pass is done twice.
    fn block(&self, left: impl Fn(usize) -> usize, right: impl Fn(usize) -> usize) -> Block {
        let row = |i: usize| left((self.rows.start + i).min(self.rows.end - 1));
        if self.columns.len() == 1 {
            Block::Tall {
                left: from_fn(row),
                right: right(self.columns.start),
            }
        } else {
            Block::Square {
                left: from_fn(row),
                right: from_fn(|i| right(self.columns.start + i)),
            }
        }
    }
}

/// Sums of a pass, tile by tile and row by row.
#[repr(C, align(64))]
pub(in crate::network) struct Sums(pub(super) [[f32; SIDE * SIDE]; TILES]);

impl Sums {
    /// How many they are.
    pub const LEN: usize = TILES * SIDE * SIDE;

    pub fn zeros() -> Self {
        Sums([[0.0; SIDE * SIDE]; TILES])
    }

    /// All of them, one tile after the other.
    pub fn values(&self) -> &[f32] {
        self.0.as_flattened()
    }

    pub fn values_mut(&mut self) -> &mut [f32] {
        self.0.as_flattened_mut()
    }

    /// Row and column of each tile of a pass, and its sums.
    pub fn of(&self, pass: &Pass) -> impl Iterator<Item = ([usize; 2], &[[f32; SIDE]])> {
        let places = pass
            .rows
            .clone()
            .flat_map(move |row| pass.columns.clone().map(move |column| [row, column]));
        let tiles = self.0.iter().map(|tile| tile.as_chunks().0);
        places.zip(tiles)
    }
}

impl TileProduct<'_> {
    /// Replaces the sums by those of a pass, whose tiles of a row begin `left(row)` after those of
    /// each step, and those of a column `right(column)` after.
    ///
    /// # Panics
    /// When a tile is not within its operand.
    pub fn run(
        &self,
        pass: &Pass,
        left: impl Fn(usize) -> usize,
        right: impl Fn(usize) -> usize,
        sums: &mut Sums,
    ) {
        self.run_block(&pass.block(left, right), sums);
    }

    pub(super) fn run_block(&self, block: &Block, sums: &mut Sums) {
        self.check(block);
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if super::amx::available() {
            super::amx::run(self, block, sums);
            return;
        }
        portable::run(self, block, sums);
    }

    fn check(&self, block: &Block) {
        let most = |values: &[usize]| values.iter().fold(0, |most, &value| most.max(value));
        let (mut left, mut right) = (0, 0);
        for step in self.steps {
            left = left.max(step.left);
            right = right.max(step.right);
        }
        let (rows, columns) = match block {
            Block::Tall { left, right } => (most(left), *right),
            Block::Square { left, right } => (most(left), most(right)),
        };
        let height = self.stride.saturating_mul(SIDE - 1);
        let end = left.saturating_add(rows).saturating_add(height);
        let found = self.left.len();
        assert!(
            end.saturating_add(DEPTH) <= found,
            "a left tile from {end} on, of {found}"
        );
        let end = right.saturating_add(columns);
        let found = self.right.len();
        assert!(
            end.saturating_add(TILE) <= found,
            "a right tile from {end} on, of {found}"
        );
    }
}
