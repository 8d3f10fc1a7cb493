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

/// Makes pairs of the rows that begin at these places, as many as there is room for: of zeros where
/// there are no more.
pub(in crate::network) struct MakePairs<'a, T> {
    pub values: &'a [T],
    pub places: &'a [usize],
    /// Up to [`SIDE`].
    pub columns: usize,
    pub to: &'a mut [u16],
}

impl<T: Value> WithSimd for MakePairs<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (pairs, _) = self.to.as_chunks_mut::<PAIR>();
        for (index, pair) in pairs.iter_mut().enumerate() {
            let even = row(self.values, self.places, 2 * index, self.columns);
            let odd = row(self.values, self.places, 2 * index + 1, self.columns);
            *pair = T::pair(simd, even, odd);
        }
    }
}

/// The row that begins at a place, with zeros for what is missing of it.
#[inline(always)]
fn row<T: Value>(values: &[T], places: &[usize], index: usize, columns: usize) -> [T; SIDE] {
    let place = places.get(index).copied().unwrap_or(NOWHERE);
    let from = values.get(place..).unwrap_or(&[]);
    if let (Some(whole), SIDE) = (from.first_chunk(), columns) {
        return *whole;
    }
    let mut row = [T::default(); SIDE];
    for (to, from) in row.iter_mut().zip(from).take(columns) {
        *to = *from;
    }
    row
}
