//! Algorithm 2: the stochastic second-order sampler, and a faster one.

mod multistep;

use super::{Batch, Condition, Denoiser, Schedule};
use crate::{Error, Result};
use multistep::Multistep;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// How a step is taken from one noise level to the next.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Solver {
    /// The paper's: noise is added (the churn), and Heun's method removes it and the step's, with
    /// two evaluations of the denoiser.
    #[default]
    Heun,
    /// DPM-Solver++(2M), a method of second order with one evaluation a step, which remembers that
    /// of the step before. There is no churn.
    Multistep {
        /// How much of the noise is removed and drawn anew on the way: none at zero, and at 1 as
        /// much as the reversed diffusion has.
        eta: f64,
    },
    /// The denoised estimate with new noise of the next level, as the multistep sampling of
    /// consistency models does it (Song et al., 2023) and, for conditions on the estimate, DiffPIR
    /// with `ζ = 1` (Zhu et al., 2023). One evaluation a step, and no churn.
    ///
    /// Nothing but the estimate goes on from step to step, so that what a denoiser of conditioned
    /// estimates changes is not brought back by the noise that a field had. (A [`Condition`] comes
    /// after the new noise, as with all solvers.) The price: estimates vary less than clean fields,
    /// and what they lack is not made up.
    Renoised,
}

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
    /// How steps are taken.
    pub solver: Solver,
    /// `S_churn`: how much noise is added and removed again on the way. Zero makes the sampler
    /// deterministic after its start.
    pub churn: f64,
    /// `S_tmin`: no churn below this level.
    pub churn_min: f64,
    /// `S_tmax`: no churn above this level.
    pub churn_max: f64,
    /// `S_noise`: standard deviation of the churn's noise.
    pub churn_noise: f64,
    /// How often each step is done: 1 in Algorithm 2. After each time but the last, noise takes the
    /// fields back to the level that the step started from (RePaint's resampling, Lugmayr et al.,
    /// 2022), so that what a condition has put in and the rest of a field come to suit each other.
    pub resampling: usize,
}

impl Default for Sampler {
    /// The paper's values, which are EDM's; no step is skipped.
    fn default() -> Self {
        Sampler {
            schedule: Schedule::default(),
            skip: 0,
            solver: Solver::Heun,
            churn: 40.0,
            churn_min: 0.05,
            churn_max: 50.0,
            churn_noise: 1.003,
            resampling: 1,
        }
    }
}

impl Sampler {
    /// Network evaluations of a whole run. Heun's method takes two a step and one in the last, the
    /// others one a step; each as often as steps are repeated.
    pub fn evaluations(&self) -> usize {
        let steps = self.schedule.steps.saturating_sub(self.skip);
        let once = match self.solver {
            Solver::Heun => (2 * steps).saturating_sub(1),
            Solver::Multistep { .. } | Solver::Renoised => steps,
        };
        self.resampling * once
    }

    /// The same, started from the first noise level that is not above `sigma`.
    ///
    /// # Errors
    /// When no level of the schedule but zero is as low, or the schedule makes no sense.
    pub fn starting_at(self, sigma: f64) -> Result<Self> {
        let levels = self.schedule.levels()?;
        let skip = levels
            .iter()
            .position(|level| *level <= sigma * (1.0 + ROUNDING));
        match skip.filter(|skip| *skip < self.schedule.steps) {
            Some(skip) => Ok(Sampler { skip, ..self }),
            None => Err(Error::value(
                "noise level to start from",
                format!("{sigma}: the schedule ends at {}", self.schedule.sigma_min),
            )),
        }
    }

    /// Runs the algorithm on `x` (of which only the shape matters when no step is skipped).
    /// `progress` hears how many of the steps are done, and may stop the run with an error.
    ///
    /// # Errors
    /// When `skip` or `resampling` leaves no step, `eta` is negative, the denoiser, the condition or
    /// `progress` fails, or a value that comes out is not finite.
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
        if self.resampling == 0 {
            return Err(Error::value(
                "resampling",
                "0 times leaves no step; 1 is as printed",
            ));
        }
        let mut noise = Noise::new(seed);
        let mut x = if self.skip == 0 {
            Batch::zeros(x.dim())
        } else {
            x
        };
        noise.add(&mut x, t[self.skip]);
        if let Solver::Multistep { eta } = self.solver
            && !(eta >= 0.0 && eta.is_finite())
        {
            return Err(Error::value("eta", format!("{eta} is not 0 or more")));
        }
        let mut multistep = Multistep::default();
        for i in self.skip..n {
            let levels = [t[i], t[i + 1]];
            for time in 1..=self.resampling {
                x = match self.solver {
                    Solver::Heun => self.heun(denoiser, x, levels, &mut noise)?,
                    Solver::Multistep { eta } => {
                        multistep.step(denoiser, x, levels, eta, &mut noise)?
                    }
                    Solver::Renoised => {
                        let mut denoised = denoiser.denoise(&x, levels[0])?;
                        noise.add(&mut denoised, levels[1]);
                        denoised
                    }
                };
                if let Some(condition) = &mut condition {
                    condition.apply(&mut x, i, t[i + 1])?;
                }
                if time < self.resampling {
                    noise.add(&mut x, (t[i] * t[i] - t[i + 1] * t[i + 1]).sqrt());
                    // What it remembers is of a level that the fields have been taken back from.
                    multistep = Multistep::default();
                }
            }
            progress(i + 1)?;
        }
        if let Some((at, value)) = x.indexed_iter().find(|(_, v)| !v.is_finite()) {
            let problem = format!("{value} at {at:?}: the denoiser does not fit the data");
            return Err(Error::numerical("sampling", problem));
        }
        Ok(x)
    }

    /// `t_hat`: the level at which the denoiser is first asked in the step that begins at `t`.
    pub(crate) fn churned(&self, t: f64) -> f64 {
        let churns = self.solver == Solver::Heun && (self.churn_min..=self.churn_max).contains(&t);
        let gamma = (self.churn / self.schedule.steps as f64).min(2f64.sqrt() - 1.0);
        t + if churns { gamma * t } else { 0.0 }
    }

    /// A step of Algorithm 2: up by the churn to `t_hat`, and down to `t_next`.
    fn heun(
        &self,
        denoiser: &(impl Denoiser + ?Sized),
        mut x_hat: Batch,
        [t, t_next]: [f64; 2],
        noise: &mut Noise,
    ) -> Result<Batch> {
        let t_hat = self.churned(t);
        noise.add(
            &mut x_hat,
            self.churn_noise * (t_hat * t_hat - t * t).sqrt(),
        );
        let step = t_next - t_hat;
        let d = slope(&x_hat, denoiser.denoise(&x_hat, t_hat)?, t_hat);
        let mut x = moved(&x_hat, step, &d);
        if t_next > 0.0 {
            let d_next = slope(&x, denoiser.denoise(&x, t_next)?, t_next);
            x = moved(&x_hat, 0.5 * step, &d);
            x.scaled_add((0.5 * step) as f32, &d_next);
        }
        Ok(x)
    }
}

/// What the ends of a schedule may be off for the powers that they are made of.
const ROUNDING: f64 = 1e-9;

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

/// Fields with normal noise of deviation `sigma` added: with the same seed, what a sampler that
/// starts at this level starts from.
pub fn with_noise(x: &Batch, sigma: f64, seed: u64) -> Batch {
    let mut noisy = x.clone();
    Noise::new(seed).add(&mut noisy, sigma);
    noisy
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
