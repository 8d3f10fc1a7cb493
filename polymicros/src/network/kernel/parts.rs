//! Voxels cut into parts that several threads work on.

use std::ops::Range;

/// Some voxels of one member of the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::network) struct Part {
    pub member: usize,
    /// Counted over all members.
    pub voxels: Range<usize>,
}

impl Part {
    /// Where the values of its voxels lie, with `width` to a voxel.
    pub fn values(&self, width: usize) -> Range<usize> {
        self.voxels.start * width..self.voxels.end * width
    }
}

/// Parts of at most `size` voxels of `batch` members with `voxels` each, in order.
pub(in crate::network) fn parts(batch: usize, voxels: usize, size: usize) -> Vec<Part> {
    (0..batch)
        .flat_map(|member| {
            let (first, end) = (member * voxels, (member + 1) * voxels);
            (first..end).step_by(size).map(move |start| Part {
                member,
                voxels: start..(start + size).min(end),
            })
        })
        .collect()
}

/// The values of each part, with `width` to a voxel.
pub(in crate::network) fn pieces<'a>(
    parts: &[Part],
    width: usize,
    values: &'a mut [f32],
) -> Vec<&'a mut [f32]> {
    let mut rest = values;
    let mut pieces = Vec::with_capacity(parts.len());
    for part in parts {
        let (piece, after) = std::mem::take(&mut rest).split_at_mut(part.voxels.len() * width);
        pieces.push(piece);
        rest = after;
    }
    pieces
}
