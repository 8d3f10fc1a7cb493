//! A trained model of local neighbourhoods.

use super::{Tiled, Tiling};
use crate::diffusion::{Batch, Denoiser, TrainedNetwork};
use crate::network::{Arithmetic, Device, Padding};
use crate::{Error, Result};
use std::path::Path;

/// A denoiser trained on patches of one experiment (paper 3.2).
///
/// Its convolutions see the other side of the grid beyond the edge, whatever they saw in training:
/// what Algorithm 3 makes is periodic. Fields too large for memory are denoised in tiles.
#[derive(Debug, Clone)]
pub struct LocalModel {
    name: String,
    network: TrainedNetwork,
    tiles: Option<Tiles>,
}

/// How larger fields are cut, and the network for their parts.
#[derive(Debug, Clone)]
struct Tiles {
    tiling: Tiling,
    /// The same weights. A tile's other side is nowhere near it, so that the padding is what it
    /// was in training.
    network: TrainedNetwork,
}

impl LocalModel {
    /// Reads the weights that training wrote, onto a GPU where there is one. The model is called
    /// as the file, without its ending.
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
        Self::open_in(path, device, Arithmetic::F32)
    }

    /// The same with its matrix products computed in this arithmetic.
    ///
    /// # Errors
    /// As [`TrainedNetwork::open_in`].
    pub fn open_in(path: impl AsRef<Path>, device: Device, arithmetic: Arithmetic) -> Result<Self> {
        let path = path.as_ref();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let network = TrainedNetwork::open_in(path, device, arithmetic)?;
        Ok(LocalModel::new(name, network))
    }

    /// A model of this name; its padding becomes periodic.
    pub fn new(name: impl Into<String>, network: impl Into<TrainedNetwork>) -> Self {
        LocalModel {
            name: name.into(),
            network: network.into().with_padding(Padding::Periodic),
            tiles: None,
        }
    }

    /// The same model, which cuts fields that are larger than a tile, at a memory that does not
    /// grow with them. Within a tile convolutions are padded as in training.
    ///
    /// # Errors
    /// When tiles of this form cover no field, or tile or overlap is no multiple of
    /// [`coarsening`](Self::coarsening).
    pub fn with_tiles(mut self, tiling: Tiling) -> Result<Self> {
        tiling.check()?;
        let multiple = self.coarsening();
        if !(tiling.tile.is_multiple_of(multiple) && tiling.overlap.is_multiple_of(multiple)) {
            return Err(Error::value(
                "tiles",
                format!(
                    "of {} voxels, {} shared: this network needs multiples of {multiple}",
                    tiling.tile, tiling.overlap
                ),
            ));
        }
        let padding = self.network.config().padding;
        let network = self.network.clone().with_padding(padding);
        self.tiles = Some(Tiles { tiling, network });
        Ok(self)
    }

    /// The same model with convolutions that see something else beyond the edge.
    pub fn with_padding(mut self, padding: Padding) -> Self {
        self.network = self.network.with_padding(padding);
        self
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The preconditioned network.
    pub fn network(&self) -> &TrainedNetwork {
        &self.network
    }

    /// How many parameters the network has.
    pub fn parameters(&self) -> usize {
        self.network.parameters()
    }

    /// Channels of the fields that it takes.
    pub fn channels(&self) -> usize {
        self.network.config().channels
    }

    /// What the edges of the fields that it takes must be multiples of.
    pub fn coarsening(&self) -> usize {
        self.network.config().coarsening()
    }
}

impl Denoiser for LocalModel {
    fn denoise(&self, x: &Batch, sigma: f64) -> Result<Batch> {
        let (_, _, nx, ny, nz) = x.dim();
        match &self.tiles {
            Some(Tiles { tiling, network }) if tiling.divides([nx, ny, nz]) => Tiled {
                denoiser: network,
                tiling: *tiling,
            }
            .denoise(x, sigma),
            _ => self.network.denoise(x, sigma),
        }
    }
}
