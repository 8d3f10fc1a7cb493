//! Sums over many voxels, by several threads, with the same bits on any number of them.

use super::vectorised;
use crate::buffer::Buffer;
use rayon::prelude::*;
use std::ops::Range;

/// Most parts that a sum is cut into, and most values that they hold together.
const PARTS: usize = 16;
const VALUES: usize = 1 << 26;

vectorised! {
    /// Adds one vector to another.
    pub(crate) fn add<'a>(to: &'a mut [f32], from: &'a [f32]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to += from;
        }
    }
}

/// The sum over `items` of what `add` adds to `size` values: the items are cut into parts, each
/// with values of its own, which are then added in order. How they are cut depends on the sizes
/// alone.
pub(in crate::network) fn sum_of_parts(
    items: usize,
    size: usize,
    add: impl Fn(Range<usize>, &mut [f32]) + Sync,
) -> Buffer {
    let parts = PARTS.min(VALUES / size.max(1)).clamp(2, items.max(2));
    let mut sums = Buffer::zeros(parts * size);
    sums.par_chunks_exact_mut(size)
        .enumerate()
        .for_each(|(part, sums)| add(part * items / parts..(part + 1) * items / parts, sums));
    total(sums, parts)
}

/// The sum of equal parts, in order.
pub(in crate::network) fn total(sums: Buffer, parts: usize) -> Buffer {
    const CHUNK: usize = 1 << 12;
    if parts == 1 {
        return sums;
    }
    let size = sums.len() / parts;
    let mut total = Buffer::stale(size);
    let (first, rest) = sums.split_at(size);
    total
        .par_chunks_mut(CHUNK)
        .zip(first.par_chunks(CHUNK))
        .enumerate()
        .for_each(|(index, (total, first))| {
            total.copy_from_slice(first);
            for sums in rest.chunks_exact(size) {
                for (total, sum) in total.iter_mut().zip(&sums[index * CHUNK..]) {
                    *total += sum;
                }
            }
        });
    total
}

/// The sum of each column of a row-major matrix.
pub(in crate::network) fn column_sums(values: &[f32], columns: usize) -> Buffer {
    const ROWS: usize = 1024;
    let rows = values.len() / columns;
    sum_of_parts(rows.div_ceil(ROWS), columns, |blocks, total| {
        for block in values[blocks.start * ROWS * columns..(blocks.end * ROWS).min(rows) * columns]
            .chunks(ROWS * columns)
        {
            let mut sums = vec![0.0; columns];
            add_rows(&mut sums, block);
            for (total, sum) in total.iter_mut().zip(sums) {
                *total += sum;
            }
        }
    })
}

vectorised! {
    fn add_rows<'a>(sums: &'a mut [f32], rows: &'a [f32]) {
        for row in rows.chunks_exact(sums.len()) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
    }
}
