//! Eqs. 8 to 10 as the paper prints them (but for the bracket), invariances, ranges.

use super::super::{CUBIC_ROTATIONS, Quaternion, RotationMatrix, random_orientations};
use super::*;
use crate::Result;

/// Eqs. 8 to 10 term by term, with the factor of Eq. 8 in front of both terms.
fn as_printed(e: Euler) -> [f64; 3] {
    let (p1, p2) = (e.phi1, e.phi2);
    let (s, c) = e.big_phi.sin_cos();
    let p = |x: f64, n: i32| x.powi(n);
    let t4_4 = 30f64.sqrt() / 192.0
        * ((14.0 * p(c - 1.0, 2) * (4.0 * p1).cos() + p(c + 1.0, 2) * (4.0 * (p1 + p2)).cos())
            * p(c + 1.0, 2)
            + p(c - 1.0, 4) * (4.0 * (p1 - p2)).cos());
    let t4_0 = 21f64.sqrt() / 48.0
        * (5.0 * p(s, 4) * (4.0 * p2).cos() + 35.0 * p(c, 4) - 30.0 * p(c, 2) + 3.0);
    let t12 = 166_305_594f64.sqrt() / 40_304_640.0
        * (1025.0 * p(c - 1.0, 6) * p(c + 1.0, 6) * (12.0 * p2).cos()
            + 66.0
                * p(c - 1.0, 4)
                * p(c + 1.0, 4)
                * (161.0 * p(s, 4) - 280.0 * p(s, 2) + 120.0)
                * (8.0 * p2).cos()
            + 99.0
                * p(c - 1.0, 2)
                * p(c + 1.0, 2)
                * (7429.0 * p(c, 8) - 9044.0 * p(c, 6) + 3230.0 * p(c, 4) - 340.0 * p(c, 2) + 5.0)
                * (4.0 * p2).cos()
            + 1_352_078.0 * p(c, 12)
            - 3_879_876.0 * p(c, 10)
            + 4_157_010.0 * p(c, 8)
            - 2_042_040.0 * p(c, 6)
            + 450_450.0 * p(c, 4)
            - 36_036.0 * p(c, 2)
            + 462.0);
    [t4_4, t4_0, t12]
}

fn largest_difference(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|k| (a[k] - b[k]).abs()).fold(0.0, f64::max)
}

#[test]
fn constants_are_the_papers() {
    assert!((K4_4 - 30f64.sqrt() / 192.0).abs() < 1e-17);
    assert!((K4_0 - 21f64.sqrt() / 6.0).abs() < 1e-15);
    assert!((K12 - 166_305_594f64.sqrt() / 39_360.0).abs() < 1e-15);
}

#[test]
fn the_polynomials_are_the_papers_functions() {
    for e in random_orientations(5_000, 1) {
        let difference = largest_difference(rogsh(e), as_printed(e));
        assert!(difference < 1e-12, "{e:?}: {difference}");
    }
}

#[test]
fn crystal_symmetry_changes_nothing() {
    let mut worst = 0.0f64;
    for e in random_orientations(2_000, 2) {
        let value = rogsh(e);
        for symmetry in CUBIC_ROTATIONS {
            let equivalent = Euler::from(symmetry * Quaternion::from(e));
            worst = worst.max(largest_difference(value, rogsh(equivalent)));
        }
    }
    assert!(worst < 1e-12, "{worst}");
}

/// Eq. 8 prints the bracket closed before its last term, which then stands without the factor.
#[test]
fn the_bracket_as_printed_is_not_invariant() {
    let printed = |e: Euler| {
        let last = (e.big_phi.cos() - 1.0).powi(4) * (4.0 * (e.phi1 - e.phi2)).cos();
        as_printed(e)[0] + (1.0 - 30f64.sqrt() / 192.0) * last
    };
    let mut worst = 0.0f64;
    for e in random_orientations(2_000, 2) {
        for symmetry in CUBIC_ROTATIONS {
            let equivalent = Euler::from(symmetry * Quaternion::from(e));
            worst = worst.max((printed(e) - printed(equivalent)).abs());
        }
    }
    assert!((14.0..16.0).contains(&worst), "{worst}");
}

