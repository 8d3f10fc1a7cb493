//! 3 x 3 x 3 convolutions on the CPU as products of tiles of values rounded to bf16.
//!
//! Along z the neighbours of a voxel and their channels are one run of memory, so that each of the
//! nine lines that it sees is a product of its own: 16 voxels that follow each other, those of the
//! padding among them, times the weights of the line.

mod grid;
mod weight_gradient;
mod weights;

use super::planes::{fold, gradients, planes, spread};
use super::{Gradients, Sizes};
use crate::buffer::Buffer;
use crate::network::kernel::bf16::{
    DEPTH, Panels, Rounded, SIDE, Step, Sums, TILE, TileProduct, pair, passes,
};
use crate::network::kernel::{column_sums, vectorised};
use grid::{MARGIN, padded_gradient, padded_input};
use rayon::prelude::*;
use weight_gradient::weight_gradient;
use weights::{pack, pack_transposed};

/// Neighbours along an axis, lines of them, and weights between two channels.
const WIDTH: usize = 3;
const LINES: usize = WIDTH * WIDTH;
const TAPS: usize = LINES * WIDTH;

/// Rows of the weights of a line, with zeros up to whole steps.
fn depth(channels: usize) -> usize {
    (WIDTH * channels).next_multiple_of(DEPTH)
}

/// The steps of a line of weights, which is seen from a place of the left operand on.
fn steps(line: usize, left: usize, channels: usize) -> impl Iterator<Item = Step> {
    let right = pair(line * depth(channels));
    (0..depth(channels) / DEPTH).map(move |part| Step {
        left: left + part * DEPTH,
        right: right + part * TILE,
    })
}

/// A product for each voxel of a plane, and where the results go: lines of `width` voxels after each
/// other, taken from lines of `stride` voxels.
struct Plane<'a> {
    left: &'a [u16],
    channels: usize,
    steps: &'a [Step],
    weights: &'a Panels,
    lines: usize,
    width: usize,
    stride: usize,
    bias: Option<&'a [f32]>,
    outputs: usize,
}

impl Plane<'_> {
    fn run(&self, output: &mut [f32]) {
        let voxels = (self.lines - 1) * self.stride + self.width;
        let product = TileProduct {
            left: self.left,
            stride: self.channels,
            right: self.weights.values(),
            steps: self.steps,
        };
        let mut sums = Sums::zeros();
        for pass in passes(voxels.div_ceil(SIDE), self.outputs.div_ceil(SIDE)) {
            let left = |row| row * SIDE * self.channels;
            product.run(&pass, left, |column| self.weights.panel(column), &mut sums);
            for (place, tile) in sums.of(&pass) {
                scatter(self, place, tile, output);
            }
        }
    }
}

vectorised! {
    /// Writes a tile of sums: those of voxels of the padding go nowhere.
    fn scatter<'a>(
        plane: &'a Plane<'a>,
        place: [usize; 2],
        tile: &'a [[f32; SIDE]],
        output: &'a mut [f32],
    ) {
        let [row, column] = place.map(|place| place * SIDE);
        let count = SIDE.min(plane.outputs - column);
        let (mut line, mut voxel) = (row / plane.stride, row % plane.stride);
        for sums in tile {
            if line < plane.lines && voxel < plane.width {
                let at = (line * plane.width + voxel) * plane.outputs + column;
                let output = &mut output[at..at + count];
                match plane.bias {
                    None => match output.first_chunk_mut() {
                        Some(output) => *output = *sums,
                        None => output.copy_from_slice(&sums[..count]),
                    },
                    Some(bias) => {
                        let bias = &bias[column..column + count];
                        for ((output, sum), bias) in output.iter_mut().zip(sums).zip(bias) {
                            *output = sum + bias;
                        }
                    }
                }
            }
            voxel += 1;
            if voxel == plane.stride {
                (line, voxel) = (line + 1, 0);
            }
        }
    }
}

