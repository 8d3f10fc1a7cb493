//! With a denoiser whose clean fields are known: constant slices.

use super::*;
use crate::diffusion::Schedule;
use crate::microstructure::Grid;
use crate::orientation::ROGSH_NAMES;
use crate::reconstruction::Mask;
use ndarray::{Array4, Axis};
use std::cell::Cell;

const SHAPE: [usize; 3] = [9, 4, 6];

/// Fields that are constant along x, y and z, with values of deviation 0.5 around zero: of noisy
/// voxels only the mean counts.
fn constant(x: &Batch, sigma: f64) -> Result<Batch> {
    let mut denoised = x.clone();
    for mut field in denoised.outer_iter_mut() {
        for mut channel in field.outer_iter_mut() {
            let n = channel.len() as f64;
            let mean = channel.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
            channel.fill((mean * 0.25 / (0.25 + sigma * sigma / n)) as f32);
        }
    }
    Ok(denoised)
}

fn field(value: impl Fn(usize, [usize; 3]) -> f32) -> Field {
    let [x, y, z] = SHAPE;
    let data = Array4::from_shape_fn((3, x, y, z), |(c, x, y, z)| value(c, [x, y, z]));
    Field::new(Grid::new(SHAPE).unwrap(), ROGSH_NAMES, data).unwrap()
}

fn ways() -> Vec<Inpainting> {
    let sampler = Sampler {
        schedule: Schedule {
            steps: 12,
            ..Schedule::default()
        },
        ..Sampler::default()
    };
    let from = Start::Interpolation {
        of: Interpolation::Linear,
        sigma: 0.5,
    };
    let mut ways = Vec::new();
    for consistency in [
        Consistency::AsPrinted,
        Consistency::NoiseConsistent,
        Consistency::Replaced,
        Consistency::Guided { iterations: 2 },
    ] {
        for start in [Start::Noise, from] {
            ways.push(Inpainting {
                sampler,
                consistency,
                theta: 1.0,
                start,
                ..Inpainting::default()
            });
        }
    }
    ways
}

fn done(_: usize, _: usize) -> Result<()> {
    Ok(())
}

/// Only the known mean says what the constant is: it lies far from zero, where the denoiser would
/// not look for it. What is left is the sampler's noise, averaged over 216 voxels.
#[test]
fn a_constant_far_from_zero_is_restored_by_its_known_mean() {
    let full = field(|c, _| 3.0 + c as f32);
    let observed = Mask::slices(SHAPE, 0, 4, 0)
        .unwrap()
        .observe(&full)
        .unwrap();
    for way in ways() {
        let made = way.sample(&constant, &observed, 3, &mut done).unwrap();
        assert!(made.mask().is_none());
        for (found, expected) in made.as_slice().iter().zip(full.as_slice()) {
            assert!(
                (found - expected).abs() < 0.15,
                "{way:?}: {found} {expected}"
            );
        }
    }
}

/// The model never sees the mean: one that is added to what is observed is in what is made.
#[test]
fn a_mean_is_added_before_or_after() {
    let full = field(|c, [x, y, z]| 0.1 * ((c + 3 * x + 5 * y + 7 * z) % 5) as f32);
    let mask = Mask::slices(SHAPE, 0, 4, 0).unwrap();
    let shift = [0.3, -0.1, 0.2];
    let moved = full.shifted(&shift).unwrap();
    // This field is far from the constants that the denoiser knows, which the gradient answers with
    // steps so large that rounding shows.
    let guided = |way: &Inpainting| matches!(way.consistency, Consistency::Guided { .. });
    for way in ways().into_iter().filter(|way| !guided(way)) {
        let made = |of: &Field| {
            let observed = mask.observe(of).unwrap();
            way.sample(&constant, &observed, 3, &mut done).unwrap()
        };
        let after = made(&full).shifted(&shift).unwrap();
        for (a, b) in made(&moved).as_slice().iter().zip(after.as_slice()) {
            assert!((a - b).abs() < 1e-4, "{way:?}: {a} {b}");
        }
    }
}

