//! Round trips, projection, branches.

use super::super::super::{
    Quaternion, ROGSH_RANGE, disorientation_up_to_rogsh, random_orientations,
};
use super::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};

fn returns(inverse: &RogshInverse, e: Euler) -> f64 {
    let value = rogsh(e);
    let found = inverse.invert(value);
    assert!((distance(rogsh(found.orientation), value) - found.residual).abs() < 1e-13);
    found.residual
}

#[test]
fn values_of_orientations_come_back() -> Result<()> {
    let inverse = RogshInverse::new()?;
    let worst = random_orientations(50_000, 41)
        .into_iter()
        .map(|e| returns(&inverse, e))
        .fold(0.0, f64::max);
    println!("worst round trip of 50000: {worst:.1e}");
    assert!(worst < 1e-9, "{worst}");
    Ok(())
}

#[test]
fn values_on_and_near_the_faces_come_back() -> Result<()> {
    let inverse = RogshInverse::new()?;
    let mut special = vec![
        Euler::default(),
        Euler::new(FRAC_PI_4, 0.0, 0.0),
        Euler::new(0.0, FRAC_PI_2, 0.0),
        Euler::new(0.3, FRAC_PI_4, 0.0),
        // 111 along z, where phi1 has no influence at all.
        Euler::new(0.3, 2f64.sqrt().atan(), FRAC_PI_4),
        // Mirror planes of the crystal.
        Euler::new(0.2, 0.7, 0.0),
        Euler::new(0.2, 0.7, FRAC_PI_4),
        Euler::new(0.2, FRAC_PI_4, 0.9),
    ];
    // The faces of equal turn.
    for e in random_orientations(100, 42) {
        let direction = Direction::new(e.big_phi, e.phi2);
        special.push(direction.orientation(0.0));
        special.push(direction.orientation(PI));
    }
    let mut worst = 0.0f64;
    for (i, e) in special.into_iter().enumerate() {
        for scale in [0.0, 1e-9, 1e-7, 1e-5, 1e-3, 1e-2] {
            for nudge in random_orientations(4, 43 + i as u64) {
                let nudge = <[f64; 3]>::from(nudge).map(|a| scale * (a - 1.5));
                let e = Euler::new(e.phi1 + nudge[0], e.big_phi + nudge[1], e.phi2 + nudge[2]);
                worst = worst.max(returns(&inverse, e));
            }
        }
    }
    println!("worst round trip near the faces: {worst:.1e}");
    assert!(worst < 1e-9, "{worst}");
    Ok(())
}

#[test]
fn the_orientation_is_a_preimage_in_the_zone() -> Result<()> {
    let inverse = RogshInverse::new()?;
    for e in random_orientations(3_000, 44) {
        let found = inverse.invert(rogsh(e)).orientation;
        assert!(disorientation_up_to_rogsh(e, found) < 1e-5, "{e:?}");
        let [_, big_phi, phi2] = found.to_degrees();
        assert!((54.735..=90.0001).contains(&big_phi), "{found:?}");
        assert!((44.999..=90.0001).contains(&phi2), "{found:?}");
    }
    Ok(())
}

#[test]
fn all_preimages_lead_to_one_orientation() -> Result<()> {
    let inverse = RogshInverse::new()?;
    for e in random_orientations(300, 45) {
        let first = Quaternion::from(inverse.invert(rogsh(e)).orientation);
        for p in super::super::preimages(e) {
            let other = Quaternion::from(inverse.invert(rogsh(p)).orientation);
            assert!((first * other.conjugate()).angle() < 1e-5, "{e:?}");
        }
    }
    Ok(())
}

/// Values in a box somewhat larger than the body's.
fn anywhere(count: usize, seed: u64) -> Vec<[f64; 3]> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            ROGSH_RANGE.map(|[low, high]| {
                let margin = 0.3 * (high - low);
                rng.random_range(low - margin..high + margin)
            })
        })
        .collect()
}

#[test]
fn projections_are_nearest_and_stay() -> Result<()> {
    let inverse = RogshInverse::new()?;
    let coarse: Vec<[f64; 3]> = random_orientations(300_000, 46)
        .into_iter()
        .map(rogsh)
        .collect();
    let mut inside = 0;
    for value in anywhere(300, 47) {
        let projected = inverse.project(value);
        let moved = distance(projected, value);
        inside += usize::from(moved == 0.0);
        assert_eq!(inverse.project(projected), projected);
        assert!(inverse.invert(projected).residual < 1e-9);
        // No orientation of 300,000 gets nearer, nor any entry of the table.
        let table = inverse.table.orientations.iter().map(|e| rogsh(*e));
        let best = coarse
            .iter()
            .copied()
            .chain(table)
            .map(|v| distance(v, value))
            .fold(f64::MAX, f64::min);
        assert!(moved <= best + 1e-12, "{value:?}: {moved}, but {best}");
    }
    assert!((10..290).contains(&inside), "{inside}");
    Ok(())
}

