//! Which way of filling in is the best, and is it better than interpolation: a table.

mod candidates;
mod stored;
#[cfg(test)]
mod tests;

pub use candidates::{Candidate, candidates, theta_ablation};
pub use stored::StoredComparison;

use super::measures::{Calibration, Measures};
use super::{Interpolation, Mask, Progress, Projection, Reconstruction};
use crate::Result;
use crate::diffusion::Denoiser;
use crate::microstructure::Field;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Bins of a calibration table.
pub const BINS: usize = 10;

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The way of filling in.
    pub method: String,
    /// How good it was.
    pub measures: Measures,
    /// Samples whose mean was measured; none for interpolations.
    pub samples: usize,
    /// Evaluations of the denoiser for one sample.
    pub evaluations: usize,
    /// Seconds for one sample, or for the interpolation.
    pub seconds: f64,
    /// Whether errors grow with the spread of the samples; none for one sample.
    pub calibration: Option<Calibration>,
}

/// Removes the missing voxels of a volume, fills them in with each interpolation, as it is and
/// projected ([`Projection`]), and measures.
///
/// # Errors
/// When the volume is no ROGSH field, or the mask does not fit it.
pub fn compare_interpolations(truth: &Field, mask: &Mask) -> Result<Vec<Row>> {
    let observed = mask.observe(truth)?;
    let mut rows = Vec::new();
    for interpolation in Interpolation::ALL {
        if interpolation == Interpolation::Shape && mask.stack().is_none() {
            continue;
        }
        let start = Instant::now();
        let made = interpolation.fill(&observed)?;
        let seconds = start.elapsed().as_secs_f64();
        let row = |method: String, made: &Field, seconds| -> Result<Row> {
            Ok(Row {
                method,
                measures: Measures::of(truth, mask, made)?,
                samples: 0,
                evaluations: 0,
                seconds,
                calibration: None,
            })
        };
        rows.push(row(interpolation.name().into(), &made, seconds)?);
        // The other two take values of known voxels as it is.
        if interpolation == Interpolation::Linear {
            let made = Projection::default().apply(&observed, &[made])?;
            let seconds = start.elapsed().as_secs_f64();
            rows.push(row(projected(interpolation.name()), &made, seconds)?);
        }
    }
    Ok(rows)
}

/// The same with samples of one candidate: their mean, and all of them projected together.
///
/// # Errors
/// As [`compare_interpolations`], and as [`Reconstruction::draw`].
pub fn compare_candidate(
    truth: &Field,
    mask: &Mask,
    denoiser: &dyn Denoiser,
    candidate: &Candidate,
    samples: usize,
    seed: u64,
    progress: &mut dyn FnMut(Progress) -> Result<()>,
) -> Result<Vec<Row>> {
    let observed = mask.observe(truth)?;
    let reconstruction = Reconstruction {
        denoiser: candidate.name.clone(),
        samples,
        seed,
        inpainting: candidate.inpainting,
    };
    let start = Instant::now();
    let ensemble = reconstruction.draw(denoiser, &observed, progress)?;
    let seconds = start.elapsed().as_secs_f64() / samples as f64;
    let mean = ensemble.mean()?;
    let calibration = if samples > 1 {
        let missing = mask.complement().intersection(&Mask::of(truth))?;
        let spread = ensemble.spread()?;
        Some(Calibration::of(truth, &mean, &spread, &missing, BINS)?)
    } else {
        None
    };
    let evaluations = candidate.inpainting.evaluations()?;
    let row = |method: String, made: &Field, calibration| -> Result<Row> {
        Ok(Row {
            method,
            measures: Measures::of(truth, mask, made)?,
            samples,
            evaluations,
            seconds,
            calibration,
        })
    };
    let sharp = Projection::default().apply(&observed, ensemble.samples())?;
    Ok(vec![
        row(candidate.name.clone(), &mean, calibration)?,
        row(projected(&candidate.name), &sharp, None)?,
    ])
}

fn projected(name: &str) -> String {
    format!("{name}, projected")
}

/// Rows of one method, of several volumes or axes, as one row of means, in the order of the first.
pub fn averaged(rows: &[Row]) -> Vec<Row> {
    let mut methods: Vec<&str> = Vec::new();
    for row in rows {
        if !methods.contains(&row.method.as_str()) {
            methods.push(&row.method);
        }
    }
    methods
        .into_iter()
        .map(|method| {
            let same: Vec<&Row> = rows.iter().filter(|row| row.method == method).collect();
            average(&same)
        })
        .collect()
}

fn average(rows: &[&Row]) -> Row {
    let mean = |value: &dyn Fn(&Row) -> f64| {
        rows.iter().map(|row| value(row)).sum::<f64>() / rows.len() as f64
    };
    let known = |value: &dyn Fn(&Row) -> Option<f64>| {
        let values: Vec<f64> = rows.iter().filter_map(|row| value(row)).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let calibrations: Vec<&Calibration> = rows
        .iter()
        .filter_map(|row| row.calibration.as_ref())
        .collect();
    Row {
        method: rows[0].method.clone(),
        measures: Measures {
            mean_absolute_error: mean(&|r| r.measures.mean_absolute_error),
            mape: mean(&|r| r.measures.mape),
            same_orientation: mean(&|r| r.measures.same_orientation),
            boundary_error: known(&|r| r.measures.boundary_error),
            covariance_error: mean(&|r| r.measures.covariance_error),
            seam: known(&|r| r.measures.seam),
            true_seam: known(&|r| r.measures.true_seam),
        },
        samples: rows[0].samples,
        evaluations: rows[0].evaluations,
        seconds: mean(&|r| r.seconds),
        calibration: Calibration::together(&calibrations),
    }
}
