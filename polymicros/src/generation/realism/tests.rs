use super::distribution::Distribution;
use super::*;
use crate::microstructure::{Grid, StandIn};
use crate::orientation::ROGSH_NAMES;
use ndarray::Array4;

/// Slabs of `width` voxels along an axis, whose values alternate by 0.3 in one channel and 0.4 in
/// another.
fn slabs(edge: usize, width: usize, axis: usize) -> Result<Field> {
    let data = Array4::from_shape_fn((3, edge, edge, edge), |(c, x, y, z)| {
        let odd = ([x, y, z][axis] / width) % 2 == 1;
        [0.3, 0.4, 0.0][c] * f32::from(u8::from(odd))
    });
    Field::new(Grid::cube(edge)?, ROGSH_NAMES, data)
}

fn of(field: &Field, settings: RealismSettings, measure: Measure) -> Result<Distribution> {
    let (_, all) = neighbourhoods(std::slice::from_ref(field), settings)?;
    Ok(Distribution::new(
        all.iter().flat_map(|one| one.of(measure)).copied(),
    ))
}

/// Everything about slabs is known: 12 voxels in slabs of 3.
#[test]
fn slabs_have_the_measures_that_they_have() -> Result<()> {
    let settings = RealismSettings {
        patch: 12,
        threshold: 0.1,
    };
    for axis in 0..3 {
        let field = slabs(12, 3, axis)?;
        // Three of eleven planes have a boundary behind them, and a step of 0.5 across it.
        let gradient = of(&field, settings, Measure::Gradient)?;
        assert!((gradient.mean() - 0.5 * 3.0 / 11.0).abs() < 1e-6);
        assert!((gradient.deviation() - 0.5 * (3.0f64 * 8.0).sqrt() / 11.0).abs() < 1e-6);
        let chords = [Measure::ChordX, Measure::ChordY, Measure::ChordZ];
        for (along, chord) in chords.into_iter().enumerate() {
            let expected = if along == axis { 3.0 } else { 12.0 };
            let found = of(&field, settings, chord)?;
            assert_eq!((found.mean(), found.deviation()), (expected, 0.0));
        }
        // Outer slabs have one boundary plane, inner ones two.
        let interior = of(&field, settings, Measure::Interior)?;
        assert!((interior.mean() - (2.0 + 1.0 + 1.0 + 2.0) / 12.0).abs() < 1e-12);
        // Below the threshold there is no boundary.
        let coarse = RealismSettings {
            threshold: 0.6,
            ..settings
        };
        assert_eq!(of(&field, coarse, Measure::Interior)?.mean(), 1.0);
        assert_eq!(of(&field, coarse, Measure::ChordX)?.mean(), 12.0);
    }
    Ok(())
}

/// The gradient of a linear field is its slope.
#[test]
fn a_linear_field_has_its_slope() -> Result<()> {
    let data = Array4::from_shape_fn((3, 8, 8, 8), |(c, x, y, z)| {
        0.01 * [x as f32, 2.0 * y as f32, 2.0 * z as f32][c]
    });
    let field = Field::new(Grid::cube(8)?, ROGSH_NAMES, data)?;
    let settings = RealismSettings {
        patch: 8,
        ..RealismSettings::default()
    };
    let gradient = of(&field, settings, Measure::Gradient)?;
    assert!((gradient.mean() - 0.03).abs() < 1e-6 && gradient.deviation() < 1e-6);
    Ok(())
}

/// Another volume of the same process is as far from a volume as its halves are from each other;
/// another process, a smoothed volume and noise are further.
#[test]
fn the_same_process_is_at_the_yardstick_and_others_are_not() -> Result<()> {
    let settings = RealismSettings {
        patch: 8,
        ..RealismSettings::default()
    };
    let volume = |stand_in: StandIn, seed: u64| -> Result<Field> {
        stand_in.generate([48; 3], seed)?.rogsh()
    };
    let source = [volume(StandIn::Recrystallised, 1)?];
    let compare = |field: Field| Realism::compare(&source, &[field], settings);
    let same = compare(volume(StandIn::Recrystallised, 2)?)?;
    assert_eq!(same.patches, 108);
    assert!(same.worst() < 2.0, "{same}");
    let other = compare(volume(StandIn::CoarseBeta, 2)?)?;
    assert!(other.worst() > 2.0, "{other}");
    let noise = Array4::from_shape_fn((3, 48, 48, 48), |(c, x, y, z)| {
        0.4 * ((13 * c + 7 * x * x + 11 * y * z + 5 * z * z) as f32).sin()
    });
    let noise = compare(Field::new(Grid::cube(48)?, ROGSH_NAMES, noise)?)?;
    assert!(noise.comparisons.iter().all(|c| c.ratio > 2.0), "{noise}");
    // A copy of a half differs from the other half only.
    let itself = compare(source[0].clone())?;
    for c in &itself.comparisons {
        assert!(c.ratio < 1.0 && c.distance > 0.0, "{itself}");
        assert!((c.source - c.generated).abs() < 1e-12);
    }
    Ok(())
}

#[test]
fn what_cannot_be_compared_is_refused() -> Result<()> {
    let field = slabs(12, 3, 0)?;
    let compare = |patch: usize, threshold: f64| {
        let settings = RealismSettings { patch, threshold };
        let one = std::slice::from_ref(&field);
        Realism::compare(one, one, settings).map_or_else(|e| e.to_string(), |_| String::new())
    };
    assert!(compare(12, 0.1).contains("two patches of 12"));
    assert!(compare(16, 0.1).contains("hold no patch of 16"));
    assert!(compare(4, 0.0).contains("ROGSH threshold"));
    assert!(compare(1, 0.1).contains("no gradient"));
    let settings = RealismSettings::default();
    assert!(Realism::compare(&[], &[], settings).is_err());
    let two = Field::new(Grid::cube(16)?, ["a", "b"], Array4::zeros((2, 16, 16, 16)))?;
    let two = std::slice::from_ref(&two);
    assert!(Realism::compare(two, two, settings).is_err());
    Ok(())
}

/// An experiment that does not vary has no deviation to measure distances in; JSON holds that as
/// null, and it comes back as no number.
#[test]
fn what_is_not_finite_comes_back_from_a_file() -> Result<()> {
    let flat = Field::new(
        Grid::cube(8)?,
        ROGSH_NAMES,
        Array4::from_elem((3, 8, 8, 8), 0.25),
    )?;
    let settings = RealismSettings {
        patch: 4,
        threshold: 0.1,
    };
    let flat = std::slice::from_ref(&flat);
    let found = Realism::compare(flat, &[slabs(8, 2, 0)?], settings)?;
    let gradient = |realism: &Realism| realism.comparisons[0];
    assert!(!gradient(&found).distance.is_finite());
    let text = serde_json::to_string(&found).map_err(|e| Error::value("JSON", e.to_string()))?;
    let read: Realism =
        serde_json::from_str(&text).map_err(|e| Error::value("JSON", e.to_string()))?;
    assert!(gradient(&read).distance.is_nan());
    assert_eq!(gradient(&read).source, gradient(&found).source);
    Ok(())
}
