//! A trained network on whichever device it is to run.

use super::{Batch, Denoiser, NetworkDenoiser};
use crate::network::{Arithmetic, Device, DeviceWork, NetworkDevice, Padding, UNetConfig};
use crate::{Error, Result};
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

/// A trained network with its coefficients, on a device that its type does not name: what is done
/// with it is the same on all. Clones share their weights.
#[derive(Debug, Clone)]
pub struct TrainedNetwork {
    network: Arc<dyn Placed>,
    padding: Padding,
}

/// A network on some device.
trait Placed: Debug {
    /// As [`Denoiser::denoise`], with convolutions that see `padding` beyond the edge.
    fn denoise_with(&self, x: &Batch, sigma: f64, padding: Padding) -> Result<Batch>;

    fn config(&self) -> &UNetConfig;

    fn parameters(&self) -> usize;
}

impl<D: NetworkDevice> Placed for NetworkDenoiser<D> {
    fn denoise_with(&self, x: &Batch, sigma: f64, padding: Padding) -> Result<Batch> {
        NetworkDenoiser::denoise_with(self, x, sigma, padding)
    }

    fn config(&self) -> &UNetConfig {
        self.network.config()
    }

    fn parameters(&self) -> usize {
        self.network.parameters().count()
    }
}

impl TrainedNetwork {
    /// Reads a network onto a device. Its padding is the one it was trained with.
    ///
    /// # Errors
    /// As [`NetworkDenoiser::load`], and when there is no such device.
    pub fn open(path: impl AsRef<Path>, device: Device) -> Result<Self> {
        Self::open_in(path, device, Arithmetic::F32)
    }

    /// The same with its matrix products computed in this arithmetic.
    ///
    /// # Errors
    /// As [`open`](Self::open), and when the device computes in f32 only.
    pub fn open_in(path: impl AsRef<Path>, device: Device, arithmetic: Arithmetic) -> Result<Self> {
        device.run(Opening {
            path: path.as_ref(),
            arithmetic,
        })
    }

    /// The same with convolutions that see something else beyond the edge.
    pub fn with_padding(self, padding: Padding) -> Self {
        TrainedNetwork { padding, ..self }
    }

    /// What its convolutions see beyond the edge.
    pub fn padding(&self) -> Padding {
        self.padding
    }

    /// The size of the network.
    pub fn config(&self) -> &UNetConfig {
        self.network.config()
    }

    /// Numbers that the network has learnt.
    pub fn parameters(&self) -> usize {
        self.network.parameters()
    }
}

/// Reads a file.
struct Opening<'a> {
    path: &'a Path,
    arithmetic: Arithmetic,
}

impl DeviceWork for Opening<'_> {
    type Output = TrainedNetwork;
    type Error = Error;

    fn on<D: NetworkDevice>(self, device: &D) -> Result<TrainedNetwork> {
        let denoiser = NetworkDenoiser::load(self.path, device)?;
        Ok(denoiser.with(self.arithmetic)?.into())
    }
}

impl<D: NetworkDevice> From<NetworkDenoiser<D>> for TrainedNetwork {
    fn from(denoiser: NetworkDenoiser<D>) -> Self {
        TrainedNetwork {
            padding: denoiser.padding,
            network: Arc::new(denoiser),
        }
    }
}

impl Denoiser for TrainedNetwork {
    fn denoise(&self, x: &Batch, sigma: f64) -> Result<Batch> {
        self.network.denoise_with(x, sigma, self.padding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::Preconditioning;
    use crate::network::weights::Precision;
    use crate::network::{Cpu, UNet};

    #[test]
    fn a_network_denoises_the_same_without_its_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.safetensors");
        let denoiser = NetworkDenoiser {
            network: UNet::initial(UNetConfig::tiny(), 3, &Cpu::default()).unwrap(),
            preconditioning: Preconditioning::default(),
            padding: Padding::Periodic,
        };
        denoiser.save(&path, Precision::F32).unwrap();
        let network = TrainedNetwork::open(&path, Device::Cpu).unwrap();
        assert_eq!(network.padding(), UNetConfig::tiny().padding);
        assert_eq!(network.config(), denoiser.network.config());
        assert_eq!(network.parameters(), denoiser.network.parameters().count());
        let x = Batch::from_shape_fn((1, 3, 4, 4, 4), |(_, c, x, y, z)| {
            0.1 * (c + x + 2 * y + 3 * z) as f32
        });
        assert_eq!(
            network
                .with_padding(Padding::Periodic)
                .denoise(&x, 0.3)
                .unwrap(),
            denoiser.denoise(&x, 0.3).unwrap()
        );
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_that_is_not_there_is_said() {
        let error = TrainedNetwork::open("nowhere.safetensors", Device::Cuda(0)).unwrap_err();
        assert!(error.to_string().contains("--features cuda"), "{error}");
    }
}
