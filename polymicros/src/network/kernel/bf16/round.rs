//! Rounding to bf16.

use crate::network::kernel::vectorised;

/// The bits of the bf16 nearest to `x`, the even one of two, in the upper half.
#[inline(always)]
pub(super) fn nearest(x: f32) -> u32 {
    let bits = x.to_bits();
    bits.wrapping_add(0x7fff + (bits >> 16 & 1))
}

vectorised! {
    /// Rounds rows of `width` values to rows that are `stride` apart.
    pub(in crate::network) fn round_columns<'a>(
        from: &'a [f32],
        width: usize,
        to: &'a mut [u16],
        stride: usize,
    ) {
        let (from, width) = match width == stride {
            true => (from, from.len()),
            false => (from, width),
        };
        for (from, to) in from.chunks_exact(width).zip(to.chunks_mut(stride.max(width))) {
            for (to, from) in to.iter_mut().zip(from) {
                *to = (nearest(*from) >> 16) as u16;
            }
        }
    }
}
