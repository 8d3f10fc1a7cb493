//! On a Gaussian the optimal denoiser is known, and so are the sampler's results.

use super::*;
use crate::diffusion::MeanCorrection;

/// Mean and deviation of each of two channels; voxels are independent.
const MEAN: [f64; 2] = [0.3, -0.2];
const DEVIATION: [f64; 2] = [0.5, 0.1];

/// `E[clean | noisy]` for independent Gaussians.
fn gaussian(x: &Batch, sigma: f64) -> Result<Batch> {
    let mut denoised = x.clone();
    for ((_, c, ..), value) in denoised.indexed_iter_mut() {
        let kept = DEVIATION[c].powi(2) / (DEVIATION[c].powi(2) + sigma * sigma);
        *value = (MEAN[c] + kept * (f64::from(*value) - MEAN[c])) as f32;
    }
    Ok(denoised)
}

fn run(sampler: Sampler, x: Batch, seed: u64) -> Batch {
    sampler
        .sample(&gaussian, x, seed, None, |_| Ok(()))
        .unwrap()
}

/// Mean and deviation of a channel, and how many values they are from.
fn moments(x: &Batch, c: usize) -> (f64, f64, f64) {
    let values: Vec<f64> = x
        .indexed_iter()
        .filter(|((_, channel, ..), _)| *channel == c)
        .map(|(_, &value)| f64::from(value))
        .collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt(), n)
}

fn shape() -> Batch {
    Batch::zeros((4, 2, 16, 16, 16))
}

#[test]
fn a_gaussian_is_reproduced_deterministic_and_stochastic() {
    for churn in [0.0, 40.0] {
        let sampler = Sampler {
            churn,
            churn_noise: 1.0,
            schedule: Schedule {
                steps: 100,
                ..Schedule::default()
            },
            ..Sampler::default()
        };
        let x = run(sampler, shape(), 1);
        for c in 0..2 {
            let (mean, deviation, n) = moments(&x, c);
            let error = DEVIATION[c] / n.sqrt();
            // Four standard errors, and the discretisation's: it shrinks as the next test shows.
            assert!(
                (mean - MEAN[c]).abs() < 4.0 * error + 1e-3,
                "churn {churn}: {mean}"
            );
            let relative = (deviation / DEVIATION[c] - 1.0).abs();
            assert!(
                relative < 4.0 / (2.0 * n).sqrt() + 5e-3,
                "churn {churn}: {deviation}"
            );
        }
    }
}

/// Without churn a sample is linear in its start, and the exact flow of a Gaussian is known:
/// `x(0) = mean + (x(T) - mean) s / sqrt(s^2 + T^2)`.
#[test]
fn the_deterministic_sampler_converges_at_second_order() {
    let error = |steps: usize| {
        let sampler = Sampler {
            churn: 0.0,
            schedule: Schedule {
                steps,
                sigma_min: 0.05,
                sigma_max: 5.0,
                rho: 7.0,
            },
            ..Sampler::default()
        };
        let start = {
            let mut x = shape();
            Noise::new(9).add(&mut x, 5.0);
            x
        };
        // Up to the last step, which is of first order by its construction.
        let t = sampler.schedule.levels().unwrap()[steps - 1];
        let mut before_last = Batch::zeros((0, 0, 0, 0, 0));
        let mut keep = Keep {
            step: steps - 2,
            kept: &mut before_last,
        };
        sampler
            .sample(&gaussian, shape(), 9, Some(&mut keep), |_| Ok(()))
            .unwrap();
        before_last
            .indexed_iter()
            .zip(&start)
            .map(|(((_, c, ..), &x), &x0)| {
                let s = DEVIATION[c].powi(2);
                let factor = ((s + t * t) / (s + 25.0)).sqrt();
                let exact = MEAN[c] + (f64::from(x0) - MEAN[c]) * factor;
                (f64::from(x) - exact).abs()
            })
            .fold(0.0, f64::max)
    };
    let errors: Vec<f64> = [8, 16, 32].map(error).to_vec();
    for pair in errors.windows(2) {
        let order = (pair[0] / pair[1]).log2();
        assert!((1.7..3.0).contains(&order), "errors {errors:?}");
    }
}

struct Keep<'a> {
    step: usize,
    kept: &'a mut Batch,
}

impl Condition for Keep<'_> {
    fn apply(&mut self, x: &mut Batch, step: usize, _: f64) -> Result<()> {
        if step == self.step {
            *self.kept = x.clone();
        }
        Ok(())
    }
}

#[test]
fn skipping_starts_from_the_field_with_noise_of_that_level() {
    let levels = Schedule::default().levels().unwrap();
    let field = Batch::from_elem((1, 2, 16, 16, 16), 0.25);
    let sampler = Sampler {
        skip: 12,
        ..Sampler::default()
    };
    let first = std::cell::Cell::new(None);
    let watching = |x: &Batch, sigma: f64| {
        if first.get().is_none() {
            first.set(Some((moments(x, 0), sigma)));
        }
        gaussian(x, sigma)
    };
    sampler
        .sample(&watching, field, 4, None, |_| Ok(()))
        .unwrap();
    let ((mean, deviation, n), sigma) = first.get().unwrap();
    let gamma = 2f64.sqrt() - 1.0;
    assert!((sigma - levels[12] * (1.0 + gamma)).abs() < 1e-9);
    assert!((mean - 0.25).abs() < 4.0 * sigma / n.sqrt());
    assert!((deviation / sigma - 1.0).abs() < 4.0 / (2.0 * n).sqrt() + 5e-3);
}

#[test]
fn evaluations_are_counted() {
    let count = std::cell::Cell::new(0);
    let counting = |x: &Batch, sigma: f64| {
        count.set(count.get() + 1);
        gaussian(x, sigma)
    };
    let sampler = Sampler {
        skip: 12,
        ..Sampler::default()
    };
    let x = Batch::zeros((1, 2, 2, 2, 2));
    sampler.sample(&counting, x, 4, None, |_| Ok(())).unwrap();
    assert_eq!(count.get(), sampler.evaluations());
    assert_eq!(count.get(), 25);
}

#[test]
fn the_condition_is_called_after_each_update_and_the_seed_decides() {
    let sampler = Sampler::default();
    let run = |seed| {
        let mut mean = MeanCorrection::zero(2);
        let x = Batch::zeros((1, 2, 4, 4, 4));
        sampler
            .sample(&gaussian, x, seed, Some(&mut mean), |_| Ok(()))
            .unwrap()
    };
    let x = run(1);
    assert!(moments(&x, 0).0.abs() < 1e-6 && moments(&x, 1).0.abs() < 1e-6);
    assert_eq!(x, run(1));
    assert_ne!(x, run(2));
}

#[test]
fn a_skip_of_all_steps_is_refused() {
    let sampler = Sampler {
        skip: 25,
        ..Sampler::default()
    };
    let error = sampler.sample(&gaussian, shape(), 0, None, |_| Ok(()));
    assert!(error.unwrap_err().to_string().contains("25 of 25"));
}
