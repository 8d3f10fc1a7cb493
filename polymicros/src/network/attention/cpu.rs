//! Forward and backward passes on the CPU. `q`, `k` and `v` of a block of voxels are computed when
//! they are needed, in the backward pass again, and never stored.

use super::blocks::{
    BLOCK, Columns, Running, add_outer, blocks, part, softmax_heads, through_softmax_heads, times,
};
use super::{FEATURES, HIDDEN, Sizes};
use crate::network::kernel::{Packed, Start, column_sums, exp, vectorised};
use rayon::prelude::*;

pub(super) struct Parameters {
    pub qkv: Vec<f32>,
    pub out: Vec<f32>,
    pub bias: Vec<f32>,
}

/// What the softmax over voxels came to, for one member of the batch.
pub(super) struct Context {
    /// Largest `k` of each feature.
    largest: Vec<f32>,
    /// One over the sum of `exp(k - largest)`.
    rate: Vec<f32>,
    /// For each feature `d` of `k` and `e` of `v` in a head, the mean of `v[e]` that `k[d]` takes.
    means: Vec<f32>,
}

pub(super) struct Gradients {
    pub input: Vec<f32>,
    pub qkv: Vec<f32>,
    pub out: Vec<f32>,
    pub bias: Vec<f32>,
}

/// Weights that make `q` (rows `0 .. HIDDEN` of `qkv`), or `k` and `v` (the rest).
fn pack(sizes: &Sizes, qkv: &[f32], first: usize, count: usize) -> Packed {
    let channels = sizes.channels;
    Packed::new(channels, count, |channel, feature| {
        qkv[(first + feature) * channels + channel]
    })
}

/// What a member of the batch's `q` is multiplied by: its means, and the weights of the result.
fn result_matrix(sizes: &Sizes, context: &Context, out: &[f32]) -> Vec<f32> {
    let channels = sizes.channels;
    let mut matrix = vec![0.0; HIDDEN * channels];
    for (feature, row) in matrix.chunks_exact_mut(channels).enumerate() {
        let head = feature / FEATURES;
        let means = &context.means[feature * FEATURES..(feature + 1) * FEATURES];
        for (channel, value) in row.iter_mut().enumerate() {
            let out = &out[channel * HIDDEN + head * FEATURES..][..FEATURES];
            *value = means.iter().zip(out).map(|(mean, out)| mean * out).sum();
        }
    }
    matrix
}

pub(super) fn forward(sizes: &Sizes, x: &[f32], at: &Parameters) -> (Vec<f32>, Vec<Context>) {
    let channels = sizes.channels;
    let weights_kv = pack(sizes, &at.qkv, HIDDEN, 2 * HIDDEN);
    let weights_q = pack(sizes, &at.qkv, 0, HIDDEN);
    let size = sizes.voxels * channels;
    let mut y = vec![0.0; x.len()];
    let members = x.chunks_exact(size).zip(y.chunks_exact_mut(size));
    let contexts = members.map(|(x, y)| {
        let context = context(sizes, x, &weights_kv);
        let matrix = result_matrix(sizes, &context, &at.out);
        let matrix = Packed::new(HIDDEN, channels, |row, column| {
            matrix[row * channels + column]
        });
        y.par_chunks_mut(BLOCK * channels)
            .zip(x.par_chunks(BLOCK * channels))
            .for_each_init(
                || vec![0.0; BLOCK * HIDDEN],
                |q, (y, x)| {
                    let q = &mut q[..x.len() / channels * HIDDEN];
                    times(x, channels, &weights_q, Start::Zero, q);
                    softmax_heads(q);
                    times(q, HIDDEN, &matrix, Start::Bias(&at.bias), y);
                },
            );
        context
    });
    let contexts = contexts.collect();
    (y, contexts)
}

/// The softmax over all voxels of a member of the batch.
fn context(sizes: &Sizes, x: &[f32], weights_kv: &Packed) -> Context {
    let channels = sizes.channels;
    let parts: Vec<Running> = x
        .par_chunks(part(sizes.voxels) * channels)
        .map(|x| {
            let mut running = Running::new();
            let mut kv = vec![0.0; BLOCK * 2 * HIDDEN];
            for x in x.chunks(BLOCK * channels) {
                let kv = &mut kv[..x.len() / channels * 2 * HIDDEN];
                times(x, channels, weights_kv, Start::Zero, kv);
                running.add(kv);
            }
            running
        })
        .collect();
    let mut all = parts.into_iter().fold(Running::new(), Running::merge);
    let rate: Vec<f32> = all.sum.iter().map(|sum| 1.0 / sum).collect();
    for (means, rate) in all.context.chunks_exact_mut(FEATURES).zip(&rate) {
        for mean in means {
            *mean *= rate;
        }
    }
    Context {
        largest: all.largest,
        rate,
        means: all.context,
    }
}

