//! Convolutions on dfdx's tape, on an NVIDIA GPU.

use super::{Queued, Slots};
use crate::Result;
use crate::network::activation::{Activation, CudaValues};
use crate::network::convolution::{Convolution, ConvolutionKernel, Sizes, check};
use crate::network::cost::SLAB;
use crate::network::cuda::exchange::{put, take, taken};
use crate::network::cuda::gpu::{Gpu, Memory};
use crate::network::cuda::queue::Queue;
use crate::network::tensor::{Vector, failed};
use dfdx::prelude::{Cuda, Tape};

/// Numbers in a slab as large as the cost model has it.
const BOUND: usize = (SLAB / 4) as usize;

/// What both passes read.
struct Kept {
    gpu: Gpu,
    sizes: Sizes,
    edge: usize,
    upsample: bool,
    inputs: Vec<CudaValues>,
    weight: CudaValues,
}

impl Kept {
    fn queued(&self) -> Queued<'_, Gpu> {
        Queued {
            queue: &self.gpu,
            sizes: &self.sizes,
            edge: self.edge,
            upsample: self.upsample,
            bound: BOUND,
        }
    }

    fn parts(&self) -> Vec<&Memory> {
        self.inputs.iter().map(|part| &**part).collect()
    }
}

impl ConvolutionKernel for Cuda {
    fn convolution<T: Tape<f32, Self>>(
        x: Activation<Self, T>,
        skip: Option<Activation<Self>>,
        weight: Activation<Self, T>,
        bias: Vector<Self>,
        how: Convolution,
    ) -> Result<Activation<Self, T>> {
        let shapes = [weight.shape(), x.shape()];
        let sizes = check(shapes, skip.as_ref().map(Activation::shape), &bias, how)?;
        let (x, tape) = x.split();
        let (weight, weight_tape) = weight.split();
        let mut tape = tape.merge(weight_tape);
        let kept = Kept {
            gpu: x.gpu()?,
            sizes,
            edge: shapes[0][2],
            upsample: how.upsample,
            inputs: std::iter::once(x)
                .chain(skip.map(|skip| skip.split().0))
                .collect(),
            weight,
        };
        let [nx, ny, nz] = kept.queued().fine();
        let shape = [kept.sizes.batch, nx, ny, nz, kept.sizes.outputs];
        let biases = taken(&bias)?;
        let mut y = kept.gpu.zeros(shape.iter().product()).map_err(failed)?;
        kept.queued()
            .forward(&kept.parts(), &kept.weight, &biases, &mut y)
            .map_err(failed)?;
        let values = kept.weight.with(y, shape)?;
        let made = values.node();
        tape.add_backward_op(move |of| {
            let gradient = made.take(of)?;
            let (inputs, weight) = (kept.inputs.iter(), kept.weight.node());
            let mut slots = Slots {
                parts: Vec::with_capacity(kept.inputs.len()),
                weight: weight.take(of)?,
                bias: take(of.get_or_alloc_mut(&bias)?)?,
            };
            for part in inputs.clone() {
                slots.parts.push(part.node().take(of)?);
            }
            let queued = kept.queued();
            queued.backward(&kept.parts(), &kept.weight, &gradient, &mut slots)?;
            for (part, slot) in inputs.zip(slots.parts) {
                part.node().give(of, slot)?;
            }
            weight.give(of, slots.weight)?;
            put(of.get_or_alloc_mut(&bias)?, slots.bias);
            Ok(())
        });
        Ok(Activation { values, tape })
    }
}
