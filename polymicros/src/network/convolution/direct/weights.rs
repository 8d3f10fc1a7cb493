//! Weights between PyTorch's order and right operands.

use super::super::Sizes;
use super::{LINES, TAPS, WIDTH, depth};
use crate::network::kernel::COLUMNS;
use crate::network::kernel::bf16::Panels;

/// A row for each line of neighbours, neighbour along z and input channel.
pub(super) fn pack(sizes: &Sizes, weight: &[f32]) -> Panels {
    let inputs = sizes.inputs();
    let depth = depth(inputs);
    Panels::filled(LINES * depth, sizes.outputs, |first, width, panel| {
        for column in 0..width {
            let weights = &weight[(first + column) * inputs * TAPS..][..inputs * TAPS];
            for (input, weights) in weights.chunks_exact(TAPS).enumerate() {
                for (tap, weight) in weights.iter().enumerate() {
                    let row = tap / WIDTH * depth + tap % WIDTH * inputs + input;
                    panel[row * COLUMNS + column] = *weight;
                }
            }
        }
    })
}

/// The same for the gradient with respect to the input, with rows for output channels: along y and z
/// the neighbours come in the opposite order, because that is how the gradient lies in memory.
pub(super) fn pack_transposed(sizes: &Sizes, weight: &[f32]) -> Panels {
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let depth = depth(outputs);
    Panels::filled(LINES * depth, inputs, |first, width, panel| {
        for (output, weights) in weight.chunks_exact(inputs * TAPS).enumerate() {
            let columns = weights.chunks_exact(TAPS).skip(first).take(width);
            for (column, weights) in columns.enumerate() {
                for (tap, weight) in weights.iter().enumerate() {
                    let (plane, back) = (tap / LINES, LINES - 1 - tap % LINES);
                    let line = plane * WIDTH + back / WIDTH;
                    let row = line * depth + back % WIDTH * outputs + output;
                    panel[row * COLUMNS + column] = *weight;
                }
            }
        }
    })
}
