//! Principal components of many large vectors (paper 5.1), through their Gram matrix.

mod components;
mod gram;
mod npy;
mod vectors;

pub(crate) use gram::eigenvalues;
pub use vectors::Vectors;

use crate::{Error, Result};
use ndarray::{ArcArray1, ArcArray2, Array2};

/// Variance below this share of the largest component's is rounding of the `f32` vectors.
const NOISE: f64 = 1e-7;

/// A principal component analysis of `N` vectors with `F` features each, `N` being much less than
/// `F`: the 2-point statistics of an ensemble.
///
/// The `F x F` covariance matrix has the same eigenvalues as the `N x N` Gram matrix of the centred
/// vectors, up to zeros, so only the latter is made. Scores and variances follow from it without
/// the components, which are computed when asked for ([`compute_components`]), since they are as
/// large as the data.
///
/// A component's sign is that which makes the score of largest magnitude positive (the first one
/// of several). The number of threads changes no bit of any result, nor does it matter whether
/// vectors are in memory or in files.
///
/// [`compute_components`]: Pca::compute_components
#[derive(Debug, Clone)]
pub struct Pca {
    mean: ArcArray1<f32>,
    variance: Vec<f64>,
    total: f64,
    /// `N x K`, one column a component.
    scores: Array2<f64>,
    components: Option<ArcArray2<f32>>,
}

impl Pca {
    /// Mean, variances and scores. The vectors are read once.
    ///
    /// Memory for `N` vectors of `F` features, beside the vectors that are in memory as they are:
    /// the panel that [`Vectors::with_memory`] allows, `4 F` bytes for the mean, up to 16 partial
    /// Gram matrices of `12 N²` bytes which together take no more than 1 GiB (two of them, where
    /// two are more), and a few times `8 N²` bytes for the eigenvectors.
    ///
    /// # Errors
    /// When there are fewer than two vectors, a value is not finite, or a file cannot be read.
    pub fn fit(vectors: &Vectors) -> Result<Pca> {
        let n = vectors.samples();
        if n < 2 {
            return Err(Error::value(
                "vectors",
                format!("{n}: variances need at least two"),
            ));
        }
        let (gram, mean) = gram::gram(vectors)?;
        let total: f64 = (0..n).map(|i| gram[(i, i)]).sum();
        let (values, directions) = gram::eigen(&gram)?;
        let largest = values[0].max(0.0);
        let rank = values
            .iter()
            .take((n - 1).min(vectors.features()))
            .take_while(|value| **value > NOISE * largest && **value > 0.0)
            .count();
        let mut scores = Array2::zeros((n, rank));
        for (k, mut scores) in scores.columns_mut().into_iter().enumerate() {
            let length = values[k].sqrt();
            for (i, score) in scores.iter_mut().enumerate() {
                *score = length * directions[(i, k)];
            }
            let largest = scores.fold(0.0f64, |m, s| if s.abs() > m.abs() { *s } else { m });
            if largest < 0.0 {
                scores.mapv_inplace(|score| -score);
            }
        }
        let degrees = (n - 1) as f64;
        Ok(Pca {
            mean: ArcArray1::from(mean),
            variance: values[..rank].iter().map(|value| value / degrees).collect(),
            total: total / degrees,
            scores,
            components: None,
        })
    }

    /// The number of vectors, `N`.
    pub fn samples(&self) -> usize {
        self.scores.nrows()
    }

    /// The length of the vectors, `F`.
    pub fn features(&self) -> usize {
        self.mean.len()
    }

    /// The number of components `K` that carry variance, at most `N - 1`.
    pub fn rank(&self) -> usize {
        self.variance.len()
    }

    /// The mean vector, of length `F`.
    pub fn mean(&self) -> &ArcArray1<f32> {
        &self.mean
    }

    /// The scores (PC basis coefficients), `N x K`: row `i` is sample `i`.
    pub fn scores(&self) -> &Array2<f64> {
        &self.scores
    }

    /// The variance along each component, largest first: the sum of squared scores over `N - 1`.
    pub fn explained_variance(&self) -> &[f64] {
        &self.variance
    }

    /// The variance of all features together.
    pub fn total_variance(&self) -> f64 {
        self.total
    }

    /// Each component's share of the total variance.
    pub fn explained_ratio(&self) -> Vec<f64> {
        self.variance.iter().map(|v| v / self.total).collect()
    }

    /// The share of the total variance that the first component, the first two, … explain: the
    /// curve of the paper's Fig. 3.
    pub fn cumulative_ratio(&self) -> Vec<f64> {
        let mut sum = 0.0;
        let add = |v: &f64| {
            sum += v;
            sum / self.total
        };
        self.variance.iter().map(add).collect()
    }

    /// The number of components that together explain at least this share of the variance, such
    /// as 0.9; all of them where rounding leaves the share out of reach.
    pub fn components_for(&self, share: f64) -> usize {
        self.cumulative_ratio()
            .iter()
            .position(|sum| *sum >= share)
            .map_or(self.rank(), |i| i + 1)
    }
}

#[cfg(test)]
mod tests;
