//! One volume from what is known of it, by conditional sampling (paper 5.2, Algorithms 2 and 4).

#[cfg(test)]
mod tests;

use super::{Consistency, ConsistentDenoiser, Interpolation, Known, KnownVoxels, Projection};
use crate::diffusion::{Batch, Denoiser, Sampler};
use crate::microstructure::Field;
use crate::{Error, Result};
use ndarray::Axis;
use serde::{Deserialize, Serialize};

/// Where sampling begins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Start {
    /// With noise alone, as in the paper.
    Noise,
    /// With an interpolation to which noise of a middle level is added: what the known voxels say
    /// plainly is then not up to the model.
    Interpolation {
        /// Which one.
        of: Interpolation,
        /// The noise level; sampling begins at the schedule's first that is not above it.
        sigma: f64,
    },
}

/// How missing voxels are filled in. The steps in their order: the mean of the known voxels is
/// taken away, since the model knows fields of mean zero; the field is sampled from its start;
/// it is polished; the mean is given back; and missing voxels are projected.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inpainting {
    /// The sampler; its `skip` follows from the start.
    pub sampler: Sampler,
    /// How it is made to keep to the known values.
    pub consistency: Consistency,
    /// The first share of the steps in which it is: the paper's `θ`.
    pub theta: f64,
    /// Where it begins.
    pub start: Start,
    /// A noise level from which the field is sampled once more, without any condition, at the end:
    /// what did not fit the known voxels is smoothed, and these are changed.
    pub polish: Option<f64>,
    /// The projection onto orientations seen nearby.
    pub projection: Option<Projection>,
}

impl Default for Inpainting {
    /// The paper's: Algorithm 4 as printed, from noise, with `θ` of 75 %.
    fn default() -> Self {
        Inpainting {
            sampler: Sampler::default(),
            consistency: Consistency::AsPrinted,
            theta: 0.75,
            start: Start::Noise,
            polish: None,
            projection: None,
        }
    }
}

impl Inpainting {
    /// A volume drawn from those that the denoiser knows, as far as it has the known values. The
    /// same seed gives the same bits. `progress` hears how many of how many steps are done, and may
    /// end the run with an error.
    ///
    /// # Errors
    /// When no voxel is known, a setting makes no sense, the start is an interpolation that the
    /// known voxels do not allow, the denoiser or `progress` fails, or a value is not finite.
    pub fn sample(
        &self,
        denoiser: &dyn Denoiser,
        observed: &Field,
        seed: u64,
        progress: &mut dyn FnMut(usize, usize) -> Result<()>,
    ) -> Result<Field> {
        self.check()?;
        let known = Known::of(observed)?;
        let sampler = self.conditional()?;
        let polish = self.polishing()?;
        let begun = match self.start {
            Start::Noise => known.values().clone(),
            Start::Interpolation { of, .. } => known.centred(&of.fill(observed)?)?,
        };
        let left = |sampler: &Sampler| sampler.schedule.steps - sampler.skip;
        let first = left(&sampler);
        let all = first + polish.as_ref().map_or(0, left);
        let x = self.condition(
            denoiser,
            &known,
            begun.insert_axis(Axis(0)),
            seed,
            &mut |step| progress(step - sampler.skip, all),
        )?;
        let x = match polish {
            None => x,
            // Other noise than before, decided by the same seed.
            Some(polish) => polish.sample(denoiser, x, !seed, None, |step| {
                progress(first + step - polish.skip, all)
            })?,
        };
        let field = known.restored(x.index_axis_move(Axis(0), 0))?;
        match &self.projection {
            None => Ok(field),
            Some(projection) => projection.apply(observed, &[field]),
        }
    }

    /// Evaluations of the denoiser for one sample; iterations that converge early leave out some.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub fn evaluations(&self) -> Result<usize> {
        let each = match self.consistency {
            Consistency::Guided { iterations } => 1 + iterations,
            _ => 1,
        };
        let polish = self.polishing()?.map_or(0, |p| p.evaluations());
        Ok(each * self.conditional()?.evaluations() + polish)
    }

    fn check(&self) -> Result<()> {
        if (0.0..=1.0).contains(&self.theta) {
            return Ok(());
        }
        let problem = format!("{}: expected a share of the steps, 0 to 1", self.theta);
        Err(Error::value("theta", problem))
    }

    fn conditional(&self) -> Result<Sampler> {
        match self.start {
            Start::Noise => Ok(Sampler {
                skip: 0,
                ..self.sampler
            }),
            Start::Interpolation { sigma, .. } => self.sampler.starting_at(sigma),
        }
    }

    fn polishing(&self) -> Result<Option<Sampler>> {
        let polish = |sigma| {
            let once = Sampler {
                resampling: 1,
                ..self.sampler
            };
            once.starting_at(sigma)
        };
        self.polish.map(polish).transpose()
    }

    fn condition(
        &self,
        denoiser: &dyn Denoiser,
        known: &Known,
        x: Batch,
        seed: u64,
        progress: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Batch> {
        let sampler = self.conditional()?;
        let (theta, steps) = (self.theta, sampler.schedule.steps);
        let iterations = match self.consistency {
            Consistency::AsPrinted => {
                let mut condition = KnownVoxels::as_printed(known, theta, steps);
                return sampler.sample(denoiser, x, seed, Some(&mut condition), progress);
            }
            Consistency::NoiseConsistent => {
                let mut condition = KnownVoxels::noise_consistent(known, theta, steps, seed);
                return sampler.sample(denoiser, x, seed, Some(&mut condition), progress);
            }
            Consistency::Replaced => 0,
            Consistency::Guided { iterations } => iterations,
        };
        let consistent = ConsistentDenoiser::new(denoiser, known, iterations, theta, &sampler)?;
        sampler.sample(&consistent, x, seed, None, progress)
    }
}
