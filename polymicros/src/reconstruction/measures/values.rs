//! Errors of values and of their statistics.

use crate::microstructure::Field;
use crate::orientation::{ROGSH_NAMES, ROGSH_RANGE};
use crate::reconstruction::Mask;
use crate::statistics::{Cutoff, Pairs, TwoPoint};
use crate::{Error, Result};

/// The mean absolute error at the voxels of `at`, in units of each channel's range over all
/// orientations, averaged over channels.
///
/// # Errors
/// When the fields are not ROGSH fields of one shape, or `at` has no voxel.
pub fn mean_absolute_error(truth: &Field, made: &Field, at: &Mask) -> Result<f64> {
    average(truth, made, at, |c, truth, made| {
        let [low, high] = ROGSH_RANGE[c];
        (made - truth).abs() / (high - low)
    })
}

/// The mean of `|(truth - made) / truth|` at the voxels of `at`, over voxels and channels. Values
/// that are exactly zero have no relative error and are left out.
///
/// # Errors
/// As [`mean_absolute_error`].
pub fn mean_absolute_percentage_error(truth: &Field, made: &Field, at: &Mask) -> Result<f64> {
    average(truth, made, at, |_, truth, made| match truth {
        0.0 => f64::NAN,
        _ => ((truth - made) / truth).abs(),
    })
}

/// The mean of `error(channel, truth, made)`, where that is a number.
fn average(
    truth: &Field,
    made: &Field,
    at: &Mask,
    error: impl Fn(usize, f64, f64) -> f64,
) -> Result<f64> {
    comparable(truth, made)?;
    at.fits(truth.grid().shape)?;
    let voxels = truth.grid().voxels();
    let (mut sum, mut count) = (0.0, 0usize);
    let values = truth.as_slice().iter().zip(made.as_slice()).enumerate();
    for (index, (truth, made)) in values {
        if at.as_slice()[index % voxels] {
            let error = error(index / voxels, f64::from(*truth), f64::from(*made));
            if !error.is_nan() {
                sum += error;
                count += 1;
            }
        }
    }
    if count == 0 {
        return Err(Error::value("comparison", "no voxel to compare at"));
    }
    Ok(sum / count as f64)
}

/// # Errors
/// When the two are not ROGSH fields of one shape.
pub(super) fn comparable(truth: &Field, made: &Field) -> Result<()> {
    for field in [truth, made] {
        if field.channels() != ROGSH_NAMES {
            return Err(Error::shape(
                "channels of a ROGSH field",
                ROGSH_NAMES,
                field.channels(),
            ));
        }
    }
    if truth.data().shape() != made.data().shape() {
        let (expected, found) = (truth.data().shape(), made.data().shape());
        return Err(Error::shape("field to compare", expected, found));
    }
    Ok(())
}

/// The error of all six covariances over displacements of up to half the volume: the root of the
/// summed squares of the differences, over that of the true ones. Neither field is taken to be
/// periodic.
///
/// # Errors
/// When the two are not ROGSH fields of one shape, or the truth does not vary.
pub fn covariance_error(truth: &Field, made: &Field) -> Result<f64> {
    comparable(truth, made)?;
    let made = match truth.mask() {
        Some(mask) => made.clone().with_mask(mask.clone())?,
        None => made.clone(),
    };
    let of = |field: &Field| -> Result<TwoPoint> {
        let cutoff = Cutoff::half(field.grid());
        Ok(TwoPoint::non_periodic(field, &Pairs::All, cutoff)?.to_covariance())
    };
    let (truth, made) = (of(truth)?, of(&made)?);
    let (mut difference, mut size) = (0.0, 0.0);
    for (a, b) in truth.values().iter().zip(made.values()) {
        // Displacements without any pair are marked in both.
        if a.is_finite() && b.is_finite() {
            difference += f64::from(a - b).powi(2);
            size += f64::from(*a).powi(2);
        }
    }
    if size == 0.0 {
        return Err(Error::value("covariances", "the true field does not vary"));
    }
    Ok((difference / size).sqrt())
}
