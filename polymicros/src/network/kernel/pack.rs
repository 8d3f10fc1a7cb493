//! Weights in the order in which the kernels read them.

use super::COLUMNS;
use crate::buffer::Buffer;
use rayon::prelude::*;

/// A matrix of weights, `depth` rows by `columns`, cut into panels of [`COLUMNS`] columns: each
/// panel is contiguous, a row after the other, and the last is filled up with zeros.
#[derive(Debug)]
pub(in crate::network) struct Packed {
    data: Buffer,
    depth: usize,
    columns: usize,
}

impl Packed {
    /// Packs `value(row, column)`.
    pub fn new(depth: usize, columns: usize, value: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        Self::filled(depth, columns, |first, width, panel| {
            for (row, values) in panel.chunks_exact_mut(COLUMNS).enumerate() {
                for (column, to) in values[..width].iter_mut().enumerate() {
                    *to = value(row, first + column);
                }
            }
        })
    }

    /// Panels that `fill` makes of zeros; it is told a panel's first column and how many it has.
    pub fn filled(
        depth: usize,
        columns: usize,
        fill: impl Fn(usize, usize, &mut [f32]) + Sync,
    ) -> Self {
        let mut data = Buffer::zeros(depth * columns.next_multiple_of(COLUMNS));
        if depth > 0 {
            data.par_chunks_exact_mut(depth * COLUMNS)
                .enumerate()
                .for_each(|(index, panel)| {
                    let first = index * COLUMNS;
                    fill(first, (columns - first).min(COLUMNS), panel);
                });
        }
        Packed {
            data,
            depth,
            columns,
        }
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    pub fn panels(&self) -> usize {
        self.columns.div_ceil(COLUMNS)
    }

    pub fn panel(&self, index: usize) -> &[f32] {
        let size = self.depth * COLUMNS;
        &self.data[index * size..(index + 1) * size]
    }
}
