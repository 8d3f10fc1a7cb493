//! What an ensemble came to, kept as a file.

use super::{EnsembleErrors, EnsembleSettings, Floor, Morphology, WholeErrors};
use crate::Result;
use crate::json_file::{read_json, save_json};
use crate::microstructure::Grid;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What `polymicros expand` writes beside its volumes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpansionReport {
    /// What the target's statistics are of.
    pub target: String,
    /// The folder of the results.
    pub out: PathBuf,
    /// The volumes.
    pub samples: Vec<PathBuf>,
    /// Their grid.
    pub grid: Grid,
    /// How far they are from the target.
    pub errors: EnsembleErrors,
    /// How far they are from three maps of which no volume has the statistics.
    pub measured: Option<MeasuredErrors>,
    /// How far they are from the volume whose planes were the target, at all displacements.
    pub whole: Option<Vec<WholeErrors>>,
    /// How they were made; reports of Algorithm 5 alone, before there was another way, have none.
    #[serde(default)]
    pub settings: Option<EnsembleSettings>,
    /// What each is like in ways that were not enforced.
    #[serde(default)]
    pub morphology: Vec<Morphology>,
    /// Seconds that all of them took.
    pub seconds: f64,
    /// Seconds of matching among them; the rest is the network's.
    pub matching_seconds: f64,
}

/// Errors against three maps, with what is unavoidable in them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeasuredErrors {
    /// The largest absolute error.
    pub maximum: f64,
    /// The mean square error.
    pub mean_square: f64,
    /// What no volume does better than.
    pub floor: Floor,
}

impl ExpansionReport {
    /// Reads a JSON file.
    ///
    /// # Errors
    /// When it cannot be read, or holds something else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        read_json(path.as_ref())
    }

    /// Writes one, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        save_json(path.as_ref(), self)
    }
}
