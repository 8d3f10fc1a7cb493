//! Rodrigues vectors.

use super::{Euler, Quaternion, RotationMatrix};

/// A Rodrigues vector: the rotation's axis times the tangent of half its angle.
///
/// The rotation is that of components, sample to crystal, as everywhere in this module. A rotation
/// by 180° would be infinitely long; vectors are cut at a length of 1e14, which is off by 2e-14 rad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rodrigues(pub [f64; 3]);

impl Rodrigues {
    /// From the vector of the opposite rotation, crystal to sample, in which the crystal's axes
    /// are turned out of the sample's.
    ///
    /// Xnovo's GrainMapper3D stores this kind (`LabDCT/Data/Rodrigues`): with it, and not with the
    /// other sign, the file's own `IPF001` colours come out.
    pub fn from_crystal_to_sample(vector: [f64; 3]) -> Self {
        Rodrigues(vector.map(|c| -c))
    }

    /// The vector of the opposite rotation, crystal to sample.
    pub fn to_crystal_to_sample(self) -> [f64; 3] {
        self.0.map(|c| -c)
    }
}

impl From<Quaternion> for Rodrigues {
    fn from(q: Quaternion) -> Self {
        let [w, x, y, z] = q.with_positive_scalar().components();
        let w = w.max(1e-14);
        Rodrigues([x / w, y / w, z / w])
    }
}

impl From<Euler> for Rodrigues {
    fn from(e: Euler) -> Self {
        Quaternion::from(e).into()
    }
}

impl From<RotationMatrix> for Rodrigues {
    fn from(g: RotationMatrix) -> Self {
        Quaternion::from(g).into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::quaternion::tests::apart;
    use super::*;
    use crate::Result;

    #[test]
    fn half_turns_survive() -> Result<()> {
        let half = Quaternion::from_axis_angle([1.0, -2.0, 3.0], std::f64::consts::PI)?;
        let r = Rodrigues::from(half);
        assert!(r.0.iter().all(|c| c.is_finite()));
        assert!(apart(half, r.into()) < 1e-13);
        Ok(())
    }

    #[test]
    fn the_length_is_the_tangent_of_half_the_angle() -> Result<()> {
        let q = Quaternion::from_axis_angle([0.0, 3.0, 4.0], 1.0)?;
        let [x, y, z] = Rodrigues::from(q).0;
        let t = 0.5f64.tan();
        assert!(x.abs() < 1e-15 && (y - 0.6 * t).abs() < 1e-15 && (z - 0.8 * t).abs() < 1e-15);
        let back = Rodrigues::from_crystal_to_sample(Rodrigues::from(q).to_crystal_to_sample());
        assert!(apart(q, back.into()) < 1e-15);
        Ok(())
    }
}
