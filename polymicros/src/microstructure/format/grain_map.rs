//! Volumes of grains that have one orientation each, as simulation tools and grain mapping write
//! them: a grain number for each voxel, and a table of the grains.

use super::identity;
use crate::microstructure::{Grid, Microstructure, Phase};
use crate::orientation::Euler;
use crate::{Error, Result};
use ndarray::{Array3, Array4};
use std::collections::BTreeMap;
use std::path::Path;

/// What the table says of a grain.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableRow {
    pub orientation: Euler,
    /// From 1, as the phases are declared.
    pub phase: u8,
}

/// A volume of grains and its table.
pub(super) struct GrainMap {
    pub grid: Grid,
    /// Grain of each voxel; 0 is no grain.
    pub ids: Array3<u32>,
    pub table: BTreeMap<u32, TableRow>,
    pub phases: Vec<Phase>,
}

impl GrainMap {
    /// The volume; `place` is where the file keeps the grain numbers.
    pub fn into_map(self, path: &Path, place: &str) -> Result<Microstructure> {
        let [nx, ny, nz] = self.grid.shape;
        let mut euler = Array4::<f32>::zeros((3, nx, ny, nz));
        let mut phase = Array3::<u8>::zeros((nx, ny, nz));
        // Neighbours along z mostly share a grain, so that the last row found serves again.
        let mut last: Option<(u32, [f32; 3], u8)> = None;
        for ((at, &id), phase) in self.ids.indexed_iter().zip(&mut phase) {
            if id == 0 {
                continue;
            }
            let (_, angles, of) = match last.filter(|row| row.0 == id) {
                Some(row) => row,
                None => {
                    let row = self.table.get(&id).ok_or_else(|| {
                        let problem = format!(
                            "grain {id} at (x, y, z) = {at:?} is not among the {} that have an \
                             orientation",
                            self.table.len()
                        );
                        Error::format(path, place, problem)
                    })?;
                    let angles = <[f64; 3]>::from(row.orientation.wrapped());
                    (id, angles.map(|angle| angle as f32), row.phase)
                }
            };
            last = Some((id, angles, of));
            *phase = of;
            for (channel, angle) in angles.into_iter().enumerate() {
                euler[[channel, at.0, at.1, at.2]] = angle;
            }
        }
        let mask = phase.mapv(|phase| phase > 0);
        let (name, origin) = identity(path);
        Microstructure::new(name, origin, self.grid, euler)?
            .with_phases(self.phases, phase)?
            .with_mask(mask)?
            .with_grain_ids(self.ids)
    }
}
