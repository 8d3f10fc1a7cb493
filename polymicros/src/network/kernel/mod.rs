//! The matrix kernels that every operation on the CPU is made of.
//!
//! Activations lie channels-last in memory: the channels of a voxel are neighbours, and the voxels
//! of a row along `z` follow each other. So whatever multiplies the neighbourhood of a voxel by
//! weights reads a few contiguous runs ([`Segment`]s) for each voxel, at offsets that are the same
//! for all voxels of a row. [`Product`] does that for convolutions of any shape, for their
//! gradients with respect to the input, and for attention; [`Outer`] is its transpose, the
//! gradient with respect to the weights.
//!
//! The instruction set is chosen at run time: AVX-512, AVX2 with FMA, NEON, or a portable path.

pub(super) mod bf16;
#[cfg(test)]
pub(super) mod count;
#[cfg(test)]
mod definition;
mod elementwise;
mod heights;
mod outer;
mod pack;
mod parts;
mod product;
mod registers;
mod sums;
#[cfg(test)]
mod tests;
mod vectorised;
mod winograd;

pub(super) use elementwise::{exp, sigmoid};
pub(super) use outer::Outer;
pub(super) use pack::Packed;
pub(super) use parts::{Part, parts, pieces};
pub(super) use product::{Product, Start};
pub(crate) use sums::add;
pub(super) use sums::{column_sums, sum_of_parts, total};
pub(crate) use vectorised::vectorised;
pub(super) use winograd::{FILTER, Map, POINTS, TILE, Transform};

use pulp::{Arch, WithSimd};

/// Output columns computed together: one AVX-512 register, or two of AVX2.
pub(super) const COLUMNS: usize = 16;

/// A contiguous run of input values that a row of a product is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    /// Where the run of the first row starts in the input.
    pub input: usize,
    /// Which row of the weights its first value multiplies.
    pub weights: usize,
    /// How many values.
    pub depth: usize,
}

/// Runs a kernel with the best instructions that this machine has.
pub(super) fn dispatch<W: WithSimd>(work: W) -> W::Output {
    Arch::new().dispatch(work)
}
