//! Products of small matrices, head by head.

use super::blocks::times;
use super::{FEATURES, HEADS, HIDDEN};
use crate::network::kernel::{Packed, Start};

/// A matrix for each head.
pub(super) struct Heads(Vec<Packed>);

impl Heads {
    /// What turns features into channels: `value(feature of all heads, channel)`.
    pub fn to_channels(channels: usize, value: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        let head = |head: usize| {
            Packed::new(FEATURES, channels, |feature, channel| {
                value(head * FEATURES + feature, channel)
            })
        };
        Heads((0..HEADS).map(head).collect())
    }

    /// What turns channels into features.
    pub fn to_features(channels: usize, value: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        let head = |head: usize| {
            Packed::new(channels, FEATURES, |channel, feature| {
                value(head * FEATURES + feature, channel)
            })
        };
        Heads((0..HEADS).map(head).collect())
    }

    /// Each row, of [`HIDDEN`], times its head's matrix.
    pub fn times(&self, rows: &[f32]) -> Vec<f32> {
        let columns = self.0[0].columns();
        let depth = rows.len() / HIDDEN;
        let mut products = vec![0.0; HIDDEN * columns];
        let heads = rows.chunks_exact(FEATURES * depth).zip(&self.0);
        for ((rows, matrix), to) in heads.zip(products.chunks_exact_mut(FEATURES * columns)) {
            times(rows, depth, matrix, Start::Zero, to);
        }
        products
    }
}
