//! Reference sets to compare a dataset's diversity with (paper 5.1), made from a seed.
//!
//! The paper compares with three public datasets; the library makes sets of their kinds. Ranges of
//! their parameters were fixed before the first comparison, wide enough that a user of the
//! respective method would hardly go beyond them:
//!
//! | parameter | range, drawn uniformly for each structure |
//! | --- | --- |
//! | **ellipsoid packing** (the kind of DREAM.3D) | |
//! | mean equivalent diameter | 0.1 to 0.29 of the edge, uniform in its logarithm: about 1,900 to 80 grains |
//! | standard deviation of the logarithm of the diameter | 0.1 to 0.5 |
//! | ellipsoids' axes `b/a` and `c/a` | 0.3 to 1, the larger one first |
//! | orientation of the ellipsoids | one for the structure, any |
//! | texture | a component at any orientation, scatter 5 to 30°, share of the grains 0 to 1; the rest at random |
//! | **two-phase random fields** (the kind of MICRO2D) | |
//! | covariance | a mixture of four Gaussians within the paper's bounds, as the dataset's own, of one channel |
//! | volume fraction of the first phase | 0.2 to 0.8 |
//! | orientation of either phase | any |
//! | **single process** (the kind of HT-EBSD: additive manufacturing under varied conditions) | |
//! | grains' width across the building direction z | 0.11 to 0.29 of the edge, uniform in its logarithm |
//! | elongation along z | 1 to 4 |
//! | texture | a <001> fibre along z, scatter 5 to 20°, share of the grains 0 to 0.8; the rest at random |
//!
//! All are periodic volumes of three ROGSH values on the same grid as the dataset. MICRO2D and
//! HT-EBSD are sets of plane images: the volumes of these kinds give them the benefit of a third
//! dimension, and comparing [`Sections`](super::Extent::Sections) takes it from all sets alike. A
//! phase is a crystal of one orientation here, so that a two-phase structure has three channels;
//! that gives MICRO2D's kind the choice of two orientations in addition.

mod packing;
mod process;
mod two_phase;

use crate::microstructure::stand_in::scattered;
use crate::microstructure::{Field, Grid};
use crate::orientation::{Euler, Quaternion, ROGSH_NAMES, rogsh};
use crate::{Error, Result};
use ndarray::Array4;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A kind of set to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reference {
    /// Packed ellipsoids and the Laguerre tessellation of their centres.
    Packing,
    /// Random fields cut at a level.
    TwoPhase,
    /// One process under varied conditions.
    SingleProcess,
}

impl Reference {
    /// All three.
    pub const ALL: [Reference; 3] = [
        Reference::Packing,
        Reference::TwoPhase,
        Reference::SingleProcess,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Reference::Packing => "ellipsoid packing",
            Reference::TwoPhase => "two-phase fields",
            Reference::SingleProcess => "single process",
        }
    }

    /// Whether there are structures of this edge.
    ///
    /// # Errors
    /// When there are not, with what is needed.
    pub(super) fn check(self, edge: usize) -> Result<()> {
        if edge < 16 {
            let problem = format!("{edge} voxels: at least 16 are needed");
            return Err(Error::value("edge of a reference structure", problem));
        }
        Ok(())
    }

    /// One structure of the set: a periodic cube of ROGSH values. The same seed and number give the
    /// same bits, in any order.
    ///
    /// # Errors
    /// When the edge is below 16 voxels, which the smallest grains need, or too small for the waves
    /// of a two-phase field, which need up to about 24.
    pub fn structure(self, edge: usize, seed: u64, number: usize) -> Result<Field> {
        self.check(edge)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Each set and each structure has a stream of its own.
        rng.set_stream(1 + self as u64 + 4 * number as u64);
        match self {
            Reference::Packing => packing::structure(edge, &mut rng),
            Reference::TwoPhase => two_phase::structure(edge, &mut rng),
            Reference::SingleProcess => process::structure(edge, &mut rng),
        }
    }
}

