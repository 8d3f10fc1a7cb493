//! Denoising diffusion in the formulation of EDM (appendix A.7).
//!
//! Noise levels are standard deviations. A [`Denoiser`] takes a noisy field and its level and gives
//! the mean of the clean fields it may have come from; [`Sampler`] turns noise into a field with
//! one.

mod condition;
mod denoiser;
mod preconditioning;
mod sampler;
mod schedule;
mod trained;

pub use condition::{Condition, MeanCorrection};
pub use denoiser::{Denoiser, NetworkDenoiser};
pub use preconditioning::Preconditioning;
pub use sampler::{Sampler, Solver, with_noise};
pub use schedule::Schedule;
pub use trained::TrainedNetwork;

/// Fields in a batch, `batch, channel, x, y, z`.
pub type Batch = ndarray::Array5<f32>;
