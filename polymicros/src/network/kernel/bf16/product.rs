//! Rows of input times packed weights, both rounded to bf16.

use super::panels::pair;
use super::round::round;
use super::tiles::Sums;
use super::{DEPTH, Panels, Rounded, SIDE, Step, TILE, TileProduct, passes};
use crate::network::kernel::{Product, Segment, Start, dispatch, vectorised};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Tiles of rows that are rounded together.
const HEIGHT: usize = 4;

/// As [`Product`] with these weights.
pub(in crate::network::kernel) fn product(work: Product, weights: &Panels) {
    let mut steps = Vec::new();
    for segment in work.segments {
        for part in 0..width(segment).div_ceil(DEPTH) {
            steps.push(Step {
                left: steps.len() * HEIGHT * TILE,
                right: pair(segment.weights) + part * TILE,
            });
        }
    }
    let mut left = Rounded::stale(steps.len() * HEIGHT * TILE, 0);
    let mut sums = Sums::zeros();
    let rows = work.rows * work.lines;
    let shape = Shape {
        rows: work.rows,
        line: work.output_line,
        stride: work.output_stride,
        columns: work.weights.columns(),
    };
    let panels = work.weights.panels();
    for first in (0..rows).step_by(HEIGHT * SIDE) {
        let count = (rows - first).min(HEIGHT * SIDE);
        dispatch(Gather {
            work: &work,
            rows: first..first + count,
            left: &mut left,
        });
        for pass in passes(count.div_ceil(SIDE), panels) {
            let product = TileProduct {
                left: left.with_margin(),
                stride: DEPTH,
                right: weights.values(),
                steps: &steps,
            };
            let left = |row| row * TILE;
            product.run(&pass, left, |column| weights.panel(column), &mut sums);
            for ([row, column], tile) in sums.of(&pass) {
                let row = first + row * SIDE;
                let tile = &tile[..(rows - row).min(SIDE)];
                scatter(
                    shape,
                    work.start,
                    row,
                    column * SIDE,
                    tile,
                    &mut *work.output,
                );
            }
        }
    }
}

/// Values of a row that a segment makes: weights begin at a pair of rows, so that one before those of
/// the segment may be multiplied by zero.
fn width(segment: &Segment) -> usize {
    segment.weights % 2 + segment.depth
}

/// Rounds rows of the input to left tiles.
struct Gather<'a> {
    work: &'a Product<'a>,
    rows: Range<usize>,
    left: &'a mut [u16],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let work = self.work;
        let (mut line, mut row) = (self.rows.start / work.rows, self.rows.start % work.rows);
        for index in 0..self.rows.len() {
            let input = line * work.line_stride + row * work.stride;
            let mut tile = index / SIDE * TILE + index % SIDE * DEPTH;
            for segment in work.segments {
                let values = &work.input[segment.input + input..][..segment.depth];
                let lead = segment.weights % 2;
                // Zeros before and after what is not a whole number of tiles.
                let (head, rest) = values.split_at((DEPTH - lead).min(values.len()));
                let to = &mut self.left[tile..][..DEPTH];
                to[..lead].fill(0);
                round(simd, head, &mut to[lead..lead + head.len()]);
                to[lead + head.len()..].fill(0);
                tile += HEIGHT * TILE;
                for values in rest.chunks(DEPTH) {
                    let to = &mut self.left[tile..][..DEPTH];
                    round(simd, values, &mut to[..values.len()]);
                    to[values.len()..].fill(0);
                    tile += HEIGHT * TILE;
                }
            }
            row += 1;
            if row == work.rows {
                (line, row) = (line + 1, 0);
            }
        }
    }
}

/// Where rows lie in the output.
#[derive(Clone, Copy)]
struct Shape {
    rows: usize,
    line: usize,
    stride: usize,
    columns: usize,
}

vectorised! {
    /// Writes rows of a tile of sums to the output.
    fn scatter<'a>(
        shape: Shape,
        start: Start<'a>,
        first: usize,
        column: usize,
        tile: &'a [[f32; SIDE]],
        output: &'a mut [f32],
    ) {
        let width = SIDE.min(shape.columns - column);
        let (mut line, mut row) = (first / shape.rows, first % shape.rows);
        for sums in tile {
            let at = line * shape.line + row * shape.stride + column;
            let output = &mut output[at..at + width];
            match start {
                Start::Zero => match output.first_chunk_mut() {
                    Some(output) => *output = *sums,
                    None => output.copy_from_slice(&sums[..width]),
                },
                Start::Bias(bias) => {
                    let bias = &bias[column..column + width];
                    for ((output, sum), bias) in output.iter_mut().zip(sums).zip(bias) {
                        *output = sum + bias;
                    }
                }
                Start::Output => {
                    for (output, sum) in output.iter_mut().zip(sums) {
                        *output += sum;
                    }
                }
            }
            row += 1;
            if row == shape.rows {
                (line, row) = (line + 1, 0);
            }
        }
    }
}
