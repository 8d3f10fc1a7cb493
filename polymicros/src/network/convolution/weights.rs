//! Weights between PyTorch's order and the matrices of a stencil's phases.

use super::Sizes;
use super::stencil::Stencil;
use crate::network::kernel::Packed;
use rayon::prelude::*;

/// Sums of the weights that multiply the same neighbour: for each phase a matrix with a row for
/// each neighbour and input channel, and a column for each output channel.
pub(super) fn phase_matrices(sizes: &Sizes, stencil: &Stencil, weight: &[f32]) -> Vec<Vec<f32>> {
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    stencil
        .phases
        .par_iter()
        .map(|phase| {
            let places: Vec<usize> = (0..27).map(|tap| stencil.collapse(phase, tap)).collect();
            let mut matrix = vec![0.0; stencil.taps() * inputs * outputs];
            for (index, weights) in weight.chunks_exact(27).enumerate() {
                let (output, input) = (index / inputs, index % inputs);
                for (place, weight) in places.iter().zip(weights) {
                    matrix[(place * inputs + input) * outputs + output] += weight;
                }
            }
            matrix
        })
        .collect()
}

/// The adjoint: gradients of the matrices gathered into one of the weights.
pub(super) fn weight_gradient(sizes: &Sizes, stencil: &Stencil, matrices: &[&[f32]]) -> Vec<f32> {
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let places: Vec<Vec<usize>> = stencil
        .phases
        .iter()
        .map(|phase| (0..27).map(|tap| stencil.collapse(phase, tap)).collect())
        .collect();
    let mut weight = vec![0.0; outputs * inputs * 27];
    weight
        .par_chunks_exact_mut(27 * inputs)
        .enumerate()
        .for_each(|(output, weights)| {
            for (input, weights) in weights.chunks_exact_mut(27).enumerate() {
                for (places, matrix) in places.iter().zip(matrices) {
                    for (place, weight) in places.iter().zip(weights.iter_mut()) {
                        *weight += matrix[(place * inputs + input) * outputs + output];
                    }
                }
            }
        });
    weight
}

/// A phase's matrix for the forward pass.
pub(super) fn pack(sizes: &Sizes, stencil: &Stencil, matrix: &[f32]) -> Packed {
    let outputs = sizes.outputs;
    Packed::new(stencil.taps() * sizes.inputs(), outputs, |row, column| {
        matrix[row * outputs + column]
    })
}

/// All phases' matrices for the gradient with respect to the input: a row for each phase,
/// neighbour and output channel, and a column for each input channel. Along z the neighbours come
/// in the opposite order, because that is how the gradient lies in memory.
pub(super) fn pack_transposed(sizes: &Sizes, stencil: &Stencil, matrices: &[Vec<f32>]) -> Packed {
    let (inputs, outputs, width) = (sizes.inputs(), sizes.outputs, stencil.width);
    let depth = stencil.taps() * outputs;
    Packed::new(matrices.len() * depth, inputs, |row, input| {
        let (phase, row) = (row / depth, row % depth);
        let (place, output) = (row / outputs, row % outputs);
        let (line, back) = (place / width, place % width);
        let place = line * width + (width - 1 - back);
        matrices[phase][(place * inputs + input) * outputs + output]
    })
}
