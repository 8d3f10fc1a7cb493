use super::*;
use crate::microstructure::StandIn;
use crate::training::centred;

/// White Gaussian patches, of which the best denoiser is known.
fn white(seed: u64, count: usize, deviation: f64) -> Vec<Array4<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut value = || -> f32 {
        let normal: f64 = StandardNormal.sample(&mut rng);
        (deviation * normal) as f32
    };
    (0..count)
        .map(|_| Array4::from_shape_simple_fn((3, 8, 8, 8), &mut value))
        .collect()
}

fn grains(seed: u64) -> Result<Vec<Array4<f32>>> {
    let volume = centred(&StandIn::Recrystallised.generate([32; 3], seed)?.rogsh()?)?;
    Ok(PatchSet::new(vec![volume], 16, 16, false, 0)?.evenly(4))
}

fn row<'a>(found: &'a DenoisingError, way: &str) -> &'a DenoisingRow {
    let named = found.rows.iter().find(|row| row.way == way);
    named.unwrap_or_else(|| panic!("no row {way}"))
}

/// On white noise the optimal denoiser leaves `s σ / sqrt(s² + σ²)`, and no filter does better.
#[test]
fn the_optimal_denoiser_has_the_known_error_and_beats_all() -> Result<()> {
    let s = 0.3f64;
    let levels = [0.1, 0.3, 1.0];
    let test = DenoisingTest::new(&white(1, 4, s), &white(2, 20, s), &levels, 5)?;
    let optimal = |x: &Batch, sigma: f64| -> Result<Batch> {
        let kept = s * s / (s * s + sigma * sigma);
        Ok(x.mapv(|value| (kept * f64::from(value)) as f32))
    };
    let found = test.measure("optimal", &optimal)?;
    assert_eq!((found.patches, found.edge), (20, 8));
    for (level, &sigma) in levels.iter().enumerate() {
        let expected = s * sigma / (s * s + sigma * sigma).sqrt();
        let optimal = row(&found, "optimal").errors[level];
        // Four standard errors of a root mean square of 30,720 values.
        let close = |found: f64, expected: f64| {
            (found / expected - 1.0).abs() < 4.0 / (2.0f64 * 30_720.0).sqrt()
        };
        assert!(close(optimal, expected), "{optimal} {expected}");
        assert!(close(row(&found, "nothing").errors[level], sigma));
    }
    assert!(found.beaten_at().is_empty(), "{found}");
    let nothing = test.measure("identity", &|x: &Batch, _: f64| Ok(x.clone()))?;
    assert_eq!(nothing.beaten_at(), levels);
    Ok(())
}

/// On grains the filters are worth something: the better the more noise there is, those that keep
/// boundaries more than the one that blurs them, and none is worse than doing nothing.
#[test]
fn filters_are_at_their_best_on_grains() -> Result<()> {
    let test = DenoisingTest::new(&grains(1)?, &grains(2)?, &[0.05, 0.2, 0.5], 5)?;
    let found = test.measure("identity", &|x: &Batch, _: f64| Ok(x.clone()))?;
    for level in 0..3 {
        let nothing = row(&found, "nothing").errors[level];
        for kind in Kind::ALL {
            let errors = &row(&found, kind.name()).errors;
            assert!(errors[level] < 1.001 * nothing, "{found}");
        }
        let [gaussian, variation] =
            ["Gaussian", "total variation"].map(|way| row(&found, way).errors[level]);
        assert!(variation < gaussian && variation < 0.8 * nothing, "{found}");
    }
    // Parameters grow with the noise.
    for kind in Kind::ALL {
        let parameters = &row(&found, kind.name()).parameters;
        assert!(
            parameters.is_sorted() && parameters[0] < parameters[2],
            "{found:?}"
        );
    }
    // The same seed, the same noise.
    let again = DenoisingTest::new(&grains(1)?, &grains(2)?, &[0.05, 0.2, 0.5], 5)?;
    let again = again.measure("identity", &|x: &Batch, _: f64| Ok(x.clone()))?;
    assert_eq!(found, again);
    Ok(())
}

/// Wherever the least error is, it is found; here with all candidates looked at.
#[test]
fn the_walk_finds_the_least_error() {
    for kind in Kind::ALL {
        let candidates = kind.candidates(0.3);
        for (place, wanted) in candidates.iter().enumerate() {
            let rank = |filter: Filter| candidates.iter().position(|c| *c == filter);
            let distance = |filter: Filter| {
                rank(filter).map_or(f64::NAN, |at| (at as f64 - place as f64).abs())
            };
            assert_eq!(best(&candidates, distance), *wanted);
        }
    }
}

/// The error does fall and rise along the candidates, as the walk takes for granted.
#[test]
fn errors_fall_and_rise_along_the_candidates() -> Result<()> {
    let (clean, noisy) = with_noise("patches", &grains(1)?[..1], &[0.2], 3, 0)?;
    for kind in Kind::ALL {
        let errors: Vec<f64> = kind
            .candidates(0.2)
            .into_iter()
            .map(|filter| error(&filtered(&noisy[0].patches, filter), &clean))
            .collect();
        let least = errors.iter().copied().fold(f64::INFINITY, f64::min);
        let at = errors.iter().position(|e| *e == least).unwrap_or_default();
        assert!(
            errors[..=at].windows(2).all(|pair| pair[0] >= pair[1]),
            "{errors:?}"
        );
        assert!(
            errors[at..].windows(2).all(|pair| pair[0] <= pair[1]),
            "{errors:?}"
        );
    }
    Ok(())
}

/// Batches of a denoiser do not change the result.
#[test]
fn patches_are_all_counted_once() -> Result<()> {
    let test = DenoisingTest::new(&white(1, 1, 0.3), &white(2, BATCH + 3, 0.3), &[0.5], 1)?;
    let batches = std::cell::RefCell::new(Vec::new());
    let zero = |x: &Batch, _: f64| {
        batches.borrow_mut().push(x.len_of(Axis(0)));
        Ok(Batch::zeros(x.dim()))
    };
    let found = test.measure("zero", &zero)?;
    assert_eq!(*batches.borrow(), [BATCH, 3]);
    let power = error(&test.clean, &Batch::zeros(test.clean.dim()));
    assert!((row(&found, "zero").errors[0] - power).abs() < 1e-9);
    Ok(())
}

#[test]
fn tests_of_nothing_are_refused() {
    let one = white(1, 1, 0.3);
    assert!(DenoisingTest::new(&[], &one, &[0.1], 0).is_err());
    assert!(DenoisingTest::new(&one, &[], &[0.1], 0).is_err());
    assert!(DenoisingTest::new(&one, &one, &[], 0).is_err());
    assert!(DenoisingTest::new(&one, &one, &[0.1, 0.0], 0).is_err());
}
