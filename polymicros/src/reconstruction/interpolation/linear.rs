//! Linear interpolation along the axes.

use super::nearest;
use crate::Result;
use crate::microstructure::Field;
use crate::reconstruction::Mask;
use ndarray::Axis;

pub(super) fn fill(observed: &Field) -> Result<Field> {
    let mask = Mask::of(observed);
    let grid = observed.grid();
    let (shape, voxels) = (grid.shape, grid.voxels());
    let channels = observed.channels().len();
    let values = observed.as_slice();
    let mut weights = vec![0.0f64; voxels];
    let mut sums = vec![0.0f64; channels * voxels];
    for axis in 0..3 {
        let stride: usize = shape[axis + 1..].iter().product();
        for gap in gaps(mask.as_slice(), shape, axis) {
            let length = gap.voxels as f64;
            let weight = 1.0 / (length * grid.spacing[axis]);
            let end = gap.first + gap.voxels * stride;
            for step in 1..gap.voxels {
                let at = gap.first + step * stride;
                let share = step as f64 / length;
                weights[at] += weight;
                for c in 0..channels {
                    let value = |at: usize| f64::from(values[c * voxels + at]);
                    let between = (1.0 - share) * value(gap.first) + share * value(end);
                    sums[c * voxels + at] += weight * between;
                }
            }
        }
    }
    // Known voxels, and those between no two known ones.
    let nearest = nearest::fill(observed)?;
    let mut filled = nearest.data().to_owned();
    for (c, mut channel) in filled.axis_iter_mut(Axis(0)).enumerate() {
        for (at, value) in channel.iter_mut().enumerate() {
            if weights[at] > 0.0 {
                *value = (sums[c * voxels + at] / weights[at]) as f32;
            }
        }
    }
    Field::new(*grid, observed.channels(), filled)
}

/// Missing voxels in a row along an axis, between two known ones.
struct Gap {
    /// The known one before.
    first: usize,
    /// How many voxels further the next known one is.
    voxels: usize,
}

fn gaps(known: &[bool], shape: [usize; 3], axis: usize) -> Vec<Gap> {
    let stride: usize = shape[axis + 1..].iter().product();
    let mut gaps = Vec::new();
    for block in 0..known.len() / (shape[axis] * stride) {
        for offset in 0..stride {
            let start = block * shape[axis] * stride + offset;
            let mut last = None;
            for place in (0..shape[axis]).filter(|place| known[start + place * stride]) {
                if let Some(last) = last
                    && place > last + 1
                {
                    gaps.push(Gap {
                        first: start + last * stride,
                        voxels: place - last,
                    });
                }
                last = Some(place);
            }
        }
    }
    gaps
}
