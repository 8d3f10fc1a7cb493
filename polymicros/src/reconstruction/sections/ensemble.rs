//! Ensembles: a folder with a file for each sample.

use super::condition::MatchStep;
use super::{Expansion, OrthogonalStatistics, Sample};
use crate::diffusion::Denoiser;
use crate::json_file::{read_json, save_json};
use crate::microstructure::Field;
use crate::network::Arithmetic;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Several volumes with the same orthogonal statistics, each a file of its own in one folder:
/// `sample_00.npz` (array `field`: channel, x, y, z) and `sample_00.json` (how it came about).
/// A sample whose file is there is not made again, and a file is there whole or not at all; so
/// whatever interrupts the work costs the sample in hand at most.
#[derive(Debug, Clone)]
pub struct Ensemble {
    folder: PathBuf,
    settings: EnsembleSettings,
}

/// What makes the samples of an ensemble what they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnsembleSettings {
    /// How each is sampled.
    pub expansion: Expansion,
    /// Decides all that is random: sample `i` has the seed `seed + i`.
    pub seed: u64,
    /// Where the target's statistics come from, in words: files, their digests, sizes, estimate.
    pub target: String,
    /// The model, in words: its file and digest.
    pub model: String,
    /// How its matrix products are computed.
    #[serde(default)]
    pub precision: Arithmetic,
}

/// How a sample came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleLog {
    /// The seed.
    pub seed: u64,
    /// Seconds of the whole.
    pub seconds: f64,
    /// Seconds of the matching.
    pub matching_seconds: f64,
    /// What the matching after each step came to.
    pub steps: Vec<MatchStep>,
}

const SETTINGS: &str = "settings.json";

impl Ensemble {
    /// The ensemble of a folder, which is made if it is not there. What it holds already must have
    /// been made with the same settings.
    ///
    /// # Errors
    /// When the folder cannot be made, or holds samples of other settings.
    pub fn open(folder: impl AsRef<Path>, settings: EnsembleSettings) -> Result<Self> {
        let folder = folder.as_ref().to_owned();
        std::fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        let path = folder.join(SETTINGS);
        if path.exists() {
            let known: EnsembleSettings = read_json(&path)?;
            if known != settings {
                let problem = "this folder holds samples made with other settings; name another \
                               folder, or the same target, model, seed and steps";
                return Err(Error::format(&path, "settings", problem));
            }
        } else {
            save_json(&path, &settings)?;
        }
        Ok(Ensemble { folder, settings })
    }

    /// The file of a sample.
    pub fn path(&self, index: usize) -> PathBuf {
        self.folder.join(format!("sample_{index:02}.npz"))
    }

    /// Those of the first `count` samples that are not there yet.
    pub fn missing(&self, count: usize) -> Vec<usize> {
        let missing = |index: &usize| !self.path(*index).is_file();
        (0..count).filter(missing).collect()
    }

    /// Makes a sample and writes it.
    ///
    /// # Errors
    /// As [`Expansion::sample`], and when a file cannot be written.
    pub fn make(
        &self,
        index: usize,
        denoiser: &(impl Denoiser + ?Sized),
        target: &OrthogonalStatistics,
        progress: impl FnMut(usize) -> Result<()>,
    ) -> Result<Sample> {
        let seed = self.settings.seed.wrapping_add(index as u64);
        let expansion = &self.settings.expansion;
        let sample = expansion.sample(denoiser, target, seed, progress)?;
        let log = SampleLog {
            seed,
            seconds: sample.seconds,
            matching_seconds: sample.matching_seconds(),
            steps: sample.log.clone(),
        };
        // The field's file says that the sample is there, so it comes last.
        save_json(&self.log_path(index), &log)?;
        sample.field.save(self.path(index))?;
        Ok(sample)
    }

    /// The volume of a sample.
    ///
    /// # Errors
    /// When it is not there, or its file is damaged.
    pub fn field(&self, index: usize) -> Result<Field> {
        Field::open(self.path(index))
    }

    /// How a sample came about.
    ///
    /// # Errors
    /// When it is not there, or its file is damaged.
    pub fn log(&self, index: usize) -> Result<SampleLog> {
        read_json(&self.log_path(index))
    }

    fn log_path(&self, index: usize) -> PathBuf {
        self.path(index).with_extension("json")
    }
}

#[cfg(test)]
mod tests;
