//! Volumes from parts of them (paper 5.2, appendix D.1).
//!
//! A [`Mask`] says which voxels are known; what is known of a volume is a
//! [`Field`](crate::microstructure::Field) with that mask.

pub mod comparison;
mod distance;
mod ensemble;
mod inpainting;
mod interpolation;
mod known;
mod mask;
pub mod measures;
mod model;
mod padded;
mod projection;
mod super_resolution;

pub use distance::Distances;
pub use ensemble::Ensemble;
pub use inpainting::{Inpainting, Start};
pub use interpolation::Interpolation;
pub use known::{Consistency, ConsistentDenoiser, Known, KnownVoxels};
pub use mask::Mask;
pub use model::Model;
pub use padded::PaddedDenoiser;
pub use projection::Projection;
pub use super_resolution::{Progress, Reconstruction, Stack};
