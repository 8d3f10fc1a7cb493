//! Linear attention on dfdx's tape, on an NVIDIA GPU.

use super::{Inputs, Queued, Slots};
use crate::Result;
use crate::network::Arithmetic;
use crate::network::activation::{Activation, CudaValues};
use crate::network::attention::{AttentionKernel, AttentionWeights, Sizes, check};
use crate::network::cuda::exchange::{put, take, taken};
use crate::network::cuda::gpu::{Gpu, Memory};
use crate::network::cuda::queue::Queue;
use crate::network::tensor::{Filter, Vector, failed};
use cudarc::driver::DeviceSlice;
use dfdx::prelude::{Cuda, Tape};

/// Voxels of a slab: enough to keep a GPU busy with each of its products.
const SLAB: usize = 1 << 18;

/// What both passes read.
struct Kept {
    gpu: Gpu,
    sizes: Sizes,
    x: CudaValues,
    qkv: Memory,
    out: Memory,
    bias: Memory,
}

impl Kept {
    fn queued(&self) -> Queued<'_, Gpu> {
        Queued {
            queue: &self.gpu,
            sizes: &self.sizes,
            slab: SLAB,
        }
    }

    fn inputs(&self) -> Inputs<'_, Memory> {
        Inputs {
            x: &self.x,
            qkv: &self.qkv,
            out: &self.out,
            bias: &self.bias,
        }
    }
}

impl AttentionKernel for Cuda {
    fn linear_attention<T: Tape<f32, Self>>(
        x: Activation<Self, T>,
        weights: AttentionWeights<Filter<Self>, Vector<Self>>,
        arithmetic: Arithmetic,
    ) -> Result<Activation<Self, T>> {
        let shape = x.shape();
        let sizes = check(shape, &weights, arithmetic)?;
        let (x, mut tape) = x.split();
        let kept = Kept {
            gpu: x.gpu()?,
            sizes,
            x,
            qkv: taken(&weights.qkv)?,
            out: taken(&weights.out)?,
            bias: taken(&weights.bias)?,
        };
        let mut y = kept.gpu.zeros(kept.x.len()).map_err(failed)?;
        let contexts = kept.queued().forward(&kept.inputs(), &mut y);
        let contexts = contexts.map_err(failed)?;
        let values = kept.x.with(y, shape)?;
        let made = values.node();
        tape.add_backward_op(move |of| {
            let x = kept.x.node();
            let gradient = made.take(of)?;
            let mut slots = Slots {
                x: x.take(of)?,
                qkv: take(of.get_or_alloc_mut(&weights.qkv)?)?,
                out: take(of.get_or_alloc_mut(&weights.out)?)?,
                bias: take(of.get_or_alloc_mut(&weights.bias)?)?,
            };
            let queued = kept.queued();
            queued.backward(&kept.inputs(), &contexts, &gradient, &mut slots)?;
            x.give(of, slots.x)?;
            put(of.get_or_alloc_mut(&weights.qkv)?, slots.qkv);
            put(of.get_or_alloc_mut(&weights.out)?, slots.out);
            put(of.get_or_alloc_mut(&weights.bias)?, slots.bias);
            Ok(())
        });
        Ok(Activation { values, tape })
    }
}
