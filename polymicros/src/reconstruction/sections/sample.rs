//! One volume from a diffusion model and orthogonal statistics.

use super::condition::{MatchSections, MatchSettings, MatchStep, Matched, Thresholds};
use super::estimates::MatchedEstimates;
use super::optimise::{Goal, Optimiser};
use super::{OrthogonalStatistics, Outcome};
use crate::diffusion::{Batch, Denoiser, Sampler, Schedule, Solver};
use crate::microstructure::{Field, shift_channels};
use crate::{Error, Result};
use ndarray::{Array4, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// How volumes are sampled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expansion {
    /// How the model is asked: Algorithm 2.
    pub sampler: Sampler,
    /// How its fields or estimates are matched: Algorithm 5.
    pub matching: MatchSettings,
}

/// A volume, and how it came about.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The three values of each voxel, with the target's means.
    pub field: Field,
    /// What the matching after each step came to.
    pub log: Vec<MatchStep>,
    /// Seconds of the whole.
    pub seconds: f64,
}

impl Sample {
    /// Seconds that the matching took; the rest is the network's.
    pub fn matching_seconds(&self) -> f64 {
        self.log.iter().map(|step| step.seconds).sum()
    }
}

impl Expansion {
    /// Another way than Algorithm 5, which is the default: the estimate of each evaluation is
    /// matched, and goes on with new noise ([`Solver::Renoised`]), at 50 levels from 5 to 0.05.
    pub fn of_estimates() -> Self {
        Expansion {
            sampler: Sampler {
                solver: Solver::Renoised,
                schedule: Schedule {
                    steps: 50,
                    sigma_max: 5.0,
                    sigma_min: 0.05,
                    ..Schedule::default()
                },
                ..Sampler::default()
            },
            matching: MatchSettings {
                matched: Matched::Estimate,
                ..MatchSettings::default()
            },
        }
    }

    /// The same, content with a mean square error in every step, however large the largest error,
    /// and changing fields no further than that.
    ///
    /// Statistics that are only known to some error should not be matched more closely than that:
    /// what is beyond it is matched at the expense of the grains. For three sections the error
    /// that no volume avoids is a measure ([`Floor::mean_square`](super::Floor)).
    pub fn with_tolerance(mut self, mean_square: f64) -> Self {
        self.matching.thresholds = Thresholds {
            first: mean_square,
            last: mean_square,
        };
        self.matching.maximum = None;
        self
    }

    /// Samples a volume on the target's grid. `progress` hears how many steps of the sampler are
    /// done, and may end the work with an error.
    ///
    /// The same seed gives the same bits on any number of threads, as far as the denoiser's do.
    ///
    /// # Errors
    /// When the denoiser does not take three channels of the target's shape, the statistics
    /// diverge, or `progress` fails.
    pub fn sample(
        &self,
        denoiser: &(impl Denoiser + ?Sized),
        target: &OrthogonalStatistics,
        seed: u64,
        progress: impl FnMut(usize) -> Result<()>,
    ) -> Result<Sample> {
        let start = Instant::now();
        let [x, y, z] = target.grid().shape;
        let noise = Batch::zeros((1, 3, x, y, z));
        let sampler = &self.sampler;
        let condition = |steps| MatchSections::new(target, steps, self.matching);
        let (made, condition) = match self.matching.matched {
            Matched::Field | Matched::Noisy => {
                let mut condition = condition(sampler.schedule.steps)?;
                let made = sampler.sample(denoiser, noise, seed, Some(&mut condition), progress)?;
                (made, condition)
            }
            Matched::Estimate => {
                let matched = MatchedEstimates::new(denoiser, condition(sampler.evaluations())?);
                let made = sampler.sample(&matched, noise, seed, None, progress)?;
                (made, matched.into_condition())
            }
        };
        Ok(Sample {
            field: with_means(target, made.index_axis_move(Axis(0), 0))?,
            log: condition.log().to_vec(),
            seconds: start.elapsed().as_secs_f64(),
        })
    }
}

/// What matching alone makes of noise, without a model: a volume that has the statistics, and
/// nothing else of a polycrystal.
///
/// # Errors
/// As [`Optimiser::run`].
pub fn without_model(
    target: &OrthogonalStatistics,
    optimiser: &Optimiser,
    goal: &Goal,
    seed: u64,
) -> Result<(Field, Outcome)> {
    let [x, y, z] = target.grid().shape;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let deviation = target.variances().map(|variance| variance.max(0.0).sqrt());
    let mut data = Array4::from_shape_fn((3, x, y, z), |(c, ..)| {
        let normal: f64 = StandardNormal.sample(&mut rng);
        (deviation[c] * normal) as f32
    });
    let found = data.shape().to_vec();
    let values = data
        .as_slice_mut()
        .ok_or_else(|| Error::shape("noise", "standard layout", &found))?;
    let outcome = optimiser.run(target, values, goal)?;
    Ok((with_means(target, data)?, outcome))
}

/// A field of mean zero as one with the target's means.
fn with_means(target: &OrthogonalStatistics, mut data: Array4<f32>) -> Result<Field> {
    shift_channels(data.view_mut(), target.mean().iter().copied());
    Field::new(*target.grid(), target.channels().to_vec(), data)
}

#[cfg(test)]
mod tests;
