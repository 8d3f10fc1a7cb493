//! Products of tiles by any machine.

use super::tiles::{Block, DEPTH, SIDE, Sums, TILE, TileProduct};
use crate::network::kernel::vectorised;

/// As [`TileProduct::run`].
pub(super) fn run(product: &TileProduct, block: &Block, sums: &mut Sums) {
    let places = match *block {
        Block::Tall { left, right } => left.map(|left| [left, right]),
        Block::Square {
            left: [a, b],
            right: [c, d],
        } => [[a, c], [a, d], [b, c], [b, d]],
    };
    for ([left, right], sums) in places.into_iter().zip(&mut sums.0) {
        sums.fill(0.0);
        for step in product.steps {
            let left = &product.left[step.left + left..];
            let right = &product.right[step.right + right..][..TILE];
            add(left, product.stride, right, sums);
        }
    }
}

vectorised! {
    fn add<'a>(
        left: &'a [u16],
        stride: usize,
        right: &'a [u16],
        sums: &'a mut [f32; SIDE * SIDE],
    ) {
        let value = |bits: u16| f32::from_bits(u32::from(bits) << 16);
        for (row, sums) in sums.as_chunks_mut::<SIDE>().0.iter_mut().enumerate() {
            let left = &left[row * stride..][..DEPTH];
            for (left, right) in left.as_chunks::<2>().0.iter().zip(right.as_chunks::<DEPTH>().0) {
                let [even, odd] = left.map(value);
                for (sum, right) in sums.iter_mut().zip(right.as_chunks::<2>().0) {
                    *sum += even * value(right[0]) + odd * value(right[1]);
                }
            }
        }
    }
}
