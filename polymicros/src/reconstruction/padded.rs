//! Fields whose edges a network does not take.

use crate::diffusion::{Batch, Denoiser};
use crate::{Error, Result};
use ndarray::s;

/// A denoiser of fields with any edges, made of one that wants them to be multiples of a number, as
/// the network does ([`UNetConfig::coarsening`](crate::network::UNetConfig::coarsening)).
///
/// Fields are continued by their mirror image beyond the far faces, and cut again. A mirror image,
/// other than a repeated last voxel, has noise like the rest of the field.
pub struct PaddedDenoiser<'a> {
    denoiser: &'a dyn Denoiser,
    multiple: usize,
}

impl<'a> PaddedDenoiser<'a> {
    /// Pads to multiples of `multiple`.
    pub fn new(denoiser: &'a dyn Denoiser, multiple: usize) -> Self {
        PaddedDenoiser {
            denoiser,
            multiple: multiple.max(1),
        }
    }
}

/// The voxel seen at a place that may lie beyond `n` voxels: reflections at the centres of the
/// first and the last one.
fn mirrored(place: usize, n: usize) -> usize {
    let period = (2 * (n - 1)).max(1);
    let place = place % period;
    if place < n { place } else { period - place }
}

impl Denoiser for PaddedDenoiser<'_> {
    fn denoise(&self, x: &Batch, sigma: f64) -> Result<Batch> {
        let (batch, channels, nx, ny, nz) = x.dim();
        let [px, py, pz] = [nx, ny, nz].map(|n| n.next_multiple_of(self.multiple));
        if [px, py, pz] == [nx, ny, nz] {
            return self.denoiser.denoise(x, sigma);
        }
        if x.is_empty() {
            return Err(Error::shape("fields to denoise", "some voxels", x.shape()));
        }
        let padded = Batch::from_shape_fn((batch, channels, px, py, pz), |(b, c, i, j, k)| {
            x[[b, c, mirrored(i, nx), mirrored(j, ny), mirrored(k, nz)]]
        });
        let denoised = self.denoiser.denoise(&padded, sigma)?;
        if denoised.dim() != padded.dim() {
            return Err(Error::shape(
                "denoised fields",
                padded.dim(),
                denoised.dim(),
            ));
        }
        Ok(denoised.slice(s![.., .., ..nx, ..ny, ..nz]).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_become_multiples_and_come_back() {
        let x = Batch::from_shape_fn((2, 1, 5, 8, 1), |(b, _, i, j, k)| {
            (1000 * b + 100 * i + 10 * j + k) as f32
        });
        let seen = std::cell::RefCell::new(None);
        let inner = |x: &Batch, sigma: f64| {
            *seen.borrow_mut() = Some(x.clone());
            Ok(x.mapv(|value| value * sigma as f32))
        };
        let y = PaddedDenoiser::new(&inner, 4).denoise(&x, 2.0).unwrap();
        assert_eq!(y, x.mapv(|value| 2.0 * value));
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen.shape(), [2, 1, 8, 8, 4]);
        // 0 1 2 3 4 3 2 1.
        let along: Vec<f32> = seen.slice(s![0, 0, .., 0, 0]).to_vec();
        assert_eq!(
            along,
            [0.0, 100.0, 200.0, 300.0, 400.0, 300.0, 200.0, 100.0]
        );
        let even = Batch::zeros((1, 1, 4, 8, 4));
        let same = |x: &Batch, _: f64| {
            assert_eq!(x.shape(), [1, 1, 4, 8, 4]);
            Ok(x.clone())
        };
        PaddedDenoiser::new(&same, 4).denoise(&even, 1.0).unwrap();
    }
}
