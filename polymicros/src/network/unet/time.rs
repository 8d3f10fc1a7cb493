//! How the network knows the noise level.

use super::parameters::{Parameters, Scope};
use crate::Result;
use crate::network::activation::Activations;
use crate::network::tensor::{Matrix, Vector, failed};
use dfdx::prelude::*;

/// The embedding of the time input of each member of the batch: sines, then cosines, of
/// frequencies `10000^(-k / (base / 2 - 1))`, then a linear layer, GELU and another.
pub(super) fn embedding<D: Activations, T: Tape<f32, D>>(
    parameters: &Parameters<D>,
    base: usize,
    t: Vector<D>,
) -> Result<Matrix<D, T>> {
    let batch = t.shape().0;
    let half = base / 2;
    let frequencies: Vec<f32> = (0..half)
        .map(|k| (-(10_000f64.ln()) * k as f64 / (half as f64 - 1.0)).exp() as f32)
        .collect();
    let shape = (batch, half);
    let angles = parameters
        .device()
        .try_tensor_from_vec(frequencies, (half,))
        .and_then(|f| f.try_broadcast_like::<_, Axis<0>>(&shape))
        .and_then(|f| f.try_mul(t.try_broadcast_like::<_, Axis<1>>(&shape)?))
        .map_err(failed)?;
    let waves = (
        angles.clone().try_sin().map_err(failed)?,
        angles.try_cos().map_err(failed)?,
    )
        .try_concat_along(Axis::<1>)
        .map_err(failed)?
        .retaped::<T>();
    let x = linear(waves, &parameters.at("time_mlp.1"))?
        .try_accurate_gelu()
        .map_err(failed)?;
    linear(x, &parameters.at("time_mlp.3"))
}

/// Scale and shift that the embedding gives a residual block.
pub(super) fn modulation<D: Activations, T: Tape<f32, D>>(
    embedding: &Matrix<D>,
    block: &Scope<'_, D>,
) -> Result<Matrix<D, T>> {
    let gate = embedding.retaped::<T>().try_sigmoid().map_err(failed)?;
    let x = embedding.retaped::<T>().try_mul(gate).map_err(failed)?;
    linear(x, &block.at("mlp.1"))
}

fn linear<D: Activations, T: Tape<f32, D>>(
    x: Matrix<D, T>,
    at: &Scope<'_, D>,
) -> Result<Matrix<D, T>> {
    let weight = at.matrix()?;
    let shape = (x.shape().0, weight.shape().0);
    let bias = at
        .vector("bias")?
        .retaped::<T>()
        .try_broadcast_like::<_, Axis<0>>(&shape)
        .map_err(failed)?;
    let weight = weight
        .retaped::<T>()
        .try_permute::<_, Axes2<1, 0>>()
        .map_err(failed)?;
    x.try_matmul(weight)
        .and_then(|y| y.try_add(bias))
        .map_err(failed)
}
