//! Stand-ins for the five experiments of the paper, whose data cannot be shipped.
//!
//! Grains come from curvature-driven grain growth (threshold dynamics, in the file `growth.rs`),
//! started from Poisson-Voronoi cells with about eight times the wanted number of grains, which is
//! what growth needs to forget its start. Boundaries are therefore curved, three of them meet at
//! 120 degrees, and the size distribution is that of normal grain growth. Elongated grains are
//! grown in a compressed box and stretched afterwards. The volume is periodic, unlike a specimen.
//!
//! A map, of one voxel along an axis, is a plane section of such a volume, since that is what a
//! microscope sees of a specimen: its grains are cut at any height, so that there are more small
//! ones than grain growth in two dimensions leaves.
//!
//! They are synthetic, and are called stand-ins wherever they appear.

mod diffusion;
mod growth;
#[cfg(test)]
mod growth_laws;
mod nucleation;
mod shapes;
mod texture;

pub(crate) use shapes::{grown, renumber};
pub(crate) use texture::scattered;

use super::{Grid, LengthUnit, Microstructure, Origin};
use crate::orientation::Euler;
use crate::{Error, Result};
use ndarray::{Array3, Array4};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// A stand-in for an experiment: five sources and one that is held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StandIn {
    /// Equiaxed recrystallised grains with random orientations.
    Recrystallised,
    /// Grains elongated along z with a <001> fibre along z, as in additive manufacturing.
    Columnar,
    /// Equiaxed grains with annealing twins (60 degrees about <111>), as in wrought Ni alloys.
    Twinned,
    /// Few, large equiaxed grains, as in beta titanium.
    CoarseBeta,
    /// Grains elongated along x (rolling direction) and flat along z, in bands of similar
    /// orientation drawn from the brass, copper, S and Goss components.
    Rolled,
    /// Held out: a coarse ferrite, partly recrystallised to fine grains, so that the sizes are
    /// bimodal.
    BimodalFerrite,
}

impl StandIn {
    /// The five sources of the local models.
    pub const SOURCES: [StandIn; 5] = [
        StandIn::Recrystallised,
        StandIn::Columnar,
        StandIn::Twinned,
        StandIn::CoarseBeta,
        StandIn::Rolled,
    ];
    /// The one that no model is trained on.
    pub const HELD_OUT: StandIn = StandIn::BimodalFerrite;

    /// All six.
    pub fn all() -> Vec<StandIn> {
        let mut all = Self::SOURCES.to_vec();
        all.push(Self::HELD_OUT);
        all
    }

    /// What it stands for.
    pub fn name(self) -> &'static str {
        match self {
            StandIn::Recrystallised => "recrystallised",
            StandIn::Columnar => "columnar",
            StandIn::Twinned => "twinned",
            StandIn::CoarseBeta => "coarse beta",
            StandIn::Rolled => "rolled",
            StandIn::BimodalFerrite => "bimodal ferrite",
        }
    }

    /// The stand-in on a grid of this shape `x, y, z`, with grain ids. One voxel along one of the
    /// axes makes it a map: a section of a volume across that axis, which is four of the largest
    /// grains deep and periodic. The same seed gives the same bits on any number of threads.
    ///
    /// # Errors
    /// When the shape has fewer than 8 voxels along an axis, other than one along one of them.
    pub fn generate(self, shape: [usize; 3], seed: u64) -> Result<Microstructure> {
        let long = shape.iter().filter(|&&edge| edge >= 8).count();
        let cut = shape.iter().filter(|&&edge| edge == 1).count();
        if long + cut < 3 || cut > 1 {
            return Err(Error::value(
                "stand-in shape",
                format!(
                    "{shape:?}: at least 8 voxels along each axis, to hold a grain; or 1 along \
                     one of them, for a section"
                ),
            ));
        }
        let grid = Grid::with_spacing(shape, [self.spacing(); 3], LengthUnit::Micrometre)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(self as u64);
        let volume = shapes::volume(self, shape);
        let labels = shapes::labels(self, volume, &mut rng);
        let (labels, orientations) = texture::assign(self, volume, labels, &mut rng)?;
        if volume == shape {
            return self.assemble(grid, seed, &labels, &orientations);
        }
        let (labels, kept) = shapes::renumber(&shapes::section(volume, shape, &labels));
        let orientations: Vec<Euler> = kept.iter().map(|&g| orientations[g as usize]).collect();
        self.assemble(grid, seed, &labels, &orientations)
    }

    /// Edge of a voxel in micrometres: what such a material would have been scanned with.
    fn spacing(self) -> f64 {
        match self {
            StandIn::CoarseBeta => 10.0,
            StandIn::Columnar | StandIn::Rolled => 2.0,
            _ => 1.0,
        }
    }

    fn assemble(
        self,
        grid: Grid,
        seed: u64,
        labels: &[u32],
        orientations: &[Euler],
    ) -> Result<Microstructure> {
        let [nx, ny, nz] = grid.shape;
        let at = |x: usize, y: usize, z: usize| labels[(x * ny + y) * nz + z];
        let angles: Vec<[f64; 3]> = orientations.iter().map(|&e| e.wrapped().into()).collect();
        let euler = Array4::from_shape_fn((3, nx, ny, nz), |(a, x, y, z)| {
            angles[at(x, y, z) as usize][a] as f32
        });
        let ids = Array3::from_shape_fn((nx, ny, nz), |(x, y, z)| at(x, y, z) + 1);
        let origin = Origin::StandIn {
            name: self.name().into(),
            seed,
        };
        Microstructure::new(format!("{} (stand-in)", self.name()), origin, grid, euler)?
            .with_grain_ids(ids)
    }
}

#[cfg(test)]
mod tests;
