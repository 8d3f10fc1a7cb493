//! 3 x 3 x 3 convolutions on the CPU by minimal filtering along z: half the multiplications.
//!
//! Along z each tile of four voxels becomes six points; at each point the convolution is one of
//! 3 x 3 neighbours in x and y. Transformed values lie in the order `batch, x, tile, point, y,
//! channel`, so that the neighbours along y are one run of memory. In f32 a network of the size
//! `desk` then differs from PyTorch's by about 1e-6 of its largest output, in every padding.

mod weights;

use super::padding::{fill_row, lines};
use super::planes::{fold, gradients, planes, spread};
use super::{Gradients, Sizes};
use crate::buffer::Buffer;
use crate::network::kernel::{
    Map, Outer, POINTS, Product, Segment, Start, TILE, Transform, column_sums, dispatch, total,
};
use rayon::prelude::*;
use weights::{pack, pack_transposed, weight_gradient};

/// Neighbours along an axis, and in x and y.
const WIDTH: usize = 3;
const LINES: usize = WIDTH * WIDTH;

/// Room on each side of the transformed gradient along y.
const MARGIN: usize = WIDTH - 1;

/// Voxels in a part of the sums over all voxels, and most parts.
const PART: usize = 2048;
const PARTS: usize = 16;

/// Below so many voxels the weights are larger than the activations: then each point's are read
/// once, for all voxels, and not for each plane.
const COARSE: usize = 2048;

impl Sizes {
    fn tiles(&self) -> usize {
        self.grid[2].div_ceil(TILE)
    }

    fn planes(&self) -> usize {
        self.batch * self.grid[0]
    }
}

pub(super) fn forward(sizes: &Sizes, parts: &[&[f32]], weight: &[f32], bias: &[f32]) -> Buffer {
    let [nx, ny, nz] = sizes.grid;
    let (inputs, outputs, tiles) = (sizes.inputs(), sizes.outputs, sizes.tiles());
    let seen = transformed_input(sizes, parts);
    let weights = pack(sizes, weight);
    let mut output = Buffer::stale(sizes.voxels() * outputs);
    let planes = output.chunks_exact_mut(ny * nz * outputs).collect();
    each_plane(
        sizes,
        tiles * ny * outputs,
        planes,
        |plane, point, products| {
            let first = (plane / nx) * (nx + 2) + plane % nx;
            let segments: [Segment; WIDTH] = std::array::from_fn(|tx| Segment {
                input: ((first + tx) * tiles * POINTS + point) * (ny + 2) * inputs,
                weights: (point * LINES + tx * WIDTH) * inputs,
                depth: WIDTH * inputs,
            });
            dispatch(Product {
                input: &seen,
                stride: inputs,
                line_stride: POINTS * (ny + 2) * inputs,
                segments: &segments,
                weights: &weights,
                start: Start::Zero,
                rows: ny,
                lines: tiles,
                output: products,
                output_stride: outputs,
                output_line: ny * outputs,
            });
        },
        |plane: &mut &mut [f32], products, stride| {
            for (y, output) in plane.chunks_exact_mut(nz * outputs).enumerate() {
                dispatch(Transform {
                    map: Map::Output { bias, valid: nz },
                    input: &products[y * outputs..],
                    input_stride: stride,
                    input_tile: ny * outputs,
                    output,
                    output_stride: outputs,
                    output_tile: TILE * outputs,
                    tiles,
                    channels: outputs,
                });
            }
        },
    );
    output
}

pub(super) fn backward(
    sizes: &Sizes,
    parts: &[&[f32]],
    weight: &[f32],
    gradient: &[f32],
) -> Gradients {
    let seen = transformed_input(sizes, parts);
    let transformed = transformed_gradient(sizes, gradient);
    let sums = point_gradients(sizes, &seen, &transformed);
    drop(seen);
    Gradients {
        parts: input_gradients(sizes, weight, &transformed),
        weight: weight_gradient(sizes, &sums),
        bias: column_sums(gradient, sizes.outputs),
    }
}

