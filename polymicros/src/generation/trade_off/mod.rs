//! What a structure keeps of the statistics that were asked for, against how real it is.
//!
//! The paper says in words that more steps of refinement make better neighbourhoods and worse
//! statistics (3, B.2). Here both are numbers, as functions of `skip`.

mod stored;
#[cfg(test)]
mod tests;

pub use stored::StoredTradeOff;

use super::realism::Experiment;
use super::{LocalGlobal, Realism, RealismSettings, Seeds, Structure};
use crate::diffusion::Denoiser;
use crate::microstructure::{Field, Grid};
use crate::random_field::{Images, MosmKernel, MosmParameters};
use crate::statistics::{Pairs, TwoPoint};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// How well a structure keeps the covariances of the random field that it came from, and of its
/// kernel: all auto- and cross-covariances, at every displacement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KeptStatistics {
    /// Distance of the structure's covariances from the random field's, over the length of the
    /// latter: 0 where nothing has changed, 1 as for a structure without correlations.
    pub error: f64,
    /// Cosine of the angle between both: 1 where the structure's are a multiple of the field's.
    /// What a model does to the variance does not lower it.
    pub cosine: f64,
    /// The same distance of the structure's covariances from the kernel's.
    pub error_to_kernel: f64,
    /// That of the random field's from the kernel's: how far a single draw is from its target
    /// before anything is refined.
    pub field_error_to_kernel: f64,
    /// Correlation of the structure's values with the field's, voxel by voxel.
    pub correlation: f64,
}

impl KeptStatistics {
    /// Compares a structure with what it was made from.
    ///
    /// # Errors
    /// When the parameters are not those of the structure's channels, or values are not finite.
    pub fn of(structure: &Structure, parameters: &MosmParameters) -> Result<Self> {
        let kernel = MosmKernel::new(parameters)?;
        let grid = structure.field.grid();
        let target = kernel.covariance(grid, &Pairs::All, Images::All)?;
        let covariance = |field: &Field| -> Result<TwoPoint> {
            Ok(TwoPoint::periodic(field, &Pairs::All)?.to_covariance())
        };
        let (made, drawn) = (
            covariance(&structure.field)?,
            covariance(&structure.random_field)?,
        );
        if made.values().dim() != target.values().dim() {
            let (expected, found) = (target.values().dim(), made.values().dim());
            return Err(Error::shape(
                "covariances of the structure",
                expected,
                found,
            ));
        }
        Ok(KeptStatistics {
            error: distance(&made, &drawn),
            cosine: cosine(values(&made), values(&drawn)),
            error_to_kernel: distance(&made, &target),
            field_error_to_kernel: distance(&drawn, &target),
            correlation: cosine(
                structure.field.as_slice().iter(),
                structure.random_field.as_slice().iter(),
            ),
        })
    }

    fn mean(all: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        KeptStatistics {
            error: mean(|k| k.error),
            cosine: mean(|k| k.cosine),
            error_to_kernel: mean(|k| k.error_to_kernel),
            field_error_to_kernel: mean(|k| k.field_error_to_kernel),
            correlation: mean(|k| k.correlation),
        }
    }
}

/// Statistics kept and neighbourhoods gained at one `skip`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TradeOff {
    /// Steps of the sampler that were left out.
    pub skip: usize,
    /// The noise level at which the random field came in.
    pub sigma: f64,
    /// Means over the structures.
    pub kept: KeptStatistics,
    /// The structures' neighbourhoods, all together.
    pub realism: Realism,
}

impl TradeOff {
    /// Makes a structure of each set of parameters at each skip, from the same random fields and
    /// noise, and measures both. Without any skip the random field is not used at all.
    ///
    /// # Errors
    /// As [`LocalGlobal::structure`] and [`Realism::compare`], when there are no parameters, or
    /// `progress`, which hears how many structures are done, fails.
    pub fn measure(
        local_global: &LocalGlobal,
        parameters: &[MosmParameters],
        denoiser: &(impl Denoiser + ?Sized),
        grid: &Grid,
        skips: &[usize],
        (source, settings): (&[Field], RealismSettings),
        mut progress: impl FnMut(usize) -> Result<()>,
    ) -> Result<Vec<Self>> {
        if parameters.is_empty() {
            return Err(Error::value(
                "trade-off",
                "no parameters to make structures of",
            ));
        }
        let levels = local_global.refinement.schedule.levels()?;
        // Before the hours that structures may take.
        let experiment = Experiment::new(source, settings)?;
        experiment.takes(grid.shape)?;
        let mut done = 0;
        let mut at_skip = |&skip: &usize| -> Result<Self> {
            let mut local_global = *local_global;
            local_global.refinement.skip = skip;
            let (mut kept, mut fields) = (Vec::new(), Vec::new());
            for (set, parameters) in parameters.iter().enumerate() {
                let seeds = Seeds {
                    random_field: set as u64,
                    refinement: set as u64,
                };
                let structure =
                    local_global.structure(parameters, denoiser, grid, seeds, |_| Ok(()))?;
                kept.push(KeptStatistics::of(&structure, parameters)?);
                fields.push(structure.field);
                done += 1;
                progress(done)?;
            }
            Ok(TradeOff {
                skip,
                sigma: levels[skip],
                kept: KeptStatistics::mean(&kept),
                realism: experiment.compare(&fields)?,
            })
        };
        skips.iter().map(&mut at_skip).collect()
    }
}

fn values(covariance: &TwoPoint) -> impl Iterator<Item = &f32> + Clone {
    covariance.values().iter()
}

fn distance(a: &TwoPoint, b: &TwoPoint) -> f64 {
    let apart = values(a).zip(values(b));
    let squares = apart.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    (squares.sum::<f64>() / product(values(b), values(b))).sqrt()
}

fn cosine<'a>(
    a: impl Iterator<Item = &'a f32> + Clone,
    b: impl Iterator<Item = &'a f32> + Clone,
) -> f64 {
    let lengths = product(a.clone(), a.clone()) * product(b.clone(), b.clone());
    product(a, b) / lengths.sqrt()
}

fn product<'a>(a: impl Iterator<Item = &'a f32>, b: impl Iterator<Item = &'a f32>) -> f64 {
    a.zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}