pub(super) fn forward(sizes: &Sizes, parts: &[&[f32]], weight: &[f32], bias: &[f32]) -> Buffer {
    let [nx, ny, nz] = sizes.grid;
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let padded = padded_input(sizes, parts);
    let weights = pack(sizes, weight);
    let row = (nz + 2) * inputs;
    let steps: Vec<Step> = (0..LINES)
        .flat_map(|line| {
            let (tx, ty) = (line / WIDTH, line % WIDTH);
            steps(line, (tx * (ny + 2) + ty) * row, inputs)
        })
        .collect();
    let mut output = Buffer::stale(sizes.voxels() * outputs);
    output
        .par_chunks_exact_mut(ny * nz * outputs)
        .enumerate()
        .for_each(|(plane, output)| {
            let first = plane / nx * (nx + 2) + plane % nx;
            let plane = Plane {
                left: &padded.with_margin()[first * (ny + 2) * row..],
                channels: inputs,
                steps: &steps,
                weights: &weights,
                lines: ny,
                width: nz,
                stride: nz + 2,
                bias: Some(bias),
                outputs,
            };
            plane.run(output);
        });
    output
}

pub(super) fn backward(
    sizes: &Sizes,
    parts: &[&[f32]],
    weight: &[f32],
    gradient: &[f32],
) -> Gradients {
    Gradients {
        weight: weight_gradient(sizes, &padded_input(sizes, parts), gradient),
        parts: input_gradients(sizes, weight, &padded_gradient(sizes, gradient)),
        bias: column_sums(gradient, sizes.outputs),
    }
}

/// Gradients of the parts of the input: of every voxel of the padded input, with what lies beyond
/// the edge added to the voxel that it was taken from.
fn input_gradients(sizes: &Sizes, weight: &[f32], gradient: &Rounded) -> Vec<Buffer> {
    let [nx, ny, nz] = sizes.grid;
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let weights = pack_transposed(sizes, weight);
    let mut parts = gradients(sizes);
    planes(sizes, &mut parts)
        .par_iter_mut()
        .enumerate()
        .for_each_init(
            || Buffer::stale((ny + 2) * (nz + 2) * inputs),
            |padded, (index, pieces)| {
                let plane = Plane {
                    left: gradient.with_margin(),
                    channels: outputs,
                    steps: &transposed_steps(sizes, index / nx, index % nx),
                    weights: &weights,
                    lines: ny + 2,
                    width: nz + 2,
                    stride: nz + 2 * MARGIN,
                    bias: None,
                    outputs: inputs,
                };
                plane.run(padded);
                let row = (nz + 2) * inputs;
                // Lines inside first: those beyond the edge are added to them.
                for py in (1..=ny).chain([0, ny + 1]) {
                    if let Some(y) = sizes.padding.source(py, ny) {
                        let row = &mut padded[py * row..(py + 1) * row];
                        fold(sizes, row);
                        spread(sizes, &row[inputs..], y, py == y + 1, pieces);
                    }
                }
            },
        );
    parts
}

/// The steps of the gradients that a plane of the input contributed to, itself or as what lies
/// beyond the edge along x.
fn transposed_steps(sizes: &Sizes, b: usize, x: usize) -> Vec<Step> {
    let [nx, ny, nz] = sizes.grid;
    let row = (nz + 2 * MARGIN) * sizes.outputs;
    let beyond = (0..nx + 2).filter(|&px| sizes.padding.source(px, nx) == Some(x));
    beyond
        .flat_map(|px| (0..WIDTH).map(move |tx| (px, tx)))
        .filter_map(|(px, tx)| Some((tx, px.checked_sub(tx).filter(|&from| from < nx)?)))
        .flat_map(|(tx, from)| {
            let first = (b * nx + from) * (ny + 2 * MARGIN) * row;
            (0..WIDTH).flat_map(move |ty| steps(tx * WIDTH + ty, first + ty * row, sizes.outputs))
        })
        .collect()
}
