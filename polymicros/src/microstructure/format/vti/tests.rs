//! What is written, byte by byte and read back by the format's description.

use super::*;
use crate::microstructure::{Grid, LengthUnit, Origin};
use ndarray::Array4;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The layout by the VTK file format's description: each array is its length in bytes as
/// UInt64, then the values, x fastest.
#[test]
fn arrays_follow_the_header_with_x_fastest() -> Result<()> {
    let mut grid = Grid::with_spacing([2, 3, 2], [0.5, 1.0, 2.0], LengthUnit::Micrometre)?;
    grid.origin = [1.0, 0.0, 0.0];
    let euler = Array4::from_shape_fn((3, 2, 3, 2), |(c, x, y, z)| {
        (1000 * c + 100 * x + 10 * y + z) as f32
    });
    let ids = Array3::from_shape_fn((2, 3, 2), |(x, y, z)| (100 * x + 10 * y + z) as u32);
    let made = Microstructure::new("m", Origin::Synthetic("numbers".into()), grid, euler)?
        .with_grain_ids(ids)?
        .with_property("a<b", Array3::from_elem((2, 3, 2), 0.5))?;
    let folder = tempfile::tempdir().map_err(|e| Error::io("", e))?;
    let path = folder.path().join("m.vti");
    made.save(&path)?;
    let bytes = std::fs::read(&path).map_err(|e| Error::io(&path, e))?;
    let start = bytes.windows(2).position(|w| w == b"\n_").unwrap_or(0) + 2;
    let head = String::from_utf8_lossy(&bytes[..start]);
    assert!(
        head.contains("WholeExtent=\"0 2 0 3 0 2\" Origin=\"0.75 -0.5 -1\" Spacing=\"0.5 1 2\""),
        "{head}"
    );
    assert!(head.contains("Name=\"a&lt;b\""), "{head}");
    let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|k| bytes[start + at + k]));
    // Twelve cells: materials, three angles, phase and mask, then grains.
    let words = 8 + 12 * 4;
    let column = |start: usize| -> Vec<u32> { (0..12).map(|k| word(start + 8 + 4 * k)).collect() };
    assert_eq!(word(0), 12 * 4);
    assert_eq!(column(0), [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
    // The second voxel is x = 1.
    assert_eq!(f32::from_bits(column(2 * words)[1]), 1100.0);
    let ids = 4 * words + 2 * (8 + 12);
    assert_eq!(word(ids), 12 * 4);
    assert_eq!(
        column(ids),
        [0, 100, 10, 110, 20, 120, 1, 101, 11, 111, 21, 121]
    );
    assert!(bytes.ends_with(b"</VTKFile>\n"));
    Ok(())
}

#[test]
fn without_grains_a_material_is_an_orientation_and_a_phase() -> Result<()> {
    let euler = Array4::from_shape_fn((3, 4, 1, 1), |(_, x, _, _)| [0.5, 0.25, 0.5, 0.5][x]);
    let phase = Array3::from_shape_fn((4, 1, 1), |(x, _, _)| u8::from(x < 3));
    let grid = Grid::new([4, 1, 1])?;
    let made = Microstructure::new("m", Origin::Synthetic("numbers".into()), grid, euler)?;
    let phases = made.phases().to_vec();
    let made = made.with_phases(phases, phase)?;
    assert_eq!(materials(&made)?.into_raw_vec_and_offset().0, [0, 1, 0, 2]);
    Ok(())
}

/// The text between `before` and the next quotation mark.
fn quoted<'a>(text: &'a str, before: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_default();
    rest.split_once('"').unwrap_or_default().0
}

