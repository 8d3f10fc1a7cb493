//! Transforms of two to five numbers, on vectors: what longer transforms are made of.

use super::real::Real;
use pulp::Simd;

/// A vector of complex numbers, real and imaginary parts apart.
#[derive(Clone, Copy)]
pub(super) struct Parts<V> {
    pub re: V,
    pub im: V,
}

impl<V> Parts<V> {
    /// With real and imaginary parts exchanged: before and after a forward transform, that makes an
    /// inverse one.
    #[inline(always)]
    pub fn exchanged_if(self, exchanged: bool) -> Self {
        if exchanged {
            Parts {
                re: self.im,
                im: self.re,
            }
        } else {
            self
        }
    }
}

/// The complex numbers of one vector of `T` on `S`.
pub(super) type Z<T, S> = Parts<<T as super::real::sealed::Vectors>::Vector<S>>;

/// The forward transform of `R` complex numbers, `Σ_j z_j exp(-2πi jk / R)` for each `k`.
pub(super) trait Butterfly<const R: usize> {
    fn transform<T: Real, S: Simd>(simd: S, z: [Z<T, S>; R]) -> [Z<T, S>; R];
}

pub(super) struct Two;
pub(super) struct Three;
pub(super) struct Four;
pub(super) struct Five;

impl Butterfly<2> for Two {
    #[inline(always)]
    fn transform<T: Real, S: Simd>(simd: S, [a, b]: [Z<T, S>; 2]) -> [Z<T, S>; 2] {
        [plus::<T, S>(simd, a, b), minus::<T, S>(simd, a, b)]
    }
}

impl Butterfly<3> for Three {
    #[inline(always)]
    fn transform<T: Real, S: Simd>(simd: S, [a, b, c]: [Z<T, S>; 3]) -> [Z<T, S>; 3] {
        let half = T::constant(simd, -0.5);
        let sine = T::constant(simd, 0.75f64.sqrt());
        let sum = plus::<T, S>(simd, b, c);
        let middle = add_times::<T, S>(simd, a, sum, half);
        let apart = scaled::<T, S>(simd, minus::<T, S>(simd, b, c), sine);
        [
            plus::<T, S>(simd, a, sum),
            minus_i::<T, S>(simd, middle, apart),
            plus_i::<T, S>(simd, middle, apart),
        ]
    }
}

impl Butterfly<4> for Four {
    #[inline(always)]
    fn transform<T: Real, S: Simd>(simd: S, [a, b, c, d]: [Z<T, S>; 4]) -> [Z<T, S>; 4] {
        let (even, odd) = (plus::<T, S>(simd, a, c), plus::<T, S>(simd, b, d));
        let (apart, turned) = (minus::<T, S>(simd, a, c), minus::<T, S>(simd, b, d));
        [
            plus::<T, S>(simd, even, odd),
            minus_i::<T, S>(simd, apart, turned),
            minus::<T, S>(simd, even, odd),
            plus_i::<T, S>(simd, apart, turned),
        ]
    }
}

impl Butterfly<5> for Five {
    #[inline(always)]
    fn transform<T: Real, S: Simd>(simd: S, [a, b, c, d, e]: [Z<T, S>; 5]) -> [Z<T, S>; 5] {
        let fifth = std::f64::consts::TAU / 5.0;
        let cosines = [fifth, 2.0 * fifth].map(|angle| T::constant(simd, angle.cos()));
        let sines = [fifth, 2.0 * fifth].map(|angle| T::constant(simd, angle.sin()));
        let (outer, inner) = (plus::<T, S>(simd, b, e), plus::<T, S>(simd, c, d));
        let (x, y) = (minus::<T, S>(simd, b, e), minus::<T, S>(simd, c, d));
        let near_a = add_times::<T, S>(simd, a, outer, cosines[0]);
        let first = add_times::<T, S>(simd, near_a, inner, cosines[1]);
        let far_a = add_times::<T, S>(simd, a, outer, cosines[1]);
        let second = add_times::<T, S>(simd, far_a, inner, cosines[0]);
        // sin 4α = -sin α, where α is a fifth of a turn.
        let near = add_times::<T, S>(simd, scaled::<T, S>(simd, y, sines[1]), x, sines[0]);
        let far = Parts {
            re: T::times_minus(simd, x.re, sines[1], T::times(simd, y.re, sines[0])),
            im: T::times_minus(simd, x.im, sines[1], T::times(simd, y.im, sines[0])),
        };
        [
            plus::<T, S>(simd, plus::<T, S>(simd, a, outer), inner),
            minus_i::<T, S>(simd, first, near),
            minus_i::<T, S>(simd, second, far),
            plus_i::<T, S>(simd, second, far),
            plus_i::<T, S>(simd, first, near),
        ]
    }
}

#[inline(always)]
pub(super) fn plus<T: Real, S: Simd>(simd: S, a: Z<T, S>, b: Z<T, S>) -> Z<T, S> {
    Parts {
        re: T::plus(simd, a.re, b.re),
        im: T::plus(simd, a.im, b.im),
    }
}

#[inline(always)]
pub(super) fn minus<T: Real, S: Simd>(simd: S, a: Z<T, S>, b: Z<T, S>) -> Z<T, S> {
    Parts {
        re: T::minus(simd, a.re, b.re),
        im: T::minus(simd, a.im, b.im),
    }
}

/// `a b`.
#[inline(always)]
pub(super) fn times<T: Real, S: Simd>(simd: S, a: Z<T, S>, b: Z<T, S>) -> Z<T, S> {
    Parts {
        re: T::times_minus(simd, a.re, b.re, T::times(simd, a.im, b.im)),
        im: T::times_plus(simd, a.re, b.im, T::times(simd, a.im, b.re)),
    }
}

/// `a* b`.
#[inline(always)]
pub(super) fn conjugate_times<T: Real, S: Simd>(simd: S, a: Z<T, S>, b: Z<T, S>) -> Z<T, S> {
    Parts {
        re: T::times_plus(simd, a.re, b.re, T::times(simd, a.im, b.im)),
        im: T::times_minus(simd, a.re, b.im, T::times(simd, a.im, b.re)),
    }
}

/// `a x` for real `x`.
#[inline(always)]
pub(super) fn scaled<T: Real, S: Simd>(simd: S, a: Z<T, S>, x: T::Vector<S>) -> Z<T, S> {
    Parts {
        re: T::times(simd, a.re, x),
        im: T::times(simd, a.im, x),
    }
}

/// `a + b x` for real `x`.
#[inline(always)]
fn add_times<T: Real, S: Simd>(simd: S, a: Z<T, S>, b: Z<T, S>, x: T::Vector<S>) -> Z<T, S> {
    Parts {
        re: T::times_plus(simd, b.re, x, a.re),
        im: T::times_plus(simd, b.im, x, a.im),
    }
}

/// `a + i b`.
#[inline(always)]
fn plus_i<T: Real, S: Simd>(simd: S, a: Z<T, S>, b: Z<T, S>) -> Z<T, S> {
    Parts {
        re: T::minus(simd, a.re, b.im),
        im: T::plus(simd, a.im, b.re),
    }
}

/// `a - i b`.
#[inline(always)]
fn minus_i<T: Real, S: Simd>(simd: S, a: Z<T, S>, b: Z<T, S>) -> Z<T, S> {
    Parts {
        re: T::plus(simd, a.re, b.im),
        im: T::minus(simd, a.im, b.re),
    }
}
