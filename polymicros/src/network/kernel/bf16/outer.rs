//! Sums of outer products of values rounded to bf16.

use super::pairs::{MakePairs, Rows};
use super::transpose::transpose_sums;
use super::{DEPTH, Rounded, SIDE, Step, TILE, Target, TileProduct, transpose};
use crate::network::kernel::{Outer, dispatch, vectorised};
use std::array::from_fn;

/// Steps of rows that are rounded together.
const STEPS: usize = 4;

/// Some columns of one of the operands: up to as many as a tile of sums has rows, or columns.
struct Strip {
    /// Where they begin in a row of the operand.
    at: usize,
    /// Which row, or column, of the sums is the first.
    sums: usize,
    count: usize,
}

/// As [`Outer`].
pub(in crate::network::kernel) fn outer(work: Outer) {
    let rows = work.rows * work.lines;
    let inputs: Vec<Strip> = work
        .segments
        .iter()
        .flat_map(|segment| {
            (0..segment.depth).step_by(SIDE).map(|k| Strip {
                at: segment.input + k,
                sums: segment.weights + k,
                count: SIDE.min(segment.depth - k),
            })
        })
        .collect();
    let gradients: Vec<Strip> = (0..work.columns)
        .step_by(SIDE)
        .map(|column| Strip {
            at: column,
            sums: column,
            count: SIDE.min(work.columns - column),
        })
        .collect();
    // Transposing costs more than pairing: the smaller operand is the left one.
    let swapped = inputs.len() > gradients.len();
    let tiles = match swapped {
        true => [gradients.len(), inputs.len()],
        false => [inputs.len(), gradients.len()],
    };
    let mut left = Rounded::stale(tiles[0] * STEPS * TILE, 0);
    let mut right = Rounded::stale(tiles[1] * STEPS * TILE, 0);
    let mut sums = vec![0.0; tiles[0] * tiles[1] * SIDE * SIDE];
    let mut pairs = [0; TILE];
    let mut places = Places::new(&work);
    for first in (0..rows).step_by(STEPS * DEPTH) {
        let count = (rows - first).min(STEPS * DEPTH).div_ceil(DEPTH);
        let steps: [Step; STEPS] = from_fn(|step| Step {
            left: step * TILE,
            right: step * TILE,
        });
        for step in 0..count {
            let [of_inputs, of_gradients] = places.next((rows - first - step * DEPTH).min(DEPTH));
            let operands = [
                (work.input, of_inputs, &inputs, !swapped),
                (work.gradient, of_gradients, &gradients, swapped),
            ];
            for (values, rows, strips, is_left) in operands {
                for (index, strip) in strips.iter().enumerate() {
                    let here = (index * STEPS + step) * TILE;
                    let to = match is_left {
                        true => &mut pairs[..],
                        false => &mut right[here..here + TILE],
                    };
                    dispatch(MakePairs {
                        values: &values[strip.at..],
                        rows,
                        columns: strip.count,
                        to,
                    });
                    if is_left {
                        let to = &mut left[here..here + TILE];
                        to.copy_from_slice(transpose(&pairs).as_flattened());
                    }
                }
            }
        }
        let product = TileProduct {
            left: &left,
            stride: DEPTH,
            right: &right,
            steps: &steps[..count],
        };
        let place = |index| index * STEPS * TILE;
        let output = |row, column| (row * tiles[1] + column) * SIDE * SIDE;
        let mut target = Target {
            values: &mut sums,
            stride: SIDE,
        };
        product.run(tiles, place, place, output, &mut target);
        let tiles_of_sums = sums.as_chunks::<{ SIDE * SIDE }>().0.iter().enumerate();
        for (index, tile) in tiles_of_sums {
            let (row, column) = (index / tiles[1], index % tiles[1]);
            let (input, gradient, tile) = match swapped {
                true => (&inputs[column], &gradients[row], &transpose_sums(tile)),
                false => (&inputs[row], &gradients[column], tile),
            };
            let at = input.sums * work.columns + gradient.sums;
            let size = [input.count, gradient.count];
            add_tile(tile, size, &mut work.sums[at..], work.columns);
        }
    }
}

vectorised! {
    fn add_tile<'a>(
        tile: &'a [f32; SIDE * SIDE],
        size: [usize; 2],
        sums: &'a mut [f32],
        stride: usize,
    ) {
        let [rows, columns] = size;
        let tile = tile.as_chunks::<SIDE>().0;
        for (found, sums) in tile[..rows].iter().zip(sums.chunks_mut(stride)) {
            match sums.first_chunk_mut::<SIDE>() {
                Some(sums) if columns == SIDE => {
                    for (sum, found) in sums.iter_mut().zip(found) {
                        *sum += found;
                    }
                }
                _ => {
                    for (sum, found) in sums[..columns].iter_mut().zip(found) {
                        *sum += found;
                    }
                }
            }
        }
    }
}

/// The places of the rows of both operands, one after the other.
struct Places {
    strides: [usize; 2],
    lines: [usize; 2],
    rows: usize,
    /// Line and row of the next.
    at: [usize; 2],
    places: [[usize; DEPTH]; 2],
}

impl Places {
    fn new(work: &Outer) -> Self {
        Places {
            strides: [work.stride, work.gradient_stride],
            lines: [work.line_stride, work.gradient_line],
            rows: work.rows,
            at: [0, 0],
            places: [[0; DEPTH]; 2],
        }
    }

    /// Those of the next `count` rows of the input and the gradient.
    fn next(&mut self, count: usize) -> [Rows<'_>; 2] {
        let [line, row] = self.at;
        let place = |operand: usize, line: usize, row: usize| {
            line * self.lines[operand] + row * self.strides[operand]
        };
        if row + count <= self.rows {
            self.at = match row + count == self.rows {
                true => [line + 1, 0],
                false => [line, row + count],
            };
            return from_fn(|operand| Rows::Apart {
                first: place(operand, line, row),
                stride: self.strides[operand],
                count,
            });
        }
        let [mut line, mut row] = self.at;
        for index in 0..count {
            for operand in 0..2 {
                self.places[operand][index] = place(operand, line, row);
            }
            row += 1;
            if row == self.rows {
                (line, row) = (line + 1, 0);
            }
        }
        self.at = [line, row];
        from_fn(|operand| Rows::At(&self.places[operand][..count]))
    }
}
