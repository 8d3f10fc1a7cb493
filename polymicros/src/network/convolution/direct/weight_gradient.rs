//! The gradient of the weights: products whose steps are voxels.
//!
//! The left operand is the padded input with the voxels of a plane as columns, so that the
//! neighbours that a weight sees are columns further on; the right one is the gradient, with zeros
//! where the input has padding.

use super::super::Sizes;
use super::{LINES, TAPS, WIDTH};
use crate::buffer::Buffer;
use crate::network::kernel::bf16::{
    DEPTH, MakePairs, NOWHERE, Rounded, Rows, SIDE, Step, TILE, Target, TileProduct, transpose,
};
use crate::network::kernel::{dispatch, total};
use rayon::prelude::*;
use std::array::from_fn;

/// Voxels in a part of the sums over all voxels, and most parts.
const PART: usize = 2048;
const PARTS: usize = 16;

/// Rows of tiles of a piece of work.
const ROWS: usize = 4;

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

    /// The tap and the tile of input channels of a row of tiles.
    fn tap(&self, row: usize) -> (usize, usize) {
        (row / self.rows, row % self.rows)
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
    // Pieces of work: some rows of tiles of each part.
    let rows = TAPS * layout.rows;
    let pieces = rows.div_ceil(ROWS);
    let size = ROWS * layout.columns * SIDE * SIDE;
    let mut all = Buffer::stale(parts * pieces * size);
    all.par_chunks_exact_mut(size)
        .enumerate()
        .for_each(|(index, sums)| {
            let (part, first) = (index / pieces, index % pieces * ROWS);
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
                let (tap, row) = layout.tap(first + row);
                let [tx, ty, tz] = [tap / LINES, tap / WIDTH % WIDTH, tap % WIDTH];
                tx * layout.left() + row * SIDE * layout.voxels + ty * (nz + 2) + tz
            };
            let column = |column| column * layout.steps * TILE;
            let output = |row, column| (row * layout.columns + column) * SIDE * SIDE;
            let mut target = Target {
                values: sums,
                stride: SIDE,
            };
            let tiles = [ROWS.min(rows - first), layout.columns];
            product.run(tiles, row, column, output, &mut target);
        });
    ordered(sizes, &layout, &total(all, parts))
}

/// The weights in PyTorch's order, from tiles of them.
fn ordered(sizes: &Sizes, layout: &Layout, tiles: &[f32]) -> Buffer {
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let mut weight = Buffer::stale(outputs * inputs * TAPS);
    weight
        .par_chunks_mut(SIDE * inputs * TAPS)
        .enumerate()
        .for_each(|(column, weight)| {
            for input in 0..inputs {
                let of_tap = |tap: usize| {
                    let tile = (tap * layout.rows + input / SIDE) * layout.columns + column;
                    &tiles[(tile * SIDE + input % SIDE) * SIDE..][..SIDE]
                };
                let sums: [&[f32]; TAPS] = from_fn(of_tap);
                for (output, weight) in weight.chunks_exact_mut(inputs * TAPS).enumerate() {
                    for (weight, sums) in weight[input * TAPS..].iter_mut().zip(sums) {
                        *weight = sums[output];
                    }
                }
            }
        });
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
                    dispatch(MakePairs {
                        values: padded,
                        rows: Rows::Apart {
                            first: voxel * channels + row * SIDE,
                            stride: channels,
                            count: ((ny + 2) * (nz + 2) - voxel).min(DEPTH),
                        },
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
                    rows: Rows::At(&places),
                    columns: SIDE.min(channels - column),
                    to: tile,
                });
            }
        });
    right
}
