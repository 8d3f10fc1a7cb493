//! Group normalisation, with what follows it in the network: a scale and shift from the time
//! embedding, SiLU, and the addition of a shortcut.

mod cpu;
#[cfg(any(test, feature = "cuda"))]
mod cuda;
mod reference;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use cuda::SOURCE;

use super::activation::{Activation, Activations, add, give, take};
use super::tensor::{Matrix, Vector, accumulate, read};
use crate::{Error, Result};
use dfdx::prelude::{Cpu, Device, HasShape, SplitTape, Tape};

/// What keeps the division finite where a group is constant (PyTorch's default).
pub(super) const EPSILON: f32 = 1e-5;

/// What is done to the input of a group normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupNorm {
    /// How many groups the channels are cut into; mean and variance (biased) are taken over the
    /// voxels and channels of a group.
    pub groups: usize,
    /// Whether `y` becomes `y sigmoid(y)` at the end.
    pub silu: bool,
}

/// How large things are.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    batch: usize,
    voxels: usize,
    channels: usize,
    groups: usize,
    silu: bool,
}

/// A device that normalises.
pub trait GroupNormKernel: Activations {
    /// With `n` the normalised input: `n gamma + beta`, then times `scale + 1` plus `shift` where
    /// `modulation` is given (`batch, 2 channels`: scales, then shifts), then SiLU if wanted, then
    /// plus `residual`.
    ///
    /// # Errors
    /// When shapes do not fit each other, or memory runs out.
    fn group_norm<T: Tape<f32, Self>>(
        x: Activation<Self, T>,
        [gamma, beta]: [Vector<Self>; 2],
        modulation: Option<Matrix<Self, T>>,
        residual: Option<Activation<Self, T>>,
        how: GroupNorm,
    ) -> Result<Activation<Self, T>> {
        let added = residual.as_ref().map(Activation::shape);
        check(x.shape(), added, [&gamma, &beta], modulation.as_ref(), how)?;
        let residual = residual.map(Activation::leave).transpose()?;
        let y = reference::group_norm(x.leave()?, [gamma, beta], modulation, residual, how)?;
        Activation::enter(y)
    }
}

impl GroupNormKernel for Cpu {
    fn group_norm<T: Tape<f32, Self>>(
        x: Activation<Self, T>,
        [gamma, beta]: [Vector<Self>; 2],
        modulation: Option<Matrix<Self, T>>,
        residual: Option<Activation<Self, T>>,
        how: GroupNorm,
    ) -> Result<Activation<Self, T>> {
        let shape = x.shape();
        let added = residual.as_ref().map(Activation::shape);
        let sizes = check(shape, added, [&gamma, &beta], modulation.as_ref(), how)?;
        let (
            Untaped {
                x,
                modulation,
                residual,
            },
            mut tape,
        ) = untaped(x, modulation, residual);
        let parameters = cpu::Parameters {
            gamma: read(&gamma),
            beta: read(&beta),
            modulation: modulation.as_ref().map(read),
        };
        let moments = cpu::moments(&sizes, &x);
        let values = cpu::forward(&sizes, &x, residual.as_deref(), &parameters, &moments);
        let values = x.with(values, shape)?;
        let made = values.node();
        let added = residual.map(|residual| residual.node());
        tape.add_backward_op(move |of| {
            let gradient = take(of, &made)?;
            if let Some(added) = &added {
                add(of, added, &gradient)?;
            }
            let found = cpu::backward(&sizes, &x, gradient, &parameters, &moments);
            give(of, &x.node(), found.input)?;
            accumulate(of.get_or_alloc_mut(&gamma)?, &found.gamma);
            accumulate(of.get_or_alloc_mut(&beta)?, &found.beta);
            if let Some(modulation) = &modulation {
                accumulate(of.get_or_alloc_mut(modulation)?, &found.modulation);
            }
            Ok(())
        });
        Ok(Activation { values, tape })
    }
}

/// What a normalisation takes, without its tapes.
struct Untaped<D: Activations> {
    x: D::Values,
    modulation: Option<Matrix<D>>,
    residual: Option<D::Values>,
}

/// Takes all off their tapes, which become one.
fn untaped<D: Activations, T: Tape<f32, D>>(
    x: Activation<D, T>,
    modulation: Option<Matrix<D, T>>,
    residual: Option<Activation<D, T>>,
) -> (Untaped<D>, T) {
    let (x, mut tape) = x.split();
    let modulation = modulation.map(|modulation| {
        let (modulation, other) = modulation.split_tape();
        tape = std::mem::take(&mut tape).merge(other);
        modulation
    });
    let residual = residual.map(|residual| {
        let (residual, other) = residual.split();
        tape = std::mem::take(&mut tape).merge(other);
        residual
    });
    let untaped = Untaped {
        x,
        modulation,
        residual,
    };
    (untaped, tape)
}

fn check<D: Device<f32>, T: Tape<f32, D>>(
    x: [usize; 5],
    residual: Option<[usize; 5]>,
    parameters: [&Vector<D>; 2],
    modulation: Option<&Matrix<D, T>>,
    how: GroupNorm,
) -> Result<Sizes> {
    let [batch, nx, ny, nz, channels] = x;
    let sizes = Sizes {
        batch,
        voxels: nx * ny * nz,
        channels,
        groups: how.groups,
        silu: how.silu,
    };
    if how.groups == 0 || channels % how.groups != 0 {
        return Err(Error::value(
            "groups of a group normalisation",
            format!("{} does not divide {channels} channels", how.groups),
        ));
    }
    if batch * sizes.voxels * channels == 0 {
        return Err(Error::shape(
            "input of a group normalisation",
            "not empty",
            x,
        ));
    }
    for (name, vector) in ["gamma", "beta"].into_iter().zip(parameters) {
        if vector.shape() != &(channels,) {
            let what = format!("{name} of a group normalisation");
            return Err(Error::shape(what, [channels], vector.shape()));
        }
    }
    if let Some(modulation) = modulation
        && modulation.shape() != &(batch, 2 * channels)
    {
        return Err(Error::shape(
            "scale and shift of a group normalisation",
            [batch, 2 * channels],
            modulation.shape(),
        ));
    }
    if let Some(residual) = residual
        && residual != x
    {
        return Err(Error::shape(
            "what is added to a group normalisation",
            x,
            residual,
        ));
    }
    Ok(sizes)
}
