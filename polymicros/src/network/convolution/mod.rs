//! 3 x 3 x 3 and 1 x 1 x 1 convolutions, over one input or over two beside each other (the
//! concatenation itself is never made), and after nearest upsampling by two.

#[cfg(any(test, feature = "cuda"))]
mod cuda;
mod direct;
mod padding;
mod planes;
mod point;
mod reference;
mod stencil;
#[cfg(test)]
mod tests;
mod upsampled;
mod weights;
mod winograd;

#[cfg(test)]
pub(super) use cuda::SOURCE;
pub use padding::Padding;

use super::Arithmetic;
use super::activation::{Activation, Activations, give, take};
use super::tensor::{Vector, accumulate, read};
use crate::buffer::Buffer;
use crate::{Error, Result};
use dfdx::prelude::{Cpu, HasShape, Tape};
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
    arithmetic: Arithmetic,
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
    /// How its products are computed.
    pub arithmetic: Arithmetic,
}

/// A device that convolves.
pub trait ConvolutionKernel: Activations {
    /// `x`, with the channels of `skip` after its own where there is one, convolved with `weight`
    /// (edge 1 or 3), plus `bias`.
    ///
    /// # Errors
    /// When shapes do not fit each other, or memory runs out.
    fn convolution<T: Tape<f32, Self>>(
        x: Activation<Self, T>,
        skip: Option<Activation<Self>>,
        weight: Activation<Self, T>,
        bias: Vector<Self>,
        how: Convolution,
    ) -> Result<Activation<Self, T>> {
        let shapes = [weight.shape(), x.shape()];
        check(shapes, skip.as_ref().map(Activation::shape), &bias, how)?;
        let skip = skip.map(Activation::leave).transpose()?;
        let y = reference::convolution(x.leave()?, skip, weight.leave()?, bias, how)?;
        Activation::enter(y)
    }
}

impl ConvolutionKernel for Cpu {
    fn convolution<T: Tape<f32, Self>>(
        x: Activation<Self, T>,
        skip: Option<Activation<Self>>,
        weight: Activation<Self, T>,
        bias: Vector<Self>,
        how: Convolution,
    ) -> Result<Activation<Self, T>> {
        let shapes = [weight.shape(), x.shape()];
        let sizes = check(shapes, skip.as_ref().map(Activation::shape), &bias, how)?;
        let way = Way::new(shapes[0][2], how.upsample, how.arithmetic);
        let (x, tape) = x.split();
        let (weight, weight_tape) = weight.split();
        let mut tape = tape.merge(weight_tape);
        let [nx, ny, nz] = sizes.grid.map(|n| n * if how.upsample { 2 } else { 1 });
        let inputs: Vec<_> = std::iter::once(x)
            .chain(skip.map(|skip| skip.split().0))
            .collect();
        let values = {
            let parts: Vec<&[f32]> = inputs.iter().map(|part| &**part).collect();
            way.forward(&sizes, &parts, &weight, &read(&bias))
        };
        let y = inputs[0].with(values, [sizes.batch, nx, ny, nz, sizes.outputs])?;
        let made = y.node();
        tape.add_backward_op(move |of| {
            let gradient = take(of, &made)?;
            let parts: Vec<&[f32]> = inputs.iter().map(|part| &**part).collect();
            let found = way.backward(&sizes, &parts, &weight, &gradient);
            for (part, gradient) in inputs.iter().zip(found.parts) {
                give(of, &part.node(), gradient)?;
            }
            give(of, &weight.node(), found.weight)?;
            accumulate(of.get_or_alloc_mut(&bias)?, &found.bias);
            Ok(())
        });
        Ok(Activation { values: y, tape })
    }
}

/// How the CPU does it.
enum Way {
    Point,
    Minimal,
    /// In bf16: minimal filtering would lose too much.
    Direct,
    Upsampled(Stencil),
}

impl Way {
    /// That of a kernel of this edge.
    fn new(edge: usize, upsample: bool, arithmetic: Arithmetic) -> Self {
        match (edge, upsample, arithmetic) {
            (1, _, _) => Way::Point,
            (_, false, Arithmetic::F32) => Way::Minimal,
            (_, false, Arithmetic::Bf16) => Way::Direct,
            (_, true, _) => Way::Upsampled(Stencil::upsampled_cube()),
        }
    }

    fn forward(&self, sizes: &Sizes, parts: &[&[f32]], weight: &[f32], bias: &[f32]) -> Buffer {
        match self {
            Way::Point => point::forward(sizes, parts, weight, bias),
            Way::Minimal => winograd::forward(sizes, parts, weight, bias),
            Way::Direct => direct::forward(sizes, parts, weight, bias),
            Way::Upsampled(stencil) => upsampled::forward(sizes, stencil, parts, weight, bias),
        }
    }

    fn backward(&self, sizes: &Sizes, parts: &[&[f32]], weight: &[f32], by: &[f32]) -> Gradients {
        match self {
            Way::Point => point::backward(sizes, parts, weight, by),
            Way::Minimal => winograd::backward(sizes, parts, weight, by),
            Way::Direct => direct::backward(sizes, parts, weight, by),
            Way::Upsampled(stencil) => upsampled::backward(sizes, stencil, parts, weight, by),
        }
    }
}

/// What the backward pass finds.
struct Gradients {
    /// With respect to each part of the input.
    parts: Vec<Buffer>,
    weight: Buffer,
    bias: Buffer,
}

fn check<V: HasShape<Shape = (usize,)>>(
    [weight, x]: [[usize; 5]; 2],
    skip: Option<[usize; 5]>,
    bias: &V,
    how: Convolution,
) -> Result<Sizes> {
    let [batch, nx, ny, nz, channels] = x;
    let [outputs, inputs, kx, ky, kz] = weight;
    let mut parts = vec![channels];
    if let Some(skip) = skip {
        if skip[..4] != x[..4] {
            return Err(Error::shape("second input of a convolution", x, skip));
        }
        parts.push(skip[4]);
    }
    let sizes = Sizes {
        batch,
        grid: [nx, ny, nz],
        parts,
        outputs,
        padding: how.padding,
        arithmetic: how.arithmetic,
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
            x,
        ));
    }
    Ok(sizes)
}
