//! Between dfdx's tensors and the memory that our kernels work on.
//!
//! dfdx hands out the memory of gradients, but not that of tensors. Gradients of parameters are
//! therefore worked on as they are; of tensors copies are taken, which public operations of dfdx
//! make without leaving the card: the derivative of `x^2` at `x`, times a half, is `x`. And a
//! gradient can be had as a tensor. Each number is read or written 9 times on the way in and 4
//! times on the way out.
//!
//! Between operations activations stay what kernels work on (`network/activation`), so that this is
//! paid for parameters, at both ends of the network and where the grid is halved, and nowhere else:
//! by the cost model for less than a fiftieth of the bytes of the paper's local model. To have the memory of tensors for nothing would
//! trust what dfdx promises to nobody: its address, from the text that dfdx prints for debugging.

use super::gpu::{Gpu, Memory};
use super::sums;
use crate::Result;
use crate::network::tensor::failed;
use dfdx::prelude::*;

/// Memory of a gradient.
pub(in crate::network) type Slot = <Cuda as Storage<f32>>::Vec;

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

/// The tensor of the numbers in memory.
///
/// # Errors
/// When memory runs out.
pub(in crate::network) fn given<S: Shape>(
    device: &Cuda,
    memory: Memory,
    shape: S,
) -> Result<Tensor<S, f32, Cuda>> {
    let like: Tensor<S, f32, Cuda> = device.try_zeros_like(&shape).map_err(failed)?;
    let mut gradients = Gradients::leaky();
    put(gradients.get_or_alloc_mut(&like).map_err(failed)?, memory);
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
