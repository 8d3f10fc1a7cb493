//! Forward and backward passes on the CPU.

use super::{EPSILON, WeightStandardisation};
use rayon::prelude::*;

/// Mean of a channel's weights, and their deviation (with epsilon).
fn moments(weights: &[f32]) -> (f64, f64) {
    let n = weights.len() as f64;
    let mean = weights.iter().map(|&w| f64::from(w)).sum::<f64>() / n;
    let variance = weights
        .iter()
        .map(|&w| (f64::from(w) - mean).powi(2))
        .sum::<f64>()
        / n;
    (mean, (variance + f64::from(EPSILON)).sqrt())
}

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
    weight.par_chunks_exact_mut(channel).for_each(|weights| {
        let (mean, deviation) = moments(weights);
        let factor = factor(deviation, form);
        for weight in weights {
            *weight = ((f64::from(*weight) - mean) * factor) as f32;
        }
    });
    weight
}

pub(super) fn backward(
    weight: Vec<f32>,
    mut gradient: Vec<f32>,
    channel: usize,
    form: WeightStandardisation,
) -> Vec<f32> {
    gradient
        .par_chunks_exact_mut(channel)
        .zip(weight.par_chunks_exact(channel))
        .for_each(|(gradient, weights)| {
            let n = channel as f64;
            let (mean, deviation) = moments(weights);
            let level = gradient.iter().map(|&g| f64::from(g)).sum::<f64>() / n;
            let along = gradient
                .iter()
                .zip(weights)
                .map(|(&g, &w)| f64::from(g) * (f64::from(w) - mean))
                .sum::<f64>()
                / n;
            // How the factor follows each centred weight: its derivative is this times the weight.
            let follows = match form {
                WeightStandardisation::Standard => -1.0 / deviation.powi(3),
                WeightStandardisation::Authors => 1.0 / deviation,
            };
            let factor = factor(deviation, form);
            for (gradient, &weight) in gradient.iter_mut().zip(weights) {
                let centred = f64::from(weight) - mean;
                *gradient =
                    (factor * (f64::from(*gradient) - level) + follows * along * centred) as f32;
            }
        });
    gradient
}
