//! Designed statistics and random fields (paper 3.1, A.5, A.6, B.1).
//!
//! A [`Design`] draws [`MosmParameters`] within [`Bounds`] and keeps those that an [`Acceptance`]
//! rule accepts; a [`MosmKernel`] turns them into the covariances of a three-channel field, and a
//! [`Mogrf`] into fields. [`Fit`] goes the other way, from measured covariances to parameters, and
//! [`Guidelines`] say how a kernel stands to what the paper asks of one.
//!
//! ```
//! use polymicros::microstructure::Grid;
//! use polymicros::random_field::{Acceptance, Bounds, Design, Images, Mogrf, MosmKernel, Sampler};
//! # fn main() -> polymicros::Result<()> {
//! let design = Design::draw(&Bounds::paper(), &Acceptance::default(), 10, 1)?;
//! let kernel = MosmKernel::new(&design.parameters[0])?;
//! let mogrf = Mogrf::of_kernel(&kernel, &Grid::cube(32)?, Images::All)?;
//! let field = mogrf.sample(Sampler::Algorithm1, 7)?;
//! assert_eq!(field.data().shape(), [3, 32, 32, 32]);
//! # Ok(())
//! # }
//! ```

mod algorithm1;
mod convergence;
mod density;
mod design;
mod fit;
mod full;
mod json;
mod kernel;
mod measures;
mod mogrf;
mod noise;
mod parameters;
mod separable;
mod term;

pub use design::{Acceptance, Bounds, Design, Diversity, Verdict};
pub use fit::{Fit, FitSettings};
pub use kernel::{Images, MosmKernel};
pub use measures::{Findings, Guidelines, grains_worth};
pub use mogrf::{Mogrf, Sampler, with_mean};
pub use parameters::{Mixture, MosmParameters, SpectralGaussian};

use crate::orientation::ROGSH_NAMES;

/// What the channels of a field are called: the ROGSH values' names where there are three.
fn channel_names(channels: usize) -> Vec<String> {
    if channels == ROGSH_NAMES.len() {
        ROGSH_NAMES.map(str::to_owned).to_vec()
    } else {
        (0..channels)
            .map(|channel| format!("channel {channel}"))
            .collect()
    }
}
