//! The forward pass on the CPU. `q`, `k` and `v` of a block of voxels are computed when
//! they are needed, in the backward pass again, and never stored.

mod backward;

pub(super) use backward::backward;

use super::blocks::{BLOCK, Running, blocks, softmax_heads, times, work};
use super::{FEATURES, HIDDEN, Sizes};
use crate::buffer::Buffer;
use crate::network::kernel::{Packed, Part, Start, pieces};
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

pub(super) fn forward(sizes: &Sizes, x: &[f32], at: &Parameters) -> (Buffer, Vec<Context>) {
    let channels = sizes.channels;
    let parts = work(sizes);
    let contexts = contexts(sizes, &parts, x, &pack(sizes, &at.qkv, HIDDEN, 2 * HIDDEN));
    let matrices: Vec<Packed> = contexts
        .par_iter()
        .map(|context| {
            let matrix = result_matrix(sizes, context, &at.out);
            Packed::new(HIDDEN, channels, |row, column| {
                matrix[row * channels + column]
            })
        })
        .collect();
    let weights_q = pack(sizes, &at.qkv, 0, HIDDEN);
    let mut y = Buffer::stale(x.len());
    pieces(&parts, channels, &mut y)
        .par_iter_mut()
        .zip(&parts)
        .for_each_init(
            || vec![0.0; BLOCK * HIDDEN],
            |q, (y, part)| {
                let x = &x[part.values(channels)];
                for here in blocks(0..part.voxels.len()) {
                    let q = &mut q[..here.len() * HIDDEN];
                    let here = here.start * channels..here.end * channels;
                    times(&x[here.clone()], channels, &weights_q, Start::Zero, q);
                    softmax_heads(q);
                    let matrix = &matrices[part.member];
                    times(q, HIDDEN, matrix, Start::Bias(&at.bias), &mut y[here]);
                }
            },
        );
    (y, contexts)
}

/// The softmax over all voxels of each member of the batch.
fn contexts(sizes: &Sizes, parts: &[Part], x: &[f32], weights_kv: &Packed) -> Vec<Context> {
    let channels = sizes.channels;
    let sums: Vec<Running> = parts
        .par_iter()
        .map(|part| {
            let mut running = Running::new();
            let mut kv = vec![0.0; BLOCK * 2 * HIDDEN];
            for here in blocks(part.voxels.clone()) {
                let kv = &mut kv[..here.len() * 2 * HIDDEN];
                let x = &x[here.start * channels..here.end * channels];
                times(x, channels, weights_kv, Start::Zero, kv);
                running.add(kv);
            }
            running
        })
        .collect();
    let mut members = vec![Running::new(); sizes.batch];
    for (part, sums) in parts.iter().zip(sums) {
        members[part.member].merge(sums);
    }
    members
        .into_iter()
        .map(|mut all| {
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
        })
        .collect()
}
