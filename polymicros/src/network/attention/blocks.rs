//! Blocks of voxels: what is computed of one stays in the cache until it has been used.

use super::{FEATURES, HIDDEN, Sizes};
use crate::network::Arithmetic;
use crate::network::kernel::{
    Outer, Packed, Part, Product, Segment, Start, dispatch, exp, parts, vectorised,
};
use std::ops::Range;

/// Voxels in a block.
pub(super) const BLOCK: usize = 64;

/// Parts that all voxels are cut into, whatever the number of threads.
const PARTS: usize = 16;

/// The parts of all members' voxels, in order.
pub(super) fn work(sizes: &Sizes) -> Vec<Part> {
    let of_each = PARTS.div_ceil(sizes.batch);
    let size = sizes.voxels.div_ceil(of_each).next_multiple_of(BLOCK);
    parts(sizes.batch, sizes.voxels, size)
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
        line_stride: 0,
        segments: &[Segment {
            input: 0,
            weights: 0,
            depth,
        }],
        weights,
        start,
        rows: output.len() / columns,
        lines: 1,
        output,
        output_stride: columns,
        output_line: 0,
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

impl<'a> Columns<'a> {
    /// All columns of a matrix that has `count`.
    pub fn all(values: &'a [f32], count: usize) -> Self {
        Columns {
            values,
            stride: count,
            first: 0,
            count,
        }
    }
}

/// `sums += leftᵀ · right`.
pub(super) fn add_outer(
    left: Columns,
    right: Columns,
    rows: usize,
    sums: &mut [f32],
    arithmetic: Arithmetic,
) {
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
        arithmetic,
    });
}

vectorised! {
    /// Softmax over the features of each head, times `FEATURES^-1/2`, in place.
    pub(super) fn softmax_heads<'a>(values: &'a mut [f32]) {
        let scale = (FEATURES as f32).powf(-0.5);
        for head in values.as_chunks_mut::<FEATURES>().0 {
            let most = fold(head, |a, b| if a > b { a } else { b });
            for value in head.iter_mut() {
                *value = exp(*value - most);
            }
            let factor = scale / fold(head, |a, b| a + b);
            for value in head.iter_mut() {
                *value *= factor;
            }
        }
    }
}

vectorised! {
    /// From the gradient with respect to what [`softmax_heads`] made to that with respect to what it
    /// was made from, in place.
    pub(super) fn through_softmax_heads<'a>(made: &'a [f32], gradient: &'a mut [f32]) {
        let scale = (FEATURES as f32).powf(-0.5);
        let made = made.as_chunks::<FEATURES>().0;
        for (made, gradient) in made.iter().zip(gradient.as_chunks_mut::<FEATURES>().0) {
            let products: [f32; FEATURES] = std::array::from_fn(|i| made[i] * gradient[i]);
            let mean = fold(&products, |a, b| a + b) / scale;
            for (gradient, made) in gradient.iter_mut().zip(made) {
                *gradient = made * (*gradient - mean);
            }
        }
    }
}

/// A reduction of a head in an order that vector instructions can follow: halves, pair by pair.
#[inline(always)]
fn fold(values: &[f32; FEATURES], with: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = *values;
    let mut half = FEATURES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = with(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

vectorised! {
    /// The largest `k` of each feature, among those before and those of a block.
    fn raised<'a>(k: &'a [f32], largest: &'a mut [f32]) {
        for row in k.chunks_exact(HIDDEN) {
            for (largest, k) in largest.iter_mut().zip(row) {
                *largest = if *k > *largest { *k } else { *largest };
            }
        }
    }
}

vectorised! {
    /// `k` becomes `exp(k - largest)`, which is added to the sums.
    fn exponentials<'a>(k: &'a mut [f32], largest: &'a [f32], sum: &'a mut [f32]) {
        for row in k.chunks_exact_mut(HIDDEN) {
            for ((k, largest), sum) in row.iter_mut().zip(largest).zip(sum.iter_mut()) {
                *k = exp(*k - largest);
                *sum += *k;
            }
        }
    }
}

/// A softmax over voxels that are seen block by block: the largest value of each feature so far,
/// the sum of `exp(k - largest)`, and the sum of that times the input for each feature and channel.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub largest: Vec<f32>,
    pub sum: Vec<f32>,
    pub inputs: Vec<f32>,
    channels: usize,
    arithmetic: Arithmetic,
}

impl Running {
    pub fn new(channels: usize, arithmetic: Arithmetic) -> Self {
        Running {
            largest: vec![f32::NEG_INFINITY; HIDDEN],
            sum: vec![0.0; HIDDEN],
            inputs: vec![0.0; HIDDEN * channels],
            channels,
            arithmetic,
        }
    }

    /// Adds a block of `k` and of the input; `k` becomes its exponential.
    pub fn add(&mut self, k: &mut [f32], x: &[f32]) {
        let mut largest = self.largest.clone();
        raised(k, &mut largest);
        self.raise(&largest);
        exponentials(k, &largest, &mut self.sum);
        let rows = k.len() / HIDDEN;
        let left = Columns::all(k, HIDDEN);
        let right = Columns::all(x, self.channels);
        add_outer(left, right, rows, &mut self.inputs, self.arithmetic);
    }

    /// Expresses the sums relative to larger values.
    fn raise(&mut self, largest: &[f32]) {
        let inputs = self.inputs.chunks_exact_mut(self.channels);
        let features = self.largest.iter_mut().zip(largest).zip(&mut self.sum);
        for (((before, now), sum), inputs) in features.zip(inputs) {
            if *now > *before {
                // Zero at the first block: exp of minus infinity, and all sums are zero then.
                let factor = (*before - *now).exp();
                *sum *= factor;
                for value in inputs {
                    *value *= factor;
                }
                *before = *now;
            }
        }
    }

    /// Adds the voxels of another.
    pub fn merge(&mut self, mut other: Self) {
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
        for (to, from) in self.inputs.iter_mut().zip(&other.inputs) {
            *to += from;
        }
    }
}
