//! The transform of many lines side by side.

use super::butterfly::{Butterfly, Five, Four, Parts, Three, Two, Z, times};
use super::entry::{Entry, WIDTH};
use super::real::Real;
use pulp::Simd;
use rustfft::{Fft, FftPlanner, num_complex::Complex};
use std::sync::Arc;

/// The forward transform of [`WIDTH`] lines of one length.
///
/// A vector holds the same entry of different lines, so nothing is ever shuffled within one. The
/// inverse is the same with real and imaginary parts exchanged, before and after.
#[derive(Clone)]
pub(super) struct Lines<T: Real> {
    length: usize,
    way: Way<T>,
}

#[derive(Clone)]
enum Way<T: Real> {
    /// Stockham's: a step for each factor, none larger than five.
    Steps(Vec<Step<T>>),
    /// Line by line.
    Single(Arc<dyn Fft<T>>),
}

/// Butterflies over entries that lie a `radix`-th of the length apart.
#[derive(Clone)]
struct Step<T> {
    radix: usize,
    /// The product of the radices before: so many neighbours share their factors.
    stride: usize,
    /// `exp(-2πi p k stride / length)` for each `p`, and within it for each `k < radix`.
    factors: Vec<Complex<T>>,
}

/// Working memory of one thread.
pub(super) struct LineScratch<T> {
    /// Where a step writes.
    other: Vec<Entry<T>>,
    line: Vec<Complex<T>>,
    plan: Vec<Complex<T>>,
}

impl<T: Real> Lines<T> {
    pub fn new(length: usize, planner: &mut FftPlanner<T>) -> Self {
        let way = match radices(length) {
            Some(radices) => Way::Steps(steps(length, &radices)),
            None => Way::Single(planner.plan_fft_forward(length)),
        };
        Lines { length, way }
    }

    pub fn length(&self) -> usize {
        self.length
    }

    pub fn scratch(&self) -> LineScratch<T> {
        let zero = Complex::new(T::zero(), T::zero());
        let (line, plan) = match &self.way {
            Way::Steps(_) => (0, 0),
            Way::Single(fft) => (self.length, fft.get_inplace_scratch_len()),
        };
        LineScratch {
            other: vec![Entry::zero(); self.length],
            line: vec![zero; line],
            plan: vec![zero; plan],
        }
    }

    /// Transforms lines of as many entries as the length.
    #[inline(always)]
    pub fn transform<S: Simd>(
        &self,
        simd: S,
        lines: &mut [Entry<T>],
        scratch: &mut LineScratch<T>,
    ) {
        match &self.way {
            Way::Steps(steps) => {
                let (mut from, mut to) = (&mut *lines, &mut scratch.other[..]);
                for step in steps {
                    step.take(simd, from, to);
                    std::mem::swap(&mut from, &mut to);
                }
                if steps.len() % 2 == 1 {
                    lines.copy_from_slice(&scratch.other);
                }
            }
            Way::Single(fft) => one_by_one(&**fft, lines, &mut scratch.line, &mut scratch.plan),
        }
    }
}

impl<T: Real> Step<T> {
    #[inline(always)]
    fn take<S: Simd>(&self, simd: S, from: &[Entry<T>], to: &mut [Entry<T>]) {
        match self.radix {
            2 => self.take_with::<S, Two, 2>(simd, from, to),
            3 => self.take_with::<S, Three, 3>(simd, from, to),
            4 => self.take_with::<S, Four, 4>(simd, from, to),
            _ => self.take_with::<S, Five, 5>(simd, from, to),
        }
    }

    #[inline(always)]
    fn take_with<S: Simd, B: Butterfly<R>, const R: usize>(
        &self,
        simd: S,
        from: &[Entry<T>],
        to: &mut [Entry<T>],
    ) {
        let stride = self.stride;
        let apart = from.len() / R;
        let (factors, _) = self.factors.as_chunks::<R>();
        for ((p, factors), to) in factors
            .iter()
            .enumerate()
            .zip(to.chunks_exact_mut(R * stride))
        {
            let factors: [Z<T, S>; R] = std::array::from_fn(|k| Parts {
                re: T::splat(simd, factors[k].re),
                im: T::splat(simd, factors[k].im),
            });
            let from: [&[Entry<T>]; R] =
                std::array::from_fn(|k| &from[k * apart + p * stride..][..stride]);
            for q in 0..stride {
                for v in 0..Entry::<T>::count::<S>() {
                    let z = B::transform::<T, S>(simd, std::array::from_fn(|k| from[k][q].get(v)));
                    to[q].set(v, z[0]);
                    for k in 1..R {
                        to[k * stride + q].set(v, times::<T, S>(simd, z[k], factors[k]));
                    }
                }
            }
        }
    }
}

/// Factors of a length, fours first, if none is larger than five.
fn radices(mut length: usize) -> Option<Vec<usize>> {
    let mut radices = Vec::new();
    for radix in [4, 2, 3, 5] {
        while length.is_multiple_of(radix) {
            radices.push(radix);
            length /= radix;
        }
    }
    (length == 1).then_some(radices)
}

fn steps<T: Real>(length: usize, radices: &[usize]) -> Vec<Step<T>> {
    let mut stride = 1;
    let mut steps = Vec::new();
    for &radix in radices {
        let root = -std::f64::consts::TAU * stride as f64 / length as f64;
        let factors = (0..length / (stride * radix))
            .flat_map(|p| (0..radix).map(move |k| root * (p * k) as f64))
            .map(|angle| Complex::new(number(angle.cos()), number(angle.sin())))
            .collect();
        steps.push(Step {
            radix,
            stride,
            factors,
        });
        stride *= radix;
    }
    steps
}

fn number<T: Real>(value: f64) -> T {
    T::from_f64(value).unwrap_or_else(T::zero)
}

fn one_by_one<T: Real>(
    fft: &dyn Fft<T>,
    lines: &mut [Entry<T>],
    line: &mut [Complex<T>],
    plan: &mut [Complex<T>],
) {
    for l in 0..WIDTH {
        for (value, entry) in line.iter_mut().zip(&*lines) {
            *value = Complex::new(entry.re[l], entry.im[l]);
        }
        fft.process_with_scratch(line, plan);
        for (value, entry) in line.iter().zip(&mut *lines) {
            (entry.re[l], entry.im[l]) = (value.re, value.im);
        }
    }
}

#[cfg(test)]
mod tests;