pub(super) fn backward(
    sizes: &Sizes,
    x: &[f32],
    at: &Parameters,
    contexts: &[Context],
    gradient: &[f32],
) -> Gradients {
    let channels = sizes.channels;
    let size = sizes.voxels * channels;
    let mut found = Gradients {
        input: vec![0.0; x.len()],
        qkv: vec![0.0; at.qkv.len()],
        out: vec![0.0; at.out.len()],
        bias: column_sums(gradient, channels),
    };
    let members = x
        .chunks_exact(size)
        .zip(gradient.chunks_exact(size))
        .zip(found.input.chunks_exact_mut(size))
        .zip(contexts);
    for (((x, gradient), input), context) in members {
        let matrix = result_matrix(sizes, context, &at.out);
        let (by_matrix, by_q) = through_q(sizes, x, at, &matrix, gradient, input);
        // The matrix is a product of means and weights.
        let mut by_means = vec![0.0; HIDDEN * FEATURES];
        for feature in 0..HIDDEN {
            let head = feature / FEATURES;
            for (channel, g) in by_matrix[feature * channels..][..channels]
                .iter()
                .enumerate()
            {
                let out = channel * HIDDEN + head * FEATURES;
                for e in 0..FEATURES {
                    by_means[feature * FEATURES + e] += g * at.out[out + e];
                    found.out[out + e] += g * context.means[feature * FEATURES + e];
                }
            }
        }
        let by_kv = through_kv(sizes, x, at, context, &by_means, input);
        for (first, count, sums) in [(0, HIDDEN, by_q), (HIDDEN, 2 * HIDDEN, by_kv)] {
            for (channel, sums) in sums.chunks_exact(count).enumerate() {
                for (feature, sum) in sums.iter().enumerate() {
                    found.qkv[(first + feature) * channels + channel] += sum;
                }
            }
        }
    }
    found
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
fn total(parts: Vec<Vec<f32>>, size: usize) -> Vec<f32> {
    let mut total = vec![0.0; size];
    for part in parts {
        for (total, part) in total.iter_mut().zip(part) {
            *total += part;
        }
    }
    total
}

/// Gradients with respect to the matrix that follows `q`, and to the weights of `q`; that with
/// respect to the input is written.
fn through_q(
    sizes: &Sizes,
    x: &[f32],
    at: &Parameters,
    matrix: &[f32],
    gradient: &[f32],
    input: &mut [f32],
) -> (Vec<f32>, Vec<f32>) {
    let channels = sizes.channels;
    let weights = pack(sizes, &at.qkv, 0, HIDDEN);
    let back = Packed::new(HIDDEN, channels, |feature, channel| {
        at.qkv[feature * channels + channel]
    });
    let transposed = Packed::new(channels, HIDDEN, |channel, feature| {
        matrix[feature * channels + channel]
    });
    let chunk = part(sizes.voxels) * channels;
    let (by_matrix, by_q): (Vec<_>, Vec<_>) = input
        .par_chunks_mut(chunk)
        .zip(x.par_chunks(chunk))
        .zip(gradient.par_chunks(chunk))
        .map(|((input, x), gradient)| {
            let mut by_matrix = vec![0.0; HIDDEN * channels];
            let mut by_q = vec![0.0; channels * HIDDEN];
            let mut q = vec![0.0; BLOCK * HIDDEN];
            let mut dq = vec![0.0; BLOCK * HIDDEN];
            for block in blocks(0..x.len() / channels) {
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
                times(gradient, channels, &transposed, Start::Zero, dq);
                through_softmax_heads(q, dq);
                add_outer(all(x, channels), all(dq, HIDDEN), rows, &mut by_q);
                times(dq, HIDDEN, &back, Start::Zero, &mut input[here]);
            }
            (by_matrix, by_q)
        })
        .unzip();
    (
        total(by_matrix, HIDDEN * channels),
        total(by_q, channels * HIDDEN),
    )
}

/// Gradients with respect to the weights of `k` and `v`; that with respect to the input is added.
fn through_kv(
    sizes: &Sizes,
    x: &[f32],
    at: &Parameters,
    context: &Context,
    by_means: &[f32],
    input: &mut [f32],
) -> Vec<f32> {
    let channels = sizes.channels;
    let weights = pack(sizes, &at.qkv, HIDDEN, 2 * HIDDEN);
    let back = Packed::new(2 * HIDDEN, channels, |feature, channel| {
        at.qkv[(HIDDEN + feature) * channels + channel]
    });
    // k to dv, and v to dk, head by head.
    let heads: Vec<[Packed; 2]> = by_means
        .chunks_exact(FEATURES * FEATURES)
        .map(|head| {
            [
                Packed::new(FEATURES, FEATURES, |d, e| head[d * FEATURES + e]),
                Packed::new(FEATURES, FEATURES, |e, d| head[d * FEATURES + e]),
            ]
        })
        .collect();
    // The mean over voxels of k times its gradient.
    let level: Vec<f32> = by_means
        .chunks_exact(FEATURES)
        .zip(context.means.chunks_exact(FEATURES))
        .map(|(by, means)| by.iter().zip(means).map(|(by, mean)| by * mean).sum())
        .collect();
    let chunk = part(sizes.voxels) * channels;
    let sums = input
        .par_chunks_mut(chunk)
        .zip(x.par_chunks(chunk))
        .map(|(input, x)| {
            let mut sums = vec![0.0; channels * 2 * HIDDEN];
            let mut kv = vec![0.0; BLOCK * 2 * HIDDEN];
            let mut dkv = vec![0.0; BLOCK * 2 * HIDDEN];
            for block in blocks(0..x.len() / channels) {
                let (rows, here) = (block.len(), block.start * channels..block.end * channels);
                let x = &x[here.clone()];
                let (kv, dkv) = (&mut kv[..rows * 2 * HIDDEN], &mut dkv[..rows * 2 * HIDDEN]);
                times(x, channels, &weights, Start::Zero, kv);
                softmax_voxels(context, kv);
                for (head, [to_v, to_k]) in heads.iter().enumerate() {
                    let (k, v) = (head * FEATURES, HIDDEN + head * FEATURES);
                    times_columns(kv, k, to_v, dkv, v);
                    times_columns(kv, v, to_k, dkv, k);
                }
                through_softmax_voxels(kv, &level, dkv);
                add_outer(all(x, channels), all(dkv, 2 * HIDDEN), rows, &mut sums);
                times(dkv, 2 * HIDDEN, &back, Start::Output, &mut input[here]);
            }
            sums
        })
        .collect();
    total(sums, channels * 2 * HIDDEN)
}

/// A head's columns of one block, times a matrix, into columns of another.
fn times_columns(from: &[f32], first: usize, weights: &Packed, to: &mut [f32], column: usize) {
    use crate::network::kernel::{Product, Segment, dispatch};
    dispatch(Product {
        input: from,
        stride: 2 * HIDDEN,
        segments: &[Segment {
            input: first,
            weights: 0,
            depth: FEATURES,
        }],
        weights,
        start: Start::Zero,
        rows: to.len() / (2 * HIDDEN),
        output: &mut to[column..],
        output_stride: 2 * HIDDEN,
    });
}

fn softmax_voxels(context: &Context, kv: &mut [f32]) {
    vectorised(|| {
        for row in kv.chunks_exact_mut(2 * HIDDEN) {
            let features = context.largest.iter().zip(&context.rate);
            for (k, (largest, rate)) in row[..HIDDEN].iter_mut().zip(features) {
                *k = exp(*k - largest) * rate;
            }
        }
    });
}

fn through_softmax_voxels(kv: &[f32], level: &[f32], dkv: &mut [f32]) {
    vectorised(|| {
        for (row, gradient) in kv
            .chunks_exact(2 * HIDDEN)
            .zip(dkv.chunks_exact_mut(2 * HIDDEN))
        {
            for ((dk, k), level) in gradient[..HIDDEN].iter_mut().zip(row).zip(level) {
                *dk = k * (*dk - level);
            }
        }
    });
}
