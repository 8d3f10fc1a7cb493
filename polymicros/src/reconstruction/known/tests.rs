//! On a Gaussian prior with its exact denoiser, the distribution of the missing values given the
//! known ones is known in closed form.

use super::*;
use crate::diffusion::{Condition, Denoiser, MeanCorrection, Sampler, Schedule};
use faer::Mat;
use faer::linalg::solvers::Solve;
use ndarray::{Array3, Array4};
use std::cell::RefCell;

/// Voxels in a row, of which these are known. Their mean is that of the prior.
const N: usize = 8;
const KNOWN: [(usize, f64); 2] = [(1, 0.7), (5, -0.7)];
const SAMPLES: usize = 8_000;

/// A variance of 0.25 and correlations that decay over four voxels.
fn covariance() -> Mat<f64> {
    Mat::from_fn(N, N, |i, j| 0.25 * (-(i.abs_diff(j) as f64) / 4.0).exp())
}

/// The exact denoiser of a row of voxels with this covariance and mean zero:
/// `C (C + sigma^2)^-1 x`.
fn exact(x: &Batch, sigma: f64) -> Result<Batch> {
    let c = covariance();
    let noisy = Mat::from_fn(N, N, |i, j| {
        c[(i, j)] + if i == j { sigma * sigma } else { 0.0 }
    });
    // Both are symmetric and share their eigenvectors.
    let filter = noisy.partial_piv_lu().solve(&c);
    let mut denoised = x.clone();
    for (mut d, x) in denoised.outer_iter_mut().zip(x.outer_iter()) {
        for i in 0..N {
            let terms = (0..N).map(|j| filter[(i, j)] * f64::from(x[[0, 0, 0, j]]));
            d[[0, 0, 0, i]] = terms.sum::<f64>() as f32;
        }
    }
    Ok(denoised)
}

fn known() -> Known {
    let mut values = Array4::zeros((1, 1, 1, N));
    let mut mask = Array3::from_elem((1, 1, N), false);
    for (at, value) in KNOWN {
        values[[0, 0, 0, at]] = value as f32;
        mask[[0, 0, at]] = true;
    }
    let field = Field::new(Grid::new([1, 1, N]).unwrap(), ["a"], values).unwrap();
    Known::of(&field.with_mask(mask.into_shared()).unwrap()).unwrap()
}

/// Mean and covariance of the missing voxels given the known ones.
fn conditional() -> (Vec<f64>, Mat<f64>, Vec<usize>) {
    let c = covariance();
    let missing: Vec<usize> = (0..N)
        .filter(|at| KNOWN.iter().all(|k| k.0 != *at))
        .collect();
    let known: Vec<usize> = KNOWN.iter().map(|k| k.0).collect();
    let of = |rows: &[usize], columns: &[usize]| {
        Mat::from_fn(rows.len(), columns.len(), |i, j| c[(rows[i], columns[j])])
    };
    let (mk, kk) = (of(&missing, &known), of(&known, &known));
    let y = Mat::from_fn(known.len(), 1, |i, _| KNOWN[i].1);
    let solved = kk.partial_piv_lu();
    let mean = &mk * solved.solve(&y);
    let rest = of(&missing, &missing) - &mk * solved.solve(mk.transpose());
    let mean = (0..missing.len()).map(|i| mean[(i, 0)]).collect();
    (mean, rest, missing)
}

fn sampler(churn: f64) -> Sampler {
    Sampler {
        churn,
        churn_noise: 1.0,
        schedule: Schedule {
            steps: 60,
            sigma_min: 0.01,
            sigma_max: 20.0,
            rho: 7.0,
        },
        ..Sampler::default()
    }
}

fn run(denoiser: &dyn Denoiser, sampler: Sampler, condition: Option<&mut dyn Condition>) -> Batch {
    let x = Batch::zeros((SAMPLES, 1, 1, 1, N));
    sampler
        .sample(denoiser, x, 5, condition, |_| Ok(()))
        .unwrap()
}

