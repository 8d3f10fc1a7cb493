//! Transforms along an axis that is not the fastest: along the columns of a matrix.

use super::butterfly::Parts;
use super::entry::{Entry, WIDTH};
use super::lines::{LineScratch, Lines};
use super::real::Real;
use crate::{Error, Result};
use ndarray::{ArrayViewMut2, Axis};
use pulp::{Arch, Simd, WithSimd};
use rustfft::num_complex::Complex;

/// Working memory of one thread.
pub(super) struct ColumnScratch<T> {
    pub entries: Vec<Entry<T>>,
    pub lines: LineScratch<T>,
}

impl<T: Real> ColumnScratch<T> {
    pub fn new(lines: &Lines<T>) -> Self {
        ColumnScratch {
            entries: vec![Entry::zero(); lines.length()],
            lines: lines.scratch(),
        }
    }
}

/// The slice as a matrix whose columns are the lines of a strided axis.
pub(super) fn matrix<T>(
    slice: &mut [T],
    rows: usize,
    columns: usize,
) -> Result<ArrayViewMut2<'_, T>> {
    let length = slice.len();
    ArrayViewMut2::from_shape((rows, columns), slice)
        .map_err(|_| Error::shape("transform data", [rows, columns], length))
}

/// The matrix in blocks of [`WIDTH`] columns, in order; the last may be narrower.
pub(super) fn blocks<T>(mut rest: ArrayViewMut2<'_, T>) -> Vec<ArrayViewMut2<'_, T>> {
    let mut blocks = Vec::with_capacity(rest.ncols().div_ceil(WIDTH));
    while rest.ncols() > WIDTH {
        let (block, others) = rest.split_at(Axis(1), WIDTH);
        blocks.push(block);
        rest = others;
    }
    blocks.push(rest);
    blocks
}

/// Transforms each column of a block of at most [`WIDTH`]; the inverse has no factor.
pub(super) fn transform<T: Real>(
    lines: &Lines<T>,
    block: ArrayViewMut2<'_, Complex<T>>,
    inverse: bool,
    scratch: &mut ColumnScratch<T>,
) {
    Arch::new().dispatch(Columns {
        lines,
        block,
        inverse,
        scratch,
    });
}

struct Columns<'a, 'b, T: Real> {
    lines: &'a Lines<T>,
    block: ArrayViewMut2<'b, Complex<T>>,
    inverse: bool,
    scratch: &'a mut ColumnScratch<T>,
}

impl<T: Real> WithSimd for Columns<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Columns {
            lines,
            mut block,
            inverse,
            scratch,
        } = self;
        let entries = &mut scratch.entries[..];
        load(simd, &block, inverse, entries);
        // What a smooth field's spectrum mostly is.
        if entries.iter().all(Entry::is_zero) {
            return;
        }
        lines.transform(simd, entries, &mut scratch.lines);
        store(simd, entries, inverse, &mut block);
    }
}

/// Entries from the rows of a block; parts exchanged for an inverse.
#[inline(always)]
pub(super) fn load<T: Real, S: Simd>(
    simd: S,
    block: &ArrayViewMut2<'_, Complex<T>>,
    exchanged: bool,
    entries: &mut [Entry<T>],
) {
    for (row, entry) in block.rows().into_iter().zip(entries) {
        match row.to_slice() {
            Some(row) if row.len() == WIDTH => read(simd, row, exchanged, entry),
            Some(row) => {
                let mut whole = [Complex::new(T::zero(), T::zero()); WIDTH];
                whole[..row.len()].copy_from_slice(row);
                read(simd, &whole, exchanged, entry);
            }
            None => (),
        }
    }
}

/// Entries into the rows of a block, as many as it has; parts exchanged for an inverse.
#[inline(always)]
pub(super) fn store<T: Real, S: Simd>(
    simd: S,
    entries: &[Entry<T>],
    exchanged: bool,
    block: &mut ArrayViewMut2<'_, Complex<T>>,
) {
    for (mut row, entry) in block.rows_mut().into_iter().zip(entries) {
        if let Some(row) = row.as_slice_mut() {
            write(simd, entry, exchanged, row);
        }
    }
}

/// An entry from [`WIDTH`] numbers, in the order that registers hold them in.
#[inline(always)]
fn read<T: Real, S: Simd>(simd: S, row: &[Complex<T>], exchanged: bool, entry: &mut Entry<T>) {
    let (pairs, _) = T::vectors::<S>(T::parts(row)).as_chunks::<2>();
    for (v, pair) in pairs.iter().enumerate() {
        let [re, im] = T::apart(simd, *pair);
        entry.set::<S>(v, Parts { re, im }.exchanged_if(exchanged));
    }
}

/// The first numbers of an entry, as many as the row has.
#[inline(always)]
pub(super) fn write<T: Real, S: Simd>(
    simd: S,
    entry: &Entry<T>,
    exchanged: bool,
    row: &mut [Complex<T>],
) {
    if row.len() == WIDTH {
        write_whole(simd, entry, exchanged, row);
    } else {
        let mut whole = [Complex::new(T::zero(), T::zero()); WIDTH];
        write_whole(simd, entry, exchanged, &mut whole);
        row.copy_from_slice(&whole[..row.len()]);
    }
}

#[inline(always)]
fn write_whole<T: Real, S: Simd>(
    simd: S,
    entry: &Entry<T>,
    exchanged: bool,
    row: &mut [Complex<T>],
) {
    let (pairs, _) = T::vectors_mut::<S>(T::parts_mut(row)).as_chunks_mut::<2>();
    for (v, pair) in pairs.iter_mut().enumerate() {
        let Parts { re, im } = entry.get::<S>(v).exchanged_if(exchanged);
        *pair = T::together(simd, [re, im]);
    }
}
