//! Algorithm 3: from the parameters of a kernel to a structure.

#[cfg(test)]
mod tests;

use crate::diffusion::{self, Denoiser, MeanCorrection};
use crate::microstructure::{Field, Grid};
use crate::random_field::{self, Images, Mogrf, MosmKernel, MosmParameters};
use crate::training::centred;
use crate::{Error, Result};
use ndarray::Axis;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Local-global sampling (paper Algorithm 3): a random field sets the statistics, and the later
/// steps of a diffusion model refine its neighbourhoods.
///
/// The field gets noise of the level of the first step that is not skipped (SDEdit), and the
/// sampler goes on from there, with the mean of each channel moved to zero after every step
/// (appendix A.3). The more steps are skipped, the better the structure keeps the statistics and
/// the less the model can do for its neighbourhoods.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocalGlobal {
    /// How the random field is drawn.
    pub random_field: random_field::Sampler,
    /// How it is refined; `skip` is the sampler's.
    pub refinement: diffusion::Sampler,
}

impl Default for LocalGlobal {
    /// The paper's: Algorithm 1, and 25 steps of which 12 are skipped.
    fn default() -> Self {
        LocalGlobal {
            random_field: random_field::Sampler::Algorithm1,
            refinement: diffusion::Sampler {
                skip: 12,
                ..diffusion::Sampler::default()
            },
        }
    }
}

/// What is random in a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeds {
    /// Of the random field.
    pub random_field: u64,
    /// Of the noise that the refinement adds.
    pub refinement: u64,
}

/// A structure with the field that it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Structure {
    /// The random field.
    pub random_field: Field,
    /// The structure: the same channels, each of mean zero. Its voxels are in general not the
    /// ROGSH values of an orientation until a mean is added (see
    /// [`with_mean`](crate::random_field::with_mean)).
    pub field: Field,
    /// Seconds from parameters to random field.
    pub random_field_seconds: f64,
    /// Seconds from random field to structure.
    pub refinement_seconds: f64,
    /// How often the denoiser was asked.
    pub evaluations: usize,
}

/// Voxels of the grid for which the paper chose its noise levels, 128^3.
const PAPER_VOXELS: f64 = 128.0 * 128.0 * 128.0;

impl LocalGlobal {
    /// The same with `skip` set so that white noise leaves as much of the random field as on the
    /// paper's 128^3, where 12 of 25 steps are skipped.
    ///
    /// Statistics are designed in parts of the domain, noise is added by the voxel: a wave of the
    /// field is spread over as many voxels as the grid has, and stands out from noise of standard
    /// deviation `σ` by the ratio `voxels / σ²`. So the level goes with the root of the number of
    /// voxels, and `skip` becomes the step of the schedule whose level is nearest: of 25 steps 15
    /// are skipped at 64^3, and 17 at 32^3. This is what noise does; what a model then does to
    /// patterns no larger than its grains is not in it (row R23 of the register).
    ///
    /// # Errors
    /// When the schedule makes no sense, or starts below the level.
    pub fn on_grid(mut self, grid: &Grid) -> Result<Self> {
        let papers = LocalGlobal::default().refinement;
        let voxels: usize = grid.shape.iter().product();
        let share = voxels as f64 / PAPER_VOXELS;
        let wanted = papers.schedule.levels()?[papers.skip] * share.sqrt();
        let levels = self.refinement.schedule.levels()?;
        let apart = |level: f64| (level / wanted).ln().abs();
        // With no step skipped the field would not count, and the last level is zero.
        let nearest = (1..self.refinement.schedule.steps)
            .min_by(|&a, &b| apart(levels[a]).total_cmp(&apart(levels[b])));
        match nearest.filter(|_| wanted <= levels[0]) {
            Some(skip) => self.refinement.skip = skip,
            None => {
                let problem = format!(
                    "{} steps from {} have none at level {wanted:.3}, which suits {grid}",
                    self.refinement.schedule.steps, levels[0]
                );
                return Err(Error::value("noise schedule", problem));
            }
        }
        Ok(self)
    }

    /// A structure with the statistics of a kernel on a periodic grid. `progress` hears how many
    /// of the refinement's steps are done, those skipped included, and may stop with an error.
    ///
    /// # Errors
    /// When the parameters are not valid, the grid is too coarse for them or does not fit the
    /// denoiser, `skip` leaves no step, or `progress` fails.
    pub fn structure(
        &self,
        parameters: &MosmParameters,
        denoiser: &(impl Denoiser + ?Sized),
        grid: &Grid,
        seeds: Seeds,
        progress: impl FnMut(usize) -> Result<()>,
    ) -> Result<Structure> {
        let start = Instant::now();
        let kernel = MosmKernel::new(parameters)?;
        let random_field = Mogrf::of_kernel(&kernel, grid, Images::All)?
            .sample(self.random_field, seeds.random_field)?;
        let random_field_seconds = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let field = self.refine(denoiser, &random_field, seeds.refinement, progress)?;
        Ok(Structure {
            random_field,
            field,
            random_field_seconds,
            refinement_seconds: start.elapsed().as_secs_f64(),
            evaluations: self.refinement.evaluations(),
        })
    }

    /// A structure from a field of any origin, on its grid and with its channels' names. Means are
    /// taken away before, since local models know volumes of mean zero only.
    ///
    /// # Errors
    /// When voxels of the field are not valid, it does not fit the denoiser, `skip` leaves no step,
    /// or `progress` fails.
    pub fn refine(
        &self,
        denoiser: &(impl Denoiser + ?Sized),
        field: &Field,
        seed: u64,
        progress: impl FnMut(usize) -> Result<()>,
    ) -> Result<Field> {
        let start = centred(field)?.insert_axis(Axis(0));
        let mut mean = MeanCorrection::zero(field.channels().len());
        let refined = self
            .refinement
            .sample(denoiser, start, seed, Some(&mut mean), progress)?;
        let refined = refined.index_axis_move(Axis(0), 0);
        Field::new(*field.grid(), field.channels().iter().cloned(), refined)
    }
}
