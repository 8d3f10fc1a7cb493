//! Gradients of a plane of the input, which may have several parts.

use super::Sizes;
use crate::buffer::Buffer;

/// Room for the gradient of each part of the input.
pub(super) fn gradients(sizes: &Sizes) -> Vec<Buffer> {
    let part = |width: &usize| Buffer::stale(sizes.voxels() * width);
    sizes.parts.iter().map(part).collect()
}

/// For each plane of each member of the batch its piece of every part.
pub(super) fn planes<'a>(sizes: &Sizes, parts: &'a mut [Buffer]) -> Vec<Vec<&'a mut [f32]>> {
    let [nx, ny, nz] = sizes.grid;
    let mut planes: Vec<Vec<&mut [f32]>> = Vec::new();
    planes.resize_with(sizes.batch * nx, Vec::new);
    for (part, width) in parts.iter_mut().zip(&sizes.parts) {
        let pieces = part.chunks_exact_mut(ny * nz * width);
        for (plane, piece) in planes.iter_mut().zip(pieces) {
            plane.push(piece);
        }
    }
    planes
}

/// Adds what lies beyond the edge along z to the voxel that it was taken from.
pub(super) fn fold(sizes: &Sizes, row: &mut [f32]) {
    let nz = sizes.grid[2];
    let inputs = sizes.inputs();
    for padded in [0, nz + 1] {
        if let Some(z) = sizes.padding.source(padded, nz) {
            for channel in 0..inputs {
                row[(z + 1) * inputs + channel] += row[padded * inputs + channel];
            }
        }
    }
}

/// Writes, or adds, a row of all channels to line `y` of a plane of each part.
pub(super) fn spread(sizes: &Sizes, row: &[f32], y: usize, write: bool, parts: &mut [&mut [f32]]) {
    let nz = sizes.grid[2];
    let mut from = 0;
    for (part, &width) in parts.iter_mut().zip(&sizes.parts) {
        let line = part[y * nz * width..(y + 1) * nz * width].chunks_exact_mut(width);
        for (to, voxel) in line.zip(row.chunks_exact(sizes.inputs())) {
            let voxel = &voxel[from..from + width];
            if write {
                to.copy_from_slice(voxel);
            } else {
                for (to, from) in to.iter_mut().zip(voxel) {
                    *to += from;
                }
            }
        }
        from += width;
    }
}
