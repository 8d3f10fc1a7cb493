//! Are the grains plausible? Sizes and neighbours.

use crate::microstructure::Microstructure;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Faces of voxels that two grains must share to count as neighbours.
const LEAST_CONTACT: usize = 3;

/// Sizes and neighbours of the grains of a periodic volume with grain ids.
#[derive(Debug, Clone, PartialEq)]
pub struct GrainSizes {
    /// Diameter of the sphere of each grain's volume, in the grid's unit.
    pub diameters: Vec<f64>,
    /// The number of neighbours of each grain.
    pub neighbours: Vec<usize>,
    /// Standard deviation of the logarithm of the diameters: a lognormal distribution's sigma.
    pub lognormal_sigma: f64,
}

impl GrainSizes {
    /// The grains of a volume whose source knows them. Neighbours are counted across the faces of
    /// the box, as is right for a periodic volume.
    ///
    /// # Errors
    /// When the volume has no grain ids, or no grain.
    pub fn of(volume: &Microstructure) -> Result<Self> {
        let Some(ids) = volume.grain_ids() else {
            return Err(Error::value("grain sizes", "this volume has no grain ids"));
        };
        let [nx, ny, nz] = volume.grid().shape;
        let mut voxels: BTreeMap<u32, usize> = BTreeMap::new();
        let mut contacts: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        for ((x, y, z), &id) in ids.indexed_iter() {
            if id == 0 {
                continue;
            }
            *voxels.entry(id).or_default() += 1;
            for next in [
                [(x + 1) % nx, y, z],
                [x, (y + 1) % ny, z],
                [x, y, (z + 1) % nz],
            ] {
                let other = ids[next];
                if other != id && other != 0 {
                    *contacts.entry((id.min(other), id.max(other))).or_default() += 1;
                }
            }
        }
        if voxels.is_empty() {
            return Err(Error::value("grain sizes", "no voxel belongs to a grain"));
        }
        let mut neighbours: BTreeMap<u32, usize> = voxels.keys().map(|&id| (id, 0)).collect();
        for ((a, b), faces) in contacts {
            if faces >= LEAST_CONTACT {
                for id in [a, b] {
                    *neighbours.entry(id).or_default() += 1;
                }
            }
        }
        let voxel: f64 = volume.grid().spacing.iter().product();
        let diameters: Vec<f64> = voxels
            .values()
            .map(|&count| (6.0 * count as f64 * voxel / std::f64::consts::PI).cbrt())
            .collect();
        let logs: Vec<f64> = diameters.iter().map(|d| d.ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let variance = logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / logs.len() as f64;
        Ok(GrainSizes {
            diameters,
            neighbours: neighbours.into_values().collect(),
            lognormal_sigma: variance.sqrt(),
        })
    }

    /// The number of grains.
    pub fn count(&self) -> usize {
        self.diameters.len()
    }

    /// The mean number of neighbours.
    pub fn mean_neighbours(&self) -> f64 {
        self.neighbours.iter().sum::<usize>() as f64 / self.count() as f64
    }
}
