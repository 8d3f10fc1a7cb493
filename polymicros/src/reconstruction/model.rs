//! A trained network for volumes of any shape.

use super::PaddedDenoiser;
use crate::Result;
use crate::diffusion::{Batch, Denoiser, TrainedNetwork};
use crate::generation::{Tiled, Tiling};
use crate::network::{Device, Padding};
use std::path::Path;

/// A trained denoiser that takes volumes of any shape: those that are larger than a tile are
/// denoised in overlapping tiles, and edges are padded to what the network wants.
#[derive(Debug, Clone)]
pub struct Model {
    network: TrainedNetwork,
    tiling: Tiling,
}

impl Model {
    /// Reads the network from a file of weights, onto a GPU where there is one. Volumes are not
    /// taken to be periodic.
    ///
    /// # Errors
    /// As [`TrainedNetwork::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_on(path, Device::Auto)
    }

    /// The same on a device of choice.
    ///
    /// # Errors
    /// As [`TrainedNetwork::open`].
    pub fn open_on(path: impl AsRef<Path>, device: Device) -> Result<Self> {
        Ok(Self::new(TrainedNetwork::open(path, device)?))
    }

    /// The model of a network.
    pub fn new(network: impl Into<TrainedNetwork>) -> Self {
        let network = network.into();
        let padding = match network.padding() {
            Padding::Periodic => Padding::Replicate,
            other => other,
        };
        Model {
            network: network.with_padding(padding),
            tiling: Tiling {
                periodic: false,
                ..Tiling::default()
            },
        }
    }

    /// The same with tiles of another edge, in voxels; overlap and margin are those of the default,
    /// where they fit.
    pub fn with_tile(mut self, tile: usize) -> Self {
        let default = Tiling::default();
        let overlap = default.overlap.min(tile / 2);
        self.tiling = Tiling {
            tile,
            overlap,
            margin: default.margin.min(overlap / 2),
            periodic: false,
        };
        self
    }

    /// The network with its coefficients.
    pub fn network(&self) -> &TrainedNetwork {
        &self.network
    }
}

impl Denoiser for Model {
    fn denoise(&self, x: &Batch, sigma: f64) -> Result<Batch> {
        let padded = PaddedDenoiser::new(&self.network, self.network.config().coarsening());
        let tiled = Tiled {
            denoiser: &padded,
            tiling: self.tiling,
        };
        tiled.denoise(x, sigma)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::NetworkDenoiser;
    use crate::network::{Cpu, UNet, UNetConfig};

    #[test]
    fn volumes_of_any_shape_are_taken() -> Result<()> {
        let network = NetworkDenoiser {
            network: UNet::initial(UNetConfig::tiny(), 1, &Cpu::default())?,
            preconditioning: Default::default(),
            padding: Padding::Periodic,
        };
        let model = Model::new(network).with_tile(16);
        assert_eq!(model.network().padding(), Padding::Replicate);
        for shape in [[9, 16, 13], [21, 8, 10]] {
            let [nx, ny, nz] = shape;
            let x = Batch::from_shape_fn((1, 3, nx, ny, nz), |(_, c, x, y, z)| {
                ((c + x + 2 * y + 3 * z) % 7) as f32 * 0.1
            });
            assert_eq!(model.denoise(&x, 0.3)?.dim(), x.dim());
        }
        // Where the network takes the whole volume, it is asked as it is.
        let x = Batch::from_elem((1, 3, 8, 8, 8), 0.2);
        assert_eq!(model.denoise(&x, 0.3)?, model.network().denoise(&x, 0.3)?);
        Ok(())
    }
}
