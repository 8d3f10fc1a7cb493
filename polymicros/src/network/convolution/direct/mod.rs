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
    DEPTH, Panels, Rounded, SIDE, Step, TILE, Target, TileProduct, each, pair,
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

/// A product for each voxel of lines of a plane, those of the padding between them among them.
struct Plane<'a> {
    left: &'a [u16],
    channels: usize,
    steps: &'a [Step],
    weights: &'a Panels,
    voxels: usize,
    outputs: usize,
}

impl Plane<'_> {
    /// Room for the sums of so many voxels: whole tiles.
    fn room(voxels: usize, outputs: usize) -> Buffer {
        Buffer::stale(voxels.next_multiple_of(SIDE) * outputs.next_multiple_of(SIDE))
    }

    /// Writes the sums of each voxel; those of channels up to whole tiles come after it.
    fn run(&self, sums: &mut [f32]) {
        let columns = self.outputs.div_ceil(SIDE);
        let product = TileProduct {
            left: self.left,
            stride: self.channels,
            right: self.weights.values(),
            steps: self.steps,
        };
        let left = |row| row * SIDE * self.channels;
        let output = |row, column| (row * columns * SIDE + column) * SIDE;
        let mut target = Target {
            values: sums,
            stride: columns * SIDE,
        };
        let tiles = [self.voxels.div_ceil(SIDE), columns];
        let right = |column| self.weights.panel(column);
        product.run(tiles, left, right, output, &mut target);
    }
}

vectorised! {
    /// Sums of a line of voxels without those of channels up to whole tiles, and plus a bias.
    fn finish<'a>(sums: &'a [f32], bias: &'a [f32], line: &'a mut [f32]) {
        let voxels = line.chunks_exact_mut(bias.len());
        for (line, sums) in voxels.zip(sums.chunks_exact(bias.len().next_multiple_of(SIDE))) {
            each(line, &sums[..bias.len()], bias, |_, sum, bias| sum + bias);
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
    let voxels = (ny - 1) * (nz + 2) + nz;
    let width = outputs.next_multiple_of(SIDE);
    let mut output = Buffer::stale(sizes.voxels() * outputs);
    output
        .par_chunks_exact_mut(ny * nz * outputs)
        .enumerate()
        .for_each_init(
            || Plane::room(voxels, outputs),
            |sums, (plane, output)| {
                let first = plane / nx * (nx + 2) + plane % nx;
                let plane = Plane {
                    left: &padded.with_margin()[first * (ny + 2) * row..],
                    channels: inputs,
                    steps: &steps,
                    weights: &weights,
                    voxels,
                    outputs,
                };
                plane.run(sums);
                let lines = sums.chunks((nz + 2) * width);
                for (line, sums) in output.chunks_exact_mut(nz * outputs).zip(lines) {
                    finish(sums, bias, line);
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
    let stride = nz + 2 * MARGIN;
    let voxels = (ny + 1) * stride + nz + 2;
    let width = inputs.next_multiple_of(SIDE);
    let none = vec![0.0; inputs];
    let mut parts = gradients(sizes);
    planes(sizes, &mut parts)
        .par_iter_mut()
        .enumerate()
        .for_each_init(
            || (Plane::room(voxels, inputs), vec![0.0; (nz + 2) * inputs]),
            |(sums, row), (index, pieces)| {
                let plane = Plane {
                    left: gradient.with_margin(),
                    channels: outputs,
                    steps: &transposed_steps(sizes, index / nx, index % nx),
                    weights: &weights,
                    voxels,
                    outputs: inputs,
                };
                plane.run(sums);
                // Lines inside first: those beyond the edge are added to them.
                for py in (1..=ny).chain([0, ny + 1]) {
                    if let Some(y) = sizes.padding.source(py, ny) {
                        finish(&sums[py * stride * width..], &none, row);
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
