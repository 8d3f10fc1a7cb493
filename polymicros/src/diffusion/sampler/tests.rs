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
    let multistep = |eta| Solver::Multistep { eta };
    for (solver, churn, steps) in [
        (Solver::Heun, 0.0, 100),
        (Solver::Heun, 40.0, 100),
        (multistep(0.0), 0.0, 100),
        (multistep(1.0), 0.0, 200),
    ] {
        let sampler = Sampler {
            solver,
            churn,
            churn_noise: 1.0,
            schedule: Schedule {
                steps,
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
                "{solver:?}, churn {churn}: {mean}"
            );
            let relative = (deviation / DEVIATION[c] - 1.0).abs();
            assert!(
                relative < 4.0 / (2.0 * n).sqrt() + 5e-3,
                "{solver:?}, churn {churn}: {deviation}"
            );
        }
    }
}

/// Without churn a sample is linear in its start, and the exact flow of a Gaussian is known:
/// `x(0) = mean + (x(T) - mean) s / sqrt(s^2 + T^2)`.
#[test]
fn the_deterministic_samplers_converge_at_second_order() {
    let error = |solver: Solver, steps: usize| {
        let sampler = Sampler {
            solver,
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
    for solver in [Solver::Heun, Solver::Multistep { eta: 0.0 }] {
        let errors = [8, 16, 32].map(|steps| error(solver, steps));
        for pair in errors.windows(2) {
            let order = (pair[0] / pair[1]).log2();
            assert!((1.7..3.0).contains(&order), "{solver:?}: errors {errors:?}");
        }
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
    let multistep = Solver::Multistep { eta: 0.0 };
    for (solver, resampling, expected) in [
        (Solver::Heun, 1, 25),
        (Solver::Heun, 3, 75),
        (multistep, 1, 13),
        (multistep, 3, 39),
    ] {
        let sampler = Sampler {
            skip: 12,
            solver,
            resampling,
            ..Sampler::default()
        };
        count.set(0);
        let x = Batch::zeros((1, 2, 2, 2, 2));
        sampler.sample(&counting, x, 4, None, |_| Ok(())).unwrap();
        assert_eq!(count.get(), sampler.evaluations());
        assert_eq!(count.get(), expected);
    }
}

/// Noise that takes a field back up leaves its distribution at each level as it is.
#[test]
fn resampling_reproduces_a_gaussian_too() {
    let sampler = Sampler {
        resampling: 3,
        churn: 0.0,
        schedule: Schedule {
            steps: 60,
            ..Schedule::default()
        },
        ..Sampler::default()
    };
    let x = run(sampler, shape(), 1);
    for c in 0..2 {
        let (mean, deviation, n) = moments(&x, c);
        let error = DEVIATION[c] / n.sqrt();
        assert!((mean - MEAN[c]).abs() < 4.0 * error + 1e-3, "{mean}");
        let relative = (deviation / DEVIATION[c] - 1.0).abs();
        assert!(relative < 4.0 / (2.0 * n).sqrt() + 1e-2, "{deviation}");
    }
    let never = Sampler {
        resampling: 0,
        ..sampler
    };
    let refused = never.sample(&gaussian, shape(), 1, None, |_| Ok(()));
    assert!(refused.unwrap_err().to_string().contains("resampling"));
}

#[test]
fn a_start_is_found_by_its_noise_level() {
    let levels = Schedule::default().levels().unwrap();
    for sigma in [100.0, 80.0, 0.5, 0.002] {
        let skip = Sampler::default().starting_at(sigma).unwrap().skip;
        let rounded = sigma * (1.0 + 1e-9);
        assert!(levels[skip] <= rounded && (skip == 0 || levels[skip - 1] > rounded));
    }
    assert!(Sampler::default().starting_at(1e-3).is_err());
    assert!(Sampler::default().starting_at(f64::NAN).is_err());
}

/// With as many evaluations as Heun's method, the multistep one is nearer to the exact flow, in the
/// schedule's later part, where refinement takes place: what it is offered for.
#[test]
fn of_equal_evaluations_the_multistep_solver_makes_more() {
    let from = 1.0;
    let error = |solver: Solver, steps: usize| {
        let sampler = Sampler {
            solver,
            churn: 0.0,
            schedule: Schedule {
                steps,
                sigma_min: 0.02,
                sigma_max: from,
                ..Schedule::default()
            },
            ..Sampler::default()
        };
        let end = run(sampler, shape(), 9);
        let mut start = shape();
        Noise::new(9).add(&mut start, from);
        let squares = end
            .indexed_iter()
            .zip(&start)
            .map(|(((_, c, ..), &x), &x0)| {
                let s = DEVIATION[c].powi(2);
                let exact = MEAN[c] + (f64::from(x0) - MEAN[c]) * (s / (s + from * from)).sqrt();
                (f64::from(x) - exact).powi(2)
            });
        (sampler.evaluations(), squares.sum::<f64>().sqrt())
    };
    for steps in [5, 7, 13] {
        let (heun_cost, heun) = error(Solver::Heun, steps);
        let (cost, multistep) = error(Solver::Multistep { eta: 0.0 }, 2 * steps - 1);
        assert_eq!(cost, heun_cost);
        assert!(multistep < heun, "{cost} evaluations: {multistep} {heun}");
    }
}

#[test]
fn solvers_are_read_by_name_and_eta_is_checked() {
    let read = |text: &str| {
        toml::from_str::<Sampler>(text)
            .ok()
            .map(|sampler| sampler.solver)
    };
    assert_eq!(read("skip = 3"), Some(Solver::Heun));
    assert_eq!(read("solver = \"heun\""), Some(Solver::Heun));
    let multistep = Solver::Multistep { eta: 0.5 };
    assert_eq!(
        read("solver = { multistep = { eta = 0.5 } }"),
        Some(multistep)
    );
    let backwards = Sampler {
        solver: Solver::Multistep { eta: -0.1 },
        ..Sampler::default()
    };
    let error = backwards.sample(&gaussian, shape(), 0, None, |_| Ok(()));
    assert!(error.is_err_and(|e| e.to_string().contains("eta: -0.1")));
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

/// On a Gaussian of variance `s²` an estimate has the share `s² / (s² + t²)` of what it is made
/// from, so that the variance follows a recursion.
#[test]
fn renoised_estimates_have_the_variance_of_their_recursion() {
    let sampler = Sampler {
        solver: Solver::Renoised,
        schedule: Schedule {
            steps: 12,
            sigma_max: 2.0,
            sigma_min: 0.05,
            ..Schedule::default()
        },
        ..Sampler::default()
    };
    assert_eq!(sampler.evaluations(), 12);
    let found = run(sampler, shape(), 3);
    let levels = sampler.schedule.levels().unwrap();
    for (c, deviation) in DEVIATION.into_iter().enumerate() {
        let s2 = deviation * deviation;
        let mut variance = levels[0] * levels[0];
        for level in levels.windows(2) {
            let share = s2 / (s2 + level[0] * level[0]);
            variance = share * share * variance + level[1] * level[1];
        }
        let (mean, found, n) = moments(&found, c);
        // The start has mean zero, of which the product of all shares remains.
        assert!((mean - MEAN[c]).abs() < 0.02, "{mean}");
        let chance = 5.0 * variance.sqrt() / (2.0 * n).sqrt();
        assert!(
            (found - variance.sqrt()).abs() < chance,
            "{found} {variance}"
        );
    }
}
