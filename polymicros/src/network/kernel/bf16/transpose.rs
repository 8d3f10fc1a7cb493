//! From right tiles to left tiles: pairs of values become columns.

use super::{DEPTH, SIDE, TILE};
use pulp::cast;

/// The left tile whose column pairs are the pairs of rows of a right tile.
pub(in crate::network) fn transpose(tile: &[u16; TILE]) -> [[u16; DEPTH]; SIDE] {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V4::try_new() {
        return pulp::Simd::vectorize(simd, avx512::Work { simd, tile });
    }
    portable(tile)
}

/// A tile of sums with rows and columns exchanged.
pub(super) fn transpose_sums(tile: &[f32; SIDE * SIDE]) -> [f32; SIDE * SIDE] {
    cast(transpose(&cast(*tile)))
}

fn portable(tile: &[u16; TILE]) -> [[u16; DEPTH]; SIDE] {
    let mut transposed = [[0; DEPTH]; SIDE];
    for (pair, values) in tile.as_chunks::<DEPTH>().0.iter().enumerate() {
        for (row, values) in transposed.iter_mut().zip(values.as_chunks::<2>().0) {
            row[2 * pair..2 * pair + 2].copy_from_slice(values);
        }
    }
    transposed
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::{DEPTH, SIDE, TILE};
    use pulp::x86::V4;
    use pulp::{Simd, WithSimd, cast};
    use std::arch::x86_64::__m512i;

    pub(super) struct Work<'a> {
        pub simd: V4,
        pub tile: &'a [u16; TILE],
    }

    impl WithSimd for Work<'_> {
        type Output = [[u16; DEPTH]; SIDE];

        /// A pair is a value of 32 bits. First 4 x 4 blocks within the quarters of four registers
        /// are transposed, then quarters change places.
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> [[u16; DEPTH]; SIDE] {
            let avx = self.simd.avx512f;
            let rows = self.tile.as_chunks::<DEPTH>().0;
            // No closures: what they call would not be compiled for AVX-512.
            let mut groups = [[cast::<[u16; DEPTH], __m512i>([0; DEPTH]); 4]; 4];
            for (group, rows) in groups.iter_mut().zip(rows.as_chunks::<4>().0) {
                let (a, b) = (cast(rows[0]), cast(rows[1]));
                let (c, d) = (cast(rows[2]), cast(rows[3]));
                let low = avx._mm512_unpacklo_epi32(a, b);
                let low = (low, avx._mm512_unpacklo_epi32(c, d));
                let high = avx._mm512_unpackhi_epi32(a, b);
                let high = (high, avx._mm512_unpackhi_epi32(c, d));
                group[0] = avx._mm512_unpacklo_epi64(low.0, low.1);
                group[1] = avx._mm512_unpackhi_epi64(low.0, low.1);
                group[2] = avx._mm512_unpacklo_epi64(high.0, high.1);
                group[3] = avx._mm512_unpackhi_epi64(high.0, high.1);
            }
            const EVEN: i32 = 0x88;
            const ODD: i32 = 0xdd;
            let mut transposed = [[0; DEPTH]; SIDE];
            for column in 0..4 {
                let (a, b) = (groups[0][column], groups[1][column]);
                let (c, d) = (groups[2][column], groups[3][column]);
                let even = avx._mm512_shuffle_i32x4::<EVEN>(a, b);
                let even = (even, avx._mm512_shuffle_i32x4::<EVEN>(c, d));
                let odd = avx._mm512_shuffle_i32x4::<ODD>(a, b);
                let odd = (odd, avx._mm512_shuffle_i32x4::<ODD>(c, d));
                transposed[column] = cast(avx._mm512_shuffle_i32x4::<EVEN>(even.0, even.1));
                transposed[4 + column] = cast(avx._mm512_shuffle_i32x4::<EVEN>(odd.0, odd.1));
                transposed[8 + column] = cast(avx._mm512_shuffle_i32x4::<ODD>(even.0, even.1));
                transposed[12 + column] = cast(avx._mm512_shuffle_i32x4::<ODD>(odd.0, odd.1));
            }
            transposed
        }
    }
}
