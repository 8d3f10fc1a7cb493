//! The same made of dfdx's own operations, for any device: shifted matrix products.

use super::{Convolution, Padding};
use crate::Result;
use crate::network::tensor::{Filter, Vector, Volume, failed};
use dfdx::prelude::*;

pub(super) fn convolution<D: Device<f32>, T: Tape<f32, D>>(
    x: Volume<D, T>,
    skip: Option<Volume<D>>,
    weight: Filter<D, T>,
    bias: Vector<D>,
    how: Convolution,
) -> Result<Volume<D, T>> {
    let mut x = match skip {
        Some(skip) => concatenate(x, skip)?,
        None => x,
    };
    let edge = weight.shape()[2];
    for axis in 1..=3 {
        if how.upsample {
            x = repeat(x, axis)?;
        }
        if edge == 3 {
            x = pad(x, axis, how.padding)?;
        }
    }
    let [batch, px, py, pz, inputs] = *x.shape();
    let [nx, ny, nz] = [px, py, pz].map(|n| n + 1 - edge);
    let voxels = batch * nx * ny * nz;
    let outputs = weight.shape()[0];
    let mut sum = bias
        .retaped::<T>()
        .try_broadcast_like::<_, Axis<0>>(&(voxels, outputs))
        .map_err(failed)?;
    for tap in 0..edge.pow(3) {
        let [tx, ty, tz] = [tap / (edge * edge), tap / edge % edge, tap % edge];
        let seen = own(&x)
            .map_err(failed)?
            .try_slice((0..batch, tx..tx + nx, ty..ty + ny, tz..tz + nz, 0..inputs))
            .and_then(|seen| seen.try_reshape_like(&(voxels, inputs)))
            .map_err(failed)?;
        let weight = weight
            .retaped::<T>()
            .try_slice((0..outputs, 0..inputs, tx..tx + 1, ty..ty + 1, tz..tz + 1))
            .and_then(|weight| weight.try_reshape_like(&(outputs, inputs)))
            .and_then(|weight| weight.try_permute::<_, Axes2<1, 0>>())
            .map_err(failed)?;
        let product = seen.try_matmul(weight).map_err(failed)?;
        sum = sum.try_add(product).map_err(failed)?;
    }
    let (sum, tape) = sum.split_tape();
    let (_, x_tape) = x.split_tape();
    let (_, weight_tape) = weight.split_tape();
    sum.put_tape(tape.merge(x_tape).merge(weight_tape))
        .try_reshape_like(&[batch, nx, ny, nz, outputs])
        .map_err(failed)
}

/// The same values with a gradient of their own: the gradient of a slice replaces what its source
/// had there, in dfdx 0.13, so that no tensor may be sliced twice.
fn own<S: Shape, D: Device<f32>, T: Tape<f32, D>>(
    x: &Tensor<S, f32, D, T>,
) -> std::result::Result<Tensor<S, f32, D, T>, D::Err> {
    x.retaped::<T>().try_mul(1.0)
}

/// The channels of `skip` after those of `x`.
fn concatenate<D: Device<f32>, T: Tape<f32, D>>(
    x: Volume<D, T>,
    skip: Volume<D>,
) -> Result<Volume<D, T>> {
    let [batch, nx, ny, nz, first] = *x.shape();
    let second = skip.shape()[4];
    let voxels = batch * nx * ny * nz;
    let x = x.try_reshape_like(&(voxels, first)).map_err(failed)?;
    let skip = skip
        .retaped::<T>()
        .try_reshape_like(&(voxels, second))
        .map_err(failed)?;
    (x, skip)
        .try_concat_along(Axis::<1>)
        .and_then(|both| both.try_reshape_like(&[batch, nx, ny, nz, first + second]))
        .map_err(failed)
}

/// Sizes before, along and after an axis.
fn around(shape: [usize; 5], axis: usize) -> (usize, usize, usize) {
    (
        shape[..axis].iter().product(),
        shape[axis],
        shape[axis + 1..].iter().product(),
    )
}

/// Each voxel twice along an axis.
fn repeat<D: Device<f32>, T: Tape<f32, D>>(x: Volume<D, T>, axis: usize) -> Result<Volume<D, T>> {
    let mut shape = *x.shape();
    let (before, n, after) = around(shape, axis);
    shape[axis] = 2 * n;
    x.try_reshape_like(&(before, n, after))
        .and_then(|x| x.try_broadcast_like::<_, Axis<2>>(&(before, n, 2, after)))
        .and_then(|x| x.try_reshape_like(&shape))
        .map_err(failed)
}

/// A voxel more at both ends of an axis.
fn pad<D: Device<f32>, T: Tape<f32, D>>(
    x: Volume<D, T>,
    axis: usize,
    padding: Padding,
) -> Result<Volume<D, T>> {
    let mut shape = *x.shape();
    let (before, n, after) = around(shape, axis);
    shape[axis] = n + 2;
    let x = x.try_reshape_like(&(before, n, after)).map_err(failed)?;
    let edge = |padded: usize| -> std::result::Result<_, D::Err> {
        match padding.source(padded, n) {
            Some(at) => own(&x)?.try_slice((0..before, at..at + 1, 0..after)),
            None => x
                .device()
                .try_zeros_like(&(before, 1, after))
                .map(|zeros| zeros.retaped::<T>()),
        }
    };
    let (low, high) = (edge(0).map_err(failed)?, edge(n + 1).map_err(failed)?);
    (low, x)
        .try_concat_along(Axis::<1>)
        .and_then(|x| (x, high).try_concat_along(Axis::<1>))
        .and_then(|x| x.try_reshape_like(&shape))
        .map_err(failed)
}
