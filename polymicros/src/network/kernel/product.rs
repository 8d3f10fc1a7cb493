//! Rows of input times packed weights.

use super::heights::each_tile;
use super::pack::Data;
use super::registers::{copied, load, plus_outer, store};
use super::{COLUMNS, Packed, Segment, bf16};
use pulp::{Simd, WithSimd};
use std::array::from_fn;

/// What a product starts from.
#[derive(Clone, Copy)]
pub(in crate::network) enum Start<'a> {
    /// Zero.
    Zero,
    /// A value for each column.
    Bias(&'a [f32]),
    /// What the output holds already.
    Output,
}

/// `output[r, c] = start + sum over the segments s and k of input[s.input + place of r + k]
/// * weights[s.weights + k, c]`.
///
/// Rows come in `lines` of `rows` each: row `r` of line `l` takes its input at
/// `l * line_stride + r * stride` more, and gives its output at
/// `l * output_line + r * output_stride`.
pub(in crate::network) struct Product<'a> {
    pub input: &'a [f32],
    /// From one row's input to the next one's.
    pub stride: usize,
    /// From one line's input to the next one's.
    pub line_stride: usize,
    pub segments: &'a [Segment],
    pub weights: &'a Packed,
    pub start: Start<'a>,
    pub rows: usize,
    pub lines: usize,
    pub output: &'a mut [f32],
    /// From one row of the output to the next.
    pub output_stride: usize,
    /// From one line of the output to the next.
    pub output_line: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        #[cfg(test)]
        super::count::add(
            self.lines * self.rows,
            self.segments,
            self.weights.columns(),
        );
        let panels = match &self.weights.data {
            Data::F32(panels) => panels,
            Data::Bf16(panels) => return bf16::product(self, panels),
        };
        // The accumulators and what is multiplied fill the registers: 12 x 1 of 32, or 6 x 2 of 16.
        match S::F32_LANES {
            16 => self.run::<S, 1, 12>(simd, panels),
            8 => self.run::<S, 2, 6>(simd, panels),
            4 => self.run::<S, 4, 6>(simd, panels),
            _ => self.run::<S, COLUMNS, 1>(simd, panels),
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const MOST: usize>(mut self, simd: S, panels: &[f32]) {
        let size = self.weights.size();
        for (panel, weights) in panels.chunks_exact(size).enumerate() {
            each_tile!(
                from of self.rows * self.lines, at most MOST:
                self.tile::<S, V>(simd, panel, weights, from)
            );
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const V: usize, const M: usize>(
        &mut self,
        simd: S,
        panel: usize,
        weights: &[f32],
        first: usize,
    ) {
        let column = panel * COLUMNS;
        let width = (self.weights.columns() - column).min(COLUMNS);
        let mut inputs = [0; M];
        let mut outputs = [0; M];
        let (mut line, mut row) = (first / self.rows, first % self.rows);
        for (input, output) in inputs.iter_mut().zip(&mut outputs) {
            *input = line * self.line_stride + row * self.stride;
            *output = line * self.output_line + row * self.output_stride + column;
            row += 1;
            if row == self.rows {
                (line, row) = (line + 1, 0);
            }
        }
        let start = match self.start {
            Start::Zero => [[simd.splat_f32s(0.0); V]; M],
            Start::Bias(bias) => [load(simd, &bias[column..column + width]); M],
            Start::Output => from_fn(|m| load(simd, &self.output[outputs[m]..][..width])),
        };
        let sums = self.sums(simd, start, weights, &inputs);
        for (sums, at) in sums.iter().zip(outputs) {
            store(simd, sums, &mut self.output[at..at + width]);
        }
    }

    /// The sums of `M` rows whose inputs begin there. A function that makes whole arrays and gives one:
    /// see [`plus_outer`].
    #[allow(unsafe_code)]
    #[inline(always)]
    fn sums<S: Simd, const V: usize, const M: usize>(
        &self,
        simd: S,
        start: [[S::f32s; V]; M],
        weights: &[f32],
        inputs: &[usize; M],
    ) -> [[S::f32s; V]; M] {
        let mut sums = copied(&start);
        for segment in self.segments {
            let weights = &weights[segment.weights * COLUMNS..][..segment.depth * COLUMNS];
            let (weights, _) = S::as_simd_f32s(weights).0.as_chunks::<V>();
            let rows: [&[f32]; M] =
                from_fn(|m| &self.input[segment.input + inputs[m]..][..weights.len()]);
            for (k, weights) in weights.iter().enumerate() {
                // SAFETY: each row was cut to as many values as there are weights.
                let value = |m: usize| unsafe { *rows[m].get_unchecked(k) };
                sums = plus_outer(simd, sums, value, weights);
            }
        }
        copied(&sums)
    }
}