/// The largest deviation of the means, in units of the standard error, and of the elements of the
/// covariance, in units of the largest variance.
fn deviations(x: &Batch) -> (f64, f64) {
    let (mean, rest, missing) = conditional();
    let value = |sample: usize, i: usize| f64::from(x[[sample, 0, 0, 0, missing[i]]]);
    let n = SAMPLES as f64;
    let found: Vec<f64> = (0..missing.len())
        .map(|i| (0..SAMPLES).map(|s| value(s, i)).sum::<f64>() / n)
        .collect();
    let (mut means, mut covariances) = (0.0f64, 0.0f64);
    let largest = (0..missing.len()).map(|i| rest[(i, i)]).fold(0.0, f64::max);
    for i in 0..missing.len() {
        means = means.max((found[i] - mean[i]).abs() / (rest[(i, i)] / n).sqrt());
        for j in 0..=i {
            let products =
                (0..SAMPLES).map(|s| (value(s, i) - found[i]) * (value(s, j) - found[j]));
            let estimate = products.sum::<f64>() / n;
            covariances = covariances.max((estimate - rest[(i, j)]).abs() / largest);
        }
    }
    (means, covariances)
}

fn is_exact(x: &Batch) -> bool {
    x.outer_iter().all(|x| {
        KNOWN
            .iter()
            .all(|&(at, value)| (f64::from(x[[0, 0, 0, at]]) - value).abs() < 1e-6)
    })
}

#[test]
fn the_gradient_samples_from_the_conditional_distribution() {
    let known = known();
    for churn in [0.0, 40.0] {
        let sampler = sampler(churn);
        let guided = ConsistentDenoiser::new(&exact, &known, 2, 1.0, &sampler).unwrap();
        let x = run(&guided, sampler, None);
        let (means, covariances) = deviations(&x);
        println!("guided, churn {churn}: means {means:.2}, covariances {covariances:.3}");
        assert!(is_exact(&x));
        // Four standard errors of a mean, and of a variance: sqrt(2 / n).
        assert!(means < 4.0, "{means}");
        assert!(
            covariances < 4.0 * (2.0 / SAMPLES as f64).sqrt() + 0.01,
            "{covariances}"
        );
    }
}

/// What the module's documentation says of the other three, in figures.
#[test]
fn replacement_keeps_the_known_values_and_biases_the_rest() {
    let known = known();
    let plain = sampler(40.0);
    let steps = plain.schedule.steps;
    let often = Sampler {
        resampling: 8,
        ..plain
    };
    let mut printed = KnownVoxels::as_printed(&known, 1.0, steps);
    let mut noisy = KnownVoxels::noise_consistent(&known, 1.0, steps, 3);
    let mut again = KnownVoxels::noise_consistent(&known, 1.0, steps, 3);
    let replaced = ConsistentDenoiser::new(&exact, &known, 0, 1.0, &plain).unwrap();
    let of = |name: &str, x: Batch| {
        let (means, covariances) = deviations(&x);
        println!("{name}: means {means:.1} standard errors, covariances {covariances:.3}");
        assert!(is_exact(&x), "{name}");
        means
    };
    let printed = of("as printed", run(&exact, plain, Some(&mut printed)));
    let noisy = of("noise-consistent", run(&exact, plain, Some(&mut noisy)));
    let replaced = of("replaced", run(&replaced, plain, None));
    let again = of(
        "noise-consistent, resampled",
        run(&exact, often, Some(&mut again)),
    );
    for bias in [printed, noisy, replaced] {
        assert!(bias > 10.0, "{bias}");
    }
    assert!(again < 0.5 * noisy, "{again} {noisy}");
}

