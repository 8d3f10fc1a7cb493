//! What there is to say of each grain.

use super::{faces, slice};
use crate::microstructure::{Field, Grid, Microstructure};
use crate::orientation::{Euler, mean_orientation};
use crate::{Error, Result};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::f64::consts::PI;

/// Faces of voxels that two grains must share to count as neighbours: where four grains meet,
/// voxels touch that are no neighbours on a finer grid.
pub const LEAST_CONTACT: usize = 3;

/// One grain.
#[derive(Debug, Clone, PartialEq)]
pub struct Grain {
    /// Its number in the labels.
    pub id: u32,
    /// The number of its voxels.
    pub voxels: usize,
    /// Its volume, or its area in a map of one layer, in the grid's unit cubed or squared.
    pub size: f64,
    /// The diameter of the sphere of that volume, or of the circle of that area, in the grid's
    /// unit.
    pub diameter: f64,
    /// The phase of its first voxel: k is the k-th declared one, 0 is not indexed or not known.
    pub phase: u8,
    /// The mean orientation. None where grains were told apart by ROGSH, since orientations are
    /// not unique there, where the phase is not cubic m-3m, and where no voxel is indexed.
    pub orientation: Option<Euler>,
    /// The mean of the three ROGSH values, where grains were told apart by them.
    pub rogsh: Option<[f64; 3]>,
    /// The grains with which it shares at least [`LEAST_CONTACT`] faces of voxels, by number.
    pub neighbours: Vec<u32>,
    /// Whether it reaches a face of a box that is not periodic, so that a part of it is missing.
    /// Along an axis of one voxel every grain would, so that axis does not count.
    pub cut: bool,
}

/// Where the means of grains come from.
#[derive(Clone, Copy)]
pub(super) enum Means<'a> {
    Orientations(&'a Microstructure),
    Rogsh(&'a Field),
}

/// The grains with these labels, in the order of their numbers.
pub(super) fn list(
    grid: &Grid,
    labels: &[u32],
    periodic: bool,
    means: Means<'_>,
) -> Result<Vec<Grain>> {
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, &id) in labels.iter().enumerate() {
        if id > 0 {
            members.entry(id).or_default().push(at);
        }
    }
    if members.is_empty() {
        return Err(Error::value("grains", "no voxel belongs to a grain"));
    }
    let mut neighbours = neighbours(grid.shape, labels, periodic);
    let members: Vec<(u32, Vec<usize>, Vec<u32>)> = members
        .into_iter()
        .map(|(id, voxels)| (id, voxels, neighbours.remove(&id).unwrap_or_default()))
        .collect();
    members
        .into_par_iter()
        .map(|(id, voxels, neighbours)| {
            let (size, diameter) = measure(grid, voxels.len());
            Ok(Grain {
                id,
                voxels: voxels.len(),
                size,
                diameter,
                phase: means.phase(voxels[0]),
                orientation: means.orientation(&voxels)?,
                rogsh: means.rogsh(&voxels),
                neighbours,
                cut: !periodic && voxels.iter().any(|&at| on_a_face(grid.shape, at)),
            })
        })
        .collect()
}

impl Means<'_> {
    fn phase(self, at: usize) -> u8 {
        match self {
            Means::Orientations(volume) => slice(volume.phase().as_slice())[at],
            Means::Rogsh(_) => 0,
        }
    }

    fn orientation(self, grain: &[usize]) -> Result<Option<Euler>> {
        let Means::Orientations(volume) = self else {
            return Ok(None);
        };
        let (euler, mask) = (
            slice(volume.euler().as_slice()),
            slice(volume.mask().as_slice()),
        );
        let indexed: Vec<usize> = grain.iter().copied().filter(|&at| mask[at]).collect();
        let phase = slice(volume.phase().as_slice());
        let mut present = [false; 256];
        for &at in &indexed {
            present[usize::from(phase[at])] = true;
        }
        if indexed.is_empty() || volume.first_other_than_cubic(&present).is_some() {
            return Ok(None);
        }
        let orientations: Vec<Euler> = indexed
            .iter()
            .map(|at| {
                let angles = [0, 1, 2].map(|c| f64::from(euler[c * mask.len() + at]));
                Euler::from(angles)
            })
            .collect();
        mean_orientation(&orientations).map(Some)
    }

    fn rogsh(self, grain: &[usize]) -> Option<[f64; 3]> {
        let Means::Rogsh(field) = self else {
            return None;
        };
        let (values, voxels) = (field.as_slice(), field.grid().voxels());
        Some([0, 1, 2].map(|c| {
            let all = grain.iter().map(|at| f64::from(values[c * voxels + at]));
            all.sum::<f64>() / grain.len() as f64
        }))
    }
}

/// Volume and diameter of the sphere, or area and diameter of the circle in a map of one layer.
fn measure(grid: &Grid, voxels: usize) -> (f64, f64) {
    let edges = (0..3).filter(|&axis| grid.shape[axis] > 1);
    if edges.clone().count() == 2 {
        let area = voxels as f64 * edges.map(|axis| grid.spacing[axis]).product::<f64>();
        return (area, (4.0 * area / PI).sqrt());
    }
    let volume = voxels as f64 * grid.spacing.iter().product::<f64>();
    (volume, (6.0 * volume / PI).cbrt())
}

fn on_a_face([nx, ny, nz]: [usize; 3], at: usize) -> bool {
    let position = [at / (ny * nz), at / nz % ny, at % nz];
    position
        .into_iter()
        .zip([nx, ny, nz])
        .any(|(at, edge)| edge > 1 && (at == 0 || at + 1 == edge))
}

/// The neighbours of each grain, sorted.
fn neighbours(shape: [usize; 3], labels: &[u32], periodic: bool) -> BTreeMap<u32, Vec<u32>> {
    let mut contacts: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for x in 0..shape[0] {
        faces::of_plane(shape, periodic, x, |_, a, b| {
            let (a, b) = (labels[a], labels[b]);
            if a != b && a != 0 && b != 0 {
                *contacts.entry((a.min(b), a.max(b))).or_default() += 1;
            }
        });
    }
    // Contacts are sorted, and so is each list that they make.
    let mut neighbours: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for ((a, b), faces) in contacts {
        if faces >= LEAST_CONTACT {
            neighbours.entry(a).or_default().push(b);
            neighbours.entry(b).or_default().push(a);
        }
    }
    neighbours
}
