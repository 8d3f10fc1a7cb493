//! The 3D UNet of the denoiser (appendix C), on dfdx.
//!
//! dfdx has no 3D convolution, no group normalisation and no padding modes. Each operation that
//! the network is made of lives in a folder of its own: a version made of dfdx's own operations,
//! for any device, and beside it one written by hand for the CPU, on dfdx's tape.

pub mod activation;
#[cfg(test)]
mod agreement;
mod arithmetic;
pub mod attention;
mod batch;
pub mod convolution;
pub mod cost;
#[cfg(any(test, feature = "cuda"))]
mod cuda;
mod device;
pub mod group_norm;
mod kernel;
pub mod space_to_depth;
pub mod tensor;
mod unet;
pub mod weight_standardisation;
pub mod weights;

pub use arithmetic::Arithmetic;
pub(crate) use batch::to_volume;
pub use convolution::Padding;
pub use device::{Device, DeviceWork, Facts};
pub use dfdx::prelude::Cpu;
pub(crate) use kernel::{add, vectorised};
pub use unet::{Entry, Initial, Parameter, Parameters, UNet, UNetConfig, layout};
pub use weight_standardisation::WeightStandardisation;

use crate::Result;
use activation::Activations;
use attention::AttentionKernel;
use convolution::ConvolutionKernel;
use group_norm::GroupNormKernel;
use space_to_depth::SpaceToDepthKernel;
use std::ops::Range;
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
    /// Whether it can compute products of values rounded to bf16.
    const ROUNDS: bool = false;

    /// What `work` gives for all `count` members of a batch, as one part or in several, in order.
    ///
    /// # Errors
    /// When the work fails.
    fn parts_of_batch<T: Send>(
        network: &UNet<Self>,
        count: usize,
        work: impl Fn(&UNet<Self>, Range<usize>) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        Ok(vec![work(network, 0..count)?])
    }
}

impl NetworkDevice for Cpu {
    const ROUNDS: bool = true;

    /// Two halves go through the network side by side: each keeps a thread busy, and what they do
    /// within an operation is shared out where there are more threads.
    fn parts_of_batch<T: Send>(
        network: &UNet<Self>,
        count: usize,
        work: impl Fn(&UNet<Self>, Range<usize>) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        if count < 2 {
            return Ok(vec![work(network, 0..count)?]);
        }
        let (first, second) = rayon::join(
            || work(network, 0..count / 2),
            || work(network, count / 2..count),
        );
        Ok(vec![first?, second?])
    }
}

// A GPU does the more at once the more it is given.
#[cfg(feature = "cuda")]
impl NetworkDevice for dfdx::prelude::Cuda {}
