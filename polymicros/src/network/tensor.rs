//! Tensors of the network, and how a hand-written operation joins dfdx's tape.

use crate::{Error, Result};
use dfdx::prelude::{Cpu, HasShape, NoneTape, Shape, Storage, Tape, Tensor, TensorFromVec};
use rayon::prelude::*;

/// Activations on a grid, `batch, x, y, z, channel`: the channels of a voxel are neighbours in
/// memory.
pub type Volume<D, T = NoneTape> = Tensor<[usize; 5], f32, D, T>;

/// Weights of a convolution, `output channel, input channel, x, y, z`, PyTorch's order.
pub type Filter<D, T = NoneTape> = Tensor<[usize; 5], f32, D, T>;

/// A value for each row and column.
pub type Matrix<D, T = NoneTape> = Tensor<(usize, usize), f32, D, T>;

/// A value for each channel.
pub type Vector<D, T = NoneTape> = Tensor<(usize,), f32, D, T>;

/// Storage of a tensor, or of its gradient, on the CPU.
pub(super) type Slot = <Cpu as Storage<f32>>::Vec;

/// What dfdx reports, in words: in practice, that memory has run out.
pub(crate) fn failed<E: std::fmt::Debug>(error: E) -> Error {
    Error::numerical("tensor operation", format!("{error:?}"))
}

/// The values of a contiguous tensor.
pub(super) fn read<S: Shape, T>(tensor: &Tensor<S, f32, Cpu, T>) -> Vec<f32>
where
    T: Tape<f32, Cpu>,
{
    let mut values = vec![0.0; tensor.shape().num_elements()];
    tensor.copy_into(&mut values);
    values
}

/// A tensor that owns `values`.
pub(super) fn tensor<S: Shape, D: TensorFromVec<f32>>(
    device: &D,
    values: Vec<f32>,
    shape: S,
) -> Result<Tensor<S, f32, D>> {
    device.try_tensor_from_vec(values, shape).map_err(failed)
}

/// Adds to the gradient in a slot.
pub(super) fn accumulate(slot: &mut Slot, gradient: &[f32]) {
    const CHUNK: usize = 1 << 14;
    slot.par_chunks_mut(CHUNK)
        .zip(gradient.par_chunks(CHUNK))
        .for_each(|(to, from)| {
            for (to, from) in to.iter_mut().zip(from) {
                *to += from;
            }
        });
}
