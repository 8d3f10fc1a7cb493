//! Kernel parameters from measured covariances (paper B.1, Fig. 7).

mod objective;
mod search;

use super::{MosmKernel, MosmParameters};
use crate::statistics::{Moment, TwoPoint};
use crate::{Error, Result};
use objective::Objective;
use serde::{Deserialize, Serialize};

/// How parameters are fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitSettings {
    /// The search sees up to this many displacements along each axis, evenly spaced; the error is
    /// always that at all of them.
    pub displacements: usize,
    /// The most iterations of L-BFGS from one start.
    pub iterations: u64,
    /// Starts tried for each further mixture.
    pub starts: usize,
    /// The seed of the starts.
    pub seed: u64,
}

impl Default for FitSettings {
    fn default() -> Self {
        FitSettings {
            displacements: 20,
            iterations: 150,
            starts: 2,
            seed: 1,
        }
    }
}

/// A kernel fitted to covariances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// The parameters; their domain are all displacements of the covariances.
    pub parameters: MosmParameters,
    /// The relative error: the root of the sum of squared differences over that of the squared
    /// covariances, over all pairs (in units of the channels' deviations) and displacements.
    pub error: f64,
    /// The same at the displacements that the search saw.
    pub seen_error: f64,
}

impl Fit {
    /// Fits kernels of 1, 2, … up to `mixtures` mixtures to the covariances of all pairs of
    /// channels (paper Fig. 7). Each starts from the one before and a further mixture, so the
    /// error seen never grows with `Q`.
    ///
    /// The optimiser is L-BFGS with a line search after Moré and Thuente, on analytic gradients.
    /// Displacements that are marked as unknown do not count. The axes of the covariances span the
    /// kernel's domain, so along an axis of `n` displacements one voxel is `2π / n`.
    ///
    /// # Errors
    /// When a pair is missing or a variance is not positive.
    pub fn path(
        covariance: &TwoPoint,
        mixtures: usize,
        settings: &FitSettings,
    ) -> Result<Vec<Fit>> {
        if covariance.moment() != Moment::Covariance {
            return Err(Error::value(
                "covariances to fit",
                "these are 2-point statistics, with the mean in them: to_covariance() takes it out",
            ));
        }
        let seen = Objective::new(covariance, settings.displacements)?;
        let all = Objective::new(covariance, usize::MAX)?;
        let mut fits: Vec<Fit> = Vec::with_capacity(mixtures);
        let mut vector = Vec::new();
        for _ in 0..mixtures {
            vector = search::extended(&seen, &vector, settings)?;
            let mut parameters = objective::parameters(seen.channels, &vector)?;
            for mixture in &mut parameters.mixtures {
                for (gaussian, deviation) in mixture.channels.iter_mut().zip(&seen.deviation) {
                    gaussian.weight *= deviation;
                }
            }
            fits.push(Fit {
                parameters,
                error: all.value(&vector)?.sqrt(),
                seen_error: seen.value(&vector)?.sqrt(),
            });
        }
        Ok(fits)
    }

    /// The fitted kernel.
    ///
    /// # Errors
    /// Never with parameters that a fit made.
    pub fn kernel(&self) -> Result<MosmKernel> {
        MosmKernel::new(&self.parameters)
    }
}

#[cfg(test)]
mod tests;
