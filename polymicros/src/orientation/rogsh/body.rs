//! The body that the ROGSH values fill, and its two sheets.
//!
//! The sample's z axis in the crystal, up to the crystal's mirrors, is a point of the standard
//! triangle, and so a pair of invariants `(e2, e3)`. `T(4,0,1)` gives `e2`. `T(12,0,2)` is then a
//! quadratic in `e3`, whose turning point lies inside the triangle for `e2` between about 0.214 and
//! 0.249: there, two directions share both values. They are called sheets here.

use super::super::Euler;
use super::{Angles, K4_0, K4_4, K12, t12};
use std::f64::consts::{FRAC_PI_2, TAU};

/// A direction in the crystal, of unit length, as it enters `T(4,-4,1)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Direction {
    pub big_phi: f64,
    pub phi2: f64,
    /// `|B|`, the largest value of `T(4,-4,1)` over this direction.
    pub amplitude: f64,
    /// `arg B`.
    pub phase: f64,
}

impl Direction {
    pub fn new(big_phi: f64, phi2: f64) -> Self {
        let (re, im) = Angles::new(Euler::new(0.0, big_phi, phi2)).b();
        Direction {
            big_phi,
            phi2,
            amplitude: K4_4 * re.hypot(im),
            phase: im.atan2(re),
        }
    }

    /// The direction's equivalent in the triangle `x >= y >= z >= 0`, where `Phi` lies between
    /// 54.7° and 90° and the angles are far from their poles.
    pub fn standard([x, y, z]: [f64; 3]) -> Self {
        let mut v = [x.abs(), y.abs(), z.abs()];
        v.sort_by(|a, b| b.total_cmp(a));
        let [x, y, z] = v;
        Direction::new(x.hypot(y).atan2(z), x.atan2(y))
    }

    /// The mirror image in a mirror plane of the crystal.
    pub fn mirrored(self) -> Self {
        Direction {
            phi2: -self.phi2,
            phase: -self.phase,
            ..self
        }
    }

    /// The orientation over this direction with `4 phi1 + arg B = turn`.
    pub fn orientation(self, turn: f64) -> Euler {
        let phi1 = (0.25 * (turn - self.phase)).rem_euclid(FRAC_PI_2);
        Euler::new(phi1, self.big_phi, self.phi2)
    }
}

/// The turn `4 phi1 + arg B` of an orientation, in `(-π, π]`: `T(4,-4,1)` is `|B|` times its cosine.
pub(super) fn turn_of(e: Euler) -> f64 {
    let angles = Angles::new(e);
    let (re, im) = angles.b();
    (re * angles.s1 + im * angles.c1).atan2(re * angles.c1 - im * angles.s1)
}

/// The other direction with the same `T(4,0,1)` and `T(12,0,2)`, where there is one, and whether it
/// is on the sheet of the smaller `e3`.
pub(super) fn other_sheet(e: Euler) -> Option<(Direction, bool)> {
    let (e2, e3) = Angles::new(e).invariants();
    // The two roots of -4053 e3² + (4266 e2 - 912) e3 + ... add up to this.
    let other = (4266.0 * e2 - 912.0) / 4053.0 - e3;
    is_direction(e2, other).then(|| (Direction::standard(direction_of(e2, other)), other < e3))
}

/// Orientations with the given ROGSH values in closed form, if they are the values of any: one for
/// each sheet, that of the smaller `e3` first.
///
/// Values outside the body give orientations near by, whose values the caller has to compare.
pub(super) fn solve([first, second, third]: [f64; 3]) -> impl Iterator<Item = Euler> {
    let e2 = (0.2 * (1.0 - second / K4_0)).clamp(0.0, 1.0 / 3.0);
    // T(12,0,2) = third is -4053 e3² + b e3 + c = 0. The root that would lose digits to
    // cancellation is found from the product of the two.
    let b = 4266.0 * e2 - 912.0;
    let c = (t12(e2, 0.0) - third) / K12;
    let t = b + (b * b + 4.0 * 4053.0 * c).max(0.0).sqrt().copysign(b);
    let mut roots = [t / 8106.0, if t == 0.0 { 0.0 } else { -2.0 * c / t }];
    roots.sort_by(f64::total_cmp);
    roots.into_iter().map(move |e3| {
        let direction = Direction::standard(direction_of(e2, e3));
        let cosine = first / direction.amplitude.max(f64::MIN_POSITIVE);
        direction.orientation(cosine.clamp(-1.0, 1.0).acos())
    })
}

