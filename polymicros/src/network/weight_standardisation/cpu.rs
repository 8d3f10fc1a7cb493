//! Forward and backward passes on the CPU.

use super::{EPSILON, WeightStandardisation};
use crate::buffer::Buffer;
use crate::network::kernel::vectorised;
use rayon::prelude::*;

/// The sum of a term of each pair of values, in an order that vector instructions can follow.
#[inline(always)]
fn sum(a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    const LANES: usize = 16;
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += term(f64::from(*a), f64::from(*b));
        }
    }
    for ((lane, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += term(f64::from(*a), f64::from(*b));
    }
    lanes.into_iter().sum()
}

/// Mean of a channel's weights, and their deviation (with epsilon).
#[inline(always)]
fn moments(weights: &[f32]) -> (f64, f64) {
    let n = weights.len() as f64;
    let mean = sum(weights, weights, |w, _| w) / n;
    let variance = sum(weights, weights, |w, _| (w - mean) * (w - mean)) / n;
    (mean, (variance + f64::from(EPSILON)).sqrt())
}

#[inline(always)]
fn factor(deviation: f64, form: WeightStandardisation) -> f64 {
    match form {
        WeightStandardisation::Standard => 1.0 / deviation,
        WeightStandardisation::Authors => deviation,
    }
}

pub(super) fn forward(
    mut weight: Vec<f32>,
    channel: usize,
    form: WeightStandardisation,
) -> Vec<f32> {
    weight
        .par_chunks_exact_mut(channel)
        .for_each(|weights| standardise(weights, form));
    weight
}

vectorised! {
    fn standardise<'a>(weights: &'a mut [f32], form: WeightStandardisation) {
        let (mean, deviation) = moments(weights);
        let factor = factor(deviation, form);
        for weight in weights {
            *weight = ((f64::from(*weight) - mean) * factor) as f32;
        }
    }
}

pub(super) fn backward(
    weight: &[f32],
    mut gradient: Buffer,
    channel: usize,
    form: WeightStandardisation,
) -> Buffer {
    gradient
        .par_chunks_exact_mut(channel)
        .zip(weight.par_chunks_exact(channel))
        .for_each(|(gradient, weights)| through(gradient, weights, form));
    gradient
}

vectorised! {
    /// The gradient with respect to a channel's weights, in the place of that with respect to the
    /// standardised ones.
    fn through<'a>(gradient: &'a mut [f32], weights: &'a [f32], form: WeightStandardisation) {
        let n = weights.len() as f64;
        let (mean, deviation) = moments(weights);
        let level = sum(gradient, gradient, |g, _| g) / n;
        let along = sum(gradient, weights, |g, w| g * (w - mean)) / n;
        // How the factor follows each centred weight: its derivative is this times the weight.
        let follows = match form {
            WeightStandardisation::Standard => -1.0 / deviation.powi(3),
            WeightStandardisation::Authors => 1.0 / deviation,
        };
        let factor = factor(deviation, form);
        for (gradient, &weight) in gradient.iter_mut().zip(weights) {
            let centred = f64::from(weight) - mean;
            *gradient = (factor * (f64::from(*gradient) - level) + follows * along * centred) as f32;
        }
    }
}
