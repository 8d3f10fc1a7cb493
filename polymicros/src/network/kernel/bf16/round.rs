//! Rounding to bf16, sixteen values at a time.
//!
//! Of loops of so few steps the compiler makes no vector instructions, and they are what a product
//! waits for: for AVX-512 they are written out.

use super::pairs::PAIR;
use super::{DEPTH, SIDE};
use pulp::{Simd, WithSimd, cast};

/// The bits of the bf16 nearest to `x`, the even one of two, in the upper half; any in the lower.
#[inline(always)]
fn nearest(x: f32) -> u32 {
    let bits = x.to_bits();
    bits.wrapping_add(0x7fff + (bits >> 16 & 1))
}

/// Rounds values to as many.
#[inline(always)]
pub(super) fn round<S: Simd>(simd: S, from: &[f32], to: &mut [u16]) {
    let (from, from_rest) = from.as_chunks::<SIDE>();
    let (to, to_rest) = to.as_chunks_mut::<SIDE>();
    for (to, from) in to.iter_mut().zip(from) {
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = avx512::of(simd) {
            *to = avx512::round(simd, *from);
            continue;
        }
        round_each(from, to);
    }
    round_each(from_rest, to_rest);
}

/// Rounds up to [`DEPTH`] values, from place `lead` on, to a row of a left tile: the rest are zeros.
///
/// A tile that is loaded soon after waits for rows that were stored in parts: whole ones are stored at
/// once.
#[inline(always)]
pub(super) fn round_row<S: Simd>(simd: S, from: &[f32], lead: usize, to: &mut [u16; DEPTH]) {
    #[cfg(target_arch = "x86_64")]
    if let (Some(simd), 0, Some(first)) = (avx512::of(simd), lead, from.first_chunk()) {
        let rest = &from[SIDE..];
        if rest.is_empty() {
            *to = avx512::round_row(simd, *first, [0.0; SIDE]);
            return;
        }
        if let (Some(second), DEPTH) = (rest.first_chunk(), from.len()) {
            *to = avx512::round_row(simd, *first, *second);
            return;
        }
    }
    let mut row = [0; DEPTH];
    round_each(from, &mut row[lead..lead + from.len()]);
    *to = row;
}

#[inline(always)]
fn round_each(from: &[f32], to: &mut [u16]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = (nearest(*from) >> 16) as u16;
    }
}

/// Rounds two rows to a pair of rows.
#[inline(always)]
pub(super) fn round_pair<S: Simd>(simd: S, even: [f32; SIDE], odd: [f32; SIDE]) -> [u16; PAIR] {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = avx512::of(simd) {
        return avx512::round_pair(simd, even, odd);
    }
    let mut words = [0; SIDE];
    for (word, (even, odd)) in words.iter_mut().zip(even.into_iter().zip(odd)) {
        *word = nearest(even) >> 16 | nearest(odd) & 0xffff_0000;
    }
    cast(words)
}

/// The pair of two rows that have been rounded.
#[inline(always)]
pub(super) fn pair<S: Simd>(simd: S, even: [u16; SIDE], odd: [u16; SIDE]) -> [u16; PAIR] {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = avx512::of(simd) {
        return avx512::pair(simd, even, odd);
    }
    let mut words = [0; SIDE];
    for (word, (even, odd)) in words.iter_mut().zip(even.into_iter().zip(odd)) {
        *word = u32::from(even) | u32::from(odd) << 16;
    }
    cast(words)
}

/// Rounds rows of `width` values to rows that are `stride` apart.
pub(in crate::network) struct RoundRows<'a> {
    pub from: &'a [f32],
    pub width: usize,
    pub to: &'a mut [u16],
    pub stride: usize,
}

impl WithSimd for RoundRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.width == self.stride {
            round(simd, self.from, &mut self.to[..self.from.len()]);
            return;
        }
        let rows = self.to.chunks_mut(self.stride);
        for (from, to) in self.from.chunks_exact(self.width).zip(rows) {
            round(simd, from, &mut to[..self.width]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::{DEPTH, PAIR, SIDE};
    use pulp::x86::V4;
    use pulp::{Simd, cast};
    use std::any::Any;
    use std::arch::x86_64::{__m256i, __m512i};

    /// The instructions, where it is these that a kernel is compiled for.
    #[inline(always)]
    pub(super) fn of<S: Simd>(simd: S) -> Option<V4> {
        (&simd as &dyn Any).downcast_ref().copied()
    }

    #[inline(always)]
    fn nearest(simd: V4, values: [f32; SIDE]) -> __m512i {
        let avx = simd.avx512f;
        let bits = cast(values);
        let even = avx._mm512_srli_epi32::<16>(bits);
        let even = avx._mm512_and_si512(even, avx._mm512_set1_epi32(1));
        let half = avx._mm512_add_epi32(even, avx._mm512_set1_epi32(0x7fff));
        avx._mm512_add_epi32(bits, half)
    }

    #[inline(always)]
    fn halves(simd: V4, values: [f32; SIDE]) -> __m256i {
        let avx = simd.avx512f;
        avx._mm512_cvtepi32_epi16(avx._mm512_srli_epi32::<16>(nearest(simd, values)))
    }

    #[inline(always)]
    pub(super) fn round(simd: V4, values: [f32; SIDE]) -> [u16; SIDE] {
        cast(halves(simd, values))
    }

    #[inline(always)]
    pub(super) fn round_row(simd: V4, first: [f32; SIDE], second: [f32; SIDE]) -> [u16; DEPTH] {
        let avx = simd.avx512f;
        let first = avx._mm512_castsi256_si512(halves(simd, first));
        cast(avx._mm512_inserti64x4::<1>(first, halves(simd, second)))
    }

    #[inline(always)]
    pub(super) fn round_pair(simd: V4, even: [f32; SIDE], odd: [f32; SIDE]) -> [u16; PAIR] {
        let avx = simd.avx512f;
        let even = avx._mm512_srli_epi32::<16>(nearest(simd, even));
        let upper = avx._mm512_set1_epi32(0xffff_0000_u32 as i32);
        let odd = avx._mm512_and_si512(nearest(simd, odd), upper);
        cast(avx._mm512_or_si512(even, odd))
    }

    #[inline(always)]
    pub(super) fn pair(simd: V4, even: [u16; SIDE], odd: [u16; SIDE]) -> [u16; PAIR] {
        let avx = simd.avx512f;
        let odd = avx._mm512_slli_epi32::<16>(avx._mm512_cvtepu16_epi32(cast(odd)));
        cast(avx._mm512_or_si512(avx._mm512_cvtepu16_epi32(cast(even)), odd))
    }
}
