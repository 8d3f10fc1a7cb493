//! Pairs of rows: how the right operand of a product of tiles lies in memory.

use super::round::nearest;
use super::{DEPTH, SIDE, TILE};
use crate::network::kernel::vectorised;

/// Values of a pair of rows: the two of a column are neighbours.
pub(super) const PAIR: usize = 2 * SIDE;

/// The place of a row of zeros.
pub(in crate::network) const NOWHERE: usize = usize::MAX;

const _: () = assert!(PAIR * DEPTH / 2 == TILE);

/// Something that has a bf16 nearest to it.
trait Value: Copy + Default {
    fn bits(self) -> u16;
}

impl Value for f32 {
    #[inline(always)]
    fn bits(self) -> u16 {
        (nearest(self) >> 16) as u16
    }
}

impl Value for u16 {
    #[inline(always)]
    fn bits(self) -> u16 {
        self
    }
}

/// The row that begins at a place, with zeros for what is missing of it.
#[inline(always)]
fn row<T: Value>(values: &[T], places: &[usize], index: usize, columns: usize) -> [T; SIDE] {
    let mut row = [T::default(); SIDE];
    let place = places.get(index).copied().unwrap_or(NOWHERE);
    let from = values.get(place..).unwrap_or(&[]);
    match from.first_chunk() {
        Some(whole) if columns == SIDE => row = *whole,
        _ => {
            for (to, from) in row.iter_mut().zip(from).take(columns) {
                *to = *from;
            }
        }
    }
    row
}

#[inline(always)]
fn interleave<T: Value>(values: &[T], places: &[usize], columns: usize, to: &mut [u16]) {
    for (pair, to) in to.as_chunks_mut::<PAIR>().0.iter_mut().enumerate() {
        let even = row(values, places, 2 * pair, columns);
        let odd = row(values, places, 2 * pair + 1, columns);
        for (to, (even, odd)) in to
            .as_chunks_mut::<2>()
            .0
            .iter_mut()
            .zip(even.iter().zip(&odd))
        {
            *to = [even.bits(), odd.bits()];
        }
    }
}

vectorised! {
    /// Rounds the rows of up to [`SIDE`] columns that begin at these places to pairs of rows, as many
    /// as there is room for: zeros where there are no more.
    pub(in crate::network) fn round_pairs<'a>(
        values: &'a [f32],
        places: &'a [usize],
        columns: usize,
        to: &'a mut [u16],
    ) {
        interleave(values, places, columns, to);
    }
}

vectorised! {
    /// The same of values that have been rounded.
    pub(in crate::network) fn pairs<'a>(
        values: &'a [u16],
        places: &'a [usize],
        columns: usize,
        to: &'a mut [u16],
    ) {
        interleave(values, places, columns, to);
    }
}
