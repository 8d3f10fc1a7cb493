//! The errors as a table: a row for each way to denoise, a column for each noise level.

use crate::Result;
use crate::json_file::read_json;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Denoising errors of a model and of filters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DenoisingError {
    /// How many patches they were measured on.
    pub patches: usize,
    /// Voxels along each edge of a patch.
    pub edge: usize,
    /// Standard deviations of the noise.
    pub levels: Vec<f64>,
    /// Doing nothing, the filters, and at the end the model.
    pub rows: Vec<DenoisingRow>,
}

/// The errors of one way to denoise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DenoisingRow {
    /// What it is.
    pub way: String,
    /// Root mean square error over voxels and channels at each level, in ROGSH units.
    pub errors: Vec<f64>,
    /// The filter's parameter that was best at each level; none for nothing and for the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<f64>,
}

impl DenoisingError {
    /// Reads what `polymicros denoise-check --json` has written.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        read_json(path.as_ref())
    }

    /// The model's row.
    pub fn model(&self) -> Option<&DenoisingRow> {
        self.rows.last()
    }

    /// The least error at each level of all ways but the model.
    pub fn best_without(&self) -> Vec<f64> {
        let others = &self.rows[..self.rows.len().saturating_sub(1)];
        let at = |level: usize| others.iter().map(move |row| row.errors[level]);
        (0..self.levels.len())
            .map(|level| at(level).fold(f64::INFINITY, f64::min))
            .collect()
    }

    /// The levels at which some filter, or doing nothing, is better than the model.
    pub fn beaten_at(&self) -> Vec<f64> {
        let Some(model) = self.model() else {
            return Vec::new();
        };
        let errors = model.errors.iter().zip(self.best_without());
        let beaten = errors.map(|(model, best)| *model >= best);
        let at = self.levels.iter().zip(beaten);
        at.filter(|(_, beaten)| *beaten).map(|(t, _)| *t).collect()
    }
}

impl std::fmt::Display for DenoisingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:<18}", "error at sigma")?;
        for level in &self.levels {
            write!(f, "{level:>9}")?;
        }
        for row in &self.rows {
            write!(f, "\n{:<18}", row.way)?;
            for error in &row.errors {
                write!(f, "{error:>9.4}")?;
            }
        }
        writeln!(f)
    }
}
