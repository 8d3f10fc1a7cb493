//! What makes structures from recipes.

use super::{DatasetSettings, Recipe};
use crate::generation::{LocalGlobal, LocalModel};
use crate::microstructure::{Field, Grid};
use crate::network::{Arithmetic, Device};
use crate::random_field::{Images, Mogrf, MosmKernel, MosmParameters};
use crate::{Error, Result, sha256_of};
use std::path::PathBuf;

/// Makes the structures of a dataset, one after the other.
pub trait Generator {
    /// The structure of a recipe, of mean zero, with the statistics of a kernel; always the same
    /// bits for the same recipe. `progress` hears how many of the refinement's steps are done, and
    /// may stop with an error.
    ///
    /// # Errors
    /// When the structure cannot be made, or `progress` fails.
    fn make(
        &mut self,
        recipe: &Recipe,
        parameters: &MosmParameters,
        progress: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Field>;

    /// The SHA-256 of each model's weights, by which a dataset knows them; none where a model has
    /// no weights.
    fn weights(&self) -> Vec<Option<String>>;
}

/// The local models of a dataset, read when they are needed; one is kept in memory.
#[derive(Debug, Clone)]
pub struct LocalModels {
    edge: usize,
    sampling: LocalGlobal,
    precision: Arithmetic,
    models: Vec<(Option<PathBuf>, Option<String>)>,
    loaded: Option<(usize, LocalModel)>,
    device: Device,
}

impl LocalModels {
    /// Those of the settings, on a GPU where there is one.
    ///
    /// # Errors
    /// When weights cannot be read.
    pub fn new(settings: &DatasetSettings) -> Result<Self> {
        let models = settings.models.iter().map(|model| {
            let hash = model.weights.as_ref().map(sha256_of).transpose()?;
            Ok((model.weights.clone(), hash))
        });
        Ok(LocalModels {
            edge: settings.edge,
            sampling: settings.sampling,
            precision: settings.precision,
            models: models.collect::<Result<_>>()?,
            loaded: None,
            device: Device::Auto,
        })
    }

    /// The same on a device of choice.
    pub fn on(self, device: Device) -> Self {
        LocalModels { device, ..self }
    }

    fn load(&mut self, model: usize) -> Result<Option<&LocalModel>> {
        let Some((Some(path), known)) = self.models.get(model) else {
            return Ok(None);
        };
        if self.loaded.as_ref().is_none_or(|(at, _)| *at != model) {
            let opened = LocalModel::open_in(path, self.device, self.precision)?;
            if known.as_ref() != Some(&sha256_of(path)?) {
                let problem = "changed since the dataset was begun";
                return Err(Error::format(path, "weights", problem));
            }
            self.loaded = Some((model, opened));
        }
        Ok(self.loaded.as_ref().map(|(_, model)| model))
    }
}

impl Generator for LocalModels {
    fn make(
        &mut self,
        recipe: &Recipe,
        parameters: &MosmParameters,
        progress: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Field> {
        let (sampling, grid) = (self.sampling, Grid::cube(self.edge)?);
        match self.load(recipe.model)? {
            Some(model) => {
                let made = sampling.structure(parameters, model, &grid, recipe.seeds, progress)?;
                Ok(made.field)
            }
            None => {
                let kernel = MosmKernel::new(parameters)?;
                Mogrf::of_kernel(&kernel, &grid, Images::All)?
                    .sample(sampling.random_field, recipe.seeds.random_field)
            }
        }
    }

    fn weights(&self) -> Vec<Option<String>> {
        self.models.iter().map(|(_, hash)| hash.clone()).collect()
    }
}
