//! Designed statistics and random fields (paper 3.1, A.5, A.6, B.1).
//!
//! A [`MosmKernel`] turns 132 parameters into the covariances of a three-channel field.

mod algorithm1;
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
