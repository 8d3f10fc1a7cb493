//! Volumes from parts of them (paper 5.2, appendix D.1).
//!
//! A [`Mask`] says which voxels are known; what is known of a volume is a
//! [`Field`](crate::microstructure::Field) with that mask.

mod distance;
mod known;
mod mask;

pub use distance::Distances;
pub use known::{Consistency, ConsistentDenoiser, Known, KnownVoxels};
pub use mask::Mask;
