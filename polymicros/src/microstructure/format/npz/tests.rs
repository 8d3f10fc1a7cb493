//! Archives: round trips, NumPy's own files, and wrong ones.

use super::*;
use crate::microstructure::Origin;
use ndarray::{Array1, ShapeBuilder};
use ndarray_npy::{NpzReader, NpzWriter, WritableElement};
use proptest::prelude::*;
use std::path::PathBuf;

fn folder() -> Result<tempfile::TempDir> {
    tempfile::tempdir().map_err(|e| Error::io("a temporary folder", e))
}

fn fail(error: impl std::fmt::Display) -> Error {
    Error::value("test", error.to_string())
}

/// An archive written by another library.
struct Foreign {
    path: PathBuf,
    npz: NpzWriter<File>,
}

impl Foreign {
    fn new(folder: &Path, compressed: bool) -> Result<Self> {
        let path = folder.join("foreign.npz");
        let file = File::create(&path).map_err(fail)?;
        let npz = if compressed {
            NpzWriter::new_compressed(file)
        } else {
            NpzWriter::new(file)
        };
        Ok(Foreign { path, npz })
    }

    fn with<T: WritableElement, D: ndarray::Dimension>(
        mut self,
        name: &str,
        array: ndarray::Array<T, D>,
    ) -> Result<Self> {
        self.npz.add_array(name, &array).map_err(fail)?;
        Ok(self)
    }

    fn done(self) -> Result<PathBuf> {
        self.npz.finish().map_err(fail)?;
        Ok(self.path)
    }
}

fn ramp(shape: [usize; 4]) -> Array4<f32> {
    let mut next = 0.0;
    Array4::from_shape_simple_fn(shape, || {
        next += 0.01;
        next
    })
}

#[test]
fn foreign_archives_in_either_order_and_precision() -> Result<()> {
    let folder = folder()?;
    let euler = ramp([3, 2, 3, 4]);
    let mut fortran = Array4::<f64>::zeros((3, 2, 3, 4).f());
    fortran.zip_mut_with(&euler, |to, from| *to = f64::from(*from));
    for compressed in [false, true] {
        let path = Foreign::new(folder.path(), compressed)?
            .with("euler", fortran.clone())?
            .with(
                "phase",
                Array3::<i64>::from_shape_fn((2, 3, 4), |(x, _, _)| x as i64),
            )?
            .with("grain_ids", Array3::<u16>::from_elem((2, 3, 4).f(), 7))?
            .with("spacing", Array1::from(vec![1i32, 2, 3]))?
            .with("property: heat", Array3::<f64>::from_elem((2, 3, 4), 0.5))?
            .done()?;
        let m = Microstructure::open(path)?;
        assert_eq!(m.euler(), &euler);
        assert_eq!(m.phase()[[1, 2, 3]], 1);
        assert!(m.mask()[[1, 0, 0]] && !m.mask()[[0, 0, 0]]);
        assert_eq!(m.grid().spacing, [1.0, 2.0, 3.0]);
        assert_eq!(m.grain_ids().map(|ids| ids[[0, 1, 2]]), Some(7));
        assert_eq!(m.properties()["heat"][[1, 1, 1]], 0.5);
    }
    Ok(())
}

