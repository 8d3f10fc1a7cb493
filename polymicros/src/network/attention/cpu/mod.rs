//! The forward pass on the CPU. `q` and `k` of a block of voxels are computed when they are needed,
//! in the backward pass again, and never stored; `v` is never computed: it is linear in the input,
//! so that the mean of `v` that a feature takes follows from the mean input.

mod backward;

pub(super) use backward::backward;

use super::blocks::{BLOCK, Running, blocks, softmax_heads, times, work};
use super::heads::Heads;
use super::{HIDDEN, Sizes};
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
    /// For each feature of `k`, the mean input that it takes.
    inputs: Vec<f32>,
    /// For each feature `d` of `k` and `e` of `v` in a head, the mean of `v[e]` that `k[d]` takes.
    means: Vec<f32>,
}

/// Weights that make `q` (from row 0 of `qkv` on) or `k` (from row `HIDDEN` on).
fn pack(sizes: &Sizes, qkv: &[f32], first: usize) -> Packed {
    let channels = sizes.channels;
    Packed::new(channels, HIDDEN, |channel, feature| {
        qkv[(first + feature) * channels + channel]
    })
    .with(sizes.arithmetic)
}

/// A row-major matrix of a row for each feature and a column for each channel.
fn packed(sizes: &Sizes, matrix: &[f32]) -> Packed {
    let channels = sizes.channels;
    Packed::new(HIDDEN, channels, |row, column| {
        matrix[row * channels + column]
    })
    .with(sizes.arithmetic)
}

/// Its transpose.
fn packed_transposed(sizes: &Sizes, matrix: &[f32]) -> Packed {
    let channels = sizes.channels;
    Packed::new(channels, HIDDEN, |row, column| {
        matrix[column * channels + row]
    })
    .with(sizes.arithmetic)
}

/// The weights of the result, by which means are multiplied to give what `q` is multiplied by.
fn results(sizes: &Sizes, out: &[f32]) -> Heads {
    Heads::to_channels(sizes.channels, |feature, channel| {
        out[channel * HIDDEN + feature]
    })
}

pub(super) fn forward(sizes: &Sizes, x: &[f32], at: &Parameters) -> (Buffer, Vec<Context>) {
    let channels = sizes.channels;
    let parts = work(sizes);
    let contexts = contexts(sizes, &parts, x, &at.qkv);
    let results = results(sizes, &at.out);
    let matrices: Vec<Packed> = contexts
        .par_iter()
        .map(|context| packed(sizes, &results.times(&context.means)))
        .collect();
    let weights_q = pack(sizes, &at.qkv, 0);
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
fn contexts(sizes: &Sizes, parts: &[Part], x: &[f32], qkv: &[f32]) -> Vec<Context> {
    let channels = sizes.channels;
    let weights_k = pack(sizes, qkv, HIDDEN);
    let sums: Vec<Running> = parts
        .par_iter()
        .map(|part| {
            let mut running = Running::new(channels, sizes.arithmetic);
            let mut k = vec![0.0; BLOCK * HIDDEN];
            for here in blocks(part.voxels.clone()) {
                let k = &mut k[..here.len() * HIDDEN];
                let x = &x[here.start * channels..here.end * channels];
                times(x, channels, &weights_k, Start::Zero, k);
                running.add(k, x);
            }
            running
        })
        .collect();
    let mut members = vec![Running::new(channels, sizes.arithmetic); sizes.batch];
    for (part, sums) in parts.iter().zip(sums) {
        members[part.member].merge(sums);
    }
    let values = Heads::to_features(channels, |feature, channel| {
        qkv[(2 * HIDDEN + feature) * channels + channel]
    });
    members
        .into_par_iter()
        .map(|mut all| {
            let rate: Vec<f32> = all.sum.iter().map(|sum| 1.0 / sum).collect();
            for (inputs, rate) in all.inputs.chunks_exact_mut(channels).zip(&rate) {
                for input in inputs {
                    *input *= rate;
                }
            }
            Context {
                largest: all.largest,
                rate,
                means: values.times(&all.inputs),
                inputs: all.inputs,
            }
        })
        .collect()
}
