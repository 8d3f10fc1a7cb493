//! Convolutions on an NVIDIA GPU.

use super::card::{Card, Slots};
use super::{Convolution, ConvolutionKernel, check};
use crate::Result;
use crate::network::cost::SLAB;
use crate::network::cuda::exchange::{given, gpu, put, take, taken};
use crate::network::cuda::gpu::Memory;
use crate::network::tensor::{Filter, Vector, Volume};
use dfdx::prelude::{Cuda, HasShape, PutTape, SplitTape, Tape};

/// Numbers in a slab as large as the cost model has it.
const BOUND: usize = (SLAB / 4) as usize;

impl ConvolutionKernel for Cuda {
    fn convolution<T: Tape<f32, Self>>(
        x: Volume<Self, T>,
        skip: Option<Volume<Self>>,
        weight: Filter<Self, T>,
        bias: Vector<Self>,
        how: Convolution,
    ) -> Result<Volume<Self, T>> {
        let sizes = check(&x, skip.as_ref(), &weight, &bias, how)?;
        let (x, mut tape) = x.split_tape();
        let (weight, other) = weight.split_tape();
        tape = tape.merge(other);
        let device = x.device().clone();
        let gpu = gpu(&device)?;
        let edge = weight.shape()[2];
        let upsample = how.upsample;
        let scale = if upsample { 2 } else { 1 };
        let [nx, ny, nz] = sizes.grid.map(|n| n * scale);
        let shape = [sizes.batch, nx, ny, nz, sizes.outputs];
        let parts: Vec<Memory> = std::iter::once(&x)
            .chain(&skip)
            .map(taken)
            .collect::<Result<_>>()?;
        let weights = taken(&weight)?;
        let y = {
            let (biases, parts) = (taken(&bias)?, parts.iter().collect::<Vec<_>>());
            let card = Card {
                queue: &gpu,
                sizes: &sizes,
                edge,
                upsample,
                bound: BOUND,
            };
            given(&device, shape, |y| {
                card.forward(&parts, &weights, &biases, y)
            })?
        };
        let made = y.ghost();
        let inputs: Vec<_> = std::iter::once(&x)
            .chain(&skip)
            .map(|part| part.ghost())
            .collect();
        let weight = weight.ghost();
        tape.add_backward_op(move |grads| {
            let gradient = take(grads.get_or_alloc_mut(&made)?)?;
            let mut slots = Slots {
                parts: Vec::with_capacity(inputs.len()),
                weight: take(grads.get_or_alloc_mut(&weight)?)?,
                bias: take(grads.get_or_alloc_mut(&bias)?)?,
            };
            for part in &inputs {
                slots.parts.push(take(grads.get_or_alloc_mut(part)?)?);
            }
            let parts: Vec<&Memory> = parts.iter().collect();
            let card = Card {
                queue: &gpu,
                sizes: &sizes,
                edge,
                upsample,
                bound: BOUND,
            };
            card.backward(&parts, &weights, &gradient, &mut slots)?;
            put(grads.get_or_alloc_mut(&weight)?, slots.weight);
            put(grads.get_or_alloc_mut(&bias)?, slots.bias);
            for (part, slot) in inputs.iter().zip(slots.parts) {
                put(grads.get_or_alloc_mut(part)?, slot);
            }
            Ok(())
        });
        Ok(y.put_tape(tape))
    }
}
