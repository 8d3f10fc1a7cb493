//! Forward and backward passes on the CPU. Two voxels that follow each other along z are one run
//! of memory, so that a block is four runs.

use super::Sizes;
use crate::buffer::Buffer;
use crate::network::kernel::{
    Outer, Packed, Product, Segment, Start, column_sums, dispatch, sum_of_parts,
};
use rayon::prelude::*;

pub(super) struct Gradients {
    pub input: Buffer,
    pub weight: Vec<f32>,
    pub bias: Buffer,
}

/// Index of a weight: `row` counts the runs of a block and the values in a run.
fn place(sizes: &Sizes, row: usize, output: usize) -> usize {
    let (voxel, channel) = (row / sizes.inputs, row % sizes.inputs);
    (output * sizes.inputs + channel) * 8 + voxel
}

/// The four runs of the first block of output row `line` (batch, x and y together); the next
/// row's begin two rows of the input further.
fn segments(sizes: &Sizes, line: usize) -> [Segment; 4] {
    let [_, ny, nz] = sizes.grid;
    let depth = 2 * sizes.inputs;
    let (plane, y) = (line / ny, line % ny);
    std::array::from_fn(|run| {
        let (px, py) = (run / 2, run % 2);
        let row = (2 * plane + px) * 2 * ny + 2 * y + py;
        Segment {
            input: row * nz * depth,
            weights: run * depth,
            depth,
        }
    })
}

pub(super) fn forward(sizes: &Sizes, x: &[f32], weight: &[f32], bias: &[f32]) -> Buffer {
    let [nx, ny, nz] = sizes.grid;
    let outputs = sizes.outputs;
    let packed = Packed::new(8 * sizes.inputs, outputs, |row, output| {
        weight[place(sizes, row, output)]
    })
    .with(sizes.arithmetic);
    let mut y = Buffer::stale(sizes.batch * nx * ny * nz * outputs);
    y.par_chunks_exact_mut(ny * nz * outputs)
        .enumerate()
        .for_each(|(plane, y)| {
            dispatch(Product {
                input: x,
                stride: 2 * sizes.inputs,
                line_stride: 4 * nz * sizes.inputs,
                segments: &segments(sizes, plane * ny),
                weights: &packed,
                start: Start::Bias(bias),
                rows: nz,
                lines: ny,
                output: y,
                output_stride: outputs,
                output_line: nz * outputs,
            });
        });
    y
}

pub(super) fn backward(sizes: &Sizes, x: &[f32], weight: &[f32], gradient: &[f32]) -> Gradients {
    let [nx, ny, nz] = sizes.grid;
    let (inputs, outputs) = (sizes.inputs, sizes.outputs);
    let depth = 2 * inputs;
    let packed: Vec<Packed> = (0..4)
        .map(|run| {
            Packed::new(outputs, depth, |output, column| {
                weight[place(sizes, run * depth + column, output)]
            })
            .with(sizes.arithmetic)
        })
        .collect();
    let mut input = Buffer::stale(x.len());
    input
        .par_chunks_exact_mut(2 * ny * nz * depth)
        .enumerate()
        .for_each(|(fine, input)| {
            for py in 0..2 {
                dispatch(Product {
                    input: &gradient[fine / 2 * ny * nz * outputs..],
                    stride: outputs,
                    line_stride: nz * outputs,
                    segments: &[Segment {
                        input: 0,
                        weights: 0,
                        depth: outputs,
                    }],
                    weights: &packed[fine % 2 * 2 + py],
                    start: Start::Zero,
                    rows: nz,
                    lines: ny,
                    output: &mut input[py * nz * depth..],
                    output_stride: depth,
                    output_line: 2 * nz * depth,
                });
            }
        });
    let lines = sizes.batch * nx * ny;
    let sums = sum_of_parts(lines, 8 * inputs * outputs, |lines, sums| {
        for line in lines {
            dispatch(Outer {
                input: x,
                stride: depth,
                line_stride: 0,
                segments: &segments(sizes, line),
                gradient: &gradient[line * nz * outputs..],
                gradient_stride: outputs,
                gradient_line: 0,
                rows: nz,
                lines: 1,
                sums: &mut *sums,
                columns: outputs,
                arithmetic: sizes.arithmetic,
            });
        }
    });
    let mut by_weight = vec![0.0; weight.len()];
    for (row, sums) in sums.chunks_exact(outputs).enumerate() {
        for (output, sum) in sums.iter().enumerate() {
            by_weight[place(sizes, row, output)] = *sum;
        }
    }
    Gradients {
        input,
        weight: by_weight,
        bias: column_sums(gradient, outputs),
    }
}
