//! The two kinds of number that are transformed, many at a time.

use pulp::Simd;
use rustfft::{FftNum, num_complex::Complex};

/// `f32` or `f64`.
pub trait Real: FftNum + Into<f64> + sealed::Vectors {}

impl Real for f32 {}
impl Real for f64 {}

pub(super) mod sealed {
    use super::{Complex, Simd};

    /// Arithmetic on as many numbers as a register of the instruction set `S` holds.
    pub trait Vectors: Copy {
        type Vector<S: Simd>: Copy;

        /// All numbers of a slice whose length is a multiple of a register's.
        fn vectors<S: Simd>(numbers: &[Self]) -> &[Self::Vector<S>]
        where
            Self: Sized;
        fn vectors_mut<S: Simd>(numbers: &mut [Self]) -> &mut [Self::Vector<S>]
        where
            Self: Sized;
        /// Real and imaginary parts in turn.
        fn parts(numbers: &[Complex<Self>]) -> &[Self]
        where
            Self: Sized;
        fn parts_mut(numbers: &mut [Complex<Self>]) -> &mut [Self]
        where
            Self: Sized;
        /// Two registers of real and imaginary parts in turn as one of each, in an order of the
        /// machine's.
        fn apart<S: Simd>(simd: S, mixed: [Self::Vector<S>; 2]) -> [Self::Vector<S>; 2];
        /// What [`apart`](Self::apart) undoes.
        fn together<S: Simd>(simd: S, apart: [Self::Vector<S>; 2]) -> [Self::Vector<S>; 2];
        /// The same number everywhere, rounded to this kind.
        fn constant<S: Simd>(simd: S, number: f64) -> Self::Vector<S>;
        fn splat<S: Simd>(simd: S, number: Self) -> Self::Vector<S>;
        fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
        fn minus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
        fn times<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
        /// `a b + c`, rounded once where the machine can.
        fn times_plus<S: Simd>(
            simd: S,
            a: Self::Vector<S>,
            b: Self::Vector<S>,
            c: Self::Vector<S>,
        ) -> Self::Vector<S>;
        /// `a b - c`, rounded once where the machine can.
        fn times_minus<S: Simd>(
            simd: S,
            a: Self::Vector<S>,
            b: Self::Vector<S>,
            c: Self::Vector<S>,
        ) -> Self::Vector<S>;
    }

    /// Each kind has methods of its own name in `pulp`.
    macro_rules! vectors {
        ($number:ty, $vector:ident, $as:ident, $as_mut:ident, $splat:ident, $neg:ident,
         $apart:ident, $together:ident,
         $add:ident, $sub:ident, $mul:ident, $mul_add:ident) => {
            impl Vectors for $number {
                type Vector<S: Simd> = S::$vector;

                #[inline(always)]
                fn vectors<S: Simd>(numbers: &[Self]) -> &[S::$vector] {
                    S::$as(numbers).0
                }
                #[inline(always)]
                fn vectors_mut<S: Simd>(numbers: &mut [Self]) -> &mut [S::$vector] {
                    S::$as_mut(numbers).0
                }
                #[inline(always)]
                fn parts(numbers: &[Complex<Self>]) -> &[Self] {
                    pulp::bytemuck::cast_slice(numbers)
                }
                #[inline(always)]
                fn parts_mut(numbers: &mut [Complex<Self>]) -> &mut [Self] {
                    pulp::bytemuck::cast_slice_mut(numbers)
                }
                #[inline(always)]
                fn apart<S: Simd>(simd: S, mixed: [S::$vector; 2]) -> [S::$vector; 2] {
                    simd.$apart(mixed)
                }
                #[inline(always)]
                fn together<S: Simd>(simd: S, apart: [S::$vector; 2]) -> [S::$vector; 2] {
                    simd.$together(apart)
                }
                #[inline(always)]
                fn constant<S: Simd>(simd: S, number: f64) -> S::$vector {
                    simd.$splat(number as $number)
                }
                #[inline(always)]
                fn splat<S: Simd>(simd: S, number: Self) -> S::$vector {
                    simd.$splat(number)
                }
                #[inline(always)]
                fn plus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                    simd.$add(a, b)
                }
                #[inline(always)]
                fn minus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                    simd.$sub(a, b)
                }
                #[inline(always)]
                fn times<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                    simd.$mul(a, b)
                }
                #[inline(always)]
                fn times_plus<S: Simd>(
                    simd: S,
                    a: S::$vector,
                    b: S::$vector,
                    c: S::$vector,
                ) -> S::$vector {
                    simd.$mul_add(a, b, c)
                }
                #[inline(always)]
                fn times_minus<S: Simd>(
                    simd: S,
                    a: S::$vector,
                    b: S::$vector,
                    c: S::$vector,
                ) -> S::$vector {
                    simd.$mul_add(a, b, simd.$neg(c))
                }
            }
        };
    }

    vectors!(
        f32,
        f32s,
        as_simd_f32s,
        as_mut_simd_f32s,
        splat_f32s,
        neg_f32s,
        deinterleave_shfl_f32s,
        interleave_shfl_f32s,
        add_f32s,
        sub_f32s,
        mul_f32s,
        mul_add_e_f32s
    );
    vectors!(
        f64,
        f64s,
        as_simd_f64s,
        as_mut_simd_f64s,
        splat_f64s,
        neg_f64s,
        deinterleave_shfl_f64s,
        interleave_shfl_f64s,
        add_f64s,
        sub_f64s,
        mul_f64s,
        mul_add_e_f64s
    );
}
