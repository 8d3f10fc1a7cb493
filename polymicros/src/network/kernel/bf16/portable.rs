//! Products of tiles by any machine.

use super::pairs::PAIR;
use super::tiles::{Block, Form};
use super::{DEPTH, SIDE, TILE, Target, TileProduct};
use crate::network::kernel::registers::{copied, load, plus_outer, store};
use crate::network::kernel::{COLUMNS, dispatch};
use pulp::{Simd, WithSimd};
use std::array::from_fn;

const _: () = assert!(SIDE == COLUMNS);

/// As [`TileProduct::run_blocks`].
pub(super) fn run(product: &TileProduct, form: Form, blocks: &[Block], target: &mut Target) {
    for [left, right, output] in blocks.iter().flat_map(|block| block.tiles(form)) {
        let mut sums = [[0.0; SIDE]; SIDE];
        dispatch(Tile {
            product,
            left,
            right,
            sums: &mut sums,
        });
        for (row, sums) in sums.iter().enumerate() {
            target.values[output + row * target.stride..][..SIDE].copy_from_slice(sums);
        }
    }
}

/// A tile of sums, with its operands so much after those of each step.
struct Tile<'a> {
    product: &'a TileProduct<'a>,
    left: usize,
    right: usize,
    sums: &'a mut [[f32; SIDE]; SIDE],
}

impl WithSimd for Tile<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Rows whose sums fill the registers, of the powers of two.
        match S::F32_LANES {
            16 => self.run::<S, 1, 16>(simd),
            8 => self.run::<S, 2, 4>(simd),
            4 => self.run::<S, 4, 4>(simd),
            _ => self.run::<S, COLUMNS, 1>(simd),
        }
    }
}

impl Tile<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const M: usize>(self, simd: S) {
        for step in self.product.steps {
            let left = &self.product.left[step.left + self.left..];
            let right = &self.product.right[step.right + self.right..][..TILE];
            // Each is used for a whole side of the tile: as f32 once, and not each time.
            let left = widened_rows(left, self.product.stride);
            let right = widened_pairs(right);
            for (left, sums) in left
                .as_chunks::<M>()
                .0
                .iter()
                .zip(self.sums.as_chunks_mut::<M>().0)
            {
                add::<S, V, M>(simd, left, &right, sums);
            }
        }
    }
}

/// Adds the product of `M` rows to their sums.
#[inline(always)]
fn add<S: Simd, const V: usize, const M: usize>(
    simd: S,
    left: &[[f32; DEPTH]; M],
    right: &[[f32; SIDE]; DEPTH],
    to: &mut [[f32; SIDE]; M],
) {
    let before: [[S::f32s; V]; M] = from_fn(|m| load(simd, &to[m]));
    let mut sums = copied(&before);
    for (k, right) in right.iter().enumerate() {
        sums = plus_outer(simd, sums, |m| left[m][k], &load(simd, right));
    }
    for (to, sums) in to.iter_mut().zip(&copied(&sums)) {
        store(simd, sums, to);
    }
}

/// The rows of a left operand.
#[inline(always)]
fn widened_rows(left: &[u16], stride: usize) -> [[f32; DEPTH]; SIDE] {
    let mut rows = [[0.0; DEPTH]; SIDE];
    for (row, to) in rows.iter_mut().enumerate() {
        for (to, from) in to.iter_mut().zip(&left[row * stride..][..DEPTH]) {
            *to = widened(*from);
        }
    }
    rows
}

/// The rows of a right operand, which lie in pairs.
#[inline(always)]
fn widened_pairs(right: &[u16]) -> [[f32; SIDE]; DEPTH] {
    let mut rows = [[0.0; SIDE]; DEPTH];
    let pairs = right.as_chunks::<PAIR>().0;
    for ([even, odd], from) in rows.as_chunks_mut::<2>().0.iter_mut().zip(pairs) {
        let both = from.as_chunks::<2>().0.iter();
        for ((even, odd), from) in even.iter_mut().zip(odd).zip(both) {
            [*even, *odd] = from.map(widened);
        }
    }
    rows
}

#[inline(always)]
fn widened(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}
