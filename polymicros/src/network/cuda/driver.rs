//! Which GPUs there are, and how they are opened.

use crate::network::device::Device;
use crate::network::space_to_depth::SpaceToDepthKernel;
use crate::network::weight_standardisation::WeightStandardisationKernel;
use crate::{Error, Result};
use cudarc::driver::{DriverError, result};
use dfdx::prelude::Cuda;

// Both are a few passes over little memory: dfdx's own operations do.
impl SpaceToDepthKernel for Cuda {}
impl WeightStandardisationKernel for Cuda {}

/// How many GPUs the driver knows.
///
/// # Errors
/// When the driver does not start.
pub(in crate::network) fn count() -> Result<usize> {
    // cudarc's own way to count ends the process where the driver does not start.
    result::init()
        .and_then(|()| result::device::get_count())
        .map(|count| usize::try_from(count).unwrap_or(0))
        .map_err(|e| {
            let problem = format!(
                "the driver does not start ({}): install NVIDIA's driver, check it with \
                 nvidia-smi, or choose cpu",
                told(e)
            );
            Error::value("CUDA", problem)
        })
}

/// Opens the GPU of a number.
///
/// # Errors
/// When there is none of this number, or it cannot be opened.
pub(in crate::network) fn open(ordinal: usize) -> Result<Cuda> {
    let what = || format!("device {}", Device::Cuda(ordinal));
    let count = count()?;
    if ordinal >= count {
        let problem = format!("this machine has {count} of them (CUDA_VISIBLE_DEVICES counts)");
        return Err(Error::value(what(), problem));
    }
    Cuda::try_build(ordinal, 0).map_err(|e| Error::value(what(), format!("cannot open it: {e}")))
}

/// The driver's own words.
fn told(error: DriverError) -> String {
    match error.error_string() {
        Ok(words) => words.to_string_lossy().into_owned(),
        Err(_) => format!("{error:?}"),
    }
}
