//! The parts that the unfolded input of a 3 x 3 x 3 convolution is made in.

use super::{Queued, TAPS};
use crate::network::cuda::queue::Queue;

/// A run of planes along x of one member of the batch, or some whole members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slab {
    pub member: usize,
    pub members: usize,
    pub plane: usize,
    pub planes: usize,
}

impl<Q: Queue> Queued<'_, Q> {
    /// The slabs that the output is cut into: as large as the bound allows, a plane at least.
    pub(super) fn slabs(&self) -> Vec<Slab> {
        let [nx, ny, nz] = self.fine();
        let plane = ny * nz * TAPS * self.sizes.inputs();
        let planes = (self.bound / plane).max(1);
        let mut slabs = Vec::new();
        if planes >= nx {
            let most = planes / nx;
            for member in (0..self.sizes.batch).step_by(most) {
                slabs.push(Slab {
                    member,
                    members: most.min(self.sizes.batch - member),
                    plane: 0,
                    planes: nx,
                });
            }
            return slabs;
        }
        for member in 0..self.sizes.batch {
            for plane in (0..nx).step_by(planes) {
                slabs.push(Slab {
                    member,
                    members: 1,
                    plane,
                    planes: planes.min(nx - plane),
                });
            }
        }
        slabs
    }

    /// Voxels of a slab, and the first of them.
    pub(super) fn voxels(&self, slab: &Slab) -> [usize; 2] {
        let [nx, ny, nz] = self.fine();
        let rows = slab.members * slab.planes * ny * nz;
        [rows, (slab.member * nx + slab.plane) * ny * nz]
    }

    /// Runs of planes of the input that a slab of the output sees.
    pub(super) fn seen(&self, slab: &Slab) -> Vec<[usize; 2]> {
        let nx = self.fine()[0];
        let mut planes: Vec<usize> = (slab.plane..slab.plane + slab.planes + 2)
            .filter_map(|padded| self.sizes.padding.source(padded, nx))
            .map(|plane| plane / self.scale())
            .collect();
        planes.sort_unstable();
        planes.dedup();
        let mut runs: Vec<[usize; 2]> = Vec::new();
        for plane in planes {
            match runs.last_mut() {
                Some([first, count]) if *first + *count == plane => *count += 1,
                _ => runs.push([plane, 1]),
            }
        }
        runs
    }
}
