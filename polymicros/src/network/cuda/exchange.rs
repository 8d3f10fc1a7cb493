//! Between dfdx's tensors and the memory that our kernels work on.
//!
//! dfdx hands out the memory of gradients, but not that of tensors. Backward passes therefore work
//! on gradients as they are, and forward passes on copies, which public operations of dfdx make
//! without leaving the card: the derivative of `x^2` at `x`, times a half, is `x`; and a gradient
//! can be had as a tensor. Each number is read or written 9 times on the way in and 4 times on the
//! way out: by the cost model a sixth of all bytes of a training step of the paper's local model, a
//! third of those of an evaluation.
//!
//! That is paid because the operations of dfdx that our kernels stand in for keep too much: a
//! convolution of 27 shifted products keeps 27 copies of its input. Both ways to have the memory for
//! nothing would trust what dfdx promises to nobody: its address, from the text that dfdx prints for
//! debugging; or modules of dfdx's replaced by ours. What would make it cheaper is larger
//! operations, such as a residual block whole, whose inner values need not be tensors.

use super::gpu::{Gpu, Memory};
use super::sums;
use crate::Result;
use crate::network::tensor::failed;
use dfdx::prelude::*;

/// Memory of a gradient.
type Slot = <Cuda as Storage<f32>>::Vec;

/// The GPU of a device.
///
/// # Errors
/// When memory runs out.
pub(in crate::network) fn gpu(device: &Cuda) -> Result<Gpu> {
    let small: Tensor<(), f32, Cuda> = device.try_zeros_like(&()).map_err(failed)?;
    let mut gradients = Gradients::leaky();
    gradients
        .get_or_alloc_mut(&small)
        .and_then(|slot| Gpu::of(&slot.device()))
        .map_err(failed)
}

/// A copy of a tensor's numbers.
///
/// # Errors
/// When memory runs out.
pub(in crate::network) fn taken<S: Shape>(x: &Tensor<S, f32, Cuda>) -> Result<Memory> {
    let numbers = x.shape().num_elements();
    let copy = || {
        let square = x.retaped::<OwnedTape<f32, Cuda>>().try_square()?;
        let (square, mut tape) = square.split_tape();
        let by_square = square.ghost();
        drop(square);
        tape.add_backward_op(move |gradients| {
            let slot = gradients.get_or_alloc_mut(&by_square)?;
            let gpu = Gpu::of(&slot.device())?;
            sums::fill(&gpu, slot, numbers, 0.5)
        });
        let end: Tensor<(), f32, Cuda> = x.device().try_zeros_like(&())?;
        let mut gradients = end.put_tape(tape).try_backward()?;
        take(gradients.get_or_alloc_mut(x)?)
    };
    copy().map_err(failed)
}

/// A tensor of the numbers that `write` writes into memory of its size.
///
/// # Errors
/// When `write` fails, or memory runs out.
pub(in crate::network) fn given<S: Shape>(
    device: &Cuda,
    shape: S,
    write: impl FnOnce(&mut Memory) -> Result<(), CudaError>,
) -> Result<Tensor<S, f32, Cuda>> {
    let like: Tensor<S, f32, Cuda> = device.try_zeros_like(&shape).map_err(failed)?;
    let mut gradients = Gradients::leaky();
    gradients
        .get_or_alloc_mut(&like)
        .and_then(|slot| write(slot))
        .map_err(failed)?;
    Ok(gradients.get(&like))
}

/// Takes the memory of a gradient out of its slot.
pub(in crate::network) fn take(slot: &mut Slot) -> Result<Memory, CudaError> {
    let empty = slot.device().null()?;
    Ok(std::mem::replace(&mut **slot, empty))
}

/// Puts the memory of a gradient back into its slot.
pub(in crate::network) fn put(slot: &mut Slot, memory: Memory) {
    **slot = memory;
}
