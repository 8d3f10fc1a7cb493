//! What is known of a volume, and how a sampler is made to keep to it (paper Algorithm 4).
//!
//! Four ways, from the paper's to the most faithful; `x` is the noisy field, `t` its noise level,
//! `n` white noise, `y` are the known values, and `k` and `m` the known and the missing voxels:
//!
//! | [`Consistency`] | after each update | in the denoised estimate |
//! | --- | --- | --- |
//! | `AsPrinted` | `x_k = y` | |
//! | `NoiseConsistent` | `x_k = y + t n` | |
//! | `Replaced` | | `D_k = y` |
//! | `Guided` | | `D + J u` with `(J u)_k = y - D_k`, then `D_k = y` |
//!
//! On a Gaussian prior the conditional distribution of `x_m` given `y` is known in closed form,
//! and tests compare: only `Guided`, iterated to the end, samples from it. With the others the mean
//! of a missing voxel is off by up to 0.7 or 0.8 of its standard deviation in the test, since they
//! see `y` too weakly while the noise is high: the denoiser takes clean values for noisy ones, or
//! the missing voxels were not drawn together with the noise that the known ones are given; what is
//! missed then cannot be made up for at low noise. Resampling
//! ([`Sampler::resampling`](crate::diffusion::Sampler::resampling)) narrows the gap: eight times,
//! with `NoiseConsistent`, to a quarter.

mod consistent;
mod replacement;
#[cfg(test)]
mod tests;

pub use consistent::ConsistentDenoiser;
pub use replacement::KnownVoxels;

use super::Mask;
use crate::diffusion::Batch;
use crate::microstructure::{Field, Grid, shift_channels};
use crate::statistics::means;
use crate::{Error, Result};
use ndarray::{Array4, Axis, Zip};
use serde::{Deserialize, Serialize};

/// How a sampler is made to keep to the known values, see the module's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Consistency {
    /// Algorithm 4 as printed: clean values are put into the noisy field.
    AsPrinted,
    /// The known values with noise of the field's level, drawn anew each time, as in RePaint.
    NoiseConsistent,
    /// The known values are put into the denoised estimate, at every evaluation.
    Replaced,
    /// A step along the gradient of the misfit as well, see [`ConsistentDenoiser`].
    Guided {
        /// Steps of conjugate gradients, each of which costs one more evaluation.
        iterations: usize,
    },
}

/// The known voxels of a volume: their values less their mean, since a denoiser knows fields of
/// mean zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    grid: Grid,
    channels: Vec<String>,
    mask: Mask,
    mean: Vec<f64>,
    values: Array4<f32>,
}

impl Known {
    /// What is known: the field's values within its mask, see [`Mask::observe`].
    ///
    /// # Errors
    /// When no voxel is known, or a known value is not finite.
    pub fn of(observed: &Field) -> Result<Self> {
        let mask = Mask::of(observed);
        if mask.count() == 0 {
            return Err(Error::value("known voxels", "there are none"));
        }
        let mean = means(observed)?;
        let mut known = Known {
            grid: *observed.grid(),
            channels: observed.channels().to_vec(),
            mask,
            values: Array4::zeros(observed.data().dim()),
            mean,
        };
        let mut values = known.centred(observed)?;
        for mut channel in values.axis_iter_mut(Axis(0)) {
            Zip::from(&mut channel)
                .and(known.mask.known())
                .for_each(|value, known| {
                    if !known {
                        *value = 0.0;
                    }
                });
        }
        known.values = values;
        Ok(known)
    }

    /// The volume's grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Which voxels are known.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// The mean of each channel over the known voxels.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The known values less their mean, zero elsewhere; axes `channel, x, y, z`.
    pub fn values(&self) -> &Array4<f32> {
        &self.values
    }

    /// Another field of this volume, less the mean of the known voxels.
    ///
    /// # Errors
    /// When its shape is another.
    pub fn centred(&self, field: &Field) -> Result<Array4<f32>> {
        let (expected, found) = (self.values.shape(), field.data().shape());
        if expected != found {
            return Err(Error::shape("field of the volume", expected, found));
        }
        Ok(self.shifted(field.data().to_owned(), -1.0))
    }

    /// The field of values that had the mean taken away.
    ///
    /// # Errors
    /// When the shape is another.
    pub fn restored(&self, values: Array4<f32>) -> Result<Field> {
        Field::new(self.grid, &self.channels, self.shifted(values, 1.0))
    }

    fn shifted(&self, mut values: Array4<f32>, sign: f64) -> Array4<f32> {
        shift_channels(values.view_mut(), self.mean.iter().map(|mean| sign * mean));
        values
    }

    /// Calls `change` with each known value and its place in each of the fields of a batch.
    ///
    /// # Errors
    /// When the fields are of another shape.
    pub(super) fn each(&self, x: &mut Batch, mut change: impl FnMut(&mut f32, f32)) -> Result<()> {
        self.fits(x)?;
        for mut field in x.outer_iter_mut() {
            for (mut channel, values) in field.outer_iter_mut().zip(self.values.outer_iter()) {
                Zip::from(&mut channel)
                    .and(&values)
                    .and(self.mask.known())
                    .for_each(|x, y, known| {
                        if *known {
                            change(x, *y);
                        }
                    });
            }
        }
        Ok(())
    }

    pub(super) fn fits(&self, x: &Batch) -> Result<()> {
        if x.shape()[1..] == *self.values.shape() {
            return Ok(());
        }
        let what = "fields to keep to known voxels (channel, x, y, z)";
        Err(Error::shape(what, self.values.shape(), &x.shape()[1..]))
    }
}
