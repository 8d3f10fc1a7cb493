//! Blocks of voxels: what is computed of one stays in the cache until it has been used.

use super::{FEATURES, HIDDEN};
use crate::network::kernel::{Outer, Packed, Product, Segment, Start, dispatch, exp, vectorised};
use std::ops::Range;

/// Voxels in a block.
pub(super) const BLOCK: usize = 64;

/// Parts that the voxels are cut into, whatever the number of threads.
const PARTS: usize = 16;

/// Voxels in a part of the work.
pub(super) fn part(voxels: usize) -> usize {
    voxels.div_ceil(PARTS).next_multiple_of(BLOCK)
}

/// The blocks of a range of voxels.
pub(super) fn blocks(voxels: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = voxels.end;
    voxels
        .step_by(BLOCK)
        .map(move |first| first..(first + BLOCK).min(end))
}

/// `output = input · weights + start`, of all rows of a contiguous matrix.
pub(super) fn times(
    input: &[f32],
    depth: usize,
    weights: &Packed,
    start: Start,
    output: &mut [f32],
) {
    let columns = weights.columns();
    dispatch(Product {
        input,
        stride: depth,
        segments: &[Segment {
            input: 0,
            weights: 0,
            depth,
        }],
        weights,
        start,
        rows: output.len() / columns,
        output,
        output_stride: columns,
    });
}

/// A run of columns of a row-major matrix.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub values: &'a [f32],
    pub stride: usize,
    pub first: usize,
    pub count: usize,
}

/// `sums += leftᵀ · right`.
pub(super) fn add_outer(left: Columns, right: Columns, rows: usize, sums: &mut [f32]) {
    dispatch(Outer {
        input: left.values,
        stride: left.stride,
        line_stride: 0,
        segments: &[Segment {
            input: left.first,
            weights: 0,
            depth: left.count,
        }],
        gradient: &right.values[right.first..],
        gradient_stride: right.stride,
        gradient_line: 0,
        rows,
        lines: 1,
        sums,
        columns: right.count,
    });
}

const LANES: usize = 16;

/// Softmax over the features of each head, times `FEATURES^-1/2`, in place.
pub(super) fn softmax_heads(values: &mut [f32]) {
    let scale = (FEATURES as f32).powf(-0.5);
    vectorised(|| {
        for head in values.chunks_exact_mut(FEATURES) {
            let most = fold(head, f32::NEG_INFINITY, |a, b| if a > b { a } else { b });
            for value in head.iter_mut() {
                *value = exp(*value - most);
            }
            let factor = scale / fold(head, 0.0, |a, b| a + b);
            for value in head.iter_mut() {
                *value *= factor;
            }
        }
    });
}

/// From the gradient with respect to what [`softmax_heads`] made to that with respect to what it
/// was made from, in place.
pub(super) fn through_softmax_heads(made: &[f32], gradient: &mut [f32]) {
    let scale = (FEATURES as f32).powf(-0.5);
    vectorised(|| {
        for (made, gradient) in made
            .chunks_exact(FEATURES)
            .zip(gradient.chunks_exact_mut(FEATURES))
        {
            let mut products = [0.0; FEATURES];
            for ((product, made), gradient) in products.iter_mut().zip(made).zip(&*gradient) {
                *product = made * gradient;
            }
            let mean = fold(&products, 0.0, |a, b| a + b) / scale;
            for (gradient, made) in gradient.iter_mut().zip(made) {
                *gradient = made * (*gradient - mean);
            }
        }
    });
}

/// A reduction in an order that vector instructions can follow.
#[inline(always)]
fn fold(values: &[f32], start: f32, with: impl Fn(f32, f32) -> f32 + Copy) -> f32 {
    let mut lanes = [start; LANES];
    for chunk in values.chunks_exact(LANES) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = with(*lane, *value);
        }
    }
    lanes.into_iter().fold(start, with)
}

/// A softmax over voxels that are seen block by block: the largest value of each feature so far,
/// the sum of `exp(k - largest)`, and the sum of that times `v` for each pair of features of a
/// head.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub largest: Vec<f32>,
    pub sum: Vec<f32>,
    pub context: Vec<f32>,
}

impl Running {
    pub fn new() -> Self {
        Running {
            largest: vec![f32::NEG_INFINITY; HIDDEN],
            sum: vec![0.0; HIDDEN],
            context: vec![0.0; HIDDEN * FEATURES],
        }
    }

    /// Adds a block of `k` and `v` beside each other; `k` becomes its exponential.
    pub fn add(&mut self, kv: &mut [f32]) {
        let mut largest = self.largest.clone();
        vectorised(|| {
            for row in kv.chunks_exact(2 * HIDDEN) {
                for (largest, k) in largest.iter_mut().zip(&row[..HIDDEN]) {
                    *largest = if *k > *largest { *k } else { *largest };
                }
            }
        });
        self.raise(&largest);
        let sum = &mut self.sum;
        vectorised(|| {
            for row in kv.chunks_exact_mut(2 * HIDDEN) {
                for ((k, largest), sum) in row[..HIDDEN].iter_mut().zip(&largest).zip(&mut *sum) {
                    *k = exp(*k - largest);
                    *sum += *k;
                }
            }
        });
        let rows = kv.len() / (2 * HIDDEN);
        for (head, context) in self
            .context
            .chunks_exact_mut(FEATURES * FEATURES)
            .enumerate()
        {
            let columns = |first| Columns {
                values: &*kv,
                stride: 2 * HIDDEN,
                first: first + head * FEATURES,
                count: FEATURES,
            };
            add_outer(columns(0), columns(HIDDEN), rows, context);
        }
    }

    /// Expresses the sums relative to larger values.
    fn raise(&mut self, largest: &[f32]) {
        let features = self.largest.iter_mut().zip(largest).zip(&mut self.sum);
        for (((before, now), sum), context) in features.zip(self.context.chunks_exact_mut(FEATURES))
        {
            if *now > *before {
                // Zero at the first block: exp clamps its input, and all sums are zero then.
                let factor = (*before - *now).exp();
                *sum *= factor;
                for value in context {
                    *value *= factor;
                }
                *before = *now;
            }
        }
    }

    /// The softmax over the voxels of both.
    pub fn merge(mut self, mut other: Self) -> Self {
        let largest: Vec<f32> = self
            .largest
            .iter()
            .zip(&other.largest)
            .map(|(a, b)| a.max(*b))
            .collect();
        self.raise(&largest);
        other.raise(&largest);
        for (to, from) in self.sum.iter_mut().zip(&other.sum) {
            *to += from;
        }
        for (to, from) in self.context.iter_mut().zip(&other.context) {
            *to += from;
        }
        self
    }
}
