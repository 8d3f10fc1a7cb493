//! The backward pass on the CPU.

use super::{Context, Parameters, pack, packed, packed_transposed, results};
use crate::buffer::Buffer;
use crate::network::Arithmetic;
use crate::network::attention::blocks::{
    BLOCK, Columns, add_outer, blocks, softmax_heads, through_softmax_heads, times, work,
};
use crate::network::attention::heads::Heads;
use crate::network::attention::{FEATURES, HEADS, HIDDEN, Sizes};
use crate::network::kernel::{
    Packed, Part, Product, Segment, Start, add, column_sums, dispatch, exp, pieces, vectorised,
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
    let pass = Pass {
        sizes,
        parts: work(sizes),
        x,
        at,
        contexts,
    };
    let mut input = Buffer::stale(x.len());
    let mut pieces = pieces(&pass.parts, channels, &mut input);
    let mut qkv = vec![0.0; at.qkv.len()];
    let (by_q, rest) = qkv.split_at_mut(HIDDEN * channels);
    let (by_k, by_v) = rest.split_at_mut(HIDDEN * channels);
    let by_matrices = pass.through_q(gradient, by_q, &mut pieces);
    // A member's matrix is a product of means and weights.
    let to_features = Heads::to_features(channels, |feature, channel| {
        at.out[channel * HIDDEN + feature]
    });
    let by_means: Vec<Vec<f32>> = by_matrices
        .par_iter()
        .map(|by_matrix| to_features.times(by_matrix))
        .collect();
    pass.through_k(&by_means, by_k, &mut pieces);
    drop(pieces);
    let mut by_out = vec![0.0; HIDDEN * channels];
    for ((context, by_matrix), by_means) in contexts.iter().zip(&by_matrices).zip(&by_means) {
        outer_heads(&context.means, by_matrix, &mut by_out);
        outer_heads(by_means, &context.inputs, by_v);
    }
    let mut out = vec![0.0; at.out.len()];
    for (feature, by_out) in by_out.chunks_exact(channels).enumerate() {
        for (channel, value) in by_out.iter().enumerate() {
            out[channel * HIDDEN + feature] = *value;
        }
    }
    Gradients {
        input,
        qkv,
        out,
        bias: column_sums(gradient, channels),
    }
}

/// Adds, head by head, the transpose of a matrix of features times one of channels.
fn outer_heads(features: &[f32], channels: &[f32], sums: &mut [f32]) {
    let count = channels.len() / HIDDEN;
    for head in 0..HEADS {
        let rows = |width: usize| head * FEATURES * width..(head + 1) * FEATURES * width;
        add_outer(
            Columns::all(&features[rows(FEATURES)], FEATURES),
            Columns::all(&channels[rows(count)], count),
            FEATURES,
            &mut sums[rows(count)],
            Arithmetic::F32,
        );
    }
}

/// What a member's voxels are multiplied by on the way back through `k` and `v`.
struct Back {
    /// From the input to the gradient with respect to `k` before its softmax, but for the level.
    to_features: Packed,
    /// From that gradient, and from `k`, to the gradient with respect to the input.
    to_channels: Packed,
    /// The mean over voxels of each feature of `k` times its gradient.
    level: Vec<f32>,
}

impl Back {
    fn new(
        sizes: &Sizes,
        qkv: &[f32],
        values: &Heads,
        context: &Context,
        by_means: &[f32],
    ) -> Self {
        let channels = sizes.channels;
        let matrix = values.times(by_means);
        let keys = &qkv[HIDDEN * channels..2 * HIDDEN * channels];
        let level = by_means
            .chunks_exact(FEATURES)
            .zip(context.means.chunks_exact(FEATURES))
            .map(|(by, means)| by.iter().zip(means).map(|(by, mean)| by * mean).sum());
        Back {
            to_features: packed_transposed(sizes, &matrix),
            to_channels: Packed::new(2 * HIDDEN, channels, |row, channel| {
                let (from, row) = match row.checked_sub(HIDDEN) {
                    None => (keys, row),
                    Some(row) => (&*matrix, row),
                };
                from[row * channels + channel]
            })
            .with(sizes.arithmetic),
            level: level.collect(),
        }
    }
}

/// What the backward pass starts from.
struct Pass<'a> {
    sizes: &'a Sizes,
    parts: Vec<Part>,
    x: &'a [f32],
    at: &'a Parameters,
    contexts: &'a [Context],
}