#[test]
fn wrong_archives_are_told_which_array_is_wrong() -> Result<()> {
    let folder = folder()?;
    let says =
        |path: PathBuf| Microstructure::open(path).map_or_else(|e| e.to_string(), |m| m.name);
    let new = || Foreign::new(folder.path(), false);
    let sound = ramp([3, 2, 2, 1]);
    let mut nan = sound.clone();
    nan[[1, 1, 0, 0]] = f32::NAN;
    let flat = || Array3::<u8>::ones((2, 2, 1));
    let check = |file: Foreign, parts: [&str; 2]| -> Result<()> {
        let text = says(file.done()?);
        assert!(
            parts.iter().all(|part| text.contains(part)),
            "{parts:?}: {text}"
        );
        Ok(())
    };
    check(new()?.with("angles", sound.clone())?, ["`euler`", "angles"])?;
    check(
        new()?.with("euler", ramp([2, 2, 2, 1]))?,
        ["`euler`", "[2, 2, 2, 1]"],
    )?;
    check(
        new()?.with("euler", sound.mapv(|v| v > 0.0))?,
        ["`euler`", "|b1"],
    )?;
    check(
        new()?.with("euler", nan.clone())?,
        ["`euler`", "(1, 1, 0, 0)"],
    )?;
    check(
        new()?.with("rogsh", sound.clone())?,
        ["`euler`", "holds a field"],
    )?;
    let good = || new()?.with("euler", sound.clone());
    check(
        good()?.with("phase", Array3::<u8>::ones((2, 1, 2)))?,
        ["`phase`", "[2, 1, 2]"],
    )?;
    check(
        good()?.with("phase", flat().mapv(|_| 300i32))?,
        ["`phase`", "found 300"],
    )?;
    check(
        good()?.with("phase", flat().mapv(|_| 1.5f32))?,
        ["`phase`", "<f4"],
    )?;
    check(
        good()?.with("grain_ids", flat().mapv(|_| -1i64))?,
        ["`grain_ids`", "found -1"],
    )?;
    check(
        good()?.with("mask", Array1::<u8>::ones(4))?,
        ["`mask`", "[4]"],
    )?;
    check(
        good()?.with("spacing", Array1::from(vec![1.0, 0.0, 1.0]))?,
        ["`spacing`", "positive"],
    )?;
    check(
        good()?.with("spacing", Array1::from(vec![1.0, 1.0]))?,
        ["`spacing`", "three"],
    )?;
    check(
        good()?.with("origin", Array1::from(vec![1.0, f64::NAN, 0.0]))?,
        ["`origin`", "finite"],
    )?;
    check(
        good()?.with("unit", Array1::from(vec![1.0]))?,
        ["`unit`", "text"],
    )?;
    // A NaN where the mask is false is nobody's angle.
    let mask = Array3::from_shape_fn((2, 2, 1), |(x, y, _)| (x, y) != (1, 0));
    let m = Microstructure::open(new()?.with("euler", nan)?.with("mask", mask)?.done()?)?;
    assert_eq!(m.euler()[[1, 1, 0, 0]], 0.0);
    Ok(())
}

#[test]
fn fields_are_found_by_name_or_by_their_four_axes() -> Result<()> {
    let folder = folder()?;
    let values = ramp([2, 3, 1, 2]);
    for name in ["rogsh", "field", "anything"] {
        let path = Foreign::new(folder.path(), false)?
            .with(name, values.clone())?
            .with("other", Array1::<f32>::zeros(3))?
            .done()?;
        let field = Field::open(path)?;
        assert_eq!(field.data(), &values);
        assert_eq!(field.channels()[1], format!("{name} 1"));
    }
    let path = Foreign::new(folder.path(), false)?
        .with("a", values.clone())?
        .with("b", values)?
        .done()?;
    let text = Field::open(path).map_or_else(|e| e.to_string(), |f| format!("{f:?}"));
    assert!(text.contains("\"a\"") && text.contains("\"b\""), "{text}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn microstructures_come_back_as_they_were(
        shape in proptest::array::uniform3(1usize..5),
        spacing in proptest::array::uniform3(1e-6..1e6f64),
        origin in proptest::array::uniform3(-1e6..1e6f64),
        unit in 0usize..4,
        ids in any::<bool>(),
        seed in any::<u32>(),
        names in proptest::collection::vec("[a-zA-Zα-ω °-]{1,12}", 0..3),
    ) {
        let folder = folder()?;
        let made = sample(shape, (spacing, origin, UNITS[unit]), ids, seed, &names)?;
        let path = folder.path().join("sample.npz");
        made.save(&path)?;
        let mut back = Microstructure::open(&path)?;
        back.origin = made.origin.clone();
        prop_assert_eq!(&back, &made);
        // Another library finds the same values.
        let mut npz = NpzReader::new(File::open(&path).map_err(fail)?).map_err(fail)?;
        let euler: Array4<f32> = npz.by_name("euler").map_err(fail)?;
        prop_assert_eq!(&euler, made.euler());
        let mask: Array3<bool> = npz.by_name("mask").map_err(fail)?;
        prop_assert_eq!(&mask, made.mask());
    }

    #[test]
    fn fields_come_back_as_they_were(
        shape in proptest::array::uniform3(1usize..5), channels in proptest::collection::vec("\\PC{0,8}", 1..4), masked: bool,
    ) {
        // NumPy pads texts with zeros, so a name cannot end in one; \PC has none.
        let folder = folder()?;
        let [x, y, z] = shape;
        let data = ramp([channels.len(), x, y, z]);
        let mut field = Field::new(Grid::new(shape)?, channels, data)?;
        if masked {
            let mask = Array3::from_shape_fn(shape, |(x, y, z)| (x + y + z) % 2 == 0);
            field = field.with_mask(mask.into_shared())?;
        }
        let path = folder.path().join("field.npz");
        field.save(&path)?;
        prop_assert_eq!(Field::open(&path)?, field);
    }
}

