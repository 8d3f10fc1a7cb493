//! Sums over many voxels, by several threads, with the same bits on any number of them.

use rayon::prelude::*;
use std::ops::Range;

/// Most parts that a sum is cut into, and most values that they hold together.
const PARTS: usize = 16;
const VALUES: usize = 1 << 26;

/// The sum over `items` of what `add` adds to `size` values: the items are cut into parts, each
/// with values of its own, which are then added in order. How they are cut depends on the sizes
/// alone.
pub(in crate::network) fn sum_of_parts(
    items: usize,
    size: usize,
    add: impl Fn(Range<usize>, &mut [f32]) + Sync,
) -> Vec<f32> {
    const CHUNK: usize = 1 << 12;
    let parts = PARTS.min(VALUES / size.max(1)).clamp(2, items.max(2));
    let sums: Vec<Vec<f32>> = (0..parts)
        .into_par_iter()
        .map(|part| {
            let mut sums = vec![0.0; size];
            add(part * items / parts..(part + 1) * items / parts, &mut sums);
            sums
        })
        .collect();
    let mut total = vec![0.0; size];
    total
        .par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(index, total)| {
            for sums in &sums {
                for (total, sum) in total.iter_mut().zip(&sums[index * CHUNK..]) {
                    *total += sum;
                }
            }
        });
    total
}

/// The sum of each column of a row-major matrix.
pub(in crate::network) fn column_sums(values: &[f32], columns: usize) -> Vec<f32> {
    const ROWS: usize = 1024;
    let rows = values.len() / columns;
    sum_of_parts(rows.div_ceil(ROWS), columns, |blocks, total| {
        for block in values[blocks.start * ROWS * columns..(blocks.end * ROWS).min(rows) * columns]
            .chunks(ROWS * columns)
        {
            let mut sums = vec![0.0; columns];
            for row in block.chunks_exact(columns) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
            for (total, sum) in total.iter_mut().zip(sums) {
                *total += sum;
            }
        }
    })
}