impl Pass<'_> {
    /// Gradients with respect to the matrix that follows each member's `q`; that with respect to the
    /// weights of `q` is added to `by_q`, and that with respect to the input is written.
    fn through_q(
        &self,
        gradient: &[f32],
        by_q: &mut [f32],
        input: &mut [&mut [f32]],
    ) -> Vec<Vec<f32>> {
        let Sizes {
            channels,
            arithmetic,
            ..
        } = *self.sizes;
        let weights = pack(self.sizes, &self.at.qkv, 0);
        let back = packed(self.sizes, &self.at.qkv);
        let results = results(self.sizes, &self.at.out);
        let transposed: Vec<Packed> = self
            .contexts
            .par_iter()
            .map(|context| packed_transposed(self.sizes, &results.times(&context.means)))
            .collect();
        let sums: Vec<[Vec<f32>; 2]> = input
            .par_iter_mut()
            .zip(&self.parts)
            .map(|(input, part)| {
                let here = part.values(channels);
                let (x, gradient) = (&self.x[here.clone()], &gradient[here]);
                let mut by_matrix = vec![0.0; HIDDEN * channels];
                let mut by_q = vec![0.0; HIDDEN * channels];
                let mut q = vec![0.0; BLOCK * HIDDEN];
                let mut dq = vec![0.0; BLOCK * HIDDEN];
                for block in blocks(0..part.voxels.len()) {
                    let (rows, here) = (block.len(), block.start * channels..block.end * channels);
                    let (x, gradient) = (&x[here.clone()], &gradient[here.clone()]);
                    let (q, dq) = (&mut q[..rows * HIDDEN], &mut dq[..rows * HIDDEN]);
                    times(x, channels, &weights, Start::Zero, q);
                    softmax_heads(q);
                    let of_gradient = Columns::all(gradient, channels);
                    add_outer(
                        Columns::all(q, HIDDEN),
                        of_gradient,
                        rows,
                        &mut by_matrix,
                        arithmetic,
                    );
                    times(
                        gradient,
                        channels,
                        &transposed[part.member],
                        Start::Zero,
                        dq,
                    );
                    through_softmax_heads(q, dq);
                    let of_x = Columns::all(x, channels);
                    add_outer(Columns::all(dq, HIDDEN), of_x, rows, &mut by_q, arithmetic);
                    times(dq, HIDDEN, &back, Start::Zero, &mut input[here]);
                }
                [by_matrix, by_q]
            })
            .collect();
        let mut by_matrices = vec![vec![0.0; HIDDEN * channels]; self.sizes.batch];
        for (part, [matrix, q]) in self.parts.iter().zip(&sums) {
            add(&mut by_matrices[part.member], matrix);
            add(by_q, q);
        }
        by_matrices
    }

    /// The gradient with respect to the weights of `k` is added to `by_k`, and that with respect to the
    /// input, through `k` and `v`, to `input`.
    fn through_k(&self, by_means: &[Vec<f32>], by_k: &mut [f32], input: &mut [&mut [f32]]) {
        let Sizes {
            channels,
            arithmetic,
            ..
        } = *self.sizes;
        let weights = pack(self.sizes, &self.at.qkv, HIDDEN);
        let values = Heads::to_channels(channels, |feature, channel| {
            self.at.qkv[(2 * HIDDEN + feature) * channels + channel]
        });
        let members: Vec<Back> = self
            .contexts
            .par_iter()
            .zip(by_means)
            .map(|(context, by_means)| {
                Back::new(self.sizes, &self.at.qkv, &values, context, by_means)
            })
            .collect();
        let sums: Vec<Vec<f32>> = input
            .par_iter_mut()
            .zip(&self.parts)
            .map(|(input, part)| {
                let x = &self.x[part.values(channels)];
                let (context, member) = (&self.contexts[part.member], &members[part.member]);
                let mut sums = vec![0.0; HIDDEN * channels];
                // The gradient with respect to k, and k, beside each other.
                let mut both = vec![0.0; BLOCK * 2 * HIDDEN];
                for block in blocks(0..part.voxels.len()) {
                    let (rows, here) = (block.len(), block.start * channels..block.end * channels);
                    let x = &x[here.clone()];
                    let both = &mut both[..rows * 2 * HIDDEN];
                    into_columns(x, &member.to_features, both, 0);
                    into_columns(x, &weights, both, HIDDEN);
                    through_softmax_voxels(context, &member.level, both);
                    let gradients = Columns {
                        values: both,
                        stride: 2 * HIDDEN,
                        first: 0,
                        count: HIDDEN,
                    };
                    add_outer(
                        gradients,
                        Columns::all(x, channels),
                        rows,
                        &mut sums,
                        arithmetic,
                    );
                    let input = &mut input[here];
                    times(both, 2 * HIDDEN, &member.to_channels, Start::Output, input);
                }
                sums
            })
            .collect();
        for sums in &sums {
            add(by_k, sums);
        }
    }
}

/// A block of the input times a matrix of [`HIDDEN`] columns, into columns of a matrix that has
/// twice as many.
fn into_columns(x: &[f32], matrix: &Packed, to: &mut [f32], first: usize) {
    let rows = to.len() / (2 * HIDDEN);
    let channels = x.len() / rows;
    dispatch(Product {
        input: x,
        stride: channels,
        line_stride: 0,
        segments: &[Segment {
            input: 0,
            weights: 0,
            depth: channels,
        }],
        weights: matrix,
        start: Start::Zero,
        rows,
        lines: 1,
        output: &mut to[first..],
        output_stride: 2 * HIDDEN,
        output_line: 0,
    });
}

vectorised! {
    /// `k` becomes its softmax over voxels, and the gradient beside it that with respect to `k`.
    fn through_softmax_voxels<'a>(context: &'a Context, level: &'a [f32], both: &'a mut [f32]) {
        for row in both.chunks_exact_mut(2 * HIDDEN) {
            let (gradient, k) = row.split_at_mut(HIDDEN);
            let features = context.largest.iter().zip(&context.rate).zip(level);
            for ((g, k), ((largest, rate), level)) in gradient.iter_mut().zip(k).zip(features) {
                *k = exp(*k - largest) * rate;
                *g = *k * (*g - level);
            }
        }
    }
}