/// Whether a direction has these invariants: whether all roots of `t³ - t² + e2 t - e3`, the
/// squares of its components, are real and not negative.
fn is_direction(e2: f64, e3: f64) -> bool {
    let (q, r) = reduced_cubic(e2, e3);
    e3 >= 0.0 && q > 0.0 && r * r <= q * q * q
}

/// The direction with these invariants, or one near by if there is none.
fn direction_of(e2: f64, e3: f64) -> [f64; 3] {
    let (q, r) = reduced_cubic(e2, e3);
    let root = q.max(0.0).sqrt();
    let angle = (r / (q * root).max(f64::MIN_POSITIVE)).clamp(-1.0, 1.0).acos();
    std::array::from_fn(|k| {
        let square = 1.0 / 3.0 - 2.0 * root * ((angle + TAU * k as f64) / 3.0).cos();
        square.max(0.0).sqrt()
    })
}

/// The two numbers of the trigonometric solution of `t³ - t² + e2 t - e3 = 0`.
fn reduced_cubic(e2: f64, e3: f64) -> (f64, f64) {
    (
        (1.0 - 3.0 * e2) / 9.0,
        (9.0 * e2 - 2.0 - 27.0 * e3) / 54.0,
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::random_orientations;
    use super::super::newton::distance;
    use super::super::rogsh;
    use super::*;

    #[test]
    fn amplitude_and_turn_are_those_of_the_first_function() {
        for e in random_orientations(500, 21) {
            let d = Direction::new(e.big_phi, e.phi2);
            assert!((rogsh(e)[0] - d.amplitude * turn_of(e).cos()).abs() < 1e-14);
            let (e2, e3) = Angles::new(e).invariants();
            let closed = (5.0 / 24.0 * ((1.0 - e2).powi(2) - 12.0 * e3)).sqrt();
            assert!(
                (closed - d.amplitude).abs() < 1e-9,
                "{closed} {}",
                d.amplitude
            );
        }
    }

    #[test]
    fn orientations_move_to_the_standard_triangle_and_its_mirror_unchanged() {
        for e in random_orientations(500, 22) {
            let d = Direction::standard(e.sample_z());
            for moved in [
                d.orientation(turn_of(e)),
                d.orientation(-turn_of(e)),
                d.mirrored().orientation(turn_of(e)),
                d.mirrored().orientation(-turn_of(e)),
            ] {
                assert!(distance(rogsh(e), rogsh(moved)) < 1e-13, "{e:?} {moved:?}");
            }
        }
    }

    #[test]
    fn invariants_lead_back_to_the_direction() {
        for e in random_orientations(500, 23) {
            let (e2, e3) = Angles::new(e).invariants();
            let mut expected = e.sample_z().map(f64::abs);
            let mut found = direction_of(e2, e3);
            expected.sort_by(f64::total_cmp);
            found.sort_by(f64::total_cmp);
            assert!(distance(expected, found) < 1e-6, "{expected:?} {found:?}");
        }
        assert!(is_direction(0.1, 0.001));
        assert!(!is_direction(0.2, -0.001));
        assert!(!is_direction(0.1, 0.03));
    }

    #[test]
    fn the_other_sheet_has_the_same_two_values() {
        let mut met = 0;
        for e in random_orientations(2_000, 24) {
            let Some((direction, lower)) = other_sheet(e) else {
                continue;
            };
            met += 1;
            let there = direction.orientation(0.0);
            let (here, value) = (rogsh(e), rogsh(there));
            assert!((here[1] - value[1]).abs() < 1e-12 && (here[2] - value[2]).abs() < 1e-12);
            // And its other sheet is where we came from.
            assert!(other_sheet(there).is_some_and(|(back, lower_back)| {
                lower_back != lower
                    && (back.amplitude - Direction::new(e.big_phi, e.phi2).amplitude).abs() < 1e-6
            }));
        }
        // 7.3% of all directions, by dense sampling.
        assert!((110..185).contains(&met), "{met}");
    }
}
