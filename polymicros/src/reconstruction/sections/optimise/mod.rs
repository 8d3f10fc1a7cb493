//! Changing a volume until its orthogonal statistics are the target's.

mod descent;
pub(super) mod scaling;
mod search;

pub(super) use search::Search;

use super::OrthogonalStatistics;
use super::mismatch::Mismatch;
use super::planes::Planes;
use super::spectra::Spectra;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// How a volume is changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimiser {
    /// Algorithm 5 as printed: `x ← x - α ∇ err`, with the rate `α` in units of the number of
    /// values, so that it does not depend on the volume's size.
    Descent {
        /// The rate.
        rate: f64,
    },
    /// L-BFGS, from the library argmin, with a line search of Moré and Thuente.
    Lbfgs {
        /// Steps that it remembers.
        memory: usize,
    },
    /// Iterative proportional fitting, with matrices: along one axis after the other, the spectral
    /// coefficients of each line are multiplied by the matrix that makes the sum of their products
    /// the target's and changes them least.
    ///
    /// Gradient descent as well only ever multiplies the coefficients at each frequency by
    /// matrices that are constant along lines; here each such factor is taken at its best value at
    /// once, and beyond it where that comes closer slowly (over-relaxation). No transform is needed between the steps.
    Scaling,
}

/// When a search ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    /// The mean square error is not above this,
    pub mean_square: f64,
    /// and the largest absolute error not above this (infinite: any);
    pub maximum: f64,
    /// or this many iterations are done.
    pub iterations: usize,
}

impl Goal {
    /// A mean square error in any number of iterations up to 100,000.
    pub fn mean_square(mean_square: f64) -> Self {
        Goal {
            mean_square,
            maximum: f64::INFINITY,
            iterations: 100_000,
        }
    }

    /// A largest absolute error in any number of iterations up to 100,000.
    pub fn maximum(maximum: f64) -> Self {
        Goal {
            maximum,
            ..Goal::mean_square(f64::INFINITY)
        }
    }

    /// Whether statistics are near enough, given by the difference from the target.
    pub(super) fn reached(&self, residual: &Planes) -> Result<bool> {
        if residual.mean_square() > self.mean_square {
            return Ok(false);
        }
        // The largest error costs small transforms, so it is looked at last.
        Ok(self.maximum == f64::INFINITY || largest(residual)? <= self.maximum)
    }
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether the goal was reached.
    pub reached: bool,
    /// The mean square error at the end.
    pub mean_square: f64,
    /// The mean square error before each iteration.
    pub history: Vec<f64>,
    /// Evaluations of the error, with its gradient where one is used; sweeps over the three axes
    /// for [`Optimiser::Scaling`].
    pub evaluations: usize,
    /// What it took.
    pub elapsed: Duration,
}

impl Optimiser {
    /// Steps that L-BFGS remembers unless said otherwise.
    pub const MEMORY: usize = 10;

    /// L-BFGS with the usual memory.
    pub fn lbfgs() -> Self {
        Optimiser::Lbfgs {
            memory: Self::MEMORY,
        }
    }

    /// Changes a field, `channel, x, y, z` with `z` fastest, until the goal is reached or its
    /// iterations are done. The mean of each channel becomes zero, and is the caller's to choose.
    ///
    /// # Errors
    /// When the field is not three channels of the target's shape, or the search diverges.
    pub fn run(
        &self,
        target: &OrthogonalStatistics,
        field: &mut [f32],
        goal: &Goal,
    ) -> Result<Outcome> {
        self.run_on(&target.planes()?, field, goal)
    }

    pub(super) fn run_on(
        &self,
        target: &Planes,
        field: &mut [f32],
        goal: &Goal,
    ) -> Result<Outcome> {
        let start = Instant::now();
        let shape = target.shape();
        // No covariance knows the mean, and no optimiser would change it.
        for channel in field.chunks_exact_mut(shape.iter().product()) {
            let sum: f64 = channel.iter().map(|&v| f64::from(v)).sum();
            let mean = sum / channel.len() as f64;
            for value in channel {
                *value = (f64::from(*value) - mean) as f32;
            }
        }
        let mut outcome = match *self {
            Optimiser::Descent { rate } => {
                let mut mismatch = Mismatch::<f32>::with(target.clone(), shape)?;
                descent::run(&mut mismatch, field, rate, goal)?
            }
            Optimiser::Lbfgs { memory } => {
                // Sums over all values, and differences of errors that differ little, in f64.
                let mut mismatch = Mismatch::<f64>::with(target.clone(), shape)?;
                let mut values: Vec<f64> = field.iter().map(|&v| f64::from(v)).collect();
                let search = Search {
                    goal: *goal,
                    memory,
                };
                let outcome = search.run(&mut mismatch, &mut values)?;
                for (to, from) in field.iter_mut().zip(values) {
                    *to = from as f32;
                }
                outcome
            }
            Optimiser::Scaling => {
                scaling::run(&mut Spectra::<f32>::new(shape)?, target, field, goal)?
            }
        };
        if !outcome.mean_square.is_finite() {
            let problem = match self {
                Optimiser::Descent { .. } => {
                    "the error grew beyond all bounds; a lower rate may help"
                }
                _ => "the error is not a number: neither were the field's values all",
            };
            return Err(Error::numerical("matching of statistics", problem));
        }
        outcome.elapsed = start.elapsed();
        Ok(outcome)
    }
}

/// The largest absolute covariance, of whatever pair and displacement.
pub(super) fn largest(planes: &Planes) -> Result<f64> {
    let covariances = planes.covariances()?;
    let all = covariances.iter().flatten();
    Ok(all.fold(0.0, |most: f64, value| most.max(value.abs())))
}

#[cfg(test)]
mod tests;
