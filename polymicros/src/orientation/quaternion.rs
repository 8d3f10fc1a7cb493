//! Unit quaternions.

use super::{Euler, Rodrigues, RotationMatrix};
use crate::{Error, Result};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// A unit quaternion, scalar first: `(w, x, y, z)`.
///
/// It stands for the rotation `v -> q v q*` with Hamilton's product, so that the quaternion of
/// `g2 g1` is `q2 * q1`. `q` and `-q` are the same orientation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quaternion([f64; 4]);

impl Quaternion {
    /// No rotation.
    pub const IDENTITY: Quaternion = Quaternion([1.0, 0.0, 0.0, 0.0]);

    /// A quaternion whose components are known to have unit length.
    pub(super) const fn unit(wxyz: [f64; 4]) -> Self {
        Quaternion(wxyz)
    }

    /// The unit quaternion in the direction of `(w, x, y, z)`.
    ///
    /// # Errors
    /// When the four components are all zero, or one is not finite.
    pub fn new(wxyz: [f64; 4]) -> Result<Self> {
        // Scaled by the largest first, so that no square under- or overflows.
        let largest = wxyz.iter().fold(0.0f64, |m, c| m.max(c.abs()));
        if largest == 0.0 || !wxyz.iter().all(|c| c.is_finite()) {
            return Err(Error::value(
                "quaternion",
                format!("{wxyz:?}: a rotation needs four finite components, not all zero"),
            ));
        }
        Ok(Quaternion::normalised(wxyz.map(|c| c / largest)))
    }

    fn normalised(wxyz: [f64; 4]) -> Self {
        let length = wxyz.iter().map(|c| c * c).sum::<f64>().sqrt();
        Quaternion(wxyz.map(|c| c / length))
    }

    /// The turn of components by `angle` radians about `axis`: `v -> q v q*` turns `v` by that
    /// angle, counterclockwise as seen from the axis' tip.
    ///
    /// # Errors
    /// When the axis is zero, or a number is not finite.
    pub fn from_axis_angle(axis: [f64; 3], angle: f64) -> Result<Self> {
        let [x, y, z] = axis;
        let axis = Quaternion::new([0.0, x, y, z])?.0;
        if !angle.is_finite() {
            return Err(Error::value(
                "rotation angle",
                format!("{angle} is not finite"),
            ));
        }
        let (s, c) = (0.5 * angle).sin_cos();
        Ok(Quaternion([c, s * axis[1], s * axis[2], s * axis[3]]))
    }

    /// An orientation drawn from the uniform (Haar) distribution on the rotations.
    pub fn random(rng: &mut ChaCha8Rng) -> Self {
        loop {
            let drawn: [f64; 4] = std::array::from_fn(|_| StandardNormal.sample(rng));
            // Four normal deviates have no preferred direction; a tiny one would lose digits.
            if drawn.iter().map(|c| c * c).sum::<f64>() > 1e-8 {
                return Quaternion::normalised(drawn);
            }
        }
    }

    /// The components `[w, x, y, z]`.
    pub fn components(self) -> [f64; 4] {
        self.0
    }

    /// The inverse rotation.
    pub fn conjugate(self) -> Self {
        let [w, x, y, z] = self.0;
        Quaternion([w, -x, -y, -z])
    }

    /// The sign, of the two that name the same rotation, with `w >= 0`.
    pub fn with_positive_scalar(self) -> Self {
        if self.0[0] < 0.0 {
            Quaternion(self.0.map(|c| -c))
        } else {
            self
        }
    }

    /// The rotated vector `q v q*`: with `q` an orientation, sample components become crystal
    /// components.
    pub fn apply(self, v: [f64; 3]) -> [f64; 3] {
        RotationMatrix::from(self).apply(v)
    }

    /// The angle of the rotation, in `[0, π]` radians.
    pub fn angle(self) -> f64 {
        let [w, x, y, z] = self.0;
        // atan2, because an arccosine near 1 loses half of the digits.
        2.0 * (x * x + y * y + z * z).sqrt().atan2(w.abs())
    }
}

impl std::ops::Mul for Quaternion {
    type Output = Quaternion;

    /// Hamilton's product: the rotation `b` followed by the rotation `self`.
    fn mul(self, b: Quaternion) -> Quaternion {
        let [w1, x1, y1, z1] = self.0;
        let [w2, x2, y2, z2] = b.0;
        Quaternion([
            w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
            w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
            w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
            w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
        ])
    }
}

impl From<Euler> for Quaternion {
    fn from(e: Euler) -> Self {
        let (s, c) = (0.5 * e.big_phi).sin_cos();
        let (sin_sum, cos_sum) = (0.5 * (e.phi1 + e.phi2)).sin_cos();
        let (sin_difference, cos_difference) = (0.5 * (e.phi1 - e.phi2)).sin_cos();
        Quaternion([
            c * cos_sum,
            -s * cos_difference,
            -s * sin_difference,
            -c * sin_sum,
        ])
    }
}

