//! Denoisers, and the one made of the network.

use super::{Batch, Preconditioning};
use crate::network::weights::Precision;
use crate::network::{Arithmetic, NetworkDevice, Padding, UNet};
use crate::{Error, Result};
use std::path::Path;

/// Knows the mean of the clean fields that a noisy one may have come from.
pub trait Denoiser {
    /// The denoised fields. `x` has noise of standard deviation `sigma`; its axes are
    /// `batch, channel, x, y, z`.
    ///
    /// # Errors
    /// When the denoiser cannot take fields of this shape.
    fn denoise(&self, x: &Batch, sigma: f64) -> Result<Batch>;
}

impl<F: Fn(&Batch, f64) -> Result<Batch>> Denoiser for F {
    fn denoise(&self, x: &Batch, sigma: f64) -> Result<Batch> {
        self(x, sigma)
    }
}

/// The preconditioned network: `D(x; sigma) = c_skip x + c_out F(c_in x; c_noise)`.
#[derive(Debug, Clone)]
pub struct NetworkDenoiser<D: NetworkDevice> {
    /// The network, `F`.
    pub network: UNet<D>,
    /// The coefficients.
    pub preconditioning: Preconditioning,
    /// What its convolutions see beyond the edge: periodic, where periodic fields are wanted.
    pub padding: Padding,
}

impl<D: NetworkDevice> NetworkDenoiser<D> {
    /// Reads a network and the coefficients that it was trained with, which are EDM's where the
    /// file does not say. Its padding is the one it was trained with.
    ///
    /// # Errors
    /// As [`UNet::load`], and when the coefficients cannot be read.
    pub fn load(path: impl AsRef<Path>, device: &D) -> Result<Self> {
        let path = path.as_ref();
        let (network, usage) = UNet::load_with_usage(path, device)?;
        let preconditioning = match usage {
            Some(usage) => serde_json::from_value(usage)
                .map_err(|e| Error::format(path, "metadata", format!("preconditioning: {e}")))?,
            None => Preconditioning::default(),
        };
        let padding = network.config().padding;
        Ok(NetworkDenoiser {
            network,
            preconditioning,
            padding,
        })
    }

    /// The same with the network's products computed in this arithmetic; f32 otherwise.
    ///
    /// # Errors
    /// As [`UNet::with`].
    pub fn with(mut self, arithmetic: Arithmetic) -> Result<Self> {
        self.network = self.network.with(arithmetic)?;
        Ok(self)
    }

    /// Writes the network with its coefficients.
    ///
    /// # Errors
    /// When the file cannot be written, or weights are too large for the precision.
    pub fn save(&self, path: impl AsRef<Path>, precision: Precision) -> Result<()> {
        let path = path.as_ref();
        let usage = serde_json::to_value(self.preconditioning)
            .map_err(|e| Error::format(path, "metadata", e.to_string()))?;
        self.network.save_for(path, Some(usage), precision)
    }

    /// As [`Denoiser::denoise`], with convolutions that see `padding` beyond the edge.
    pub(super) fn denoise_with(&self, x: &Batch, sigma: f64, padding: Padding) -> Result<Batch> {
        let p = &self.preconditioning;
        let t = vec![p.c_noise(sigma) as f32; x.shape()[0]];
        let input = x.mapv(|value| p.c_in(sigma) as f32 * value);
        let mut denoised = self.network.apply(&input, &t, padding)?;
        let (skip, out) = (p.c_skip(sigma) as f32, p.c_out(sigma) as f32);
        denoised.zip_mut_with(x, |d, x| *d = skip * x + out * *d);
        Ok(denoised)
    }
}

impl<D: NetworkDevice> Denoiser for NetworkDenoiser<D> {
    fn denoise(&self, x: &Batch, sigma: f64) -> Result<Batch> {
        self.denoise_with(x, sigma, self.padding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Cpu, UNetConfig};

    #[test]
    fn coefficients_come_back_with_the_network() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.safetensors");
        let device = Cpu::default();
        let denoiser = NetworkDenoiser {
            network: UNet::initial(UNetConfig::tiny(), 3, &device).unwrap(),
            preconditioning: Preconditioning {
                sigma_data: 0.21,
                ..Preconditioning::default()
            },
            padding: Padding::Periodic,
        };
        denoiser.save(&path, Precision::F32).unwrap();
        let back = NetworkDenoiser::load(&path, &device).unwrap();
        assert_eq!(back.preconditioning, denoiser.preconditioning);
        assert_eq!(back.padding, UNetConfig::tiny().padding);
        let x = Batch::from_shape_fn((1, 3, 4, 4, 4), |(_, c, x, y, z)| {
            0.1 * (c + x + 2 * y + 3 * z) as f32
        });
        let periodic = NetworkDenoiser {
            padding: Padding::Periodic,
            ..back
        };
        assert_eq!(
            periodic.denoise(&x, 0.3).unwrap(),
            denoiser.denoise(&x, 0.3).unwrap()
        );
        // A network that says nothing was trained with EDM's.
        denoiser.network.save(&path).unwrap();
        let silent = NetworkDenoiser::load(&path, &device).unwrap();
        assert_eq!(silent.preconditioning, Preconditioning::default());
    }
}
