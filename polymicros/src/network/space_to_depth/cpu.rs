//! Forward and backward passes on the CPU. Two voxels that follow each other along z are one run
//! of memory, so that a block is four runs.

use super::Sizes;
use crate::network::kernel::{
    Outer, Packed, Product, Segment, Start, column_sums, dispatch, sum_of_parts,
};
use rayon::prelude::*;

pub(super) struct Gradients {
    pub input: Vec<f32>,
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

/// Index of a weight: `row` counts the runs of a block and the values in a run.
fn place(sizes: &Sizes, row: usize, output: usize) -> usize {
    let (voxel, channel) = (row / sizes.inputs, row % sizes.inputs);
    (output * sizes.inputs + channel) * 8 + voxel
}

/// The four runs of the first block of output row `line` (batch, x and y together).
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

pub(super) fn forward(sizes: &Sizes, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let [nx, ny, nz] = sizes.grid;
    let outputs = sizes.outputs;
    let packed = Packed::new(8 * sizes.inputs, outputs, |row, output| {
        weight[place(sizes, row, output)]
    });
    let mut y = vec![0.0; sizes.batch * nx * ny * nz * outputs];
    y.par_chunks_exact_mut(nz * outputs)
        .enumerate()
        .for_each(|(line, y)| {
            dispatch(Product {
                input: x,
                stride: 2 * sizes.inputs,
                segments: &segments(sizes, line),
                weights: &packed,
                start: Start::Bias(bias),
                rows: nz,
                output: y,
                output_stride: outputs,
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
        })
        .collect();
    let mut input = vec![0.0; x.len()];
    input
        .par_chunks_exact_mut(nz * depth)
        .enumerate()
        .for_each(|(row, input)| {
            let (plane, fine) = (row / (2 * ny), row % (2 * ny));
            let line = plane / 2 * ny + fine / 2;
            dispatch(Product {
                input: &gradient[line * nz * outputs..],
                stride: outputs,
                segments: &[Segment {
                    input: 0,
                    weights: 0,
                    depth: outputs,
                }],
                weights: &packed[plane % 2 * 2 + fine % 2],
                start: Start::Zero,
                rows: nz,
                output: input,
                output_stride: depth,
            });
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