/// Origin, spacing and extent of the file as written, and each array's numbers in `x, y, z` order,
/// by its name.
fn read(bytes: &[u8]) -> ([String; 3], BTreeMap<String, Array3<f64>>) {
    let start = bytes.windows(2).position(|w| w == b"\n_").unwrap_or(0) + 2;
    let head = String::from_utf8_lossy(&bytes[..start]);
    let place = ["Origin", "Spacing", "WholeExtent"]
        .map(|name| quoted(&head, &format!("{name}=\"")).to_owned());
    let ends: Vec<usize> = place[2]
        .split(' ')
        .skip(1)
        .step_by(2)
        .filter_map(|end| end.parse().ok())
        .collect();
    let [nx, ny, nz] = ends[..] else {
        return (place, BTreeMap::new());
    };
    let arrays = head.split("<DataArray ").skip(1).map(|entry| {
        let offset: usize = quoted(entry, "offset=\"").parse().unwrap_or(0);
        let data = &bytes[start + offset + 8..];
        let word = |k: usize| std::array::from_fn(|i| data[4 * k + i]);
        let number = |k: usize| match quoted(entry, "type=\"") {
            "UInt8" => f64::from(data[k]),
            "Int32" => f64::from(i32::from_le_bytes(word(k))),
            "UInt32" => f64::from(u32::from_le_bytes(word(k))),
            _ => f64::from(f32::from_le_bytes(word(k))),
        };
        let values = Array3::from_shape_fn((nx, ny, nz), |(x, y, z)| number((z * ny + y) * nx + x));
        (quoted(entry, "Name=\"").to_owned(), values)
    });
    (place, arrays.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Read back by the description alone, every array has the volume's numbers.
    #[test]
    fn every_array_comes_back(
        shape in prop::array::uniform3(1usize..5),
        angles in prop::collection::vec(-7.0f32..7.0, 192),
        numbers in prop::collection::vec(0u8..3, 64),
        spacing in prop::array::uniform3(1e-3..1e3f64),
        grains: bool,
    ) {
        let [x, y, z] = shape;
        let at = |(i, j, k): (usize, usize, usize)| (i * y + j) * z + k;
        let made = || -> Result<Microstructure> {
            let grid = Grid::with_spacing(shape, spacing, LengthUnit::Micrometre)?;
            let euler = Array4::from_shape_fn((3, x, y, z), |(c, i, j, k)| angles[64 * c + at((i, j, k))]);
            let phase = Array3::from_shape_fn(shape, |p| numbers[at(p)].min(1));
            let mask = phase.mapv(|k| k > 0);
            let ids = Array3::from_shape_fn(shape, |p| u32::MAX - u32::from(numbers[at(p)]));
            let made = Microstructure::new("m", Origin::Synthetic("numbers".into()), grid, euler)?;
            let phases = made.phases().to_vec();
            let made = made.with_phases(phases, phase)?.with_mask(mask)?
                .with_property("heat", Array3::from_shape_fn(shape, |p| angles[at(p)]))?;
            if grains { made.with_grain_ids(ids) } else { Ok(made) }
        };
        let fail = |e: Error| TestCaseError::fail(e.to_string());
        let made = made().map_err(fail)?;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("m.vti");
        made.save(&path).map_err(fail)?;
        let ([origin, steps, _], arrays) = read(&std::fs::read(&path)?);
        let lengths = |text: &str| text.split(' ').map(|word| word.parse().unwrap_or(f64::NAN)).collect::<Vec<_>>();
        prop_assert_eq!(lengths(&steps), spacing);
        prop_assert_eq!(lengths(&origin), spacing.map(|step| -0.5 * step));
        for (c, name) in ["phi1", "Phi", "phi2"].into_iter().enumerate() {
            prop_assert_eq!(&arrays[name], &made.euler().index_axis(ndarray::Axis(0), c).mapv(f64::from));
        }
        prop_assert_eq!(&arrays["phase"], &made.phase().mapv(f64::from));
        prop_assert_eq!(&arrays["mask"], &made.mask().mapv(|valid| f64::from(u8::from(valid))));
        prop_assert_eq!(&arrays["heat"], &made.properties()["heat"].mapv(f64::from));
        prop_assert_eq!(&arrays["material"], &materials(&made).map_err(fail)?.mapv(f64::from));
        let ids = made.grain_ids().map(|ids| ids.mapv(f64::from));
        prop_assert_eq!(arrays.get("grain_ids"), ids.as_ref());
    }
}