#[test]
fn conditioning_ends_after_its_share_of_the_steps() {
    let known = known();
    let mut x = Batch::zeros((1, 1, 1, 1, N));
    for (theta, last) in [(0.75, 5), (1.0, 7), (0.7, 5), (0.0, 0)] {
        let mut condition = KnownVoxels::as_printed(&known, theta, 8);
        let conditioned: Vec<bool> = (0..8)
            .map(|step| {
                x.fill(0.0);
                condition.apply(&mut x, step, 1.0).unwrap();
                x[[0, 0, 0, 0, KNOWN[0].0]] != 0.0
            })
            .collect();
        // As printed: i < theta N.
        let expected: Vec<bool> = (0..8).map(|i| f64::from(i) < theta * 8.0).collect();
        assert_eq!(conditioned, expected);
        assert!(theta == 0.0 || conditioned[last] && !conditioned[last + 1..].contains(&true));
    }
}

/// In the denoised estimate, where each step first asks for one: with churn that is above the level
/// of the schedule.
#[test]
fn estimates_are_conditioned_in_the_first_share_of_the_steps() {
    let known = known();
    let zero = |x: &Batch, _: f64| Ok(Batch::zeros(x.dim()));
    for (theta, churn) in [0.0, 0.3, 0.75, 1.0]
        .into_iter()
        .flat_map(|theta| [(theta, 0.0), (theta, 40.0)])
    {
        let sampler = Sampler {
            schedule: Schedule {
                steps: 25,
                ..Schedule::default()
            },
            churn,
            ..Sampler::default()
        };
        let replaced = ConsistentDenoiser::new(&zero, &known, 0, theta, &sampler).unwrap();
        let asked = RefCell::new(Vec::new());
        let watching = |x: &Batch, sigma: f64| {
            let d = replaced.denoise(x, sigma)?;
            asked.borrow_mut().push(d[[0, 0, 0, 0, KNOWN[0].0]] != 0.0);
            Ok(d)
        };
        let x = Batch::zeros((1, 1, 1, 1, N));
        sampler.sample(&watching, x, 1, None, |_| Ok(())).unwrap();
        // Heun's method asks twice a step, and once in the last.
        let first: Vec<bool> = asked.borrow().iter().copied().step_by(2).collect();
        let expected: Vec<bool> = (0..25).map(|i| f64::from(i) < theta * 25.0).collect();
        assert_eq!(first, expected, "theta {theta}, churn {churn}");
    }
}

#[test]
fn conditions_compose() {
    let known = known();
    let sampler = sampler(0.0);
    let voxels = KnownVoxels::as_printed(&known, 1.0, sampler.schedule.steps);
    let mut both: Vec<Box<dyn Condition>> =
        vec![Box::new(MeanCorrection::zero(1)), Box::new(voxels)];
    let x = run(&exact, sampler, Some(&mut both));
    assert!(is_exact(&x));
    // The missing voxels had mean zero with the known ones before those were put in, and the known
    // ones have mean zero themselves.
    let wrong = Batch::zeros((1, 2, 1, 1, N));
    assert!(both.apply(&mut wrong.clone(), 0, 1.0).is_err());
}

#[test]
fn the_mean_of_known_voxels_is_taken_away_and_given_back() -> Result<()> {
    let grid = Grid::new([2, 2, 2])?;
    let data = Array4::from_shape_fn((2, 2, 2, 2), |(c, x, y, z)| {
        (10 * c + 4 * x + 2 * y + z) as f32
    });
    let field = Field::new(grid, ["a", "b"], data)?;
    let mask = Mask::slices([2, 2, 2], 0, 2, 0)?;
    let known = Known::of(&mask.observe(&field)?)?;
    // Those of x = 0: 0 to 3, and 10 to 13.
    assert_eq!(known.mean(), [1.5, 11.5]);
    assert_eq!(known.values()[[1, 0, 1, 1]], 1.5);
    assert_eq!(known.values()[[1, 1, 1, 1]], 0.0);
    let back = known.restored(known.centred(&field)?)?;
    assert_eq!(back, field);
    let nothing = Mask::slices([2, 2, 2], 0, 1, 0)?.complement();
    assert!(Known::of(&nothing.observe(&field)?).is_err());
    Ok(())
}
