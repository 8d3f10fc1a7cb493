//! Weights of a convolution, standardised for each output channel before they are used.

mod cpu;
mod reference;
#[cfg(test)]
mod tests;

use super::activation::{Activation, Activations, CpuValues, take};
use super::tensor::{Filter, accumulate, read};
use crate::{Error, Result};
use dfdx::prelude::{Cpu, Device, HasShape, SplitTape, Tape};
use serde::{Deserialize, Serialize};

/// What keeps the division finite (PyTorch's default).
const EPSILON: f32 = 1e-5;

/// What the centred weights of an output channel are multiplied by; `variance` is the biased one
/// over its input channels and taps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightStandardisation {
    /// `(variance + 1e-5)^-1/2`: the usual form, which brings all channels to deviation one.
    #[default]
    Standard,
    /// `(variance + 1e-5)^1/2`: what the authors' code does.
    Authors,
}

/// A device that standardises weights.
pub trait WeightStandardisationKernel: Activations {
    /// `weight`, standardised for each output channel.
    ///
    /// # Errors
    /// When a channel has no weights, or memory runs out.
    fn standardise<T: Tape<f32, Self>>(
        weight: Filter<Self, T>,
        form: WeightStandardisation,
    ) -> Result<Activation<Self, T>> {
        check(&weight)?;
        Activation::enter(reference::standardise(weight, form)?)
    }
}

impl WeightStandardisationKernel for Cpu {
    fn standardise<T: Tape<f32, Self>>(
        weight: Filter<Self, T>,
        form: WeightStandardisation,
    ) -> Result<Activation<Self, T>> {
        let channel = check(&weight)?;
        let (weight, mut tape) = weight.split_tape();
        let weights = cpu::forward(read(&weight), channel, form);
        let values = CpuValues::new(weight.device(), weights.into(), *weight.shape())?;
        let made = values.node();
        tape.add_backward_op(move |of| {
            let gradient = take(of, &made)?;
            let found = cpu::backward(&read(&weight), gradient, channel, form);
            accumulate(of.get_or_alloc_mut(&weight)?, &found);
            Ok(())
        });
        Ok(Activation { values, tape })
    }
}

/// Weights of an output channel.
fn check<D: Device<f32>, T: Tape<f32, D>>(weight: &Filter<D, T>) -> Result<usize> {
    let size = weight.shape()[1..].iter().product();
    if size == 0 {
        return Err(Error::shape(
            "weights to standardise",
            "not empty",
            weight.shape(),
        ));
    }
    Ok(size)
}
