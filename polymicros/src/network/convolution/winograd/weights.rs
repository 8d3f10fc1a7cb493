//! Weights between PyTorch's order and what the points multiply by.

use super::{LINES, Sizes, WIDTH};
use crate::buffer::Buffer;
use crate::network::kernel::{COLUMNS, FILTER, POINTS, Packed, vectorised};
use rayon::prelude::*;

/// Weights between two channels.
const TAPS: usize = LINES * WIDTH;

/// What each point multiplies by: a row for each point, neighbour in x and y, and input channel.
pub(super) fn pack(sizes: &Sizes, weight: &[f32]) -> Packed {
    let inputs = sizes.inputs();
    let depth = POINTS * LINES * inputs;
    Packed::filled(depth, sizes.outputs, |first, width, panel| {
        let work = Panel {
            weights: &weight[first * inputs * TAPS..],
            row_stride: TAPS,
            column_stride: inputs * TAPS,
            width,
            line: |line| line,
            panel,
        };
        fill(work);
    })
}

/// The same for the gradient with respect to the input, with rows for output channels: along y the
/// neighbours come in the opposite order, because that is how the gradient lies in memory.
pub(super) fn pack_transposed(sizes: &Sizes, weight: &[f32]) -> Packed {
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let depth = POINTS * LINES * outputs;
    Packed::filled(depth, inputs, |first, width, panel| {
        let work = Panel {
            weights: &weight[first * TAPS..],
            row_stride: inputs * TAPS,
            column_stride: TAPS,
            width,
            line: |line| line / WIDTH * WIDTH + (WIDTH - 1 - line % WIDTH),
            panel,
        };
        fill(work);
    })
}

/// A panel to be filled.
struct Panel<'a> {
    /// From the panel's first column on.
    weights: &'a [f32],
    /// From one channel of the rows, or of the columns, to the next.
    row_stride: usize,
    column_stride: usize,
    width: usize,
    /// The place of the weights of a neighbour in x and y.
    line: fn(usize) -> usize,
    panel: &'a mut [f32],
}

vectorised! {
    fn fill<'a>(work: Panel<'a>) {
        let rows = work.panel.len() / (POINTS * LINES * COLUMNS);
        let (panel, _) = work.panel.as_chunks_mut::<COLUMNS>();
        for row in 0..rows {
            for line in 0..LINES {
                let mut taps = [[0.0; COLUMNS]; WIDTH];
                for column in 0..work.width {
                    let from = row * work.row_stride + column * work.column_stride + line * WIDTH;
                    let weights = &work.weights[from..from + WIDTH];
                    for (taps, weight) in taps.iter_mut().zip(weights) {
                        taps[column] = *weight;
                    }
                }
                let [a, b, c] = taps;
                for (point, factors) in FILTER.iter().enumerate() {
                    let to = &mut panel[(point * LINES + (work.line)(line)) * rows + row];
                    *to = std::array::from_fn(|i| {
                        factors[0] * a[i] + factors[1] * b[i] + factors[2] * c[i]
                    });
                }
            }
        }
    }
}

/// The gradient of the weights from those of what the points multiply by.
pub(super) fn weight_gradient(sizes: &Sizes, sums: &[f32]) -> Buffer {
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let mut weight = Buffer::stale(outputs * inputs * TAPS);
    weight
        .par_chunks_mut(COLUMNS * inputs * TAPS)
        .enumerate()
        .for_each(|(index, weights)| {
            gather(weights, &sums[index * COLUMNS..], inputs, outputs);
        });
    weight
}

vectorised! {
    /// The gradient of the weights of up to [`COLUMNS`] outputs, from the sums of these and all that
    /// follow.
    fn gather<'a>(weights: &'a mut [f32], sums: &'a [f32], inputs: usize, outputs: usize) {
        let width = weights.len() / (inputs * TAPS);
        for input in 0..inputs {
            for line in 0..LINES {
                let mut taps = [[0.0; COLUMNS]; WIDTH];
                for (point, factors) in FILTER.iter().enumerate() {
                    let row = (point * LINES + line) * inputs + input;
                    let sums = &sums[row * outputs..][..width];
                    for (taps, factor) in taps.iter_mut().zip(factors) {
                        for (tap, sum) in taps.iter_mut().zip(sums) {
                            *tap += factor * sum;
                        }
                    }
                }
                for column in 0..width {
                    let at = (column * inputs + input) * TAPS + line * WIDTH;
                    for (weight, taps) in weights[at..at + WIDTH].iter_mut().zip(&taps) {
                        *weight = taps[column];
                    }
                }
            }
        }
    }
}
