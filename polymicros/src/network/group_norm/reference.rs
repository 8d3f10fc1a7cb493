//! The same made of dfdx's own operations, for any device.

use super::{EPSILON, GroupNorm};
use crate::Result;
use crate::network::tensor::{Matrix, Vector, Volume, failed};
use dfdx::prelude::*;

pub(super) fn group_norm<D: Device<f32>, T: Tape<f32, D>>(
    x: Volume<D, T>,
    [gamma, beta]: [Vector<D>; 2],
    modulation: Option<Matrix<D, T>>,
    residual: Option<Volume<D, T>>,
    how: GroupNorm,
) -> Result<Volume<D, T>> {
    let shape = *x.shape();
    let [batch, nx, ny, nz, channels] = shape;
    let voxels = nx * ny * nz;
    let grouped = (batch, voxels, how.groups, channels / how.groups);
    let flat = (batch, voxels, channels);
    let normalised = x
        .try_reshape_like(&grouped)
        .and_then(|x| {
            let mean = x
                .retaped::<T>()
                .try_mean::<_, Axes2<1, 3>>()?
                .try_broadcast_like::<_, Axes2<1, 3>>(&grouped)?;
            x.try_sub(mean)
        })
        .and_then(|centred| {
            let deviation = centred
                .retaped::<T>()
                .try_square()?
                .try_mean::<_, Axes2<1, 3>>()?
                .try_add(EPSILON)?
                .try_sqrt()?
                .try_broadcast_like::<_, Axes2<1, 3>>(&grouped)?;
            centred.try_div(deviation)
        })
        .and_then(|x| x.try_reshape_like(&flat))
        .map_err(failed)?;
    let every = |vector: Vector<D>| {
        vector
            .retaped::<T>()
            .try_broadcast_like::<_, Axes2<0, 1>>(&flat)
            .map_err(failed)
    };
    let mut y = normalised
        .try_mul(every(gamma)?)
        .map_err(failed)?
        .try_add(every(beta)?)
        .map_err(failed)?;
    if let Some(modulation) = modulation {
        let part = |from: usize| {
            modulation
                .retaped::<T>()
                .try_slice((0..batch, from..from + channels))?
                .try_reshape_like(&(batch, channels))?
                .try_broadcast_like::<_, Axis<1>>(&flat)
        };
        let scale = part(0)
            .and_then(|scale| scale.try_add(1.0))
            .map_err(failed)?;
        let shift = part(channels).map_err(failed)?;
        let (_, tape) = modulation.split_tape();
        let (scaled, own) = y
            .try_mul(scale)
            .and_then(|y| y.try_add(shift))
            .map_err(failed)?
            .split_tape();
        y = scaled.put_tape(own.merge(tape));
    }
    if how.silu {
        let gate = y.retaped::<T>().try_sigmoid().map_err(failed)?;
        y = y.try_mul(gate).map_err(failed)?;
    }
    let y = y.try_reshape_like(&shape).map_err(failed)?;
    match residual {
        Some(residual) => y.try_add(residual).map_err(failed),
        None => Ok(y),
    }
}
