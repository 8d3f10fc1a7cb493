//! The gradient of the weights: products whose steps are voxels.
//!
//! The left operand is the padded input with the voxels of a plane as columns, so that the
//! neighbours that a weight sees are columns further on; the right one is the gradient, with zeros
//! where the input has padding.

use super::super::Sizes;
use super::{LINES, TAPS, WIDTH};
use crate::buffer::Buffer;
use crate::network::kernel::bf16::{
    DEPTH, MakePairs, NOWHERE, Rounded, SIDE, Step, Sums, TILE, TileProduct, passes, transpose,
};
use crate::network::kernel::{dispatch, total};
use rayon::prelude::*;
use std::array::from_fn;

/// Voxels in a part of the sums over all voxels, and most parts.
const PART: usize = 2048;
const PARTS: usize = 16;

/// How the operands lie in memory.
struct Layout {
    /// Tiles of input channels, and of output channels.
    rows: usize,
    columns: usize,
    /// Columns of the left operand for each plane.
    voxels: usize,
    /// Steps for each plane.
    steps: usize,
}

impl Layout {
    fn new(sizes: &Sizes) -> Self {
        let [_, ny, nz] = sizes.grid;
        Layout {
            rows: sizes.inputs().div_ceil(SIDE),
            columns: sizes.outputs.div_ceil(SIDE),
            voxels: ((ny + 2) * (nz + 2)).next_multiple_of(DEPTH),
            steps: ((ny - 1) * (nz + 2) + nz).div_ceil(DEPTH),
        }
    }

    /// Values of a plane of the left operand, and of the right one.
    fn left(&self) -> usize {
        self.rows * SIDE * self.voxels
    }

    fn right(&self) -> usize {
        self.columns * self.steps * TILE
    }
}

/// The gradient of the weights, in PyTorch's order.
pub(super) fn weight_gradient(sizes: &Sizes, padded: &Rounded, gradient: &[f32]) -> Buffer {
    let [nx, _, nz] = sizes.grid;
    let layout = Layout::new(sizes);
    let left = transposed(sizes, &layout, padded);
    let right = paired(sizes, &layout, gradient);
    let planes = sizes.batch * nx;
    let parts = (sizes.voxels() / PART).clamp(1, PARTS).min(planes);
    let passes: Vec<_> = passes(TAPS * layout.rows, layout.columns).collect();
    let mut all = Buffer::stale(parts * passes.len() * Sums::LEN);
    all.par_chunks_exact_mut(Sums::LEN)
        .enumerate()
        .for_each(|(index, all)| {
            let (part, pass) = (index / passes.len(), &passes[index % passes.len()]);
            let steps: Vec<Step> = (part * planes / parts..(part + 1) * planes / parts)
                .flat_map(|plane| {
                    let first = (plane / nx * (nx + 2) + plane % nx) * layout.left();
                    let right = plane * layout.right();
                    (0..layout.steps).map(move |step| Step {
                        left: first + step * DEPTH,
                        right: right + step * TILE,
                    })
                })
                .collect();
            let product = TileProduct {
                left: left.with_margin(),
                stride: layout.voxels,
                right: &right,
                steps: &steps,
            };
            let row = |row: usize| {
                let (tap, row) = (row / layout.rows, row % layout.rows);
                let [tx, ty, tz] = [tap / LINES, tap / WIDTH % WIDTH, tap % WIDTH];
                tx * layout.left() + row * SIDE * layout.voxels + ty * (nz + 2) + tz
            };
            let column = |column| column * layout.steps * TILE;
            let mut sums = Sums::zeros();
            product.run(pass, row, column, &mut sums);
            all.copy_from_slice(sums.values());
        });
    let all = total(all, parts);
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let mut weight = Buffer::stale(outputs * inputs * TAPS);
    let mut sums = Sums::zeros();
    for (pass, values) in passes.iter().zip(all.chunks_exact(Sums::LEN)) {
        sums.values_mut().copy_from_slice(values);
        for ([row, column], tile) in sums.of(pass) {
            let (tap, row) = (row / layout.rows, row % layout.rows);
            for (input, sums) in (row * SIDE..inputs).zip(tile) {
                for (output, sum) in (column * SIDE..outputs).zip(sums) {
                    weight[(output * inputs + input) * TAPS + tap] = *sum;
                }
            }
        }
    }
    weight
}

/// The padded input with a row for each channel, in shape `batch, x + 2, channel, voxel`.
fn transposed(sizes: &Sizes, layout: &Layout, padded: &Rounded) -> Rounded {
    let [nx, ny, nz] = sizes.grid;
    let channels = sizes.inputs();
    let size = (ny + 2) * (nz + 2) * channels;
    let mut left = Rounded::stale(sizes.batch * (nx + 2) * layout.left(), layout.voxels);
    left.par_chunks_exact_mut(layout.left())
        .zip(padded.par_chunks_exact(size))
        .for_each(|(left, padded)| {
            let mut tile = [0; TILE];
            for row in 0..layout.rows {
                let columns = SIDE.min(channels - row * SIDE);
                let rows = &mut left[row * SIDE * layout.voxels..][..SIDE * layout.voxels];
                for voxel in (0..layout.voxels).step_by(DEPTH) {
                    let places: [usize; DEPTH] = from_fn(|i| (voxel + i) * channels + row * SIDE);
                    dispatch(MakePairs {
                        values: padded,
                        places: &places,
                        columns,
                        to: &mut tile,
                    });
                    let tile = transpose(&tile);
                    for (to, from) in rows.chunks_exact_mut(layout.voxels).zip(&tile) {
                        to[voxel..voxel + DEPTH].copy_from_slice(from);
                    }
                }
            }
        });
    left
}

/// The gradient in pairs of voxels, in shape `batch, x, tile of channels, step, tile`.
fn paired(sizes: &Sizes, layout: &Layout, gradient: &[f32]) -> Rounded {
    let [nx, ny, nz] = sizes.grid;
    let channels = sizes.outputs;
    let mut right = Rounded::stale(sizes.batch * nx * layout.right(), 0);
    right
        .par_chunks_exact_mut(layout.right())
        .zip(gradient.par_chunks_exact(ny * nz * channels))
        .for_each(|(right, gradient)| {
            for (index, tile) in right.chunks_exact_mut(TILE).enumerate() {
                let column = index / layout.steps * SIDE;
                let voxel = index % layout.steps * DEPTH;
                let places: [usize; DEPTH] = from_fn(|i| {
                    let (y, z) = ((voxel + i) / (nz + 2), (voxel + i) % (nz + 2));
                    if y < ny && z < nz {
                        (y * nz + z) * channels + column
                    } else {
                        NOWHERE
                    }
                });
                dispatch(MakePairs {
                    values: gradient,
                    places: &places,
                    columns: SIDE.min(channels - column),
                    to: tile,
                });
            }
        });
    right
}
