//! Halving the grid: the eight voxels of a 2 x 2 x 2 block become channels of one, and a
//! 1 x 1 x 1 convolution mixes them. Together that is a convolution with stride two.

mod cpu;
mod reference;
#[cfg(test)]
mod tests;

use super::tensor::{Filter, Vector, Volume, add, read, take, tensor};
use crate::{Error, Result};
use dfdx::prelude::{Cpu, Device, HasShape, PutTape, SplitTape, Tape};

/// How large things are.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    batch: usize,
    /// Voxels of the output along x, y, z.
    grid: [usize; 3],
    inputs: usize,
    outputs: usize,
}

/// A device that halves a grid.
pub trait SpaceToDepthKernel: Device<f32> {
    /// The 2 x 2 x 2 blocks of `x` times `weight` (`output, 8 input, 1, 1, 1`; of its input
    /// channels, the channel varies slowest, then x, y, z in the block), plus `bias`.
    ///
    /// # Errors
    /// When shapes do not fit each other, an edge is odd, or memory runs out.
    fn space_to_depth<T: Tape<f32, Self>>(
        x: Volume<Self, T>,
        weight: Filter<Self>,
        bias: Vector<Self>,
    ) -> Result<Volume<Self, T>> {
        let sizes = check(&x, &weight, &bias)?;
        reference::space_to_depth(x, weight, bias, sizes)
    }
}

impl SpaceToDepthKernel for Cpu {
    fn space_to_depth<T: Tape<f32, Self>>(
        x: Volume<Self, T>,
        weight: Filter<Self>,
        bias: Vector<Self>,
    ) -> Result<Volume<Self, T>> {
        let sizes = check(&x, &weight, &bias)?;
        let (x, mut tape) = x.split_tape();
        let values = cpu::forward(&sizes, &read(&x), &read(&weight), &read(&bias));
        let [nx, ny, nz] = sizes.grid;
        let shape = [sizes.batch, nx, ny, nz, sizes.outputs];
        let y = tensor(x.device(), values, shape)?;
        let made = y.ghost();
        tape.add_backward_op(move |grads| {
            let gradient = take(grads.get_or_alloc_mut(&made)?);
            let found = cpu::backward(&sizes, &read(&x), &read(&weight), &gradient);
            add(grads.get_or_alloc_mut(&x)?, &found.input);
            add(grads.get_or_alloc_mut(&weight)?, &found.weight);
            add(grads.get_or_alloc_mut(&bias)?, &found.bias);
            Ok(())
        });
        Ok(y.put_tape(tape))
    }
}

fn check<D: Device<f32>, T: Tape<f32, D>>(
    x: &Volume<D, T>,
    weight: &Filter<D>,
    bias: &Vector<D>,
) -> Result<Sizes> {
    let [batch, nx, ny, nz, inputs] = *x.shape();
    let outputs = weight.shape()[0];
    if weight.shape() != &[outputs, 8 * inputs, 1, 1, 1] {
        return Err(Error::shape(
            "weights that halve the grid",
            [outputs, 8 * inputs, 1, 1, 1],
            weight.shape(),
        ));
    }
    if bias.shape() != &(outputs,) {
        return Err(Error::shape(
            "bias that halves the grid",
            [outputs],
            bias.shape(),
        ));
    }
    if [nx, ny, nz].iter().any(|&n| n == 0 || n % 2 != 0) {
        return Err(Error::value(
            "grid to be halved",
            format!("[{nx}, {ny}, {nz}] is not even along each axis"),
        ));
    }
    Ok(Sizes {
        batch,
        grid: [nx / 2, ny / 2, nz / 2],
        inputs,
        outputs,
    })
}
