use super::*;
use crate::diffusion::{Batch, Sampler};
use crate::microstructure::StandIn;
use crate::random_field::{Acceptance, Bounds, Design};

fn parameters(count: usize) -> Result<Vec<MosmParameters>> {
    Ok(Design::draw(&Bounds::paper(), &Acceptance::default(), count, 8)?.parameters)
}

fn drawn(parameters: &MosmParameters) -> Result<Structure> {
    let none = |x: &Batch, _: f64| Ok(x.clone());
    let seeds = Seeds {
        random_field: 1,
        refinement: 1,
    };
    LocalGlobal::default().structure(parameters, &none, &Grid::cube(32)?, seeds, |_| Ok(()))
}

/// A structure that is its random field, half of it, its negative, or the field of another draw.
#[test]
fn what_is_kept_of_known_structures() -> Result<()> {
    let parameters = parameters(1)?.remove(0);
    let made = drawn(&parameters)?;
    let with = |field: Field| {
        let made = Structure {
            field,
            ..made.clone()
        };
        KeptStatistics::of(&made, &parameters)
    };
    let field = &made.random_field;
    let times = |factor: f32| {
        let data = field.data().mapv(|v| factor * v);
        Field::new(*field.grid(), field.channels().to_vec(), data)
    };
    let close = |a: f64, b: f64| (a - b).abs() < 1e-4;
    let same = with(field.clone())?;
    assert!(close(same.error, 0.0) && close(same.cosine, 1.0) && close(same.correlation, 1.0));
    assert!(close(same.error_to_kernel, same.field_error_to_kernel));
    // Covariances are quadratic in the values.
    let half = with(times(0.5)?)?;
    assert!(close(half.error, 0.75) && close(half.cosine, 1.0) && close(half.correlation, 1.0));
    let negative = with(times(-1.0)?)?;
    assert!(close(negative.error, 0.0) && close(negative.correlation, -1.0));
    // A field moved around the box has its statistics, and not its places.
    let moved = ndarray::Array4::from_shape_fn(field.data().dim(), |(c, x, y, z)| {
        field.data()[[c, (x + 11) % 32, (y + 5) % 32, (z + 17) % 32]]
    });
    let moved = with(Field::new(*field.grid(), field.channels().to_vec(), moved)?)?;
    assert!(close(moved.error, 0.0) && moved.correlation < 0.7);
    Ok(())
}

/// With the optimal denoiser of white noise the field is drowned as fewer steps are skipped: less
/// is kept, and neighbourhoods go from too smooth to too rough.
#[test]
fn less_skip_keeps_less() -> Result<()> {
    let white = |x: &Batch, sigma: f64| -> Result<Batch> {
        let kept = 0.04 / (0.04 + sigma * sigma);
        Ok(x.mapv(|value| (kept * f64::from(value)) as f32))
    };
    let local_global = LocalGlobal {
        refinement: Sampler {
            churn: 0.0,
            ..Sampler::default()
        },
        ..LocalGlobal::default()
    };
    let source = [StandIn::Recrystallised.generate([32; 3], 1)?.rogsh()?];
    let settings = RealismSettings {
        patch: 8,
        ..RealismSettings::default()
    };
    let mut done = Vec::new();
    let found = TradeOff::measure(
        &local_global,
        &parameters(2)?,
        &white,
        &Grid::cube(32)?,
        &[20, 16, 12],
        (&source, settings),
        |count| {
            done.push(count);
            Ok(())
        },
    )?;
    assert_eq!(done, [1, 2, 3, 4, 5, 6]);
    for pair in found.windows(2) {
        assert!(pair[0].sigma < pair[1].sigma);
        assert!(
            pair[0].kept.correlation > pair[1].kept.correlation,
            "{found:?}"
        );
        assert!(pair[0].kept.error < pair[1].kept.error, "{found:?}");
        let gradient = |one: &TradeOff| one.realism.comparisons[0].generated;
        assert!(gradient(&pair[0]) < gradient(&pair[1]), "{found:?}");
    }
    Ok(())
}