#[test]
fn points_between_valid_values_along_the_first_axis_are_valid() -> Result<()> {
    // Over one direction the first function takes all values up to |B|: the body is solid.
    let inverse = RogshInverse::new()?;
    for e in random_orientations(200, 48) {
        let [first, second, third] = rogsh(e);
        for shrink in [0.9, 0.5, 0.0, -0.3, -1.0] {
            let value = [shrink * first, second, third];
            assert_eq!(inverse.project(value), value);
        }
    }
    Ok(())
}

#[test]
fn fields_are_inverted_voxel_by_voxel() -> Result<()> {
    let inverse = RogshInverse::new()?;
    let crystals = random_orientations(4_000, 49);
    let values = Array4::from_shape_fn((3, 10, 20, 20), |(k, x, y, z)| {
        rogsh(crystals[(x * 20 + y) * 20 + z])[k] as f32
    });
    let (euler, residual) = inverse.invert_field(values.view())?;
    assert_eq!(
        (euler.dim(), residual.dim()),
        ((3, 10, 20, 20), (10, 20, 20))
    );
    assert!(euler.is_standard_layout());
    let back = super::super::rogsh_of_field(euler.view())?;
    let worst = (&back - &values).iter().fold(0.0f32, |m, d| m.max(d.abs()));
    // Twice the rounding to f32, of values and of angles.
    assert!(worst < 1e-5, "{worst}");
    assert!(residual.iter().all(|r| *r < 1e-6));
    let mut broken = values;
    broken[[1, 2, 3, 4]] = f32::NAN;
    let text = inverse
        .invert_field(broken.view())
        .map_or_else(|e| e.to_string(), |_| String::new());
    assert!(
        text.contains("T4,0,1") && text.contains("(2, 3, 4)"),
        "{text}"
    );
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused_or_marked() -> Result<()> {
    let zero = InverseSettings {
        turns: 0,
        ..InverseSettings::default()
    };
    assert!(RogshInverse::with_settings(zero).is_err());
    let huge = InverseSettings {
        directions: usize::MAX,
        ..InverseSettings::default()
    };
    assert!(RogshInverse::with_settings(huge).is_err());
    let inverse = RogshInverse::new()?;
    assert!(inverse.invert([f64::NAN, 0.0, 0.0]).residual.is_nan());
    assert!(inverse.project([0.0, f64::INFINITY, 0.0])[1].is_nan());
    assert_eq!(inverse.table.orientations.len(), 32 * 32 * 12);
    Ok(())
}

#[test]
fn the_table_and_descents_alone_find_what_the_closed_form_does() -> Result<()> {
    // Two methods that share nothing but the functions: descents know nothing of invariants and
    // cubic roots.
    let inverse = RogshInverse::new()?;
    let mut worst = 0.0f64;
    for e in random_orientations(10_000, 50) {
        let value = rogsh(e);
        assert!(
            solve(value).any(|e| distance(rogsh(e), value) < REACHED),
            "{e:?}"
        );
        let entries = inverse.entries_near(value, 32);
        let mut best = f64::MAX;
        for start in entries {
            best = best.min(descend(start, value).residual);
            if best < REACHED {
                break;
            }
        }
        worst = worst.max(best);
    }
    println!("worst round trip of 10000 by table and descent alone: {worst:.1e}");
    assert!(worst < 1e-5, "{worst}");
    Ok(())
}

#[test]
fn one_descent_in_each_basin_is_enough() -> Result<()> {
    // Values off the body, near it and far: many more starts find nothing nearer.
    let usual = RogshInverse::new()?;
    let thorough = RogshInverse::with_settings(InverseSettings {
        neighbours: 128,
        ..InverseSettings::default()
    })?;
    let mut worst = 0.0f64;
    for (e, noise) in random_orientations(300, 51)
        .into_iter()
        .zip(anywhere(300, 52))
    {
        for scale in [1e-3, 0.03, 0.3] {
            let value: [f64; 3] = std::array::from_fn(|k| rogsh(e)[k] + scale * noise[k]);
            worst = worst.max(usual.invert(value).residual - thorough.invert(value).residual);
        }
    }
    println!("nearest values missed by at most {worst:.1e}");
    assert!(worst < 1e-5, "{worst}");
    Ok(())
}