/// `product(plane, point, result)` for each plane and point, with `size` values to a result, then
/// `finish(target, results, stride)` for each plane, where the results of its points begin `stride`
/// values apart.
fn each_plane<T: Send>(
    sizes: &Sizes,
    size: usize,
    mut targets: Vec<T>,
    product: impl Fn(usize, usize, &mut [f32]) + Sync,
    finish: impl Fn(&mut T, &[f32], usize) + Sync,
) {
    let planes = targets.len();
    if sizes.voxels() < COARSE {
        let mut all = Buffer::stale(POINTS * planes * size);
        all.par_chunks_exact_mut(planes * size)
            .enumerate()
            .for_each(|(point, results)| {
                for (plane, result) in results.chunks_exact_mut(size).enumerate() {
                    product(plane, point, result);
                }
            });
        targets
            .par_iter_mut()
            .enumerate()
            .for_each(|(plane, target)| finish(target, &all[plane * size..], planes * size));
    } else {
        targets.par_iter_mut().enumerate().for_each_init(
            || Buffer::stale(POINTS * size),
            |results, (plane, target)| {
                for (point, result) in results.chunks_exact_mut(size).enumerate() {
                    product(plane, point, result);
                }
                finish(target, results, size);
            },
        );
    }
}

/// The parts of the input beside each other, padded and transformed: `batch, x + 2, tile, point,
/// y + 2, channel`.
fn transformed_input(sizes: &Sizes, parts: &[&[f32]]) -> Buffer {
    let [nx, ny, nz] = sizes.grid;
    let (channels, tiles) = (sizes.inputs(), sizes.tiles());
    let plane = tiles * POINTS * (ny + 2) * channels;
    let mut seen = Buffer::stale(sizes.batch * (nx + 2) * plane);
    seen.par_chunks_exact_mut(plane).enumerate().for_each_init(
        || Buffer::zeros((tiles * TILE + 2) * channels),
        |row, (index, plane)| {
            let (b, px) = (index / (nx + 2), index % (nx + 2));
            for (py, source) in lines(sizes, px) {
                // Beyond the padding the row stays zero: those outputs are not written.
                let row = &mut row[..];
                match source {
                    Some((x, y)) => {
                        let first = ((b * nx + x) * ny + y) * nz;
                        fill_row(sizes, parts, first, &mut row[..(nz + 2) * channels]);
                    }
                    None => row.fill(0.0),
                }
                dispatch(Transform {
                    map: Map::Input,
                    input: row,
                    input_stride: channels,
                    input_tile: TILE * channels,
                    output: &mut plane[py * channels..],
                    output_stride: (ny + 2) * channels,
                    output_tile: POINTS * (ny + 2) * channels,
                    tiles,
                    channels,
                });
            }
        },
    );
    seen
}

/// The gradient transformed, with [`MARGIN`] zeros on both sides along y: `batch, x, tile, point,
/// y + 2 MARGIN, channel`.
fn transformed_gradient(sizes: &Sizes, gradient: &[f32]) -> Buffer {
    let [_, ny, nz] = sizes.grid;
    let (channels, tiles) = (sizes.outputs, sizes.tiles());
    let line = (ny + 2 * MARGIN) * channels;
    let mut transformed = Buffer::stale(sizes.planes() * tiles * POINTS * line);
    transformed
        .par_chunks_exact_mut(tiles * POINTS * line)
        .zip(gradient.par_chunks_exact(ny * nz * channels))
        .for_each(|(plane, gradient)| {
            for line in plane.chunks_exact_mut(line) {
                let end = line.len() - MARGIN * channels;
                line[..MARGIN * channels].fill(0.0);
                line[end..].fill(0.0);
            }
            for (y, row) in gradient.chunks_exact(nz * channels).enumerate() {
                dispatch(Transform {
                    map: Map::OutputAdjoint { valid: nz },
                    input: row,
                    input_stride: channels,
                    input_tile: TILE * channels,
                    output: &mut plane[(y + MARGIN) * channels..],
                    output_stride: line,
                    output_tile: POINTS * line,
                    tiles,
                    channels,
                });
            }
        });
    transformed
}

