//! Against closed forms and brute force.

use super::*;
use crate::microstructure::{Grid, LengthUnit};
use crate::orientation::ROGSH_NAMES;
use crate::reconstruction::Mask;
use ndarray::{Array3, Array4};
use proptest::prelude::*;

fn field(shape: [usize; 3], value: impl Fn(usize, [usize; 3]) -> f64) -> Field {
    let [x, y, z] = shape;
    let data = Array4::from_shape_fn((3, x, y, z), |(c, x, y, z)| value(c, [x, y, z]) as f32);
    Field::new(Grid::new(shape).unwrap(), ROGSH_NAMES, data).unwrap()
}

fn value(field: &Field, c: usize, [x, y, z]: [usize; 3]) -> f64 {
    f64::from(field.data()[[c, x, y, z]])
}

fn positions(shape: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let [nx, ny, nz] = shape;
    (0..nx * ny * nz).map(move |at| [at / (ny * nz), at / nz % ny, at % nz])
}

proptest! {
    #[test]
    fn nearest_takes_the_nearest_slice_and_linear_lies_between(
        axis in 0usize..3, factor in 1usize..6, first in 0usize..4, seed in 0u64..100,
    ) {
        let shape = [11, 9, 10];
        let full = field(shape, |c, at| ((seed as usize + 7 * c + 3 * at[0] + 5 * at[1]
            + 11 * at[2] * at[axis]) % 17) as f64);
        let observed = Mask::slices(shape, axis, factor, first).unwrap().observe(&full).unwrap();
        let slices: Vec<usize> = (first..shape[axis]).step_by(factor).collect();
        let nearest = Interpolation::Nearest.fill(&observed).unwrap();
        let linear = Interpolation::Linear.fill(&observed).unwrap();
        for at in positions(shape) {
            let on = |slice: usize| { let mut at = at; at[axis] = slice; at };
            let closest = slices.iter().min_by_key(|s| s.abs_diff(at[axis])).unwrap();
            let below = slices.iter().rev().find(|s| **s <= at[axis]);
            let above = slices.iter().find(|s| **s >= at[axis]);
            for c in 0..3 {
                prop_assert_eq!(value(&nearest, c, at), value(&full, c, on(*closest)));
                let expected = match (below, above) {
                    (Some(a), Some(b)) if a < b => {
                        let t = (at[axis] - a) as f64 / (b - a) as f64;
                        (1.0 - t) * value(&full, c, on(*a)) + t * value(&full, c, on(*b))
                    }
                    _ => value(&full, c, on(*closest)),
                };
                prop_assert!((value(&linear, c, at) - expected).abs() < 1e-5);
            }
        }
    }

    /// A linear function is linear along every axis, whatever voxels are missing.
    #[test]
    fn linear_reproduces_linear_functions_between_known_voxels(
        gradient in [-1.0..1.0f64, -1.0..1.0f64, -1.0..1.0f64], share in 0.1..0.6f64, seed in 0u64..50,
    ) {
        let shape = [8, 9, 10];
        let full = field(shape, |c, at| (0..3).map(|a| gradient[(a + c) % 3] * at[a] as f64).sum());
        // With the corners of the box known on all edges, the inside is between known voxels.
        let mask = Mask::missing_at_random(shape, share, seed).unwrap();
        let shell = Mask::missing_block(shape, [1..7, 1..8, 1..9]).unwrap();
        let observed = mask.union(&shell).unwrap().observe(&full).unwrap();
        let linear = Interpolation::Linear.fill(&observed).unwrap();
        for (found, expected) in linear.as_slice().iter().zip(full.as_slice()) {
            prop_assert!((found - expected).abs() < 1e-4);
        }
    }
}

/// Two grains with an inclined plane between them: its distance function is linear, and the
/// boundary is found where it is, along each axis and with each factor.
#[test]
fn shapes_follow_an_inclined_boundary() -> Result<()> {
    for (axis, across) in [(0, 1), (1, 2), (2, 0)] {
        for factor in [2, 4] {
            let mut shape = [12; 3];
            shape[axis] = 4 * factor + 1;
            shape[across] = 40;
            // By whole pixels from one slice to the next, so that nothing is lost to rounding.
            let slope = 4.0 / factor as f64;
            let grain = |at: [usize; 3]| at[across] as f64 > 8.3 + slope * at[axis] as f64;
            let full = field(shape, |c, at| {
                f64::from(u8::from(grain(at))) * 0.2 + c as f64
            });
            let observed = Mask::slices(shape, axis, factor, 0)?.observe(&full)?;
            let shaped = Interpolation::Shape.fill(&observed)?;
            let mut wrong = [0usize; 2];
            let nearest = Interpolation::Nearest.fill(&observed)?;
            for at in positions(shape) {
                wrong[0] += usize::from((value(&shaped, 0, at) - value(&full, 0, at)).abs() > 1e-6);
                wrong[1] +=
                    usize::from((value(&nearest, 0, at) - value(&full, 0, at)).abs() > 1e-6);
            }
            assert!(wrong[0] == 0 && wrong[1] > 0, "{wrong:?}");
        }
    }
    Ok(())
}

