//! What a dataset consists of, as a TOML file says it.

use super::recipe::{Order, Recipe};
use crate::generation::LocalGlobal;
use crate::network::Arithmetic;
use crate::random_field::{Acceptance, Bounds, Design};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// All settings of a dataset. What is left out is the paper's.
///
/// ```toml
/// count = 300
/// edge = 64
/// seed = 1
/// encoding = "codes"
///
/// [[models]]
/// name = "columnar"
/// weights = "fixtures/models/columnar.safetensors"
/// mean = [0.01, 0.32, -0.05]
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetSettings {
    /// How many structures.
    pub count: usize,
    /// Voxels along each edge.
    pub edge: usize,
    /// Decides all that is random.
    #[serde(default)]
    pub seed: u64,
    /// Which structure has which statistics and which model.
    #[serde(default)]
    pub order: Order,
    /// How voxels are stored.
    #[serde(default)]
    pub encoding: Encoding,
    /// The distance of ROGSH values from which neighbouring voxels are in different grains, for
    /// the table of grain counts.
    #[serde(default = "grain_threshold")]
    pub grain_threshold: f64,
    /// The box that the statistics are drawn from.
    #[serde(default = "Bounds::paper")]
    pub bounds: Bounds,
    /// Which of them are accepted.
    #[serde(default)]
    pub acceptance: Acceptance,
    /// Statistics are chosen to be far apart from this many times as many, see
    /// [`Design::spread`]; 1 takes them as they are drawn.
    #[serde(default = "one")]
    pub spread: usize,
    /// How a structure is made of its statistics. The paper's 12 skipped steps, which are taken
    /// where nothing else is said, are for 128^3 and keep less of the statistics on smaller grids;
    /// [`LocalGlobal::on_grid`] says which keep as much.
    #[serde(default)]
    pub sampling: LocalGlobal,
    /// How the models' matrix products are computed.
    #[serde(default)]
    pub precision: Arithmetic,
    /// The local models.
    pub models: Vec<ModelSettings>,
}

/// A local model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSettings {
    /// What it is called.
    pub name: String,
    /// Its weights; a relative path is looked for from the working directory. Without weights,
    /// structures are random fields as they are drawn.
    #[serde(default)]
    pub weights: Option<PathBuf>,
    /// What was taken away from its training volumes, which have mean zero. Added to a structure
    /// of mean zero it gives the ROGSH values of orientations, as far as the model has learnt
    /// them.
    #[serde(default)]
    pub mean: [f64; 3],
}

/// How the voxels of a structure are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// The three values as they are, of mean zero: 12 bytes a voxel, of which next to nothing can
    /// be compressed.
    #[default]
    Values,
    /// The code of the nearest valid ROGSH value once the model's mean is added
    /// ([`RogshCodes`](crate::orientation::RogshCodes)): 2 bytes a voxel. What is lost is in the
    /// structure's record.
    Codes,
}

fn grain_threshold() -> f64 {
    0.1
}

fn one() -> usize {
    1
}

