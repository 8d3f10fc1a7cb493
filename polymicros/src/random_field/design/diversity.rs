//! How far apart the statistics of a design are, and a design in which they are further apart.

use super::{Acceptance, Bounds, Design};
use crate::random_field::{MosmKernel, MosmParameters};
use crate::statistics::{Pca, Vectors};
use crate::{Error, Result};
use faer::{Mat, Side};
use ndarray::ArcArray1;
use rayon::prelude::*;

/// Displacements along each axis at which covariances are compared: they resolve waves of six
/// periods, and the paper's bounds end at five.
const EDGE: usize = 12;

/// Sets that the principal components are made of.
const BASIS: usize = 400;

/// Components in which statistics are compared.
const COMPONENTS: usize = 20;

/// How diverse a design's statistics are: measured in the first 20 principal components of the
/// covariances, so that parameters count by what they do to the field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Diversity {
    /// The logarithm of the determinant of the scores' covariance matrix, over the number of
    /// components: the logarithm of the variance along a component, on (geometric) average.
    pub log_determinant: f64,
    /// The mean distance of a set to its nearest neighbour.
    pub nearest: f64,
}

impl Diversity {
    /// Measures designs, in principal components common to all of them.
    ///
    /// # Errors
    /// When a design has fewer than three sets, or designs differ in their channels.
    pub fn compare(designs: &[&Design]) -> Result<Vec<Self>> {
        let each = BASIS.div_ceil(designs.len().max(1));
        let sample = designs.iter().flat_map(|d| d.parameters.iter().take(each));
        let basis = Basis::of(sample)?;
        designs
            .iter()
            .map(|design| Self::of_scores(&basis.scores(&design.parameters)?))
            .collect()
    }

    fn of_scores(scores: &[Vec<f64>]) -> Result<Self> {
        let n = scores.len();
        let components = scores.first().map_or(0, Vec::len);
        if n < 3 || components == 0 {
            return Err(Error::value(
                "design",
                format!("{n} sets: their diversity needs at least three"),
            ));
        }
        let mean: Vec<f64> = (0..components)
            .map(|k| scores.iter().map(|s| s[k]).sum::<f64>() / n as f64)
            .collect();
        let covariance = Mat::<f64>::from_fn(components, components, |i, j| {
            let products = scores.iter().map(|s| (s[i] - mean[i]) * (s[j] - mean[j]));
            products.sum::<f64>() / (n - 1) as f64
        });
        let eigenvalues = covariance
            .self_adjoint_eigenvalues(Side::Lower)
            .map_err(|e| Error::numerical("diversity", format!("{e:?}")))?;
        let nearest: f64 = (0..n)
            .into_par_iter()
            .map(|i| {
                let others = (0..n).filter(|j| *j != i);
                others
                    .map(|j| squared_distance(&scores[i], &scores[j]))
                    .fold(f64::INFINITY, f64::min)
                    .sqrt()
            })
            .collect::<Vec<_>>()
            .iter()
            .sum();
        Ok(Diversity {
            log_determinant: eigenvalues
                .iter()
                .map(|v| v.max(f64::MIN_POSITIVE).ln())
                .sum::<f64>()
                / components as f64,
            nearest: nearest / n as f64,
        })
    }
}

impl Design {
    /// A design of `count` sets that are further apart: of a paper's design of `pool` times as
    /// many, one set after the other is taken whose statistics are the farthest from all that were
    /// taken before (a maximin design of the statistics, where the Latin hypercube is one of the
    /// parameters).
    ///
    /// # Errors
    /// As [`Design::draw`].
    pub fn spread(
        bounds: &Bounds,
        acceptance: &Acceptance,
        count: usize,
        pool: usize,
        seed: u64,
    ) -> Result<Self> {
        let mut design = Self::draw(bounds, acceptance, count * pool.max(1), seed)?;
        let basis = Basis::of(design.parameters.iter().take(BASIS))?;
        let scores = basis.scores(&design.parameters)?;
        // Scores are centred: the first set is the farthest from the mean.
        let centre = vec![0.0; scores.first().map_or(0, Vec::len)];
        let mut distance: Vec<f64> = scores
            .iter()
            .map(|s| squared_distance(s, &centre))
            .collect();
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count {
            let farthest = (0..scores.len()).fold(0, |best, i| {
                if distance[i] > distance[best] {
                    i
                } else {
                    best
                }
            });
            if taken.is_empty() {
                distance.fill(f64::INFINITY);
            }
            taken.push(farthest);
            for (distance, score) in distance.iter_mut().zip(&scores) {
                *distance = distance.min(squared_distance(score, &scores[farthest]));
            }
            distance[farthest] = f64::NEG_INFINITY;
        }
        design.parameters = taken
            .iter()
            .map(|&i| design.parameters[i].clone())
            .collect();
        Ok(design)
    }
}

/// Principal components of covariances.
struct Basis {
    pca: Pca,
}

impl Basis {
    fn of<'a>(sets: impl Iterator<Item = &'a MosmParameters>) -> Result<Self> {
        let vectors = sets
            .map(|set| Ok(ArcArray1::from(features(set)?)))
            .collect::<Result<_>>()?;
        let vectors = Vectors::from_vectors(vectors)?;
        let mut pca = Pca::fit(&vectors)?;
        pca.compute_components(&vectors, COMPONENTS)?;
        Ok(Basis { pca })
    }

    fn scores(&self, sets: &[MosmParameters]) -> Result<Vec<Vec<f64>>> {
        sets.par_iter()
            .map(|set| self.pca.project(&features(set)?))
            .collect()
    }
}

/// All covariances at the displacements of a coarse grid.
fn features(set: &MosmParameters) -> Result<Vec<f32>> {
    MosmKernel::new(set)?.sampled([EDGE; 3])
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