#[test]
fn of_the_sample_operations_only_those_of_4_mmm_about_z_change_nothing() -> Result<()> {
    // All 48 operations of m-3m as signed permutation matrices. A mirror image of a crystal is
    // described with the help of the crystal's inversion, -1, which makes it a rotation again.
    let permutations = [
        [0, 1, 2],
        [1, 2, 0],
        [2, 0, 1],
        [1, 0, 2],
        [0, 2, 1],
        [2, 1, 0],
    ];
    let crystals = random_orientations(200, 3);
    let mut harmless = 0;
    for order in permutations {
        for signs in 0..8 {
            let operation: [[f64; 3]; 3] = std::array::from_fn(|i| {
                let sign = if signs >> i & 1 == 1 { -1.0 } else { 1.0 };
                std::array::from_fn(|j| if j == order[i] { sign } else { 0.0 })
            });
            let rotation = RotationMatrix::new(operation)
                .or_else(|_| RotationMatrix::new(operation.map(|row| row.map(|v| -v))))?;
            let largest = crystals
                .iter()
                .map(|&e| {
                    let moved = RotationMatrix::from(e) * rotation;
                    largest_difference(rogsh(e), rogsh(moved.into()))
                })
                .fold(0.0, f64::max);
            let keeps_z = operation[2][2] != 0.0;
            assert_eq!(largest < 1e-12, keeps_z, "{operation:?}: {largest}");
            // Those that do change something change it a lot.
            assert!(keeps_z || largest > 0.5, "{operation:?}: {largest}");
            harmless += usize::from(keeps_z);
        }
    }
    assert_eq!(harmless, 16);
    Ok(())
}

#[test]
fn the_ranges_are_reached_and_never_left() {
    let mut found = [[f64::MAX, f64::MIN]; 3];
    let mut at = [[Euler::default(); 2]; 3];
    for e in random_orientations(200_000, 4) {
        for (k, v) in rogsh(e).into_iter().enumerate() {
            if v < found[k][0] {
                (found[k][0], at[k][0]) = (v, e);
            }
            if v > found[k][1] {
                (found[k][1], at[k][1]) = (v, e);
            }
        }
    }
    for k in 0..3 {
        for side in 0..2 {
            // A shrinking random walk from the best sample reaches the end itself.
            let sign = [-1.0, 1.0][side];
            let (mut best, mut place) = (found[k][side], at[k][side]);
            for (round, turn) in random_orientations(6_000, 5).into_iter().enumerate() {
                let step = 0.05 * 0.996f64.powi(round as i32);
                let [a, b, c] = [turn.phi1 - 3.1, turn.big_phi - 1.6, turn.phi2 - 3.1];
                let next = Euler::new(
                    place.phi1 + step * a,
                    place.big_phi + step * b,
                    place.phi2 + step * c,
                );
                let value = rogsh(next)[k];
                if sign * value > sign * best {
                    (best, place) = (value, next);
                }
            }
            let end = ROGSH_RANGE[k][side];
            assert!(
                sign * best <= sign * end + 1e-11,
                "function {k}: {best} beyond {end}"
            );
            assert!((best - end).abs() < 1e-8, "function {k}: {best}, not {end}");
        }
    }
}

#[test]
fn a_field_is_the_function_at_every_voxel() -> Result<()> {
    let crystals = random_orientations(3 * 50 * 31, 6);
    let euler = Array4::from_shape_fn((3, 3, 50, 31), |(k, x, y, z)| {
        <[f64; 3]>::from(crystals[(x * 50 + y) * 31 + z])[k] as f32
    });
    let field = rogsh_of_field(euler.view())?;
    for ((x, y, z), _) in euler.index_axis(ndarray::Axis(0), 0).indexed_iter() {
        let e = [0, 1, 2].map(|k| f64::from(euler[[k, x, y, z]]));
        for (k, v) in rogsh(e.into()).into_iter().enumerate() {
            assert_eq!(field[[k, x, y, z]], v as f32);
        }
    }
    // The order of the axes in memory makes no difference.
    let turned = euler.t().as_standard_layout().into_owned();
    assert_eq!(rogsh_of_field(turned.t())?, field);
    assert!(rogsh_of_field(Array4::zeros((2, 4, 4, 4)).view()).is_err());
    Ok(())
}