impl DatasetSettings {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// When it cannot be read, has unknown or missing settings, or settings that make no sense.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
        Self::from_toml(&text).map_err(|e| Error::format(path, "settings", e.to_string()))
    }

    /// The settings of a TOML text.
    ///
    /// # Errors
    /// When it has unknown or missing settings, or settings that make no sense.
    pub fn from_toml(text: &str) -> Result<Self> {
        let settings: DatasetSettings =
            toml::from_str(text).map_err(|e| Error::value("settings", e.to_string()))?;
        settings.check()?;
        Ok(settings)
    }

    /// # Errors
    /// When settings make no sense.
    pub fn check(&self) -> Result<()> {
        if self.count == 0 || self.edge == 0 || self.spread == 0 {
            let problem = "must not be zero";
            return Err(Error::value("count, edge and spread", problem));
        }
        if !(self.grain_threshold > 0.0 && self.grain_threshold.is_finite()) {
            let problem = format!("{} is not positive", self.grain_threshold);
            return Err(Error::value("grain_threshold", problem));
        }
        if self.bounds.channels != 3 {
            let problem = format!("{}: ROGSH has three", self.bounds.channels);
            return Err(Error::value("channels of the bounds", problem));
        }
        // A table that sets another of the refinement's values leaves this one at the sampler's own.
        if self.sampling.refinement.skip == 0 {
            let problem = "0: with no step skipped nothing of the random field is left; the \
                           paper's is 12";
            return Err(Error::value("sampling.refinement.skip", problem));
        }
        if self.models.is_empty() {
            return Err(Error::value("models", "at least one is needed"));
        }
        for (i, model) in self.models.iter().enumerate() {
            if self.models[..i].iter().any(|m| m.name == model.name) {
                let problem = format!("two are called {:?}", model.name);
                return Err(Error::value("models", problem));
            }
            // Names are one word in the store, see the attribute `flag_meanings`.
            if model.name.is_empty() || model.name.contains(char::is_whitespace) {
                let problem = format!("{:?} is not one word", model.name);
                return Err(Error::value("name of a model", problem));
            }
            if !model.mean.iter().all(|m| m.is_finite()) {
                let what = format!("mean of {}", model.name);
                return Err(Error::value(what, format!("{:?}", model.mean)));
            }
        }
        self.order.statistics(self.count, self.models.len())?;
        Ok(())
    }

    /// How many sets of statistics there are.
    ///
    /// # Errors
    /// When the order does not fit the count.
    pub fn statistics(&self) -> Result<usize> {
        self.order.statistics(self.count, self.models.len())
    }

    /// What makes a structure.
    ///
    /// # Errors
    /// When there is no such structure.
    pub fn recipe(&self, structure: usize) -> Result<Recipe> {
        if structure >= self.count {
            let problem = format!("{structure} asked of {}", self.count);
            return Err(Error::value("structure", problem));
        }
        Ok(Recipe::new(self, structure))
    }

    /// The kernel parameters, one for each set of statistics.
    ///
    /// # Errors
    /// When next to nothing within the bounds is accepted.
    pub fn design(&self) -> Result<Design> {
        let (bounds, rule, count) = (&self.bounds, &self.acceptance, self.statistics()?);
        match self.spread {
            1 => Design::draw(bounds, rule, count, self.seed),
            pool => Design::spread(bounds, rule, count, pool, self.seed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: &str =
        "count = 6\nedge = 16\n[[models]]\nname = \"a\"\n[[models]]\nname = \"b\"\n";

    fn message(text: &str) -> String {
        let settings = DatasetSettings::from_toml(text);
        settings.map_or_else(|e| e.to_string(), |_| String::new())
    }

    #[test]
    fn what_is_left_out_is_the_papers() {
        let settings = DatasetSettings::from_toml(SHORT).unwrap();
        assert_eq!(settings.bounds, Bounds::paper());
        assert_eq!(settings.sampling.refinement.skip, 12);
        assert_eq!(settings.encoding, Encoding::Values);
        assert_eq!(settings.statistics().unwrap(), 6);
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(DatasetSettings::from_toml(&text).unwrap(), settings);
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(message(SHORT), "");
        assert!(message(&format!("cuont = 1\n{SHORT}")).contains("cuont"));
        assert!(message(&SHORT.replace("\"b\"", "\"a\"")).contains("two are called \"a\""));
        assert!(message(&SHORT.replace("\"b\"", "\"b c\"")).contains("one word"));
        assert!(message(&format!("order = {{ combined = 2 }}\n{SHORT}")).contains("count"));
        assert!(message(&SHORT.replace("16", "0")).contains("edge"));
        assert!(message("count = 1\nedge = 8\nmodels = []").contains("at least one"));
        let solver = "sampling.refinement.solver = { multistep = { eta = 0.0 } }\n";
        assert!(message(&format!("{solver}{SHORT}")).contains("skip"));
    }
}
