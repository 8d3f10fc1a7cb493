//! Rows of input times packed weights, both rounded to bf16.

use super::each::each;
use super::panels::pair;
use super::round::round_row;
use super::{DEPTH, Panels, Rounded, SIDE, Step, TILE, Target, TileProduct};
use crate::buffer::Buffer;
use crate::network::kernel::{Product, Segment, Start, dispatch, vectorised};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Left tiles that are rounded together, so that they stay in the cache, and most rows of them.
const TILES: usize = 32;
const ROWS: usize = 16;

/// As [`Product`] with these weights.
pub(in crate::network::kernel) fn product(work: Product, weights: &Panels) {
    let depth: usize = work.segments.iter().map(|s| width(s).div_ceil(DEPTH)).sum();
    let (rows, panels) = (work.rows * work.lines, work.weights.panels());
    // Tiles of rows that are rounded together.
    let most = rows.div_ceil(SIDE).min(ROWS);
    let height = (TILES / depth.max(1)).clamp(4, ROWS).min(most.max(1));
    let mut steps = Vec::with_capacity(depth);
    for segment in work.segments {
        for part in 0..width(segment).div_ceil(DEPTH) {
            steps.push(Step {
                left: steps.len() * height * TILE,
                right: pair(segment.weights) + part * TILE,
            });
        }
    }
    let mut left = Rounded::stale(depth * height * TILE, 0);
    let shape = Shape {
        rows: work.rows,
        line: work.output_line,
        stride: work.output_stride,
        columns: work.weights.columns(),
    };
    // Whole tiles of rows that follow each other go where they belong, others to a row of tiles each
    // first.
    let followed = work.lines == 1 || shape.line == shape.rows * shape.stride;
    let straight =
        followed && matches!(work.start, Start::Zero) && shape.columns.is_multiple_of(SIDE);
    let mut sums = Buffer::default();
    for first in (0..rows).step_by(height * SIDE) {
        let count = (rows - first).min(height * SIDE);
        dispatch(Gather {
            work: &work,
            rows: first..first + count,
            height,
            left: &mut left,
        });
        let product = TileProduct {
            left: &left,
            stride: DEPTH,
            right: weights.values(),
            steps: &steps,
        };
        let left = |row| row * TILE;
        let column = |column| weights.panel(column);
        if straight && count.is_multiple_of(SIDE) {
            let mut target = Target {
                values: &mut work.output[first * shape.stride..],
                stride: shape.stride,
            };
            let output = |row, column| row * SIDE * shape.stride + column * SIDE;
            product.run([count / SIDE, panels], left, column, output, &mut target);
        } else {
            let stride = panels * SIDE;
            if sums.is_empty() {
                sums = Buffer::stale(height * SIDE * stride);
            }
            let mut target = Target {
                values: &mut sums,
                stride,
            };
            let output = |row, column| (row * stride + column) * SIDE;
            product.run(
                [count.div_ceil(SIDE), panels],
                left,
                column,
                output,
                &mut target,
            );
            scatter(
                shape,
                work.start,
                first,
                &sums[..count * stride],
                work.output,
            );
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
    /// Rows of left tiles.
    height: usize,
    left: &'a mut [u16],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let work = self.work;
        let mut places = [0; ROWS * SIDE];
        let places = &mut places[..self.rows.len()];
        let (mut line, mut row) = (self.rows.start / work.rows, self.rows.start % work.rows);
        for place in places.iter_mut() {
            *place = line * work.line_stride + row * work.stride;
            row += 1;
            if row == work.rows {
                (line, row) = (line + 1, 0);
            }
        }
        let mut steps = self.left.chunks_exact_mut(self.height * TILE);
        for segment in work.segments {
            let (mut from, mut lead) = (0, segment.weights % 2);
            while from < segment.depth {
                let count = (DEPTH - lead).min(segment.depth - from);
                let values = &work.input[segment.input + from..];
                let rows = steps
                    .next()
                    .map_or(&mut [][..], |step| step.as_chunks_mut().0);
                for (to, &place) in rows.iter_mut().zip(&*places) {
                    round_row(simd, &values[place..place + count], lead, to);
                }
                (from, lead) = (from + count, 0);
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
    /// Writes rows of sums to the output.
    fn scatter<'a>(
        shape: Shape,
        start: Start<'a>,
        first: usize,
        sums: &'a [f32],
        output: &'a mut [f32],
    ) {
        let width = shape.columns;
        let (mut line, mut row) = (first / shape.rows, first % shape.rows);
        for sums in sums.chunks_exact(width.next_multiple_of(SIDE)) {
            let at = line * shape.line + row * shape.stride;
            let output = &mut output[at..at + width];
            match start {
                Start::Zero => output.copy_from_slice(&sums[..width]),
                Start::Bias(bias) => {
                    let bias = &bias[..width];
                    each(output, &sums[..width], bias, |_, sum, bias| sum + bias);
                }
                Start::Output => {
                    let sums = &sums[..width];
                    each(output, sums, sums, |output, sum, _| output + sum);
                }
            }
            row += 1;
            if row == shape.rows {
                (line, row) = (line + 1, 0);
            }
        }
    }
}
