//! The backward pass on the CPU.

use super::{Context, Parameters, pack, result_matrix};
use crate::buffer::Buffer;
use crate::network::attention::blocks::{
    BLOCK, Columns, add_outer, blocks, softmax_heads, through_softmax_heads, times, work,
};
use crate::network::attention::{FEATURES, HIDDEN, Sizes};
use crate::network::kernel::{
    Packed, Part, Product, Segment, Start, column_sums, dispatch, exp, pieces, vectorised,
};
use rayon::prelude::*;

pub(in crate::network::attention) struct Gradients {
    pub input: Buffer,
    pub qkv: Vec<f32>,
    pub out: Vec<f32>,
    pub bias: Buffer,
}

pub(in crate::network::attention) fn backward(
    sizes: &Sizes,
    x: &[f32],
    at: &Parameters,
    contexts: &[Context],
    gradient: &[f32],
) -> Gradients {
    let channels = sizes.channels;
    let parts = work(sizes);
    let mut input = Buffer::stale(x.len());
    let mut pieces = pieces(&parts, channels, &mut input);
    let (by_matrices, by_q) = through_q(sizes, &parts, x, at, contexts, gradient, &mut pieces);
    // A member's matrix is a product of means and weights.
    let mut out = vec![0.0; at.out.len()];
    let by_means: Vec<Vec<f32>> = by_matrices
        .iter()
        .zip(contexts)
        .map(|(by_matrix, context)| {
            let mut by_means = vec![0.0; HIDDEN * FEATURES];
            for feature in 0..HIDDEN {
                let head = feature / FEATURES;
                let here = feature * FEATURES..(feature + 1) * FEATURES;
                let gradients = &by_matrix[feature * channels..][..channels];
                for (channel, g) in gradients.iter().enumerate() {
                    let from = channel * HIDDEN + head * FEATURES;
                    let weights = at.out[from..from + FEATURES].iter();
                    for (sum, weight) in by_means[here.clone()].iter_mut().zip(weights) {
                        *sum += g * weight;
                    }
                    let means = context.means[here.clone()].iter();
                    for (sum, mean) in out[from..from + FEATURES].iter_mut().zip(means) {
                        *sum += g * mean;
                    }
                }
            }
            by_means
        })
        .collect();
    let by_kv = through_kv(sizes, &parts, x, at, contexts, &by_means, &mut pieces);
    let mut qkv = vec![0.0; at.qkv.len()];
    for (first, count, sums) in [(0, HIDDEN, by_q), (HIDDEN, 2 * HIDDEN, by_kv)] {
        for (channel, sums) in sums.chunks_exact(count).enumerate() {
            for (feature, sum) in sums.iter().enumerate() {
                qkv[(first + feature) * channels + channel] += sum;
            }
        }
    }
    drop(pieces);
    Gradients {
        input,
        qkv,
        out,
        bias: column_sums(gradient, channels),
    }
}

/// All channels of a block.
fn all(values: &[f32], count: usize) -> Columns<'_> {
    Columns {
        values,
        stride: count,
        first: 0,
        count,
    }
}

/// Adds vectors in order.
fn add(total: &mut [f32], part: &[f32]) {
    for (total, part) in total.iter_mut().zip(part) {
        *total += part;
    }
}

/// Gradients with respect to the matrix that follows each member's `q`, and to the weights of
/// `q`; that with respect to the input is written.
fn through_q(
    sizes: &Sizes,
    parts: &[Part],
    x: &[f32],
    at: &Parameters,
    contexts: &[Context],
    gradient: &[f32],
    input: &mut [&mut [f32]],
) -> (Vec<Vec<f32>>, Vec<f32>) {
    let channels = sizes.channels;
    let weights = pack(sizes, &at.qkv, 0, HIDDEN);
    let back = Packed::new(HIDDEN, channels, |feature, channel| {
        at.qkv[feature * channels + channel]
    });
    let transposed: Vec<Packed> = contexts
        .par_iter()
        .map(|context| {
            let matrix = result_matrix(sizes, context, &at.out);
            Packed::new(channels, HIDDEN, |channel, feature| {
                matrix[feature * channels + channel]
            })
        })
        .collect();
    let sums: Vec<(Vec<f32>, Vec<f32>)> = input
        .par_iter_mut()
        .zip(parts)
        .map(|(input, part)| {
            let here = part.values(channels);
            let (x, gradient) = (&x[here.clone()], &gradient[here]);
            let mut by_matrix = vec![0.0; HIDDEN * channels];
            let mut by_q = vec![0.0; channels * HIDDEN];
            let mut q = vec![0.0; BLOCK * HIDDEN];
            let mut dq = vec![0.0; BLOCK * HIDDEN];
            for block in blocks(0..part.voxels.len()) {
                let (rows, here) = (block.len(), block.start * channels..block.end * channels);
                let (x, gradient) = (&x[here.clone()], &gradient[here.clone()]);
                let (q, dq) = (&mut q[..rows * HIDDEN], &mut dq[..rows * HIDDEN]);
                times(x, channels, &weights, Start::Zero, q);
                softmax_heads(q);
                add_outer(
                    all(q, HIDDEN),
                    all(gradient, channels),
                    rows,
                    &mut by_matrix,
                );
                times(
                    gradient,
                    channels,
                    &transposed[part.member],
                    Start::Zero,
                    dq,
                );
                through_softmax_heads(q, dq);
                add_outer(all(x, channels), all(dq, HIDDEN), rows, &mut by_q);
                times(dq, HIDDEN, &back, Start::Zero, &mut input[here]);
            }
            (by_matrix, by_q)
        })
        .collect();
    let mut by_matrices = vec![vec![0.0; HIDDEN * channels]; sizes.batch];
    let mut by_q = vec![0.0; channels * HIDDEN];
    for (part, (matrix, q)) in parts.iter().zip(&sums) {
        add(&mut by_matrices[part.member], matrix);
        add(&mut by_q, q);
    }
    (by_matrices, by_q)
}

