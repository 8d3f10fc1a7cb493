//! The same made of dfdx's own operations, for any device.

use super::Sizes;
use crate::Result;
use crate::network::tensor::{Filter, Vector, Volume, failed};
use dfdx::prelude::*;

pub(super) fn space_to_depth<D: Device<f32>, T: Tape<f32, D>>(
    x: Volume<D, T>,
    weight: Filter<D>,
    bias: Vector<D>,
    sizes: Sizes,
) -> Result<Volume<D, T>> {
    let Sizes {
        batch,
        grid: [nx, ny, nz],
        inputs,
        outputs,
        ..
    } = sizes;
    let rows = batch * nx * ny * nz;
    // dfdx permutes up to six axes: first the pairs along z, then those along y, then along x.
    let x = x
        .try_reshape_like(&(batch * nx, 2, ny, 2, nz, 2 * inputs))
        .and_then(|x| x.try_permute::<_, Axes6<0, 2, 4, 1, 3, 5>>())
        .and_then(|x| x.try_reshape_like(&(rows, 8, inputs)))
        .and_then(|x| x.try_permute::<_, Axes3<0, 2, 1>>())
        .and_then(|x| x.try_reshape_like(&(rows, 8 * inputs)))
        .map_err(failed)?;
    let weight = weight
        .retaped::<T>()
        .try_reshape_like(&(outputs, 8 * inputs))
        .and_then(|weight| weight.try_permute::<_, Axes2<1, 0>>())
        .map_err(failed)?;
    let bias = bias
        .retaped::<T>()
        .try_broadcast_like::<_, Axis<0>>(&(rows, outputs))
        .map_err(failed)?;
    x.try_matmul(weight)
        .and_then(|y| y.try_add(bias))
        .and_then(|y| y.try_reshape_like(&[batch, nx, ny, nz, outputs]))
        .map_err(failed)
}
