//! Missing voxels take orientations that were seen nearby.

#[cfg(test)]
mod tests;

use super::interpolation::gather;
use super::{Distances, Mask};
use crate::microstructure::Field;
use crate::{Error, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The last step of a reconstruction: each missing voxel is given the values of the known voxel
/// that are nearest to its own, among the known voxels nearby.
///
/// Most missing voxels belong to grains that known ones show; a model is then asked only which, and
/// blurred boundaries become sharp. Grains that no known voxel shows are lost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Projection {
    /// How far "nearby" is, in voxels. Where no known voxel is half as near, those within this
    /// distance of the nearest known one count: about as many everywhere.
    pub reach: f64,
}

impl Default for Projection {
    /// Six voxels: at four times along an axis, the slices on both sides, and in them a boundary
    /// that is inclined by up to 45 degrees.
    fn default() -> Self {
        Projection { reach: 6.0 }
    }
}

impl Projection {
    /// The estimate with its missing voxels replaced; known ones keep their known values.
    ///
    /// # Errors
    /// As [`sources`](Self::sources).
    pub fn apply(&self, observed: &Field, estimate: &Field) -> Result<Field> {
        gather(observed, &self.sources(observed, estimate)?)
    }

    /// For each voxel the known voxel that it takes its values from, as an index in axis order
    /// `x, y, z`: itself where it is known. What else is known there, such as the orientation,
    /// which ROGSH values do not tell, can be taken along.
    ///
    /// # Errors
    /// When no voxel is known, the fields differ in shape, or the reach is not positive.
    pub fn sources(&self, observed: &Field, estimate: &Field) -> Result<Vec<u32>> {
        if observed.data().shape() != estimate.data().shape() {
            let (expected, found) = (observed.data().shape(), estimate.data().shape());
            return Err(Error::shape("estimate to project", expected, found));
        }
        if !(self.reach >= 1.0 && self.reach.is_finite()) {
            let problem = format!("{} voxels: expected at least 1", self.reach);
            return Err(Error::value("reach of the projection", problem));
        }
        if let Some(value) = estimate.as_slice().iter().find(|value| !value.is_finite()) {
            let problem = format!("holds {value}, which is near to no orientation");
            return Err(Error::value("estimate to project", problem));
        }
        let mask = Mask::of(observed);
        let shape = mask.shape();
        let known = mask.as_slice();
        let nearest = Distances::to(known, shape, [1.0; 3])?;
        let offsets = ball(self.reach);
        let voxels = known.len();
        let channels = observed.channels().len();
        let (seen, wanted) = (observed.as_slice(), estimate.as_slice());
        let one = |at: usize| -> u32 {
            if known[at] {
                return at as u32;
            }
            let near = nearest.squared[at] <= (0.5 * self.reach).powi(2);
            let middle = if near {
                at
            } else {
                nearest.nearest[at] as usize
            };
            let mut best = (f32::INFINITY, nearest.nearest[at]);
            for offset in &offsets {
                let Some(from) = moved(shape, middle, *offset).filter(|from| known[*from]) else {
                    continue;
                };
                let square: f32 = (0..channels)
                    .map(|c| (seen[c * voxels + from] - wanted[c * voxels + at]).powi(2))
                    .sum();
                if square < best.0 {
                    best = (square, from as u32);
                }
            }
            best.1
        };
        Ok((0..voxels).into_par_iter().map(one).collect())
    }
}

/// All displacements up to a length, the shortest first.
fn ball(reach: f64) -> Vec<[isize; 3]> {
    let r = reach as isize;
    let square = |o: &[isize; 3]| o.iter().map(|c| c * c).sum::<isize>();
    let mut offsets: Vec<[isize; 3]> = (-r..=r)
        .flat_map(|x| (-r..=r).flat_map(move |y| (-r..=r).map(move |z| [x, y, z])))
        .filter(|o| square(o) as f64 <= reach * reach)
        .collect();
    offsets.sort_by_key(square);
    offsets
}

fn moved(shape: [usize; 3], at: usize, offset: [isize; 3]) -> Option<usize> {
    let [_, ny, nz] = shape;
    let position = [at / (ny * nz), at / nz % ny, at % nz];
    let mut index = 0;
    for axis in 0..3 {
        let moved = position[axis].checked_add_signed(offset[axis])?;
        if moved >= shape[axis] {
            return None;
        }
        index = index * shape[axis] + moved;
    }
    Some(index)
}
