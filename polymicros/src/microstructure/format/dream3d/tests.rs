//! What is written reads again as it was.

use crate::microstructure::format::shared_data;
use crate::microstructure::{Grid, LengthUnit, Microstructure, Origin, Phase};
use crate::{Error, Result};
use ndarray::{Array3, Array4};
use proptest::prelude::*;

fn through_a_file(made: &Microstructure) -> Result<Microstructure> {
    let folder = tempfile::tempdir().map_err(|e| Error::io("a temporary folder", e))?;
    let path = folder.path().join("made.dream3d");
    made.save(&path)?;
    Microstructure::open(&path)
}

/// All but name and origin, to the precision of the layout's lengths.
fn assert_same(a: &Microstructure, b: &Microstructure, scale: f64) {
    assert_eq!(a.euler(), b.euler());
    assert_eq!(a.phase(), b.phase());
    assert_eq!(a.mask(), b.mask());
    assert_eq!(a.grain_ids(), b.grain_ids());
    assert_eq!(a.properties(), b.properties());
    assert_eq!(a.grid().shape, b.grid().shape);
    assert_eq!(b.grid().unit, LengthUnit::Micrometre);
    for axis in 0..3 {
        for (a, b) in [
            (a.grid().spacing[axis], b.grid().spacing[axis]),
            (a.grid().origin[axis], b.grid().origin[axis]),
        ] {
            assert!((a * scale - b).abs() <= 1e-6 * (1.0 + b.abs()), "{a} {b}");
        }
    }
    assert_eq!(a.phases().len(), b.phases().len());
    for (a, b) in a.phases().iter().zip(b.phases()) {
        assert_eq!((&a.name, &a.laue_group), (&b.name, &b.laue_group));
        let single = a.lattice.map(|l| l.map(|c| f64::from(c as f32)));
        assert_eq!(single, b.lattice);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn microstructures_come_back(
        shape in prop::array::uniform3(1usize..5),
        angles in prop::collection::vec(-7.0f32..7.0, 192),
        numbers in prop::collection::vec(0u8..3, 64),
        spacing in prop::array::uniform3(1e-3..1e3f64),
        millimetres: bool, grains: bool,
    ) {
        let [x, y, z] = shape;
        let count = x * y * z;
        let unit = if millimetres { LengthUnit::Millimetre } else { LengthUnit::Micrometre };
        let made = || -> Result<Microstructure> {
            let mut grid = Grid::with_spacing(shape, spacing, unit)?;
            grid.origin = [-1.5, 0.0, 7.25];
            let shaped = |e: ndarray::ShapeError| Error::value("shape", e.to_string());
            let euler = Array4::from_shape_vec((3, x, y, z), angles[..3 * count].to_vec()).map_err(shaped)?;
            let phase = Array3::from_shape_vec((x, y, z), numbers[..count].to_vec()).map_err(shaped)?;
            let mask = phase.mapv(|k| k > 0);
            let ids = phase.mapv(|k| 1000 * u32::from(k));
            let heat = phase.mapv(|k| f32::from(k) / 3.0);
            let phases = vec![
                Phase { name: "Nickel".into(), laue_group: "m-3m".into(), lattice: Some([3.52, 3.52, 3.52, 90.0, 90.0, 90.0]) },
                Phase { name: "who knows".into(), laue_group: String::new(), lattice: None },
            ];
            let made = Microstructure::new("made", Origin::Synthetic("numbers".into()), grid, euler)?
                .with_phases(phases, phase)?.with_mask(mask)?.with_property("heat", heat)?;
            if grains { made.with_grain_ids(ids) } else { Ok(made) }
        };
        let fail = |e: Error| TestCaseError::fail(e.to_string());
        let made = made().map_err(fail)?;
        let back = through_a_file(&made).map_err(fail)?;
        assert_same(&made, &back, if millimetres { 1e3 } else { 1.0 });
    }
}

#[test]
fn dream3d_s_own_slice_comes_back() -> Result<()> {
    let Some(path) = shared_data("dream3d_tests/Small_IN100_Slice1.dream3d") else {
        return Ok(());
    };
    let slice = Microstructure::open(path)?;
    assert_same(&slice, &through_a_file(&slice)?, 1.0);
    Ok(())
}

#[test]
fn what_the_layout_cannot_hold_is_refused() -> Result<()> {
    let grid = Grid::new([2, 2, 2])?;
    let made = Microstructure::new(
        "made",
        Origin::Synthetic("zeros".into()),
        grid,
        Array4::zeros((3, 2, 2, 2)),
    )?;
    let says =
        |made: Microstructure| through_a_file(&made).map_or_else(|e| e.to_string(), |m| m.name);
    let huge = made
        .clone()
        .with_grain_ids(Array3::from_elem((2, 2, 2), u32::MAX))?;
    assert!(says(huge).contains("31 bits"));
    let taken = made.with_property("Mask", Array3::zeros((2, 2, 2)))?;
    assert!(says(taken).contains("`Mask`"));
    Ok(())
}
