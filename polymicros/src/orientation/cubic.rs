//! Cubic crystal symmetry: the 24 rotations of 432, disorientation, fundamental zone.

use super::{Euler, Quaternion};
use std::f64::consts::FRAC_1_SQRT_2 as R;

/// The 24 rotations of the cubic group 432, the identity first. They act on the left of an
/// orientation: `CUBIC_ROTATIONS[k] * q` describes the same crystal as `q`.
pub const CUBIC_ROTATIONS: [Quaternion; 24] = [
    // Identity and the half turns about <100>.
    Quaternion::unit([1.0, 0.0, 0.0, 0.0]),
    Quaternion::unit([0.0, 1.0, 0.0, 0.0]),
    Quaternion::unit([0.0, 0.0, 1.0, 0.0]),
    Quaternion::unit([0.0, 0.0, 0.0, 1.0]),
    // Third turns about <111>.
    Quaternion::unit([0.5, 0.5, 0.5, 0.5]),
    Quaternion::unit([0.5, 0.5, 0.5, -0.5]),
    Quaternion::unit([0.5, 0.5, -0.5, 0.5]),
    Quaternion::unit([0.5, 0.5, -0.5, -0.5]),
    Quaternion::unit([0.5, -0.5, 0.5, 0.5]),
    Quaternion::unit([0.5, -0.5, 0.5, -0.5]),
    Quaternion::unit([0.5, -0.5, -0.5, 0.5]),
    Quaternion::unit([0.5, -0.5, -0.5, -0.5]),
    // Quarter turns about <100>.
    Quaternion::unit([R, R, 0.0, 0.0]),
    Quaternion::unit([R, -R, 0.0, 0.0]),
    Quaternion::unit([R, 0.0, R, 0.0]),
    Quaternion::unit([R, 0.0, -R, 0.0]),
    Quaternion::unit([R, 0.0, 0.0, R]),
    Quaternion::unit([R, 0.0, 0.0, -R]),
    // Half turns about <110>.
    Quaternion::unit([0.0, R, R, 0.0]),
    Quaternion::unit([0.0, R, -R, 0.0]),
    Quaternion::unit([0.0, R, 0.0, R]),
    Quaternion::unit([0.0, R, 0.0, -R]),
    Quaternion::unit([0.0, 0.0, R, R]),
    Quaternion::unit([0.0, 0.0, R, -R]),
];

/// A rotation by an angle about an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AxisAngle {
    /// A unit vector.
    pub axis: [f64; 3],
    /// Radians, not negative.
    pub angle: f64,
}

/// The smallest angle, in radians, that turns one cubic crystal into the other: the minimum over
/// the 24 descriptions of each. Never more than 62.8°.
///
/// Symmetric in its arguments, and a metric on the orientations of cubic crystals.
pub fn disorientation(a: Euler, b: Euler) -> f64 {
    let (w, vector) = smallest(Quaternion::from(a) * Quaternion::from(b).conjugate());
    angle_of(w, vector)
}

/// [`disorientation`] with the axis of that turn in crystal coordinates, in the standard triangle
/// `h >= k >= l >= 0`: `[1, 1, 1]/√3` and 60° for a twin.
///
/// For equal orientations there is no axis, and `[0, 0, 1]`'s place in the triangle, `[1, 0, 0]`,
/// is given.
pub fn disorientation_axis_angle(a: Euler, b: Euler) -> AxisAngle {
    let (w, vector) = smallest(Quaternion::from(a) * Quaternion::from(b).conjugate());
    let mut axis = vector.map(f64::abs);
    axis.sort_by(|x, y| y.total_cmp(x));
    let length = norm(axis);
    AxisAngle {
        axis: if length > 0.0 {
            axis.map(|c| c / length)
        } else {
            [1.0, 0.0, 0.0]
        },
        angle: angle_of(w, vector),
    }
}

/// The equivalent of `q` with the smallest rotation angle, with a positive scalar part.
///
/// Where several are equally small, to 1e-9 in the scalar part, the one whose x, then y, then z is
/// largest is taken, so that all descriptions of a crystal lead to the same one.
pub fn to_fundamental_zone(q: Quaternion) -> Quaternion {
    let mut best = q.with_positive_scalar();
    for symmetry in &CUBIC_ROTATIONS[1..] {
        let candidate = (*symmetry * q).with_positive_scalar();
        if comes_before(candidate, best) {
            best = candidate;
        }
    }
    best
}

/// How near two components are to count as equal when equivalents are ranked.
const TIE: f64 = 1e-9;

fn comes_before(a: Quaternion, b: Quaternion) -> bool {
    a.components()
        .into_iter()
        .zip(b.components())
        .map(|(x, y)| x - y)
        .find(|difference| difference.abs() > TIE)
        .is_some_and(|difference| difference > 0.0)
}

