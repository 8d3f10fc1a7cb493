//! Figures of one set, from its scores in the components of all sets together.
//!
//! Scores in all components of rank keep every distance, so a set's own components follow from
//! them: the vectors themselves are not needed any more.

use crate::Result;
use crate::statistics::eigenvalues;
use faer::Mat;
use ndarray::{Array2, ArrayView2};

/// A set's scores, with their inner products.
pub(super) struct Spread {
    /// One row a structure, of the first components of all sets.
    scores: Array2<f64>,
    products: Array2<f64>,
}

impl Spread {
    /// Of scores in all components, one row a structure; volumes are those among the first
    /// `components`.
    pub(super) fn new(scores: ArrayView2<'_, f64>, components: usize) -> Self {
        let components = components.min(scores.ncols());
        Spread {
            scores: scores.slice(ndarray::s![.., ..components]).to_owned(),
            products: scores.dot(&scores.t()),
        }
    }

    /// Each component's share of the variance of the structures with these numbers, which may be
    /// there several times.
    pub(super) fn explained(&self, chosen: &[usize]) -> Result<Vec<f64>> {
        let n = chosen.len();
        // Inner products of what is left when the mean is taken away.
        let means: Vec<f64> = chosen
            .iter()
            .map(|&i| chosen.iter().map(|&j| self.products[[i, j]]).sum::<f64>() / n as f64)
            .collect();
        let mean = means.iter().sum::<f64>() / n as f64;
        let centred = Mat::from_fn(n, n, |i, j| {
            self.products[[chosen[i], chosen[j]]] - means[i] - means[j] + mean
        });
        let values = eigenvalues(&centred)?;
        let total: f64 = (0..n).map(|i| centred[(i, i)]).sum();
        if total <= 0.0 {
            // One and the same structure several times.
            return Ok(Vec::new());
        }
        Ok(values.iter().map(|value| value.max(0.0) / total).collect())
    }

    /// The logarithm of the determinant of the scores' covariance matrix over the number of
    /// components: the logarithm of the variance along a component, on geometric average.
    pub(super) fn log_volume(&self, chosen: &[usize]) -> Result<f64> {
        let (n, components) = (chosen.len() as f64, self.scores.ncols());
        let column = |k: usize| chosen.iter().map(move |&i| self.scores[[i, k]]);
        let means: Vec<f64> = (0..components)
            .map(|k| column(k).sum::<f64>() / n)
            .collect();
        let covariance = Mat::from_fn(components, components, |k, l| {
            let products = column(k).zip(column(l));
            let sum: f64 = products.map(|(a, b)| (a - means[k]) * (b - means[l])).sum();
            sum / (n - 1.0)
        });
        let logs = eigenvalues(&covariance)?;
        // A set without any extent along a component has none at all.
        let logs = logs.iter().map(|v| v.max(f64::MIN_POSITIVE).ln());
        Ok(logs.sum::<f64>() / components as f64)
    }
}

/// How many of the largest shares add up to this one.
pub(super) fn components_for(explained: &[f64], share: f64) -> f64 {
    let mut sum = 0.0;
    let reached = explained.iter().position(|value| {
        sum += value;
        sum >= share
    });
    reached.map_or(explained.len(), |at| at + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{Pca, Vectors};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    /// Two sets in one decomposition: each one's figures are those of a decomposition of its own,
    /// also where structures are there twice.
    #[test]
    fn a_sets_components_follow_from_the_common_scores() -> Result<()> {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let rows = Array2::from_shape_fn((30, 50), |(i, j)| {
            let normal: f64 = StandardNormal.sample(&mut rng);
            (normal * (1.0 + (j % 7) as f64) + if i < 15 { 3.0 } else { 0.0 }) as f32
        });
        let common = Pca::fit(&Vectors::from_rows(rows.clone())?)?;
        let second = common.scores().slice(ndarray::s![15.., ..]);
        let spread = Spread::new(second, 3);
        let repeated: Vec<usize> = (0..15).map(|i| i * i % 15).collect();
        for chosen in [(0..15).collect(), repeated] {
            let of_set = rows.select(
                ndarray::Axis(0),
                &chosen.iter().map(|i| i + 15).collect::<Vec<_>>(),
            );
            let own = Pca::fit(&Vectors::from_rows(of_set)?)?;
            let found = spread.explained(&chosen)?;
            for (found, own) in found.iter().zip(own.explained_ratio()) {
                assert!((found - own).abs() < 1e-6, "{found} {own}");
            }
            assert_eq!(components_for(&found, 0.9), own.components_for(0.9) as f64);
        }
        Ok(())
    }

    /// The volume of a stretched set is the stretches' product larger.
    #[test]
    fn volumes_multiply() -> Result<()> {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let scores = Array2::from_shape_fn((40, 3), |_| StandardNormal.sample(&mut rng));
        let mut stretched = scores.clone();
        for (mut column, by) in stretched.columns_mut().into_iter().zip([2.0, 0.5, 5.0]) {
            column *= by;
        }
        let all: Vec<usize> = (0..40).collect();
        let log = |scores: &Array2<f64>| Spread::new(scores.view(), 3).log_volume(&all);
        let difference = log(&stretched)? - log(&scores)?;
        assert!(
            (difference - 2.0 * 5f64.ln() / 3.0).abs() < 1e-9,
            "{difference}"
        );
        assert_eq!(components_for(&[0.5, 0.3, 0.2], 0.8), 2.0);
        assert_eq!(components_for(&[0.5, 0.3], 0.99), 2.0);
        Ok(())
    }
}
