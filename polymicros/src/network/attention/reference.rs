//! The same made of dfdx's own operations, for any device, with `q`, `k` and `v` of all voxels.

use super::{AttentionWeights, FEATURES, HEADS, HIDDEN};
use crate::Result;
use crate::network::tensor::{Filter, Vector, Volume, failed};
use dfdx::prelude::*;

pub(super) fn linear_attention<D: Device<f32>, T: Tape<f32, D>>(
    x: Volume<D, T>,
    weights: AttentionWeights<Filter<D>, Vector<D>>,
) -> Result<Volume<D, T>> {
    let shape = *x.shape();
    let [batch, nx, ny, nz, channels] = shape;
    let voxels = nx * ny * nz;
    let x = x
        .try_reshape_like(&(batch * voxels, channels))
        .map_err(failed)?;
    // One of q, k, v in shape batch and head, voxel, feature.
    let heads = batch * HEADS;
    let features = |which: usize| {
        let from = which * HIDDEN;
        let weight = weights
            .qkv
            .retaped::<T>()
            .try_slice((from..from + HIDDEN, 0..channels, 0..1, 0..1, 0..1))?
            .try_reshape_like(&(HIDDEN, channels))?
            .try_permute::<_, Axes2<1, 0>>()?;
        x.retaped::<T>()
            .try_matmul(weight)?
            .try_reshape_like(&(batch, voxels, HEADS, FEATURES))?
            .try_permute::<_, Axes4<0, 2, 1, 3>>()?
            .try_reshape_like(&(heads, voxels, FEATURES))
    };
    let q = features(0)
        .and_then(|q| q.try_softmax::<Axis<2>>())
        .and_then(|q| q.try_mul((FEATURES as f32).powf(-0.5)))
        .map_err(failed)?;
    let k = features(1)
        .and_then(|k| k.try_softmax::<Axis<1>>())
        .and_then(|k| k.try_permute::<_, Axes3<0, 2, 1>>())
        .and_then(|k| k.try_reshape_like(&(heads, FEATURES, voxels)))
        .map_err(failed)?;
    let v = features(2).map_err(failed)?;
    let weight = weights
        .out
        .retaped::<T>()
        .try_reshape_like(&(channels, HIDDEN))
        .and_then(|weight| weight.try_permute::<_, Axes2<1, 0>>())
        .map_err(failed)?;
    let rows = batch * voxels;
    let bias = weights
        .bias
        .retaped::<T>()
        .try_broadcast_like::<_, Axis<0>>(&(rows, channels))
        .map_err(failed)?;
    let (_, tape) = x.split_tape();
    let means = k.try_matmul(v).map_err(failed)?;
    let (y, own) = q
        .try_matmul(means)
        .and_then(|y| y.try_reshape_like(&(batch, HEADS, voxels, FEATURES)))
        .and_then(|y| y.try_permute::<_, Axes4<0, 2, 1, 3>>())
        .and_then(|y| y.try_reshape_like(&(rows, HIDDEN)))
        .and_then(|y| y.try_matmul(weight))
        .and_then(|y| y.try_add(bias))
        .and_then(|y| y.try_reshape_like(&shape))
        .map_err(failed)?
        .split_tape();
    Ok(y.put_tape(own.merge(tape)))
}
