//! The statistics nearest to given ones that a volume can have.

use super::OrthogonalStatistics;
use super::hermitian::Hermitian;
use super::mismatch::{Mismatch, weighted};
use super::optimise::{Goal, Optimiser, Search, scaling};
use super::planes::Planes;
use super::spectra::Spectra;
use crate::{Error, Result};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Covariances of three maps are not those of any volume: the planes disagree where they meet, and
/// even if they agree, the spectral matrices that they ask for may be indefinite. The nearest
/// covariances in mean square that a volume of this grid has, and how far they are.
///
/// The planes of all positive semidefinite spectra are a convex set, so there is one nearest point.
/// It is looked for among volumes, with L-BFGS; that what was found is the nearest, and nothing
/// nearer was missed, is shown by a lower bound from convex duality.
#[derive(Debug, Clone)]
pub struct Reachable {
    /// What a volume can have.
    pub statistics: OrthogonalStatistics,
    /// How far that is from what was asked for.
    pub floor: Floor,
}

/// What no volume can do better than.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// The mean square error that the planes' disagreement alone makes unavoidable, in closed form.
    pub axes_mean_square: f64,
    /// The largest absolute error of what is nearest to planes that disagree.
    pub axes_maximum: f64,
    /// The mean square error of the nearest statistics of a volume, and of the noise that they have.
    pub mean_square: f64,
    /// A number that the least mean square error is proven not to be below.
    pub at_least: f64,
    /// The largest absolute error of the nearest statistics of a volume, with that noise.
    pub maximum: f64,
}

/// How thoroughly the nearest statistics are looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReachSettings {
    /// Steps of L-BFGS at most.
    pub iterations: usize,
    /// The search ends when the mean square error is proven to be within this share of the least.
    pub gap: f64,
    /// Decides the volume that the search starts from.
    pub seed: u64,
    /// The variance of the white noise that is added to what was found, as a share of the variance
    /// of its channels. The nearest statistics lie on the border of what volumes have, where some
    /// frequencies have no power: the closer a volume comes to them, the slower it comes closer. A
    /// little power at each of them makes them as easily had as any volume's.
    pub noise: f64,
}

impl Default for ReachSettings {
    fn default() -> Self {
        ReachSettings {
            iterations: 240,
            gap: 0.05,
            seed: 0,
            noise: 0.05,
        }
    }
}

/// Steps between two looks at the bound.
const ROUND: usize = 40;

/// Rounds that lower the error by a smaller share are the last.
const PROGRESS: f64 = 2e-3;

/// Mean squares below this share of the target's are rounding.
const NOTHING: f64 = 1e-12;

impl Reachable {
    /// The nearest statistics of a volume to these, with a little white noise.
    ///
    /// # Errors
    /// When the grid has fewer than two voxels along an axis, or a covariance is not finite.
    pub fn nearest(wanted: &OrthogonalStatistics, settings: &ReachSettings) -> Result<Self> {
        let shared = wanted.with_shared_axes();
        let (asked, target) = (wanted.planes()?, shared.planes()?);
        if !target.mean_square().is_finite() {
            return Err(Error::value("statistics", "a covariance is not finite"));
        }
        let axes_mean_square = asked.minus(&target).mean_square();
        let (found, bound) = search(&target, settings)?;
        let added = settings.noise * shared.with_planes(&found)?.variance();
        let found = found.with_noise(added);
        let statistics = shared.with_planes(&found)?;
        Ok(Reachable {
            floor: Floor {
                axes_mean_square,
                axes_maximum: largest(&shared, wanted)?,
                mean_square: asked.minus(&found).mean_square(),
                // What agrees on the axes is a subspace that holds all that volumes have, so the
                // squares of the two distances add up.
                at_least: axes_mean_square + bound,
                maximum: largest(&statistics, wanted)?,
            },
            statistics,
        })
    }
}

fn largest(a: &OrthogonalStatistics, b: &OrthogonalStatistics) -> Result<f64> {
    let errors = a.errors(b)?;
    Ok(errors.iter().map(|error| error.maximum).fold(0.0, f64::max))
}

/// The planes of the volume with the least mismatch, and a lower bound of any volume's.
fn search(target: &Planes, settings: &ReachSettings) -> Result<(Planes, f64)> {
    let shape = target.shape();
    let size = target.mean_square();
    let mut spectra = Spectra::<f64>::new(shape)?;
    let mut field = start(shape, settings.seed);
    // The start has the power that is asked for, where it can be had.
    let goal = Goal {
        iterations: 3,
        ..Goal::mean_square(NOTHING * size)
    };
    scaling::run(&mut spectra, target, &mut field, &goal)?;
    let mut mismatch = Mismatch::<f64>::with(target.clone(), shape)?;
    let mut least = mismatch.value(&field)?;
    let mut done = 0;
    loop {
        spectra.load(&field)?;
        let found = spectra.planes();
        let bound = lower_bound(target, &found);
        let near_enough = least - bound <= settings.gap * least || least <= NOTHING * size;
        if near_enough || done >= settings.iterations {
            return Ok((found, bound.min(least)));
        }
        let round = ROUND.min(settings.iterations - done);
        let search = Search {
            goal: Goal {
                iterations: round,
                ..Goal::mean_square(NOTHING * size)
            },
            memory: Optimiser::MEMORY,
        };
        let outcome = search.run(&mut mismatch, &mut field)?;
        done += round;
        if outcome.mean_square > (1.0 - PROGRESS) * least {
            done = settings.iterations;
        }
        least = outcome.mean_square;
    }
}

fn start(shape: [usize; 3], seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values = 3 * shape.iter().product::<usize>();
    (0..values)
        .map(|_| StandardNormal.sample(&mut rng))
        .collect()
}

/// A number below the mean square distance between the target and the planes of any positive
/// semidefinite spectrum.
///
/// With the planes `A S` of a spectrum `S`, `|A S - T|² ≥ 2 <y, T> - 2 <y, A S> - |y|²` for every
/// `y`, and the middle term is not negative if `Aᵀ y` is nowhere positive. The residual `T - A S`
/// of the nearest point is such a `y`; that of a point near it becomes one by a shift. The best
/// multiple of it is taken.
fn lower_bound(target: &Planes, found: &Planes) -> f64 {
    let residual = target.minus(found);
    let shape = target.shape();
    let [nx, ny, nz] = shape;
    let half = nz / 2 + 1;
    let gathered = residual.map(|axis, matrix| {
        let n = residual.displacements(axis);
        weighted(matrix, n, 0.5 * n)
    });
    let worst = (0..nx)
        .into_par_iter()
        .map(|x| {
            let mut worst = f64::NEG_INFINITY;
            for y in 0..ny {
                for z in 0..half {
                    // The mean is in no covariance.
                    if [x, y, z] == [0; 3] {
                        continue;
                    }
                    let sum = gathered.of(0)[y * half + z]
                        .plus(&gathered.of(1)[x * half + z])
                        .plus(&gathered.of(2)[x * ny + y]);
                    worst = worst.max(sum.largest());
                }
            }
            worst
        })
        .reduce(|| f64::NEG_INFINITY, f64::max)
        .max(0.0);
    let all: f64 = (0..3).map(|axis| residual.displacements(axis)).sum();
    let feasible = residual.map(|_, matrix| matrix.minus(&Hermitian::multiple(worst / all)));
    let along = feasible.product(target);
    if along <= 0.0 {
        return 0.0;
    }
    along * along / feasible.mean_square()
}

#[cfg(test)]
mod tests;
