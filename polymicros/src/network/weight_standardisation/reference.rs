//! The same made of dfdx's own operations, for any device.

use super::{EPSILON, WeightStandardisation};
use crate::Result;
use crate::network::tensor::{Filter, failed};
use dfdx::prelude::*;

pub(super) fn standardise<D: Device<f32>, T: Tape<f32, D>>(
    weight: Filter<D, T>,
    form: WeightStandardisation,
) -> Result<Filter<D, T>> {
    let shape = *weight.shape();
    let flat = (shape[0], shape[1..].iter().product::<usize>());
    weight
        .try_reshape_like(&flat)
        .and_then(|weight| {
            let mean = weight
                .retaped::<T>()
                .try_mean::<_, Axis<1>>()?
                .try_broadcast_like::<_, Axis<1>>(&flat)?;
            weight.try_sub(mean)
        })
        .and_then(|centred| {
            let deviation = centred
                .retaped::<T>()
                .try_square()?
                .try_mean::<_, Axis<1>>()?
                .try_add(EPSILON)?
                .try_sqrt()?
                .try_broadcast_like::<_, Axis<1>>(&flat)?;
            match form {
                WeightStandardisation::Standard => centred.try_div(deviation),
                WeightStandardisation::Authors => centred.try_mul(deviation),
            }
        })
        .and_then(|weight| weight.try_reshape_like(&shape))
        .map_err(failed)
}
