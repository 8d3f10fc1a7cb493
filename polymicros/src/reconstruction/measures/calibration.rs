//! Whether errors grow with the stated spread.

use crate::microstructure::Field;
use crate::reconstruction::Mask;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// A reliability table: voxels in the order of their stated spread, cut into bins of equal size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The bins, of the smallest spread first.
    pub bins: Vec<CalibrationBin>,
    /// Spearman's rank correlation of spread and error over all voxels: 1 where every larger spread
    /// goes with a larger error, about 0 where the spread says nothing.
    pub rank_correlation: f64,
}

/// Voxels of about one stated spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Their spread, root mean square.
    pub spread: f64,
    /// The Euclidean distance of the mean of the samples to the truth, root mean square. Were the
    /// truth a sample like the others, this would be `spread √(1 + 1/n)` for `n` samples.
    pub error: f64,
    /// How many they are.
    pub voxels: usize,
}

impl Calibration {
    /// Compares the mean of samples with the truth at the voxels of `at`; `spread` is that of
    /// [`Ensemble::spread`](crate::reconstruction::Ensemble::spread), of one channel.
    ///
    /// # Errors
    /// When shapes do not fit, or there are fewer voxels than bins, or no bins.
    pub fn of(truth: &Field, mean: &Field, spread: &Field, at: &Mask, bins: usize) -> Result<Self> {
        if truth.data().shape() != mean.data().shape() {
            let (expected, found) = (truth.data().shape(), mean.data().shape());
            return Err(Error::shape("mean of samples", expected, found));
        }
        if spread.channels().len() != 1 {
            let found = spread.channels().len();
            return Err(Error::shape("channels of a spread", 1, found));
        }
        at.fits(truth.grid().shape)?;
        at.fits(spread.grid().shape)?;
        let voxels = truth.grid().voxels();
        let distance = |v: usize| -> f64 {
            let square = |c: usize| {
                let [a, b] = [truth, mean].map(|f| f64::from(f.as_slice()[c * voxels + v]));
                (a - b).powi(2)
            };
            (0..truth.channels().len()).map(square).sum::<f64>().sqrt()
        };
        let stated: Vec<(f64, f64)> = (0..voxels)
            .filter(|v| at.as_slice()[*v])
            .map(|v| (f64::from(spread.as_slice()[v]), distance(v)))
            .collect();
        if bins == 0 || stated.len() < bins {
            let problem = format!("{bins} bins of {} voxels", stated.len());
            return Err(Error::value("calibration", problem));
        }
        Ok(Calibration {
            bins: binned(stated.clone(), bins),
            rank_correlation: rank_correlation(&stated),
        })
    }
}

impl Calibration {
    /// Several of equally many bins as one: root mean squares over the voxels of all first bins, all
    /// second ones and so on, and the mean of the rank correlations. None of none, or where numbers
    /// of bins differ.
    pub fn together(all: &[&Calibration]) -> Option<Self> {
        let count = all.first()?.bins.len();
        if all.iter().any(|one| one.bins.len() != count) {
            return None;
        }
        let bin = |k: usize| {
            let voxels: usize = all.iter().map(|one| one.bins[k].voxels).sum();
            let root = |value: fn(&CalibrationBin) -> f64| {
                let square = |bin: &CalibrationBin| bin.voxels as f64 * value(bin).powi(2);
                let squares: f64 = all.iter().map(|one| square(&one.bins[k])).sum();
                (squares / voxels as f64).sqrt()
            };
            CalibrationBin {
                spread: root(|bin| bin.spread),
                error: root(|bin| bin.error),
                voxels,
            }
        };
        let correlations = all.iter().map(|one| one.rank_correlation);
        Some(Calibration {
            bins: (0..count).map(bin).collect(),
            rank_correlation: correlations.sum::<f64>() / all.len() as f64,
        })
    }
}

fn binned(mut stated: Vec<(f64, f64)>, bins: usize) -> Vec<CalibrationBin> {
    stated.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = stated.len();
    (0..bins)
        .map(|k| {
            let part = &stated[k * n / bins..(k + 1) * n / bins];
            let root = |value: fn(&(f64, f64)) -> f64| {
                let squares: f64 = part.iter().map(|p| value(p).powi(2)).sum();
                (squares / part.len() as f64).sqrt()
            };
            CalibrationBin {
                spread: root(|p| p.0),
                error: root(|p| p.1),
                voxels: part.len(),
            }
        })
        .collect()
}

/// Pearson's correlation of ranks, where equal values share the mean of their ranks. Zero where
/// either does not vary.
fn rank_correlation(pairs: &[(f64, f64)]) -> f64 {
    let a = ranks(pairs.iter().map(|p| p.0).collect());
    let b = ranks(pairs.iter().map(|p| p.1).collect());
    let middle = (pairs.len() as f64 - 1.0) / 2.0;
    let sum = |x: &[f64], y: &[f64]| -> f64 {
        let terms = x.iter().zip(y).map(|(x, y)| (x - middle) * (y - middle));
        terms.sum()
    };
    let product = sum(&a, &a) * sum(&b, &b);
    if product == 0.0 {
        return 0.0;
    }
    sum(&a, &b) / product.sqrt()
}

fn ranks(values: Vec<f64>) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let same = order[start..]
            .iter()
            .take_while(|at| values[**at] == values[order[start]])
            .count()
            // Not a number is not equal to itself.
            .max(1);
        let mean = start as f64 + (same as f64 - 1.0) / 2.0;
        for at in &order[start..start + same] {
            ranks[*at] = mean;
        }
        start += same;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two volumes of the same bins: as if their voxels had been binned together.
    #[test]
    fn several_calibrations_are_one_of_all_voxels() {
        let pairs = |factor: f64| -> Vec<(f64, f64)> {
            (0..12)
                .map(|i| (f64::from(i / 4), factor * f64::from(i / 4)))
                .collect()
        };
        let of = |pairs: &[(f64, f64)]| Calibration {
            bins: binned(pairs.to_vec(), 3),
            rank_correlation: rank_correlation(pairs),
        };
        let (a, b) = (pairs(1.0), pairs(3.0));
        let both = Calibration::together(&[&of(&a), &of(&b)]).unwrap();
        let expected = binned([a.clone(), b].concat(), 3);
        for (found, expected) in both.bins.iter().zip(&expected) {
            assert_eq!(found.voxels, expected.voxels);
            assert!((found.spread - expected.spread).abs() < 1e-12);
            assert!((found.error - expected.error).abs() < 1e-12);
        }
        assert_eq!(both.rank_correlation, 1.0);
        let fewer = Calibration {
            bins: binned(a, 2),
            rank_correlation: 1.0,
        };
        assert_eq!(Calibration::together(&[&both, &fewer]), None);
        assert_eq!(Calibration::together(&[]), None);
    }
}