impl From<RotationMatrix> for Quaternion {
    /// Shepperd's method: the largest component is found from the diagonal and divides the others.
    fn from(g: RotationMatrix) -> Self {
        let m = g.rows();
        let trace = m[0][0] + m[1][1] + m[2][2];
        let largest = [trace, m[0][0], m[1][1], m[2][2]]
            .iter()
            .enumerate()
            .fold(
                (0, f64::MIN),
                |best, (k, &v)| {
                    if v > best.1 { (k, v) } else { best }
                },
            )
            .0;
        let antisymmetric = [m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]];
        let symmetric = [m[2][1] + m[1][2], m[0][2] + m[2][0], m[1][0] + m[0][1]];
        let [a, b, c] = antisymmetric;
        let [p, q, r] = symmetric;
        let wxyz = match largest {
            0 => [1.0 + trace, a, b, c],
            1 => [a, 1.0 + 2.0 * m[0][0] - trace, r, q],
            2 => [b, r, 1.0 + 2.0 * m[1][1] - trace, p],
            _ => [c, q, p, 1.0 + 2.0 * m[2][2] - trace],
        };
        Quaternion::normalised(wxyz)
    }
}

impl From<Rodrigues> for Quaternion {
    fn from(r: Rodrigues) -> Self {
        let [x, y, z] = r.0;
        Quaternion::normalised([1.0, x, y, z])
    }
}

/// `count` orientations from the uniform (Haar) distribution, the same for the same seed.
pub fn random_orientations(count: usize, seed: u64) -> Vec<Euler> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| Quaternion::random(&mut rng).into())
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Any unit quaternion, for the property tests of the whole module.
    pub(crate) fn any_quaternion() -> impl Strategy<Value = Quaternion> {
        prop::array::uniform4(-1.0..1.0f64)
            .prop_filter("too short to have a direction", |c| {
                c.iter().map(|v| v * v).sum::<f64>() > 0.01
            })
            .prop_map(Quaternion::normalised)
    }

    /// The distance of two quaternions as rotations.
    pub(crate) fn apart(a: Quaternion, b: Quaternion) -> f64 {
        (a * b.conjugate()).angle()
    }

    #[test]
    fn zero_and_infinite_quaternions_are_refused() -> Result<()> {
        assert!(Quaternion::new([0.0; 4]).is_err());
        assert!(Quaternion::new([1.0, f64::INFINITY, 0.0, 0.0]).is_err());
        assert!(Quaternion::from_axis_angle([0.0; 3], 1.0).is_err());
        let tiny = Quaternion::new([1e-300, 0.0, 0.0, 1e-300])?;
        assert!((tiny.angle() - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
        Ok(())
    }

    #[test]
    fn random_orientations_are_uniform() {
        // For Haar-random rotations the trace of g has mean 0 and variance 1, and cos(Phi) is
        // uniform on [-1, 1] with variance 1/3.
        let many = random_orientations(200_000, 7);
        let n = many.len() as f64;
        let (mut trace, mut trace2, mut cos2) = (0.0, 0.0, 0.0);
        for e in &many {
            let m = RotationMatrix::from(*e).rows();
            let t = m[0][0] + m[1][1] + m[2][2];
            trace += t / n;
            trace2 += t * t / n;
            cos2 += e.big_phi.cos().powi(2) / n;
        }
        assert!(trace.abs() < 0.01, "{trace}");
        assert!((trace2 - 1.0).abs() < 0.02, "{trace2}");
        assert!((cos2 - 1.0 / 3.0).abs() < 0.005, "{cos2}");
        assert_eq!(many[..10], random_orientations(10, 7)[..]);
        assert_ne!(many[..10], random_orientations(10, 8)[..]);
    }

    proptest! {
        #[test]
        fn every_form_carries_the_same_rotation(q in any_quaternion()) {
            prop_assert!(apart(q, Euler::from(q).into()) < 1e-13);
            prop_assert!(apart(q, RotationMatrix::from(q).into()) < 1e-13);
            prop_assert!(apart(q, RotationMatrix::from(Euler::from(q)).into()) < 1e-13);
            prop_assert!(apart(q, Rodrigues::from(q).into()) < 1e-13);
        }

        #[test]
        fn products_agree_with_matrices(a in any_quaternion(), b in any_quaternion()) {
            let product = RotationMatrix::from(a) * RotationMatrix::from(b);
            prop_assert!(apart(a * b, product.into()) < 1e-13);
            prop_assert!((a * a.conjugate()).angle() < 1e-14);
        }

        #[test]
        fn axis_angle_turns_counterclockwise(angle in -3.0..3.0f64) {
            let q = Quaternion::from_axis_angle([0.0, 0.0, 2.0], angle)
                .map_err(|e| TestCaseError::fail(e.to_string()))?;
            let [x, y, z] = q.apply([1.0, 0.0, 0.0]);
            prop_assert!((x - angle.cos()).abs() < 1e-15);
            prop_assert!((y - angle.sin()).abs() < 1e-15);
            prop_assert!(z.abs() < 1e-15);
        }
    }
}
