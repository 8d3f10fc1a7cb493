//! A trained model of local neighbourhoods.

use crate::Result;
use crate::diffusion::{Batch, Denoiser, NetworkDenoiser};
use crate::network::{Cpu, Padding};
use std::path::Path;

/// A denoiser trained on patches of one experiment (paper 3.2), on the processor.
///
/// Its convolutions see the other side of the grid beyond the edge, whatever they saw in training:
/// what Algorithm 3 makes is periodic.
#[derive(Debug, Clone)]
pub struct LocalModel {
    name: String,
    denoiser: NetworkDenoiser<Cpu>,
}

impl LocalModel {
    /// Reads the weights that training wrote. The model is called as the file, without its ending.
    ///
    /// # Errors
    /// As [`NetworkDenoiser::load`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let denoiser = NetworkDenoiser::load(path, &Cpu::default())?;
        Ok(LocalModel::new(name, denoiser))
    }

    /// A model of this name; its padding becomes periodic.
    pub fn new(name: impl Into<String>, denoiser: NetworkDenoiser<Cpu>) -> Self {
        LocalModel {
            name: name.into(),
            denoiser: NetworkDenoiser {
                padding: Padding::Periodic,
                ..denoiser
            },
        }
    }

    /// The same model with convolutions that see something else beyond the edge.
    pub fn with_padding(mut self, padding: Padding) -> Self {
        self.denoiser.padding = padding;
        self
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The preconditioned network.
    pub fn denoiser(&self) -> &NetworkDenoiser<Cpu> {
        &self.denoiser
    }

    /// Channels of the fields that it takes.
    pub fn channels(&self) -> usize {
        self.denoiser.network.config().channels
    }

    /// What the edges of the fields that it takes must be multiples of.
    pub fn coarsening(&self) -> usize {
        self.denoiser.network.config().coarsening()
    }
}

impl Denoiser for LocalModel {
    fn denoise(&self, x: &Batch, sigma: f64) -> Result<Batch> {
        self.denoiser.denoise(x, sigma)
    }
}
