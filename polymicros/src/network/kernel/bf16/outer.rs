//! Sums of outer products of values rounded to bf16.

use super::pairs::MakePairs;
use super::tiles::Sums;
use super::{DEPTH, Rounded, SIDE, Step, TILE, TileProduct, passes, transpose};
use crate::network::kernel::{Outer, dispatch};

/// Steps of rows that are rounded together.
const STEPS: usize = 4;

/// As [`Outer`].
pub(in crate::network::kernel) fn outer(work: Outer) {
    let rows = work.rows * work.lines;
    // The rows of sums that each tile makes: their place in the input, the first, and how many.
    let tiles: Vec<[usize; 3]> = work
        .segments
        .iter()
        .flat_map(|segment| {
            (0..segment.depth).step_by(SIDE).map(|k| {
                let count = SIDE.min(segment.depth - k);
                [segment.input + k, segment.weights + k, count]
            })
        })
        .collect();
    let columns = work.columns.div_ceil(SIDE);
    let mut left = Rounded::zeros(tiles.len() * STEPS * TILE, 0);
    let mut right = Rounded::zeros(columns * STEPS * TILE, 0);
    let mut pairs = [0; TILE];
    let mut sums = Sums::zeros();
    for first in (0..rows).step_by(STEPS * DEPTH) {
        let mut steps = Vec::with_capacity(STEPS);
        for from in (first..rows.min(first + STEPS * DEPTH)).step_by(DEPTH) {
            let at = steps.len() * TILE;
            steps.push(Step {
                left: at,
                right: at,
            });
            let here = from..rows.min(from + DEPTH);
            let place = |line: usize, stride: usize, index: usize| {
                index / work.rows * line + index % work.rows * stride
            };
            for (tile, [input, _, count]) in tiles.iter().enumerate() {
                let place = |i| input + place(work.line_stride, work.stride, i);
                let places: Vec<usize> = here.clone().map(place).collect();
                dispatch(MakePairs {
                    values: work.input,
                    places: &places,
                    columns: *count,
                    to: &mut pairs,
                });
                let to = &mut left[tile * STEPS * TILE + at..][..TILE];
                to.copy_from_slice(transpose(&pairs).as_flattened());
            }
            let place = |i| place(work.gradient_line, work.gradient_stride, i);
            let places: Vec<usize> = here.clone().map(place).collect();
            for column in 0..columns {
                let count = SIDE.min(work.columns - column * SIDE);
                dispatch(MakePairs {
                    values: &work.gradient[column * SIDE..],
                    places: &places,
                    columns: count,
                    to: &mut right[column * STEPS * TILE + at..][..TILE],
                });
            }
        }
        let product = TileProduct {
            left: &left,
            stride: DEPTH,
            right: &right,
            steps: &steps,
        };
        for pass in passes(tiles.len(), columns) {
            let place = |index| index * STEPS * TILE;
            product.run(&pass, place, place, &mut sums);
            for ([tile, column], found) in sums.of(&pass) {
                let [_, row, count] = tiles[tile];
                let column = column * SIDE;
                let width = SIDE.min(work.columns - column);
                for (row, found) in (row..row + count).zip(found) {
                    let to = &mut work.sums[row * work.columns + column..][..width];
                    for (to, found) in to.iter_mut().zip(found) {
                        *to += found;
                    }
                }
            }
        }
    }
}