type Place = ([f64; 3], [f64; 3], LengthUnit);

fn sample(
    shape: [usize; 3],
    (spacing, origin, unit): Place,
    ids: bool,
    seed: u32,
    names: &[String],
) -> Result<Microstructure> {
    let [x, y, z] = shape;
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    let mut grid = Grid::with_spacing(shape, spacing, unit)?;
    grid.origin = origin;
    let euler = Array4::from_shape_simple_fn((3, x, y, z), || next() as f32 / 3e6);
    let phase = Array3::from_shape_simple_fn(shape, || (next() % 3) as u8);
    let phases = ["Fe \"α\"", "γ"].map(|name| Phase {
        name: name.into(),
        laue_group: "m-3m".into(),
        lattice: (name == "γ").then_some([3.6, 3.6, 3.6, 90.0, 90.0, 90.0]),
    });
    let mask = Array3::from_shape_simple_fn(shape, || next() % 2 == 0);
    let mut made = Microstructure::new("sample", Origin::Synthetic("noise".into()), grid, euler)?
        .with_phases(phases.to_vec(), phase)?
        .with_mask(mask)?;
    if ids {
        made = made.with_grain_ids(Array3::from_shape_simple_fn(shape, &mut next))?;
    }
    for name in names {
        let values = Array3::from_shape_simple_fn(shape, || next() as f32);
        made = made.with_property(name.as_str(), values)?;
    }
    Ok(made)
}

/// Arrays alone, by another library, in either order: angles of a volume or a map, or a field.
#[test]
fn bare_arrays_are_angles_or_a_field() -> Result<()> {
    let folder = folder()?;
    let path = folder.path().join("a.npy");
    let euler = ramp([3, 2, 3, 4]);
    let mut fortran = Array4::<f64>::zeros((3, 2, 3, 4).f());
    fortran.zip_mut_with(&euler, |to, from| *to = f64::from(*from));
    ndarray_npy::write_npy(&path, &fortran).map_err(fail)?;
    let m = Microstructure::open(&path)?;
    assert_eq!((m.euler(), m.grid().shape), (&euler.to_shared(), [2, 3, 4]));
    assert_eq!(m.indexed_share(), 1.0);
    let field = Field::open(&path)?;
    assert_eq!(field.channels(), ["field 0", "field 1", "field 2"]);
    assert_eq!(field.channel(1)?[[1, 2, 3]], euler[[1, 1, 2, 3]]);

    let map = euler.index_axis(ndarray::Axis(3), 0).to_owned();
    ndarray_npy::write_npy(&path, &map).map_err(fail)?;
    let m = Microstructure::open(&path)?;
    assert_eq!(m.grid().shape, [2, 3, 1]);
    assert_eq!(m.euler()[[2, 1, 0, 0]], map[[2, 1, 0]]);

    let mut wrong = euler.clone();
    wrong[[1, 0, 2, 3]] = f32::NAN;
    ndarray_npy::write_npy(&path, &wrong).map_err(fail)?;
    let text = Microstructure::open(&path).map_or_else(|e| e.to_string(), |m| m.name);
    assert!(
        text.contains("a.npy") && text.contains("NaN at index (1, 0, 2, 3)"),
        "{text}"
    );
    ndarray_npy::write_npy(&path, &ramp([2, 2, 3, 4])).map_err(fail)?;
    let text = Microstructure::open(&path).map_or_else(|e| e.to_string(), |m| m.name);
    assert!(
        text.contains("(3, x, y, z)") && text.contains("[2, 2, 3, 4]"),
        "{text}"
    );
    assert_eq!(Field::open(&path)?.channels().len(), 2);
    Ok(())
}
