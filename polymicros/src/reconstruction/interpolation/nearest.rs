//! The value of the nearest known voxel.

use crate::Result;
use crate::microstructure::Field;
use crate::reconstruction::{Distances, Mask};
use ndarray::Axis;

pub(super) fn fill(observed: &Field) -> Result<Field> {
    let grid = observed.grid();
    let mask = Mask::of(observed);
    let found = Distances::to(mask.as_slice(), grid.shape, grid.spacing)?;
    gather(observed, &found.nearest)
}

/// The field that takes each voxel's values from the voxel of this index.
pub(in crate::reconstruction) fn gather(field: &Field, from: &[u32]) -> Result<Field> {
    let voxels = field.grid().voxels();
    let mut values = field.data().to_owned();
    for (c, mut channel) in values.axis_iter_mut(Axis(0)).enumerate() {
        let old = &field.as_slice()[c * voxels..(c + 1) * voxels];
        for (value, &from) in channel.iter_mut().zip(from) {
            *value = old[from as usize];
        }
    }
    Field::new(*field.grid(), field.channels(), values)
}