/// What a member's `k` and `v` are multiplied by in the backward pass.
struct Back {
    /// k to dv, and v to dk, head by head.
    heads: Vec<[Packed; 2]>,
    /// The mean over voxels of each feature of k times its gradient.
    level: Vec<f32>,
}

impl Back {
    fn new(context: &Context, by_means: &[f32]) -> Self {
        let heads = by_means.chunks_exact(FEATURES * FEATURES).map(|head| {
            [
                Packed::new(FEATURES, FEATURES, |d, e| head[d * FEATURES + e]),
                Packed::new(FEATURES, FEATURES, |e, d| head[d * FEATURES + e]),
            ]
        });
        let level = by_means
            .chunks_exact(FEATURES)
            .zip(context.means.chunks_exact(FEATURES))
            .map(|(by, means)| by.iter().zip(means).map(|(by, mean)| by * mean).sum());
        Back {
            heads: heads.collect(),
            level: level.collect(),
        }
    }
}

/// Gradients with respect to the weights of `k` and `v`; that with respect to the input is added.
fn through_kv(
    sizes: &Sizes,
    parts: &[Part],
    x: &[f32],
    at: &Parameters,
    contexts: &[Context],
    by_means: &[Vec<f32>],
    input: &mut [&mut [f32]],
) -> Vec<f32> {
    let channels = sizes.channels;
    let weights = pack(sizes, &at.qkv, HIDDEN, 2 * HIDDEN);
    let back = Packed::new(2 * HIDDEN, channels, |feature, channel| {
        at.qkv[(HIDDEN + feature) * channels + channel]
    });
    let members: Vec<Back> = contexts
        .par_iter()
        .zip(by_means)
        .map(|(context, by_means)| Back::new(context, by_means))
        .collect();
    let sums: Vec<Vec<f32>> = input
        .par_iter_mut()
        .zip(parts)
        .map(|(input, part)| {
            let x = &x[part.values(channels)];
            let (context, member) = (&contexts[part.member], &members[part.member]);
            let mut sums = vec![0.0; channels * 2 * HIDDEN];
            let mut kv = vec![0.0; BLOCK * 2 * HIDDEN];
            let mut dkv = vec![0.0; BLOCK * 2 * HIDDEN];
            for block in blocks(0..part.voxels.len()) {
                let (rows, here) = (block.len(), block.start * channels..block.end * channels);
                let x = &x[here.clone()];
                let (kv, dkv) = (&mut kv[..rows * 2 * HIDDEN], &mut dkv[..rows * 2 * HIDDEN]);
                times(x, channels, &weights, Start::Zero, kv);
                softmax_voxels(context, kv);
                for (head, [to_v, to_k]) in member.heads.iter().enumerate() {
                    let (k, v) = (head * FEATURES, HIDDEN + head * FEATURES);
                    times_columns(kv, k, to_v, dkv, v);
                    times_columns(kv, v, to_k, dkv, k);
                }
                through_softmax_voxels(kv, &member.level, dkv);
                add_outer(all(x, channels), all(dkv, 2 * HIDDEN), rows, &mut sums);
                times(dkv, 2 * HIDDEN, &back, Start::Output, &mut input[here]);
            }
            sums
        })
        .collect();
    let mut total = vec![0.0; channels * 2 * HIDDEN];
    for sums in &sums {
        add(&mut total, sums);
    }
    total
}

/// A head's columns of one block, times a matrix, into columns of another.
fn times_columns(from: &[f32], first: usize, weights: &Packed, to: &mut [f32], column: usize) {
    dispatch(Product {
        input: from,
        stride: 2 * HIDDEN,
        line_stride: 0,
        segments: &[Segment {
            input: first,
            weights: 0,
            depth: FEATURES,
        }],
        weights,
        start: Start::Zero,
        rows: to.len() / (2 * HIDDEN),
        lines: 1,
        output: &mut to[column..],
        output_stride: 2 * HIDDEN,
        output_line: 0,
    });
}

vectorised! {
    fn softmax_voxels<'a>(context: &'a Context, kv: &'a mut [f32]) {
        for row in kv.chunks_exact_mut(2 * HIDDEN) {
            let features = context.largest.iter().zip(&context.rate);
            for (k, (largest, rate)) in row[..HIDDEN].iter_mut().zip(features) {
                *k = exp(*k - largest) * rate;
            }
        }
    }
}

vectorised! {
    fn through_softmax_voxels<'a>(kv: &'a [f32], level: &'a [f32], dkv: &'a mut [f32]) {
        let gradients = dkv.chunks_exact_mut(2 * HIDDEN);
        for (row, gradient) in kv.chunks_exact(2 * HIDDEN).zip(gradients) {
            for ((dk, k), level) in gradient[..HIDDEN].iter_mut().zip(row).zip(level) {
                *dk = k * (*dk - level);
            }
        }
    }
}
