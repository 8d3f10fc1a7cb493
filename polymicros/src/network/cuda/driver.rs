//! Which GPUs there are, and how they are opened.

use crate::network::device::{Device, Facts};
use crate::network::space_to_depth::SpaceToDepthKernel;
use crate::network::weight_standardisation::WeightStandardisationKernel;
use crate::{Error, Result};
use cudarc::driver::sys::CUdevice_attribute as Attribute;
use cudarc::driver::{CudaDevice, DriverError, result};
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

/// What a GPU says of itself.
///
/// # Errors
/// When there is none of this number.
pub(in crate::network) fn facts(ordinal: usize) -> Result<Facts> {
    let count = count()?;
    let what = || format!("device {}", Device::Cuda(ordinal));
    if ordinal >= count {
        return Err(Error::value(what(), format!("this machine has {count}")));
    }
    let gpu = CudaDevice::new(ordinal).map_err(|e| Error::value(what(), told(e)))?;
    let of = |attribute: Attribute| {
        gpu.attribute(attribute)
            .map(f64::from)
            .map_err(|e| Error::value(what(), told(e)))
    };
    let processors = of(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
    let clock = 1e3 * of(Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE)?;
    let major = of(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
    let minor = of(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
    // FP32 units of a processor: 64 up to the A100, 128 since.
    let units = if 10.0 * major + minor <= 80.0 {
        64.0
    } else {
        128.0
    };
    let memory_clock = 1e3 * of(Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE)?;
    let bus = of(Attribute::CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH)?;
    let (free, memory) = result::mem_get_info().map_err(|e| Error::value(what(), told(e)))?;
    Ok(Facts {
        fp32: 2.0 * units * processors * clock,
        // Two transfers a clock, of bits.
        bandwidth: 2.0 * memory_clock * bus / 8.0,
        memory: memory as f64,
        free: free as f64,
    })
}

/// The driver's own words.
fn told(error: DriverError) -> String {
    match error.error_string() {
        Ok(words) => words.to_string_lossy().into_owned(),
        Err(_) => format!("{error:?}"),
    }
}