/// Scalar and vector part of the smallest of the 24 equivalents of a misorientation, up to the
/// signs and the order of the vector's components, which symmetry makes arbitrary.
///
/// Sorting the absolute components leaves three candidates, one for each kind of symmetry: none, a
/// quarter turn about <100>, a third turn about <111>.
fn smallest(misorientation: Quaternion) -> (f64, [f64; 3]) {
    let mut q = misorientation.components().map(f64::abs);
    q.sort_by(|x, y| y.total_cmp(x));
    let [a, b, c, d] = q;
    let quarter = (a + b) * R;
    let third = 0.5 * (a + b + c + d);
    if a >= quarter && a >= third {
        (a, [b, c, d])
    } else if quarter >= third {
        (quarter, [(a - b) * R, (c + d) * R, (c - d) * R])
    } else {
        let vector = [a - b + c - d, a + b - c - d, a - b - c + d].map(|v| 0.5 * v);
        (third, vector)
    }
}

fn norm(v: [f64; 3]) -> f64 {
    v.iter().map(|c| c * c).sum::<f64>().sqrt()
}

fn angle_of(w: f64, vector: [f64; 3]) -> f64 {
    2.0 * norm(vector).atan2(w)
}

#[cfg(test)]
mod tests {
    use super::super::RotationMatrix;
    use super::super::quaternion::tests::{any_quaternion, apart};
    use super::*;
    use crate::{Error, Result};
    use proptest::prelude::*;

    /// The definition: all 24 equivalents, one after the other.
    fn by_enumeration(a: Quaternion, b: Quaternion) -> f64 {
        CUBIC_ROTATIONS
            .iter()
            .map(|s| (*s * a * b.conjugate()).angle())
            .fold(f64::MAX, f64::min)
    }

