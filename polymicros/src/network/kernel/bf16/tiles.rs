//! Products of tiles.

use super::portable;

/// Rows and columns of a tile of sums.
pub(in crate::network) const SIDE: usize = 16;
/// Values of a row of a left tile: how many products a step adds to each sum.
pub(in crate::network) const DEPTH: usize = 32;
/// Values of a right tile.
pub(in crate::network) const TILE: usize = SIDE * DEPTH;

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

/// Where tiles of sums go: each has rows `stride` apart.
pub(in crate::network) struct Target<'a> {
    pub values: &'a mut [f32],
    pub stride: usize,
}

/// What is computed together: four tiles of sums below each other, of one right tile, or two by two,
/// row by row. Either way more products than loads are done. Operands lie so much after those of each
/// step; what is missing of four tiles is computed twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Block {
    pub left: [usize; 4],
    pub right: [usize; 2],
    pub output: [usize; 4],
}

impl Block {
    pub const EMPTY: Block = Block {
        left: [0; 4],
        right: [0; 2],
        output: [0; 4],
    };

    /// Left and right operand and output of each tile.
    pub fn tiles(&self, form: Form) -> [[usize; 3]; 4] {
        let ([a, b, c, d], [e, f]) = (self.left, self.right);
        let [w, x, y, z] = self.output;
        match form {
            Form::Tall => [[a, e, w], [b, e, x], [c, e, y], [d, e, z]],
            Form::Square => [[a, e, w], [a, f, x], [b, e, y], [b, f, z]],
        }
    }
}

/// The form of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Tall,
    Square,
}

/// Blocks of which a list is made at a time.
const LIST: usize = 16;

impl TileProduct<'_> {
    /// Writes `rows` x `columns` tiles of sums. The operands of a row lie `left(row)` after those of
    /// each step, those of a column `right(column)` after, and the sums from
    /// `output(row, column)` on.
    ///
    /// # Panics
    /// When a tile is not within its operand or the target.
    pub fn run(
        &self,
        [rows, columns]: [usize; 2],
        left: impl Fn(usize) -> usize,
        right: impl Fn(usize) -> usize,
        output: impl Fn(usize, usize) -> usize,
        target: &mut Target,
    ) {
        let mut list = [Block::EMPTY; LIST];
        for form in [Form::Square, Form::Tall] {
            // A column that is left over is one of tall blocks.
            let (first, end, width, height) = match form {
                Form::Square => (0, columns / 2 * 2, 2, 2),
                Form::Tall => (columns / 2 * 2, columns, 1, 4),
            };
            let mut count = 0;
            for column in (first..end).step_by(width) {
                for row in (0..rows).step_by(height) {
                    let row = |i: usize| (row + i).min(rows - 1);
                    let block = &mut list[count];
                    for i in 0..4 {
                        let at = (row(i / width), column + i % width);
                        block.output[i] = output(at.0, at.1);
                        block.left[i] = left(row(i));
                    }
                    block.right = [right(column), right(column + width - 1)];
                    count += 1;
                    if count == LIST {
                        self.run_blocks(form, &list, target);
                        count = 0;
                    }
                }
            }
            self.run_blocks(form, &list[..count], target);
        }
    }

    pub(super) fn run_blocks(&self, form: Form, blocks: &[Block], target: &mut Target) {
        if blocks.is_empty() {
            return;
        }
        self.check(form, blocks, target);
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if super::amx::available() && !self.steps.is_empty() {
            super::amx::run(self, form, blocks, target);
            return;
        }
        portable::run(self, form, blocks, target);
    }

    fn check(&self, form: Form, blocks: &[Block], target: &Target) {
        let mut most = [0; 3];
        for block in blocks {
            for tile in block.tiles(form) {
                for (most, place) in most.iter_mut().zip(tile) {
                    *most = place.max(*most);
                }
            }
        }
        let [mut left, mut right] = [0; 2];
        for step in self.steps {
            left = left.max(step.left);
            right = right.max(step.right);
        }
        let within = |what: &str, parts: [usize; 4], found: usize| {
            let end = parts.into_iter().fold(0, usize::saturating_add);
            assert!(end <= found, "{what} tile ends at {end} of {found}");
        };
        let height = |stride: usize| stride.saturating_mul(SIDE - 1);
        let [rows, columns, output] = most;
        within(
            "a left",
            [left, rows, height(self.stride), DEPTH],
            self.left.len(),
        );
        within("a right", [right, columns, TILE, 0], self.right.len());
        within(
            "an output",
            [output, height(target.stride), SIDE, 0],
            target.values.len(),
        );
    }
}
