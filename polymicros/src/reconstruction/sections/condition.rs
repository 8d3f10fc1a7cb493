//! The condition of Algorithm 5.

use super::OrthogonalStatistics;
use super::mismatch::Mismatch;
use super::optimise::{Goal, Optimiser};
use super::planes::Planes;
use crate::diffusion::{Batch, Condition, MeanCorrection};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// The mean square error that each step must reach, `ϱ_i` of Algorithm 5: in equal steps from the
/// first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// After the first diffusion step.
    pub first: f64,
    /// After the last.
    pub last: f64,
}

impl Default for Thresholds {
    /// From 1e-5 to 1e-7, as the text says.
    fn default() -> Self {
        Thresholds {
            first: 1e-5,
            last: 1e-7,
        }
    }
}

impl Thresholds {
    /// The formula as printed, `(N - t) 1e-5 + 1e-7`: for 25 steps it runs from 2.5e-4 to 1.0e-5,
    /// not from 1e-5 to 1e-7 as the sentence around it says.
    pub fn printed(steps: usize) -> Self {
        Thresholds {
            first: steps as f64 * 1e-5 + 1e-7,
            last: 1e-5 + 1e-7,
        }
    }

    /// The threshold after step `step` of `steps`, counted from zero.
    pub fn at(&self, step: usize, steps: usize) -> f64 {
        let share = step as f64 / steps.saturating_sub(1).max(1) as f64;
        self.first + (self.last - self.first) * share.min(1.0)
    }
}

/// What is given the target's statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Matched {
    /// The field after each diffusion step, noise and all: the order of Algorithm 5.
    #[default]
    Field,
    /// The same with its noise counted in: a field at noise level `σ` is to have the target's
    /// covariances and `σ²` more at zero displacement, as the sum of a matching volume and the
    /// noise has on average, and thresholds grow by the square of the variance's ratio.
    Noisy,
    /// The denoised estimate at each evaluation of the network: [`Expansion`](super::Expansion)
    /// sees to it. The sampler's fields keep the noise that the network was trained with, and the
    /// last estimate is the result. Steps and thresholds are then those of evaluations.
    Estimate,
}

/// How fields are matched with their target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatchSettings {
    /// The mean square error that each step must reach.
    pub thresholds: Thresholds,
    /// The largest absolute error that the last step must reach: what the paper reports. `None`:
    /// mean squares are all that counts, and fields are changed about as far as to their threshold
    /// and no further. (An optimiser's last iteration may go far beyond it.)
    pub maximum: Option<f64>,
    /// How the field is changed.
    pub optimiser: Optimiser,
    /// Iterations of the optimiser in one step at most.
    pub iterations: usize,
    /// What is matched.
    pub matched: Matched,
}

impl Default for MatchSettings {
    fn default() -> Self {
        MatchSettings {
            thresholds: Thresholds::default(),
            maximum: Some(9e-6),
            optimiser: Optimiser::Scaling,
            iterations: 3000,
            matched: Matched::Field,
        }
    }
}

/// What the matching after one step came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatchStep {
    /// The step of the sampler, or the evaluation of the network where estimates are matched,
    /// counted from zero.
    pub step: usize,
    /// The noise level that the step has reached, or that the evaluation was at.
    pub sigma: f64,
    /// The mean square error that was asked for.
    pub threshold: f64,
    /// The mean square error before.
    pub before: f64,
    /// The mean square error after.
    pub after: f64,
    /// Iterations of the optimiser.
    pub iterations: usize,
    /// Whether the goal was reached within the iterations allowed.
    pub reached: bool,
    /// What it took, in seconds.
    pub seconds: f64,
}

/// Matches fields with a target's orthogonal statistics, after each diffusion step (Algorithm 5)
/// or, in an [`Expansion`](super::Expansion), as estimates, and brings the mean of each channel to
/// zero, which is what models are trained on.
#[derive(Debug, Clone)]
pub struct MatchSections {
    target: Planes,
    /// The mean variance of the target's channels.
    variance: f64,
    steps: usize,
    settings: MatchSettings,
    centre: MeanCorrection,
    log: Vec<MatchStep>,
}

