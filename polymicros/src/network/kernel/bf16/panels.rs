//! Weights as right operands.

use super::pairs::{MakePairs, PAIR, Rows};
use super::{Rounded, SIDE, TILE};
use crate::network::kernel::dispatch;
use crate::network::kernel::pack::panels;

/// A matrix of weights rounded to bf16, cut into panels of [`SIDE`] columns: pairs of rows, and after
/// them a tile of zeros. A right tile may begin at each pair.
#[derive(Debug)]
pub(in crate::network) struct Panels {
    values: Rounded,
    panel: usize,
}

impl Panels {
    /// Panels that `fill` makes, as [`Packed::filled`](crate::network::kernel::Packed::filled) has them.
    pub fn filled(
        depth: usize,
        columns: usize,
        fill: impl Fn(usize, usize, &mut [f32]) + Sync,
    ) -> Self {
        Panels::new(depth, &panels(depth, columns, fill))
    }

    /// Rounds panels of `depth` rows of [`SIDE`] values each.
    pub fn new(depth: usize, panels: &[f32]) -> Self {
        let rows = depth.div_ceil(2) * PAIR;
        let panel = rows + TILE;
        let count = panels.len() / (depth * SIDE).max(1);
        let mut values = Rounded::zeros(count * panel, 0);
        for (index, to) in values.chunks_exact_mut(panel).enumerate() {
            let from = &panels[index * depth * SIDE..][..depth * SIDE];
            dispatch(MakePairs {
                values: from,
                rows: Rows::Apart {
                    first: 0,
                    stride: SIDE,
                    count: depth,
                },
                columns: SIDE,
                to: &mut to[..rows],
            });
        }
        Panels { values, panel }
    }

    /// What a [`TileProduct`](super::TileProduct) is given.
    pub fn values(&self) -> &[u16] {
        &self.values
    }

    /// Where a panel begins.
    pub fn panel(&self, index: usize) -> usize {
        index * self.panel
    }
}

/// Where the pair of rows with this one lies, from the beginning of a panel on.
pub(in crate::network) fn pair(row: usize) -> usize {
    row / 2 * PAIR
}
