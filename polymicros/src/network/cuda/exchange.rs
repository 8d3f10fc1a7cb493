//! Between dfdx's tensors and the memory that our kernels work on.
//!
//! dfdx hands out the memory of gradients, but not that of tensors. Gradients of parameters are
//! therefore worked on as they are; of tensors copies are taken, which public operations of dfdx
//! make without leaving the GPU: the derivative of `x^2` at `x`, times a half, is `x`. And a
//! gradient can be had as a tensor. Each number is read or written 9 times on the way in and 4
//! times on the way out.
//!
//! Between operations activations stay what kernels work on (`network/activation`), so that this is
//! paid for parameters, at both ends of the network and where the grid is halved, and nowhere else:
//! by the cost model for less than a fiftieth of the bytes of the paper's local model. To have the
//! memory of tensors for nothing would trust what dfdx promises to nobody: its address, from the
//! text that dfdx prints for debugging.
//!
//! What is asked of dfdx is written for any of its devices: the tests ask the processor's.

#[cfg(feature = "cuda")]
use super::gpu::{Gpu, Memory};
#[cfg(feature = "cuda")]
use super::sums;
use crate::Result;
use crate::network::tensor::failed;
use dfdx::prelude::*;

/// Memory of a gradient.
#[cfg(feature = "cuda")]
pub(in crate::network) type Slot = <Cuda as Storage<f32>>::Vec;

/// A copy of a tensor's numbers.
///
/// # Errors
/// When memory runs out.
#[cfg(feature = "cuda")]
pub(in crate::network) fn taken<S: Shape>(x: &Tensor<S, f32, Cuda>) -> Result<Memory> {
    let numbers = x.shape().num_elements();
    let halves = move |slot: &mut Slot| -> Result<(), CudaError> {
        let gpu = Gpu::of(&slot.device())?;
        Ok(sums::fill(&gpu, slot, numbers, 0.5)?)
    };
    let mut gradients = with_copy(x, halves).map_err(failed)?;
    let slot = gradients.get_or_alloc_mut(x).map_err(failed)?;
    take(slot).map_err(failed)
}

/// The tensor of the numbers in memory.
///
/// # Errors
/// When memory runs out.
#[cfg(feature = "cuda")]
pub(in crate::network) fn given<S: Shape>(
    device: &Cuda,
    memory: Memory,
    shape: S,
) -> Result<Tensor<S, f32, Cuda>> {
    of_slot(device, |slot| put(slot, memory), shape)
}

/// Takes the memory of a gradient out of its slot.
#[cfg(feature = "cuda")]
pub(in crate::network) fn take(slot: &mut Slot) -> Result<Memory, CudaError> {
    let empty = slot.device().null()?;
    Ok(std::mem::replace(&mut **slot, empty))
}

/// Puts the memory of a gradient back into its slot.
#[cfg(feature = "cuda")]
pub(in crate::network) fn put(slot: &mut Slot, memory: Memory) {
    **slot = memory;
}

/// Gradients of which that of `x` holds the numbers of `x`; `halves` fills a slot with a half.
fn with_copy<S: Shape, D: Device<f32>>(
    x: &Tensor<S, f32, D>,
    halves: impl FnOnce(&mut <D as Storage<f32>>::Vec) -> Result<(), D::Err> + 'static,
) -> Result<Gradients<f32, D>, D::Err> {
    let square = x.retaped::<OwnedTape<f32, D>>().try_square()?;
    let (square, mut tape) = square.split_tape();
    let by_square = square.ghost();
    drop(square);
    tape.add_backward_op(move |gradients| halves(gradients.get_or_alloc_mut(&by_square)?));
    let end: Tensor<(), f32, D> = x.device().try_zeros_like(&())?;
    end.put_tape(tape).try_backward()
}

/// The tensor of the numbers that `fill` puts into a slot of its size.
fn of_slot<S: Shape, D: Device<f32>>(
    device: &D,
    fill: impl FnOnce(&mut <D as Storage<f32>>::Vec),
    shape: S,
) -> Result<Tensor<S, f32, D>> {
    let like: Tensor<S, f32, D> = device.try_zeros_like(&shape).map_err(failed)?;
    let mut gradients = Gradients::leaky();
    fill(gradients.get_or_alloc_mut(&like).map_err(failed)?);
    Ok(gradients.get(&like))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::agreement::random;
    use crate::network::tensor::read;

    #[test]
    fn numbers_leave_tensors_and_enter_them_to_the_last_bit() {
        let device = Cpu::default();
        let shape = [2, 3, 1, 5, 4];
        let x = random(1, shape);
        let mut gradients = with_copy(&x, |slot: &mut <Cpu as Storage<f32>>::Vec| {
            slot.fill(0.5);
            Ok(())
        })
        .unwrap();
        let copy = std::mem::take(&mut **gradients.get_or_alloc_mut(&x).unwrap());
        assert_eq!(copy, read(&x));
        let y = of_slot(&device, |slot| **slot = copy, shape).unwrap();
        assert_eq!(read(&y), read(&x));
    }
}
