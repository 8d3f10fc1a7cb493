//! The plain descent of Algorithm 5.

use super::{Goal, Outcome};
use crate::Result;
use crate::reconstruction::sections::mismatch::Mismatch;
use std::time::Duration;

pub(super) fn run(
    mismatch: &mut Mismatch<f32>,
    field: &mut [f32],
    rate: f64,
    goal: &Goal,
) -> Result<Outcome> {
    let mut gradient = vec![0.0; field.len()];
    let step = (rate * field.len() as f64) as f32;
    let mut history = Vec::new();
    loop {
        let residual = mismatch.residual_and_gradient(field, &mut gradient)?;
        let mean_square = residual.mean_square();
        let reached = goal.reached(&residual)?;
        if reached || history.len() == goal.iterations || !mean_square.is_finite() {
            return Ok(Outcome {
                reached,
                mean_square,
                evaluations: history.len() + 1,
                history,
                elapsed: Duration::ZERO,
            });
        }
        history.push(mean_square);
        for (value, slope) in field.iter_mut().zip(&gradient) {
            *value -= step * slope;
        }
    }
}
