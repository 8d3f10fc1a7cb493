//! Products of spectra on their way across the planes.

use super::RealFft;
use super::butterfly::{Parts, Z, conjugate_times, scaled};
use super::columns::{ColumnScratch, blocks, load, matrix, store, write};
use super::entry::Entry;
use super::lines::Lines;
use super::real::Real;
use crate::Result;
use ndarray::ArrayViewMut2;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use std::ops::DerefMut;

/// Which products of fields' spectra are made, and where they go.
pub(in crate::statistics) struct Products<'a, T> {
    pub fields: usize,
    /// `(b, c)` for `F_b* F_c`: number `k` goes into buffer `k`.
    pub crosses: &'a [(usize, usize)],
    /// `b` for `|F_b|²`: they go into the buffers after those of the crosses.
    pub autos: &'a [usize],
    /// What all are multiplied by.
    pub factor: T,
}

impl<T: Real> RealFft<T> {
    /// How many values of a half-spectrum its first `n / 2 + 1` planes hold, which determine a
    /// real and even field.
    pub(in crate::statistics) fn even_frequencies(&self) -> usize {
        (self.inner[0] / 2 + 1) * self.inner[1] * (self.inner[2] / 2 + 1)
    }

    /// The pass across the planes for products of spectra: each spectrum, transformed within its
    /// planes by [`forward_planes`](Self::forward_planes), travels through memory once, however
    /// many products are made of it.
    ///
    /// The first buffers hold the fields; all are of [`frequencies`](Self::frequencies) values, or
    /// those that take autocorrelations of [`even_frequencies`](Self::even_frequencies). Products
    /// are left for [`inverse_planes`](Self::inverse_planes) and, of autocorrelations,
    /// [`inverse_even_planes`](Self::inverse_even_planes).
    pub(in crate::statistics) fn multiply_across<B>(
        &self,
        buffers: &mut [B],
        products: &Products<'_, T>,
    ) -> Result<()>
    where
        B: DerefMut<Target = [Complex<T>]>,
    {
        let stride = self.inner[1] * (self.inner[2] / 2 + 1);
        let mut views: Vec<Vec<ArrayViewMut2<'_, Complex<T>>>> = Vec::new();
        for buffer in buffers {
            let rows = buffer.len() / stride;
            for (at, block) in blocks(matrix(buffer, rows, stride)?)
                .into_iter()
                .enumerate()
            {
                match views.get_mut(at) {
                    Some(views) => views.push(block),
                    None => views.push(vec![block]),
                }
            }
        }
        let lines = &self.planes;
        views.into_par_iter().for_each_init(
            || {
                let fields = vec![Entry::zero(); products.fields * lines.length()];
                (ColumnScratch::new(lines), fields)
            },
            |(scratch, fields), views| {
                Arch::new().dispatch(Across {
                    lines,
                    products,
                    views,
                    scratch,
                    fields,
                });
            },
        );
        Ok(())
    }
}

/// The pass for one block of columns.
struct Across<'a, 'b, T: Real> {
    lines: &'a Lines<T>,
    products: &'a Products<'a, T>,
    views: Vec<ArrayViewMut2<'b, Complex<T>>>,
    scratch: &'a mut ColumnScratch<T>,
    /// The fields' transformed lines, one field after another.
    fields: &'a mut [Entry<T>],
}

impl<T: Real> WithSimd for Across<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Across {
            lines,
            products,
            mut views,
            scratch,
            fields,
        } = self;
        let n = lines.length();
        for (view, field) in views.iter().zip(fields.chunks_exact_mut(n)) {
            load(simd, view, false, field);
            lines.transform(simd, field, &mut scratch.lines);
        }
        let made = &mut scratch.entries[..];
        let (crosses, autos) = views.split_at_mut(products.crosses.len());
        for (view, &(b, c)) in crosses.iter_mut().zip(products.crosses) {
            for (i, made) in made.iter_mut().enumerate() {
                // Parts exchanged, for the inverse.
                multiply(
                    simd,
                    &fields[b * n + i],
                    &fields[c * n + i],
                    products.factor,
                    made,
                );
            }
            lines.transform(simd, made, &mut scratch.lines);
            store(simd, made, true, view);
        }
        for (views, which) in autos.chunks_mut(2).zip(products.autos.chunks(2)) {
            for (i, made) in made.iter_mut().enumerate() {
                let second = which.get(1).map(|&c| &fields[c * n + i]);
                powers(
                    simd,
                    &fields[which[0] * n + i],
                    second,
                    products.factor,
                    made,
                );
            }
            lines.transform(simd, made, &mut scratch.lines);
            for (part, (view, _)) in views.iter_mut().zip(which).enumerate() {
                let rows = view.rows_mut().into_iter().take(n / 2 + 1).enumerate();
                for (x, mut row) in rows {
                    let entry = part_of(simd, &made[x], &made[(n - x) % n], part == 1);
                    if let Some(row) = row.as_slice_mut() {
                        write(simd, &entry, false, row);
                    }
                }
            }
        }
    }
}

/// `b* c` times the factor, with real and imaginary parts exchanged for an inverse transform.
#[inline(always)]
fn multiply<T: Real, S: Simd>(simd: S, b: &Entry<T>, c: &Entry<T>, factor: T, made: &mut Entry<T>) {
    let factor = T::splat(simd, factor);
    for v in 0..Entry::<T>::count::<S>() {
        let product = conjugate_times::<T, S>(simd, b.get(v), c.get(v));
        made.set::<S>(v, scaled::<T, S>(simd, product, factor).exchanged_if(true));
    }
}

/// Half of `|b|²` times the factor as real part, that of `|c|²` as imaginary part: the spectra of
/// two autocorrelations, which are real, as one.
#[inline(always)]
fn powers<T: Real, S: Simd>(
    simd: S,
    b: &Entry<T>,
    c: Option<&Entry<T>>,
    factor: T,
    made: &mut Entry<T>,
) {
    let factor = T::times(simd, T::splat(simd, factor), T::constant(simd, 0.5));
    for v in 0..Entry::<T>::count::<S>() {
        let im = match c {
            Some(c) => power::<T, S>(simd, c.get(v), factor),
            None => T::constant(simd, 0.0),
        };
        let re = power::<T, S>(simd, b.get(v), factor);
        made.set::<S>(v, Parts { re, im });
    }
}

#[inline(always)]
fn power<T: Real, S: Simd>(simd: S, z: Z<T, S>, factor: T::Vector<S>) -> T::Vector<S> {
    let square = T::times_plus(simd, z.re, z.re, T::times(simd, z.im, z.im));
    T::times(simd, square, factor)
}

/// What the inverse transform of one of two real lines is at `x`, from the forward transform of
/// the first plus `i` times the second at `x` and `-x`, halved.
#[inline(always)]
fn part_of<T: Real, S: Simd>(simd: S, at: &Entry<T>, mirror: &Entry<T>, second: bool) -> Entry<T> {
    let mut entry = Entry::zero();
    for v in 0..Entry::<T>::count::<S>() {
        let (at, mirror): (Z<T, S>, Z<T, S>) = (at.get(v), mirror.get(v));
        let z = if second {
            Parts {
                re: T::plus(simd, at.im, mirror.im),
                im: T::minus(simd, at.re, mirror.re),
            }
        } else {
            Parts {
                re: T::plus(simd, at.re, mirror.re),
                im: T::minus(simd, mirror.im, at.im),
            }
        };
        entry.set::<S>(v, z);
    }
    entry
}
