//! What is measured of one patch.

use super::Measure;
use crate::Result;
use crate::microstructure::{Field, Grains, Grid};
use crate::orientation::ROGSH_NAMES;
use ndarray::{Array4, ArrayView3, ArrayView4, Axis};

/// The values of each [`Measure`] in one patch, with their weights.
#[derive(Debug, Clone)]
pub(super) struct Neighbourhood {
    values: [Vec<(f64, f64)>; Measure::ALL.len()],
}

impl Neighbourhood {
    /// Measures a patch of the three ROGSH values, `channel, x, y, z`; what lies beyond its faces
    /// is not known. Neighbours closer than `threshold` in ROGSH are of one grain.
    pub fn measure(patch: ArrayView4<f32>, threshold: f64) -> Result<Self> {
        let steps = Steps::of(patch);
        let (_, nx, ny, nz) = patch.dim();
        let grid = Grid::new([nx, ny, nz])?;
        let grains = Grains::by_rogsh(
            &Field::new(grid, ROGSH_NAMES, patch.to_owned())?,
            threshold,
            false,
        )?;
        let chords = |axis: usize| -> Result<Vec<(f64, f64)>> {
            let found = grains.chords(axis)?;
            let all = found.counts.iter().chain(&found.cut);
            Ok(all.map(|(&n, &count)| (n as f64, count as f64)).collect())
        };
        Ok(Neighbourhood {
            values: [
                steps.gradients().map(|g| (g, 1.0)).collect(),
                chords(0)?,
                chords(1)?,
                chords(2)?,
                vec![(steps.interior(threshold), 1.0)],
            ],
        })
    }

    pub fn of(&self, measure: Measure) -> &[(f64, f64)] {
        &self.values[measure as usize]
    }
}

/// Squared distances in ROGSH of each voxel to the next one along each axis, `axis, x, y, z`; zero
/// at the last voxel of an axis.
struct Steps(Array4<f64>);

impl Steps {
    fn of(patch: ArrayView4<f32>) -> Self {
        let (_, nx, ny, nz) = patch.dim();
        let mut steps = Array4::zeros((3, nx, ny, nz));
        for (axis, mut steps) in steps.outer_iter_mut().enumerate() {
            let n = patch.len_of(Axis(axis + 1));
            for channel in patch.outer_iter() {
                for at in 1..n {
                    let here = channel.index_axis(Axis(axis), at - 1);
                    let next = channel.index_axis(Axis(axis), at);
                    let mut to = steps.index_axis_mut(Axis(axis), at - 1);
                    ndarray::Zip::from(&mut to)
                        .and(here)
                        .and(next)
                        .for_each(|to, a, b| *to += (f64::from(*b) - f64::from(*a)).powi(2));
                }
            }
        }
        Steps(steps)
    }

    fn edges(&self) -> [usize; 3] {
        let (_, nx, ny, nz) = self.0.dim();
        [nx, ny, nz]
    }

    fn along(&self, axis: usize) -> ArrayView3<'_, f64> {
        self.0.index_axis(Axis(0), axis)
    }

    /// The norm of the gradient in each voxel that has a next one along every axis.
    fn gradients(&self) -> impl Iterator<Item = f64> {
        let [nx, ny, nz] = self.edges();
        let last = |n: usize| n.saturating_sub(1);
        let voxels = ndarray::indices((last(nx), last(ny), last(nz))).into_iter();
        voxels.map(|at| (0..3).map(|axis| self.along(axis)[at]).sum::<f64>().sqrt())
    }

    /// The share of voxels that all their neighbours within the patch are closer to than the
    /// threshold.
    fn interior(&self, threshold: f64) -> f64 {
        let same = |axis: usize, at: [usize; 3]| self.along(axis)[at] < threshold * threshold;
        let edges = self.edges();
        let inside = ndarray::indices(edges)
            .into_iter()
            .filter(|&(x, y, z)| {
                let at = [x, y, z];
                (0..3).all(|axis| {
                    let mut before = at;
                    before[axis] = at[axis].saturating_sub(1);
                    same(axis, at) && (at[axis] == 0 || same(axis, before))
                })
            })
            .count();
        inside as f64 / edges.iter().product::<usize>() as f64
    }
}
