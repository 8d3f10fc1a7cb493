//! Counts that combinatorics gives, set laws, and files.

use super::*;
use crate::microstructure::Grid;
use ndarray::Array4;
use ndarray_npy::NpzWriter;
use proptest::prelude::*;

const SHAPE: [usize; 3] = [9, 10, 12];

#[test]
fn every_nth_slice_is_known_along_any_axis() -> Result<()> {
    for (axis, edge) in SHAPE.into_iter().enumerate() {
        for factor in 1..=4 {
            let mask = Mask::slices(SHAPE, axis, factor, 1)?;
            let slices = (edge - 1).div_ceil(factor);
            let voxels: usize = SHAPE.iter().product();
            assert_eq!(mask.count(), slices * voxels / edge);
            for (slice, part) in mask.known().axis_iter(Axis(axis)).enumerate() {
                let known = slice >= 1 && (slice - 1) % factor == 0;
                assert!(part.iter().all(|k| *k == known));
            }
        }
    }
    for (axis, factor, first) in [(3, 2, 0), (0, 0, 0), (0, 2, 9)] {
        assert!(Mask::slices(SHAPE, axis, factor, first).is_err());
    }
    Ok(())
}

#[test]
fn as_many_voxels_are_missing_as_asked_wherever_the_seed_says() -> Result<()> {
    let mask = Mask::missing_at_random(SHAPE, 0.3, 7)?;
    assert_eq!(mask.complement().count(), 324);
    assert_eq!(mask, Mask::missing_at_random(SHAPE, 0.3, 7)?);
    assert_ne!(mask, Mask::missing_at_random(SHAPE, 0.3, 8)?);
    // Each slice gets its share, within five standard deviations of the hypergeometric law.
    for part in mask.known().axis_iter(Axis(0)) {
        let missing = part.iter().filter(|known| !**known).count() as f64;
        assert!((missing - 36.0).abs() < 5.0 * (120.0f64 * 0.3 * 0.7).sqrt());
    }
    assert!(Mask::missing_at_random(SHAPE, 1.1, 7).is_err());
    assert!(Mask::missing_at_random(SHAPE, f64::NAN, 7).is_err());
    Ok(())
}

#[test]
fn blocks_and_faces_have_the_voxels_they_should() -> Result<()> {
    let block = Mask::missing_block(SHAPE, [1..4, 0..10, 5..6])?;
    assert_eq!(block.complement().count(), 3 * 10);
    assert!(!block.known()[[3, 9, 5]] && block.known()[[4, 9, 5]]);
    assert!(Mask::missing_block(SHAPE, [1..4, 0..11, 5..6]).is_err());
    assert!(Mask::missing_block(SHAPE, [1..4, 3..3, 5..6]).is_err());

    assert_eq!(
        Mask::missing_blocks(SHAPE, 1, 4, 3)?.complement().count(),
        64
    );
    let five = Mask::missing_blocks(SHAPE, 5, 4, 3)?.complement().count();
    assert!((64..=320).contains(&five), "{five}");
    assert!(Mask::missing_blocks(SHAPE, 1, 10, 3).is_err());

    let faces = Mask::three_faces(SHAPE);
    assert_eq!(faces.complement().count(), 8 * 9 * 11);
    Ok(())
}

#[test]
fn a_stack_is_recognised_by_its_slices() -> Result<()> {
    for (axis, edge) in SHAPE.into_iter().enumerate() {
        let slices = Mask::slices(SHAPE, axis, 4, 1)?;
        let expected: Vec<usize> = (1..edge).step_by(4).collect();
        assert_eq!(slices.stack(), Some((axis, expected.clone())));
        // Some voxels of a known slice may be missing, but a missing slice is missing all over.
        let holes = slices.intersection(&Mask::missing_at_random(SHAPE, 0.2, 1)?)?;
        assert_eq!(holes.stack(), Some((axis, expected)));
        let faces = slices.union(&Mask::three_faces(SHAPE))?;
        assert_eq!(faces.stack(), None);
    }
    assert_eq!(Mask::slices(SHAPE, 0, 1, 0)?.stack(), None);
    assert_eq!(Mask::slices(SHAPE, 0, 9, 0)?.stack(), None);
    Ok(())
}

proptest! {
    /// De Morgan, absorption, and the counts of inclusion and exclusion.
    #[test]
    fn masks_combine_as_sets(a in 0u64..1000, b in 0u64..1000, share in 0.0..1.0f64) {
        let a = Mask::missing_at_random([4, 3, 5], share, a).unwrap();
        let b = Mask::missing_at_random([4, 3, 5], 0.5, b).unwrap();
        let (union, both) = (a.union(&b).unwrap(), a.intersection(&b).unwrap());
        prop_assert_eq!(union.complement(), a.complement().intersection(&b.complement()).unwrap());
        prop_assert_eq!(a.union(&both).unwrap(), a.clone());
        prop_assert_eq!(union.count() + both.count(), a.count() + b.count());
        prop_assert_eq!(a.complement().complement(), a);
    }
}

#[test]
fn observing_keeps_known_values_only() -> Result<()> {
    let grid = Grid::new(SHAPE)?;
    let data = Array4::from_elem((2, 9, 10, 12), 0.5);
    let mut valid = Array3::from_elem(SHAPE, true);
    valid[[0, 0, 0]] = false;
    let field = Field::new(grid, ["a", "b"], data)?.with_mask(valid.into_shared())?;
    let mask = Mask::slices(SHAPE, 2, 4, 0)?;
    let observed = mask.observe(&field)?;
    let known = Mask::of(&observed);
    assert_eq!(known.count(), mask.count() - 1);
    for (value, at) in observed.as_slice().iter().zip(0..) {
        let expected = if known.as_slice()[at % grid.voxels()] {
            0.5
        } else {
            0.0
        };
        assert_eq!(*value, expected);
    }
    assert!(Mask::three_faces([2, 2, 2]).observe(&field).is_err());
    Ok(())
}

#[test]
fn masks_come_from_files_of_numpy() -> Result<()> {
    let fail = |e: &dyn std::fmt::Display| Error::value("test", e.to_string());
    let folder = tempfile::tempdir().map_err(|e| Error::io("", e))?;
    let mask = Mask::missing_blocks(SHAPE, 2, 3, 5)?;
    let own = folder.path().join("own.npz");
    mask.save(&own)?;
    assert_eq!(Mask::open(&own)?, mask);

    // By another library: as numbers, and as a bare array.
    let numbers = mask.known().mapv(u8::from);
    let npy = folder.path().join("bare.npy");
    ndarray_npy::write_npy(&npy, &numbers).map_err(|e| fail(&e))?;
    assert_eq!(Mask::open(&npy)?, mask);
    let npz = folder.path().join("foreign.npz");
    let file = std::fs::File::create(&npz).map_err(|e| Error::io(&npz, e))?;
    let mut archive = NpzWriter::new(file);
    archive
        .add_array("mask", &mask.known().to_owned())
        .map_err(|e| fail(&e))?;
    archive.finish().map_err(|e| fail(&e))?;
    assert_eq!(Mask::open(&npz)?, mask);

    let flat = folder.path().join("flat.npy");
    ndarray_npy::write_npy(&flat, &ndarray::Array1::<u8>::zeros(5)).map_err(|e| fail(&e))?;
    let text = Mask::open(&flat).map_or_else(|e| e.to_string(), |_| String::new());
    assert!(text.contains("flat.npy") && text.contains("[5]"), "{text}");
    Ok(())
}
