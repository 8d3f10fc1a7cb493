//! Linear attention over all voxels (appendix C: 4 heads of 32 features).
//!
//! For each voxel three vectors `q`, `k`, `v` are linear in its channels. With `q` softmaxed over
//! the features of a head and `k` over the voxels, the result is
//! `out · sum over features d of q[d] (sum over voxels of k[d] v) + bias`, at a cost linear in the
//! number of voxels.

mod blocks;
mod cpu;
mod reference;
#[cfg(test)]
mod tests;

use super::tensor::{Filter, Vector, Volume, add, read, take, tensor};
use crate::{Error, Result};
use dfdx::prelude::{Cpu, Device, HasShape, PutTape, SplitTape, Tape};

/// Heads of the attention.
pub(super) const HEADS: usize = 4;
/// Features of a head.
pub(super) const FEATURES: usize = 32;
/// Features of all heads.
pub(super) const HIDDEN: usize = HEADS * FEATURES;

/// How large things are.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    voxels: usize,
    channels: usize,
}

/// Weights of an attention.
#[derive(Debug, Clone)]
pub struct AttentionWeights<V, B> {
    /// Of `q`, `k` and `v`, in shape `384, channels, 1, 1, 1`: of the rows, `q`, `k`, `v` vary
    /// slowest, then heads, then features.
    pub qkv: V,
    /// Of the result, in shape `channels, 128, 1, 1, 1`.
    pub out: V,
    /// Added to the result.
    pub bias: B,
}

/// A device that attends.
pub trait AttentionKernel: Device<f32> {
    /// Linear attention of each member of the batch over its voxels.
    ///
    /// # Errors
    /// When shapes do not fit each other, or memory runs out.
    fn linear_attention<T: Tape<f32, Self>>(
        x: Volume<Self, T>,
        weights: AttentionWeights<Filter<Self>, Vector<Self>>,
    ) -> Result<Volume<Self, T>> {
        check(&x, &weights)?;
        reference::linear_attention(x, weights)
    }
}

impl AttentionKernel for Cpu {
    fn linear_attention<T: Tape<f32, Self>>(
        x: Volume<Self, T>,
        weights: AttentionWeights<Filter<Self>, Vector<Self>>,
    ) -> Result<Volume<Self, T>> {
        let sizes = check(&x, &weights)?;
        let (x, mut tape) = x.split_tape();
        let parameters = cpu::Parameters {
            qkv: read(&weights.qkv),
            out: read(&weights.out),
            bias: read(&weights.bias),
        };
        let (values, contexts) = cpu::forward(&sizes, &read(&x), &parameters);
        let y = tensor(x.device(), values, *x.shape())?;
        let made = y.ghost();
        tape.add_backward_op(move |grads| {
            let gradient = take(grads.get_or_alloc_mut(&made)?);
            let found = cpu::backward(&sizes, &read(&x), &parameters, &contexts, &gradient);
            add(grads.get_or_alloc_mut(&x)?, &found.input);
            add(grads.get_or_alloc_mut(&weights.qkv)?, &found.qkv);
            add(grads.get_or_alloc_mut(&weights.out)?, &found.out);
            add(grads.get_or_alloc_mut(&weights.bias)?, &found.bias);
            Ok(())
        });
        Ok(y.put_tape(tape))
    }
}

fn check<D: Device<f32>, T: Tape<f32, D>>(
    x: &Volume<D, T>,
    weights: &AttentionWeights<Filter<D>, Vector<D>>,
) -> Result<Sizes> {
    let [batch, nx, ny, nz, channels] = *x.shape();
    if batch * nx * ny * nz * channels == 0 {
        return Err(Error::shape(
            "input of an attention",
            "not empty",
            x.shape(),
        ));
    }
    let expected = [3 * HIDDEN, channels, 1, 1, 1];
    if weights.qkv.shape() != &expected {
        let found = weights.qkv.shape();
        return Err(Error::shape(
            "attention weights of q, k, v",
            expected,
            found,
        ));
    }
    let expected = [channels, HIDDEN, 1, 1, 1];
    if weights.out.shape() != &expected {
        let found = weights.out.shape();
        return Err(Error::shape(
            "attention weights of the result",
            expected,
            found,
        ));
    }
    if weights.bias.shape() != &(channels,) {
        let found = weights.bias.shape();
        return Err(Error::shape("attention bias", [channels], found));
    }
    Ok(Sizes {
        voxels: nx * ny * nz,
        channels,
    })
}
