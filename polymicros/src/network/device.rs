//! Which device runs the network, as a configuration says it.

use super::{Cpu, NetworkDevice};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Which device runs the network: `auto`, `cpu` or `cuda:0` in text and in settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// The first GPU where this build and this machine have one, else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The NVIDIA GPU of this number, counted from zero.
    Cuda(usize),
}

/// A piece of work that is written for any device, to be run on the one that is configured.
pub trait DeviceWork {
    /// What it gives.
    type Output;
    /// How it fails.
    type Error: From<Error>;

    /// Does the work.
    ///
    /// # Errors
    /// When the work fails.
    fn on<D: NetworkDevice>(self, device: &D) -> Result<Self::Output, Self::Error>;
}

/// What a GPU says of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// Additions and multiplications a second in FP32, outside the tensor cores.
    pub fp32: f64,
    /// Bytes a second to and from its memory.
    pub bandwidth: f64,
    /// Bytes of its memory.
    pub memory: f64,
    /// Bytes of its memory that nobody has taken.
    pub free: f64,
}

impl Device {
    /// What `Auto` stands for here; other devices stand for themselves.
    pub fn resolve(self) -> Device {
        match (self, first_gpu()) {
            (Device::Auto, true) => Device::Cuda(0),
            (Device::Auto, false) => Device::Cpu,
            _ => self,
        }
    }

    /// What the GPU says of itself; nothing of the processor.
    ///
    /// # Errors
    /// When there is no such device.
    pub fn facts(self) -> Result<Option<Facts>> {
        match self.resolve() {
            Device::Cuda(ordinal) => facts(ordinal).map(Some),
            _ => Ok(None),
        }
    }

    /// Opens the device and runs `work` on it.
    ///
    /// # Errors
    /// When the work fails, or there is no such device: the message says what to install.
    pub fn run<W: DeviceWork>(self, work: W) -> Result<W::Output, W::Error> {
        match self.resolve() {
            Device::Cuda(ordinal) => on_gpu(ordinal, work),
            _ => work.on(&Cpu::default()),
        }
    }
}

#[cfg(feature = "cuda")]
fn facts(ordinal: usize) -> Result<Facts> {
    super::cuda::facts(ordinal)
}

#[cfg(not(feature = "cuda"))]
fn facts(ordinal: usize) -> Result<Facts> {
    Err(no_cuda(ordinal))
}

#[cfg(feature = "cuda")]
fn first_gpu() -> bool {
    super::cuda::count().is_ok_and(|count| count > 0)
}

#[cfg(feature = "cuda")]
fn on_gpu<W: DeviceWork>(ordinal: usize, work: W) -> Result<W::Output, W::Error> {
    work.on(&super::cuda::open(ordinal)?)
}

#[cfg(not(feature = "cuda"))]
fn first_gpu() -> bool {
    false
}

#[cfg(not(feature = "cuda"))]
fn on_gpu<W: DeviceWork>(ordinal: usize, _: W) -> Result<W::Output, W::Error> {
    Err(no_cuda(ordinal).into())
}

#[cfg(not(feature = "cuda"))]
fn no_cuda(ordinal: usize) -> Error {
    let problem = "this build has no CUDA: install the CUDA toolkit, with nvcc and nvidia-smi on \
                   the path, and build with `--features cuda` (in a notebook: features = \
                   [\"cuda\"]), or choose cpu";
    Error::value(format!("device {}", Device::Cuda(ordinal)), problem)
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Auto => f.write_str("auto"),
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(ordinal) => write!(f, "cuda:{ordinal}"),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown = || {
            let problem = format!("{text:?} is none of auto, cpu, cuda:0, cuda:1, …");
            Error::value("device", problem)
        };
        match text {
            "auto" => Ok(Device::Auto),
            "cpu" => Ok(Device::Cpu),
            "cuda" => Ok(Device::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|ordinal| ordinal.parse().ok())
                .map(Device::Cuda)
                .ok_or_else(unknown),
        }
    }
}

impl TryFrom<String> for Device {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Device> for String {
    fn from(device: Device) -> Self {
        device.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_read_as_it_is_written() {
        for device in [Device::Auto, Device::Cpu, Device::Cuda(0), Device::Cuda(3)] {
            assert_eq!(device.to_string().parse::<Device>().unwrap(), device);
            let json = serde_json::to_string(&device).unwrap();
            assert_eq!(serde_json::from_str::<Device>(&json).unwrap(), device);
        }
        for wrong in ["gpu", "cuda:", "cuda:-1", "cuda:one", ""] {
            let error = wrong.parse::<Device>().unwrap_err().to_string();
            assert!(error.contains("none of auto, cpu, cuda:0"), "{error}");
        }
    }

    /// Names the type it was run with.
    struct Name;

    impl DeviceWork for Name {
        type Output = &'static str;
        type Error = Error;

        fn on<D: NetworkDevice>(self, _: &D) -> Result<&'static str> {
            Ok(std::any::type_name::<D>())
        }
    }

    #[test]
    fn work_runs_on_the_chosen_device() {
        assert_eq!(Device::Cpu.run(Name).unwrap(), std::any::type_name::<Cpu>());
        assert_ne!(Device::Auto.resolve(), Device::Auto);
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_gpu_without_the_feature_says_what_to_do() {
        assert_eq!(Device::Auto.resolve(), Device::Cpu);
        let error = Device::Cuda(1).run(Name).unwrap_err().to_string();
        assert!(error.contains("cuda:1"), "{error}");
        assert!(error.contains("--features cuda"), "{error}");
    }
}
