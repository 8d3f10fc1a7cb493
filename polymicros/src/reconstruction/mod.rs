//! Volumes from parts of them (paper 5.2, 5.3, appendix D).
//!
//! A [`Mask`] says which voxels are known; what is known of a volume is a
//! [`Field`](crate::microstructure::Field) with that mask. [`sections`] goes from three orthogonal
//! 2D maps to 3D volumes (5.3, D.2).

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
pub mod sections;
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
