//! L-BFGS from several starts.

use super::FitSettings;
use super::objective::{self, COUNT, Objective};
use crate::random_field::{Mixture, MosmParameters, SpectralGaussian};
use crate::{Error, Result};
use argmin::core::{CostFunction, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cell::RefCell;
use std::f64::consts::TAU;

/// Steps that L-BFGS remembers.
const MEMORY: usize = 10;

/// The vector of a kernel with one mixture more, at least as good as `vector`.
pub(super) fn extended(
    objective: &Objective,
    vector: &[f64],
    settings: &FitSettings,
) -> Result<Vec<f64>> {
    let mixtures = vector.len() / (objective.channels * COUNT);
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    rng.set_stream(mixtures as u64);
    let peaks = (0..objective.channels)
        .map(|channel| objective.peak(channel, vector))
        .collect::<Result<Vec<_>>>()?;
    // A further mixture of no weight changes nothing: what must be beaten.
    let none = objective::vector(&further(&peaks, 0.0, &mut rng));
    let mut best = [vector, &none].concat();
    let mut least = if mixtures == 0 {
        f64::INFINITY
    } else {
        objective.value(&best)?
    };
    for start in 0..settings.starts.max(1) {
        let weight = if mixtures == 0 { 1.0 } else { 0.4 };
        // At first each channel at its own peak, then all at the peak of one of them.
        let means = match start.checked_sub(1) {
            None => peaks.clone(),
            Some(next) => vec![peaks[next % peaks.len()]; peaks.len()],
        };
        let more = objective::vector(&further(&means, weight, &mut rng));
        let (value, found) = descend(objective, [vector, &more].concat(), settings.iterations)?;
        if value < least {
            (least, best) = (value, found);
        }
    }
    Ok(best)
}

/// A mixture to start from, with about `weight²` of the variance around a mean for each channel.
fn further(means: &[[f64; 3]], weight: f64, rng: &mut ChaCha8Rng) -> MosmParameters {
    let mut gaussian = |mean: &[f64; 3]| {
        let covariance: [f64; 3] = std::array::from_fn(|_| rng.random_range(2.0..6.0));
        let volume = TAU.powf(1.5) * covariance.iter().product::<f64>().sqrt();
        SpectralGaussian {
            covariance,
            mean: mean.map(|k| k + rng.random_range(-0.3..0.3)),
            delay: [0.0; 3],
            weight: weight / volume.sqrt(),
            phase: rng.random_range(0.0..TAU),
        }
    };
    MosmParameters {
        mixtures: vec![Mixture {
            channels: means.iter().map(&mut gaussian).collect(),
        }],
    }
}

/// The least value found from a start, and where.
fn descend(objective: &Objective, start: Vec<f64>, iterations: u64) -> Result<(f64, Vec<f64>)> {
    let problem = Problem {
        objective,
        last: RefCell::default(),
        best: RefCell::new((f64::INFINITY, start.clone())),
    };
    problem.at(&start)?;
    let failed = |e: argmin::core::Error| Error::numerical("L-BFGS", e.to_string());
    let search = MoreThuenteLineSearch::new()
        .with_c(1e-4, 0.9)
        .map_err(failed)?;
    let solver = LBFGS::new(search, MEMORY)
        .with_tolerance_grad(1e-9)
        .and_then(|solver| solver.with_tolerance_cost(1e-9))
        .map_err(failed)?;
    // A line search that finds no better point ends the search; the best point is kept outside.
    let _ended = Executor::new(&problem, solver)
        .configure(|state| state.param(start).max_iters(iterations))
        .run()
        .is_ok();
    Ok(problem.best.into_inner())
}

/// The optimiser asks for value and gradient of a point one after the other; they are made at once.
struct Problem<'a> {
    objective: &'a Objective,
    last: RefCell<Option<Evaluation>>,
    best: RefCell<(f64, Vec<f64>)>,
}

/// The value and the gradient at a point.
struct Evaluation {
    vector: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

impl Problem<'_> {
    fn at(&self, vector: &[f64]) -> Result<(f64, Vec<f64>)> {
        if let Some(last) = &*self.last.borrow()
            && last.vector == vector
        {
            return Ok((last.value, last.gradient.clone()));
        }
        let (value, gradient) = self.objective.value_and_gradient(vector)?;
        if value < self.best.borrow().0 {
            *self.best.borrow_mut() = (value, vector.to_vec());
        }
        *self.last.borrow_mut() = Some(Evaluation {
            vector: vector.to_vec(),
            value,
            gradient: gradient.clone(),
        });
        Ok((value, gradient))
    }
}

impl CostFunction for &Problem<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, vector: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        Ok(self.at(vector)?.0)
    }
}

impl Gradient for &Problem<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, vector: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        Ok(self.at(vector)?.1)
    }
}
