//! Sums of outer products: the gradient of a product with respect to its weights.

use super::product::{load, plus_outer, store};
use super::{COLUMNS, Segment, bf16};
use crate::network::Arithmetic;
use pulp::{Simd, WithSimd};

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
        match S::F32_LANES {
            16 => self.run::<S, 1>(simd),
            8 => self.run::<S, 2>(simd),
            4 => self.run::<S, 4>(simd),
            _ => self.run::<S, COLUMNS>(simd),
        }
    }
}

impl Outer<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize>(mut self, simd: S) {
        for panel in 0..self.columns.div_ceil(COLUMNS) {
            for segment in self.segments {
                let mut k = 0;
                while k < segment.depth {
                    match segment.depth - k {
                        1 => self.tile::<S, V, 1>(simd, segment, k, panel),
                        2 => self.tile::<S, V, 2>(simd, segment, k, panel),
                        3 => self.tile::<S, V, 3>(simd, segment, k, panel),
                        4 => self.tile::<S, V, 4>(simd, segment, k, panel),
                        5 => self.tile::<S, V, 5>(simd, segment, k, panel),
                        _ => self.tile::<S, V, 6>(simd, segment, k, panel),
                    }
                    k += 6;
                }
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
        let at = |m: usize| (segment.weights + k + m) * self.columns + column;
        let mut sums = [[simd.splat_f32s(0.0); V]; M];
        for line in 0..self.lines {
            let input = &self.input[segment.input + k + line * self.line_stride..];
            let gradient = &self.gradient[line * self.gradient_line + column..];
            if width == COLUMNS {
                for row in 0..self.rows {
                    let input = &input[row * self.stride..][..M];
                    let gradient = &gradient[row * self.gradient_stride..][..COLUMNS];
                    let gradient: [S::f32s; V] = load(simd, gradient);
                    sums = plus_outer(simd, sums, |m| input[m], &gradient);
                }
            } else {
                for row in 0..self.rows {
                    let input = &input[row * self.stride..][..M];
                    let gradient = &gradient[row * self.gradient_stride..][..width];
                    let gradient: [S::f32s; V] = load(simd, gradient);
                    sums = plus_outer(simd, sums, |m| input[m], &gradient);
                }
            }
        }
        for (m, sums) in sums.iter().enumerate() {
            let to = &mut self.sums[at(m)..at(m) + width];
            let before: [S::f32s; V] = load(simd, to);
            let total: [S::f32s; V] = std::array::from_fn(|v| simd.add_f32s(before[v], sums[v]));
            store(simd, &total, to);
        }
    }
}
