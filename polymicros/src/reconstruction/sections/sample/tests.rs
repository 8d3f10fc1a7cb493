use super::*;
use crate::diffusion::Schedule;
use crate::reconstruction::sections::tests::cells;
use std::cell::Cell;

/// The denoiser of a Gaussian whose values are independent, of the target's mean variance.
fn white(x: &Batch, sigma: f64) -> Result<Batch> {
    let variance = 0.03;
    Ok(x.mapv(|v| (f64::from(v) * variance / (variance + sigma * sigma)) as f32))
}

fn expansion() -> Expansion {
    Expansion {
        sampler: Sampler {
            schedule: Schedule {
                steps: 6,
                ..Schedule::default()
            },
            ..Sampler::default()
        },
        ..Expansion::default()
    }
}

#[test]
fn samples_have_the_statistics_and_means_of_the_target() {
    let volume = cells([12, 12, 12], 20, 1);
    let target = OrthogonalStatistics::of_volume(&volume).unwrap();
    // Heun's method asks twice in each of the six steps but the last.
    for (matched, matchings) in [
        (Matched::Field, 6),
        (Matched::Noisy, 6),
        (Matched::Estimate, 11),
    ] {
        let mut expansion = expansion();
        expansion.matching.matched = matched;
        let steps = Cell::new(0);
        let sample = expansion
            .sample(&white, &target, 3, |done| {
                steps.set(done);
                Ok(())
            })
            .unwrap();
        assert_eq!(steps.get(), 6);
        assert_eq!(sample.log.len(), matchings);
        assert!(sample.matching_seconds() <= sample.seconds);
        let found = OrthogonalStatistics::of_volume(&sample.field).unwrap();
        for error in found.errors(&target).unwrap() {
            assert!(error.maximum < 1e-5, "{error:?}");
        }
        let again = expansion.sample(&white, &target, 3, |_| Ok(())).unwrap();
        assert_eq!(again.field, sample.field);
        let other = expansion.sample(&white, &target, 4, |_| Ok(())).unwrap();
        assert_ne!(other.field, sample.field);
    }
}

/// Covariances do not hear of the mean, so it can be added to the target or to what is made.
#[test]
fn a_mean_is_added_before_or_after() {
    let volume = cells([8, 8, 8], 9, 1);
    let shift = [0.3, -0.1, 0.2];
    let made = |of: &Field| {
        let target = OrthogonalStatistics::of_volume(of).unwrap();
        expansion()
            .sample(&white, &target, 3, |_| Ok(()))
            .unwrap()
            .field
    };
    let after = made(&volume).shifted(&shift).unwrap();
    let before = made(&volume.shifted(&shift).unwrap());
    for (a, b) in before.as_slice().iter().zip(after.as_slice()) {
        assert!((a - b).abs() < 2e-3, "{a} {b}");
    }
}

#[test]
fn work_can_be_ended_from_outside() {
    let target = OrthogonalStatistics::of_volume(&cells([8, 8, 8], 9, 1)).unwrap();
    let stop = |_| Err(Error::value("sampling", "stopped"));
    assert!(expansion().sample(&white, &target, 3, stop).is_err());
}

#[test]
fn without_a_model_noise_gets_the_statistics() {
    let target = OrthogonalStatistics::of_volume(&cells([10, 12, 8], 9, 1)).unwrap();
    let goal = Goal::mean_square(1e-8);
    let (field, outcome) = without_model(&target, &Optimiser::Scaling, &goal, 1).unwrap();
    assert!(outcome.reached);
    let found = OrthogonalStatistics::of_volume(&field).unwrap();
    let errors = found.errors(&target).unwrap();
    let mean_square = errors.iter().map(|error| error.mean_square).sum::<f64>() / 6.0;
    assert!(mean_square < 1.01e-8, "{mean_square}");
}

/// Estimates are matched as closely as was asked for, and no closer.
#[test]
fn a_tolerance_is_kept_and_used() {
    let target = OrthogonalStatistics::of_volume(&cells([12, 12, 12], 20, 1)).unwrap();
    let mut expansion = Expansion::of_estimates().with_tolerance(1e-5);
    expansion.sampler.schedule.steps = 6;
    let sample = expansion.sample(&white, &target, 3, |_| Ok(())).unwrap();
    assert_eq!(sample.log.len(), 6);
    let found = OrthogonalStatistics::of_volume(&sample.field).unwrap();
    let errors = found.errors(&target).unwrap();
    let mean_square = errors.iter().map(|error| error.mean_square).sum::<f64>() / 6.0;
    assert!((0.9e-5..1.01e-5).contains(&mean_square), "{mean_square}");
    for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let expansion = expansion.with_tolerance(nonsense);
        assert!(expansion.sample(&white, &target, 3, |_| Ok(())).is_err());
    }
}
