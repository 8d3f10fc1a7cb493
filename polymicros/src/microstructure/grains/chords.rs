//! Chords: the pieces into which grains cut lines along an axis.

use super::Grains;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// The chords of all lines of voxels along one axis.
///
/// A chord is a run of voxels of one grain. Its ends are boundaries to other grains, or it is cut
/// short by a face of the box or by voxels of no grain.
#[derive(Debug, Clone, PartialEq)]
pub struct Chords {
    /// The axis: 0 is x, 1 is y, 2 is z.
    pub axis: usize,
    /// The length of a voxel along the axis, in the grid's unit.
    pub spacing: f64,
    /// How many chords with a boundary at either end have a length of so many voxels.
    pub counts: BTreeMap<usize, usize>,
    /// The same of chords that are cut short at one end or both. Together they are all runs of one
    /// grain that a window of this size shows.
    pub cut: BTreeMap<usize, usize>,
    /// The mean intercept length, in the grid's unit: the lines' whole length in grains, divided
    /// by the number of intercepts, where an end that is a boundary counts one half and an end
    /// that is not counts nothing. Chords that are cut short so do not shorten it. None where no
    /// line meets a boundary.
    pub mean_intercept: Option<f64>,
}

impl Chords {
    pub(super) fn along(grains: &Grains, axis: usize) -> Result<Self> {
        if axis > 2 {
            return Err(Error::value("axis", format!("{axis}: expected 0, 1 or 2")));
        }
        let (mut counts, mut cut) = (BTreeMap::new(), BTreeMap::new());
        let (mut voxels, mut boundaries) = (0, 0);
        let mut line = Vec::new();
        for lane in grains.labels.lanes(ndarray::Axis(axis)) {
            line.clear();
            line.extend(lane);
            if grains.periodic {
                // A periodic line may be read from any voxel: best from a boundary.
                match line.iter().zip(&line[1..]).position(|(a, b)| a != b) {
                    Some(last) => line.rotate_left(last + 1),
                    None => {
                        if line[0] != 0 {
                            voxels += line.len();
                            *cut.entry(line.len()).or_default() += 1;
                        }
                        continue;
                    }
                }
            }
            let outside = if grains.periodic {
                line.last().copied()
            } else {
                None
            };
            let mut before = outside.unwrap_or(0);
            let mut start = 0;
            for run in line.chunk_by(|a, b| a == b) {
                start += run.len();
                let wrapped = if grains.periodic { line[0] } else { 0 };
                let after = line.get(start).copied().unwrap_or(wrapped);
                if run[0] != 0 {
                    let ends = usize::from(before != 0) + usize::from(after != 0);
                    voxels += run.len();
                    boundaries += ends;
                    let of_kind = if ends == 2 { &mut counts } else { &mut cut };
                    *of_kind.entry(run.len()).or_default() += 1;
                }
                before = run[0];
            }
        }
        let spacing = grains.grid.spacing[axis];
        let mean_intercept =
            (boundaries > 0).then(|| 2.0 * voxels as f64 * spacing / boundaries as f64);
        Ok(Chords {
            axis,
            spacing,
            counts,
            cut,
            mean_intercept,
        })
    }

    /// The lengths, in the grid's unit, and what share of the chords has each.
    pub fn distribution(&self) -> Vec<(f64, f64)> {
        let all: usize = self.counts.values().sum();
        let share = |(&voxels, &count): (&usize, &usize)| {
            (voxels as f64 * self.spacing, count as f64 / all as f64)
        };
        self.counts.iter().map(share).collect()
    }
}
