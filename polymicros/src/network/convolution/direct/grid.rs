//! Activations and gradients rounded to bf16, with room around them.

use super::super::Sizes;
use super::super::padding::{fill, fill_ends, padded_values};
use super::WIDTH;
use crate::network::kernel::bf16::{RoundRows, Rounded};
use crate::network::kernel::dispatch;
use rayon::prelude::*;

/// Room on each side of the gradient along y and z.
pub(super) const MARGIN: usize = WIDTH - 1;

/// The parts of the input beside each other, with a voxel more on each side, in shape
/// `batch, x + 2, y + 2, z + 2, channel`.
pub(super) fn padded_input(sizes: &Sizes, parts: &[&[f32]]) -> Rounded {
    let mut padded = Rounded::stale(padded_values(sizes), sizes.inputs());
    fill(sizes, &mut padded, |first, row| {
        fill_row(sizes, parts, first, row);
    });
    padded
}

/// One row along `z` of the padded input; `first` is its first voxel in the parts.
fn fill_row(sizes: &Sizes, parts: &[&[f32]], first: usize, row: &mut [u16]) {
    let nz = sizes.grid[2];
    let channels = sizes.inputs();
    let mut from = 0;
    for (part, &width) in parts.iter().zip(&sizes.parts) {
        let voxels = &part[first * width..(first + nz) * width];
        dispatch(RoundRows {
            from: voxels,
            width,
            to: &mut row[channels + from..],
            stride: channels,
        });
        from += width;
    }
    fill_ends(sizes, row);
}

/// The gradient with [`MARGIN`] zeros around it along y and z, in shape
/// `batch, x, y + 2 MARGIN, z + 2 MARGIN, channel`.
pub(super) fn padded_gradient(sizes: &Sizes, gradient: &[f32]) -> Rounded {
    let [nx, ny, nz] = sizes.grid;
    let channels = sizes.outputs;
    let row = (nz + 2 * MARGIN) * channels;
    let plane = (ny + 2 * MARGIN) * row;
    let mut padded = Rounded::stale(sizes.batch * nx * plane, channels);
    padded
        .par_chunks_exact_mut(plane)
        .zip(gradient.par_chunks_exact(ny * nz * channels))
        .for_each(|(plane, gradient)| {
            let size = plane.len();
            plane[..MARGIN * row].fill(0);
            plane[size - MARGIN * row..].fill(0);
            let inside = plane[MARGIN * row..].chunks_exact_mut(row);
            for (row, gradient) in inside.zip(gradient.chunks_exact(nz * channels)) {
                let (before, rest) = row.split_at_mut(MARGIN * channels);
                let (inside, after) = rest.split_at_mut(nz * channels);
                before.fill(0);
                dispatch(RoundRows {
                    from: gradient,
                    width: channels,
                    to: inside,
                    stride: channels,
                });
                after.fill(0);
            }
        });
    padded
}
