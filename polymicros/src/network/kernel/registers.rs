//! Sums that stay in registers: rows of up to [`COLUMNS`] values, each in as many registers as that
//! takes.

use super::COLUMNS;
use pulp::Simd;
use std::array::from_fn;

/// `sums[m] + value(m) * columns`.
///
/// The sums are made anew and not changed in place, and what goes through them row by row, as loads
/// and stores do, sees [`copied`] ones: only so the compiler keeps them in registers where there are
/// several to a row. With AVX2 the kernel is three times as fast for it.
#[inline(always)]
pub(super) fn plus_outer<S: Simd, const V: usize, const M: usize>(
    simd: S,
    sums: [[S::f32s; V]; M],
    value: impl Fn(usize) -> f32,
    columns: &[S::f32s; V],
) -> [[S::f32s; V]; M] {
    from_fn(
        #[inline(always)]
        |m| {
            let value = simd.splat_f32s(value(m));
            from_fn(
                #[inline(always)]
                |v| simd.mul_add_f32s(value, columns[v], sums[m][v]),
            )
        },
    )
}

/// The same registers under another name.
#[inline(always)]
pub(super) fn copied<R: Copy, const V: usize, const M: usize>(
    registers: &[[R; V]; M],
) -> [[R; V]; M] {
    from_fn(|m| from_fn(|v| registers[m][v]))
}

/// Up to [`COLUMNS`] values in registers; what is missing is zero.
#[inline(always)]
pub(super) fn load<S: Simd, const V: usize>(simd: S, values: &[f32]) -> [S::f32s; V] {
    if values.len() == COLUMNS {
        let whole = S::as_simd_f32s(values).0;
        from_fn(|v| whole[v])
    } else {
        from_fn(|v| simd.partial_load_f32s(values.get(v * S::F32_LANES..).unwrap_or(&[])))
    }
}

/// Writes registers to up to [`COLUMNS`] values.
#[inline(always)]
pub(super) fn store<S: Simd, const V: usize>(simd: S, from: &[S::f32s; V], to: &mut [f32]) {
    if to.len() == COLUMNS {
        S::as_mut_simd_f32s(to).0.copy_from_slice(from);
    } else {
        for (part, from) in to.chunks_mut(S::F32_LANES).zip(from) {
            simd.partial_store_f32s(part, *from);
        }
    }
}
