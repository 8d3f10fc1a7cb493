//! Algorithm 2: the stochastic second-order sampler.

use super::{Batch, Condition, Denoiser, Schedule};
use crate::{Error, Result};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// The paper's modification of EDM's sampler (Algorithm 2): it may start at any step, and a
/// condition may change the fields after each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampler {
    /// The noise levels `t_0 … t_N`.
    pub schedule: Schedule,
    /// Steps left out at the start. The fields then start as they are given, with noise of the
    /// level of the first step added (SDEdit); at zero they start as noise alone.
    pub skip: usize,
    /// `S_churn`: how much noise is added and removed again on the way. Zero makes the sampler
    /// deterministic after its start.
    pub churn: f64,
    /// `S_tmin`: no churn below this level.
    pub churn_min: f64,
    /// `S_tmax`: no churn above this level.
    pub churn_max: f64,
    /// `S_noise`: standard deviation of the churn's noise.
    pub churn_noise: f64,
}

impl Default for Sampler {
    /// The paper's values, which are EDM's; no step is skipped.
    fn default() -> Self {
        Sampler {
            schedule: Schedule::default(),
            skip: 0,
            churn: 40.0,
            churn_min: 0.05,
            churn_max: 50.0,
            churn_noise: 1.003,
        }
    }
}

impl Sampler {
    /// Network evaluations of a whole run: two a step, one in the last.
    pub fn evaluations(&self) -> usize {
        (2 * self.schedule.steps.saturating_sub(self.skip)).saturating_sub(1)
    }

    /// Runs the algorithm on `x` (of which only the shape matters when no step is skipped).
    /// `progress` hears how many of the steps are done, and may stop the run with an error.
    ///
    /// # Errors
    /// When `skip` leaves no step, or the denoiser, the condition or `progress` fails.
    pub fn sample(
        &self,
        denoiser: &(impl Denoiser + ?Sized),
        x: Batch,
        seed: u64,
        mut condition: Option<&mut dyn Condition>,
        mut progress: impl FnMut(usize) -> Result<()>,
    ) -> Result<Batch> {
        let t = self.schedule.levels()?;
        let n = self.schedule.steps;
        if self.skip >= n {
            return Err(Error::value(
                "skip",
                format!("{} of {n} steps leaves none", self.skip),
            ));
        }
        let mut noise = Noise::new(seed);
        let mut x = if self.skip == 0 {
            Batch::zeros(x.dim())
        } else {
            x
        };
        noise.add(&mut x, t[self.skip]);
        for i in self.skip..n {
            let churned = (self.churn_min..=self.churn_max).contains(&t[i]);
            let gamma = (self.churn / n as f64).min(2f64.sqrt() - 1.0);
            let t_hat = t[i] + if churned { gamma * t[i] } else { 0.0 };
            let mut x_hat = x;
            noise.add(
                &mut x_hat,
                self.churn_noise * (t_hat * t_hat - t[i] * t[i]).sqrt(),
            );
            let step = t[i + 1] - t_hat;
            let d = slope(&x_hat, denoiser.denoise(&x_hat, t_hat)?, t_hat);
            x = moved(&x_hat, step, &d);
            if t[i + 1] > 0.0 {
                let d_next = slope(&x, denoiser.denoise(&x, t[i + 1])?, t[i + 1]);
                x = moved(&x_hat, 0.5 * step, &d);
                x.scaled_add((0.5 * step) as f32, &d_next);
            }
            if let Some(condition) = &mut condition {
                condition.apply(&mut x, i, t[i + 1])?;
            }
            progress(i + 1)?;
        }
        Ok(x)
    }
}

/// `(x - D) / t`, in the place of `D`.
fn slope(x: &Batch, mut denoised: Batch, t: f64) -> Batch {
    let rate = (1.0 / t) as f32;
    denoised.zip_mut_with(x, |d, x| *d = (x - *d) * rate);
    denoised
}

fn moved(x: &Batch, step: f64, d: &Batch) -> Batch {
    let mut x = x.clone();
    x.scaled_add(step as f32, d);
    x
}

/// Normal noise, the same for the same seed, whatever the number of threads.
struct Noise(ChaCha8Rng);

impl Noise {
    fn new(seed: u64) -> Self {
        Noise(ChaCha8Rng::seed_from_u64(seed))
    }

    fn add(&mut self, x: &mut Batch, deviation: f64) {
        if deviation > 0.0 {
            x.mapv_inplace(|value| {
                let normal: f64 = StandardNormal.sample(&mut self.0);
                value + (deviation * normal) as f32
            });
        }
    }
}
