//! What is said of an ensemble: what was enforced, how different its members are, and what was not
//! enforced.

use super::{CorrelationError, OrthogonalStatistics};
use crate::microstructure::{Field, Grains};
use crate::orientation::RogshInverse;
use crate::statistics::{Correlator, OnePoint, Pairs, TwoPoint};
use crate::{Error, Result};
use ndarray::Axis;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The errors of an ensemble's orthogonal statistics against a target, and how different its
/// members are from each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnsembleErrors {
    /// For each member the error of each correlation.
    pub members: Vec<Vec<CorrelationError>>,
    /// The errors of the mean of all members' statistics, which is what the paper shows.
    pub mean: Vec<CorrelationError>,
    /// The largest absolute error of any member in any correlation.
    pub maximum: f64,
    /// The mean square error over members and correlations.
    pub mean_square: f64,
    /// For each two members, the largest correlation of their fields over all displacements: 1 for
    /// one that is the other moved, about 0 for unrelated large volumes.
    pub similarity: Vec<f64>,
}

impl EnsembleErrors {
    /// Those of some volumes.
    ///
    /// # Errors
    /// When there are none, or one does not have the target's shape.
    pub fn of(members: &[Field], target: &OrthogonalStatistics) -> Result<Self> {
        let statistics = members
            .iter()
            .map(OrthogonalStatistics::of_volume)
            .collect::<Result<Vec<_>>>()?;
        let errors = statistics
            .iter()
            .map(|one| one.errors(target))
            .collect::<Result<Vec<_>>>()?;
        let all = || errors.iter().flatten();
        let count = all().count().max(1) as f64;
        let mut similarity = Vec::new();
        for (i, one) in members.iter().enumerate() {
            for other in &members[..i] {
                similarity.push(self::similarity(one, other)?);
            }
        }
        Ok(EnsembleErrors {
            mean: OrthogonalStatistics::mean_of(&statistics)?.errors(target)?,
            maximum: all().map(|error| error.maximum).fold(0.0, f64::max),
            mean_square: all().map(|error| error.mean_square).sum::<f64>() / count,
            similarity,
            members: errors,
        })
    }
}

/// The largest correlation coefficient of two periodic fields, about their means and over all
/// channels, at any displacement of one against the other.
///
/// # Errors
/// When the shapes differ, or a value is not finite.
pub fn similarity(one: &Field, other: &Field) -> Result<f64> {
    if one.data().shape() != other.data().shape() {
        let what = "fields to compare";
        return Err(Error::shape(what, one.data().shape(), other.data().shape()));
    }
    let (a, b) = (OnePoint::of(one)?, OnePoint::of(other)?);
    let voxels = one.grid().voxels();
    let mut correlator = Correlator::<f32>::new(one.grid().shape, 2)?;
    let (mut sum, mut values) = (vec![0.0f32; voxels], vec![0.0f32; voxels]);
    for c in 0..one.channels().len() {
        for (place, (field, mean)) in [(one, &a.mean), (other, &b.mean)].into_iter().enumerate() {
            let channel = field.channel(c)?.mapv(|v| (f64::from(v) - mean[c]) as f32);
            correlator.set(place, channel.as_slice().unwrap_or_default())?;
        }
        correlator.correlate((0, 1), 1.0 / voxels as f32, &mut values)?;
        sum.iter_mut()
            .zip(&values)
            .for_each(|(sum, value)| *sum += value);
    }
    let size = |one: &OnePoint| one.variance.iter().sum::<f64>();
    let most = sum.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    Ok(f64::from(most) / (size(&a) * size(&b)).sqrt())
}

/// What a volume is like in ways that no orthogonal statistics enforce.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Morphology {
    /// The share of neighbouring voxels that are within the threshold of each other: next to all
    /// of a polycrystal's, but for those at boundaries.
    pub within_grains: f64,
    /// The mean distance of a voxel's values from the nearest that an orientation has, in ROGSH.
    pub from_orientations: f64,
    /// Grains of at least eight voxels, told apart by ROGSH.
    pub grains: usize,
    /// Their mean equivalent diameter, by number, in the grid's unit; none without grains.
    pub mean_diameter: Option<f64>,
    /// The standard deviation of the logarithm of their diameters; none without grains.
    pub lognormal_sigma: Option<f64>,
    /// The mean intercept lengths along x, y and z in the grid's unit; none without a boundary.
    pub intercepts: [Option<f64>; 3],
}

