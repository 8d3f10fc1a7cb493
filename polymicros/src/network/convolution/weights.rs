//! Weights between PyTorch's order and the matrices of a stencil's phases.
//!
//! A phase's matrix has a row for each neighbour and input channel, and a column for each output
//! channel; weights that multiply the same neighbour are added up.

use super::Sizes;
use super::stencil::{Phase, Stencil};
use crate::buffer::Buffer;
use crate::network::kernel::{COLUMNS, Packed};
use rayon::prelude::*;

/// Weights of a 3 x 3 x 3 filter between two channels.
const TAPS: usize = 27;

/// The neighbour that each weight multiplies.
fn places(stencil: &Stencil, phase: &Phase) -> [usize; TAPS] {
    std::array::from_fn(|tap| stencil.collapse(phase, tap))
}

/// A phase's matrix for the forward pass.
pub(super) fn pack(sizes: &Sizes, stencil: &Stencil, phase: &Phase, weight: &[f32]) -> Packed {
    let inputs = sizes.inputs();
    let places = places(stencil, phase);
    let depth = stencil.taps() * inputs;
    Packed::filled(depth, sizes.outputs, |first, width, panel| {
        for input in 0..inputs {
            for column in 0..width {
                let weights = &weight[((first + column) * inputs + input) * TAPS..][..TAPS];
                for (place, weight) in places.iter().zip(weights) {
                    panel[(place * inputs + input) * COLUMNS + column] += weight;
                }
            }
        }
    })
    .with(sizes.arithmetic)
}

/// All phases' matrices for the gradient with respect to the input: a row for each phase,
/// neighbour and output channel, and a column for each input channel. Along z the neighbours come
/// in the opposite order, because that is how the gradient lies in memory.
pub(super) fn pack_transposed(sizes: &Sizes, stencil: &Stencil, weight: &[f32]) -> Packed {
    let (inputs, outputs, width) = (sizes.inputs(), sizes.outputs, stencil.width);
    let rows: Vec<[usize; TAPS]> = stencil
        .phases
        .iter()
        .enumerate()
        .map(|(index, phase)| {
            places(stencil, phase).map(|place| {
                let (line, back) = (place / width, place % width);
                let place = line * width + (width - 1 - back);
                (index * stencil.taps() + place) * outputs
            })
        })
        .collect();
    let depth = rows.len() * stencil.taps() * outputs;
    Packed::filled(depth, inputs, |first, width, panel| {
        for output in 0..outputs {
            for column in 0..width {
                let weights = &weight[(output * inputs + first + column) * TAPS..][..TAPS];
                for rows in &rows {
                    for (row, weight) in rows.iter().zip(weights) {
                        panel[(row + output) * COLUMNS + column] += weight;
                    }
                }
            }
        }
    })
    .with(sizes.arithmetic)
}

/// The gradient of the weights from those of the phases' matrices, one after the other.
pub(super) fn weight_gradient(sizes: &Sizes, stencil: &Stencil, matrices: &[f32]) -> Buffer {
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let size = stencil.taps() * inputs * outputs;
    let phases: Vec<_> = stencil
        .phases
        .iter()
        .map(|phase| places(stencil, phase))
        .zip(matrices.chunks_exact(size))
        .collect();
    let mut weight = Buffer::zeros(outputs * inputs * TAPS);
    weight
        .par_chunks_mut(COLUMNS * inputs * TAPS)
        .enumerate()
        .for_each(|(index, weights)| {
            let first = index * COLUMNS;
            let width = (outputs - first).min(COLUMNS);
            for input in 0..inputs {
                for (places, matrix) in &phases {
                    for (tap, place) in places.iter().enumerate() {
                        let row = (place * inputs + input) * outputs + first;
                        for (column, sum) in matrix[row..row + width].iter().enumerate() {
                            weights[(column * inputs + input) * TAPS + tap] += sum;
                        }
                    }
                }
            }
        });
    weight
}
