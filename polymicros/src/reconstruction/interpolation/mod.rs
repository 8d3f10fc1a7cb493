//! Classical interpolation between known voxels: what a model has to beat, and what it may start
//! from.

mod linear;
mod nearest;
mod shape;
#[cfg(test)]
mod tests;

pub(super) use nearest::gather;

use crate::Result;
use crate::microstructure::Field;
use serde::{Deserialize, Serialize};

/// A way to fill in missing voxels that needs no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// The value of the nearest known voxel: in a stack, of the nearest slice, and of the lower of
    /// two.
    Nearest,
    /// Linear between the nearest known voxels on both sides along an axis. Where several axes have
    /// them, the mean, weighted with the inverse of their distance; where none has, the nearest. In
    /// a stack that is linear interpolation between slices.
    Linear,
    /// Shape-based interpolation of grains between the slices of a stack (Raya and Udupa, IEEE
    /// Trans. Med. Imaging 9, 32, 1990): in each slice a grain is a function, the distance to its
    /// boundary, positive within; these functions are interpolated linearly, and the largest one
    /// tells the grain. A grain that the next slice does not show ends half way there.
    Shape,
}

impl Interpolation {
    /// All three.
    pub const ALL: [Interpolation; 3] = [
        Interpolation::Nearest,
        Interpolation::Linear,
        Interpolation::Shape,
    ];

    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Interpolation::Nearest => "nearest slice",
            Interpolation::Linear => "linear in ROGSH",
            Interpolation::Shape => "shape-based",
        }
    }

    /// The field with its missing voxels, those outside its mask, filled in.
    ///
    /// # Errors
    /// When no voxel is known. Shape-based interpolation also needs a field of ROGSH values, known
    /// in slices of a stack.
    pub fn fill(self, observed: &Field) -> Result<Field> {
        match self {
            Interpolation::Nearest => nearest::fill(observed),
            Interpolation::Linear => linear::fill(observed),
            Interpolation::Shape => shape::fill(observed),
        }
    }
}
