//! Between the order of everything else, `batch, channel, x, y, z`, and the network's.

use super::tensor::{Volume, failed};
use super::{NetworkDevice, Padding, UNet};
use crate::{Error, Result};
use dfdx::prelude::{HasShape, NoneTape, TensorFromVec};
use ndarray::{Array5, ArrayView5, Axis, s};

impl<D: NetworkDevice> UNet<D> {
    /// The bare network on fields in axis order `batch, channel, x, y, z`, with a time input for
    /// each member of the batch.
    ///
    /// # Errors
    /// As [`UNet::forward`].
    pub fn apply(&self, x: &Array5<f32>, t: &[f32], padding: Padding) -> Result<Array5<f32>> {
        let count = x.len_of(Axis(0));
        if t.len() != count {
            return Err(Error::shape("time input of the network", count, t.len()));
        }
        let mut parts = D::parts_of_batch(self, count, |network, members| {
            let x = x.slice(s![members.clone(), .., .., .., ..]);
            network.apply_to(x, &t[members], padding)
        })?;
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        ndarray::concatenate(Axis(0), &views)
            .map_err(|e| Error::numerical("fields of the network", e.to_string()))
    }

    fn apply_to(&self, x: ArrayView5<f32>, t: &[f32], padding: Padding) -> Result<Array5<f32>> {
        let device = self.parameters().device();
        let times = device
            .try_tensor_from_vec(t.to_vec(), (t.len(),))
            .map_err(failed)?;
        let y = self.forward::<NoneTape>(to_volume(x, device)?, times, padding)?;
        let mut values = vec![0.0; y.shape().iter().product()];
        y.copy_into(&mut values);
        let last = Array5::from_shape_vec(*y.shape(), values)
            .map_err(|e| Error::numerical("fields of the network", e.to_string()))?;
        let first = last.permuted_axes([0, 4, 1, 2, 3]);
        Ok(first.as_standard_layout().into_owned())
    }
}

/// Fields in the network's order: channels last.
///
/// # Errors
/// When memory runs out.
pub(crate) fn to_volume<D: TensorFromVec<f32>>(
    x: ArrayView5<f32>,
    device: &D,
) -> Result<Volume<D>> {
    let (batch, channels, nx, ny, nz) = x.dim();
    let view = x.permuted_axes([0, 2, 3, 4, 1]);
    let values = view.iter().copied().collect();
    device
        .try_tensor_from_vec(values, [batch, nx, ny, nz, channels])
        .map_err(failed)
}
