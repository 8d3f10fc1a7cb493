//! Products and sums of outer products as they are defined, for tests of the kernels.

use super::{Outer, Packed, Product, Segment, Start};
use crate::network::Arithmetic;
use proptest::prelude::*;

/// Numbers without a pattern.
pub(super) fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 37 + seed * 101) as f32 * 0.618).sin())
        .collect()
}

/// What a kernel found beside the products that it is the sum of.
pub(super) struct Found {
    pub sum: f32,
    pub of: Vec<(f32, f32)>,
}

/// Segments of these depths, whose inputs begin `apart` values apart, and their depth in all.
fn segments(depths: &[usize], apart: usize) -> (Vec<Segment>, usize) {
    let mut whole = 0;
    let segments = depths.iter().enumerate().map(|(i, &depth)| {
        let weights = whole;
        whole += depth;
        Segment {
            input: apart * i,
            weights,
            depth,
        }
    });
    (segments.collect(), whole)
}

/// How large a product is.
#[derive(Debug, Clone)]
pub(super) struct ProductCase {
    rows: usize,
    lines: usize,
    columns: usize,
    depths: Vec<usize>,
    stride: usize,
    /// Values between the lines.
    gap: usize,
    /// Which [`Start`].
    start: usize,
}

/// Products of up to `most` rows and columns, and less deep than `deep`.
pub(super) fn product_cases(most: usize, deep: usize) -> impl Strategy<Value = ProductCase> {
    let depths = prop::collection::vec(1..deep, 1..4);
    let sizes = (1..most, 1..4usize, 1..most, depths);
    (sizes, 1..deep, 0..5usize, 0..3usize).prop_map(
        |((rows, lines, columns, depths), stride, gap, start)| ProductCase {
            rows,
            lines,
            columns,
            depths,
            stride,
            gap,
            start,
        },
    )
}

impl ProductCase {
    /// What `run` finds for each row and column. What lies between the lines has to stay.
    pub fn found(
        &self,
        arithmetic: Arithmetic,
        run: impl FnOnce(Product),
    ) -> Result<Vec<Found>, TestCaseError> {
        let (segments, depth) = segments(&self.depths, 5);
        let Self {
            rows,
            lines,
            columns,
            ..
        } = *self;
        let line_stride = rows * self.stride + self.gap;
        let output_line = rows * columns + self.gap;
        let deepest = self.depths.iter().max().copied().unwrap_or(0);
        let input = numbers(5 * self.depths.len() + lines * line_stride + deepest, 1);
        let matrix = numbers(depth * columns, 2);
        let packed = Packed::new(depth, columns, |r, c| matrix[r * columns + c]);
        let bias = numbers(columns, 3);
        let before = numbers(lines * output_line, 4);
        let mut output = before.clone();
        run(Product {
            input: &input,
            stride: self.stride,
            line_stride,
            segments: &segments,
            weights: &packed.with(arithmetic),
            start: [Start::Zero, Start::Bias(&bias), Start::Output][self.start],
            rows,
            lines,
            output: &mut output,
            output_stride: columns,
            output_line,
        });
        for (l, g) in (0..lines).flat_map(|l| (0..self.gap).map(move |g| (l, g))) {
            let at = l * output_line + rows * columns + g;
            prop_assert_eq!(output[at], before[at]);
        }
        let found = (0..lines * rows * columns).map(|i| {
            let (l, r, c) = (i / (rows * columns), i / columns % rows, i % columns);
            let at = l * output_line + r * columns + c;
            let products = segments.iter().flat_map(|s| {
                let input = &input[s.input + l * line_stride + r * self.stride..][..s.depth];
                let weights = matrix[s.weights * columns + c..].iter().step_by(columns);
                input.iter().copied().zip(weights.copied())
            });
            Found {
                sum: output[at] - [0.0, bias[c], before[at]][self.start],
                of: products.collect(),
            }
        });
        Ok(found.collect())
    }
}

/// How large a sum of outer products is.
#[derive(Debug, Clone)]
pub(super) struct OuterCase {
    rows: usize,
    lines: usize,
    columns: usize,
    depths: Vec<usize>,
    stride: usize,
}

/// Sums over up to `most` rows of a line.
pub(super) fn outer_cases(most: usize) -> impl Strategy<Value = OuterCase> {
    let depths = prop::collection::vec(1..40usize, 1..3);
    (1..most, 1..5usize, 1..40usize, depths, 1..40usize).prop_map(
        |(rows, lines, columns, depths, stride)| OuterCase {
            rows,
            lines,
            columns,
            depths,
            stride,
        },
    )
}

impl OuterCase {
    /// What `run` adds for each row and column of the sums.
    pub fn found(&self, arithmetic: Arithmetic, run: impl FnOnce(Outer)) -> Vec<Found> {
        let (segments, depth) = segments(&self.depths, 3);
        let Self {
            rows,
            lines,
            columns,
            stride,
            ..
        } = *self;
        let line = rows * stride + 2;
        let input = numbers(lines * line + 50, 1);
        let gradient = numbers(lines * rows * columns, 2);
        let before = numbers(depth * columns, 3);
        let mut sums = before.clone();
        run(Outer {
            input: &input,
            stride,
            line_stride: line,
            segments: &segments,
            gradient: &gradient,
            gradient_stride: columns,
            gradient_line: rows * columns,
            rows,
            lines,
            sums: &mut sums,
            columns,
            arithmetic,
        });
        let places = segments
            .iter()
            .flat_map(|s| (0..s.depth * columns).map(move |i| (s, i / columns, i % columns)));
        places
            .map(|(s, k, c)| {
                let at = (s.weights + k) * columns + c;
                let products = (0..lines * rows).map(|i| {
                    let value = input[s.input + k + i / rows * line + i % rows * stride];
                    (value, gradient[i * columns + c])
                });
                Found {
                    sum: sums[at] - before[at],
                    of: products.collect(),
                }
            })
            .collect()
    }
}
