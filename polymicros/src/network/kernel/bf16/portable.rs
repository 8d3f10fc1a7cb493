//! Products of tiles by any machine.

use super::tiles::{Block, Form};
use super::{DEPTH, SIDE, TILE, Target, TileProduct};
use crate::network::kernel::vectorised;

/// As [`TileProduct::run_blocks`].
pub(super) fn run(product: &TileProduct, form: Form, blocks: &[Block], target: &mut Target) {
    for [left, right, output] in blocks.iter().flat_map(|block| block.tiles(form)) {
        let mut sums = [[0.0; SIDE]; SIDE];
        for step in product.steps {
            let left = &product.left[step.left + left..];
            let right = &product.right[step.right + right..][..TILE];
            add(left, product.stride, right, &mut sums);
        }
        for (row, sums) in sums.iter().enumerate() {
            target.values[output + row * target.stride..][..SIDE].copy_from_slice(sums);
        }
    }
}

vectorised! {
    fn add<'a>(
        left: &'a [u16],
        stride: usize,
        right: &'a [u16],
        sums: &'a mut [[f32; SIDE]; SIDE],
    ) {
        let value = |bits: u16| f32::from_bits(u32::from(bits) << 16);
        for (row, sums) in sums.iter_mut().enumerate() {
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
