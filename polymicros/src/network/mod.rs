//! The 3D UNet of the denoiser (appendix C), on dfdx.
//!
//! dfdx has no 3D convolution, no group normalisation and no padding modes. Each operation that
//! the network is made of lives in a folder of its own: a version made of dfdx's own operations,
//! for any device, and beside it one written by hand for the CPU, on dfdx's tape.

pub mod activation;
#[cfg(test)]
mod agreement;
pub mod attention;
mod batch;
pub mod convolution;
pub mod group_norm;
mod kernel;
pub mod space_to_depth;
pub mod tensor;
mod unet;
pub mod weight_standardisation;
pub mod weights;

pub(crate) use batch::to_volume;
pub use convolution::Padding;
pub use dfdx::prelude::Cpu;
pub(crate) use kernel::{add, vectorised};
pub use unet::{Entry, Initial, Parameter, Parameters, UNet, UNetConfig, layout};
pub use weight_standardisation::WeightStandardisation;

use activation::Activations;
use attention::AttentionKernel;
use convolution::ConvolutionKernel;
use group_norm::GroupNormKernel;
use space_to_depth::SpaceToDepthKernel;
use weight_standardisation::WeightStandardisationKernel;

/// A device that runs the network.
pub trait NetworkDevice:
    Activations
    + ConvolutionKernel
    + WeightStandardisationKernel
    + GroupNormKernel
    + AttentionKernel
    + SpaceToDepthKernel
{
}

impl<D> NetworkDevice for D where
    D: Activations
        + ConvolutionKernel
        + WeightStandardisationKernel
        + GroupNormKernel
        + AttentionKernel
        + SpaceToDepthKernel
{
}