/// A number of a range, uniformly at random.
fn between([low, high]: [f64; 2], rng: &mut ChaCha8Rng) -> f64 {
    low + (high - low) * rng.random::<f64>()
}

/// A number of a range, uniformly at random in its logarithm.
fn between_logarithms(range: [f64; 2], rng: &mut ChaCha8Rng) -> f64 {
    between(range.map(f64::ln), rng).exp()
}

/// The orientations of grains: a share of them scattered about what `ideal` draws, the others
/// anything.
fn orientations(
    grains: usize,
    share: f64,
    scatter: f64,
    mut ideal: impl FnMut(&mut ChaCha8Rng) -> Quaternion,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Quaternion>> {
    (0..grains)
        .map(|_| match rng.random::<f64>() < share {
            true => scattered(ideal(rng), scatter, rng),
            false => Ok(Quaternion::random(rng)),
        })
        .collect()
}

/// The ROGSH values of a cube whose voxels have the orientations of their grains.
fn field(edge: usize, labels: &[u32], orientations: &[Quaternion]) -> Result<Field> {
    let values: Vec<[f32; 3]> = orientations
        .iter()
        .map(|q| rogsh(Euler::from(*q)).map(|v| v as f32))
        .collect();
    let data = Array4::from_shape_fn((3, edge, edge, edge), |(c, x, y, z)| {
        values[labels[(x * edge + y) * edge + z] as usize][c]
    });
    Field::new(Grid::cube(edge)?, ROGSH_NAMES, data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microstructure::Grains;
    use crate::orientation::is_rogsh;
    use crate::statistics::OnePoint;

    #[test]
    fn structures_are_valid_and_follow_from_seed_and_number() -> Result<()> {
        for reference in Reference::ALL {
            let one = reference.structure(32, 3, 5)?;
            assert_eq!(one, reference.structure(32, 3, 5)?);
            assert_ne!(one, reference.structure(32, 3, 6)?);
            assert_ne!(one, reference.structure(32, 4, 5)?);
            for value in one.data().lanes(ndarray::Axis(0)) {
                assert!(is_rogsh([0, 1, 2].map(|c| f64::from(value[c])), 1e-3));
            }
            assert!(reference.structure(8, 3, 5).is_err());
        }
        Ok(())
    }

    /// Numbers of grains within what the table says, and two values in a two-phase structure.
    #[test]
    fn structures_are_of_their_kinds() -> Result<()> {
        for number in 0..6 {
            let packed = Reference::Packing.structure(32, 1, number)?;
            let grains = Grains::by_rogsh(&packed, 1e-6, true)?.count();
            // Small cells may hold no voxel's centre.
            assert!((60..2_000).contains(&grains), "{grains}");
            let grown = Reference::SingleProcess.structure(32, 1, number)?;
            let grains = Grains::by_rogsh(&grown, 1e-6, true)?.count();
            assert!((8..800).contains(&grains), "{grains}");
            let phases = Reference::TwoPhase.structure(32, 1, number)?;
            let mut values: Vec<u32> = phases.as_slice()[..32 * 32 * 32]
                .iter()
                .map(|v| v.to_bits())
                .collect();
            values.sort_unstable();
            values.dedup();
            assert_eq!(values.len(), 2);
            assert!(OnePoint::of(&phases)?.variance[0] > 0.0);
        }
        Ok(())
    }

    /// Half of the grains about one orientation, the others anything: how many are within four
    /// scatters of it.
    #[test]
    fn a_share_of_the_grains_has_the_texture() -> Result<()> {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let ideal = Quaternion::random(&mut rng);
        let scatter = 5f64.to_radians();
        let all = orientations(4_000, 0.5, scatter, |_| ideal, &mut rng)?;
        let near = all
            .iter()
            .filter(|q| (**q * ideal.conjugate()).angle() < 4.0 * scatter);
        let share = near.count() as f64 / 4_000.0;
        // Of random orientations less than half a percent is as near.
        assert!((0.46..0.54).contains(&share), "{share}");
        Ok(())
    }
}
