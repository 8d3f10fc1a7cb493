//! How good a reconstruction is.
//!
//! Everything is measured at the missing voxels, which is harder than over all voxels: with every
//! fourth slice known, an error over all voxels is three quarters of it.

mod boundary;
mod calibration;
mod seam;
#[cfg(test)]
mod tests;
mod turned;
mod values;

pub use boundary::{NEAR, near_boundaries};
pub use calibration::{Calibration, CalibrationBin};
pub use seam::Seam;
pub use turned::misorientations;
pub use values::{covariance_error, mean_absolute_error, mean_absolute_percentage_error};

use super::Mask;
use crate::Result;
use crate::microstructure::Field;
use serde::{Deserialize, Serialize};

/// An orientation further away than this, in degrees, is another orientation.
pub const SAME_ORIENTATION: f64 = 5.0;

/// A reconstruction beside the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Mean absolute error over the range of each channel
    /// ([`ROGSH_RANGE`](crate::orientation::ROGSH_RANGE)), averaged over channels.
    pub mean_absolute_error: f64,
    /// The paper's pointwise MAPE: the mean of `|(truth - made) / truth|` over voxels and channels.
    /// It explodes where the truth is near zero (R13).
    pub mape: f64,
    /// The share of voxels whose orientation is within [`SAME_ORIENTATION`] of the truth, as far as
    /// ROGSH values tell orientations apart.
    pub same_orientation: f64,
    /// The share of voxels that are not, of those within [`NEAR`] voxels of a grain boundary; none
    /// where no missing voxel is.
    pub boundary_error: Option<f64>,
    /// Root mean square error of all covariances of the whole volume, relative to their own.
    pub covariance_error: f64,
    /// The jump between known and missing neighbours over that between missing ones; none where
    /// missing voxels have no missing neighbours.
    pub seam: Option<f64>,
    /// The same of the truth.
    pub true_seam: Option<f64>,
}

impl Measures {
    /// Compares at the voxels that are missing in `known` and valid in the truth.
    ///
    /// # Errors
    /// When the fields are not ROGSH fields of one shape, or no voxel is left to compare.
    pub fn of(truth: &Field, known: &Mask, made: &Field) -> Result<Self> {
        let missing = known.complement().intersection(&Mask::of(truth))?;
        let turned = misorientations(truth, made, &missing)?;
        let share = |at: &Mask| {
            let there = at.as_slice().iter().zip(&turned).filter(|(at, _)| **at);
            let (wrong, all) = there.fold((0usize, 0usize), |(wrong, all), (_, turned)| {
                let far = f64::from(*turned) > SAME_ORIENTATION;
                (wrong + usize::from(far), all + 1)
            });
            (all > 0).then(|| wrong as f64 / all as f64)
        };
        let near = near_boundaries(truth)?.intersection(&missing)?;
        Ok(Measures {
            mean_absolute_error: mean_absolute_error(truth, made, &missing)?,
            mape: mean_absolute_percentage_error(truth, made, &missing)?,
            same_orientation: 1.0 - share(&missing).unwrap_or(0.0),
            boundary_error: share(&near),
            covariance_error: covariance_error(truth, made)?,
            seam: Seam::of(made, known, &missing)?.ratio(),
            true_seam: Seam::of(truth, known, &missing)?.ratio(),
        })
    }
}
