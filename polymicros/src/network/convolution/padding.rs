//! What a convolution sees beyond the edge of the grid.

use super::Sizes;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What a convolution sees beyond the edge of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Padding {
    /// Zeros, as in the authors' network where it is not periodic.
    Zero,
    /// The value at the edge, as the paper has it (appendix C).
    #[default]
    Replicate,
    /// The other side of the grid, so that what is generated is periodic.
    Periodic,
}

impl Padding {
    /// Which of `n` voxels stands at place `padded` of `0 .. n + 2`, if any.
    pub(in crate::network) fn source(self, padded: usize, n: usize) -> Option<usize> {
        match (self, padded) {
            (_, p) if (1..=n).contains(&p) => Some(p - 1),
            (Padding::Zero, _) => None,
            (Padding::Replicate, 0) => Some(0),
            (Padding::Replicate, _) => Some(n - 1),
            (Padding::Periodic, 0) => Some(n - 1),
            (Padding::Periodic, _) => Some(0),
        }
    }
}

/// The parts of the input beside each other, with a voxel more on each side, in shape
/// `batch, x + 2, y + 2, z + 2, channel`.
pub(super) fn pad(sizes: &Sizes, parts: &[&[f32]]) -> Vec<f32> {
    let [nx, ny, nz] = sizes.grid;
    let channels = sizes.inputs();
    let row = (nz + 2) * channels;
    let plane = (ny + 2) * row;
    let mut padded = vec![0.0; sizes.batch * (nx + 2) * plane];
    padded
        .par_chunks_exact_mut(plane)
        .enumerate()
        .for_each(|(index, plane)| {
            let (b, px) = (index / (nx + 2), index % (nx + 2));
            let Some(x) = sizes.padding.source(px, nx) else {
                return;
            };
            for (py, row) in plane.chunks_exact_mut(row).enumerate() {
                let Some(y) = sizes.padding.source(py, ny) else {
                    continue;
                };
                let first = ((b * nx + x) * ny + y) * nz;
                fill_row(sizes, parts, first, row);
            }
        });
    padded
}

/// One row along `z` of the padded input; `first` is its first voxel in the parts.
fn fill_row(sizes: &Sizes, parts: &[&[f32]], first: usize, row: &mut [f32]) {
    let nz = sizes.grid[2];
    let channels = sizes.inputs();
    if let [part] = parts {
        row[channels..(nz + 1) * channels]
            .copy_from_slice(&part[first * channels..(first + nz) * channels]);
    } else {
        let mut from = 0;
        for (part, &width) in parts.iter().zip(&sizes.parts) {
            let voxels = part[first * width..(first + nz) * width].chunks_exact(width);
            for (to, voxel) in row[channels..].chunks_exact_mut(channels).zip(voxels) {
                to[from..from + width].copy_from_slice(voxel);
            }
            from += width;
        }
    }
    for p in [0, nz + 1] {
        if let Some(z) = sizes.padding.source(p, nz) {
            let (from, to) = ((z + 1) * channels, p * channels);
            row.copy_within(from..from + channels, to);
        }
    }
}
