use super::*;
use crate::reconstruction::sections::tests::{cells, noise};

const SHAPE: [usize; 3] = [16, 12, 14];

fn target() -> OrthogonalStatistics {
    OrthogonalStatistics::of_volume(&cells(SHAPE, 12, 1)).unwrap()
}

/// The mean square error of a field as the statistics of volumes say it.
fn mean_square(field: &[f32], target: &OrthogonalStatistics) -> f64 {
    Mismatch::<f32>::new(target).unwrap().value(field).unwrap()
}

#[test]
fn every_optimiser_brings_noise_to_the_target() {
    let target = target();
    for (optimiser, goal) in [
        (Optimiser::Descent { rate: 10.0 }, 1e-6),
        (Optimiser::lbfgs(), 1e-9),
        (Optimiser::Scaling, 1e-9),
    ] {
        let mut field = noise(SHAPE, 2).as_slice().to_vec();
        let outcome = optimiser
            .run(&target, &mut field, &Goal::mean_square(goal))
            .unwrap();
        assert!(outcome.reached, "{optimiser:?}: {outcome:?}");
        let found = mean_square(&field, &target);
        assert!(found <= 1.01 * goal, "{optimiser:?}: {found}");
        assert!((outcome.mean_square / found - 1.0).abs() < 0.01);
        assert!(outcome.history[0] > 10.0 * goal);
    }
}

#[test]
fn scaling_reaches_the_papers_largest_error() {
    let target = target();
    let mut field = cells(SHAPE, 12, 7).as_slice().to_vec();
    let outcome = Optimiser::Scaling
        .run(&target, &mut field, &Goal::maximum(1e-5))
        .unwrap();
    assert!(
        outcome.reached && outcome.history.len() < 600,
        "{outcome:?}"
    );
    let made = cells(SHAPE, 12, 7);
    let data = ndarray::Array4::from_shape_vec((3, 16, 12, 14), field).unwrap();
    let made =
        crate::microstructure::Field::new(*made.grid(), made.channels().to_vec(), data).unwrap();
    let found = OrthogonalStatistics::of_volume(&made).unwrap();
    let apart = found.planes().unwrap().minus(&target.planes().unwrap());
    assert!(largest(&apart).unwrap() < 1.1e-5);
}

/// With a single channel both search the spectra `p_k u v w`, where each factor is constant along
/// lines of one axis, and of those only one has given sums.
#[test]
fn of_one_channel_scaling_and_small_steps_of_descent_find_the_same_spectrum() {
    let shape = [6, 5, 4];
    let single = |field: &crate::microstructure::Field| {
        let mut data = field.data().to_owned();
        for c in 1..3 {
            data.index_axis_mut(ndarray::Axis(0), c).fill(0.0);
        }
        crate::microstructure::Field::new(*field.grid(), field.channels().to_vec(), data).unwrap()
    };
    let target = OrthogonalStatistics::of_volume(&single(&noise(shape, 1))).unwrap();
    let start = single(&noise(shape, 2)).as_slice().to_vec();
    let ends: Vec<Vec<f32>> = [Optimiser::Descent { rate: 1.0 }, Optimiser::Scaling]
        .iter()
        .map(|optimiser| {
            let mut field = start.clone();
            let goal = Goal {
                iterations: 60_000,
                ..Goal::mean_square(1e-13)
            };
            let outcome = optimiser.run(&target, &mut field, &goal).unwrap();
            assert!(
                outcome.mean_square < 1e-12,
                "{:?}: {}",
                optimiser,
                outcome.mean_square
            );
            field
        })
        .collect();
    let size = ends[1].iter().map(|v| v * v).sum::<f32>().sqrt();
    let apart = ends[0]
        .iter()
        .zip(&ends[1])
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f32>()
        .sqrt();
    let moved = start
        .iter()
        .zip(&ends[1])
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f32>()
        .sqrt();
    assert!(apart < 0.01 * moved, "{apart} of {moved}, size {size}");
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let target = target();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let mut field = noise(SHAPE, 2).as_slice().to_vec();
            let goal = Goal {
                iterations: 5,
                ..Goal::mean_square(0.0)
            };
            Optimiser::Scaling.run(&target, &mut field, &goal).unwrap();
            field
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn a_rate_that_is_too_large_is_an_error() {
    let mut field = noise(SHAPE, 2).as_slice().to_vec();
    let descent = Optimiser::Descent { rate: 1e6 };
    let error = descent
        .run(&target(), &mut field, &Goal::mean_square(1e-6))
        .unwrap_err();
    assert!(error.to_string().contains("lower rate"), "{error}");
}
