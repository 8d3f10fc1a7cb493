//! The transforms of Winograd's minimal filtering `F(4, 3)`.
//!
//! Four values that a filter of three gives cost twelve multiplications, or six: `y = Aᵀ [(G g) ⊙
//! (Bᵀ d)]` (Lavin and Gray, arXiv 1509.09308, with the points 0, ±1, ±2 and infinity), where `d`
//! are the six values that the four see. The gradient goes back through the transposed maps.

use pulp::{Simd, WithSimd};
use std::array::from_fn;

/// Values that a tile gives.
pub(in crate::network) const TILE: usize = 4;
/// Products of a tile.
pub(in crate::network) const POINTS: usize = 6;

/// `G`: what each product multiplies by, from the three values of a filter.
pub(in crate::network) const FILTER: [[f32; 3]; POINTS] = [
    [1.0 / 4.0, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// One of the maps.
#[derive(Debug, Clone, Copy)]
pub(in crate::network) enum Map<'a> {
    /// `Bᵀ`, six to six.
    Input,
    /// `B`, six to six, added to the output.
    InputAdjoint,
    /// `Aᵀ`, six to four, plus a value for each channel; only `valid` outputs are written.
    Output { bias: &'a [f32], valid: usize },
    /// `A`, four to six; inputs from `valid` on are zero.
    OutputAdjoint { valid: usize },
}

/// A map applied to each channel of tiles that follow each other along z.
pub(in crate::network) struct Transform<'a> {
    pub map: Map<'a>,
    pub input: &'a [f32],
    /// From one value of a tile to the next, and from one tile to the next.
    pub input_stride: usize,
    pub input_tile: usize,
    pub output: &'a mut [f32],
    pub output_stride: usize,
    pub output_tile: usize,
    pub tiles: usize,
    pub channels: usize,
}

impl WithSimd for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let all = usize::MAX;
        for tile in 0..self.tiles {
            for channel in (0..self.channels).step_by(S::F32_LANES) {
                match self.map {
                    Map::Input => {
                        let d = self.load(simd, tile, channel, all);
                        self.store(simd, tile, channel, all, input(simd, d));
                    }
                    Map::InputAdjoint => {
                        let u = self.load(simd, tile, channel, all);
                        self.add(simd, tile, channel, input_adjoint(simd, u));
                    }
                    Map::Output { bias, valid } => {
                        let m = self.load(simd, tile, channel, all);
                        let end = self.channels.min(channel + S::F32_LANES);
                        let bias = values(simd, &bias[channel..end]);
                        let y = output(simd, m).map(|y| simd.add_f32s(y, bias));
                        self.store(simd, tile, channel, valid, y);
                    }
                    Map::OutputAdjoint { valid } => {
                        let g = self.load(simd, tile, channel, valid);
                        self.store(simd, tile, channel, all, output_adjoint(simd, g));
                    }
                }
            }
        }
    }
}

impl Transform<'_> {
    /// Up to a register's worth of channels of the values of a tile; zero from value `valid` of
    /// all tiles on.
    #[inline(always)]
    fn load<S: Simd, const N: usize>(
        &self,
        simd: S,
        tile: usize,
        channel: usize,
        valid: usize,
    ) -> [S::f32s; N] {
        let count = S::F32_LANES.min(self.channels - channel);
        from_fn(|i| {
            if tile * TILE + i < valid {
                let at = tile * self.input_tile + i * self.input_stride + channel;
                values(simd, &self.input[at..at + count])
            } else {
                simd.splat_f32s(0.0)
            }
        })
    }

    #[inline(always)]
    fn store<S: Simd, const N: usize>(
        &mut self,
        simd: S,
        tile: usize,
        channel: usize,
        valid: usize,
        values: [S::f32s; N],
    ) {
        let count = S::F32_LANES.min(self.channels - channel);
        for (i, values) in values.into_iter().enumerate() {
            if tile * TILE + i < valid {
                let at = tile * self.output_tile + i * self.output_stride + channel;
                write(simd, &mut self.output[at..at + count], values);
            }
        }
    }

    #[inline(always)]
    fn add<S: Simd, const N: usize>(
        &mut self,
        simd: S,
        tile: usize,
        channel: usize,
        added: [S::f32s; N],
    ) {
        let count = S::F32_LANES.min(self.channels - channel);
        for (i, added) in added.into_iter().enumerate() {
            let at = tile * self.output_tile + i * self.output_stride + channel;
            let to = &mut self.output[at..at + count];
            let sum = simd.add_f32s(values(simd, to), added);
            write(simd, to, sum);
        }
    }
}

