//! The multi-output Gaussian random field and its two samplers.

use super::density::Density;
use super::noise::Noise;
use super::{Images, MosmKernel, algorithm1, channel_names, full};
use crate::microstructure::{Field, Grid, shift_channels};
use crate::statistics::{Moment, Pairs, Real, TwoPoint};
use crate::{Error, Result};
use ndarray::Array4;
use serde::{Deserialize, Serialize};

/// How a field is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sampler {
    /// Algorithm 1 of the paper: channel 0 is filtered white noise, and every other channel is a
    /// linear filter of channel 0.
    ///
    /// It enforces the autocovariance of channel 0 and its cross-covariances with the others, no
    /// more: channel `γ` itself has the power `|F_0γ|² / F_00` at each frequency, which is at most
    /// the target `F_γγ`. All channels carry one and the same noise, so where the kernel asks for
    /// channels that vary on their own, the data vary less than designed, and every frequency of
    /// the field moves along one line in ROGSH space. Within the paper's bounds this is most of
    /// the variance: there the channels of a mixture lie at different frequencies, and channels 1
    /// and 2 keep 8 % of their variance on median over 100 sets (80 % of them between 1 and 32 %).
    #[default]
    Algorithm1,
    /// Factors the `H x H` spectral matrix at each frequency, with one noise a channel: all auto-
    /// and cross-covariances are the target's.
    Full,
}

/// A multi-output Gaussian random field (MOGRF): stationary, periodic and of given mean and
/// covariances (paper A.5).
///
/// Draws have the mean exactly, in each field and not only on average: Algorithm 1 leaves the zero
/// frequency out. So a draw's covariances are the target's less their average over all
/// displacements.
#[derive(Debug, Clone)]
pub struct Mogrf {
    grid: Grid,
    channels: Vec<String>,
    mean: Vec<f64>,
    target: Target,
}

#[derive(Debug, Clone)]
enum Target {
    Kernel(MosmKernel, Images),
    Covariance(Box<TwoPoint>),
}

impl Mogrf {
    /// The field with a kernel's covariances, of mean zero, on a grid that spans the kernel's
    /// domain. Three channels are named as the ROGSH values.
    ///
    /// # Errors
    /// When the grid is too coarse for the kernel.
    pub fn of_kernel(kernel: &MosmKernel, grid: &Grid, images: Images) -> Result<Self> {
        kernel.resolved_on(grid.shape)?;
        Ok(Mogrf {
            grid: *grid,
            channels: channel_names(kernel.channels()),
            mean: vec![0.0; kernel.channels()],
            target: Target::Kernel(kernel.clone(), images),
        })
    }

    /// The field with these periodic covariances or statistics, such as measured ones, and their
    /// mean.
    ///
    /// # Errors
    /// When they are not periodic, or not known at every displacement of their grid.
    pub fn of_covariance(covariance: &TwoPoint) -> Result<Self> {
        // Found here rather than at the first draw.
        Density::<f32>::of_covariance(covariance, &Pairs::Chosen(covariance.pairs().to_vec()))?;
        Ok(Mogrf {
            grid: *covariance.grid(),
            channels: covariance.channels().to_vec(),
            mean: covariance.mean().to_vec(),
            target: Target::Covariance(Box::new(covariance.clone())),
        })
    }

    /// The same field with another mean, one number a channel.
    ///
    /// # Errors
    /// When there are more or fewer means than channels.
    pub fn with_mean(mut self, mean: &[f64]) -> Result<Self> {
        if mean.len() != self.channels.len() {
            return Err(Error::shape("means", self.channels.len(), mean.len()));
        }
        self.mean = mean.to_vec();
        Ok(self)
    }

    /// The grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// One draw. The same seed gives the same bits on any number of threads, and of a kernel the
    /// same structure on any grid.
    ///
    /// Memory beside the field of `H` channels: two half-spectra for Algorithm 1, `H + 1` for the
    /// full sampler, each of the size of a channel; and one more for each covariance where these
    /// are given as numbers instead of a kernel.
    ///
    /// # Errors
    /// When a covariance is missing that the sampler needs; for the full sampler, when the
    /// covariances are indefinite by more than rounding and a finite box explain: the message holds
    /// the worst eigenvalue.
    pub fn sample(&self, sampler: Sampler, seed: u64) -> Result<Field> {
        let [nx, ny, nz] = self.grid.shape;
        let noise = Noise::new(seed, self.grid.shape);
        let mut data = Array4::zeros((self.channels.len(), nx, ny, nz));
        let values = data
            .as_slice_mut()
            .expect("an array just made is contiguous");
        match sampler {
            Sampler::Algorithm1 => {
                algorithm1::draw(&self.density(&Pairs::WithFirst)?, &noise, values)?;
            }
            Sampler::Full => full::draw(&self.density(&Pairs::All)?, &noise, values)?,
        }
        if self.mean.iter().any(|mean| *mean != 0.0) {
            shift_channels(data.view_mut(), self.mean.iter().copied());
        }
        Field::new(self.grid, self.channels.clone(), data)
    }

    /// The covariances that draws of a sampler have on average: for [`Sampler::Full`] the target's,
    /// for [`Sampler::Algorithm1`] those with `|F_0γ|² / F_00` in the place of `F_γγ` (and
    /// `conj(F_0β) F_0γ / F_00` of `F_βγ`), both without their zero frequency.
    ///
    /// # Errors
    /// When a covariance is missing that the sampler needs.
    pub fn expected(&self, sampler: Sampler) -> Result<TwoPoint> {
        let channels = self.channels.len();
        let values = match sampler {
            Sampler::Algorithm1 => {
                algorithm1::expected(&self.density(&Pairs::WithFirst)?, channels)?
            }
            Sampler::Full => full::expected(&self.density(&Pairs::All)?)?,
        };
        TwoPoint::new(
            self.grid,
            self.channels.clone(),
            &Pairs::All,
            Moment::Covariance,
            self.mean.clone(),
            values,
        )
    }

    fn density<T: Real>(&self, pairs: &Pairs) -> Result<Density<T>> {
        match &self.target {
            Target::Kernel(kernel, images) => {
                Density::of_kernel(kernel, self.grid.shape, pairs, *images)
            }
            Target::Covariance(covariance) => Density::of_covariance(covariance, pairs),
        }
    }
}

/// The same field with its channels' means moved to these: diversity of the mean, which the paper
/// leaves out of the generation because it can be added at any step (B.2).
///
/// # Errors
/// When there are more or fewer means than channels, or the field's own means cannot be taken.
pub fn with_mean(field: &Field, mean: &[f64]) -> Result<Field> {
    let own = crate::statistics::means(field)?;
    if mean.len() != own.len() {
        return Err(Error::shape("means", own.len(), mean.len()));
    }
    let by: Vec<f64> = mean.iter().zip(own).map(|(mean, own)| mean - own).collect();
    field.shifted(&by)
}

#[cfg(test)]
mod tests;