    #[test]
    fn the_24_rotations_form_the_group_of_signed_permutations() {
        for (i, a) in CUBIC_ROTATIONS.iter().enumerate() {
            // Each is a signed permutation matrix, and no two are alike.
            for v in RotationMatrix::from(*a).rows().as_flattened() {
                assert!((v - v.round()).abs() < 1e-15);
            }
            for b in &CUBIC_ROTATIONS[i + 1..] {
                assert!(apart(*a, *b) > 1.0);
            }
            for b in &CUBIC_ROTATIONS {
                let closed = CUBIC_ROTATIONS.iter().any(|c| apart(*a * *b, *c) < 1e-14);
                assert!(closed, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn known_misorientations() -> Result<()> {
        let cube = Euler::default();
        let twin: Euler =
            Quaternion::from_axis_angle([1.0, -1.0, 1.0], std::f64::consts::PI)?.into();
        let found = disorientation_axis_angle(cube, twin);
        assert!((found.angle.to_degrees() - 60.0).abs() < 1e-12);
        for c in found.axis {
            assert!((c - 1.0 / 3.0f64.sqrt()).abs() < 1e-12);
        }
        let sigma5: Euler = Quaternion::from_axis_angle([0.0, 1.0, 0.0], 0.6f64.acos())?.into();
        let found = disorientation_axis_angle(sigma5, cube);
        assert!((found.angle.to_degrees() - 36.869_897_645_844).abs() < 1e-9);
        assert!((found.axis[0] - 1.0).abs() < 1e-12);
        assert_eq!(disorientation(cube, cube), 0.0);
        Ok(())
    }

    #[test]
    fn ties_are_settled_the_same_way_for_all_descriptions() -> Result<()> {
        // On the faces (45 degrees about <100>, 60 about <111>), an edge and a corner of the zone.
        let corner = 2.0f64.sqrt() - 1.0;
        for rodrigues in [
            [corner, 0.0, 0.0],
            [corner, 0.1, -0.2],
            [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0],
            [corner, corner, 3.0 - 2.0 * 2.0f64.sqrt()],
            [corner, corner, 0.1],
        ] {
            let q = Quaternion::new([1.0, rodrigues[0], rodrigues[1], rodrigues[2]])?;
            let first = to_fundamental_zone(q);
            for symmetry in &CUBIC_ROTATIONS {
                assert!(apart(first, to_fundamental_zone(*symmetry * q)) < 1e-13);
            }
        }
        Ok(())
    }

    /// DREAM.3D's reduction of 20,000 quaternions of a nickel superalloy (Small IN100).
    ///
    /// It stores `x, y, z, w`. Everything else agrees: with Hamilton's product its quaternions are
    /// those of `g`, symmetry acts on the left, and the smallest angle with a positive scalar part
    /// is chosen. Acting on the right matches no equivalent at all, which rules out that the file
    /// holds conjugates. None of the 20,000 lies within 1e-6 of a tie, so the file doesn't tell how
    /// DREAM.3D would settle one.
    #[test]
    fn reduction_agrees_with_dream3d() -> Result<()> {
        let Some(folder) = std::env::var_os("POLYMICROS_DATA") else {
            println!("skipped: POLYMICROS_DATA is not set");
            return Ok(());
        };
        let folder = std::path::Path::new(&folder).join("simplnx");
        if !folder.join("quats.raw").is_file() {
            println!("skipped: POLYMICROS_DATA has no simplnx/quats.raw");
            return Ok(());
        }
        let read = |name: &str| -> Result<Vec<Quaternion>> {
            let path = folder.join(name);
            let bytes = std::fs::read(&path).map_err(|e| Error::io(&path, e))?;
            let (records, _) = bytes.as_chunks::<16>();
            records
                .iter()
                .map(|record| {
                    let (fields, _) = record.as_chunks::<4>();
                    let f = |i: usize| f64::from(f32::from_le_bytes(fields[i]));
                    Quaternion::new([f(3), f(0), f(1), f(2)])
                })
                .collect()
        };
        let (raw, theirs) = (read("quats.raw")?, read("fz_quats.raw")?);
        assert_eq!((raw.len(), theirs.len()), (20_000, 20_000));
        let mut worst = 0.0f64;
        let mut moved = 0;
        for (q, expected) in raw.iter().zip(&theirs) {
            let ours = to_fundamental_zone(*q);
            moved += usize::from(apart(ours, *q) > 1e-3);
            worst = worst.max(apart(ours, *expected));
            // The reduced one is the same crystal, and as far from the identity as it can be near.
            assert!(disorientation((*q).into(), (*expected).into()) < 1e-6);
            assert!(
                (disorientation((*q).into(), Euler::default()) - expected.angle()).abs() < 1e-6
            );
        }
        println!("largest difference from DREAM.3D: {worst:.1e} rad; {moved} of 20000 moved");
        // What f32 leaves.
        assert!(worst < 3e-7, "{worst}");
        // A reduction that did nothing would fail here.
        assert!(moved > 19_000, "{moved}");
        Ok(())
    }

    proptest! {
        #[test]
        fn the_closed_form_is_the_minimum_over_the_group(
            a in any_quaternion(), b in any_quaternion(),
        ) {
            let short = disorientation(a.into(), b.into());
            prop_assert!((short - by_enumeration(a, b)).abs() < 1e-12);
            let full = disorientation_axis_angle(a.into(), b.into());
            prop_assert!((full.angle - short).abs() < 1e-15);
            let [h, k, l] = full.axis;
            prop_assert!(h >= k && k >= l && l >= 0.0 && (norm(full.axis) - 1.0).abs() < 1e-12);
        }

        #[test]
        fn axis_and_angle_are_an_equivalent_of_the_misorientation(
            a in any_quaternion(), b in any_quaternion(),
        ) {
            // Some pair of crystal symmetries, and an inversion of the axis, must produce it.
            let found = disorientation_axis_angle(a.into(), b.into());
            let target = Quaternion::from_axis_angle(found.axis, found.angle)
                .map_err(|e| TestCaseError::fail(e.to_string()))?;
            let d = a * b.conjugate();
            let reached = CUBIC_ROTATIONS.iter().any(|s| CUBIC_ROTATIONS.iter().any(|t| {
                let q = *s * d * *t;
                apart(q, target) < 1e-11 || apart(q.conjugate(), target) < 1e-11
            }));
            prop_assert!(reached, "{found:?}");
        }

        #[test]
        fn disorientation_is_a_metric_of_crystals(
            a in any_quaternion(), b in any_quaternion(), c in any_quaternion(), k in 0usize..24,
        ) {
            let d = |a: Quaternion, b: Quaternion| disorientation(a.into(), b.into());
            prop_assert!((d(a, b) - d(b, a)).abs() < 1e-13);
            prop_assert!(d(a, c) <= d(a, b) + d(b, c) + 1e-12);
            prop_assert!((d(CUBIC_ROTATIONS[k] * a, b) - d(a, b)).abs() < 1e-12);
            // Turning the specimen turns both alike.
            prop_assert!((d(a * c, b * c) - d(a, b)).abs() < 1e-12);
            prop_assert!(d(a, CUBIC_ROTATIONS[k] * a) < 1e-12);
            prop_assert!(d(a, b).to_degrees() < 62.8);
        }

        #[test]
        fn reduction_keeps_the_crystal_and_is_smallest(q in any_quaternion(), k in 0usize..24) {
            let reduced = to_fundamental_zone(q);
            let identity = Quaternion::IDENTITY;
            prop_assert!(disorientation(q.into(), reduced.into()) < 1e-12);
            prop_assert!((reduced.angle() - by_enumeration(q, identity)).abs() < 1e-8);
            prop_assert!(apart(reduced, to_fundamental_zone(CUBIC_ROTATIONS[k] * q)) < 1e-8);
            prop_assert!(apart(reduced, to_fundamental_zone(reduced)) < 1e-14);
        }
    }
}
