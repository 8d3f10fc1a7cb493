//! Where grain boundaries are near.

use crate::Result;
use crate::microstructure::{Field, Grains};
use crate::reconstruction::{Distances, Mask};
use ndarray::Array3;

/// How near is near a boundary, in voxels between centres.
pub const NEAR: f64 = 3.0;

/// Neighbours whose ROGSH values differ by more than this lie in two grains.
const BOUNDARY: f64 = 0.05;

/// The voxels within [`NEAR`] of a voxel at a grain boundary: one with a neighbour, through a face,
/// of another grain. None, where there is one grain only.
///
/// # Errors
/// When the field is no ROGSH field, or no voxel of it is valid.
pub fn near_boundaries(truth: &Field) -> Result<Mask> {
    let grains = Grains::by_rogsh(truth, BOUNDARY, false)?;
    let labels = grains.labels();
    let shape = grains.grid().shape;
    let at_boundary = Array3::from_shape_fn(shape, |(x, y, z)| {
        let here = labels[[x, y, z]];
        let next = [(x + 1, y, z), (x, y + 1, z), (x, y, z + 1)];
        let last = [
            (x.wrapping_sub(1), y, z),
            (x, y.wrapping_sub(1), z),
            (x, y, z.wrapping_sub(1)),
        ];
        here > 0
            && next
                .into_iter()
                .chain(last)
                .filter_map(|(x, y, z)| labels.get([x, y, z]))
                .any(|other| *other > 0 && *other != here)
    });
    let at_boundary = Mask::new(at_boundary);
    if at_boundary.count() == 0 {
        return Ok(at_boundary);
    }
    let away = Distances::to(at_boundary.as_slice(), shape, [1.0; 3])?;
    let mut near = at_boundary.known().to_owned();
    for (near, square) in near.iter_mut().zip(&away.squared) {
        *near = *square <= NEAR * NEAR;
    }
    Ok(Mask::new(near))
}
