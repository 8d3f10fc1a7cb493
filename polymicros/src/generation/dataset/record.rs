//! What is known of one structure of a dataset, beside its voxels.

use super::{Recipe, sha256};
use crate::generation::Seeds;
use crate::microstructure::{Field, Grains};
use crate::random_field::grains_worth;
use crate::statistics::{OnePoint, Pairs, TwoPoint};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What is known of one structure: where it comes from, what it looks like, and by what its voxels
/// on disk are recognised. It is written after the voxels, so that a structure with a record is
/// there as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its number in the dataset.
    pub structure: usize,
    /// The name of its local model.
    pub model: String,
    /// The number of its set of statistics.
    pub statistics: usize,
    /// How often this pair was made before.
    pub repeat: usize,
    /// What was random.
    pub seeds: Seeds,
    /// Standard deviation of each channel.
    pub deviation: Vec<f64>,
    /// The smallest value of each channel, of mean zero.
    pub least: Vec<f32>,
    /// The largest.
    pub largest: Vec<f32>,
    /// The number of grains: connected voxels whose neighbours differ by less than the settings'
    /// threshold. A field that varies smoothly everywhere is one grain.
    pub grains: usize,
    /// [How many grains' worth](grains_worth) of structure its covariances tell of.
    pub grains_worth: f64,
    /// What the code of its voxels lost; absent where values are stored as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Lost>,
    /// Bytes of its voxels on disk.
    pub bytes: usize,
    /// The SHA-256 of these bytes.
    pub sha256: String,
}

/// How far a structure read from codes is from the one that was made, in the Euclidean norm of
/// three ROGSH values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lost {
    /// Root mean square over all voxels.
    pub rms: f64,
    /// Root mean square over the voxels whose values, with the mean added, some orientation has to
    /// within 1e-3: the resolution of the code. Zero where there is none.
    pub rms_of_valid: f64,
    /// The largest over all voxels.
    pub largest: f64,
    /// The share of voxels whose values no orientation has. They came back as the nearest ones
    /// that one has.
    pub invalid: f64,
}

impl Record {
    /// The record of a structure as it was made, of mean zero.
    pub(super) fn new(
        recipe: &Recipe,
        model: &str,
        field: &Field,
        grain_threshold: f64,
        lost: Option<Lost>,
        bytes: &[u8],
    ) -> Result<Self> {
        let one = OnePoint::of(field)?;
        Ok(Record {
            structure: recipe.structure,
            model: model.to_owned(),
            statistics: recipe.statistics,
            repeat: recipe.repeat,
            seeds: recipe.seeds,
            deviation: one.deviation(),
            least: one.min,
            largest: one.max,
            grains: Grains::by_rogsh(field, grain_threshold, true)?.count(),
            grains_worth: grains_worth(&TwoPoint::periodic(field, &Pairs::All)?)?,
            lost,
            bytes: bytes.len(),
            sha256: sha256(bytes),
        })
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>> {
        json(self)
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        serde_json::from_slice(&bytes)
            .map_err(|e| Error::format(path, format!("line {}", e.line()), e.to_string()))
    }
}

/// A value as a JSON file's bytes.
pub(super) fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|e| Error::value("JSON", e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}
