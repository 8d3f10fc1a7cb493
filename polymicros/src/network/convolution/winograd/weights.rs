//! Weights between PyTorch's order and what the points multiply by.

use super::{LINES, Sizes, WIDTH};
use crate::buffer::Buffer;
use crate::network::kernel::{COLUMNS, FILTER, POINTS, Packed};
use rayon::prelude::*;

/// Weights between two channels.
const TAPS: usize = LINES * WIDTH;

/// What each point multiplies by: a row for each point, neighbour in x and y, and input channel.
pub(super) fn pack(sizes: &Sizes, weight: &[f32]) -> Packed {
    let inputs = sizes.inputs();
    Packed::filled(
        POINTS * LINES * inputs,
        sizes.outputs,
        |first, width, panel| {
            for input in 0..inputs {
                for column in 0..width {
                    let taps = &weight[((first + column) * inputs + input) * TAPS..][..TAPS];
                    for (line, taps) in taps.chunks_exact(WIDTH).enumerate() {
                        for (point, factors) in FILTER.iter().enumerate() {
                            let row = (point * LINES + line) * inputs + input;
                            panel[row * COLUMNS + column] = filtered(factors, taps);
                        }
                    }
                }
            }
        },
    )
}

/// The same for the gradient with respect to the input, with rows for output channels: along y the
/// neighbours come in the opposite order, because that is how the gradient lies in memory.
pub(super) fn pack_transposed(sizes: &Sizes, weight: &[f32]) -> Packed {
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    Packed::filled(POINTS * LINES * outputs, inputs, |first, width, panel| {
        for output in 0..outputs {
            for column in 0..width {
                let taps = &weight[(output * inputs + first + column) * TAPS..][..TAPS];
                for (line, taps) in taps.chunks_exact(WIDTH).enumerate() {
                    let line = line / WIDTH * WIDTH + (WIDTH - 1 - line % WIDTH);
                    for (point, factors) in FILTER.iter().enumerate() {
                        let row = (point * LINES + line) * outputs + output;
                        panel[row * COLUMNS + column] = filtered(factors, taps);
                    }
                }
            }
        }
    })
}

#[inline(always)]
fn filtered(factors: &[f32; WIDTH], taps: &[f32]) -> f32 {
    factors[0] * taps[0] + factors[1] * taps[1] + factors[2] * taps[2]
}

/// The gradient of the weights from those of what the points multiply by.
pub(super) fn weight_gradient(sizes: &Sizes, sums: &[f32]) -> Buffer {
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let mut weight = Buffer::stale(outputs * inputs * TAPS);
    weight
        .par_chunks_mut(COLUMNS * inputs * TAPS)
        .enumerate()
        .for_each(|(index, weights)| {
            let first = index * COLUMNS;
            let width = (outputs - first).min(COLUMNS);
            for input in 0..inputs {
                for line in 0..LINES {
                    let rows: [&[f32]; POINTS] = std::array::from_fn(|point| {
                        let row = (point * LINES + line) * inputs + input;
                        &sums[row * outputs + first..][..width]
                    });
                    for column in 0..width {
                        let at = (column * inputs + input) * TAPS + line * WIDTH;
                        for (tap, weight) in weights[at..at + WIDTH].iter_mut().enumerate() {
                            *weight = FILTER
                                .iter()
                                .zip(&rows)
                                .map(|(factors, row)| factors[tap] * row[column])
                                .sum();
                        }
                    }
                }
            }
        });
    weight
}
