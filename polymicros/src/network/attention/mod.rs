//! Linear attention over all voxels (appendix C: 4 heads of 32 features).
//!
//! For each voxel three vectors `q`, `k`, `v` are linear in its channels. With `q` softmaxed over
//! the features of a head and `k` over the voxels, the result is
//! `out · sum over features d of q[d] (sum over voxels of k[d] v) + bias`, at a cost linear in the
//! number of voxels.

mod blocks;
mod cpu;
#[cfg(any(test, feature = "cuda"))]
mod cuda;
mod heads;
mod reference;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use cuda::SOURCE;

use super::Arithmetic;
use super::activation::{Activation, Activations, give, take};
use super::tensor::{Filter, Vector, accumulate, read};
use crate::{Error, Result};
use dfdx::prelude::{Cpu, Device, HasShape, Tape};

/// Heads of the attention.
pub(super) const HEADS: usize = 4;
/// Features of a head.
pub(super) const FEATURES: usize = 32;
/// Features of all heads.
pub(super) const HIDDEN: usize = HEADS * FEATURES;

/// How large things are.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    batch: usize,
    /// Of a member of the batch.
    voxels: usize,
    channels: usize,
    arithmetic: Arithmetic,
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
pub trait AttentionKernel: Activations {
    /// Linear attention of each member of the batch over its voxels.
    ///
    /// # Errors
    /// When shapes do not fit each other, or memory runs out.
    fn linear_attention<T: Tape<f32, Self>>(
        x: Activation<Self, T>,
        weights: AttentionWeights<Filter<Self>, Vector<Self>>,
        arithmetic: Arithmetic,
    ) -> Result<Activation<Self, T>> {
        check(x.shape(), &weights, arithmetic)?;
        Activation::enter(reference::linear_attention(x.leave()?, weights)?)
    }
}

impl AttentionKernel for Cpu {
    fn linear_attention<T: Tape<f32, Self>>(
        x: Activation<Self, T>,
        weights: AttentionWeights<Filter<Self>, Vector<Self>>,
        arithmetic: Arithmetic,
    ) -> Result<Activation<Self, T>> {
        let sizes = check(x.shape(), &weights, arithmetic)?;
        let shape = x.shape();
        let (x, mut tape) = x.split();
        let parameters = cpu::Parameters {
            qkv: read(&weights.qkv),
            out: read(&weights.out),
            bias: read(&weights.bias),
        };
        let (values, contexts) = cpu::forward(&sizes, &x, &parameters);
        let values = x.with(values, shape)?;
        let made = values.node();
        tape.add_backward_op(move |of| {
            let gradient = take(of, &made)?;
            let found = cpu::backward(&sizes, &x, &parameters, &contexts, &gradient);
            give(of, &x.node(), found.input)?;
            accumulate(of.get_or_alloc_mut(&weights.qkv)?, &found.qkv);
            accumulate(of.get_or_alloc_mut(&weights.out)?, &found.out);
            accumulate(of.get_or_alloc_mut(&weights.bias)?, &found.bias);
            Ok(())
        });
        Ok(Activation { values, tape })
    }
}

fn check<D: Device<f32>>(
    x: [usize; 5],
    weights: &AttentionWeights<Filter<D>, Vector<D>>,
    arithmetic: Arithmetic,
) -> Result<Sizes> {
    let [batch, nx, ny, nz, channels] = x;
    if batch * nx * ny * nz * channels == 0 {
        return Err(Error::shape("input of an attention", "not empty", x));
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
        batch,
        voxels: nx * ny * nz,
        channels,
        arithmetic,
    })
}
