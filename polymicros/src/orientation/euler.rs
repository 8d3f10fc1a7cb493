//! Bunge Euler angles.

use super::{Quaternion, Rodrigues, RotationMatrix};
use std::f64::consts::{PI, TAU};

/// Bunge Euler angles in radians: intrinsic ZXZ, from the sample frame to the crystal frame.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Euler {
    /// First turn, about the sample's z axis.
    pub phi1: f64,
    /// Second turn, about the turned x axis.
    pub big_phi: f64,
    /// Third turn, about the crystal's z axis.
    pub phi2: f64,
}

impl Euler {
    /// Angles in radians, in Bunge's order.
    pub fn new(phi1: f64, big_phi: f64, phi2: f64) -> Self {
        Euler {
            phi1,
            big_phi,
            phi2,
        }
    }

    /// Angles in degrees, in Bunge's order.
    pub fn from_degrees(phi1: f64, big_phi: f64, phi2: f64) -> Self {
        Euler::new(phi1.to_radians(), big_phi.to_radians(), phi2.to_radians())
    }

    /// The angles in degrees, in Bunge's order.
    pub fn to_degrees(self) -> [f64; 3] {
        [self.phi1, self.big_phi, self.phi2].map(f64::to_degrees)
    }

    /// The same rotation with `phi1` and `phi2` in `[0, 2π)` and `big_phi` in `[0, π]`.
    pub fn wrapped(self) -> Self {
        let mut big_phi = self.big_phi.rem_euclid(TAU);
        let (mut phi1, mut phi2) = (self.phi1, self.phi2);
        if big_phi > PI {
            big_phi = TAU - big_phi;
            phi1 += PI;
            phi2 += PI;
        }
        Euler::new(wrap(phi1), big_phi, wrap(phi2))
    }

    /// The sample's z axis in the crystal frame, the third column of `g`. It does not depend on
    /// `phi1`.
    pub fn sample_z(self) -> [f64; 3] {
        let (sin, cos) = self.big_phi.sin_cos();
        let (s2, c2) = self.phi2.sin_cos();
        [s2 * sin, c2 * sin, cos]
    }
}

/// An angle in `[0, 2π)`. `rem_euclid` alone rounds tiny negative angles up to 2π itself.
fn wrap(angle: f64) -> f64 {
    let angle = angle.rem_euclid(TAU);
    if angle < TAU { angle } else { 0.0 }
}

impl From<Quaternion> for Euler {
    /// Where `big_phi` is 0 or π only one combination of the others counts; `phi2` is 0 then.
    fn from(q: Quaternion) -> Self {
        let [w, x, y, z] = q.components();
        let (tilt, turn) = (x.hypot(y), w.hypot(z));
        let sum = (-z).atan2(w);
        let difference = (-y).atan2(-x);
        let (sum, difference) = if tilt < DEGENERATE {
            (sum, sum)
        } else if turn < DEGENERATE {
            (difference, difference)
        } else {
            (sum, difference)
        };
        Euler::new(
            wrap(sum + difference),
            2.0 * tilt.atan2(turn),
            wrap(sum - difference),
        )
    }
}

/// Below this, what is left of the two components is rounding noise and has no direction.
const DEGENERATE: f64 = 1e-14;

impl From<RotationMatrix> for Euler {
    fn from(g: RotationMatrix) -> Self {
        Quaternion::from(g).into()
    }
}

impl From<Rodrigues> for Euler {
    fn from(r: Rodrigues) -> Self {
        Quaternion::from(r).into()
    }
}

impl From<[f64; 3]> for Euler {
    /// From `[phi1, Phi, phi2]` in radians.
    fn from([phi1, big_phi, phi2]: [f64; 3]) -> Self {
        Euler::new(phi1, big_phi, phi2)
    }
}

impl From<Euler> for [f64; 3] {
    fn from(e: Euler) -> Self {
        [e.phi1, e.big_phi, e.phi2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: RotationMatrix, b: RotationMatrix, tolerance: f64) -> bool {
        (0..3).all(|i| (0..3).all(|j| (a.rows()[i][j] - b.rows()[i][j]).abs() < tolerance))
    }

    #[test]
    fn degenerate_tilts_keep_the_rotation_and_have_no_phi2() {
        for big_phi in [0.0, PI] {
            let e = Euler::new(0.7, big_phi, 1.9);
            let back = Euler::from(Quaternion::from(e));
            assert_eq!(back.phi2, 0.0);
            assert!(close(e.into(), back.into(), 1e-15), "{back:?}");
        }
    }

    #[test]
    fn degrees_go_both_ways() {
        let [a, b, c] = Euler::from_degrees(10.0, 20.0, 30.0).to_degrees();
        assert!((a - 10.0).abs() < 1e-12 && (b - 20.0).abs() < 1e-12 && (c - 30.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn wrapping_keeps_the_rotation(
            phi1 in -20.0..20.0f64, big_phi in -20.0..20.0f64, phi2 in -20.0..20.0f64,
        ) {
            let e = Euler::new(phi1, big_phi, phi2);
            let w = e.wrapped();
            prop_assert!((0.0..TAU).contains(&w.phi1) && (0.0..TAU).contains(&w.phi2));
            prop_assert!((0.0..=PI).contains(&w.big_phi));
            prop_assert!(close(e.into(), w.into(), 1e-13));
        }

        #[test]
        fn angles_survive_the_other_three_forms(
            phi1 in 0.01..6.27f64, big_phi in 0.01..3.13f64, phi2 in 0.01..6.27f64,
        ) {
            let e = Euler::new(phi1, big_phi, phi2);
            for back in [
                Euler::from(Quaternion::from(e)),
                Euler::from(RotationMatrix::from(e)),
                Euler::from(Rodrigues::from(e)),
            ] {
                prop_assert!((back.phi1 - phi1).abs() < 1e-10);
                prop_assert!((back.big_phi - big_phi).abs() < 1e-10);
                prop_assert!((back.phi2 - phi2).abs() < 1e-10);
            }
        }

        #[test]
        fn sample_z_is_the_third_column(
            phi1 in 0.0..TAU, big_phi in 0.0..PI, phi2 in 0.0..TAU,
        ) {
            let e = Euler::new(phi1, big_phi, phi2);
            let column = RotationMatrix::from(e).apply([0.0, 0.0, 1.0]);
            for (a, b) in e.sample_z().into_iter().zip(column) {
                prop_assert!((a - b).abs() < 1e-15);
            }
        }
    }
}
