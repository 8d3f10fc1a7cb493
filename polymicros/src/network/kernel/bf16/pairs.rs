//! Pairs of rows: how the right operand of a product of tiles lies in memory.

use super::round::{pair, round_pair};
use super::{DEPTH, SIDE, TILE};
use pulp::{Simd, WithSimd};

/// Values of a pair of rows: the two of a column are neighbours.
pub(super) const PAIR: usize = 2 * SIDE;

/// The place of a row of zeros.
pub(in crate::network) const NOWHERE: usize = usize::MAX;

const _: () = assert!(PAIR * DEPTH / 2 == TILE);

/// Values that a pair of rows is made of.
pub(in crate::network) trait Value: Copy + Default {
    #[doc(hidden)]
    fn pair<S: Simd>(simd: S, even: [Self; SIDE], odd: [Self; SIDE]) -> [u16; PAIR];
}

/// Those that are rounded first.
impl Value for f32 {
    #[inline(always)]
    fn pair<S: Simd>(simd: S, even: [f32; SIDE], odd: [f32; SIDE]) -> [u16; PAIR] {
        round_pair(simd, even, odd)
    }
}

/// Those that have been.
impl Value for u16 {
    #[inline(always)]
    fn pair<S: Simd>(simd: S, even: [u16; SIDE], odd: [u16; SIDE]) -> [u16; PAIR] {
        pair(simd, even, odd)
    }
}

/// Which rows pairs are made of.
#[derive(Clone, Copy)]
pub(in crate::network) enum Rows<'a> {
    /// So many, from a place on.
    Apart {
        first: usize,
        stride: usize,
        count: usize,
    },
    /// Those that begin at these places.
    At(&'a [usize]),
}

/// Makes pairs of rows, as many as there is room for: of zeros where there are no more.
pub(in crate::network) struct MakePairs<'a, T> {
    pub values: &'a [T],
    pub rows: Rows<'a>,
    /// Up to [`SIDE`].
    pub columns: usize,
    pub to: &'a mut [u16],
}

impl<T: Value> WithSimd for MakePairs<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (values, columns) = (self.values, self.columns);
        match self.rows {
            Rows::Apart {
                first,
                stride,
                count,
            } => {
                // Rows may overlap.
                let at = |row| values.get(first + row * stride..).unwrap_or(&[]);
                make(simd, (0..count).map(at), columns, self.to);
            }
            Rows::At(places) => {
                let at = |&place: &usize| values.get(place..).unwrap_or(&[]);
                make(simd, places.iter().map(at), columns, self.to);
            }
        }
    }
}

#[inline(always)]
fn make<'a, S: Simd, T: Value + 'a>(
    simd: S,
    mut rows: impl Iterator<Item = &'a [T]>,
    columns: usize,
    to: &mut [u16],
) {
    for pair in to.as_chunks_mut::<PAIR>().0 {
        let even = row(rows.next().unwrap_or(&[]), columns);
        let odd = row(rows.next().unwrap_or(&[]), columns);
        *pair = T::pair(simd, even, odd);
    }
}

/// A row, with zeros for what is missing of it.
#[inline(always)]
fn row<T: Value>(from: &[T], columns: usize) -> [T; SIDE] {
    if let (Some(whole), SIDE) = (from.first_chunk(), columns) {
        return *whole;
    }
    let mut row = [T::default(); SIDE];
    for (to, from) in row.iter_mut().zip(from).take(columns) {
        *to = *from;
    }
    row
}
