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
///
/// Of several samples the known voxel is taken whose values have the least sum of Euclidean
/// distances to theirs: the geometric median, among the orientations that were seen. Squares of
/// distances would give the one nearest to the samples' mean, which lies between two grains where
/// samples disagree, and there may be nearest to a third.
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
    /// The known values, and at missing voxels those of [`sources`](Self::sources).
    ///
    /// # Errors
    /// As [`sources`](Self::sources).
    pub fn apply(&self, observed: &Field, samples: &[Field]) -> Result<Field> {
        gather(observed, &self.sources(observed, samples)?)
    }

    /// For each voxel the known voxel that it takes its values from, as an index in axis order
    /// `x, y, z`: itself where it is known. What else is known there, such as the orientation,
    /// which ROGSH values do not tell, can be taken along.
    ///
    /// # Errors
    /// When no voxel is known, no sample is given, fields differ in shape, a sample is not finite,
    /// or the reach is less than a voxel.
    pub fn sources(&self, observed: &Field, samples: &[Field]) -> Result<Vec<u32>> {
        self.check(observed, samples)?;
        let mask = Mask::of(observed);
        let shape = mask.shape();
        let known = mask.as_slice();
        let nearest = Distances::to(known, shape, [1.0; 3])?;
        let offsets = ball(self.reach);
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
                let total = distance(observed, from, samples, at, best.0);
                if total < best.0 {
                    best = (total, from as u32);
                }
            }
            best.1
        };
        Ok((0..known.len()).into_par_iter().map(one).collect())
    }

    fn check(&self, observed: &Field, samples: &[Field]) -> Result<()> {
        if !(self.reach >= 1.0 && self.reach.is_finite()) {
            let problem = format!("{} voxels: expected at least 1", self.reach);
            return Err(Error::value("reach of the projection", problem));
        }
        if samples.is_empty() {
            return Err(Error::value("samples to project", "none given"));
        }
        for sample in samples {
            if observed.data().shape() != sample.data().shape() {
                let (expected, found) = (observed.data().shape(), sample.data().shape());
                return Err(Error::shape("sample to project", expected, found));
            }
            if let Some(value) = sample.as_slice().iter().find(|value| !value.is_finite()) {
                let problem = format!("holds {value}, which is near to no orientation");
                return Err(Error::value("sample to project", problem));
            }
        }
        Ok(())
    }
}

/// The sum over samples of the Euclidean distance between the values known at one voxel and those
/// sampled at another; or, as soon as it has reached it, something that is not below the limit.
fn distance(observed: &Field, from: usize, samples: &[Field], at: usize, limit: f32) -> f32 {
    let voxels = observed.grid().voxels();
    let seen = observed.as_slice();
    let mut total = 0.0;
    for sample in samples {
        let made = sample.as_slice();
        let square: f32 = (0..observed.channels().len())
            .map(|c| (seen[c * voxels + from] - made[c * voxels + at]).powi(2))
            .sum();
        total += square.sqrt();
        if total >= limit {
            break;
        }
    }
    total
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
