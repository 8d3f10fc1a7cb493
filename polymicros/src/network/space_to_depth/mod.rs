//! Halving the grid: the eight voxels of a 2 x 2 x 2 block become channels of one, and a
//! 1 x 1 x 1 convolution mixes them. Together that is a convolution with stride two.

mod cpu;
mod reference;
#[cfg(test)]
mod tests;

use super::Arithmetic;
use super::activation::{Activation, Activations, give, take};
use super::tensor::{Filter, Vector, accumulate, read};
use crate::{Error, Result};
use dfdx::prelude::{Cpu, Device, HasShape, Tape};

/// How large things are.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    batch: usize,
    /// Voxels of the output along x, y, z.
    grid: [usize; 3],
    inputs: usize,
    outputs: usize,
    arithmetic: Arithmetic,
}

/// A device that halves a grid.
pub trait SpaceToDepthKernel: Activations {
    /// The 2 x 2 x 2 blocks of `x` times `weight` (`output, 8 input, 1, 1, 1`; of its input
    /// channels, the channel varies slowest, then x, y, z in the block), plus `bias`.
    ///
    /// # Errors
    /// When shapes do not fit each other, an edge is odd, or memory runs out.
    fn space_to_depth<T: Tape<f32, Self>>(
        x: Activation<Self, T>,
        weight: Filter<Self>,
        bias: Vector<Self>,
        arithmetic: Arithmetic,
    ) -> Result<Activation<Self, T>> {
        let sizes = check(x.shape(), &weight, &bias, arithmetic)?;
        Activation::enter(reference::space_to_depth(x.leave()?, weight, bias, sizes)?)
    }
}

impl SpaceToDepthKernel for Cpu {
    fn space_to_depth<T: Tape<f32, Self>>(
        x: Activation<Self, T>,
        weight: Filter<Self>,
        bias: Vector<Self>,
        arithmetic: Arithmetic,
    ) -> Result<Activation<Self, T>> {
        let sizes = check(x.shape(), &weight, &bias, arithmetic)?;
        let (x, mut tape) = x.split();
        let values = cpu::forward(&sizes, &x, &read(&weight), &read(&bias));
        let [nx, ny, nz] = sizes.grid;
        let values = x.with(values, [sizes.batch, nx, ny, nz, sizes.outputs])?;
        let made = values.node();
        tape.add_backward_op(move |of| {
            let gradient = take(of, &made)?;
            let found = cpu::backward(&sizes, &x, &read(&weight), &gradient);
            give(of, &x.node(), found.input)?;
            accumulate(of.get_or_alloc_mut(&weight)?, &found.weight);
            accumulate(of.get_or_alloc_mut(&bias)?, &found.bias);
            Ok(())
        });
        Ok(Activation { values, tape })
    }
}

fn check<D: Device<f32>>(
    [batch, nx, ny, nz, inputs]: [usize; 5],
    weight: &Filter<D>,
    bias: &Vector<D>,
    arithmetic: Arithmetic,
) -> Result<Sizes> {
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
        arithmetic,
    })
}
