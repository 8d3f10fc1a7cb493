//! Weights in the order in which the kernels read them.

use super::COLUMNS;
use super::bf16::Panels;
use crate::buffer::Buffer;
use crate::network::Arithmetic;
use rayon::prelude::*;

/// A matrix of weights, `depth` rows by `columns`, cut into panels of [`COLUMNS`] columns, the last
/// of which is filled up with zeros.
#[derive(Debug)]
pub(in crate::network) struct Packed {
    pub(super) data: Data,
    depth: usize,
    columns: usize,
}

/// The panels.
#[derive(Debug)]
pub(super) enum Data {
    /// A row after the other.
    F32(Buffer),
    /// What is multiplied by them is rounded too.
    Bf16(Panels),
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

    /// The matrix of [`panels`].
    pub fn filled(
        depth: usize,
        columns: usize,
        fill: impl Fn(usize, usize, &mut [f32]) + Sync,
    ) -> Self {
        Packed {
            data: Data::F32(panels(depth, columns, fill)),
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

    /// The same for products in this arithmetic.
    pub fn with(mut self, arithmetic: Arithmetic) -> Self {
        if let (Data::F32(panels), Arithmetic::Bf16) = (&self.data, arithmetic) {
            self.data = Data::Bf16(Panels::new(self.depth, panels));
        }
        self
    }

    /// Values in a panel.
    pub(super) fn size(&self) -> usize {
        self.depth * COLUMNS
    }
}

/// Panels that `fill` makes of zeros; it is told a panel's first column and how many it has.
pub(super) fn panels(
    depth: usize,
    columns: usize,
    fill: impl Fn(usize, usize, &mut [f32]) + Sync,
) -> Buffer {
    let mut data = Buffer::zeros(depth * columns.next_multiple_of(COLUMNS));
    if depth > 0 {
        data.par_chunks_exact_mut(depth * COLUMNS)
            .enumerate()
            .for_each(|(index, panel)| {
                let first = index * COLUMNS;
                fill(first, (columns - first).min(COLUMNS), panel);
            });
    }
    data
}