#[inline(always)]
fn values<S: Simd>(simd: S, from: &[f32]) -> S::f32s {
    match S::as_simd_f32s(from).0 {
        [whole] => *whole,
        _ => simd.partial_load_f32s(from),
    }
}

#[inline(always)]
fn write<S: Simd>(simd: S, to: &mut [f32], values: S::f32s) {
    if to.len() == S::F32_LANES {
        S::as_mut_simd_f32s(to).0.fill(values);
    } else {
        simd.partial_store_f32s(to, values);
    }
}

/// `a + k b`.
#[inline(always)]
fn plus<S: Simd>(simd: S, a: S::f32s, k: f32, b: S::f32s) -> S::f32s {
    simd.mul_add_f32s(simd.splat_f32s(k), b, a)
}

#[inline(always)]
fn input<S: Simd>(simd: S, d: [S::f32s; 6]) -> [S::f32s; 6] {
    let four = simd.splat_f32s(4.0);
    let (even, odd) = (plus(simd, d[4], -4.0, d[2]), plus(simd, d[3], -4.0, d[1]));
    let (near, step) = (simd.sub_f32s(d[4], d[2]), simd.sub_f32s(d[3], d[1]));
    [
        simd.mul_add_f32s(four, d[0], plus(simd, d[4], -5.0, d[2])),
        simd.add_f32s(even, odd),
        simd.sub_f32s(even, odd),
        plus(simd, near, 2.0, step),
        plus(simd, near, -2.0, step),
        simd.mul_add_f32s(four, d[1], plus(simd, d[5], -5.0, d[3])),
    ]
}

#[inline(always)]
fn input_adjoint<S: Simd>(simd: S, u: [S::f32s; 6]) -> [S::f32s; 6] {
    let (sum1, sum2) = (simd.add_f32s(u[1], u[2]), simd.add_f32s(u[3], u[4]));
    let (odd1, odd2) = (simd.sub_f32s(u[1], u[2]), simd.sub_f32s(u[3], u[4]));
    let four = simd.splat_f32s(4.0);
    let last = plus(simd, plus(simd, odd1, 2.0, odd2), -5.0, u[5]);
    let first = plus(simd, simd.mul_f32s(four, u[5]), -4.0, odd1);
    let middle = plus(simd, simd.neg_f32s(sum2), -4.0, sum1);
    [
        simd.mul_f32s(four, u[0]),
        plus(simd, first, -2.0, odd2),
        plus(simd, middle, -5.0, u[0]),
        last,
        simd.add_f32s(u[0], simd.add_f32s(sum1, sum2)),
        u[5],
    ]
}

#[inline(always)]
fn output<S: Simd>(simd: S, m: [S::f32s; 6]) -> [S::f32s; 4] {
    let (sum1, sum2) = (simd.add_f32s(m[1], m[2]), simd.add_f32s(m[3], m[4]));
    let (odd1, odd2) = (simd.sub_f32s(m[1], m[2]), simd.sub_f32s(m[3], m[4]));
    [
        simd.add_f32s(m[0], simd.add_f32s(sum1, sum2)),
        plus(simd, odd1, 2.0, odd2),
        plus(simd, sum1, 4.0, sum2),
        simd.add_f32s(plus(simd, odd1, 8.0, odd2), m[5]),
    ]
}

#[inline(always)]
fn output_adjoint<S: Simd>(simd: S, g: [S::f32s; 4]) -> [S::f32s; 6] {
    let (even1, odd1) = (simd.add_f32s(g[0], g[2]), simd.add_f32s(g[1], g[3]));
    let even2 = plus(simd, g[0], 4.0, g[2]);
    let half = plus(simd, g[1], 4.0, g[3]);
    [
        g[0],
        simd.add_f32s(even1, odd1),
        simd.sub_f32s(even1, odd1),
        plus(simd, even2, 2.0, half),
        plus(simd, even2, -2.0, half),
        g[3],
    ]
}
