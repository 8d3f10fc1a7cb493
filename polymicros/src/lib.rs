//! Polycrystalline microstructures from orientations to a foundation model.
//!
//! The library follows the paper "PolyMicros: Bootstrapping a Foundation Model for Polycrystalline
//! Material Structure" stage by stage: each module is one stage, in the paper's order, and uses
//! only the modules above it.
//!
//! | module | paper | what lives there |
//! | --- | --- | --- |
//! | [`orientation`] | 2.1, A.2 | Bunge Euler angles, quaternions, cubic symmetry, ROGSH and its inverse, IPF colours |
//! | [`microstructure`] | 2.1 | the voxel grid and fields on it, orientation maps, file formats, stand-ins for experiments |
//! | [`statistics`] | 2.1.1, A.4, 5.1 | n-dimensional FFT, 1- and 2-point statistics, covariances, PCA |
//! | [`random_field`] | 3.1, A.5, A.6, B.1 | MOSM kernel, designs of statistics, multi-output Gaussian random fields, fits to measured covariances |
//! | [`network`] | C | the 3D UNet: tensor operations on dfdx, each with its kernels |
//! | [`diffusion`] | A.7 | EDM: preconditioning, noise schedule, and the sampler of Algorithm 2 |
//! | [`training`] | 3.2, 4, C | neighbourhood sets, the objective, optimisers, averaged weights, runs that resume |
//! | [`generation`] | 3, A.3, B.2 | local models, local-global sampling (Algorithm 3) |
//! | [`reconstruction`] | 5.2, 5.3, D | inpainting and super-resolution beside baselines; volumes from three orthogonal sections |
//! | [`device_check`] | | whether a GPU computes what the processor does, and how fast |
//! | [`display`] | figures | pictures of all of these, for a notebook or a file |
//!
//! # Conventions
//!
//! * Axis order is `channel, x, y, z` everywhere, and `z` varies fastest in memory.
//! * Angles are radians. Orientations are Bunge: `g` maps the sample frame to the crystal frame,
//!   and crystal symmetry acts on the left of `g`.
//! * Whatever is random takes a seed, and the same seed gives the same bits on any number of
//!   threads.
//!
//! Where the paper misprints an equation, the register of readings (`READINGS.md` beside the
//! library) says what the code does and which test shows it.

mod buffer;
pub mod device_check;
pub mod diffusion;
mod digest;
pub mod display;
mod error;
pub mod generation;
mod json_file;
pub mod microstructure;
pub mod network;
pub mod orientation;
mod peak_memory;
pub mod random_field;
pub mod reconstruction;
pub mod statistics;
pub mod training;
mod whole_file;

pub(crate) use digest::sha256;
pub use digest::sha256_of;
pub use error::{Error, Result};
pub use peak_memory::peak_memory;
pub(crate) use whole_file::UNFINISHED;
pub use whole_file::{save_whole, write_whole};
