//! Denoisers, and the one made of the network.

use super::{Batch, Preconditioning};
use crate::network::tensor::Volume;
use crate::network::{NetworkDevice, Padding, UNet};
use crate::{Error, Result};
use dfdx::prelude::{HasShape, Tape, TensorFromVec};

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
        let device = self.network.parameters().device();
        let batch = x.shape()[0];
        let input = to_volume(x, device, p.c_in(sigma) as f32)?;
        let t = device
            .try_tensor_from_vec(vec![p.c_noise(sigma) as f32; batch], (batch,))
            .map_err(|e| Error::numerical("time input", format!("{e:?}")))?;
        let output = self.network.forward(input, t, self.padding)?;
        let mut denoised = from_volume(&output)?;
        let (skip, out) = (p.c_skip(sigma) as f32, p.c_out(sigma) as f32);
        denoised.zip_mut_with(x, |d, x| *d = skip * x + out * *d);
        Ok(denoised)
    }
}

/// Fields, times a factor, in the network's order: channels last.
///
/// # Errors
/// When memory runs out.
pub(crate) fn to_volume<D: TensorFromVec<f32>>(
    x: &Batch,
    device: &D,
    factor: f32,
) -> Result<Volume<D>> {
    let (batch, channels, nx, ny, nz) = x.dim();
    let values = x
        .view()
        .permuted_axes([0, 2, 3, 4, 1])
        .iter()
        .map(|value| factor * value)
        .collect();
    device
        .try_tensor_from_vec(values, [batch, nx, ny, nz, channels])
        .map_err(|e| Error::numerical("fields for the network", format!("{e:?}")))
}

/// Fields in the order of everything but the network.
///
/// # Errors
/// Never, unless dfdx loses values.
fn from_volume<D: NetworkDevice, T: Tape<f32, D>>(x: &Volume<D, T>) -> Result<Batch> {
    let mut values = vec![0.0; x.shape().iter().product()];
    x.copy_into(&mut values);
    let last = ndarray::Array5::from_shape_vec(*x.shape(), values)
        .map_err(|e| Error::numerical("fields of the network", e.to_string()))?;
    Ok(last
        .permuted_axes([0, 4, 1, 2, 3])
        .as_standard_layout()
        .into_owned())
}
