//! Rotation matrices.

use super::{Euler, Quaternion, Rodrigues};
use crate::{Error, Result};

/// An orthogonal matrix of determinant 1, by rows: `v_crystal = g v_sample`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RotationMatrix([[f64; 3]; 3]);

impl RotationMatrix {
    /// A rotation from its rows.
    ///
    /// # Errors
    /// When the rows are not orthonormal to 1e-6, or form a left-handed system.
    pub fn new(rows: [[f64; 3]; 3]) -> Result<Self> {
        let off = |i: usize, j: usize| {
            let dot: f64 = (0..3).map(|k| rows[i][k] * rows[j][k]).sum();
            (dot - f64::from(u8::from(i == j))).abs()
        };
        // A NaN compares as false, and so fails.
        if !(0..3).all(|i| (i..3).all(|j| off(i, j) <= 1e-6)) {
            return Err(Error::value(
                "rotation matrix",
                format!("rows {rows:?} are not orthonormal to 1e-6"),
            ));
        }
        let det = determinant(&rows);
        if det < 0.0 {
            return Err(Error::value(
                "rotation matrix",
                format!("rows {rows:?} have determinant {det:.3}: a reflection, not a rotation"),
            ));
        }
        Ok(RotationMatrix(rows))
    }

    /// The three rows.
    pub fn rows(self) -> [[f64; 3]; 3] {
        self.0
    }

    /// The inverse rotation.
    pub fn transpose(self) -> Self {
        let m = self.0;
        RotationMatrix(std::array::from_fn(|i| std::array::from_fn(|j| m[j][i])))
    }

    /// The rotated vector.
    pub fn apply(self, v: [f64; 3]) -> [f64; 3] {
        self.0
            .map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
    }
}

fn determinant(m: &[[f64; 3]; 3]) -> f64 {
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
}

impl std::ops::Mul for RotationMatrix {
    type Output = RotationMatrix;

    /// The rotation `b` followed by the rotation `self`.
    fn mul(self, b: RotationMatrix) -> RotationMatrix {
        let columns = b.transpose().0.map(|column| self.apply(column));
        RotationMatrix(columns).transpose()
    }
}

impl From<Euler> for RotationMatrix {
    /// Bunge's matrix, written out.
    fn from(e: Euler) -> Self {
        let (s1, c1) = e.phi1.sin_cos();
        let (s, c) = e.big_phi.sin_cos();
        let (s2, c2) = e.phi2.sin_cos();
        RotationMatrix([
            [c1 * c2 - s1 * s2 * c, s1 * c2 + c1 * s2 * c, s2 * s],
            [-c1 * s2 - s1 * c2 * c, -s1 * s2 + c1 * c2 * c, c2 * s],
            [s1 * s, -c1 * s, c],
        ])
    }
}

impl From<Quaternion> for RotationMatrix {
    fn from(q: Quaternion) -> Self {
        let [w, x, y, z] = q.components();
        RotationMatrix([
            [
                1.0 - 2.0 * (y * y + z * z),
                2.0 * (x * y - w * z),
                2.0 * (x * z + w * y),
            ],
            [
                2.0 * (x * y + w * z),
                1.0 - 2.0 * (x * x + z * z),
                2.0 * (y * z - w * x),
            ],
            [
                2.0 * (x * z - w * y),
                2.0 * (y * z + w * x),
                1.0 - 2.0 * (x * x + y * y),
            ],
        ])
    }
}

impl From<Rodrigues> for RotationMatrix {
    fn from(r: Rodrigues) -> Self {
        Quaternion::from(r).into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::quaternion::tests::any_quaternion;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_rotation_is_refused() {
        assert!(RotationMatrix::new([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]]).is_err());
        assert!(RotationMatrix::new([[1.0, 0.1, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).is_err());
        assert!(RotationMatrix::new([[f64::NAN; 3]; 3]).is_err());
        assert!(
            RotationMatrix::new([[f64::NAN, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).is_err()
        );
        assert!(RotationMatrix::new([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]).is_ok());
    }

    #[test]
    fn angles_turn_the_axes() {
        // The crystal's x axis turned by phi1 about z from the sample's: a vector along the
        // sample's y axis then has a positive component along the crystal's x.
        let g = RotationMatrix::from(Euler::from_degrees(30.0, 0.0, 0.0));
        let [x, y, _] = g.apply([0.0, 1.0, 0.0]);
        assert!((x - 0.5).abs() < 1e-15 && (y - 0.75f64.sqrt()).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn matrices_of_rotations_are_rotations(q in any_quaternion()) {
            let g = RotationMatrix::from(q);
            prop_assert!(RotationMatrix::new(g.rows()).is_ok());
            let identity = g * g.transpose();
            for (i, row) in identity.rows().iter().enumerate() {
                for (j, v) in row.iter().enumerate() {
                    let expected = f64::from(u8::from(i == j));
                    prop_assert!((v - expected).abs() < 1e-14);
                }
            }
        }
    }
}