impl MatchSections {
    /// The condition for a sampler of so many steps.
    ///
    /// # Errors
    /// When the grid has fewer than two voxels along an axis, or errors to reach are not positive.
    pub fn new(
        target: &OrthogonalStatistics,
        steps: usize,
        settings: MatchSettings,
    ) -> Result<Self> {
        let Thresholds { first, last } = settings.thresholds;
        for error in [Some(first), Some(last), settings.maximum]
            .into_iter()
            .flatten()
        {
            if !(error > 0.0 && error.is_finite()) {
                let problem = format!("{error} is not a positive number");
                return Err(Error::value("error to be matched to", problem));
            }
        }
        Ok(MatchSections {
            target: target.planes()?,
            variance: target.variance(),
            steps,
            settings,
            centre: MeanCorrection::zero(3),
            log: Vec::new(),
        })
    }

    /// What each step came to, for each field of a batch.
    pub fn log(&self) -> &[MatchStep] {
        &self.log
    }

    /// The covariances to match at a noise level, and the mean square error to reach.
    fn goal(&self, step: usize, sigma: f64) -> (Planes, Goal) {
        let added = match self.settings.matched {
            Matched::Noisy => sigma * sigma,
            Matched::Field | Matched::Estimate => 0.0,
        };
        let target = self.target.with_noise(added);
        let larger = (1.0 + added / self.variance.max(f64::MIN_POSITIVE)).powi(2);
        let last = step + 1 == self.steps;
        let goal = Goal {
            mean_square: self.settings.thresholds.at(step, self.steps) * larger,
            maximum: match self.settings.maximum {
                Some(maximum) if last => maximum,
                _ => f64::INFINITY,
            },
            iterations: self.settings.iterations,
        };
        (target, goal)
    }
}

impl Condition for MatchSections {
    fn apply(&mut self, x: &mut Batch, step: usize, sigma: f64) -> Result<()> {
        let (target, goal) = self.goal(step, sigma);
        for mut field in x.outer_iter_mut() {
            let found = field.shape().to_vec();
            let values = field
                .as_slice_mut()
                .ok_or_else(|| Error::shape("fields to match", "standard layout", &found))?;
            let start = Instant::now();
            let unmatched = self.settings.maximum.is_none().then(|| values.to_vec());
            let mut outcome = self.settings.optimiser.run_on(&target, values, &goal)?;
            if let Some(unmatched) = unmatched.filter(|_| outcome.reached) {
                outcome.mean_square = part_of_the_way(&target, &unmatched, values, &goal)?;
            }
            self.log.push(MatchStep {
                step,
                sigma,
                threshold: goal.mean_square,
                before: outcome
                    .history
                    .first()
                    .copied()
                    .unwrap_or(outcome.mean_square),
                after: outcome.mean_square,
                iterations: outcome.history.len(),
                reached: outcome.reached,
                seconds: start.elapsed().as_secs_f64(),
            });
        }
        self.centre.apply(x, step, sigma)
    }
}

/// Takes a field that has reached its goal back towards what it was, about as far as the goal's
/// mean square error allows (the error need not fall evenly on the way, so that a point further
/// back may be as good); that error, afterwards. The largest error is not looked at.
fn part_of_the_way(
    target: &Planes,
    before: &[f32],
    matched: &mut [f32],
    goal: &Goal,
) -> Result<f64> {
    /// Halvings of the interval: the share of the change is found to 1 in 256.
    const HALVINGS: usize = 8;
    let mut mismatch = Mismatch::<f32>::with(target.clone(), target.shape())?;
    let mut between = matched.to_vec();
    let mut at = |share: f32, between: &mut [f32]| -> Result<f64> {
        for ((to, from), all) in between.iter_mut().zip(before).zip(matched.iter()) {
            *to = from + share * (all - from);
        }
        mismatch.value(between)
    };
    let (mut too_little, mut enough) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (too_little + enough);
        match at(middle, &mut between)? <= goal.mean_square {
            true => enough = middle,
            false => too_little = middle,
        }
    }
    let found = at(enough, &mut between)?;
    matched.copy_from_slice(&between);
    Ok(found)
}

#[cfg(test)]
mod tests;
