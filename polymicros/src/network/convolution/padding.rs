//! What a convolution sees beyond the edge of the grid.

use super::Sizes;
use crate::buffer::Buffer;
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
pub(super) fn pad(sizes: &Sizes, parts: &[&[f32]]) -> Buffer {
    let mut padded = Buffer::stale(padded_values(sizes));
    fill(sizes, &mut padded, |first, row| {
        fill_row(sizes, parts, first, row);
    });
    padded
}

/// Values of the padded input.
pub(super) fn padded_values(sizes: &Sizes) -> usize {
    let [nx, ny, nz] = sizes.grid;
    sizes.batch * (nx + 2) * (ny + 2) * (nz + 2) * sizes.inputs()
}

/// Fills the padded input row by row along `z`: `row` is told its first voxel in the parts. What lies
/// beyond the edge along x and y and has no source becomes zero.
pub(super) fn fill<T: Copy + Default + Send>(
    sizes: &Sizes,
    padded: &mut [T],
    row: impl Fn(usize, &mut [T]) + Sync,
) {
    let [nx, ny, nz] = sizes.grid;
    let width = (nz + 2) * sizes.inputs();
    padded
        .par_chunks_exact_mut((ny + 2) * width)
        .enumerate()
        .for_each(|(index, plane)| {
            let (b, px) = (index / (nx + 2), index % (nx + 2));
            for ((_, source), to) in lines(sizes, px).zip(plane.chunks_exact_mut(width)) {
                match source {
                    Some((x, y)) => row(((b * nx + x) * ny + y) * nz, to),
                    None => to.fill(T::default()),
                }
            }
        });
}

/// The lines along `z` of a plane of the padded grid: the place of each in `0 .. ny + 2`, and the
/// x and y that it is taken from, if any.
pub(super) fn lines(
    sizes: &Sizes,
    px: usize,
) -> impl Iterator<Item = (usize, Option<(usize, usize)>)> {
    let [nx, ny, _] = sizes.grid;
    let padding = sizes.padding;
    let x = padding.source(px, nx);
    (0..ny + 2).map(move |py| (py, x.zip(padding.source(py, ny))))
}

/// One row along `z` of the padded input; `first` is its first voxel in the parts.
pub(super) fn fill_row(sizes: &Sizes, parts: &[&[f32]], first: usize, row: &mut [f32]) {
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
    fill_ends(sizes, row);
}

/// The voxels beyond both ends of a row along `z`, whose inner ones are filled.
pub(super) fn fill_ends<T: Copy + Default>(sizes: &Sizes, row: &mut [T]) {
    let (nz, channels) = (sizes.grid[2], sizes.inputs());
    for p in [0, nz + 1] {
        let to = p * channels..(p + 1) * channels;
        match sizes.padding.source(p, nz) {
            Some(z) => row.copy_within((z + 1) * channels..(z + 2) * channels, to.start),
            None => row[to].fill(T::default()),
        }
    }
}