/// Gradients of what the points multiply by, in the order of [`weights::pack`]'s rows, with a
/// column for each output channel.
///
/// On a fine grid each piece of work sums all of them over some planes, on a coarse one a few rows
/// over all planes: then there are more of them than activations.
fn point_gradients(sizes: &Sizes, seen: &[f32], transformed: &[f32]) -> Buffer {
    let [nx, ny, _] = sizes.grid;
    let (inputs, outputs, tiles) = (sizes.inputs(), sizes.outputs, sizes.tiles());
    let planes = sizes.planes();
    let parts = (sizes.voxels() / PART).clamp(1, PARTS).min(planes);
    let whole = POINTS * WIDTH;
    let together = if parts < PARTS / 2 { 1 } else { whole };
    let size = WIDTH * inputs * outputs;
    let line = (ny + 2 * MARGIN) * outputs;
    let mut sums = Buffer::zeros(parts * whole * size);
    sums.par_chunks_exact_mut(together * size)
        .enumerate()
        .for_each(|(index, sums)| {
            let (part, first) = (index * together / whole, index * together % whole);
            for plane in part * planes / parts..(part + 1) * planes / parts {
                for (rows, sums) in (first..).zip(sums.chunks_exact_mut(size)) {
                    let (point, tx) = (rows / WIDTH, rows % WIDTH);
                    let padded = plane / nx * (nx + 2) + plane % nx + tx;
                    let from = (plane * tiles * POINTS + point) * line + MARGIN * outputs;
                    dispatch(Outer {
                        input: seen,
                        stride: inputs,
                        line_stride: POINTS * (ny + 2) * inputs,
                        segments: &[Segment {
                            input: (padded * tiles * POINTS + point) * (ny + 2) * inputs,
                            weights: 0,
                            depth: WIDTH * inputs,
                        }],
                        gradient: &transformed[from..],
                        gradient_stride: outputs,
                        gradient_line: POINTS * line,
                        rows: ny,
                        lines: tiles,
                        sums,
                        columns: outputs,
                        arithmetic: sizes.arithmetic,
                    });
                }
            }
        });
    total(sums, parts)
}

/// Gradients of the parts of the input: of every voxel of the padded input, with what lies beyond
/// the edge added to the voxel that it was taken from.
fn input_gradients(sizes: &Sizes, weight: &[f32], transformed: &[f32]) -> Vec<Buffer> {
    let [nx, ny, _] = sizes.grid;
    let (inputs, outputs, tiles) = (sizes.inputs(), sizes.outputs, sizes.tiles());
    let weights = pack_transposed(sizes, weight);
    let line = (ny + 2 * MARGIN) * outputs;
    let mut parts = gradients(sizes);
    each_plane(
        sizes,
        tiles * (ny + 2) * inputs,
        planes(sizes, &mut parts),
        |plane, point, products| {
            dispatch(Product {
                input: transformed,
                stride: outputs,
                line_stride: POINTS * line,
                segments: &transposed_segments(sizes, plane / nx, plane % nx, point),
                weights: &weights,
                start: Start::Zero,
                rows: ny + 2,
                lines: tiles,
                output: products,
                output_stride: inputs,
                output_line: (ny + 2) * inputs,
            });
        },
        |pieces, products, stride| {
            let mut row = vec![0.0; (tiles * TILE + 2) * inputs];
            // Lines inside first: those beyond the edge are added to them.
            for py in (1..=ny).chain([0, ny + 1]) {
                let Some(y) = sizes.padding.source(py, ny) else {
                    continue;
                };
                row.fill(0.0);
                dispatch(Transform {
                    map: Map::InputAdjoint,
                    input: &products[py * inputs..],
                    input_stride: stride,
                    input_tile: (ny + 2) * inputs,
                    output: &mut row,
                    output_stride: inputs,
                    output_tile: TILE * inputs,
                    tiles,
                    channels: inputs,
                });
                fold(sizes, &mut row);
                spread(sizes, &row[inputs..], y, py == y + 1, pieces);
            }
        },
    );
    parts
}

/// The runs of the transformed gradient that the first line of a plane of the input contributed
/// to, itself or as what lies beyond the edge along x.
fn transposed_segments(sizes: &Sizes, b: usize, x: usize, point: usize) -> Vec<Segment> {
    let [nx, ny, _] = sizes.grid;
    let line = (ny + 2 * MARGIN) * sizes.outputs;
    let beyond = (0..nx + 2).filter(|&px| sizes.padding.source(px, nx) == Some(x));
    beyond
        .flat_map(|px| (0..WIDTH).map(move |tx| (px, tx)))
        .filter_map(|(px, tx)| {
            let from = px.checked_sub(tx).filter(|&from| from < nx)?;
            Some(Segment {
                input: ((b * nx + from) * sizes.tiles() * POINTS + point) * line,
                weights: (point * LINES + tx * WIDTH) * sizes.outputs,
                depth: WIDTH * sizes.outputs,
            })
        })
        .collect()
}
