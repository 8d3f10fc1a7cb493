//! Denoisers, and the one made of the network.

use super::{Batch, Preconditioning};
use crate::Result;
use crate::network::{NetworkDevice, Padding, UNet};

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

impl<D: NetworkDevice> Denoiser for NetworkDenoiser<D> {
    fn denoise(&self, x: &Batch, sigma: f64) -> Result<Batch> {
        let p = &self.preconditioning;
        let t = vec![p.c_noise(sigma) as f32; x.shape()[0]];
        let input = x.mapv(|value| p.c_in(sigma) as f32 * value);
        let mut denoised = self.network.apply(&input, &t, self.padding)?;
        let (skip, out) = (p.c_skip(sigma) as f32, p.c_out(sigma) as f32);
        denoised.zip_mut_with(x, |d, x| *d = skip * x + out * *d);
        Ok(denoised)
    }
}