/// Smaller groups of voxels are not counted as grains.
const SMALLEST: usize = 8;

impl Morphology {
    /// That of a periodic volume of ROGSH values; neighbouring voxels are in one grain where their
    /// values are within `threshold`.
    ///
    /// # Errors
    /// As [`Grains::by_rogsh`].
    pub fn of(field: &Field, threshold: f64, inverse: &RogshInverse) -> Result<Self> {
        let grains = Grains::by_rogsh(field, threshold, true)?;
        let diameters: Vec<f64> = grains
            .list()
            .iter()
            .filter(|grain| grain.voxels >= SMALLEST)
            .map(|grain| grain.diameter)
            .collect();
        let mean = |of: &dyn Fn(f64) -> f64| -> Option<f64> {
            let sum = diameters.iter().map(|&d| of(d)).sum::<f64>();
            (!diameters.is_empty()).then(|| sum / diameters.len() as f64)
        };
        let middle = mean(&f64::ln);
        let variance = middle.and_then(|middle| mean(&|d| (d.ln() - middle).powi(2)));
        let intercept = |axis: usize| Ok(grains.chords(axis)?.mean_intercept);
        Ok(Morphology {
            within_grains: within(field, threshold),
            from_orientations: from_orientations(field, inverse)?,
            grains: diameters.len(),
            mean_diameter: mean(&|d| d),
            lognormal_sigma: variance.map(f64::sqrt),
            intercepts: [intercept(0)?, intercept(1)?, intercept(2)?],
        })
    }
}

/// The share of voxels that are within a distance of their next along an axis.
fn within(field: &Field, threshold: f64) -> f64 {
    let data = field.data();
    let mut near = 0usize;
    for axis in 0..3 {
        let n = field.grid().shape[axis];
        near += (0..n)
            .into_par_iter()
            .map(|i| {
                let here = data.index_axis(Axis(axis + 1), i);
                let next = data.index_axis(Axis(axis + 1), (i + 1) % n);
                let apart = (&here - &next)
                    .mapv(|d| f64::from(d).powi(2))
                    .sum_axis(Axis(0));
                apart.iter().filter(|d| **d < threshold * threshold).count()
            })
            .sum::<usize>();
    }
    near as f64 / (3 * field.grid().voxels()) as f64
}

fn from_orientations(field: &Field, inverse: &RogshInverse) -> Result<f64> {
    let projected = inverse.project_field(field.data().view())?;
    let apart = (field.data() - &projected)
        .mapv(|d| f64::from(d).powi(2))
        .sum_axis(Axis(0));
    Ok(apart.iter().map(|d| d.sqrt()).sum::<f64>() / field.grid().voxels() as f64)
}

/// The errors of a volume's whole 2-point statistics, of which only three planes were enforced.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WholeErrors {
    /// The largest absolute error over all displacements and pairs.
    pub maximum: f64,
    /// The mean absolute error.
    pub mean: f64,
    /// The mean square error.
    pub mean_square: f64,
}

impl WholeErrors {
    /// Those of a periodic volume against one whose statistics are known.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn of(field: &Field, truth: &Field) -> Result<Self> {
        if field.grid().shape != truth.grid().shape {
            let what = "volumes to compare";
            return Err(Error::shape(what, truth.grid().shape, field.grid().shape));
        }
        let of = |field: &Field| TwoPoint::periodic(field, &Pairs::All);
        let difference = &of(field)?.values().view() - &of(truth)?.values().view();
        let count = difference.len() as f64;
        let all = || difference.iter().map(|&d| f64::from(d));
        Ok(WholeErrors {
            maximum: all().fold(0.0, |most, d| most.max(d.abs())),
            mean: all().map(f64::abs).sum::<f64>() / count,
            mean_square: all().map(|d| d * d).sum::<f64>() / count,
        })
    }
}

#[cfg(test)]
mod tests;
