//! Sums of outer products: the gradient of a product with respect to its weights.

use super::heights::each_tile;
use super::registers::{copied, load, plus_outer, store};
use super::{COLUMNS, Segment, bf16};
use crate::network::Arithmetic;
use pulp::{Simd, WithSimd};
use std::array::from_fn;
use std::ops::Range;

/// `sums[s.weights + k, c] += sum over the rows of input[s.input + place + k] * gradient[row, c]`
/// for every segment `s`.
///
/// Rows come in `lines` of `rows` each: row `r` of line `l` takes its input at
/// `l * line_stride + r * stride` and its gradient at `l * gradient_line + r * gradient_stride`.
pub(in crate::network) struct Outer<'a> {
    pub input: &'a [f32],
    pub stride: usize,
    pub line_stride: usize,
    pub segments: &'a [Segment],
    pub gradient: &'a [f32],
    pub gradient_stride: usize,
    pub gradient_line: usize,
    pub rows: usize,
    pub lines: usize,
    /// Row-major, `columns` to a row.
    pub sums: &'a mut [f32],
    pub columns: usize,
    pub arithmetic: Arithmetic,
}

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        #[cfg(test)]
        super::count::add(self.lines * self.rows, self.segments, self.columns);
        if self.arithmetic == Arithmetic::Bf16 {
            return bf16::outer(self);
        }
        // As in a product: 12 x 1 accumulators of 32 registers, or 6 x 2 of 16.
        match S::F32_LANES {
            16 => self.run::<S, 1, 12>(simd),
            8 => self.run::<S, 2, 6>(simd),
            4 => self.run::<S, 4, 6>(simd),
            _ => self.run::<S, COLUMNS, 1>(simd),
        }
    }
}

impl Outer<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const MOST: usize>(mut self, simd: S) {
        for panel in 0..self.columns.div_ceil(COLUMNS) {
            for segment in self.segments {
                each_tile!(
                    from of segment.depth, at most MOST:
                    self.tile::<S, V>(simd, segment, from, panel)
                );
            }
        }
    }

    /// `M` rows of the sums, from `k` on.
    #[inline(always)]
    fn tile<S: Simd, const V: usize, const M: usize>(
        &mut self,
        simd: S,
        segment: &Segment,
        k: usize,
        panel: usize,
    ) {
        let column = panel * COLUMNS;
        let width = (self.columns - column).min(COLUMNS);
        let sums: [[S::f32s; V]; M] = self.added(simd, segment.input + k, column..column + width);
        for (m, sums) in sums.iter().enumerate() {
            let at = (segment.weights + k + m) * self.columns + column;
            let to = &mut self.sums[at..at + width];
            let before: [S::f32s; V] = load(simd, to);
            let total: [S::f32s; V] = from_fn(|v| simd.add_f32s(before[v], sums[v]));
            store(simd, &total, to);
        }
    }

    /// What the rows add to `M` rows of the sums. A function that makes whole arrays and gives one:
    /// see [`plus_outer`].
    #[allow(unsafe_code)]
    #[inline(always)]
    fn added<S: Simd, const V: usize, const M: usize>(
        &self,
        simd: S,
        input: usize,
        columns: Range<usize>,
    ) -> [[S::f32s; V]; M] {
        let mut sums = [[simd.splat_f32s(0.0); V]; M];
        let (width, last) = (columns.len(), self.rows.saturating_sub(1));
        let lines = if self.rows == 0 { 0 } else { self.lines };
        for line in 0..lines {
            let input = &self.input[input + line * self.line_stride..][..last * self.stride + M];
            let gradient = &self.gradient[line * self.gradient_line + columns.start..]
                [..last * self.gradient_stride + width];
            // SAFETY: both were cut where the last row's values end.
            let input =
                |row: usize, m: usize| unsafe { *input.get_unchecked(row * self.stride + m) };
            let gradient = |row: usize, width: usize| unsafe {
                gradient
                    .get_unchecked(row * self.gradient_stride..row * self.gradient_stride + width)
            };
            if width == COLUMNS {
                for row in 0..self.rows {
                    let gradient = load(simd, gradient(row, COLUMNS));
                    sums = plus_outer(simd, sums, |m| input(row, m), &gradient);
                }
            } else {
                for row in 0..self.rows {
                    let gradient = load(simd, gradient(row, width));
                    sums = plus_outer(simd, sums, |m| input(row, m), &gradient);
                }
            }
        }
        copied(&sums)
    }
}
