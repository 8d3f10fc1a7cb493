//! Linear attention on an NVIDIA GPU.

use super::card::{Card, Inputs, Slots};
use super::{AttentionKernel, AttentionWeights, check};
use crate::Result;
use crate::network::cuda::exchange::{given, gpu, put, take, taken};
use crate::network::tensor::{Filter, Vector, Volume};
use dfdx::prelude::{Cuda, HasShape, PutTape, SplitTape, Tape};

/// Voxels of a slab: enough to keep a card busy with each of its products.
const SLAB: usize = 1 << 18;

impl AttentionKernel for Cuda {
    fn linear_attention<T: Tape<f32, Self>>(
        x: Volume<Self, T>,
        weights: AttentionWeights<Filter<Self>, Vector<Self>>,
    ) -> Result<Volume<Self, T>> {
        let sizes = check(&x, &weights)?;
        let (x, mut tape) = x.split_tape();
        let batch = x.shape()[0];
        let gpu = gpu(x.device())?;
        let values = taken(&x)?;
        let [qkv, out] = [taken(&weights.qkv)?, taken(&weights.out)?];
        let bias = taken(&weights.bias)?;
        let mut contexts = Vec::new();
        let y = {
            let at = Inputs {
                x: &values,
                qkv: &qkv,
                out: &out,
                bias: &bias,
            };
            let card = Card {
                queue: &gpu,
                sizes: &sizes,
                batch,
                slab: SLAB,
            };
            given(x.device(), *x.shape(), |y| {
                contexts = card.forward(&at, y)?;
                Ok(())
            })?
        };
        let made = y.ghost();
        let x = x.ghost();
        tape.add_backward_op(move |grads| {
            let gradient = take(grads.get_or_alloc_mut(&made)?)?;
            let mut slots = Slots {
                x: take(grads.get_or_alloc_mut(&x)?)?,
                qkv: take(grads.get_or_alloc_mut(&weights.qkv)?)?,
                out: take(grads.get_or_alloc_mut(&weights.out)?)?,
                bias: take(grads.get_or_alloc_mut(&weights.bias)?)?,
            };
            let at = Inputs {
                x: &values,
                qkv: &qkv,
                out: &out,
                bias: &bias,
            };
            let card = Card {
                queue: &gpu,
                sizes: &sizes,
                batch,
                slab: SLAB,
            };
            card.backward(&at, &contexts, &gradient, &mut slots)?;
            put(grads.get_or_alloc_mut(&x)?, slots.x);
            put(grads.get_or_alloc_mut(&weights.qkv)?, slots.qkv);
            put(grads.get_or_alloc_mut(&weights.out)?, slots.out);
            put(grads.get_or_alloc_mut(&weights.bias)?, slots.bias);
            Ok(())
        });
        Ok(y.put_tape(tape))
    }
}
