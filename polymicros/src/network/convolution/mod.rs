//! 3 x 3 x 3 and 1 x 1 x 1 convolutions, over one input or over two beside each other (the
//! concatenation itself is never made), and after nearest upsampling by two.

mod cpu;
mod padding;
mod point;
mod reference;
mod stencil;
#[cfg(test)]
mod tests;
mod weights;

pub use padding::Padding;

use super::tensor::{Filter, Vector, Volume, add, read, take, tensor};
use crate::{Error, Result};
use dfdx::prelude::{Cpu, Device, HasShape, PutTape, SplitTape, Tape, Tensor};
use stencil::Stencil;

/// How large things are.
#[derive(Debug, Clone)]
struct Sizes {
    batch: usize,
    /// Voxels of the input along x, y, z.
    grid: [usize; 3],
    /// Channels of each part of the input.
    parts: Vec<usize>,
    /// Channels of the output.
    outputs: usize,
    padding: Padding,
}

impl Sizes {
    /// Channels of the input, all parts together.
    fn inputs(&self) -> usize {
        self.parts.iter().sum()
    }

    fn voxels(&self) -> usize {
        self.batch * self.grid.iter().product::<usize>()
    }
}

/// What a convolution is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    /// What it sees beyond the edge.
    pub padding: Padding,
    /// Whether its input is first made twice as fine, each voxel repeated.
    pub upsample: bool,
}

/// A device that convolves.
pub trait ConvolutionKernel: Device<f32> {
    /// `x`, with the channels of `skip` after its own where there is one, convolved with `weight`
    /// (edge 1 or 3), plus `bias`.
    ///
    /// # Errors
    /// When shapes do not fit each other, or memory runs out.
    fn convolution<T: Tape<f32, Self>>(
        x: Volume<Self, T>,
        skip: Option<Volume<Self>>,
        weight: Filter<Self, T>,
        bias: Vector<Self>,
        how: Convolution,
    ) -> Result<Volume<Self, T>> {
        check(&x, skip.as_ref(), &weight, &bias, how)?;
        reference::convolution(x, skip, weight, bias, how)
    }
}

impl ConvolutionKernel for Cpu {
    fn convolution<T: Tape<f32, Self>>(
        x: Volume<Self, T>,
        skip: Option<Volume<Self>>,
        weight: Filter<Self, T>,
        bias: Vector<Self>,
        how: Convolution,
    ) -> Result<Volume<Self, T>> {
        let sizes = check(&x, skip.as_ref(), &weight, &bias, how)?;
        let kernel = match (weight.shape()[2], how.upsample) {
            (1, _) => None,
            (_, false) => Some(Stencil::cube()),
            (_, true) => Some(Stencil::upsampled_cube()),
        };
        let (x, mut tape) = x.split_tape();
        let (weight, weight_tape) = weight.split_tape();
        tape = tape.merge(weight_tape);
        let device = x.device().clone();
        let scale = kernel.as_ref().map_or(1, |stencil| stencil.scale);
        let [nx, ny, nz] = sizes.grid.map(|n| n * scale);
        let values = {
            let parts: Vec<Vec<f32>> = std::iter::once(&x).chain(&skip).map(read).collect();
            let parts: Vec<&[f32]> = parts.iter().map(Vec::as_slice).collect();
            let (weight, bias) = (read(&weight), read(&bias));
            match &kernel {
                None => point::forward(&sizes, &parts, &weight, &bias),
                Some(stencil) => cpu::forward(&sizes, stencil, &parts, &weight, &bias),
            }
        };
        let y = tensor(&device, values, [sizes.batch, nx, ny, nz, sizes.outputs])?;
        let made = y.ghost();
        tape.add_backward_op(move |grads| {
            let gradient = take(grads.get_or_alloc_mut(&made)?);
            let parts: Vec<Vec<f32>> = std::iter::once(&x).chain(&skip).map(read).collect();
            let parts: Vec<&[f32]> = parts.iter().map(Vec::as_slice).collect();
            let values = read(&weight);
            let found = match &kernel {
                None => point::backward(&sizes, &parts, &values, &gradient),
                Some(stencil) => cpu::backward(&sizes, stencil, &parts, &values, &gradient),
            };
            for (part, gradient) in std::iter::once(&x).chain(&skip).zip(&found.parts) {
                add(grads.get_or_alloc_mut(part)?, gradient);
            }
            add(grads.get_or_alloc_mut(&weight)?, &found.weight);
            add(grads.get_or_alloc_mut(&bias)?, &found.bias);
            Ok(())
        });
        Ok(y.put_tape(tape))
    }
}

/// What the backward pass finds.
struct Gradients {
    /// With respect to each part of the input.
    parts: Vec<Vec<f32>>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

fn check<D: Device<f32>, T: Tape<f32, D>>(
    x: &Volume<D, T>,
    skip: Option<&Volume<D>>,
    weight: &Tensor<[usize; 5], f32, D, T>,
    bias: &Vector<D>,
    how: Convolution,
) -> Result<Sizes> {
    let [batch, nx, ny, nz, channels] = *x.shape();
    let [outputs, inputs, kx, ky, kz] = *weight.shape();
    let mut parts = vec![channels];
    if let Some(skip) = skip {
        let [b, sx, sy, sz, channels] = *skip.shape();
        if [b, sx, sy, sz] != [batch, nx, ny, nz] {
            return Err(Error::shape(
                "second input of a convolution",
                x.shape(),
                skip.shape(),
            ));
        }
        parts.push(channels);
    }
    let sizes = Sizes {
        batch,
        grid: [nx, ny, nz],
        parts,
        outputs,
        padding: how.padding,
    };
    if [kx, ky, kz] != [3; 3] && ([kx, ky, kz] != [1; 3] || how.upsample) {
        return Err(Error::shape(
            "kernel of a convolution",
            "3 x 3 x 3, or 1 x 1 x 1 without upsampling",
            [kx, ky, kz],
        ));
    }
    if inputs != sizes.inputs() {
        return Err(Error::shape(
            "input channels of a convolution",
            inputs,
            sizes.inputs(),
        ));
    }
    if bias.shape() != &(outputs,) {
        return Err(Error::shape(
            "bias of a convolution",
            [outputs],
            bias.shape(),
        ));
    }
    if sizes.voxels() == 0 || inputs == 0 || outputs == 0 {
        return Err(Error::shape(
            "input of a convolution",
            "at least one voxel and channel",
            x.shape(),
        ));
    }
    Ok(sizes)
}
