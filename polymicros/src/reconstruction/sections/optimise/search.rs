//! L-BFGS.

use super::{Goal, Outcome};
use crate::reconstruction::sections::mismatch::Mismatch;
use crate::{Error, Result};
use argmin::core::{CostFunction, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use std::cell::RefCell;
use std::time::Duration;

/// A search with L-BFGS.
#[derive(Debug, Clone, Copy)]
pub(in crate::reconstruction::sections) struct Search {
    pub(in crate::reconstruction::sections) goal: Goal,
    /// Steps that it remembers.
    pub(in crate::reconstruction::sections) memory: usize,
}

impl Search {
    pub(in crate::reconstruction::sections) fn run(
        &self,
        mismatch: &mut Mismatch<f64>,
        field: &mut [f64],
    ) -> Result<Outcome> {
        let mut slope = vec![0.0; field.len()];
        let start = mismatch.value_and_gradient(field, &mut slope)?;
        let steepness: f64 = slope.iter().map(|slope| slope * slope).sum();
        let problem = Problem {
            goal: self.goal,
            // The first step tried is the gradient itself: in this unit one that would remove the
            // error if it were linear.
            scale: start / steepness.max(f64::MIN_POSITIVE),
            state: RefCell::new(State {
                mismatch,
                last: None,
                best: (f64::INFINITY, field.to_vec()),
                history: Vec::new(),
                reached: false,
                failed: None,
            }),
        };
        let failed = |e: argmin::core::Error| Error::numerical("L-BFGS", e.to_string());
        let search = MoreThuenteLineSearch::new()
            .with_c(1e-4, 0.9)
            .map_err(failed)?;
        let solver = LBFGS::new(search, self.memory)
            .with_tolerance_grad(0.0)
            .and_then(|solver| solver.with_tolerance_cost(0.0))
            .map_err(failed)?;
        // The goal, and a line search that finds nothing better, end the run with an error; the
        // best point is kept here.
        let _ended = Executor::new(&problem, solver)
            .configure(|state| {
                state
                    .param(field.to_vec())
                    .max_iters(self.goal.iterations as u64)
            })
            .run()
            .is_ok();
        let state = problem.state.into_inner();
        if let Some(error) = state.failed {
            return Err(error);
        }
        let (mean_square, best) = state.best;
        field.copy_from_slice(&best);
        Ok(Outcome {
            reached: state.reached,
            mean_square,
            evaluations: state.history.len(),
            history: state.history,
            elapsed: Duration::ZERO,
        })
    }
}

/// A field, the error there, and its gradient.
type Evaluation = (Vec<f64>, f64, Vec<f64>);

struct Problem<'a> {
    goal: Goal,
    /// Errors are tiny numbers, and their gradients tinier; the optimiser sees them in this unit.
    scale: f64,
    state: RefCell<State<'a>>,
}

struct State<'a> {
    mismatch: &'a mut Mismatch<f64>,
    last: Option<Evaluation>,
    best: (f64, Vec<f64>),
    /// The error of each evaluation.
    history: Vec<f64>,
    reached: bool,
    failed: Option<Error>,
}

impl Problem<'_> {
    /// Error and gradient, made at once, since the optimiser asks for one after the other.
    fn at<R>(
        &self,
        field: &[f64],
        get: impl Fn(f64, &[f64]) -> R,
    ) -> Result<R, argmin::core::Error> {
        let state = &mut *self.state.borrow_mut();
        if let Some((known, value, gradient)) = &state.last
            && known == field
        {
            return Ok(get(self.scale * value, gradient));
        }
        let mut gradient = vec![0.0; field.len()];
        let residual = match state.mismatch.residual_and_gradient(field, &mut gradient) {
            Ok(residual) => residual,
            Err(error) => {
                let message = error.to_string();
                state.failed = Some(error);
                return Err(argmin::core::Error::msg(message));
            }
        };
        let value = residual.mean_square();
        state.history.push(value);
        if value < state.best.0 {
            state.best = (value, field.to_vec());
            if self.goal.reached(&residual)? {
                state.reached = true;
                return Err(argmin::core::Error::msg("the goal is reached"));
            }
        }
        gradient.iter_mut().for_each(|slope| *slope *= self.scale);
        let result = get(self.scale * value, &gradient);
        state.last = Some((field.to_vec(), value, gradient));
        Ok(result)
    }
}

impl CostFunction for &Problem<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, field: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        self.at(field, |value, _| value)
    }
}

impl Gradient for &Problem<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, field: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        self.at(field, |_, gradient| gradient.to_vec())
    }
}
