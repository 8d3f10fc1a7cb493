//! Iterative proportional fitting of spectral matrices.

use super::{Goal, Outcome};
use crate::Result;
use crate::reconstruction::sections::hermitian::Hermitian;
use crate::reconstruction::sections::planes::Planes;
use crate::reconstruction::sections::spectra::Spectra;
use crate::statistics::Real;
use rayon::prelude::*;
use std::time::Duration;

/// Sweeps over the three axes until the goal is reached.
///
/// Along a line the coefficients `M_k` become `A M_k`, where `A` is the Hermitian matrix that turns
/// the sum of `M_k M_k†` into the target's ([`Hermitian::transport`]). For a single channel this
/// is iterative proportional fitting of the power spectrum to its three marginals, which converges to the spectrum of least relative entropy.
pub(in crate::reconstruction::sections) fn run<T: Real>(
    spectra: &mut Spectra<T>,
    target: &Planes,
    field: &mut [T],
    goal: &Goal,
) -> Result<Outcome> {
    spectra.load(field)?;
    let mut history = Vec::new();
    let outcome = loop {
        let planes = spectra.planes();
        let residual = planes.minus(target);
        let mean_square = residual.mean_square();
        let reached = goal.reached(&residual)?;
        if reached || history.len() == goal.iterations || !mean_square.is_finite() {
            break Outcome {
                reached,
                mean_square,
                evaluations: history.len(),
                history,
                elapsed: Duration::ZERO,
            };
        }
        history.push(mean_square);
        scale(spectra, 0, planes.of(0), target);
        for axis in [1, 2] {
            let sums = spectra.sums(axis);
            scale(spectra, axis, &sums, target);
        }
    };
    spectra.unload(field)?;
    Ok(outcome)
}

/// Brings the sums along the lines of one axis to the target's.
fn scale<T: Real>(spectra: &mut Spectra<T>, axis: usize, sums: &[Hermitian], target: &Planes) {
    let factors: Vec<Hermitian> = sums
        .par_iter()
        .zip(target.of(axis))
        .map(|(sum, target)| sum.transport(target))
        .collect();
    let mut matrices = [None; 3];
    matrices[axis] = Some(factors.as_slice());
    spectra.multiply(matrices);
}
