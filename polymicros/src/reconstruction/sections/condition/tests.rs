use super::*;
use crate::reconstruction::sections::mismatch::Mismatch;
use crate::reconstruction::sections::tests::{cells, noise};

#[test]
fn thresholds_are_linear_and_the_printed_ones_are_others() {
    let text = Thresholds::default();
    assert!((text.at(0, 25) - 1e-5).abs() < 1e-18 && (text.at(24, 25) - 1e-7).abs() < 1e-18);
    assert!((text.at(12, 25) - 5.05e-6).abs() < 1e-18);
    // (N - t) 1e-5 + 1e-7 for t = 0 … 24.
    let printed = Thresholds::printed(25);
    for t in 0..25 {
        assert!((printed.at(t, 25) - ((25 - t) as f64 * 1e-5 + 1e-7)).abs() < 1e-15);
    }
    assert_eq!(text.at(0, 1), 1e-5);
}

fn batch(shape: [usize; 3], amplitude: f32) -> Batch {
    let [x, y, z] = shape;
    let (a, b) = (noise(shape, 1), noise(shape, 2));
    Batch::from_shape_fn((2, 3, x, y, z), |(n, c, x, y, z)| {
        amplitude * [&a, &b][n].data()[[c, x, y, z]]
    })
}

#[test]
fn each_field_of_a_batch_has_the_statistics_and_no_mean() {
    let shape = [12, 10, 8];
    let target = OrthogonalStatistics::of_volume(&cells(shape, 9, 1)).unwrap();
    let mut condition = MatchSections::new(&target, 5, MatchSettings::default()).unwrap();
    let mut x = batch(shape, 1.0);
    let mut mismatch = Mismatch::<f32>::new(&target).unwrap();
    for step in [0, 4] {
        condition.apply(&mut x, step, 0.0).unwrap();
        for field in x.outer_iter() {
            let threshold = Thresholds::default().at(step, 5);
            let found = mismatch.value(field.as_slice().unwrap()).unwrap();
            assert!(found <= 1.001 * threshold, "{found} after step {step}");
            for channel in field.outer_iter() {
                assert!(channel.mean().unwrap().abs() < 1e-6);
            }
        }
    }
    let log = condition.log();
    assert_eq!(log.len(), 4);
    assert!(
        log.iter()
            .all(|step| step.reached && step.before >= step.after)
    );
    // The last step goes on to the largest error.
    assert!(log[2].after < 1e-8);
}

/// White noise of level sigma added to a volume has, but for what its finite sums leave, the
/// target's covariances and sigma² more at zero displacement: there is next to nothing to change.
#[test]
fn noise_that_is_counted_in_is_left_alone() {
    let shape = [24; 3];
    let volume = cells(shape, 60, 1);
    let target = OrthogonalStatistics::of_volume(&volume).unwrap();
    let sigma = 2.0;
    let mut x = Batch::zeros((1, 3, 24, 24, 24));
    let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(4);
    let means = target.mean();
    for ((_, c, i, j, k), value) in x.indexed_iter_mut() {
        let normal: f64 = rand_distr::Distribution::sample(&rand_distr::StandardNormal, &mut rng);
        *value = volume.data()[[c, i, j, k]] - means[c] as f32 + (sigma * normal) as f32;
    }
    let before = x.clone();
    let change = |matched: Matched| {
        let settings = MatchSettings {
            matched,
            ..MatchSettings::default()
        };
        let mut condition = MatchSections::new(&target, 9, settings).unwrap();
        let mut x = before.clone();
        condition.apply(&mut x, 3, sigma).unwrap();
        let moved: f32 = x.iter().zip(&before).map(|(a, b)| (a - b).powi(2)).sum();
        let size: f32 = before.iter().map(|v| v * v).sum();
        (moved / size).sqrt()
    };
    let (counted, as_printed) = (change(Matched::Noisy), change(Matched::Field));
    assert!(counted < 0.25, "{counted}");
    assert!(as_printed > 0.8, "{as_printed}");
}