#[test]
fn known_voxels_are_kept_and_the_seed_decides() {
    let full = field(|c, [x, y, z]| 0.1 * ((c + 3 * x + 5 * y + 7 * z) % 5) as f32);
    let mask = Mask::slices(SHAPE, 2, 4, 0).unwrap();
    let observed = mask.observe(&full).unwrap();
    for way in ways() {
        let made = |seed| way.sample(&constant, &observed, seed, &mut done).unwrap();
        let one = made(3);
        assert_eq!(one, made(3));
        assert_ne!(one, made(4));
        let error = |made: &Field| {
            let both = made.data().indexed_iter().zip(full.data());
            both.filter(|(((_, x, y, z), _), _)| mask.known()[[*x, *y, *z]])
                .map(|((_, a), b)| (a - b).abs())
                .fold(0.0, f32::max)
        };
        assert!(error(&one) < 1e-5, "{way:?}");
        let polished = Inpainting {
            polish: Some(0.2),
            ..way
        };
        let other = polished.sample(&constant, &observed, 3, &mut done).unwrap();
        assert!(error(&other) > 1e-3, "{way:?}");
        let projected = Inpainting {
            projection: Some(Projection::default()),
            ..polished
        };
        let projected = projected
            .sample(&constant, &observed, 3, &mut done)
            .unwrap();
        assert_eq!(error(&projected), 0.0);
    }
}

#[test]
fn what_is_no_number_is_not_handed_on() {
    let observed = Mask::slices(SHAPE, 2, 4, 0).unwrap();
    let observed = observed.observe(&field(|_, [x, ..]| x as f32)).unwrap();
    let lost = |x: &Batch, _: f64| Ok(x.mapv(|_| f32::NAN));
    for way in ways() {
        let made = way.sample(&lost, &observed, 1, &mut done);
        assert!(made.is_err_and(|e| e.to_string().contains("does not fit")));
    }
    let nothing = field(|_, _| f32::NAN);
    assert!(Projection::default().apply(&observed, &[nothing]).is_err());
}

#[test]
fn steps_and_evaluations_are_counted() {
    let observed = Mask::slices(SHAPE, 0, 4, 0).unwrap();
    let observed = observed.observe(&field(|_, [x, ..]| x as f32)).unwrap();
    for way in ways() {
        let way = Inpainting {
            polish: Some(0.1),
            ..way
        };
        let count = Cell::new(0);
        let counting = |x: &Batch, sigma: f64| {
            count.set(count.get() + 1);
            constant(x, sigma)
        };
        let mut heard = Vec::new();
        way.sample(&counting, &observed, 1, &mut |step, of| {
            heard.push((step, of));
            Ok(())
        })
        .unwrap();
        let most = way.evaluations().unwrap();
        match way.consistency {
            Consistency::Guided { .. } => assert!(count.get() <= most),
            _ => assert_eq!(count.get(), most),
        }
        let all = heard[0].1;
        assert_eq!(heard, (1..=all).map(|k| (k, all)).collect::<Vec<_>>());
    }
}

#[test]
fn the_start_is_the_interpolation() {
    let full = field(|c, [x, y, _]| 0.1 * (c + x + 2 * y) as f32);
    let observed = Mask::slices(SHAPE, 0, 4, 0)
        .unwrap()
        .observe(&full)
        .unwrap();
    // A denoiser that leaves its first input as it finds it.
    let way = Inpainting {
        start: Start::Interpolation {
            of: Interpolation::Linear,
            sigma: 0.01,
        },
        consistency: Consistency::Replaced,
        ..Inpainting::default()
    };
    let same = |x: &Batch, _: f64| Ok(x.clone());
    let made = way.sample(&same, &observed, 1, &mut done).unwrap();
    let mean = |f: &Field| f.data().sum_axis(Axis(3)).mean().unwrap();
    let linear = Interpolation::Linear.fill(&observed).unwrap();
    for (a, b) in made.as_slice().iter().zip(linear.as_slice()) {
        assert!((a - b).abs() < 0.06, "{a} {b}");
    }
    assert!((mean(&made) - mean(&linear)).abs() < 0.02);
}

#[test]
fn settings_come_back_from_toml_and_nonsense_is_refused() {
    for way in ways() {
        let way = Inpainting {
            polish: Some(0.1),
            projection: Some(Projection::default()),
            ..way
        };
        let text = toml::to_string(&way).unwrap();
        assert_eq!(toml::from_str::<Inpainting>(&text).unwrap(), way);
    }
    let observed = Mask::slices(SHAPE, 0, 4, 0).unwrap();
    let observed = observed.observe(&field(|_, _| 0.0)).unwrap();
    let wrong = [
        Inpainting {
            theta: 1.5,
            ..Inpainting::default()
        },
        Inpainting {
            polish: Some(1e-9),
            ..Inpainting::default()
        },
    ];
    for way in wrong {
        assert!(way.sample(&constant, &observed, 1, &mut done).is_err());
    }
}
