//! Numbers of several lines side by side.

use super::butterfly::{Parts, Z};
use super::real::Real;
use pulp::Simd;

/// Lines that are transformed together: as many `f32` as fill a cache line.
pub(super) const WIDTH: usize = 16;

/// One value of each of [`WIDTH`] lines.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Entry<T> {
    pub re: [T; WIDTH],
    pub im: [T; WIDTH],
}

impl<T: Real> Entry<T> {
    pub fn zero() -> Self {
        Entry {
            re: [T::zero(); WIDTH],
            im: [T::zero(); WIDTH],
        }
    }

    /// Vector `v` of the real and of the imaginary parts.
    #[inline(always)]
    pub fn get<S: Simd>(&self, v: usize) -> Z<T, S> {
        Parts {
            re: T::vectors::<S>(&self.re)[v],
            im: T::vectors::<S>(&self.im)[v],
        }
    }

    #[inline(always)]
    pub fn set<S: Simd>(&mut self, v: usize, z: Z<T, S>) {
        T::vectors_mut::<S>(&mut self.re)[v] = z.re;
        T::vectors_mut::<S>(&mut self.im)[v] = z.im;
    }

    #[inline(always)]
    pub fn is_zero(&self) -> bool {
        let parts = self.re.iter().zip(&self.im);
        parts.fold(true, |zero, (re, im)| zero & re.is_zero() & im.is_zero())
    }

    /// How many vectors the real parts fill.
    #[inline(always)]
    pub fn count<S: Simd>() -> usize {
        WIDTH * size_of::<T>() / size_of::<T::Vector<S>>()
    }
}