/// Discs on one axis have distance functions r - rho, so the interpolated disc has the
/// interpolated radius, not the interpolated area.
#[test]
fn discs_between_discs_have_the_radius_between() -> Result<()> {
    let (shape, radii) = ([9, 41, 41], [14.0, 8.0, 0.0]);
    let rho = |at: [usize; 3]| (at[1] as f64 - 20.0).hypot(at[2] as f64 - 20.0);
    let full = field(shape, |_, at| {
        f64::from(u8::from(rho(at) < radii[at[0] / 4])) * 0.3
    });
    let observed = Mask::slices(shape, 0, 4, 0)?.observe(&full)?;
    let shaped = Interpolation::Shape.fill(&observed)?;
    let radius = |x: usize| {
        let slice = shaped.data().index_axis(ndarray::Axis(1), x).to_owned();
        let disc = slice.index_axis(ndarray::Axis(0), 1);
        let pixels = disc.iter().filter(|v| **v > 0.15).count();
        (pixels as f64 / std::f64::consts::PI).sqrt()
    };
    for (x, expected) in [(0, 14.0), (1, 12.5), (2, 11.0), (3, 9.5), (4, 8.0)] {
        // Half a pixel is what the boundary's pixels leave open.
        assert!((radius(x) - expected).abs() < 0.5, "{x}: {}", radius(x));
    }
    // The third slice does not show the disc: it shrinks to nothing half way.
    assert!((radius(5) - 4.0).abs() < 0.6, "{}", radius(5));
    assert_eq!([6, 7, 8].map(radius), [0.0; 3]);
    Ok(())
}

#[test]
fn shapes_keep_what_varies_within_a_grain() -> Result<()> {
    // One grain whose values drift linearly: the interpolation is linear.
    let shape = [9, 6, 7];
    let full = field(shape, |c, at| {
        0.1 + 0.002 * (at[0] as f64 * (c as f64 + 1.0) + at[2] as f64)
    });
    let observed = Mask::slices(shape, 0, 4, 0)?.observe(&full)?;
    let shaped = Interpolation::Shape.fill(&observed)?;
    for (found, expected) in shaped.as_slice().iter().zip(full.as_slice()) {
        assert!((found - expected).abs() < 1e-5);
    }
    Ok(())
}

#[test]
fn voxels_that_known_slices_lack_are_filled_too() -> Result<()> {
    let shape = [9, 6, 7];
    let full = field(shape, |c, at| {
        f64::from(u8::from(at[1] > 2)) * 0.3 + c as f64
    });
    let mut valid = Array3::from_elem(shape, true);
    valid[[4, 1, 1]] = false;
    let full = full.with_mask(valid.into_shared())?;
    let observed = Mask::slices(shape, 0, 4, 0)?.observe(&full)?;
    for interpolation in Interpolation::ALL {
        let filled = interpolation.fill(&observed)?;
        assert!(filled.mask().is_none());
        for c in 0..3 {
            assert_eq!(
                value(&filled, c, [4, 1, 1]),
                c as f64,
                "{}",
                interpolation.name()
            );
        }
    }
    let scattered = Mask::missing_at_random(shape, 0.5, 1)?.observe(&full)?;
    let refused = Interpolation::Shape.fill(&scattered).map(|_| ());
    assert!(refused.is_err_and(|e| e.to_string().contains("stack")));
    let nothing = Mask::slices(shape, 0, 1, 0)?.complement().observe(&full)?;
    assert!(Interpolation::Nearest.fill(&nothing).is_err());
    Ok(())
}

/// Distances are physical: across thick slices the next pixel within the slice is nearer.
#[test]
fn spacing_decides_what_is_near() -> Result<()> {
    let grid = Grid::with_spacing([3, 3, 1], [1.0, 5.0, 1.0], LengthUnit::Micrometre)?;
    let data = Array4::from_shape_fn((3, 3, 3, 1), |(_, x, y, _)| (3 * x + y) as f32);
    let full = Field::new(grid, ROGSH_NAMES, data)?;
    let mask = Mask::missing_block([3, 3, 1], [1..3, 1..2, 0..1])?;
    let filled = Interpolation::Nearest.fill(&mask.observe(&full)?)?;
    // Two rows up is nearer than one column aside.
    assert_eq!(value(&filled, 0, [2, 1, 0]), 1.0);
    Ok(())
}
