//! 1 x 1 x 1 convolution: a product for each voxel, over each part of the input in turn.

use super::{Gradients, Sizes};
use crate::buffer::Buffer;
use crate::network::kernel::{
    Outer, Packed, Product, Segment, Start, column_sums, dispatch, sum_of_parts,
};
use rayon::prelude::*;

/// Voxels in a piece of work.
const BLOCK: usize = 512;

pub(super) fn forward(sizes: &Sizes, parts: &[&[f32]], weight: &[f32], bias: &[f32]) -> Buffer {
    let outputs = sizes.outputs;
    let packed: Vec<Packed> = columns(sizes)
        .map(|(from, width)| {
            Packed::new(width, outputs, |row, column| {
                weight[column * sizes.inputs() + from + row]
            })
            .with(sizes.arithmetic)
        })
        .collect();
    let mut output = Buffer::stale(sizes.voxels() * outputs);
    output
        .par_chunks_mut(BLOCK * outputs)
        .enumerate()
        .for_each(|(index, output)| {
            let mut start = Start::Bias(bias);
            for ((part, weights), &width) in parts.iter().zip(&packed).zip(&sizes.parts) {
                dispatch(Product {
                    input: &part[index * BLOCK * width..],
                    stride: width,
                    line_stride: 0,
                    segments: &[whole(width)],
                    weights,
                    start,
                    rows: output.len() / outputs,
                    lines: 1,
                    output: &mut *output,
                    output_stride: outputs,
                    output_line: 0,
                });
                start = Start::Output;
            }
        });
    output
}

pub(super) fn backward(
    sizes: &Sizes,
    parts: &[&[f32]],
    weight: &[f32],
    gradient: &[f32],
) -> Gradients {
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let mut found = Gradients {
        parts: Vec::new(),
        weight: Buffer::stale(outputs * inputs),
        bias: column_sums(gradient, outputs),
    };
    for (part, (from, width)) in parts.iter().zip(columns(sizes)) {
        let packed = Packed::new(outputs, width, |row, column| {
            weight[row * inputs + from + column]
        })
        .with(sizes.arithmetic);
        let mut result = Buffer::stale(part.len());
        result
            .par_chunks_mut(BLOCK * width)
            .enumerate()
            .for_each(|(index, result)| {
                dispatch(Product {
                    input: &gradient[index * BLOCK * outputs..],
                    stride: outputs,
                    line_stride: 0,
                    segments: &[whole(outputs)],
                    weights: &packed,
                    start: Start::Zero,
                    rows: result.len() / width,
                    lines: 1,
                    output: result,
                    output_stride: width,
                    output_line: 0,
                });
            });
        found.parts.push(result);
        let blocks = sizes.voxels().div_ceil(BLOCK);
        let sums = sum_of_parts(blocks, width * outputs, |blocks, sums| {
            for block in blocks {
                let first = block * BLOCK;
                dispatch(Outer {
                    input: &part[first * width..],
                    stride: width,
                    line_stride: 0,
                    segments: &[whole(width)],
                    gradient: &gradient[first * outputs..],
                    gradient_stride: outputs,
                    gradient_line: 0,
                    rows: BLOCK.min(sizes.voxels() - first),
                    lines: 1,
                    sums: &mut *sums,
                    columns: outputs,
                    arithmetic: sizes.arithmetic,
                });
            }
        });
        for (row, sums) in sums.chunks_exact(outputs).enumerate() {
            for (output, sum) in sums.iter().enumerate() {
                found.weight[output * inputs + from + row] = *sum;
            }
        }
    }
    found
}

/// All of a voxel's channels.
fn whole(depth: usize) -> Segment {
    Segment {
        input: 0,
        weights: 0,
        depth,
    }
}

/// First channel and number of channels of each part.
fn columns(sizes: &Sizes) -> impl Iterator<Item = (usize, usize)> {
    sizes.parts.iter().scan(0, |next, &width| {
        let from = *next;
        *next += width;
        Some((from, width))
    })
}
